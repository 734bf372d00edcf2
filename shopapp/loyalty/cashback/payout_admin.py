"""The console's screen of cash-back on its way by WeChat, and the few settings of transfers."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import audit, clock, preferences
from shopapp.kernel.access import Permission, guard_console, requires
from shopapp.kernel.errors import Conflict
from shopapp.kernel.i18n import _
from shopapp.kernel.money import ZERO, Money
from shopapp.kernel.screens import Form, act, argument, page_number, page_of, save

from . import payout_rules as rules
from . import payout_words, payouts
from .models import CashbackClaim
from .payout_models import CashbackPayout, PayoutState
from .states import ClaimStatus

blp = guard_console(Blueprint("payouts_admin", __name__, url_prefix="/admin/transfers"))

REASON = "transfers.reason"
LIMITS = ("transfers.least_fen", "transfers.most_fen")
HIGHEST = Money(10_000_00)


@blp.get("", endpoint="payouts")
@requires(Permission.LOYALTY_VIEW)
def list_payouts() -> str:
    return _page(_form_now())


def _form_now() -> Form:
    least, most = map(str, payouts.limits())
    return Form.filled({"reason": preferences.read(REASON), "least": least, "most": most})


def _page(form: Form) -> str:
    tab = argument("tab", payouts.TABS)
    page = page_of(payouts.statement(tab=tab), number=page_number())
    claims = payouts.claims_of(rows=page.items)
    return render_template(
        "cashback_admin/payouts.html",
        page=page,
        rows=[_row(row, claims[row.claim_id]) for row in page.items],
        tab=tab,
        tabs=payouts.TABS,
        counts=payouts.counts(),
        form=form,
        words_max=rules.TEXT_MAX,
    )


def _row(payout: CashbackPayout, claim: CashbackClaim) -> dict[str, Any]:
    return {
        "no": payout.out_bill_no,
        "claim_id": claim.public_id,
        "order_no": claim.order_no,
        "amount": payout.amount,
        "state": payout_words.STATES[payout.state],
        "problem": payout_words.problem(payouts.row_of(payout)),
        "asked_at": payout.asked_at,
        "ended_at": payout.ended_at,
        "retry": payout.state is PayoutState.REFUSED and claim.status is ClaimStatus.APPROVED,
    }


@blp.post("/<no>/retry")
@requires(Permission.LOYALTY_EDIT)
def retry(no: str) -> Response:
    """Ask again for a transfer that the platform would not take: under the same number, so that it cannot be paid twice."""

    def work() -> str:
        if not payouts.try_again(out_bill_no=no, now=clock.now()):
            raise Conflict
        audit.record(action="payout.retry", subject_kind="payout", subject_id=no)
        return _("转账 %(no)s 会在几秒内用原单号重新提交，不会付两次。", no=no)

    return act(work, back=url_for(".payouts", tab="trouble"))


@blp.post("/settings")
@requires(Permission.LOYALTY_EDIT)
def send_settings() -> Response | tuple[str, int]:
    form = Form.sent()

    def work() -> bool:
        reason = form.text("reason", longest=rules.TEXT_MAX, needed=True)
        least, most = form.yuan("least"), form.yuan("most")
        if not form.errors and not ZERO < least <= most <= HIGHEST:
            form.wrong(
                "most", _("下限须大于 0，不高于上限；上限不超过 %(yuan)s 元。", yuan=HIGHEST.fen // 100)
            )
        form.check()
        values = {REASON: reason, LIMITS[0]: least.fen, LIMITS[1]: most.fen}
        before = {name: preferences.read(name) for name in values}
        changes = {
            name: [str(before[name]), str(value)] for name, value in values.items() if before[name] != value
        }
        for name in changes:
            preferences.write(name, values[name])
        if changes:
            audit.record(
                action="settings.update", subject_kind="settings", subject_id="shop", changes=changes
            )
        return True

    if save(form, work) is None:
        return _page(form), 422
    flash(_("转账设置已保存，从下一笔开始用。"), "success")
    return redirect(url_for(".payouts"), 303)
