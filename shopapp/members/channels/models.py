"""Ways by which people come: each has a QR code and a short link of its own, and everybody's ways in are kept."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.db import Model
from shopapp.kernel.ids import new_id
from shopapp.kernel.money import ZERO, Money


class ChannelKind(StrEnum):
    MARKETPLACE = "marketplace"
    SHOP = "shop"
    SKU = "sku"
    PRINT_RUN = "print_run"
    STAFF = "staff"
    ARTICLE = "article"
    OFFLINE = "offline"
    OTHER = "other"


class Landing(StrEnum):
    """Where the short link leads to."""

    HOME = "home"
    CLAIM = "claim"
    PRODUCT = "product"


class TouchKind(StrEnum):
    FOLLOW = "follow"
    SCAN = "scan"
    LINK = "link"


class Channel(Model):
    """A way in. `scene` is what the permanent QR code carries; ticket and url are kept since a code is made only once.

    `short_code` is the end of its short link. `platform`, `shop`, `sku` and `staff` are words of the merchant's that say
    what it is for; `cost` is what it cost, once, without what was printed for it.
    """

    __tablename__ = "channels"
    __table_args__ = (
        CheckConstraint("cost >= 0", "cost_not_negative"),
        CheckConstraint("(landing = 'product') = (product_id IS NOT NULL)", "landing"),
    )

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    name: Mapped[str] = mapped_column(String(60))
    kind: Mapped[ChannelKind] = mapped_column(default=ChannelKind.OTHER)
    platform: Mapped[str] = mapped_column(String(16), default="")
    shop: Mapped[str] = mapped_column(String(60), default="")
    sku: Mapped[str] = mapped_column(String(120), default="")
    staff: Mapped[str] = mapped_column(String(40), default="")
    cost: Mapped[Money] = mapped_column(default=ZERO)
    scene: Mapped[str] = mapped_column(String(64), unique=True)
    short_code: Mapped[str] = mapped_column(String(16), unique=True)
    landing: Mapped[Landing] = mapped_column(default=Landing.HOME)
    product_id: Mapped[str | None] = mapped_column(String(32))
    welcome: Mapped[str] = mapped_column(String(600), default="")
    qr_ticket: Mapped[str | None] = mapped_column(String(512))
    qr_url: Mapped[str | None] = mapped_column(String(512))
    created_at: Mapped[datetime]


class ChannelVisit(Model):
    """A follow or a scan through a channel; the same push counts once."""

    __tablename__ = "channel_visits"
    __table_args__ = (UniqueConstraint("channel_id", "openid", "at", "kind"),)

    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"), index=True)
    openid: Mapped[str] = mapped_column(String(128), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(index=True)


class LinkVisit(Model):
    """A day on which a browser came by a channel's short link, and by which printed copy if it named one.

    `visitor` is the hash of the browser's cookie. `customer_id` is whose browser it turned out to be.
    """

    __tablename__ = "link_visits"
    __table_args__ = (
        UniqueConstraint("channel_id", "visitor", "day", "serial"),
        Index("ix_link_visits_serial", "channel_id", "serial"),
    )

    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"))
    visitor: Mapped[str] = mapped_column(String(64), index=True)
    day: Mapped[date]
    serial: Mapped[str] = mapped_column(String(20), default="")
    at: Mapped[datetime]
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"), index=True)


class Touch(Model):
    """One way by which a customer came. `visit_key` names the visit it was, so that it is kept once."""

    __tablename__ = "touches"
    __table_args__ = (Index("ix_touches_customer", "customer_id", "at"),)

    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"), index=True)
    kind: Mapped[TouchKind]
    serial: Mapped[str] = mapped_column(String(20), default="")
    at: Mapped[datetime]
    visit_key: Mapped[str] = mapped_column(String(40), unique=True)
