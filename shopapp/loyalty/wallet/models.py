"""What can be topped up: the offers of the shop."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.db import Model
from shopapp.kernel.ids import new_id
from shopapp.kernel.money import Money


class TopUpPlan(Model):
    """Pay so much, get that much on top. `life` is how long the gift lives, as ISO 8601 ("P12M", "" for ever).

    Offered while `active`, from `starts_at` until before `ends_at`, to one person at most `per_person` times.
    """

    __tablename__ = "top_up_plans"
    __table_args__ = (
        CheckConstraint("pay >= 1 AND gift >= 0", "amounts"),
        CheckConstraint("per_person IS NULL OR per_person >= 1", "per_person_positive"),
    )

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    pay: Mapped[Money]
    gift: Mapped[Money]
    life: Mapped[str] = mapped_column(String(16), default="")
    active: Mapped[bool] = mapped_column(default=True)
    position: Mapped[int] = mapped_column(default=0)
    per_person: Mapped[int | None]
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
