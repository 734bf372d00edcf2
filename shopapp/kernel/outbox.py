"""Events as rows, written with the change they tell of; each (event, handler) happens once.

After the commit they are delivered at once in the same process; what that misses, the worker delivers. A handler runs in
a transaction of its own that also marks its delivery as done, so its effects and the mark stand or fall together.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import structlog
from flask import Flask, current_app, g, has_request_context
from flask.wrappers import Response
from sqlalchemy import (
    ForeignKey,
    Index,
    Text,
    UniqueConstraint,
    bindparam,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from . import clock
from .db import Model, db, in_transaction, rows_changed, transaction

log = structlog.get_logger(__name__)

TRIES_MAX = 12
FIRST_PAUSE_SECONDS = 5
PAUSE_MAX_SECONDS = 3600
BATCH = 1000

Handler = Callable[[Any], None]


class StoredEvent(Model):
    """Something that happened: the name of its record and the record's fields."""

    __tablename__ = "events"

    name: Mapped[str]
    payload: Mapped[dict[str, Any]]
    occurred_at: Mapped[datetime] = mapped_column(index=True)


class Delivery(Model):
    """One handler's turn with one event."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("event_id", "handler"),
        Index("ix_deliveries_open", "next_try_at", postgresql_where=text("done_at IS NULL AND NOT given_up")),
    )

    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    handler: Mapped[str]
    tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    given_up: Mapped[bool] = mapped_column(default=False)
    error: Mapped[str | None] = mapped_column(Text)


class Turn(NamedTuple):
    """A delivery whose event is still at hand."""

    delivery_id: int
    handler: str
    event: Any


# built once, since building them costs more than running them
_INSERT_EVENT = insert(StoredEvent.__table__).returning(StoredEvent.__table__.c.id)  # type: ignore[arg-type]
_INSERT_DELIVERY = insert(Delivery.__table__).returning(Delivery.__table__.c.id)  # type: ignore[arg-type]
_CLAIM = (
    update(Delivery.__table__)  # type: ignore[arg-type]
    .where(Delivery.id == bindparam("delivery"), Delivery.done_at.is_(None))
    .values(done_at=bindparam("now"), tries=Delivery.tries + 1)
    .returning(Delivery.event_id, Delivery.handler)
)


class Registry:
    """Which handlers an event has, and how to make the record again from its row."""

    def __init__(self) -> None:
        self.handlers: dict[str, dict[str, Handler]] = {}
        self.kinds: dict[str, type[Any]] = {}
        self.as_of_now: Callable[[Any], Any] = lambda event: event
        """How an event is to be read when its turn comes: whom it names may have turned out to be somebody else."""

    def add(self, kind: type[Any], handler: Handler) -> None:
        name = f"{handler.__module__.removeprefix('shopapp.')}.{handler.__name__}"
        self.kinds[kind.__name__] = kind
        self.handlers.setdefault(kind.__name__, {})[name] = handler


def registry() -> Registry:
    found: Registry = current_app.extensions["outbox"]
    return found


def publish(event: Any) -> None:
    """Write the event and a delivery for each of its handlers into the open transaction.

    Raises `RuntimeError` outside of a transaction.
    """
    if not in_transaction():
        raise RuntimeError("an event belongs to the transaction of the change it tells of")
    now = clock.now()
    name = type(event).__name__
    event_id = db.session.execute(
        _INSERT_EVENT, {"name": name, "payload": _dump(event), "occurred_at": now}
    ).scalar_one()
    for handler in registry().handlers.get(name, {}):
        row = {"event_id": event_id, "handler": handler, "next_try_at": now}
        delivery_id = db.session.execute(_INSERT_DELIVERY, row).scalar_one()
        db.session.info.setdefault("published", []).append(Turn(delivery_id, handler, event))


def _dump(event: Any) -> dict[str, Any]:
    fields = dataclasses.asdict(event)
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in fields.items()
    }


def _load(name: str, payload: dict[str, Any]) -> Any:
    kind = registry().kinds[name]
    times = {field.name for field in dataclasses.fields(kind) if "datetime" in str(field.type)}
    return kind(
        **{
            key: datetime.fromisoformat(value) if key in times and value is not None else value
            for key, value in payload.items()
        }
    )


def after_commit(turns: list[Turn]) -> None:
    """Deliver soon: within a request after its answer has been sent, otherwise at once."""
    if has_request_context():
        g.setdefault("published_events", []).extend(turns)
    else:
        deliver(turns=turns)


def deliver_after_responses(app: Flask) -> None:
    """Hand a request's events to their handlers once its answer is out."""

    def run(turns: list[Turn]) -> None:
        with app.app_context():
            deliver(turns=turns)

    @app.after_request
    def later(response: Response) -> Response:
        turns: list[Turn] = g.pop("published_events", [])
        if turns:
            response.call_on_close(lambda: run(turns))
        return response


def deliver(*, turns: list[Turn]) -> int:
    """Run these deliveries; returns how many were done. Errors are kept for a later try."""
    return sum(run_delivery(delivery_id=turn.delivery_id, turn=turn) for turn in turns)


def deliver_due(*, now: datetime, limit: int = BATCH) -> int:
    """Run deliveries that are due; returns how many were done."""
    statement = (
        select(Delivery.id)
        .where(Delivery.done_at.is_(None), Delivery.given_up.is_(False), Delivery.next_try_at <= now)
        .order_by(Delivery.next_try_at, Delivery.id)
        .limit(limit)
    )
    return sum(run_delivery(delivery_id=delivery_id) for delivery_id in db.session.scalars(statement).all())


def run_delivery(*, delivery_id: int, turn: Turn | None = None) -> bool:
    """One handler's turn, in its own transaction; tells whether this call did it."""
    try:
        with transaction():
            claimed = db.session.execute(_CLAIM, {"delivery": delivery_id, "now": clock.now()}).first()
            if claimed is None:
                return False
            if turn is None:
                stored = db.session.get_one(StoredEvent, claimed.event_id)
                turn = Turn(delivery_id, claimed.handler, _load(stored.name, stored.payload))
            handlers = registry()
            handlers.handlers[type(turn.event).__name__][turn.handler](handlers.as_of_now(turn.event))
    except Exception as problem:  # noqa: BLE001 - whatever a handler does wrong, its turn is kept and tried again
        _postpone(delivery_id=delivery_id, problem=problem)
        return False
    return True


def _postpone(*, delivery_id: int, problem: Exception) -> None:
    now = clock.now()
    with transaction():
        row = db.session.get(Delivery, delivery_id)
        if row is None or row.done_at is not None:
            return
        row.tries += 1
        row.error = f"{type(problem).__name__}: {problem}"[:500]
        pause = min(FIRST_PAUSE_SECONDS * 2 ** (row.tries - 1), PAUSE_MAX_SECONDS)
        row.next_try_at = now + timedelta(seconds=pause)
        row.given_up = row.tries >= TRIES_MAX
    log.error("delivery failed", delivery_id=delivery_id, exc_info=problem)


def try_again(*, delivery_id: int, now: datetime) -> None:
    """Give a delivery that was given up new tries, beginning now."""
    values = {"tries": 0, "given_up": False, "next_try_at": now}
    rows_changed(
        update(Delivery).where(Delivery.id == delivery_id, Delivery.done_at.is_(None)).values(**values)
    )
