"""Reading parcels."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from shopapp.kernel.db import db

from . import rules
from .models import Shipment


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """A parcel; `lines` are pairs of the row id of an order line and pieces."""

    id: str
    order_id: int
    carrier: str
    carrier_name: str
    waybill: str
    shipped_at: datetime
    lines: tuple[tuple[int, int], ...]


def parcels_of(*, order_ids: Collection[int]) -> dict[int, list[Parcel]]:
    """The parcels of these orders by order, the first first, in two queries."""
    found: dict[int, list[Parcel]] = {}
    if not order_ids:
        return found
    statement = (
        select(Shipment)
        .options(selectinload(Shipment.lines))
        .where(Shipment.order_id.in_(order_ids))
        .order_by(Shipment.id)
    )
    for row in db.session.scalars(statement):
        found.setdefault(row.order_id, []).append(parcel(row))
    return found


def parcel(row: Shipment) -> Parcel:
    return Parcel(
        id=row.public_id,
        order_id=row.order_id,
        carrier=row.carrier,
        carrier_name=rules.carrier_name(row.carrier),
        waybill=row.waybill,
        shipped_at=row.created_at,
        lines=tuple((line.order_line_id, line.quantity) for line in row.lines),
    )


def parcel_by_id(*, shipment_id: int) -> Parcel:
    return parcel(db.session.get_one(Shipment, shipment_id))
