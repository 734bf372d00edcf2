"""The coupons in people's hands: given when they joined, claimed, or taken for points; some used, some over."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shopapp.kernel.money import Money
from shopapp.loyalty.coupons.content import Giving, period_start, validity

from . import rows
from .followers import Known
from .ids import Ids
from .orders import OrderState, PlannedOrder
from .programme import Coupon, Programme
from .rows import Row

USES_WELCOME_SHARE = 0.75
CLAIMS = {"monthly": 0.3, "percent": 0.25}
CLAIMED_WITHIN = timedelta(days=12)
REMIND_BEFORE = timedelta(days=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """A coupon that took `amount` off an order; `public_id` is that under which it was held."""

    public_id: str
    name: str
    amount: Money


@dataclass(kw_only=True)
class Vouchers:
    """Notes what was given and used, and writes it in the end."""

    programme: Programme
    ids: Ids
    seed: int
    until: datetime
    held: dict[str, Row] = field(default_factory=dict)
    tallies: dict[tuple[int, int], Row] = field(default_factory=dict)
    given: Counter[int] = field(default_factory=Counter)

    def welcome(self, members: Sequence[Known]) -> None:
        """What everybody gets who joins, and what some of them claimed of late."""
        for member in members:
            welcome = self.programme.coupons["welcome"]
            key = f"push:{welcome.public_id}:{member.customer_id}"
            self.give(welcome, member, key=key, source=Giving.PUSH, at=member.joined)
            rng = random.Random(f"{self.seed}:claims:{member.number}")
            for name, share in CLAIMS.items():
                at = self.until - CLAIMED_WITHIN * rng.random()
                if rng.random() < share and at >= member.joined:
                    coupon = self.programme.coupons[name]
                    key = f"own:{coupon.public_id}:{member.customer_id}:1"
                    self.give(coupon, member, key=key, source=Giving.CLAIM, at=at)

    def give(self, coupon: Coupon, member: Known, *, key: str, source: Giving, at: datetime) -> str:
        """One piece; its public id."""
        count = self._count(coupon, member, at=at)
        content = coupon.content
        valid_from, valid_until = validity(
            valid_from=content.valid_from,
            valid_until=content.valid_until,
            valid_days=content.valid_days,
            now=at,
        )
        over, remind_at = valid_until <= self.until, valid_until - REMIND_BEFORE
        public_id = self.ids.of("held", coupon.public_id, member.number, count)
        self.held[public_id] = {
            "public_id": public_id,
            "customer_id": member.customer_id,
            "coupon_id": coupon.coupon_id,
            "terms": content.terms.dump(),
            "source": source,
            "grant_key": key,
            "status": "expired" if over else "available",
            "valid_from": valid_from,
            "valid_until": valid_until,
            "order_no": None,
            "given_at": at,
            "held_at": None,
            "used_at": None,
            "ended_at": valid_until if over else None,
            "remind_at": remind_at if remind_at > self.until else None,
        }
        return public_id

    def _count(self, coupon: Coupon, member: Known, *, at: datetime) -> int:
        self.given[coupon.coupon_id] += 1
        start = period_start(coupon.content.period, now=at)
        fresh = {
            "coupon_id": coupon.coupon_id,
            "customer_id": member.customer_id,
            "given": 0,
            "period_start": start,
            "in_period": 0,
        }
        tally = self.tallies.setdefault((coupon.coupon_id, member.customer_id), fresh)
        tally["in_period"] = tally["in_period"] + 1 if tally["period_start"] == start else 1
        tally["given"], tally["period_start"] = tally["given"] + 1, start
        return int(tally["given"])

    def spent_on(self, plan: PlannedOrder, *, customer: Known, goods: Money) -> Used | None:
        """The welcome coupon, if this order is one that it was used for."""
        welcome = self.programme.coupons["welcome"]
        held = self.held.get(self.ids.of("held", welcome.public_id, customer.number, 1))
        rng = random.Random(f"{self.seed}:uses:{plan.number}")
        if (
            held is None
            or held["status"] == "used"
            or plan.paid_at is None
            or plan.state is OrderState.REFUNDED
            or not held["valid_from"] <= plan.placed_at < held["valid_until"]
            or goods < welcome.content.terms.minimum
            or rng.random() >= USES_WELCOME_SHARE
        ):
            return None
        held |= {
            "status": "used",
            "held_at": plan.placed_at,
            "used_at": plan.paid_at,
            "ended_at": None,
            "remind_at": None,
        }
        return Used(
            public_id=held["public_id"], name=welcome.name, amount=min(welcome.content.terms.value, goods)
        )

    def note_order(self, used: Used, *, no: str) -> None:
        self.held[used.public_id]["order_no"] = no

    def close(self) -> None:
        """Write the coupons, in the order in which they were given."""
        rows.add("customer_coupons", sorted(self.held.values(), key=lambda row: row["given_at"]))
        rows.add("coupon_tallies", list(self.tallies.values()))
        rows.change("coupons", "given", self.given)
