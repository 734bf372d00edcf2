"""Ways by which people come: each has a QR code of its own."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.db import Model
from shopapp.kernel.ids import new_id


class Channel(Model):
    """A way in. `scene` is what the permanent QR code carries; ticket and url are kept since a code is made only once."""

    __tablename__ = "channels"

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    name: Mapped[str] = mapped_column(String(60))
    scene: Mapped[str] = mapped_column(String(64), unique=True)
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
