"""What the merchant sets in the console: named values in a table, with defaults in code."""

from __future__ import annotations

from typing import Any

from flask import g, has_app_context
from sqlalchemy import select, update
from sqlalchemy.orm import Mapped, mapped_column

from . import pagecache
from .db import Base, Json, insert_once, rows_changed
from .prepared import Prepared

DEFAULTS: dict[str, Any] = {
    "shop.name": "回头小店",
    "shop.hello": "",
    "shop.logo": "",
    "shop.brand_color": "#E2472F",
    "shop.service_phone": "",
    "shop.banners": [],
    "shop.privacy_text": "",
    "shop.privacy_date": "",
    "orders.pay_within_minutes": 30,
    "orders.receipt_after_days": 14,
    "orders.aftersales_days": 7,
    "orders.unpaid_max": 5,
    "payments.reconciled_from": "",
    "wallet.free_from_fen": 0,
    "wallet.free_to_fen": 0,
    "freight.fen": 800,
    "freight.free_from_fen": 9900,
    "freight.no_delivery_regions": [],
    "mall.free_freight": False,
    "adjustments.points_alone": 10_000,
    "adjustments.growth_alone": 10_000,
    "adjustments.principal_alone": 50_000,
    "adjustments.gift_alone": 50_000,
    "transfers.reason": "购物返现",
    "transfers.least_fen": 10,
    "transfers.most_fen": 20_000,
    "members.guests_kept_months": 0,
    "channels.window_days": 30,
    "members.marks_kept_months": 24,
    "wechat.welcome": "",
    "wechat.templates": {},
    "wechat.menu": [],
    "wechat.checks": {},
    "wechat.service_messages": 5,
}


class Preference(Base):
    """One value that differs from its default."""

    __tablename__ = "preferences"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(Json)


_ALL = Prepared(lambda _kind: select(Preference.name, Preference.value))


def read(name: str) -> Any:
    """The value of a known name. All are read once per request or command."""
    known: dict[str, Any] | None = g.get("preferences") if has_app_context() else None
    if known is None:
        known = {row.name: row.value for row in _ALL.rows()}
        g.preferences = known
    return known.get(name, DEFAULTS[name])


def forget_read() -> None:
    """Have them read again: for a process whose context outlives what it works on."""
    g.pop("preferences", None)


def write(name: str, value: Any) -> None:
    """Set the value of a known name, which makes every kept page stale; raises `KeyError` for an unknown one."""
    DEFAULTS[name]
    if not insert_once(Preference, name=name, value=value):
        rows_changed(update(Preference).where(Preference.name == name).values(value=value))
    pagecache.bump(pagecache.FRAME)
    g.pop("preferences", None)
