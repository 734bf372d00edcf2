"""Changes of balances that staff make by hand."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.db import Model, RowId
from shopapp.kernel.ids import new_id
from shopapp.kernel.states import StateTable
from shopapp.loyalty.ledger import Unit


class AdjustmentState(StrEnum):
    """proposed: waits for a second person; posted: in the books; refused: never will be."""

    PROPOSED = "proposed"
    POSTED = "posted"
    REFUSED = "refused"


_A = AdjustmentState
ADJUSTMENT_MOVES = StateTable[AdjustmentState](
    {
        _A.PROPOSED: frozenset({_A.POSTED, _A.REFUSED}),
        _A.POSTED: frozenset(),
        _A.REFUSED: frozenset(),
    },
    column="state",
)


class Adjustment(Model):
    """One change: fen for principal and gift, their own measure for points and growth; never 0.

    `proposed_by` and `decided_by` are actors as "staff:<public id>" or "token:<public id>", with their names beside them.
    `paid_out` is principal that the shop gave back outside of WeChat. `decided_by` is empty where no second person was needed. `key` is that of the form that sent it.
    """

    __tablename__ = "adjustments"
    __table_args__ = (
        CheckConstraint("amount <> 0", "not_nothing"),
        CheckConstraint("decided_by IS NULL OR decided_by <> proposed_by", "second_person"),
        Index("ix_adjustments_customer", "customer_id", "id"),
        Index("ix_adjustments_state", "state", "id"),
    )

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    unit: Mapped[Unit]
    amount: Mapped[int] = mapped_column(RowId)
    reason: Mapped[str] = mapped_column(String(200))
    paid_out: Mapped[bool] = mapped_column(default=False)
    expires_at: Mapped[datetime | None]
    state: Mapped[AdjustmentState] = mapped_column(default=AdjustmentState.PROPOSED)
    proposed_by: Mapped[str] = mapped_column(String(80))
    proposed_name: Mapped[str] = mapped_column(String(80))
    decided_by: Mapped[str | None] = mapped_column(String(80))
    decided_name: Mapped[str | None] = mapped_column(String(80))
    note: Mapped[str] = mapped_column(String(200), default="")
    key: Mapped[str] = mapped_column(String(64), unique=True, default=new_id)
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
