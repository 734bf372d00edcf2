"""Who is due which perk: found in bounded batches, written by unique keys, so that running again changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, update
from sqlalchemy.dialects import postgresql, sqlite

from shopapp.events import PerkGranted
from shopapp.kernel.clock import day_start, shop_day
from shopapp.kernel.db import db, is_sqlite, rows_changed
from shopapp.kernel.ids import new_id
from shopapp.kernel.outbox import publish
from shopapp.loyalty.cards import queries as cards
from shopapp.loyalty.tiers import queries as tiers
from shopapp.members.identity import former, members

from . import queries, rules
from .models import Perk, PerkGrant
from .queries import PerkRow
from .rules import GrantStatus, PerkKind, Span

BATCH = 500
GRANTS = cast(Table, PerkGrant.__table__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """One person's grant for one period; `ends` is when it can be taken no more, if ever."""

    customer_id: int
    period: str
    ends: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Entitled:
    """A member with a right to a perk, since when they have been one, and the end of the term of their tier or card."""

    customer_id: int
    since: datetime
    until: datetime | None


def due(perk: PerkRow, *, now: datetime) -> Iterator[list[Due]]:
    """All that a perk is due to give, some people at a time. What periods were missed since the last run are among it."""
    if perk.content.kind is PerkKind.CONTACT:
        return
    found = (
        _birthdays(perk, now=now) if perk.content.kind is PerkKind.BIRTHDAY_GIFT else _periods(perk, now=now)
    )
    for batch in found:
        if batch:
            yield batch


def _periods(perk: PerkRow, *, now: datetime) -> Iterator[list[Due]]:
    for people in _entitled(perk, now=now):
        yield [one for person in people for one in _due_to(perk, person, since=perk.granted_through, now=now)]


def _due_to(perk: PerkRow, person: Entitled, *, since: datetime | None, now: datetime) -> Iterator[Due]:
    content = perk.content
    for span in rules.spans(content.period, until=person.until, since=since, now=now):
        if _was_there(person, before=span.ends):
            ends = rules.over_at(span, content.terms, now=now)
            yield Due(customer_id=person.customer_id, period=span.key, ends=ends)


def _was_there(person: Entitled, *, before: datetime | None) -> bool:
    return before is None or person.since < before


def _entitled(perk: PerkRow, *, now: datetime) -> Iterator[list[Entitled]]:
    """Members of the perk's tiers, then holders of its cards who are in none of these, each in the order of row ids."""
    content, last = perk.content, 0
    while content.tiers:
        placed = tiers.placed(codes=content.tiers, after_id=last, limit=BATCH)
        if not placed:
            break
        last = placed[-1].customer_id
        yield [Entitled(customer_id=one.customer_id, since=one.joined_at, until=one.until) for one in placed]
    last = 0
    while content.plans:
        holders = cards.holders(plan_ids=content.plans, after_id=last, limit=BATCH, now=now)
        if not holders:
            break
        last = holders[-1][0]
        yield _by_card_alone(perk, holders)


def _by_card_alone(perk: PerkRow, holders: Sequence[tuple[int, datetime]]) -> list[Entitled]:
    """Those of these holders who are members, and in none of the perk's tiers."""
    placed = tiers.placed_among(customer_ids=[customer_id for customer_id, _until in holders])
    others = {one.customer_id: one.joined_at for one in placed if one.code not in perk.content.tiers}
    return [
        Entitled(customer_id=customer_id, since=others[customer_id], until=until)
        for customer_id, until in holders
        if customer_id in others
    ]


def _among(perk: PerkRow, customer_ids: Collection[int], *, now: datetime) -> list[Entitled]:
    content = perk.content
    found = [
        Entitled(customer_id=one.customer_id, since=one.joined_at, until=one.until)
        for one in tiers.placed_among(customer_ids=customer_ids)
        if one.code in content.tiers
    ]
    if content.plans:
        holders = cards.holders_among(plan_ids=content.plans, customer_ids=customer_ids, now=now)
        found += _by_card_alone(perk, holders)
    return found


def _birthdays(perk: PerkRow, *, now: datetime) -> Iterator[list[Due]]:
    for birthday in rules.celebrations(perk.content.terms, since=perk.granted_through, now=now):
        passed = birthday.day < shop_day(now)
        before = day_start(birthday.day + timedelta(days=1)) if passed else None
        for ids in _celebrating(birthday.day):
            yield [
                Due(customer_id=person.customer_id, period=birthday.span.key, ends=birthday.ends)
                for person in _among(perk, ids, now=now)
                if _was_there(person, before=before)
            ]


def _celebrating(day: date) -> Iterator[Sequence[int]]:
    last = 0
    while ids := members.with_birthday_on(day, after_id=last, limit=BATCH):
        last = ids[-1]
        yield ids


def write(perk: PerkRow, batch: Sequence[Due], *, now: datetime) -> list[str]:
    """Grant what of this batch was not granted before, also not to who was forgotten since; the public ids of the new."""
    known = _granted(perk, batch, now=now)
    content = perk.content
    rows: list[dict[str, Any]] = [
        {
            "public_id": new_id(),
            "customer_id": one.customer_id,
            "perk_id": perk.row_id,
            "slot": perk.slot,
            "period": one.period,
            "terms": content.terms.dump(),
            "automatic": content.terms.automatic,
            "status": GrantStatus.GRANTED,
            "valid_until": one.ends,
            "granted_at": now,
        }
        for one in sorted(batch, key=lambda one: (one.customer_id, one.period))
        if (one.customer_id, one.period) not in known
    ]
    if not rows:
        return []
    insert = sqlite.insert(GRANTS) if is_sqlite() else postgresql.insert(GRANTS)
    db.session.connection().execute(insert.on_conflict_do_nothing(), rows)
    fresh = queries.written(public_ids=[row["public_id"] for row in rows])
    if content.kind is PerkKind.BIRTHDAY_GIFT:
        for row_id in fresh.values():
            publish(PerkGranted(grant_id=row_id))
    return list(fresh)


def _granted(perk: PerkRow, batch: Sequence[Due], *, now: datetime) -> set[tuple[int, str]]:
    """(row id of the customer, period) of what these people had, as themselves or before they were forgotten."""
    ids = [one.customer_id for one in batch]
    found = queries.granted_pairs(slot=perk.slot, customer_ids=ids)
    for period in sorted({one.period for one in batch}):
        gift = queries.gift_of(slot=perk.slot, period=period)
        found |= {(who, period) for who in former.had_before_among(customer_ids=ids, gift=gift, now=now)}
    return found


def note_done(perk: PerkRow, *, now: datetime) -> None:
    """This perk's grants have been made for all up to now."""
    rows_changed(update(Perk).where(Perk.id == perk.row_id).values(granted_through=now))


def grant_to(*, customer_id: int, now: datetime) -> list[str]:
    """Grant a member what they are due at this moment, as when their tier changes; the public ids of the new grants."""
    tier = tiers.tier_of(customer_id=customer_id, now=now)
    if tier is None:
        return []
    held = {one.plan_id: one.until for one in cards.held(customer_id=customer_id, now=now)}
    fresh = []
    for perk in queries.perks(active=True):
        ends = [held[plan_id] for plan_id in perk.content.plans if plan_id in held]
        if tier.code in perk.content.tiers or ends:
            until = tier.until if tier.code in perk.content.tiers else max(ends)
            person = Entitled(customer_id=customer_id, since=now, until=until)
            fresh += write(perk, list(_due_now(perk, person, now=now)), now=now)
    return fresh


def _due_now(perk: PerkRow, person: Entitled, *, now: datetime) -> Iterator[Due]:
    kind, terms = perk.content.kind, perk.content.terms
    if kind is PerkKind.CONTACT:
        return
    if kind is not PerkKind.BIRTHDAY_GIFT:
        yield from _due_to(perk, person, since=None, now=now)
        return
    member = members.member_of(person.customer_id)
    born = None if member is None or member.birthday is None else member.birthday
    for birthday in rules.celebrations(terms, since=None, now=now):
        if born is not None and (born.month, born.day) in _month_days(birthday.day):
            yield Due(customer_id=person.customer_id, period=birthday.span.key, ends=birthday.ends)


def _month_days(day: date) -> set[tuple[int, int]]:
    """The birthdays celebrated on this day."""
    plain = {(day.month, day.day)}
    return plain | {(2, 29)} if (day.month, day.day) == (2, 28) else plain


def current_span(perk: PerkRow, *, customer_id: int, now: datetime) -> Span:
    """The period that a grant made by hand now belongs to."""
    if perk.content.kind is PerkKind.BIRTHDAY_GIFT:
        return rules.year_of(shop_day(now).year)
    tier = tiers.tier_of(customer_id=customer_id, now=now)
    until = None if tier is None else tier.until
    return rules.spans(perk.content.period, until=until, since=None, now=now)[-1]
