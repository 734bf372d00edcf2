"""Orders of marketplaces as their exports tell them, their lines, and rows that wait for somebody to say what they mean."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.db import Model
from shopapp.kernel.ids import new_id
from shopapp.kernel.pii import Encrypted

from .rules import IdentityKind, Status


def _index(name: str, *columns: str, where: str) -> Index:
    return Index(name, *columns, postgresql_where=text(where), sqlite_where=text(where))


class MarketplaceIdentity(Model):
    """What an export calls a buyer or receiver by, where it is not masked: once, however many orders have it.

    A buyer's key belongs to a family of platforms, a phone to none of them.
    """

    __tablename__ = "marketplace_identities"
    __table_args__ = (UniqueConstraint("value_hash", "kind", "family"),)

    kind: Mapped[IdentityKind]
    family: Mapped[str] = mapped_column(String(80))
    value: Mapped[str] = mapped_column(Encrypted)
    value_hash: Mapped[str] = mapped_column(String(64))


class MarketplaceOrder(Model):
    """One order of a marketplace, known by its number within its family of platforms.

    `stated_…` is what rows about the whole order said, None while none did; `status`, `paid_fen` and `refunded_fen` are
    what follows from that and from the lines (`rules.settle`). Amounts are in the smallest unit of `currency`. `refunds`
    maps the number of each refund to its amount. `refund_unclear`: money went back, and no file said how much.
    `anonymous`: the person was erased, and no file brings back who it was. `phone_tail` is the last four digits of the receiver's phone, also where an export shows no more of it.
    """

    __tablename__ = "marketplace_orders"
    __table_args__ = (
        UniqueConstraint("order_no", "family"),
        CheckConstraint("paid_fen >= 0 AND refunded_fen >= 0", "amounts_not_negative"),
        CheckConstraint("(customer_id IS NULL) = (bound_at IS NULL)", "bound_since"),
        Index("ix_marketplace_orders_changed", "changed_at", "id"),
        _index("ix_marketplace_orders_customer", "customer_id", where="customer_id IS NOT NULL"),
        _index("ix_marketplace_orders_buyer", "buyer_id", where="buyer_id IS NOT NULL"),
        _index("ix_marketplace_orders_phone", "phone_id", where="phone_id IS NOT NULL"),
    )

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    platform: Mapped[str] = mapped_column(String(16))
    family: Mapped[str] = mapped_column(String(80))
    shop: Mapped[str] = mapped_column(String(60), default="")
    order_no: Mapped[str] = mapped_column(String(40))
    status: Mapped[Status]
    stated_status: Mapped[Status | None]
    ordered_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
    currency: Mapped[str] = mapped_column(String(3), default="CNY")
    paid_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    stated_paid_fen: Mapped[int | None] = mapped_column(BigInteger)
    refunded_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    stated_refunded_fen: Mapped[int | None] = mapped_column(BigInteger)
    refunds: Mapped[dict[str, Any]] = mapped_column(default=dict)
    refund_unclear: Mapped[bool] = mapped_column(default=False)
    title: Mapped[str] = mapped_column(String(200), default="")
    buyer_id: Mapped[int | None] = mapped_column(ForeignKey("marketplace_identities.id"))
    phone_id: Mapped[int | None] = mapped_column(ForeignKey("marketplace_identities.id"))
    phone_tail: Mapped[str | None] = mapped_column(String(4))
    anonymous: Mapped[bool] = mapped_column(default=False)
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))
    bound_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class MarketplaceLine(Model):
    """One thing of an order. `key` is the platform's number of it, else a digest of what it is, so that it is kept once.

    `numbered` tells which of the two: where an order has both, the numbered ones are the same things told better.
    Amounts are in the smallest unit of the order's currency, None where the file did not say.
    """

    __tablename__ = "marketplace_lines"
    __table_args__ = (
        UniqueConstraint("order_id", "key"),
        CheckConstraint("quantity >= 0", "quantity_not_negative"),
    )

    order_id: Mapped[int] = mapped_column(ForeignKey("marketplace_orders.id"))
    key: Mapped[str] = mapped_column(String(64))
    numbered: Mapped[bool]
    title: Mapped[str] = mapped_column(String(200))
    sku: Mapped[str] = mapped_column(String(80))
    quantity: Mapped[int]
    status: Mapped[Status | None]
    paid_fen: Mapped[int | None] = mapped_column(BigInteger)
    refunded_fen: Mapped[int | None] = mapped_column(BigInteger)


class MarketplaceHeldRow(Model):
    """What a file said of one order, with a status text that nobody has explained yet.

    `rows` is JSON: a list of header to text, kept until it is read again. The digest is that of platform, shop and rows.
    """

    __tablename__ = "marketplace_held_rows"
    __table_args__ = (
        UniqueConstraint("digest"),
        Index("ix_marketplace_held_rows_status", "family", "status_text"),
    )

    platform: Mapped[str] = mapped_column(String(16))
    family: Mapped[str] = mapped_column(String(80))
    shop: Mapped[str] = mapped_column(String(60))
    order_no: Mapped[str] = mapped_column(String(40))
    status_text: Mapped[str] = mapped_column(String(60))
    rows: Mapped[str] = mapped_column(Encrypted)
    digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(index=True)


class MarketplaceStatusWord(Model):
    """What the merchant says a platform's status text means."""

    __tablename__ = "marketplace_status_words"
    __table_args__ = (UniqueConstraint("family", "text"),)

    family: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(String(60))
    status: Mapped[Status]
    created_at: Mapped[datetime]
