"""Pages that look the same to everybody, kept in the process and shown only while their version holds.

The version is read from the database at each request, so a change is seen by every process at once.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from sqlalchemy import update
from sqlalchemy.orm import Mapped, mapped_column

from .db import Base, db, insert_once, rows_changed

ENTRIES_MAX = 500
FIRST_MAX = 2**30
FRAME = (
    "frame"  # what stands around every page and comes from the merchant's settings: name, logo, colour, terms
)

T = TypeVar("T")


class Version(Base):
    """How often a thing that pages show has changed."""

    __tablename__ = "versions"

    name: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int]


def bump(name: str) -> None:
    """Make every page that was made from this thing stale, when the open transaction commits.

    Counting begins at a random number, so that what was kept before a database was replaced never looks fresh after it.
    """
    if rows_changed(update(Version).where(Version.name == name).values(number=Version.number + 1)) == 0:
        insert_once(Version, name=name, number=secrets.randbelow(FIRST_MAX))


def version(name: str) -> int:
    return db.session.query(Version.number).filter_by(name=name).scalar() or 0


class PageCache(Generic[T]):
    """A bounded number of texts, or of texts made ready to be sent, the least used forgotten first."""

    def __init__(self, entries_max: int = ENTRIES_MAX) -> None:
        self._entries: OrderedDict[Hashable, tuple[Hashable, T]] = OrderedDict()
        self._lock = threading.Lock()
        self._entries_max = entries_max

    def get(self, key: Hashable, *, version: Hashable, make: Callable[[], T]) -> T:
        """The kept text if it was made for this version, else a new one.

        Read the version before making the text: a change in between then only costs one more making.
        """
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None and entry[0] == version:
                self._entries.move_to_end(key)
                return entry[1]
        text = make()
        with self._lock:
            self._entries[key] = (version, text)
            self._entries.move_to_end(key)
            while len(self._entries) > self._entries_max:
                self._entries.popitem(last=False)
        return text
