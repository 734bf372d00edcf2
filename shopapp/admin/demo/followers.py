"""The people of the demo shop as rows: customers, the accounts by which they follow, addresses, and how they came."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from shopapp.kernel.pii import lookup_hash
from shopapp.kernel.templating import picture_url
from shopapp.members.consent import services as consent

from . import memberships, rows
from .drawing import face
from .ids import Ids
from .people import Address, Customer
from .rhythm import Year
from .rows import Row
from .shelves import Files
from .ways import FOLLOWED_BY, Way, way_of

# Nobody can be reached by it: whatever the shop sends goes to followers of its own account.
NOBODYS_APPID = "demo"
FOLLOWS_SHARE = 0.86
LEFT_SHARE = 0.07
FACE_WIDTH = 160
BATCH = 1000
FOLLOW = "follow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A customer as orders name them; `number` is that of the plan, `customer_id` that of the row.

    `known_at` is when the shop came to know them, `since` when they became a member, if they did, and `has_phone` whether they gave a number then.
    """

    number: int
    customer_id: int
    public_id: str
    openid: str
    addresses: tuple[Address, ...]
    known_at: datetime
    since: datetime | None
    birthday_month: int | None
    has_phone: bool

    @property
    def joined(self) -> datetime:
        """When a member became one. Raises ValueError for who is none."""
        if self.since is None:
            raise ValueError("not a member")
        return self.since


def openid_of(*, seed: int, number: int) -> str:
    return f"oDEMO{seed:05d}_{number:017d}"


def region_of(address: Address) -> str:
    """The names as one text, a city with its province's name said once."""
    return " ".join(dict.fromkeys((address.province, address.city, address.county)))


def let_in(
    *, people: Sequence[Customer], seed: int, year: Year, files: Files, scenes: Mapping[Way, int]
) -> list[Known]:
    """Write everybody; in the order of their numbers. `scenes` are the channels (row ids) of those who followed by one."""
    found: list[Known] = []
    everybody = iter(people)
    while batch := list(islice(everybody, BATCH)):
        found += _write(batch, seed=seed, year=year, files=files, scenes=scenes)
    return found


def _write(
    batch: Sequence[Customer], *, seed: int, year: Year, files: Files, scenes: Mapping[Way, int]
) -> list[Known]:
    joined = {person.number: year.moment(person.joined) for person in batch}
    ids, version = Ids(seed), consent.keep_text(now=year.start)
    member_rows = [
        memberships.membership(
            person, seed=seed, joined=joined[person.number], until=year.until, version=version
        )
        for person in batch
    ]
    public_ids = [ids.of("customer", person.number) for person in batch]
    row_ids = rows.add_with_ids(
        "customers",
        [
            {
                "public_id": public_id,
                "nickname": person.nickname,
                "picture_url": picture_url(files[face(person)].file, FACE_WIDTH),
                "created_at": joined[person.number],
                "last_seen_at": joined[person.number],
                **member,
            }
            for person, public_id, member in zip(batch, public_ids, member_rows, strict=True)
        ],
    )
    known = [
        Known(
            number=person.number,
            customer_id=row_id,
            public_id=public_id,
            openid=openid_of(seed=seed, number=person.number),
            addresses=person.addresses,
            known_at=joined[person.number],
            since=member["member_since"],
            birthday_month=memberships.birthday_month(member),
            has_phone=member["phone"] is not None,
        )
        for person, row_id, public_id, member in zip(batch, row_ids, public_ids, member_rows, strict=True)
    ]
    pairs = list(zip(batch, known, strict=True))
    rows.add(
        "wechat_accounts",
        [_account(person, one, at=joined[person.number], year=year, seed=seed) for person, one in pairs],
    )
    rows.add(
        "consent_entries",
        [
            entry
            for row_id, member in zip(row_ids, member_rows, strict=True)
            for entry in memberships.consents(member, customer_id=row_id)
        ],
    )
    rows.add(
        "addresses",
        [
            row
            for person, one in pairs
            for row in _addresses(one, ids, at=joined[person.number], until=year.until)
        ],
    )
    rows.add(
        "channel_visits",
        [
            {
                "channel_id": scenes[way],
                "openid": one.openid,
                "kind": FOLLOW,
                "at": joined[person.number],
            }
            for person, one in pairs
            if (way := way_of(person)) in FOLLOWED_BY
        ],
    )
    rows.add(
        "touches",
        [
            {
                "customer_id": one.customer_id,
                "channel_id": scenes[way],
                "kind": FOLLOW,
                "serial": "",
                "at": joined[person.number],
                "visit_key": f"demo:{one.public_id}",
            }
            for person, one in pairs
            if (way := way_of(person)) in FOLLOWED_BY
        ],
    )
    return known


def _account(person: Customer, known: Known, *, at: datetime, year: Year, seed: int) -> Row:
    """Most follow until today, some left, a few never did."""
    rng = random.Random(f"{seed}:follows:{person.number}")
    chance = rng.random()
    left_at = year.moment(person.joined + (1 - person.joined) * rng.random())
    left = FOLLOWS_SHARE <= chance < FOLLOWS_SHARE + LEFT_SHARE
    follows = chance < FOLLOWS_SHARE
    return {
        "customer_id": known.customer_id,
        "appid": NOBODYS_APPID,
        "openid": known.openid,
        "following": follows,
        "followed_at": at if follows or left else None,
        "unfollowed_at": left_at if left else None,
        "changed_at": left_at if left else at if follows else None,
        "created_at": at,
    }


def _addresses(known: Known, ids: Ids, *, at: datetime, until: datetime) -> list[Row]:
    return [
        {
            "public_id": ids.of("address", known.public_id, place),
            "customer_id": known.customer_id,
            "name": address.recipient,
            "phone": address.phone,
            "phone_hash": lookup_hash(address.phone),
            "region_code": address.region_code,
            "detail": address.detail,
            "is_default": place == 0,
            "created_at": min(at + timedelta(minutes=3), until),
        }
        for place, address in enumerate(known.addresses)
    ]
