"""What staff keep of customers for one another: notes, tags of the whole shop, and tasks."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.db import Model
from shopapp.kernel.ids import new_id
from shopapp.kernel.pii import Encrypted
from shopapp.kernel.states import StateTable


class CustomerNote(Model):
    """`author` is an actor as "staff:<public id>" or "token:<public id>", with their name beside."""

    __tablename__ = "customer_notes"
    __table_args__ = (Index("ix_customer_notes_customer", "customer_id", "id"),)

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    text: Mapped[str] = mapped_column(Encrypted)
    author: Mapped[str] = mapped_column(String(80))
    author_name: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]


class Tag(Model):
    """A word for customers. `folded` is its name without width, case and blanks, so that none is there twice."""

    __tablename__ = "tags"

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    name: Mapped[str] = mapped_column(String(20))
    folded: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]


class CustomerTag(Model):
    __tablename__ = "customer_tags"
    __table_args__ = (UniqueConstraint("customer_id", "tag_id"),)

    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    tag_id: Mapped[int] = mapped_column(ForeignKey("tags.id"), index=True)
    given_at: Mapped[datetime]


class TaskState(StrEnum):
    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"


_T = TaskState
TASK_MOVES = StateTable[TaskState](
    {
        _T.OPEN: frozenset({_T.DONE, _T.CANCELLED}),
        _T.DONE: frozenset(),
        _T.CANCELLED: frozenset(),
    },
    column="state",
)


class CustomerTask(Model):
    """Something to do for a customer by the end of the day `due`. `assignee` is the public id of a staff member."""

    __tablename__ = "customer_tasks"
    __table_args__ = (
        Index("ix_customer_tasks_customer", "customer_id", "id"),
        Index("ix_customer_tasks_assignee", "assignee", "state"),
        Index("ix_customer_tasks_state", "state", "due"),
    )

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    text: Mapped[str] = mapped_column(Encrypted)
    due: Mapped[date | None] = mapped_column(Date)
    assignee: Mapped[str | None] = mapped_column(String(32))
    assignee_name: Mapped[str] = mapped_column(String(80), default="")
    state: Mapped[TaskState] = mapped_column(default=TaskState.OPEN)
    author: Mapped[str] = mapped_column(String(80))
    author_name: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_name: Mapped[str | None] = mapped_column(String(80))
