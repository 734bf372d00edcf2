"""Paying in the storefront: the page whose script opens WeChat's cashier."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template
from werkzeug.wrappers import Response

from shopapp.kernel import clock
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _
from shopapp.kernel.settings import settings
from shopapp.members.identity.queries import require_customer
from shopapp.store.orders import queries as orders

blueprint = Blueprint("payment_pages", __name__)


@blueprint.get("/orders/<no>/pay")
def pay(no: str) -> str | Response:
    """For an order that was paid before, or closed, this says so; one that needs no money leads to the order."""
    customer = require_customer()
    order = found(orders.own_order(customer_id=customer.customer_id, no=no) if no.isdigit() else None)
    if not order.total:
        return redirect(f"/orders/{order.no}")
    seconds = int((order.expires_at - clock.now()).total_seconds())
    payable = order.status.value == "unpaid" and seconds > 0
    closed = order.status.value in ("unpaid", "cancelled")
    first, kinds = order.lines[0].title, len(order.lines)
    return render_template(
        "payments/pay.html",
        order={
            "no": order.no,
            "url": f"/orders/{order.no}",
            "kind": order.kind.value,
            "total_fen": order.total.fen,
            "title": first if kinds == 1 else _("%(title)s 等 %(count)s 种", title=first, count=kinds),
            "expires_in_seconds": seconds if payable else None,
        },
        state="ready" if payable else "expired" if closed else "done",
        jssdk_url=settings().wx_jssdk_url,
        page_url=f"{settings().base_url}/orders/{order.no}/pay",
    )
