"""Cash-back on its way by WeChat: each number under which the platform is asked for it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.db import Model
from shopapp.kernel.money import Money
from shopapp.kernel.states import StateTable


class PayoutState(StrEnum):
    """The platform's states, and two of ours.

    queued: the number is kept, the platform may or may not know it; refused: it would not take the request and knows no
    such number, so the same one can be asked for again.
    """

    QUEUED = "queued"
    REFUSED = "refused"
    ACCEPTED = "accepted"
    PROCESSING = "processing"
    WAIT_USER_CONFIRM = "wait_user_confirm"
    TRANSFERING = "transfering"
    CANCELING = "canceling"
    SUCCESS = "success"
    FAIL = "fail"
    CANCELLED = "cancelled"


_S = PayoutState
ENDS = frozenset({_S.SUCCESS, _S.FAIL, _S.CANCELLED})
# Steps can be missed, since only the last one is sure to be told.
PAYOUT_MOVES = StateTable[PayoutState](
    {
        _S.QUEUED: ENDS
        | {_S.REFUSED, _S.ACCEPTED, _S.PROCESSING, _S.WAIT_USER_CONFIRM, _S.TRANSFERING, _S.CANCELING},
        _S.REFUSED: ENDS
        | {_S.QUEUED, _S.ACCEPTED, _S.PROCESSING, _S.WAIT_USER_CONFIRM, _S.TRANSFERING, _S.CANCELING},
        _S.ACCEPTED: ENDS | {_S.PROCESSING, _S.WAIT_USER_CONFIRM, _S.TRANSFERING, _S.CANCELING},
        _S.PROCESSING: ENDS | {_S.WAIT_USER_CONFIRM, _S.TRANSFERING, _S.CANCELING},
        _S.WAIT_USER_CONFIRM: ENDS | {_S.TRANSFERING, _S.CANCELING},
        _S.TRANSFERING: ENDS,
        _S.CANCELING: ENDS,
        _S.SUCCESS: frozenset(),
        _S.FAIL: frozenset(),
        _S.CANCELLED: frozenset(),
    },
    column="state",
)
OPEN = text("state NOT IN ('success', 'fail', 'cancelled')")
SUCCEEDED = text("state = 'success'")


class CashbackPayout(Model):
    """One number under which WeChat Pay is asked to pay a claim; whatever the doubts, the claim has no other while it is open.

    `openid`, `amount`, `remark` and `reports` are what is asked for, the same each time. `asked_at` is when it was first
    asked for: until then nobody but us knows the number. The customer may confirm until `confirm_until`.
    """

    __tablename__ = "cashback_payouts"
    __table_args__ = (
        CheckConstraint("amount >= 1", "amount_positive"),
        Index("uq_cashback_payouts_open", "claim_id", unique=True, sqlite_where=OPEN, postgresql_where=OPEN),
        Index(
            "uq_cashback_payouts_succeeded",
            "claim_id",
            unique=True,
            sqlite_where=SUCCEEDED,
            postgresql_where=SUCCEEDED,
        ),
        Index("ix_cashback_payouts_due", "state", "next_try_at"),
    )

    claim_id: Mapped[int] = mapped_column(ForeignKey("cashback_claims.id"), index=True)
    out_bill_no: Mapped[str] = mapped_column(String(32), unique=True)
    openid: Mapped[str] = mapped_column(String(128), index=True)
    amount: Mapped[Money]
    remark: Mapped[str] = mapped_column(String(32))
    reports: Mapped[list[Any]]
    state: Mapped[PayoutState] = mapped_column(default=PayoutState.QUEUED)
    transfer_bill_no: Mapped[str | None] = mapped_column(String(64), index=True)
    package_info: Mapped[str | None] = mapped_column(Text)
    fail_reason: Mapped[str | None] = mapped_column(String(64))
    problem: Mapped[str | None] = mapped_column(Text)
    tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime]
    created_at: Mapped[datetime]
    asked_at: Mapped[datetime | None] = mapped_column(index=True)
    confirm_until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
