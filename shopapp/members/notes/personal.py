"""What staff wrote of a customer as part of what is known of a person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.db import db

from . import queries, services
from .models import CustomerTask


def export(customer_id: int) -> dict[str, Any]:
    tasks = select(CustomerTask).filter_by(customer_id=customer_id).order_by(CustomerTask.id)
    return {
        "tags": [tag.name for tag in queries.tags_of(customer_id=customer_id)],
        "notes": [
            {"text": note.text, "at": _time(note.created_at)}
            for note in db.session.scalars(queries.notes_statement(customer_id=customer_id))
        ],
        "tasks": [
            {
                "text": task.text,
                "due": task.due.isoformat() if task.due else None,
                "state": task.state.value,
                "at": _time(task.created_at),
            }
            for task in db.session.scalars(tasks)
        ],
    }


def erase(customer_id: int, now: datetime) -> None:
    services.forget(customer_id=customer_id, now=now)


def _time(moment: datetime) -> str:
    return moment.astimezone(SHOP_ZONE).isoformat()
