"""Paid membership: the plans on offer, the cards people have, and codes that stand for a card."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.db import Model
from shopapp.kernel.ids import new_id
from shopapp.kernel.money import Money
from shopapp.kernel.pii import Encrypted

from .rules import CardSource


class CardPlan(Model):
    """A card on offer. It runs for `months` or `days`, one of the two; while it runs its holder has at least `tier_code`.

    `trial_days` above 0 lets a person try it once for nothing.
    """

    __tablename__ = "card_plans"
    __table_args__ = (
        CheckConstraint("(months > 0 AND days = 0) OR (months = 0 AND days > 0)", "one_length"),
        CheckConstraint("price >= 0 AND trial_days >= 0", "not_negative"),
    )

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    name: Mapped[str] = mapped_column(String(20))
    words: Mapped[str] = mapped_column(String(200), default="")
    price: Mapped[Money]
    months: Mapped[int] = mapped_column(default=0)
    days: Mapped[int] = mapped_column(default=0)
    tier_code: Mapped[str | None] = mapped_column(String(16))
    trial_days: Mapped[int] = mapped_column(default=0)
    position: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class CardHolder(Model):
    """Until when somebody holds a plan, all their cards of it one after the other. Its row is locked to add another."""

    __tablename__ = "card_holders"
    __table_args__ = (
        UniqueConstraint("customer_id", "plan_id"),
        Index("ix_card_holders_running", "plan_id", "until"),
    )

    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    plan_id: Mapped[int] = mapped_column(ForeignKey("card_plans.id"))
    until: Mapped[datetime]


class Card(Model):
    """One term of a plan: starts_at ≤ t < ends_at. `grant_key` names why there is it, which counts once.

    `override_id` is the public id of the tier that it gives, once it has been given.
    """

    __tablename__ = "membership_cards"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", "ends"),
        Index("ix_membership_cards_holder", "customer_id", "plan_id"),
    )

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    plan_id: Mapped[int] = mapped_column(ForeignKey("card_plans.id"))
    source: Mapped[CardSource]
    grant_key: Mapped[str] = mapped_column(String(80), unique=True)
    order_no: Mapped[str | None] = mapped_column(String(32), index=True)
    reason: Mapped[str] = mapped_column(String(200), default="")
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    override_id: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[datetime]


class CardCodeBatch(Model):
    """Codes made together. They can be taken out as a file once; from then on the shop itself does not know them."""

    __tablename__ = "card_code_batches"
    __table_args__ = (CheckConstraint("count > 0", "some"),)

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    plan_id: Mapped[int] = mapped_column(ForeignKey("card_plans.id"), index=True)
    name: Mapped[str] = mapped_column(String(40))
    count: Mapped[int]
    expires_at: Mapped[datetime | None]
    exported_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class CardCode(Model):
    """A code for one card; found by the digest of its text, which is random enough for that."""

    __tablename__ = "card_codes"

    batch_id: Mapped[int] = mapped_column(ForeignKey("card_code_batches.id"), index=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    code: Mapped[str | None] = mapped_column(Encrypted)
    used_at: Mapped[datetime | None]
    card_id: Mapped[int | None] = mapped_column(ForeignKey("membership_cards.id"))
