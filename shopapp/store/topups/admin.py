"""The wallet of one customer in the console: balances, top-ups, principal back."""

from __future__ import annotations

from flask import Blueprint, render_template, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import clock
from shopapp.kernel.access import Permission, guard_console, requires
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _
from shopapp.kernel.ids import new_id
from shopapp.kernel.screens import Form, act
from shopapp.loyalty.adjustments import services as adjustments
from shopapp.loyalty.adjustments.rules import REASON_MAX
from shopapp.loyalty.ledger import Unit
from shopapp.members.identity import queries as customers

from . import queries, services, wording
from .schemas import REASON_LENGTH_MAX

LISTED_MAX = 10

blp = guard_console(Blueprint("topups_admin", __name__, url_prefix="/admin/wallets"))


@blp.get("/<customer>")
@requires(Permission.CUSTOMERS_VIEW)
def of_customer(customer: str) -> str:
    """The wallet of one customer, to be put into their page."""
    person = found(customers.find(public_id=customer))
    now = clock.now()
    return render_template(
        "topups_admin/_customer.html",
        customer=customer,
        found=queries.refundable(customer_id=person.id, now=now),
        top_ups=queries.top_ups(customer_id=person.id)[:LISTED_MAX],
        refunds=[wording.refund_view(one) for one in queries.refunds_of(customer_id=person.id)[:LISTED_MAX]],
        key=new_id(),
    )


@blp.post("/<customer>/refund")
@requires(Permission.WALLET_REFUND)
def refund(customer: str) -> Response:
    """An empty amount means all that can go back."""
    person = found(customers.find(public_id=customer))
    form = Form.sent()

    def work() -> str:
        amount = form.yuan("amount") if form.value("amount").strip() else None
        if amount is not None and not amount:
            form.wrong("amount", _("请填写大于 0 的金额，留空就是全部。"))
        reason = form.text("reason", longest=REASON_LENGTH_MAX, needed=True)
        key = form.text("key", longest=40, needed=True)
        form.check()
        made = services.refund_principal(
            customer_id=person.id, amount=amount, reason=reason, key=key, now=clock.now()
        )
        return _("已退还本金 ¥%(yuan)s，正由微信支付退给顾客。", yuan=made.amount)

    return act(work, back=url_for("customers_admin.customer", public_id=customer))


@blp.post("/<customer>/paid-out")
@requires(Permission.LEDGER_ADJUST)
def paid_out(customer: str) -> Response:
    """Principal that the shop has given back outside of WeChat leaves the wallet, as an adjustment with its limits."""
    form = Form.sent()

    def work() -> str:
        amount = form.yuan("amount")
        if not amount:
            form.wrong("amount", _("请填写大于 0 的金额。"))
        reason = form.text("reason", longest=REASON_MAX, needed=True)
        key = form.text("key", longest=40, needed=True)
        form.check()
        row = adjustments.propose(
            customer=customer,
            unit=Unit.PRINCIPAL,
            amount=-amount.fen,
            reason=reason,
            paid_out=True,
            key=key,
            now=clock.now(),
        )
        if row.state.value == "proposed":
            return _(
                "已提出，线下退还 ¥%(yuan)s 超过一个人能调的数，要另一位同事批准后才从余额里减。", yuan=amount
            )
        return _("已记下线下退还本金 ¥%(yuan)s。", yuan=amount)

    return act(work, back=url_for("customers_admin.customer", public_id=customer, tab="accounts"))
