"""The console's screens of orders: find, ship, refund, cancel, note."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import audit, clock, preferences
from shopapp.kernel.access import Permission, guard_console, may, requires
from shopapp.kernel.db import db, transaction
from shopapp.kernel.errors import Invalid, ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _, daytime
from shopapp.kernel.money import Money
from shopapp.kernel.pii import mask_detail, mask_name, mask_phone
from shopapp.kernel.screens import (
    CSV_ROWS_MAX,
    Form,
    act,
    argument,
    csv_file,
    day_argument,
    in_words,
    page_number,
    page_of,
    save,
    span,
    yuan,
)
from shopapp.members.identity import queries as customers
from shopapp.store.aftersales import services as aftersales
from shopapp.store.payments import exchanges
from shopapp.store.payments import queries as payments
from shopapp.store.payments.console import STATE_NAMES
from shopapp.store.payments.exchanges import Fate
from shopapp.store.shipping import rules as shipping_rules
from shopapp.store.shipping import services as shipping

from . import breakdown, console, queries, services
from .console import OrderFilter
from .models import Order, OrderKind, OrderStatus
from .rules import left_to_ship

NOTE_MAX = 400
REASON_MAX = 80
FRAGMENT_ORDERS = 10
REFUND_STATES = {state.value: name for state, name in STATE_NAMES.items()}
CSV_HEADER = [
    "order_no", "status", "refund_status", "created_at", "paid_at", "shipped_at", "items", "pieces",
    "goods_yuan", "freight_yuan", "total_yuan", "paid_yuan", "refunded_yuan", "name", "phone", "region", "detail",
]  # fmt: skip

blp = guard_console(Blueprint("orders_admin", __name__, url_prefix="/admin/orders"))


@blp.context_processor
def words() -> dict[str, Any]:
    return {
        "status_names": console.STATUS_NAMES,
        "refund_names": console.REFUND_NAMES,
        "step_names": console.STEP_NAMES,
        "cancel_reasons": console.CANCEL_REASONS,
        "kind_names": console.KIND_NAMES,
        "recipient": recipient,
        "left_to_ship": left_to_ship,
    }


def recipient(order: Order) -> dict[str, str]:
    """Who gets the parcel, as far as the reader may know."""
    if may(Permission.CUSTOMERS_SEE_PERSONAL):
        return {"name": order.ship_name, "phone": order.ship_phone, "detail": order.ship_detail}
    return {
        "name": mask_name(order.ship_name),
        "phone": mask_phone(order.ship_phone),
        "detail": mask_detail(order.ship_detail),
    }


def _filter() -> OrderFilter:
    since, until = span(day_argument("from"), day_argument("to"))
    customer = customers.find(public_id=argument("customer")) if argument("customer") else None
    return OrderFilter(
        tab=argument("tab", console.TABS),
        words=argument("q").replace(" ", ""),
        customer_id=None if customer is None else customer.id,
        kind=OrderKind(kind) if (kind := argument("kind", list(OrderKind))) else None,
        refunded=argument("refunded") == "1",
        since=since,
        until=until,
        sort=argument("sort", console.SORTS) or "-created",
    )


@blp.get("")
@requires(Permission.ORDERS_VIEW)
def orders() -> str:
    wanted = _filter()
    page = page_of(console.orders_statement(wanted), number=page_number())
    return render_template(
        "orders_admin/list.html",
        page=page,
        wanted=wanted,
        tabs=console.TABS,
        counts=console.tab_counts(wanted),
        people=customers.by_ids(customer_ids=[order.customer_id for order in page.items]),
    )


@blp.get("/export.csv")
@requires(Permission.ORDERS_VIEW)
def export() -> Response:
    goods = replace(_filter(), kind=OrderKind.GOODS)
    statement = console.orders_statement(goods).limit(CSV_ROWS_MAX)
    with transaction():
        audit.record(action="order.export", subject_kind="order", subject_id="", changes=dict(request.args))
    rows = db.session.scalars(statement.execution_options(yield_per=500))
    return csv_file(name="orders.csv", header=CSV_HEADER, rows=_csv_rows(rows))


def _csv_rows(rows: Iterable[Order]) -> Iterable[list[Any]]:
    for order in rows:
        to = recipient(order)
        items = "; ".join(
            f"{line.title} {line.specs_text} ×{line.quantity}".replace("  ", " ") for line in order.lines
        )
        yield [
            f"{order.no}\t", order.status.value, order.refund_status.value, daytime(order.created_at),
            daytime(order.paid_at), daytime(order.shipped_at), items, sum(line.quantity for line in order.lines),
            str(order.goods), str(order.freight), str(order.total), str(order.paid), str(order.refunded),
            to["name"], f"{to['phone']}\t", order.ship_region, to["detail"],
        ]  # fmt: skip


@blp.get("/of/<customer>")
@requires(Permission.ORDERS_VIEW)
def of_customer(customer: str) -> str:
    """The latest orders of one customer, to be put into their page."""
    person = found(customers.find(public_id=customer))
    page = page_of(
        console.orders_statement(OrderFilter(customer_id=person.id)), number=1, size=FRAGMENT_ORDERS
    )
    figures = console.customer_figures(customer_id=person.id)
    return render_template("orders_admin/of_customer.html", page=page, figures=figures, customer=customer)


@blp.get("/<no>")
@requires(Permission.ORDERS_VIEW)
def order(no: str) -> str:
    return _order_page(no, Form(), Form())


def _order_page(no: str, ship_form: Form, refund_form: Form) -> str:
    row = found(queries.order_by_no(no=no))
    return render_template(
        "orders_admin/order.html",
        order=row,
        file=queries.file_of(row, steps=True),
        payments=payments.payments_of(order_id=row.id),
        customer=customers.by_ids(customer_ids=[row.customer_id]).get(row.customer_id),
        carriers=shipping_rules.CARRIERS,
        ship_form=ship_form,
        refund_form=refund_form,
        refund_states=REFUND_STATES,
        breakdown=breakdown,
        receipt_days=preferences.read("orders.receipt_after_days"),
    )


@blp.post("/<no>/ship")
@requires(Permission.ORDERS_SHIP)
def ship(no: str) -> Response | tuple[str, int]:
    form = Form.sent()

    def work() -> str:
        pieces = _pieces(form)
        parcel = shipping.ship(
            no=no, carrier=form.value("carrier"), waybill=form.value("waybill"), lines=pieces, now=clock.now()
        )
        return f"{parcel.carrier_name} {parcel.waybill}"

    sent = save(form, work)
    if sent is None:
        return _order_page(no, form, Form()), 422
    flash(_("已发货：%(parcel)s。顾客会收到通知。", parcel=sent), "success")
    return redirect(url_for("orders_admin.order", no=no), 303)


@blp.post("/<no>/refund/preview")
@requires(Permission.ORDERS_REFUND)
def refund_preview(no: str) -> str:
    """What the chosen pieces would bring back, worked out by the same rules as the refund itself."""
    form = Form.sent()
    try:
        plan = aftersales.preview(no=no, lines=_pieces(form), amount=_amount(form))
    except ShopError as problem:
        return render_template("orders_admin/refund_preview.html", plan=None, problem=in_words(problem))
    return render_template("orders_admin/refund_preview.html", plan=plan, problem=None)


@blp.post("/<no>/refund")
@requires(Permission.ORDERS_REFUND)
def refund(no: str) -> Response | tuple[str, int]:
    form = Form.sent()

    def work() -> bool:
        reason = form.text("reason", longest=REASON_MAX, needed=True)
        pieces, amount = _pieces(form), _amount(form)
        form.check()
        queued = aftersales.refund_lines(
            no=no,
            lines=pieces,
            amount=amount,
            reason=reason,
            returned=form.ticked("returned"),
            now=clock.now(),
        )
        return queued is not None

    through_wechat = save(form, work)
    if through_wechat is None:
        return _order_page(no, Form(), form), 422
    if through_wechat:
        flash(_("退款已提交给微信支付，到账后订单历史里会显示。"), "success")
    else:
        flash(_("已退回，没有需要经微信退的款。"), "success")
    return redirect(url_for("orders_admin.order", no=no), 303)


@blp.post("/<no>/cancel")
@requires(Permission.ORDERS_CANCEL)
def cancel(no: str) -> Response:
    """Closing at WeChat Pay comes first, so this view opens no transaction of its own."""
    row = found(queries.order_by_no(no=no))
    back = redirect(url_for("orders_admin.order", no=no), 303)
    if row.status is not OrderStatus.UNPAID:
        flash(_("订单已经不是待付款，没有取消。"), "warning")
        return back
    try:
        fate = exchanges.cancel_order(order_id=row.id, reason="staff", now=clock.now())
    except ShopError as problem:
        flash(in_words(problem), "danger")
        return back
    if fate is Fate.CLOSED:
        flash(_("订单已取消，库存已放回。"), "success")
    elif fate is Fate.PAID:
        flash(_("顾客刚刚付了款，订单没有取消。需要的话请退款。"), "warning")
    else:
        flash(_("订单的状态刚刚变了，没有取消。请看最新状态。"), "warning")
    return back


@blp.post("/<no>/note")
@requires(Permission.ORDERS_NOTE)
def note(no: str) -> Response:
    form = Form.sent()

    def work() -> str:
        text = form.text("note", longest=NOTE_MAX)
        form.check()
        services.set_note(order=services.lock_by_no(no=no), note=text)
        audit.record(action="order.note", subject_kind="order", subject_id=no)
        return _("备注已保存，顾客看不到。")

    return act(work, back=url_for("orders_admin.order", no=no))


def _pieces(form: Form) -> dict[str, int]:
    """Pieces by line, from the fields `line.<id>`; lines with none are left out. Raises `Invalid`."""
    pieces: dict[str, int] = {}
    for name, value in form.values.items():
        if not name.startswith("line.") or value.strip() in ("", "0"):
            continue
        if not (value.strip().isascii() and value.strip().isdigit() and len(value.strip()) < 6):
            raise Invalid({"lines": [_("数量须为整数。")]})
        pieces[name.removeprefix("line.")] = int(value)
    if not pieces:
        raise Invalid({"lines": [_("请至少填写一件商品的数量。")]})
    return pieces


def _amount(form: Form) -> Money | None:
    """The lower amount that staff typed, if any. Raises `Invalid`."""
    typed = form.value("amount").strip()
    if not typed:
        return None
    try:
        return yuan(typed)
    except ValueError:
        raise Invalid({"amount": [_("请填写金额，单位元，最多两位小数，例如 12.80。")]}) from None
