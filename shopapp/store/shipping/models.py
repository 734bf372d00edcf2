"""Parcels."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shopapp.kernel.db import Model
from shopapp.kernel.ids import new_id


class Shipment(Model):
    """A parcel of an order."""

    __tablename__ = "shipments"
    __table_args__ = (UniqueConstraint("order_id", "carrier", "waybill"),)

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    carrier: Mapped[str] = mapped_column(String(32))
    waybill: Mapped[str] = mapped_column(String(40), index=True)
    created_at: Mapped[datetime]

    lines: Mapped[list[ShipmentLine]] = relationship(order_by="ShipmentLine.id")


class ShipmentLine(Model):
    """How many pieces of an order line are in a parcel."""

    __tablename__ = "shipment_lines"
    __table_args__ = (
        UniqueConstraint("shipment_id", "order_line_id"),
        CheckConstraint("quantity >= 1", "quantity_positive"),
    )

    shipment_id: Mapped[int] = mapped_column(ForeignKey("shipments.id"), index=True)
    order_line_id: Mapped[int] = mapped_column(ForeignKey("order_lines.id"), index=True)
    quantity: Mapped[int]
