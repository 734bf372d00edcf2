"""Customers of the demo shop: invented people, the same for the same seed. Their phone numbers are reserved ones."""

from __future__ import annotations

import csv
import random
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from shopapp.admin.demo.limits import CUSTOMERS, CUSTOMERS_MAX

HERE = Path(__file__).resolve().parent
PLACES = HERE / "places.csv"
WORDS = HERE / "words.toml"
NEVER_BOUGHT_SHARE = 0.08
WOMEN_SHARE = 0.84
# Above 1 more people join early in the year.
EARLY = 1.3
# The last ones join in the last day, and have an order or two before it ends.
LATEST = 0.998


class Source(StrEnum):
    """How somebody came to the shop."""

    FLYER = "flyer"
    SEARCH = "search"
    FRIEND = "friend"
    COUNTER = "counter"
    LIVE = "live"
    ARTICLE = "article"
    DEALS = "deals"


class Stage(StrEnum):
    """What life at home looks like; decides what somebody buys."""

    EXPECTING = "expecting"
    NEWBORN = "newborn"
    BABY = "baby"
    TODDLER = "toddler"
    CHILD = "child"
    GROWN = "grown"


# Of a hundred customers, how many come this way; and how eagerly they return, 1 being usual.
SOURCES: dict[Source, tuple[int, float]] = {
    Source.FLYER: (26, 1.15),
    Source.SEARCH: (18, 1.0),
    Source.FRIEND: (16, 1.6),
    Source.COUNTER: (10, 1.3),
    Source.LIVE: (12, 0.5),
    Source.ARTICLE: (8, 0.9),
    Source.DEALS: (10, 0.03),
}
STAGES: dict[Stage, int] = {
    Stage.EXPECTING: 11,
    Stage.NEWBORN: 20,
    Stage.BABY: 22,
    Stage.TODDLER: 27,
    Stage.CHILD: 13,
    Stage.GROWN: 7,
}
EAGER_MAX = 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """`region_code` is the six-digit GB/T 2260 code of the county; `tag` is 家 or 公司."""

    recipient: str
    phone: str
    region_code: str
    province: str
    city: str
    county: str
    detail: str
    tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """`number` counts from 0 in order of joining; `joined` is a share of the year (see `rhythm.Year`);
    `invited_by` is another's number; `eager` is a relative wish to buy, 0 for those who only follow."""

    number: int
    name: str
    nickname: str
    phone: str
    avatar: int
    woman: bool
    stage: Stage
    source: Source
    invited_by: int | None
    joined: float
    eager: float
    addresses: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Place:
    code: str
    province: str
    city: str
    county: str
    weight: int


def people(*, seed: int, customers: int = CUSTOMERS) -> tuple[Customer, ...]:
    """`customers` invented people, earliest first. Raises ValueError outside 0 to `CUSTOMERS_MAX`."""
    if not 0 <= customers <= CUSTOMERS_MAX:
        raise ValueError(f"customers must be between 0 and {CUSTOMERS_MAX}")
    rng = random.Random(f"{seed}:people")
    joined = [((number + rng.random()) / customers) ** EARLY * LATEST for number in range(customers)]
    return tuple(_customer(seed, number, share) for number, share in enumerate(joined))


@cache
def places() -> tuple[Place, ...]:
    """Counties that parcels go to, the closer to the warehouse the more often."""
    with PLACES.open(encoding="utf-8", newline="") as file:
        return tuple(
            Place(row["code"], row["province"], row["city"], row["county"], int(row["weight"]))
            for row in csv.DictReader(file)
        )


@cache
def _words() -> dict[str, list[str]]:
    return tomllib.loads(WORDS.read_text(encoding="utf-8"))


def _word(rng: random.Random, kind: str) -> str:
    return rng.choice(_words()[kind])


def _customer(seed: int, number: int, joined: float) -> Customer:
    rng = random.Random(f"{seed}:customer:{number}")
    woman = rng.random() < WOMEN_SHARE
    name = _word(rng, "surnames") + _word(rng, "women" if woman else "men")
    phone = f"199{number:08d}"
    source = rng.choices(list(SOURCES), [share for share, _ in SOURCES.values()])[0]
    if source is Source.FRIEND and number == 0:
        source = Source.SEARCH
    eager = min(rng.paretovariate(1.15), EAGER_MAX) * SOURCES[source][1]
    return Customer(
        number=number,
        name=name,
        nickname=_nickname(rng, name, woman=woman),
        phone=phone,
        avatar=rng.randrange(240),
        woman=woman,
        stage=rng.choices(list(STAGES), list(STAGES.values()))[0],
        source=source,
        # Squaring makes a few early customers the ones who bring most of the others.
        invited_by=int(number * rng.random() ** 2) if source is Source.FRIEND else None,
        joined=joined,
        eager=0.0 if rng.random() < NEVER_BOUGHT_SHARE else eager,
        addresses=tuple(_addresses(rng, name, phone)),
    )


def _nickname(rng: random.Random, name: str, *, woman: bool) -> str:
    parent = "妈" if woman else "爸"
    shapes = (
        lambda: f"{_word(rng, 'babies')}{parent}{parent}",
        lambda: f"{_word(rng, 'babies')}{parent}",
        lambda: f"{_word(rng, 'moods')}{_word(rng, 'animals')}",
        lambda: _word(rng, "latin"),
        lambda: name[1:] if len(name) > 2 else f"小{name[-1]}",
        lambda: f"{_word(rng, 'latin')} · {name[-1]}",
    )
    return rng.choices(shapes, (26, 16, 20, 14, 14, 10))[0]()


def _addresses(rng: random.Random, name: str, phone: str) -> list[Address]:
    home = rng.choices(places(), [place.weight for place in places()])[0]
    detail = (
        f"{_word(rng, 'roads')} {rng.randint(1, 399)} 号{_word(rng, 'estates')} "
        f"{rng.randint(1, 28)} 幢 {rng.randint(1, 4)} 单元 {rng.randint(1, 18)}0{rng.randint(1, 4)} 室"
    )
    found = [_address(home, name=name, phone=phone, detail=detail, tag="家")]
    if rng.random() < 0.18:
        work = f"{_word(rng, 'roads')} {rng.randint(1, 399)} 号{_word(rng, 'offices')}"
        found.append(_address(home, name=name, phone=phone, detail=work, tag="公司"))
    return found


def _address(place: Place, *, name: str, phone: str, detail: str, tag: str) -> Address:
    return Address(
        recipient=name,
        phone=phone,
        region_code=place.code,
        province=place.province,
        city=place.city,
        county=place.county,
        detail=detail,
        tag=tag,
    )
