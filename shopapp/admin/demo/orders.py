"""A year of orders for the demo shop, as plain records in the order in which they were placed.

The same seed gives the same customers the same baskets; only the dates follow `until`."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from heapq import heappop, heappush
from itertools import accumulate

from shopapp.admin.demo import baskets
from shopapp.admin.demo.baskets import Past, PlannedLine
from shopapp.admin.demo.limits import ORDERS, ORDERS_MAX
from shopapp.admin.demo.people import Customer
from shopapp.admin.demo.rhythm import Year

FRESH_MAX = 12
FRESH_EVERY = timedelta(minutes=2)
PER_CUSTOMER_MAX = 40
STAYS_SHARE = 0.62
# Where in its even turn an order comes.
UNEVEN = (0.3, 0.7)
PROMPTLY = timedelta(seconds=40)
PAY_WITHIN = timedelta(minutes=30)
RECEIVE_WITHIN = timedelta(days=14)
CARRIERS = {"ZTO": 40, "YTO": 22, "YD": 14, "JTSD": 12, "SF": 12}
REMARKS = (
    "请发中通，谢谢",
    "放驿站就行",
    "家里有宝宝在睡觉，请不要敲门",
    "工作日白天没人，送公司",
    "麻烦包厚一点",
    "帮忙选近期生产的",
)
REFUND_REASONS = ("尺码不合适", "少发一件", "包装破损", "拍错口味", "不想要了", "临期商品")


class OrderState(StrEnum):
    """Where an order stands at the end of the plan."""

    UNPAID = "unpaid"
    CANCELLED = "cancelled"
    PAID = "paid"
    SHIPPED = "shipped"
    COMPLETED = "completed"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedOrder:
    """One order. `number` counts from 1; `customer` is a `Customer.number`; `nth` counts the customer's
    paid orders including this one; times that have not come are None. A whole refund is state `refunded`;
    a part refund keeps the state, and its lines say how many pieces went back."""

    number: int
    customer: int
    nth: int
    state: OrderState
    lines: tuple[PlannedLine, ...]
    address: int
    remark: str
    placed_at: datetime
    paid_at: datetime | None = None
    shipped_at: datetime | None = None
    completed_at: datetime | None = None
    cancelled_at: datetime | None = None
    refunded_at: datetime | None = None
    refund_reason: str = ""
    carrier: str = ""
    waybill: str = ""

    @property
    def goods_fen(self) -> int:
        return sum(line.price_fen * line.quantity for line in self.lines)

    @property
    def pieces(self) -> int:
        return sum(line.quantity for line in self.lines)

    @property
    def refunded_fen(self) -> int:
        return sum(line.price_fen * line.refunded for line in self.lines)


def orders_plan(
    *, seed: int, customers: Sequence[Customer], until: datetime, orders: int = ORDERS
) -> Iterator[PlannedOrder]:
    """Exactly `orders` orders of the year before `until`, oldest first; none when nobody buys.

    The last few came in within the last half hour, unpaid and paid in turn. Raises ValueError outside 0 to `ORDERS_MAX`."""
    if not 0 <= orders <= ORDERS_MAX:
        raise ValueError(f"orders must be between 0 and {ORDERS_MAX}")
    return _planned(seed=seed, customers=customers, year=Year.ending(until), orders=orders)


def _planned(*, seed: int, customers: Sequence[Customer], year: Year, orders: int) -> Iterator[PlannedOrder]:
    fresh = min(FRESH_MAX, max(2, orders // 150))
    before = year.share(year.until - FRESH_EVERY * (fresh + 1))
    visits = _visits(seed=seed, customers=customers, orders=orders, fresh=fresh, before=before)
    pasts: dict[int, Past] = {}
    for place, (share, number) in enumerate(visits):
        customer, past = customers[number], pasts.setdefault(number, Past())
        rng = random.Random(f"{seed}:order:{place}")
        basket = baskets.fill(rng, customer=customer, past=past, share=share)
        left = len(visits) - place
        if left <= fresh:
            placed_at = year.until - FRESH_EVERY * left - timedelta(seconds=rng.randrange(60))
            order = _fresh(_blank(rng, place, customer, past, basket, placed_at), paid=left % 2 == 0)
        else:
            order = _lived(rng, _blank(rng, place, customer, past, basket, year.moment(share)), year.until)
        if order.paid_at is not None:
            baskets.remember(past, basket, share=share)
        yield order


def _visits(
    *, seed: int, customers: Sequence[Customer], orders: int, fresh: int, before: float
) -> list[tuple[float, int]]:
    """(share of the year, customer) of every order, in time: the last `fresh` at the end of the year, all others up to
    the share `before`."""
    rng = random.Random(f"{seed}:visits")
    wishes: list[tuple[float, int]] = []
    for number, count in _counts(rng, customers, orders).items():
        wishes += [(share, number) for share in _shares(rng, customers[number].joined, count)]
    joining = sorted((customers[number].joined, share, number) for share, number in wishes)
    first = joining[0][0] if joining else 0.0
    even = len(joining) - fresh
    turns = [first + (before - first) * (place + rng.uniform(*UNEVEN)) / even for place in range(even)]
    return _take_turns([*turns, *[1.0] * min(fresh, len(joining))], joining)


def _take_turns(
    turns: Sequence[float], joining: Sequence[tuple[float, float, int]]
) -> list[tuple[float, int]]:
    """A visit for every turn, so that the shop is as busy in the end as all the year round.

    Visits (when the customer joined, when they wish to come, who) keep the order wished for, but nobody comes before they
    joined: whoever is known already goes first, and a turn that nobody can take waits."""
    waiting: list[tuple[float, int]] = []
    found: list[tuple[float, int]] = []
    known, come = 0, 0.0
    for turn in turns:
        come = max(come, turn if waiting else max(turn, joining[known][0]))
        while known < len(joining) and joining[known][0] <= come:
            heappush(waiting, joining[known][1:])
            known += 1
        found.append((come, heappop(waiting)[1]))
    return found


def _counts(rng: random.Random, customers: Sequence[Customer], orders: int) -> dict[int, int]:
    """How often each customer orders: everyone willing once, the rest by eagerness and time since joining."""
    buyers = [customer for customer in customers if customer.eager > 0]
    if not buyers:
        return {}
    if orders <= len(buyers):
        return {customer.number: 1 for customer in rng.sample(buyers, orders)}
    counts = {customer.number: 1 for customer in buyers}
    weights = list(accumulate(customer.eager * (1 - customer.joined) for customer in buyers))
    cap = max(PER_CUSTOMER_MAX, 6 * orders // len(buyers))
    missing = orders - len(buyers)
    while missing:
        for customer in rng.choices(buyers, cum_weights=weights, k=missing):
            if counts[customer.number] < cap:
                counts[customer.number] += 1
                missing -= 1
    return counts


def _shares(rng: random.Random, joined: float, count: int) -> list[float]:
    """Moments of one customer's orders: the first soon after joining, then at a personal, uneven pace.

    Most regulars go on until today; the others drift away at some point."""
    first = joined + (1 - joined) * min(rng.expovariate(30), 0.5)
    lasts = rng.uniform(0.85, 1.0) if rng.random() < STAYS_SHARE else rng.uniform(0.15, 0.85)
    gaps = [rng.gammavariate(2, 1) for _ in range(count - 1)]
    whole = sum(gaps) + rng.expovariate(2)
    return [first + (1 - first) * lasts * reached / whole for reached in accumulate(gaps, initial=0.0)]


def _blank(
    rng: random.Random,
    place: int,
    customer: Customer,
    past: Past,
    basket: dict[tuple[str, str], int],
    placed_at: datetime,
) -> PlannedOrder:
    return PlannedOrder(
        number=place + 1,
        customer=customer.number,
        nth=past.orders + 1,
        state=OrderState.UNPAID,
        lines=baskets.lines(basket),
        address=rng.randrange(len(customer.addresses)),
        remark=rng.choice(REMARKS) if rng.random() < 0.07 else "",
        placed_at=placed_at,
    )


def _fresh(order: PlannedOrder, *, paid: bool) -> PlannedOrder:
    """One of the orders that came in just now, so that there is something to pay and something to ship."""
    return replace(order, state=OrderState.PAID, paid_at=order.placed_at + PROMPTLY) if paid else order


def _lived(rng: random.Random, order: PlannedOrder, until: datetime) -> PlannedOrder:
    """The order with everything that happened to it before `until`."""
    fate = rng.random()
    if fate < 0.065:
        return _cancelled(order, order.placed_at + PAY_WITHIN, until)
    if fate < 0.095:
        return _cancelled(order, order.placed_at + timedelta(minutes=rng.uniform(1, 25)), until)
    paid_at = order.placed_at + timedelta(seconds=rng.randint(12, 420))
    if paid_at > until:
        return order
    order = replace(order, state=OrderState.PAID, paid_at=paid_at)
    if fate < 0.11:
        return _refunded(rng, order, paid_at + timedelta(hours=rng.uniform(0.3, 6)), until, whole=True)
    order = _delivered(rng, order, paid_at, until)
    if fate < 0.165 and order.completed_at is not None:
        back = order.completed_at + timedelta(days=rng.uniform(0.2, 6))
        return _refunded(rng, order, back, until, whole=fate < 0.12)
    return order


def _cancelled(order: PlannedOrder, at: datetime, until: datetime) -> PlannedOrder:
    if at > until:
        return order
    return replace(order, state=OrderState.CANCELLED, cancelled_at=at.replace(microsecond=0))


def _delivered(rng: random.Random, order: PlannedOrder, paid_at: datetime, until: datetime) -> PlannedOrder:
    shipped_at = (paid_at + timedelta(hours=rng.uniform(8, 46))).replace(microsecond=0)
    if shipped_at > until:
        return order
    carrier = rng.choices(list(CARRIERS), list(CARRIERS.values()))[0]
    waybill = f"{carrier}{rng.randrange(10**11, 10**12)}"
    order = replace(order, state=OrderState.SHIPPED, shipped_at=shipped_at, carrier=carrier, waybill=waybill)
    pressed = rng.random() < 0.55
    wait = timedelta(days=rng.uniform(1.5, 7)) if pressed else RECEIVE_WITHIN
    done = (shipped_at + wait).replace(microsecond=0)
    return order if done > until else replace(order, state=OrderState.COMPLETED, completed_at=done)


def _refunded(
    rng: random.Random, order: PlannedOrder, at: datetime, until: datetime, *, whole: bool
) -> PlannedOrder:
    if at > until:
        return order
    if whole:
        back = tuple(replace(line, refunded=line.quantity) for line in order.lines)
    else:
        chosen = rng.randrange(len(order.lines))
        back = tuple(
            replace(line, refunded=rng.randint(1, line.quantity)) if place == chosen else line
            for place, line in enumerate(order.lines)
        )
    all_back = all(line.refunded == line.quantity for line in back)
    return replace(
        order,
        lines=back,
        state=OrderState.REFUNDED if all_back else order.state,
        refunded_at=at.replace(microsecond=0),
        refund_reason=rng.choice(REFUND_REASONS),
    )
