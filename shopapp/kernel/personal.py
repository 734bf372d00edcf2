"""What each feature knows of a person: handed over or forgotten whole, although no feature knows all the others."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app


def _nothing_in_the_way(_customer_id: int) -> list[str]:
    return []


def _gives_nothing_once(_customer_id: int) -> set[str]:
    return set()


def _binds_nobody(_customer_ids: Collection[int]) -> set[int]:
    return set()


@dataclass(frozen=True, kw_only=True)
class PersonalData:
    """One feature's part of what is known of a customer, who is named by row id.

    `export` gives what JSON can hold. `erase` forgets it within the open transaction and may be told twice; None for
    records that name nobody but the row and must be there later on.
    `obstacles` says in words what has to be finished before. `binds` picks those of many customers whose records here
    are reason enough not to forget them by time alone. `given_once` names the gifts a person had that nobody gets twice.
    """

    name: str
    export: Callable[[int], Any]
    erase: Callable[[int, datetime], None] | None
    obstacles: Callable[[int], list[str]] = _nothing_in_the_way
    binds: Callable[[Collection[int]], set[int]] = _binds_nobody
    given_once: Callable[[int], set[str]] = _gives_nothing_once


def parts() -> list[PersonalData]:
    """All parts, in the order in which they are erased: what leads to the person comes last."""
    found: list[PersonalData] = current_app.extensions["personal"]
    return found
