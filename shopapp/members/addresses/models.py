"""The address book."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.db import Model
from shopapp.kernel.ids import new_id
from shopapp.kernel.pii import Encrypted
from shopapp.kernel.rotation import REMADE


class Address(Model):
    """Where parcels of a customer go. `region_code` is the six digits of the county, GB/T 2260.

    `place_hash` is of name, region and detail, made by the job that compares them; none when it is to look.
    """

    __tablename__ = "addresses"
    __table_args__ = (
        Index(
            "ix_addresses_unseen",
            "id",
            postgresql_where=text("place_hash IS NULL AND removed_at IS NULL"),
            sqlite_where=text("place_hash IS NULL AND removed_at IS NULL"),
        ),
    )

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    name: Mapped[str] = mapped_column(Encrypted)
    phone: Mapped[str] = mapped_column(Encrypted)
    phone_hash: Mapped[str] = mapped_column(String(64), index=True)
    region_code: Mapped[str] = mapped_column(String(6))
    detail: Mapped[str] = mapped_column(Encrypted)
    is_default: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    place_hash: Mapped[str | None] = mapped_column(String(64), index=True, info={REMADE: True})
