"""What counts as evidence, and which of two customers stays. No database."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Protocol

REASON_MAX = 200


class Evidence(StrEnum):
    """Why two are one: the first two are enough by themselves, the others are the word of staff."""

    UNIONID = "unionid"
    PHONE = "phone"
    REVIEW = "review"
    STAFF = "staff"


class Reason(StrEnum):
    """Why two may be one; never enough by itself."""

    ADDRESS = "address"
    PERSON = "person"
    BUYER = "buyer"


class Datable(Protocol):
    """What is known of a customer's beginnings."""

    @property
    def id(self) -> int: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def member_since(self) -> datetime | None: ...


def in_order(one: Datable, other: Datable) -> tuple[int, int]:
    """(who goes, who stays) by row id: the member stays, of two members who joined first, else who was known first."""
    stays, goes = sorted((one, other), key=_seniority)
    return goes.id, stays.id


def _seniority(person: Datable) -> tuple[bool, datetime, datetime, int]:
    since = person.member_since
    return (since is None, since or person.created_at, person.created_at, person.id)


def pair(one_id: int, other_id: int) -> tuple[int, int]:
    """The name of a pair, whichever way it is found."""
    return min(one_id, other_id), max(one_id, other_id)


def joined(reasons: Iterable[str], more: Iterable[str]) -> list[str]:
    """All reasons, each once, in the order in which they are told."""
    told = {*reasons, *more}
    return [reason.value for reason in Reason if reason.value in told]
