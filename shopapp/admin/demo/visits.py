"""What members do beside buying: they check in, and take coupons of the points mall."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from shopapp.kernel.clock import day_start, shop_day
from shopapp.kernel.ids import token_hash
from shopapp.kernel.money import ZERO
from shopapp.loyalty.coupons.content import Giving
from shopapp.store.mall.rules import month_of

from . import earnings, rows
from .books import Books
from .earnings import Earnings
from .followers import Known
from .ids import Ids
from .programme import POINTS, Reward
from .rows import Row
from .vouchers import Vouchers

CHECKS_IN_SHARE = 0.25
DAYS_MAX, AGO_MAX = 9, 3
LOOKS_SHARE, LOOKS_MAX = 0.55, 4
EARLIEST = timedelta(hours=7)
LATEST = timedelta(hours=14)


def check_in(members: Sequence[Known], *, earned: Earnings, seed: int, until: datetime) -> None:
    """Some of them came on each of the last days, in a row."""
    found = []
    for member in members:
        rng = random.Random(f"{seed}:check-in:{member.number}")
        if rng.random() >= CHECKS_IN_SHARE:
            continue
        last = shop_day(until) - timedelta(days=rng.randint(0, AGO_MAX))
        days = [last - timedelta(days=back) for back in reversed(range(rng.randint(1, DAYS_MAX)))]
        moments = [(day, _moment(rng, day)) for day in days]
        moments = [(day, at) for day, at in moments if member.joined <= at <= until]
        found += [(member, day, at, streak) for streak, (day, at) in enumerate(moments, start=1)]
    earned.give(
        [earnings.check_in(member, day=day, streak=streak, at=at) for member, day, at, streak in found]
    )
    rows.add(
        "check_ins",
        [
            {
                "customer_id": member.customer_id,
                "day": day,
                "streak": streak,
                "points": POINTS.tasks.of_streak(streak),
                "checked_at": at,
            }
            for member, day, at, streak in found
        ],
    )


def _moment(rng: random.Random, day: date) -> datetime:
    return (day_start(day) + EARLIEST + LATEST * rng.random()).replace(microsecond=0)


class Mall:
    """Members look at the points mall now and then, and take what they have the points for."""

    def __init__(self, *, vouchers: Vouchers, books: Books, ids: Ids) -> None:
        self.vouchers, self.books, self.ids = vouchers, books, ids
        self.redemptions: list[Row] = []
        self.tallies: dict[tuple[int, int], Row] = {}

    def expect(self, members: Sequence[Known], *, seed: int) -> None:
        """Plan when they look."""
        for member in members:
            rng = random.Random(f"{seed}:mall:{member.number}")
            if rng.random() < LOOKS_SHARE:
                for _ in range(rng.randint(1, LOOKS_MAX)):
                    at = member.joined + (self.books.until - member.joined) * rng.random()
                    self.books.do(at.replace(microsecond=0), partial(self._look, member, rng))

    def _look(self, member: Known, rng: random.Random, at: datetime) -> None:
        points = self.books.active(member.customer_id)
        wanted = [one for one in self.vouchers.programme.rewards if one.points <= points]
        if wanted:
            self._redeem(rng.choice(wanted), member, at)

    def _redeem(self, reward: Reward, member: Known, at: datetime) -> None:
        place = len(self.redemptions)
        public_id = self.ids.of("redemption", place)
        key = f"mall:{reward.public_id}:{member.public_id}:{token_hash(public_id)[:32]}"
        coupon_id = self.vouchers.give(reward.coupon, member, key=key, source=Giving.POINTS, at=at)
        self.books.spend(
            customer_id=member.customer_id,
            points=reward.points,
            key=key,
            subject=f"mall:{public_id}",
            reason=reward.coupon.name,
            at=at,
        )
        self._count(reward, member, month=month_of(at))
        self.redemptions.append(
            {
                "public_id": public_id,
                "key": key,
                "item_id": reward.item_id,
                "customer_id": member.customer_id,
                "quantity": 1,
                "points": reward.points,
                "cash": ZERO,
                "month": month_of(at),
                "held_coupon_id": coupon_id,
                "created_at": at,
            }
        )

    def _count(self, reward: Reward, member: Known, *, month: date) -> None:
        fresh: dict[str, Any] = {
            "item_id": reward.item_id,
            "customer_id": member.customer_id,
            "given": 0,
            "month": month,
            "in_month": 0,
        }
        tally = self.tallies.setdefault((reward.item_id, member.customer_id), fresh)
        tally["in_month"] = tally["in_month"] + 1 if tally["month"] == month else 1
        tally["given"], tally["month"] = tally["given"] + 1, month

    def close(self) -> None:
        """Write what was taken."""
        rows.add("mall_redemptions", self.redemptions)
        rows.add("mall_tallies", list(self.tallies.values()))
        given: dict[int, int] = {}
        for tally in self.tallies.values():
            given[tally["item_id"]] = given.get(tally["item_id"], 0) + tally["given"]
        rows.change("mall_items", "given", given)
