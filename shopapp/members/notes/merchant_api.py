"""JSON for the merchant: what staff keep of customers for one another."""

from __future__ import annotations

from typing import Any

from shopapp.kernel import clock
from shopapp.kernel.access import Permission, guard_merchant_api, requires
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.http import found, writes
from shopapp.kernel.idempotency import once
from shopapp.members.identity import queries as customers

from . import queries, services, tags
from .models import CustomerNote, CustomerTask
from .schemas import (
    CustomerNoteAnswer,
    CustomerNoteInput,
    CustomerNoteList,
    CustomerTaskAnswer,
    CustomerTaskInput,
    CustomerTaskList,
    NotePageInput,
    TagList,
    TagsInput,
)

blp = ApiBlueprint(
    "merchant_notes", __name__, url_prefix="/api/v1/admin/customers", description="商家：备注、标签和待办"
)
guard_merchant_api(blp)


@blp.get("/<customer_id>/tags")
@requires(Permission.CUSTOMERS_VIEW)
@blp.response(200, TagList)
def list_tags(customer_id: str) -> dict[str, Any]:
    return _tags(customer_id)


@blp.put("/<customer_id>/tags")
@requires(Permission.CUSTOMERS_NOTE)
@writes
@blp.arguments(TagsInput)
@blp.response(200, TagList)
def put_tags(data: dict[str, Any], customer_id: str) -> dict[str, Any]:
    """Let the customer have these tags and no other."""
    tags.put(customer=customer_id, names=data["tags"], now=clock.now())
    return _tags(customer_id)


def _tags(customer_id: str) -> dict[str, Any]:
    person = found(customers.find(public_id=customer_id))
    return {"items": queries.tags_of(customer_id=person.id)}


@blp.get("/<customer_id>/notes")
@requires(Permission.CUSTOMERS_NOTE)
@blp.arguments(NotePageInput, location="query")
@blp.response(200, CustomerNoteList)
def list_notes(data: dict[str, Any], customer_id: str) -> dict[str, Any]:
    """The newest first."""
    person = found(customers.find(public_id=customer_id))
    rows, cursor = queries.notes_of(customer_id=person.id, before=data.get("cursor"), limit=data["limit"])
    return {"items": [_note(row) for row in rows], "next_cursor": cursor}


@blp.post("/<customer_id>/notes")
@requires(Permission.CUSTOMERS_NOTE)
@once
@blp.arguments(CustomerNoteInput)
@blp.response(201, CustomerNoteAnswer)
def add_note(data: dict[str, Any], customer_id: str) -> dict[str, Any]:
    return _note(services.add_note(customer=customer_id, text=data["text"], now=clock.now()))


@blp.get("/<customer_id>/tasks")
@requires(Permission.CUSTOMERS_NOTE)
@blp.arguments(NotePageInput, location="query")
@blp.response(200, CustomerTaskList)
def list_tasks(data: dict[str, Any], customer_id: str) -> dict[str, Any]:
    """The newest first."""
    person = found(customers.find(public_id=customer_id))
    rows, cursor = queries.tasks_of(customer_id=person.id, before=data.get("cursor"), limit=data["limit"])
    return {"items": [_task(row) for row in rows], "next_cursor": cursor}


@blp.post("/<customer_id>/tasks")
@requires(Permission.CUSTOMERS_NOTE)
@once
@blp.arguments(CustomerTaskInput)
@blp.response(201, CustomerTaskAnswer)
def add_task(data: dict[str, Any], customer_id: str) -> dict[str, Any]:
    return _task(services.add_task(customer=customer_id, **data, now=clock.now()))


def _note(row: CustomerNote) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "text": row.text,
        "author": row.author_name,
        "created_at": row.created_at,
        "edited_at": row.edited_at,
    }


def _task(row: CustomerTask) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "text": row.text,
        "due": row.due,
        "assignee": row.assignee,
        "assignee_name": row.assignee_name,
        "state": row.state.value,
        "author": row.author_name,
        "created_at": row.created_at,
        "ended_at": row.ended_at,
    }
