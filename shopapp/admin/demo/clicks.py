"""Browsers that came by the demo shop's short links: those of people who claimed, of those who came so, and of nobody known."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from shopapp.kernel.clock import shop_day

from . import rows
from .claims import Claim
from .followers import Known
from .ids import Ids
from .people import Customer
from .rows import Row
from .ways import Way, way_of

STRANGERS_PER_PERSON, STRANGERS_MAX = 0.7, 20_000
STRANGERS_BY = {Way.TMALL: 5, Way.JD: 3, Way.SMS: 3}
CARDS = {"tmall": Way.TMALL, "jd": Way.JD}
BATCH = 1000
BEFORE = timedelta(minutes=3)
YEAR = timedelta(days=360)


def write(
    people: Sequence[Customer],
    known: Sequence[Known],
    *,
    claims: Sequence[Claim],
    scenes: Mapping[Way, int],
    ids: Ids,
    until: datetime,
) -> None:
    """Visits, and with those of customers the ways in that they are. `scenes` are the channels by row id."""
    by_link = list(_who_came_by_link(people, known))
    by_link += [
        (claim.member.customer_id, CARDS[claim.platform], claim.at - BEFORE)
        for claim in claims
        if claim.platform in CARDS
    ]
    theirs = [
        _visit(ids, f"known-{place}", channel_id=scenes[way], at=at, customer_id=customer_id)
        for place, (customer_id, way, at) in enumerate(by_link)
    ]
    for start in range(0, len(theirs), BATCH):
        batch = theirs[start : start + BATCH]
        keys = rows.add_with_ids("link_visits", batch)
        rows.add("touches", [_touch(row, row_id) for row, row_id in zip(batch, keys, strict=True)])
    rows.add("link_visits", list(_strangers(len(people), scenes=scenes, ids=ids, until=until)))


def _who_came_by_link(
    people: Sequence[Customer], known: Sequence[Known]
) -> Iterator[tuple[int, Way, datetime]]:
    for person, one in zip(people, known, strict=True):
        if way_of(person) is Way.SMS:
            yield one.customer_id, Way.SMS, one.known_at


def _strangers(people: int, *, scenes: Mapping[Way, int], ids: Ids, until: datetime) -> Iterator[Row]:
    rng = random.Random(f"{ids.seed}:strangers")
    count = min(round(people * STRANGERS_PER_PERSON), STRANGERS_MAX)
    for place, way in enumerate(rng.choices(list(STRANGERS_BY), list(STRANGERS_BY.values()), k=count)):
        at = (until - YEAR * rng.random()).replace(microsecond=0)
        yield _visit(ids, f"stranger-{place}", channel_id=scenes[way], at=at, customer_id=None)


def _visit(ids: Ids, browser: str, *, channel_id: int, at: datetime, customer_id: int | None) -> Row:
    return {
        "channel_id": channel_id,
        "visitor": sha256(f"{ids.seed}:{browser}".encode()).hexdigest(),
        "day": shop_day(at),
        "serial": "",
        "at": at,
        "customer_id": customer_id,
    }


def _touch(visit: Row, row_id: int) -> Row:
    return {
        "customer_id": visit["customer_id"],
        "channel_id": visit["channel_id"],
        "kind": "link",
        "serial": "",
        "at": visit["at"],
        "visit_key": f"l:{row_id}",
    }
