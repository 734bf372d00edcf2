"""What a marketplace order is, and how two tellings of it become one: in any order, and any number of times."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

PLATFORMS = ("taobao", "tmall", "jd", "pdd", "douyin", "amazon", "youzan", "wechatpay", "generic")
FAMILIES = {"tmall": "taobao"}
"""Platforms whose files cannot always be told apart count as one where an order number is looked up."""
CNY = "CNY"
SHOP_LENGTH_MAX = 60
STATUS_LENGTH_MAX = 60
T = TypeVar("T", str, datetime)


class Status(StrEnum):
    """In the order in which they follow one another."""

    UNPAID = "unpaid"
    PAID = "paid"
    SHIPPED = "shipped"
    DONE = "done"
    CLOSED = "closed"


class IdentityKind(StrEnum):
    BUYER = "buyer"
    PHONE = "phone"


RANK = {status: rank for rank, status in enumerate(Status)}


def family_of(*, platform: str, shop: str) -> str:
    """Within a family an order number is unique. Files of one's own making may number each shop from 1."""
    if platform == "generic":
        return f"generic/{shop}"
    return FAMILIES.get(platform, platform)


def families_of(platform: str) -> Collection[str]:
    """The platforms whose orders may be meant by a number of this one."""
    return [name for name in PLATFORMS if FAMILIES.get(name, name) == FAMILIES.get(platform, platform)]


def place_key(place: int) -> str:
    """The key of a line that is known by its place within its order, counted from 0."""
    return f"{place + 1:04}"


class Line(NamedTuple):
    """What was told of one thing of an order; see `MarketplaceLine`."""

    title: str
    sku: str
    quantity: int
    numbered: bool
    status: Status | None = None
    paid: int | None = None
    refunded: int | None = None


_NONE: dict[str, Any] = {}
"""Shared, since most have none; `join` puts another in its place before anything is added."""


class Told:
    """What was told of one order, by a row, a file or all files so far; None and empty where nothing was.

    Amounts are in the smallest unit of `currency`. `paid` and `refunded` are of the order as a whole, the lines have
    their own. `buyer` and `phone` are what identifies a person, or the hashes of it. `unclear`: money went back, and the
    file does not say how much. `lines` and `refunds` go by the keys that the platform gives them.
    """

    __slots__ = (
        "buyer",
        "currency",
        "lines",
        "order_no",
        "ordered_at",
        "paid",
        "paid_at",
        "phone",
        "platform",
        "refunded",
        "refunds",
        "shop",
        "status",
        "tail",
        "title",
        "unclear",
    )

    def __init__(
        self,
        order_no: str,
        status: Status | None = None,
        *,
        ordered_at: datetime | None = None,
        paid_at: datetime | None = None,
        paid: int | None = None,
        refunded: int | None = None,
        currency: str = CNY,
        buyer: str | None = None,
        phone: str | None = None,
        tail: str | None = None,
        title: str = "",
        shop: str = "",
        unclear: bool = False,
        lines: dict[str, Line] | None = None,
        refunds: dict[str, int] | None = None,
    ) -> None:
        self.platform = ""
        self.order_no = order_no
        self.status = status
        self.ordered_at = ordered_at
        self.paid_at = paid_at
        self.paid = paid
        self.refunded = refunded
        self.currency = currency
        self.buyer = buyer
        self.phone = phone
        self.tail = tail
        self.title = title
        self.shop = shop
        self.unclear = unclear
        self.lines = lines or _NONE
        self.refunds = refunds or _NONE

    def facts(self) -> tuple[Any, ...]:
        """Everything, to be compared."""
        return _all_of(self)

    def join(self, other: Told) -> None:
        """Take over what another telling of the same order adds.

        A join in the sense of a lattice: the same whichever comes first, however they are grouped, and told twice or once.
        """
        self.platform = max(self.platform, other.platform)
        self.status = later(self.status, other.status)
        self.ordered_at = _least(self.ordered_at, other.ordered_at)
        self.paid_at = _least(self.paid_at, other.paid_at)
        self.paid = most(self.paid, other.paid)
        self.refunded = most(self.refunded, other.refunded)
        if self.currency != other.currency:
            self.currency = max(self.currency, other.currency, key=lambda code: (code != CNY, code))
        self.buyer = _least(self.buyer, other.buyer)
        self.phone = _least(self.phone, other.phone)
        self.tail = _least(self.tail, other.tail)
        self.title = longer(self.title, other.title)
        self.shop = _least(self.shop or None, other.shop or None) or ""
        self.unclear = self.unclear or other.unclear
        if other.refunds:
            self.refunds = dict(self.refunds)
            for number, amount in other.refunds.items():
                self.refunds[number] = max(amount, self.refunds.get(number, 0))
        if other.lines:
            self.lines = dict(self.lines)
            for key, line in other.lines.items():
                mine = self.lines.get(key)
                self.lines[key] = line if mine is None else joined_line(mine, line)

    def renew(self, other: Told) -> None:
        """Take over another telling that knows all of the order: its lines and their money, its times, take the place of these.

        Even so an older telling takes nothing back: the state only goes forward, refunds only grow, and one from before
        the payment says nothing about it.
        """
        before, after = settle(self), settle(other)
        stale = after[0] is Status.UNPAID and before[0] is not Status.UNPAID
        lines = self.lines if stale else other.lines
        times = [other.ordered_at or self.ordered_at, other.paid_at or self.paid_at]
        self.join(other)
        self.ordered_at, self.paid_at = times
        self.lines, self.status, self.refunded = lines, None, None
        plain = settle(self)
        if before[0] is not plain[0]:
            self.status = later(before[0], after[0])
        if before[2] > plain[2]:
            self.refunded = before[2]


_all_of = attrgetter(*Told.__slots__)


def joined_line(one: Line, other: Line) -> Line:
    if one == other:
        return one
    return Line(
        title=longer(one.title, other.title),
        sku=longer(one.sku, other.sku),
        quantity=max(one.quantity, other.quantity),
        numbered=one.numbered or other.numbered,
        status=later(one.status, other.status),
        paid=most(one.paid, other.paid),
        refunded=most(one.refunded, other.refunded),
    )


def later(one: Status | None, other: Status | None) -> Status | None:
    if one is None or other is None:
        return one or other
    return one if RANK[one] >= RANK[other] else other


def most(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)


def longer(one: str, other: str) -> str:
    return one if one == other else max(one, other, key=lambda words: (len(words), words))


def _least(one: T | None, other: T | None) -> T | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def settle(told: Told) -> tuple[Status, int, int]:
    """What follows from all that was told: status, paid and refunded. What was said of the whole order goes before its lines: an item file may be partial.

    Refunds only grow, so the most that any of the three tellings of them adds up to is what went back.
    """
    if not told.lines and not told.refunds and told.status is not None:
        return told.status, told.paid or 0, told.refunded or 0
    lines = counted(told.lines.values())
    paid = told.paid if told.paid is not None else sum(line.paid or 0 for line in lines)
    in_lines = sum(line.refunded or 0 for line in lines)
    noted = sum(told.refunds.values())
    refunded = max(told.refunded or 0, in_lines, noted)
    status = _status(told, lines, all_back=0 < paid <= refunded)
    return Status.CLOSED if 0 < paid <= noted else status, paid, refunded


def counted(lines: Iterable[Line]) -> list[Line]:
    """The lines that tell all there is: the numbered ones, where there are such."""
    known = list(lines)
    numbered = [line for line in known if line.numbered]
    return numbered or known


def _status(told: Told, lines: list[Line], *, all_back: bool) -> Status:
    """A closed line is one thing taken back; the order is closed when no line is open and nothing speaks against it."""
    said = [line.status for line in lines if line.status is not None]
    newest: Status | None = None
    for status in said:
        if status is not Status.CLOSED:
            newest = later(newest, status)
    if said and newest is None and (told.status in (None, Status.UNPAID) or all_back):
        return Status.CLOSED
    found = later(told.status, newest)
    if found is not None:
        return found
    return Status.PAID if told.paid_at is not None or told.refunds else Status.UNPAID
