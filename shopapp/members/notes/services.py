"""Writing notes and tasks. Each act leaves a trace in the audit trail that does not say what was written."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import delete, select

from shopapp.kernel import audit
from shopapp.kernel.access import current_actor
from shopapp.kernel.db import db, rows_changed
from shopapp.kernel.errors import Invalid, NotFound, ShopError
from shopapp.kernel.i18n import _, _l
from shopapp.members.identity import queries as identity
from shopapp.members.identity import services as people

from . import queries, rules
from .models import TASK_MOVES, CustomerNote, CustomerTag, CustomerTask, TaskState


class NotYours(ShopError):
    status, code, text = 403, "not_yours", _l("只有写的人自己能改和删，没有任何改动。")


class Erased(ShopError):
    status, code, text = 409, "customer_erased", _l("这位顾客已经注销，不再记新的内容，没有任何改动。")


def author() -> str:
    """Who acts, as notes and tasks name them."""
    actor = current_actor()
    return f"{actor.kind}:{actor.id}"


def living(*, customer: str) -> int:
    """The row id of a customer who is named by public id; locked, so that they are not erased meanwhile.

    Raises `NotFound`, `Erased`.
    """
    person = identity.find(public_id=customer)
    if person is None:
        raise NotFound
    if not people.lock_unerased(customer_id=person.id):
        raise Erased
    return person.id


def record(what: str, *, customer: str, **changes: str) -> None:
    audit.record(action=f"customer.{what}", subject_kind="customer", subject_id=customer, changes=changes)


def add_note(*, customer: str, text: str, now: datetime) -> CustomerNote:
    """Raises `NotFound`, `Erased`, `Invalid`."""
    customer_id = living(customer=customer)
    note = CustomerNote(
        customer_id=customer_id,
        text=_checked(text, longest=rules.NOTE_MAX),
        author=author(),
        author_name=current_actor().name,
        created_at=now,
    )
    db.session.add(note)
    db.session.flush()
    record("note", customer=customer)
    return note


def edit_note(*, customer: str, note_id: str, text: str, now: datetime) -> None:
    """Raises `NotFound`, `NotYours`, `Invalid`."""
    note = _own(customer, note_id)
    note.text, note.edited_at = _checked(text, longest=rules.NOTE_MAX), now
    db.session.flush()
    record("note_update", customer=customer)


def delete_note(*, customer: str, note_id: str) -> None:
    """Raises `NotFound`, `NotYours`."""
    db.session.delete(_own(customer, note_id))
    db.session.flush()
    record("note_delete", customer=customer)


def _own(customer: str, note_id: str) -> CustomerNote:
    person = identity.find(public_id=customer)
    found = select(CustomerNote).where(
        CustomerNote.public_id == note_id, CustomerNote.customer_id == (person.id if person else None)
    )
    note = db.session.scalar(found)
    if note is None:
        raise NotFound
    if note.author != author():
        raise NotYours
    return note


def add_task(
    *, customer: str, text: str, due: date | None, assignee: str | None, now: datetime
) -> CustomerTask:
    """`assignee` is the public id of a staff member. Raises `NotFound`, `Erased`, `Invalid`."""
    customer_id = living(customer=customer)
    names = dict(queries.colleagues())
    if assignee is not None and assignee not in names:
        raise Invalid({"assignee": [_("没有这位员工，或者已经停用。")]})
    task = CustomerTask(
        customer_id=customer_id,
        text=_checked(text, longest=rules.TASK_MAX),
        due=due,
        assignee=assignee,
        assignee_name=names[assignee] if assignee else "",
        author=author(),
        author_name=current_actor().name,
        created_at=now,
    )
    db.session.add(task)
    db.session.flush()
    record("task", customer=customer)
    return task


def end_task(*, task_id: str, done: bool, now: datetime) -> CustomerTask:
    """Whoever may write notes may end a task. Raises `NotFound`, `IllegalMove`."""
    task = db.session.scalar(select(CustomerTask).where(CustomerTask.public_id == task_id))
    if task is None:
        raise NotFound
    state = TaskState.DONE if done else TaskState.CANCELLED
    TASK_MOVES.move(task, state, ended_at=now, ended_name=current_actor().name)
    customer = identity.by_ids(customer_ids=[task.customer_id])[task.customer_id].public_id
    record("task_done" if done else "task_cancel", customer=customer)
    return task


def forget(*, customer_id: int, now: datetime) -> None:
    """Delete what was written of a customer; tasks stay as empty records, those that were open as cancelled."""
    rows_changed(delete(CustomerNote).where(CustomerNote.customer_id == customer_id))
    rows_changed(delete(CustomerTag).where(CustomerTag.customer_id == customer_id))
    mine = select(CustomerTask).where(CustomerTask.customer_id == customer_id).order_by(CustomerTask.id)
    for task in db.session.scalars(mine):
        task.text = ""
        TASK_MOVES.try_move(task, TaskState.CANCELLED, ended_at=now)
    db.session.flush()


def _checked(text: str, *, longest: int) -> str:
    tidied = text.replace("\r\n", "\n").strip()
    problem = rules.text_problem(tidied, longest=longest)
    if problem is not None:
        raise Invalid({"text": [problem]})
    return tidied
