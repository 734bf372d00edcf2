"""What can be offered for points, and whether somebody may take it now; no database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from shopapp.kernel.clock import shop_day
from shopapp.kernel.fields import is_plain
from shopapp.kernel.i18n import _
from shopapp.kernel.money import ZERO, Money

TITLE_MAX = 60
POINTS_MAX = 10_000_000
CASH_MAX = Money(10_000_000)
COUNT_MAX = 10_000_000
POSITION_MAX = 100_000


class MallKind(StrEnum):
    GOODS = "goods"
    COUPON = "coupon"


class Standing(StrEnum):
    """Whether somebody may take an item now, but for the points: CLOSED is not shown at all."""

    OPEN = "open"
    SOON = "soon"
    GONE = "gone"
    LIMIT = "limit"
    TIER = "tier"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True)
class MallContent:
    """Everything a merchant decides about an item; `sku_id` and `coupon_id` are public, one of them by `kind`.

    One piece costs `points`, goods also `cash`. None for `stock`, `per_person`, `per_month` means without a limit; `stock` is
    the mall's own, beside that of the thing. `min_tier` is the code of the lowest tier that may take it, or empty. Taken
    from `starts_at` to before `ends_at`. An empty `title` leaves the thing its own name.
    """

    kind: MallKind
    points: int
    sku_id: str | None = None
    coupon_id: str | None = None
    cash: Money = ZERO
    title: str = ""
    stock: int | None = None
    per_person: int | None = None
    per_month: int | None = None
    min_tier: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    active: bool = True
    position: int = 0


@dataclass(frozen=True, kw_only=True)
class Counted:
    """What of an item is gone: `given` in all, `mine` and `mine_in_month` to one person.

    `source_left` is how many the shop has of the thing itself, None for any number.
    """

    given: int
    mine: int
    mine_in_month: int
    source_left: int | None


def problems(content: MallContent) -> dict[str, list[str]]:
    """What is wrong with each field; empty when it can be offered."""
    found: dict[str, list[str]] = {}

    def unless(good: bool, name: str, text: str) -> None:
        if not good:
            found.setdefault(name, []).append(text)

    goods = content.kind is MallKind.GOODS
    unless(not goods or content.sku_id is not None, "sku_id", _("请选择一个商品款式。"))
    unless(goods or content.coupon_id is not None, "coupon_id", _("请选择一张优惠券。"))
    unless(goods or not content.cash, "cash", _("兑换优惠券只收积分，不能加钱。"))
    points = 1 <= content.points <= POINTS_MAX
    unless(points, "points", _("请填写 1 到 %(max)s 的整数。", max=POINTS_MAX))
    unless(ZERO <= content.cash <= CASH_MAX, "cash", _("金额须在 0 到 10 万元之间。"))
    titled = len(content.title) <= TITLE_MAX and is_plain(content.title)
    unless(titled, "title", _("名称最多 %(max)s 个字，不能有控制字符。", max=TITLE_MAX))
    counts: dict[str, Any] = {
        "stock": content.stock,
        "per_person": content.per_person,
        "per_month": content.per_month,
    }
    for name, count in counts.items():
        good = count is None or 1 <= count <= COUNT_MAX
        unless(good, name, _("请填写 1 到 %(max)s 的整数，不限就空着。", max=COUNT_MAX))
    ordered = content.starts_at is None or content.ends_at is None or content.starts_at < content.ends_at
    unless(ordered, "ends_at", _("结束要晚于开始。"))
    return found


def standing(content: MallContent, counted: Counted, *, sold: bool, tier: bool, now: datetime) -> Standing:
    """`sold` is whether the thing itself can be had now, `tier` whether the person's tier is high enough."""
    over = content.ends_at is not None and content.ends_at <= now
    if not content.active or not sold or over:
        return Standing.CLOSED
    if content.starts_at is not None and now < content.starts_at:
        return Standing.SOON
    if left(content, counted) == 0:
        return Standing.GONE
    if not tier:
        return Standing.TIER
    return Standing.LIMIT if allowed(content, counted) == 0 else Standing.OPEN


def left(content: MallContent, counted: Counted) -> int | None:
    """How many pieces are there for everybody; None for any number."""
    return _least(_minus(content.stock, counted.given), counted.source_left)


def allowed(content: MallContent, counted: Counted) -> int | None:
    """How many pieces the limits leave this person; None for any number."""
    return _least(_minus(content.per_person, counted.mine), _minus(content.per_month, counted.mine_in_month))


def _minus(limit: int | None, gone: int) -> int | None:
    return None if limit is None else max(limit - gone, 0)


def _least(*counts: int | None) -> int | None:
    return min((count for count in counts if count is not None), default=None)


def month_of(now: datetime) -> date:
    """The first day of the month of shop time."""
    return shop_day(now).replace(day=1)
