"""Cash-back: the campaigns of the merchant and the claims of customers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.db import Base, Model, RowId
from shopapp.kernel.ids import new_id
from shopapp.kernel.money import ZERO, Money
from shopapp.kernel.pii import Encrypted

from .states import AmountMode, ClaimReason, ClaimStatus, Payout, Verdict

HASH = String(64)


class CashbackCampaign(Model):
    """What a merchant promises for a verified purchase on a marketplace. The columns mean what `content` says.

    `reserved` is set aside for claims on their way, `paid` has been paid out: together never above `budget`. Without
    `active` nothing of it is matched or paid; what a platform is paying at that moment comes to its end.
    """

    __tablename__ = "cashback_campaigns"
    __table_args__ = (
        CheckConstraint("reserved >= 0 AND paid >= 0 AND reserved + paid <= budget", "budget"),
        CheckConstraint("least >= 0 AND most >= 1 AND least <= most", "amounts"),
        CheckConstraint("basis_points BETWEEN 0 AND 10000", "basis_points"),
        CheckConstraint("hold_days >= 0 AND wait_days >= 1", "days"),
        CheckConstraint("(payout = 'coupon') = (coupon_id IS NOT NULL)", "coupon"),
        Index("ix_cashback_campaigns_running", "active", "starts_at"),
    )

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    name: Mapped[str] = mapped_column(String(40))
    intro: Mapped[str] = mapped_column(String(300), default="")
    platforms: Mapped[list[str]]
    title_words: Mapped[list[str]] = mapped_column(default=list)
    skus: Mapped[list[str]] = mapped_column(default=list)
    mode: Mapped[AmountMode]
    least: Mapped[Money]
    most: Mapped[Money]
    basis_points: Mapped[int] = mapped_column(default=0)
    budget: Mapped[Money]
    reserved: Mapped[Money] = mapped_column(default=ZERO)
    paid: Mapped[Money] = mapped_column(default=ZERO)
    per_person: Mapped[int | None]
    per_phone: Mapped[int | None]
    per_address: Mapped[int | None]
    hold_days: Mapped[int]
    wait_days: Mapped[int]
    asks_tail: Mapped[bool] = mapped_column(default=False)
    payout: Mapped[Payout]
    coupon_id: Mapped[str | None] = mapped_column(ForeignKey("coupons.public_id"), index=True)
    points_per_yuan: Mapped[int] = mapped_column(default=100)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    orders_paid_from: Mapped[datetime | None]
    require_follow: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]

    @property
    def left(self) -> Money:
        """What of the budget is neither paid nor set aside."""
        return self.budget - self.reserved - self.paid


class CashbackClaim(Model):
    """One person's word that a marketplace order is theirs, and what became of it.

    `number_key` holds a person to one claim for a number, `taken_key` an order to one claim in a campaign; both are given
    up when a claim ends without cash-back: the first is its own id then. `amount` is what was set aside, drawn with
    `seed` where it is random.
    `taken_back` is what refunds of the order took of it so far, before or after it was paid; `paid_amount` is what was
    paid. `review` keeps a claim until staff decide; `note` is what they wrote, or what stands in the way of paying.
    `next_look_at` is when a job looks again: for the order while it waits, for the end of the hold, for paying.
    The hashes are keyed: phone and address of the person, browser and network of the claim.
    """

    __tablename__ = "cashback_claims"
    __table_args__ = (
        UniqueConstraint("customer_id", "number_key"),
        CheckConstraint("amount IS NULL OR amount >= 1", "amount_positive"),
        CheckConstraint("taken_back >= 0 AND taken_back <= coalesce(amount, 0)", "taken_back_in_bounds"),
        Index("ix_cashback_claims_look", "status", "next_look_at"),
        Index("ix_cashback_claims_number", "order_no", "family"),
        Index("ix_cashback_claims_person", "customer_id", "id"),
        Index("ix_cashback_claims_of_person", "campaign_id", "customer_id"),
        Index("ix_cashback_claims_of_phone", "campaign_id", "phone_hash"),
        Index("ix_cashback_claims_of_address", "campaign_id", "address_hash"),
        Index("ix_cashback_claims_device", "device_hash", "submitted_at"),
        Index("ix_cashback_claims_network", "network_hash", "submitted_at"),
    )

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    platform: Mapped[str] = mapped_column(String(16))
    family: Mapped[str] = mapped_column(String(16))
    order_no: Mapped[str] = mapped_column(String(64))
    tail: Mapped[str | None] = mapped_column(Encrypted)
    number_key: Mapped[str] = mapped_column(String(80))
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("cashback_campaigns.id"))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("marketplace_orders.id"), index=True)
    taken_key: Mapped[str | None] = mapped_column(String(60), unique=True)
    status: Mapped[ClaimStatus] = mapped_column(default=ClaimStatus.SUBMITTED)
    reason: Mapped[ClaimReason | None]
    note: Mapped[str] = mapped_column(String(200), default="")
    amount: Mapped[Money | None]
    seed: Mapped[str | None] = mapped_column(String(64))
    verdict: Mapped[Verdict] = mapped_column(default=Verdict.PASS)
    signs: Mapped[list[str]] = mapped_column(default=list)
    review: Mapped[bool] = mapped_column(default=False)
    taken_back: Mapped[Money] = mapped_column(default=ZERO)
    paid_amount: Mapped[Money | None]
    phone_hash: Mapped[str | None] = mapped_column(HASH)
    address_hash: Mapped[str | None] = mapped_column(HASH)
    device_hash: Mapped[str | None] = mapped_column(HASH)
    network_hash: Mapped[str | None] = mapped_column(HASH)
    submitted_at: Mapped[datetime] = mapped_column(index=True)
    next_look_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    matched_at: Mapped[datetime | None]
    hold_until: Mapped[datetime | None]
    approved_at: Mapped[datetime | None]
    paying_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    @property
    def due(self) -> Money:
        """What is set aside, or reached the customer, less what refunds took."""
        return (self.amount or ZERO) - self.taken_back


class OrderCursor(Base):
    """Up to which change the imported orders have been followed: its time, and the order's row among those of that time."""

    __tablename__ = "cashback_order_cursors"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    changed_at: Mapped[datetime]
    order_id: Mapped[int] = mapped_column(RowId)
