"""Every event that exists: frozen records of ids, fen and times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class AccountFollowed:
    """Somebody followed the official account; `scene` is that of the QR code they came through, if any."""

    openid: str
    scene: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class AccountUnfollowed:
    """Somebody stopped following the official account."""

    openid: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class SceneScanned:
    """A follower scanned one of our QR codes."""

    openid: str
    scene: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class OrderPlaced:
    """An order was placed and its stock is held; nothing is paid yet."""

    order_id: int
    customer_id: int
    total_fen: int


@dataclass(frozen=True, kw_only=True)
class OrderPaid:
    """An order is paid, once and for all; `paid_fen` is what the customer paid, 0 for a free order."""

    order_id: int
    customer_id: int
    paid_fen: int


@dataclass(frozen=True, kw_only=True)
class OrderCancelled:
    """An unpaid order was cancelled and its stock released; `reason` is timeout, customer or staff."""

    order_id: int
    customer_id: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class OrderShipped:
    """A parcel left; `shipment_id` tells which lines are in it."""

    order_id: int
    customer_id: int
    shipment_id: int


@dataclass(frozen=True, kw_only=True)
class OrderCompleted:
    """The goods are received, by the customer's word or by time."""

    order_id: int
    customer_id: int


@dataclass(frozen=True, kw_only=True)
class OrderRefunded:
    """Money of an order went back to the customer."""

    order_id: int
    customer_id: int
    refund_id: int
    refunded_fen: int
