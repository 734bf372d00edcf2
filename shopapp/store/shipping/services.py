"""Sending parcels: several per order, parts of a line in each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from shopapp.kernel import audit
from shopapp.kernel.db import db
from shopapp.kernel.errors import Invalid, ShopError
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.ids import new_id
from shopapp.store.orders import services as orders
from shopapp.store.orders.rules import left_to_ship

from . import rules
from .models import Shipment, ShipmentLine
from .queries import Parcel, parcel


class NotShippable(ShopError):
    status, code, text = 409, "not_shippable", _l("这个订单现在不能发货，没有任何改动。请刷新查看最新状态。")


class WaybillUsed(ShopError):
    status, code, text = 409, "waybill_used", _l("这个订单已有运单号 %(waybill)s 的包裹，没有任何改动。")


def ship(*, no: str, carrier: str, waybill: str, lines: Mapping[str, int] | None, now: datetime) -> Parcel:
    """Send pieces of an order, by the id of their line; None sends all that is left.

    Raises `NotFound`, `Invalid` for a carrier, number or pieces that cannot be, `NotShippable`, `WaybillUsed`.
    """
    number = rules.clean_waybill(waybill)
    problems: dict[str, list[str]] = {}
    if carrier not in rules.CARRIERS:
        problems["carrier"] = [_("没有这家快递公司，请从列表中选择。")]
    if number is None:
        problems["waybill"] = [_("运单号须为 6 到 32 位字母或数字。")]
    if problems or number is None:
        raise Invalid(problems)
    order = orders.lock_by_no(no=no)
    left = {line.public_id: (line.id, left_to_ship(line)) for line in order.lines}
    if order.status.value not in ("paid", "partly_shipped"):
        raise NotShippable
    pieces = _pieces(lines, left)
    used = select(Shipment.id).where(
        Shipment.order_id == order.id, Shipment.carrier == carrier, Shipment.waybill == number
    )
    if db.session.scalar(used) is not None:
        raise WaybillUsed(waybill=number)
    shipment = Shipment(
        public_id=new_id(),
        order_id=order.id,
        carrier=carrier,
        waybill=number,
        created_at=now,
        lines=[ShipmentLine(order_line_id=line_id, quantity=count) for line_id, count in pieces.items()],
    )
    db.session.add(shipment)
    db.session.flush()
    note = f"{rules.carrier_name(carrier)} {number}"
    orders.note_parcel(order=order, shipment_id=shipment.id, pieces=pieces, note=note, now=now)
    audit.record(
        action="order.ship",
        subject_kind="order",
        subject_id=no,
        changes={"carrier": carrier, "waybill": number, "pieces": sum(pieces.values())},
    )
    return parcel(shipment)


def _pieces(lines: Mapping[str, int] | None, left: Mapping[str, tuple[int, int]]) -> dict[int, int]:
    """Pieces by the row id of their line. Raises `Invalid` for lines of other orders and for more than is left."""
    if lines is None:
        found = {row_id: count for row_id, count in left.values() if count}
        if not found:
            raise NotShippable
        return found
    if not lines or any(line_id not in left for line_id in lines):
        raise Invalid({"lines": [_("请选择这个订单里的商品。")]})
    if any(not 1 <= count <= left[line_id][1] for line_id, count in lines.items()):
        raise Invalid({"lines": [_("发货数量超过了还没有发出的数量。")]})
    return {left[line_id][0]: count for line_id, count in lines.items()}
