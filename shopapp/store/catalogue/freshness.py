"""Answers kept in the process and never shown stale.

A product's version grows with everything its page shows, that of all lists with what goods there are, in which order,
at what price, and whether they are sold out. Both are read from the database at each request, in one query.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select

from shopapp.kernel.glance import Glance
from shopapp.kernel.pagecache import Version

from .models import Product, ProductStatus
from .queries import is_public_id
from .services import LISTS

PAGES_MAX = 300

_list_number = func.coalesce(select(Version.number).where(Version.name == LISTS).scalar_subquery(), 0)
_LIST = Glance(select(_list_number))
_PRODUCT = Glance(
    select(Product.version, Product.status, _list_number).where(Product.public_id == bindparam("public_id"))
)


def list_version() -> int:
    """Of every list that shows products without their numbers of pieces: home, categories, search results."""
    row = _LIST.row()
    return row[0] if row else 0


def page_version(*, public_id: str) -> tuple[int, ProductStatus, int] | None:
    """Of one product's page: its own version, its status, and that of all lists; None if there is no such product."""
    row = _PRODUCT.row(public_id=public_id) if is_public_id(public_id) else None
    return None if row is None else (row[0], ProductStatus(row[1]), row[2])


def _list_glance(row_ids: Sequence[int]) -> Glance:
    """The version of all lists, and the sum of those of these products."""
    total = func.coalesce(
        select(func.sum(Product.version)).where(Product.id.in_(row_ids)).scalar_subquery(), 0
    )
    return Glance(select(_list_number, total), constants=True)


@dataclass(frozen=True, kw_only=True)
class _KeptList:
    """A text, the versions it was made for, and how to ask whether they still hold."""

    text: str
    versions: tuple[int, int]
    glance: Glance


class ListPages:
    """Texts made of lists that do show pieces: good while the lists, and each product on them, are unchanged.

    Versions only grow, so the sum over the same products changes when one of them does.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, _KeptList] = OrderedDict()
        self._lock = threading.Lock()

    def fresh(self, key: Hashable) -> str | None:
        """The text kept under this key, if it still holds."""
        with self._lock:
            kept = self._kept.get(key)
        return kept.text if kept is not None and kept.glance.row() == kept.versions else None

    def keep(self, key: Hashable, *, make: Callable[[], tuple[str, Sequence[tuple[int, int]]]]) -> str:
        """Make a text and keep it.

        `make` returns it with (row id, version) of the products on it, read before anything else of them.
        """
        lists = list_version()
        text, products = make()
        entry = _KeptList(
            text=text,
            versions=(lists, sum(version for _row_id, version in products)),
            glance=_list_glance([row_id for row_id, _version in products]),
        )
        self._put(key, entry)
        return text

    def _put(self, key: Hashable, entry: _KeptList) -> None:
        with self._lock:
            self._kept[key] = entry
            self._kept.move_to_end(key)
            while len(self._kept) > PAGES_MAX:
                self._kept.popitem(last=False)
