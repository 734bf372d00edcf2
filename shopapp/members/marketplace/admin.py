"""The console's screens of imported orders: looking through them, one of them, and status texts that want explaining."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import audit, clock
from shopapp.kernel.access import Permission, guard_console, requires
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _
from shopapp.kernel.screens import Form, argument, day_argument, in_words, page_number, page_of, span

from . import console, explaining
from .console import BOUND, STATUS_NAMES, OrderFilter
from .models import MarketplaceOrder
from .rules import STATUS_LENGTH_MAX, Status
from .wording import PLATFORM_NAMES, amount_of, family_name, places

blp = guard_console(Blueprint("market_orders_admin", __name__, url_prefix="/admin/market-orders"))


@blp.context_processor
def words() -> dict[str, Any]:
    return {
        "places": lambda: places(held_rows=console.held_rows()),
        "platforms": list(PLATFORM_NAMES.items()),
        "platform_names": PLATFORM_NAMES,
        "status_names": STATUS_NAMES,
        "family_name": family_name,
        "amount": amount,
    }


def amount(order: MarketplaceOrder, fen: int) -> str:
    return amount_of(order.currency, fen)


@blp.get("", endpoint="orders")
@requires(Permission.ORDERS_VIEW)
def list_orders() -> str:
    since, until = span(day_argument("since"), day_argument("until"))
    wanted = OrderFilter(
        words=argument("q"),
        platform=argument("platform", PLATFORM_NAMES),
        shop=argument("shop"),
        status=argument("status", [status.value for status in Status]),
        bound=argument("bound", BOUND),
        since=since,
        until=until,
    )
    page = page_of(console.orders_statement(wanted), number=page_number())
    return render_template(
        "marketplace_admin/orders.html",
        page=page,
        wanted=wanted,
        owners=console.owners(orders=page.items),
        bound=BOUND,
    )


@blp.get("/<public_id>")
@requires(Permission.ORDERS_VIEW)
def order(public_id: str) -> str:
    return render_template(
        "marketplace_admin/order.html", file=found(console.order_file(public_id=public_id))
    )


@blp.get("/unknown-statuses", endpoint="held")
@requires(Permission.ORDERS_VIEW)
def held_rows() -> str:
    return render_template("marketplace_admin/held.html", unknown=console.unknown_statuses())


@blp.post("/unknown-statuses")
@requires(Permission.IMPORTS_EDIT)
def explain() -> Response:
    """Say what a status text means; what waited for that is taken over, in transactions of its own."""
    form, back = Form.sent(), url_for(".held")
    family, text = form.value("family"), form.value("text")
    status = form.choice("status", [status.value for status in Status])
    if form.errors:
        flash(_("请选择是什么意思，没有任何改动。"), "danger")
        return redirect(back, 303)
    with transaction():
        changes = {"family": family, "text": text[:STATUS_LENGTH_MAX], "status": status}
        audit.record(
            action="import.explain", subject_kind="marketplace", subject_id=family[:16], changes=changes
        )
    try:
        told = explaining.explain(platform=family, text=text, status=Status(status), now=clock.now())
    except ShopError as problem:
        flash(in_words(problem), "danger")
    else:
        flash(_("记住了，放着的 %(n)s 个订单已经补进来。", n=told), "success")
    return redirect(back, 303)
