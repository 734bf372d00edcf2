"""Which people of the demo shop are members, as the values of their rows: the same for the same seed."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta

from shopapp.kernel.pii import lookup_hash
from shopapp.members.identity.rules import check_digit

from .people import Customer
from .rows import Row

MEMBERS_SHARE = 0.6
PHONE_SHARE = 0.8
BIRTHDAY_SHARE = 0.7
MARKETING_SHARE = 0.55
JOINS_AFTER = timedelta(minutes=4)
YEARS_OLD = (22, 42)
# Coprime to the number of bodies, so that numbers look random and never meet.
STEP, BODIES, FIRST = 618_033_989, 9 * 10**8, 10**8
SOURCE = "demo"
NOBODY: Row = dict.fromkeys(
    (
        "name", "phone", "phone_hash", "birth_year", "birthday", "birthday_hash",
        "member_no", "member_since", "privacy_version", "marketing_since",
    )
)  # fmt: skip


def membership(person: Customer, *, seed: int, joined: datetime, until: datetime, version: str) -> Row:
    """The columns of a customer's row that make a member; all empty for the others."""
    rng = random.Random(f"{seed}:member:{person.number}")
    if rng.random() >= MEMBERS_SHARE:
        return NOBODY
    since = min(joined + JOINS_AFTER, until)
    row = NOBODY | {
        "name": person.name,
        "member_no": _number(seed=seed, number=person.number),
        "member_since": since,
        "privacy_version": version,
    }
    if rng.random() < PHONE_SHARE:
        row |= {"phone": person.phone, "phone_hash": lookup_hash(person.phone)}
    if rng.random() < BIRTHDAY_SHARE:
        row |= _birthday(rng, this_year=until.year)
    return row | ({"marketing_since": since} if rng.random() < MARKETING_SHARE else {})


def consents(row: Row, *, customer_id: int) -> list[Row]:
    """The history that leads to such a row."""
    if row["member_since"] is None:
        return []
    kinds = ["privacy"] + (["marketing"] if row["marketing_since"] else [])
    entry = {"customer_id": customer_id, "given": True, "version": row["privacy_version"], "source": SOURCE}
    return [entry | {"kind": kind, "at": row["member_since"]} for kind in kinds]


def birthday_month(row: Row) -> int | None:
    """The month of the birthday in such a row."""
    return None if row["birthday"] is None else int(row["birthday"][:2])


def _number(*, seed: int, number: int) -> str:
    body = str(FIRST + (number * STEP + seed) % BODIES)
    return body + check_digit(body)


def _birthday(rng: random.Random, *, this_year: int) -> Row:
    year = this_year - rng.randint(*YEARS_OLD)
    day = date(year, 1, 1) + timedelta(days=rng.randrange(365))
    month_day = f"{day:%m-%d}"
    return {"birth_year": str(year), "birthday": month_day, "birthday_hash": lookup_hash(month_day)}
