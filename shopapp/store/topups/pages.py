"""Topping up and having principal back in the storefront, as plain forms."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from shopapp.kernel import clock
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import Conflict, Invalid, ShopError
from shopapp.kernel.i18n import _
from shopapp.kernel.ids import new_id
from shopapp.kernel.money import Money
from shopapp.kernel.screens import Form, in_words, yuan
from shopapp.loyalty.wallet import pages as wallet_pages
from shopapp.members.identity.queries import SignedIn, require_customer
from shopapp.store.orders import queries as orders

from . import queries, services, wording

KEY_LENGTH_MAX = 40
REFUND = "/me/wallet/refund"

blueprint = Blueprint("top_up_pages", __name__)


@blueprint.post("/me/wallet/top-up")
def top_up() -> Response | tuple[str, int]:
    """Order a top-up and go to pay it; the same form sent again leads to the same order."""
    customer, form = require_customer(), Form.sent()
    try:
        order_id = _place(customer, form)
    except ShopError as problem:
        page = wallet_pages.show(customer, problem=in_words(problem), amount=form.value("amount")[:20])
        return page, problem.status
    order = orders.numbers_of(order_ids=[order_id])[order_id]
    return redirect(f"/orders/{order}/pay", 303)


def _place(customer: SignedIn, form: Form) -> int:
    plan_id = form.value("plan") or None
    wanted: dict[str, Any] = {
        "customer": customer,
        "plan_id": plan_id,
        "amount": None if plan_id else _amount(form),
        "key": _key(form),
    }
    try:
        with transaction():
            return services.place(**wanted, now=clock.now())
    except Conflict:
        # The same form came twice at once; the other one has placed the order by now.
        with transaction():
            return services.place(**wanted, now=clock.now())


@blueprint.get(REFUND)
def refund_page() -> str:
    return _refund(require_customer(), Form())


@blueprint.post(REFUND)
def refund() -> str | Response | tuple[str, int]:
    """All that can go back, or the amount that was typed; the same form sent again changes nothing."""
    customer, form = require_customer(), Form.sent()
    try:
        amount = None if form.ticked("all") else _amount(form)
        with transaction():
            services.refund_principal(
                customer_id=customer.customer_id, amount=amount, reason="", key=_key(form), now=clock.now()
            )
    except ShopError as problem:
        form.wrong("_", in_words(problem))
        return _refund(customer, form), problem.status
    return redirect(f"{REFUND}?done=1", 303)


def _refund(customer: SignedIn, form: Form) -> str:
    found = queries.refundable(customer_id=customer.customer_id, now=clock.now())
    return render_template(
        "topups/refund.html",
        found=found,
        sources=[wording.source_view(source) for source in found.sources],
        refunds=[wording.refund_view(one) for one in queries.refunds_of(customer_id=customer.customer_id)],
        form=form,
        key=new_id(),
        done=request.args.get("done") == "1",
    )


def _amount(form: Form) -> Money:
    """What was typed in yuan. Raises `Invalid`."""
    try:
        amount = yuan(form.value("amount"))
    except ValueError:
        amount = Money(0)
    if not amount:
        raise Invalid({"amount": [_("请填写金额，单位元，最多两位小数，例如 12.80。")]})
    return amount


def _key(form: Form) -> str:
    """What names this form; a form without it stands for itself."""
    key = form.value("key")
    return key if key.isascii() and 0 < len(key) <= KEY_LENGTH_MAX and key.isprintable() else new_id()
