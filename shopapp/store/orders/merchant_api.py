"""JSON for the merchant: orders, parcels, refunds, notes."""

from __future__ import annotations

from typing import Any

from shopapp.kernel import audit, clock
from shopapp.kernel.access import Permission, guard_merchant_api, may, requires
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.errors import Invalid
from shopapp.kernel.http import found, writes
from shopapp.kernel.i18n import _
from shopapp.kernel.idempotency import once, repeatable
from shopapp.kernel.money import Money
from shopapp.store.aftersales import services as aftersales
from shopapp.store.payments import exchanges
from shopapp.store.payments import queries as payments
from shopapp.store.shipping import services as shipping

from . import queries, services
from .answers import merchant_answer, parcel_answer
from .api import refuse_unless_cancelled
from .models import OrderKind, OrderStatus
from .schemas import (
    MerchantOrderAnswer,
    MerchantOrderList,
    MerchantPageInput,
    NoteInput,
    ParcelAnswer,
    RefundInput,
    RefundResultAnswer,
    ShipmentInput,
)

blp = ApiBlueprint("merchant_orders", __name__, url_prefix="/api/v1/admin", description="商家：订单")
guard_merchant_api(blp)


@blp.get("/orders")
@requires(Permission.ORDERS_VIEW)
@blp.arguments(MerchantPageInput, location="query")
@blp.response(200, MerchantOrderList)
def list_orders(data: dict[str, Any]) -> dict[str, Any]:
    orders, cursor = queries.all_orders(
        statuses=[OrderStatus(data["status"])] if "status" in data else (),
        kind=OrderKind(data["kind"]),
        search=data["q"],
        since=data.get("since"),
        until=data.get("until"),
        before=data.get("cursor"),
        limit=data["limit"],
    )
    personal = may(Permission.CUSTOMERS_SEE_PERSONAL)
    items = [merchant_answer(file, see_personal=personal) for file in queries.files(orders, steps=True)]
    return {"items": items, "next_cursor": cursor}


@blp.get("/orders/<no>")
@requires(Permission.ORDERS_VIEW)
@blp.response(200, MerchantOrderAnswer)
def show_order(no: str) -> dict[str, Any]:
    return _answer(no)


@blp.post("/orders/<no>/shipments")
@requires(Permission.ORDERS_SHIP)
@once
@blp.arguments(ShipmentInput)
@blp.response(201, ParcelAnswer)
def ship(data: dict[str, Any], no: str) -> dict[str, Any]:
    parcel = shipping.ship(
        no=no,
        carrier=data["carrier"],
        waybill=data["waybill"],
        lines=_pieces(data["lines"]) if "lines" in data else None,
        now=clock.now(),
    )
    order = found(queries.order_by_no(no=no))
    return parcel_answer(parcel, {line.id: line.public_id for line in order.lines})


@blp.post("/orders/<no>/refunds")
@requires(Permission.ORDERS_REFUND)
@once
@blp.arguments(RefundInput)
@blp.response(201, RefundResultAnswer)
def refund(data: dict[str, Any], no: str) -> dict[str, Any]:
    """Take pieces back and queue their money; `refund` is null when they were free."""
    refund_id = aftersales.refund_lines(
        no=no,
        lines=_pieces(data["lines"]),
        amount=Money(data["fen"]) if "fen" in data else None,
        reason=data["reason"],
        returned=data["returned"],
        now=clock.now(),
    )
    answer = _answer(no)
    made = None if refund_id is None else payments.refund_by_id(refund_id=refund_id).no
    told = next((refund for refund in answer["refunds"] if refund["no"] == made), None)
    return {"refund": told, "order": answer}


@blp.post("/orders/<no>/cancel")
@requires(Permission.ORDERS_CANCEL)
@repeatable
@blp.response(200, MerchantOrderAnswer)
def cancel(no: str) -> dict[str, Any]:
    """Cancel an unpaid order; what is paid goes back by a refund."""
    order = found(queries.order_by_no(no=no))
    if order.status is OrderStatus.UNPAID:
        exchanges.cancel_order(order_id=order.id, reason="staff", now=clock.now())
    answer = _answer(no)
    refuse_unless_cancelled(status=answer["status"])
    return answer


@blp.put("/orders/<no>/note")
@requires(Permission.ORDERS_NOTE)
@writes
@blp.arguments(NoteInput)
@blp.response(200, MerchantOrderAnswer)
def set_note(data: dict[str, Any], no: str) -> dict[str, Any]:
    order = services.lock_by_no(no=no)
    services.set_note(order=order, note=data["note"])
    audit.record(action="order.note", subject_kind="order", subject_id=no)
    return _answer(no)


def _pieces(lines: list[dict[str, Any]]) -> dict[str, int]:
    pieces = {line["line_id"]: line["quantity"] for line in lines}
    if len(pieces) < len(lines):
        raise Invalid({"lines": [_("同一行只能出现一次，请合并数量。")]})
    return pieces


def _answer(no: str) -> dict[str, Any]:
    order = found(queries.order_by_no(no=no))
    file = queries.file_of(order, steps=True)
    return merchant_answer(file, see_personal=may(Permission.CUSTOMERS_SEE_PERSONAL))
