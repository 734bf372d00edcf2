"""What waits for somebody's hand: read for the overview and the screen of background work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from shopapp.kernel.db import db
from shopapp.kernel.jobs import JobRun, RunState, worker_seen
from shopapp.kernel.outbox import Delivery, StoredEvent
from shopapp.loyalty.cashback import payouts
from shopapp.store.payments import queries as payments
from shopapp.wechat import problems
from shopapp.wechat.models import MessageState, OutgoingMessage

JOB_FAILURES_WITHIN = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class Troubles:
    """How many things of each kind went wrong and need people."""

    worker_missing: bool
    money: int
    transfers: int
    deliveries: int
    messages: int
    jobs: int
    platform: int

    @property
    def any(self) -> bool:
        counts = (self.money, self.transfers, self.deliveries, self.messages, self.jobs, self.platform)
        return self.worker_missing or any(counts)


def troubles(*, now: datetime) -> Troubles:
    """One count each."""
    return Troubles(
        worker_missing=not worker_seen(),
        money=payments.troubles_count(),
        transfers=payouts.refused_count(),
        deliveries=_count(failed_deliveries()),
        messages=_count(failed_messages()),
        jobs=_count(failed_jobs(now=now)),
        platform=len(problems.listing()),
    )


def failed_deliveries() -> Select[*tuple[Any, ...]]:
    """(delivery, name of its event, when it happened), given up after all tries; newest first."""
    return (
        select(Delivery, StoredEvent.name, StoredEvent.occurred_at)
        .join(StoredEvent, StoredEvent.id == Delivery.event_id)
        .where(Delivery.given_up, Delivery.done_at.is_(None))
        .order_by(Delivery.id.desc())
    )


def failed_messages() -> Select[OutgoingMessage]:
    """Messages that the platform refused for good, newest first."""
    failed = OutgoingMessage.state == MessageState.FAILED
    return select(OutgoingMessage).where(failed).order_by(OutgoingMessage.id.desc())


def failed_jobs(*, now: datetime) -> Select[JobRun]:
    """Runs of the last day that ended with an error, newest first."""
    return (
        select(JobRun)
        .where(JobRun.state == RunState.FAILED, JobRun.slot >= now - JOB_FAILURES_WITHIN)
        .order_by(JobRun.id.desc())
    )


def last_runs(names: Sequence[str]) -> dict[str, JobRun]:
    """The latest run of each job, in one query that looks each up by the index, since there are a great many runs."""
    slots = aliased(JobRun)
    latest = [
        and_(
            JobRun.name == name,
            JobRun.slot == select(func.max(slots.slot)).where(slots.name == name).scalar_subquery(),
        )
        for name in names
    ]
    return {run.name: run for run in db.session.scalars(select(JobRun).where(or_(*latest)))}


def _count(statement: Select[*tuple[Any, ...]]) -> int:
    return db.session.scalar(select(func.count()).select_from(statement.order_by(None).subquery())) or 0
