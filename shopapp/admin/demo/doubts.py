"""Customers of the demo shop who may be one person: somebody is to look at them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from shopapp.kernel.pii import lookup_hash
from shopapp.members.merging.rules import Reason, pair

from . import rows
from .claims import Claim
from .followers import Known
from .ids import Ids
from .rows import Row

FOUND_AGO = timedelta(hours=5)


def write(people: Sequence[Known], *, alike: tuple[Claim, Claim] | None, ids: Ids, until: datetime) -> None:
    """Two whose orders one buyer made, and two at one address under one name."""
    taken = [claim.member for claim in alike or ()]
    found = [_pair(*taken, reason=Reason.BUYER, ids=ids, until=until)] if taken else []
    others = [one for one in people if one not in taken]
    if len(others) > 1:
        older, newer = others[0], others[-1]
        rows.add("addresses", [_same_place(older, newer, ids=ids, until=until)])
        found.append(_pair(older, newer, reason=Reason.ADDRESS, ids=ids, until=until))
    rows.add("merge_pairs", found)


def _pair(one: Known, other: Known, *, reason: Reason, ids: Ids, until: datetime) -> Row:
    first_id, second_id = pair(one.customer_id, other.customer_id)
    return {
        "public_id": ids.of("pair", one.number, other.number),
        "first_id": first_id,
        "second_id": second_id,
        "reasons": [reason.value],
        "status": "proposed",
        "found_at": until - FOUND_AGO,
    }


def _same_place(older: Known, newer: Known, *, ids: Ids, until: datetime) -> Row:
    """The address of the older, kept by the newer as well."""
    address = older.addresses[0]
    return {
        "public_id": ids.of("address", newer.public_id, "same"),
        "customer_id": newer.customer_id,
        "name": address.recipient,
        "phone": address.phone,
        "phone_hash": lookup_hash(address.phone),
        "region_code": address.region_code,
        "detail": address.detail,
        "is_default": False,
        "created_at": max(newer.known_at, until - FOUND_AGO),
    }
