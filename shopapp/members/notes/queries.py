"""Reading notes, tags and tasks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date

from flask import Flask, current_app
from sqlalchemy import Select, and_, func, select

from shopapp.kernel.db import db
from shopapp.kernel.errors import Invalid
from shopapp.kernel.i18n import _

from .models import CustomerNote, CustomerTag, CustomerTask, Tag, TaskState

Colleagues = Callable[[], list[tuple[str, str]]]


def set_colleagues(app: Flask, colleagues: Colleagues) -> None:
    """Tell where the staff come from, as (public id, name) of those who may sign in: they stand above this."""
    app.extensions["notes_colleagues"] = colleagues


def colleagues() -> list[tuple[str, str]]:
    """Who can be given a task."""
    known: Colleagues = current_app.extensions["notes_colleagues"]
    return known()


@dataclass(frozen=True, kw_only=True)
class TagView:
    """A tag; `customers` is how many have it, counted for the list of all alone."""

    id: str
    name: str
    customers: int = 0


def tags_of(*, customer_id: int) -> list[TagView]:
    """By name."""
    return tags_of_many(customer_ids=[customer_id]).get(customer_id, [])


def tags_of_many(*, customer_ids: Collection[int]) -> dict[int, list[TagView]]:
    """By row id of the customer, in one query."""
    if not customer_ids:
        return {}
    statement = (
        select(CustomerTag.customer_id, Tag.public_id, Tag.name)
        .join(Tag, Tag.id == CustomerTag.tag_id)
        .where(CustomerTag.customer_id.in_(customer_ids))
        .order_by(Tag.folded)
    )
    found: dict[int, list[TagView]] = {}
    for customer_id, public_id, name in db.session.execute(statement):
        found.setdefault(customer_id, []).append(TagView(id=public_id, name=name))
    return found


def all_tags() -> list[TagView]:
    """All tags by name, with how many customers have each, in one query."""
    statement = (
        select(Tag.public_id, Tag.name, func.count(CustomerTag.id))
        .outerjoin(CustomerTag, CustomerTag.tag_id == Tag.id)
        .group_by(Tag.id)
        .order_by(Tag.folded)
    )
    return [TagView(id=row[0], name=row[1], customers=row[2]) for row in db.session.execute(statement)]


def having(*, tag_id: str) -> Select[int]:
    """The row ids of the customers with this tag, as part of another statement."""
    return (
        select(CustomerTag.customer_id).join(Tag, Tag.id == CustomerTag.tag_id).where(Tag.public_id == tag_id)
    )


def notes_statement(*, customer_id: int) -> Select[CustomerNote]:
    """The newest first."""
    mine = CustomerNote.customer_id == customer_id
    return select(CustomerNote).where(mine).order_by(CustomerNote.id.desc())


def notes_of(
    *, customer_id: int, before: str | None = None, limit: int
) -> tuple[Sequence[CustomerNote], str | None]:
    """The newest first, with the id to go on from. Raises `Invalid` for one that is not of a note of theirs."""
    statement = notes_statement(customer_id=customer_id)
    if before is not None:
        mine = and_(CustomerNote.public_id == before, CustomerNote.customer_id == customer_id)
        place = db.session.scalar(select(CustomerNote.id).where(mine))
        statement = statement.where(CustomerNote.id < _known(place))
    rows = db.session.scalars(statement.limit(limit + 1)).all()
    return rows[:limit], rows[limit - 1].public_id if len(rows) > limit else None


def _known(place: int | None) -> int:
    if place is None:
        raise Invalid({"cursor": [_("这一页已经找不到了，请从头看起。")]})
    return place


@dataclass(frozen=True, kw_only=True)
class TaskFilter:
    """`assignee` is the public id of a staff member; None for everybody's. `state` is one, or empty for all."""

    assignee: str | None = None
    customer_id: int | None = None
    state: str = ""


def tasks_statement(wanted: TaskFilter) -> Select[CustomerTask]:
    """Open ones first by the day they are due, then the newest."""
    statement = select(CustomerTask)
    if wanted.assignee is not None:
        statement = statement.where(CustomerTask.assignee == wanted.assignee)
    if wanted.customer_id is not None:
        statement = statement.where(CustomerTask.customer_id == wanted.customer_id)
    if wanted.state:
        statement = statement.where(CustomerTask.state == wanted.state)
    is_open = CustomerTask.state == TaskState.OPEN
    return statement.order_by(is_open.desc(), CustomerTask.due.asc().nulls_last(), CustomerTask.id.desc())


def tasks_of(
    *, customer_id: int, before: str | None = None, limit: int
) -> tuple[Sequence[CustomerTask], str | None]:
    """The newest first, with the id to go on from. Raises `Invalid` for one that is not of a task of theirs."""
    statement = select(CustomerTask).where(CustomerTask.customer_id == customer_id)
    if before is not None:
        mine = and_(CustomerTask.public_id == before, CustomerTask.customer_id == customer_id)
        statement = statement.where(
            CustomerTask.id < _known(db.session.scalar(select(CustomerTask.id).where(mine)))
        )
    rows = db.session.scalars(statement.order_by(CustomerTask.id.desc()).limit(limit + 1)).all()
    return rows[:limit], rows[limit - 1].public_id if len(rows) > limit else None


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """What somebody has to do: how much, how much of it is overdue, and what comes first."""

    count: int
    overdue: int
    first: Sequence[CustomerTask]


def waiting_for(*, assignee: str, today: date, shown: int) -> Waiting:
    """The open tasks of a staff member, by public id."""
    mine = (CustomerTask.assignee == assignee, CustomerTask.state == TaskState.OPEN)
    late = select(func.count()).where(*mine, CustomerTask.due < today)
    first = tasks_statement(TaskFilter(assignee=assignee, state=TaskState.OPEN.value))
    return Waiting(
        count=db.session.scalar(select(func.count()).where(*mine)) or 0,
        overdue=db.session.scalar(late) or 0,
        first=db.session.scalars(first.limit(shown)).all(),
    )
