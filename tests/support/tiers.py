"""Rules of tiers, growth at days of a story, and members whose growth comes through the books."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Any

from sqlalchemy import func, select

from shopapp.kernel import clock
from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.db import db, transaction
from shopapp.kernel.outbox import StoredEvent
from shopapp.kernel.settings import settings
from shopapp.loyalty.ledger import services as ledger
from shopapp.loyalty.ledger.models import Unit
from shopapp.loyalty.ledger.services import Shortfall
from shopapp.loyalty.ledger.writing import purse
from shopapp.loyalty.tiers import jobs, queries, replay, services
from shopapp.loyalty.tiers.line import Growth, Step, Version
from shopapp.loyalty.tiers.models import MemberTier, TierOverride
from shopapp.loyalty.tiers.rules import History, Override, evaluate
from shopapp.loyalty.tiers.terms import Drop, Level, Mode, TierTerms
from shopapp.members.identity.services import note_following
from shopapp.wechat.models import OutgoingMessage

from .clocks import ShopClock
from .people import Person, make_person

LEVELS = (
    Level(code="member", name="普通会员", entry=0, keep=0),
    Level(code="silver", name="银卡会员", entry=100, keep=60),
    Level(code="gold", name="金卡会员", entry=300, keep=200),
    Level(code="diamond", name="钻石会员", entry=1000, keep=700),
)
JOINED = datetime(2026, 1, 5, 10, 0, tzinfo=SHOP_ZONE).astimezone(UTC)
_keys = count(1)


def terms(**changes: Any) -> TierTerms:
    """Twelve months, no grace, one step down, unless said otherwise."""
    values: dict[str, Any] = {
        "mode": Mode.ROLLING,
        "length": 12,
        "levels": LEVELS,
        "grace_days": 0,
        "drop": Drop.ONE_STEP,
        "growth_per_yuan": 1,
    }
    return TierTerms(**{**values, **changes})


def on(day: str, hour: int = 10) -> datetime:
    """`on("2026-03-01")`: ten o'clock of that day in the shop."""
    year, month, number = map(int, day.split("-"))
    return datetime(year, month, number, hour, tzinfo=SHOP_ZONE).astimezone(UTC)


def midnight(day: str) -> datetime:
    return on(day, hour=0)


def grew(day: str, amount: int, award: str = "") -> Growth:
    """Growth of its own award, or what was taken back from a named one."""
    return Growth(amount=amount, at=on(day), award=award or f"award {day} {amount}")


def history(
    *growth: Growth,
    now: str | datetime,
    rules: TierTerms | Sequence[Version] | None = None,
    overrides: Sequence[Override] = (),
    joined: datetime = JOINED,
) -> History:
    versions = [first(rules or terms())] if rules is None or isinstance(rules, TierTerms) else rules
    moment = on(now) if isinstance(now, str) else now
    return evaluate(growth=growth, versions=versions, overrides=overrides, joined_at=joined, now=moment)


def first(rules: TierTerms) -> Version:
    return Version(number=0, at=datetime(1970, 1, 1, tzinfo=UTC), terms=rules)


def story(found: History) -> list[tuple[str, str, str]]:
    """(why, code, day) of each step, in shop time."""
    return [brief(step) for step in found.steps]


def brief(step: Step) -> tuple[str, str, str]:
    return (step.why.value, step.code, f"{step.since.astimezone(SHOP_ZONE):%Y-%m-%d}")


def ends(found: History) -> str:
    until = found.current.until
    return "" if until is None else f"{until.astimezone(SHOP_ZONE):%Y-%m-%d %H:%M}"


def save_terms(wanted: TierTerms, *, now: datetime) -> int:
    with transaction():
        return services.save_version(terms=wanted, note="", based_on=queries.version_now().number, now=now)


def make_member(*, at: datetime = JOINED) -> Person:
    person = make_person()
    with transaction():
        services.enter(customer_id=person.id, at=at, now=at)
    return person


def earn_growth(person: Person, amount: int, *, at: datetime, key: str = "", pending: bool = False) -> str:
    """What a paid order of the person gives; its key."""
    key = key or f"growth:{next(_keys)}"
    with transaction():
        ledger.earn(
            purse=purse(customer_id=person.id, unit=Unit.GROWTH),
            amount=amount,
            key=key,
            subject=f"order:{key}",
            pending=pending,
            now=at,
        )
    return key


def refund_growth(award: str, *, refunded: int, paid: int, at: datetime) -> None:
    with transaction():
        ledger.take_back(
            award=award,
            refunded=refunded,
            paid=paid,
            shortfall=Shortfall.WAIVE,
            key=f"refund:{next(_keys)}",
            now=at,
        )


def member_row(person: Person) -> MemberTier:
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(MemberTier).filter_by(customer_id=person.id)).one()


def travel(clock: ShopClock, moment: datetime) -> datetime:
    """To a time, and let the jobs of tiers run then."""
    now = clock.forward(seconds=(moment - clock.now()).total_seconds())
    jobs.evaluate_tiers(now)
    return now


def events_named(name: str) -> list[dict[str, object]]:
    db.session.rollback()
    rows = select(StoredEvent.payload).where(StoredEvent.name == name).order_by(StoredEvent.id)
    return list(db.session.scalars(rows))


def messages_about(topic: str) -> list[OutgoingMessage]:
    db.session.rollback()
    rows = select(OutgoingMessage).where(OutgoingMessage.topic == topic).order_by(OutgoingMessage.id)
    return list(db.session.scalars(rows))


def assert_replay_is_what_is_kept() -> None:
    db.session.rollback()
    report = replay.replay()
    assert report.differences == []
    assert report.checked == db.session.scalar(select(func.count()).select_from(MemberTier))


def follow(person: Person) -> None:
    with transaction():
        note_following(
            appid=settings().wx_appid,
            openid=person.signed_in.openid,
            following=True,
            at=JOINED,
            now=JOINED,
        )


def give(
    person: Person, code: str, *, until: datetime, now: datetime, since: datetime | None = None
) -> TierOverride:
    with transaction():
        return services.set_override(
            customer_id=person.id,
            public_id=person.signed_in.public_id,
            code=code,
            reason="老朋友",
            since=since,
            until=until,
            now=now,
        )


def set_discounts(*basis_points: int) -> None:
    """Of the first tiers, in their order."""
    version = queries.version_now()
    levels = list(version.terms.levels)
    for rank, discount in enumerate(basis_points):
        benefits = replace(levels[rank].benefits, discount_bp=discount)
        levels[rank] = replace(levels[rank], benefits=benefits)
    with transaction():
        changed = replace(version.terms, levels=tuple(levels))
        services.save_version(terms=changed, note="", based_on=version.number, now=clock.now())
