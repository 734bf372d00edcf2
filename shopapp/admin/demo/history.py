"""A year of orders as rows: what the services would have left behind, had each act been done in its time."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from heapq import heappop, heappush

from shopapp.kernel import preferences
from shopapp.store.catalogue import services as catalogue
from shopapp.store.pricing import queries as pricing
from shopapp.store.pricing.rules import FreightTerms

from . import rows
from .earnings import Earnings
from .followers import Known
from .ids import Ids
from .orders import PlannedOrder
from .past import PastOrder
from .rows import Row
from .shelves import Shelved, Shelves
from .vouchers import Vouchers

BATCH = 500


class Shelf:
    """How many pieces of one SKU are taken at a time, and how many were at most; orders come in time."""

    def __init__(self) -> None:
        self.taken = self.most_taken = 0
        self._coming_back: list[tuple[datetime, int]] = []

    def take(self, pieces: int, *, at: datetime, back: tuple[datetime, int] | None) -> None:
        """An order takes pieces at this time; `back` tells when how many of them return to the shelf."""
        while self._coming_back and self._coming_back[0][0] < at:
            self.taken -= heappop(self._coming_back)[1]
        self.taken += pieces
        self.most_taken = max(self.most_taken, self.taken)
        if back is not None:
            heappush(self._coming_back, back)


class History:
    """Writes orders in batches and keeps count of what they did to the stock."""

    def __init__(
        self,
        *,
        seed: int,
        shelves: Shelves,
        people: Sequence[Known],
        vouchers: Vouchers,
        earnings: Earnings,
    ) -> None:
        self.ids = Ids(seed)
        self.vouchers, self.earnings = vouchers, earnings
        self.shelves = shelves
        self.people = people
        self.terms: FreightTerms = pricing.freight_terms()
        self.pay_within = timedelta(minutes=preferences.read("orders.pay_within_minutes"))
        self.numbers = random.Random(f"{seed}:numbers").randrange(10**10)
        self.held: Counter[str] = Counter()
        self.gone: Counter[str] = Counter()
        self.shelf: defaultdict[str, Shelf] = defaultdict(Shelf)
        self.sold: Counter[int] = Counter()
        self.unpaid: Counter[int] = Counter()
        self.last: dict[int, datetime] = {}

    def write(self, planned: Sequence[PlannedOrder]) -> None:
        """One batch of orders with everything that belongs to them."""
        past = [self._past(order) for order in planned]
        for order, row_id in zip(past, rows.add_with_ids("orders", [o.order() for o in past]), strict=True):
            order.row_id = row_id
        line_ids = iter(rows.add_with_ids("order_lines", [row for o in past for row in o.lines()]))
        for order in past:
            order.line_ids = [next(line_ids) for _ in order.plan.lines]
        self._write_parcels([order for order in past if order.plan.shipped_at])
        self._write_money([order for order in past if order.plan.paid_at])
        rows.add("order_steps", [row for o in past for row in o.steps()])
        rows.add("stock_movements", [row for o in past for row in o.movements()])
        for order in past:
            self._count(order)
        self.earnings.settle(to=planned[-1].placed_at)

    def _past(self, plan: PlannedOrder) -> PastOrder:
        return PastOrder(
            plan=plan,
            customer=self.people[plan.customer],
            goods=[self.shelves.skus[line.sku] for line in plan.lines],
            terms=self.terms,
            pay_within=self.pay_within,
            number=self.numbers,
            ids=self.ids,
            vouchers=self.vouchers,
            earnings=self.earnings,
        )

    def _write_parcels(self, past: Sequence[PastOrder]) -> None:
        ids = rows.add_with_ids("shipments", [order.parcel() for order in past])
        rows.add(
            "shipment_lines",
            [
                row
                for order, row_id in zip(past, ids, strict=True)
                for row in order.parcel_lines(shipment_id=row_id)
            ],
        )

    def _write_money(self, past: Sequence[PastOrder]) -> None:
        paid = rows.add_with_ids("payments", [order.payment() for order in past])
        back = [
            (order, payment_id)
            for order, payment_id in zip(past, paid, strict=True)
            if order.plan.refunded_at is not None
        ]
        ids = rows.add_with_ids("refunds", [order.refund(payment_id=number) for order, number in back])
        rows.add(
            "refund_lines",
            [
                row
                for (order, _), row_id in zip(back, ids, strict=True)
                for row in order.refund_lines(refund_id=row_id)
            ],
        )

    def _count(self, order: PastOrder) -> None:
        plan = order.plan
        customer_id = order.customer.customer_id
        self.last[customer_id] = max(plan.placed_at, self.last.get(customer_id, plan.placed_at))
        for line, goods in zip(plan.lines, order.goods, strict=True):
            if plan.paid_at is not None:
                self.sold[goods.product_id] += line.quantity
                self.gone[line.sku] += line.quantity - (line.refunded if order.restocks else 0)
            elif plan.cancelled_at is None:
                self.held[line.sku] += line.quantity
            self.shelf[line.sku].take(line.quantity, at=plan.placed_at, back=order.back(line))
        if plan.paid_at is None and plan.cancelled_at is None:
            self.unpaid[order.customer.customer_id] += 1

    def close(self, *, start: datetime, until: datetime) -> None:
        """Write the stock, so that all that was bought had been there, and what follows from it."""
        skus = self.shelves.skus
        rows.add("stock_levels", [self._level(code, sku) for code, sku in skus.items()])
        deliveries = {code: self._delivery(code, sku, at=start) for code, sku in skus.items()}
        rows.add("stock_movements", list(deliveries.values()))
        rows.add(
            "stock_movements",
            [
                self._count_again(more, of=deliveries[code], at=until)
                for code, sku in skus.items()
                if (more := self._spare(code, sku))
            ],
        )
        rows.change("products", "sold", self.sold)
        rows.change("customers", "last_seen_at", self.last)
        rows.add(
            "order_quotas",
            [{"customer_id": customer_id, "unpaid": count} for customer_id, count in self.unpaid.items()],
        )
        catalogue.refresh_in_stock(product_ids={sku.product_id for sku in skus.values()})
        catalogue.lists_changed()

    def _level(self, code: str, sku: Shelved) -> Row:
        return {"sku_id": sku.sku_id, "free": sku.stock, "held": self.held[code]}

    def _delivery(self, code: str, sku: Shelved, *, at: datetime) -> Row:
        pieces = sku.stock + self.held[code] + self.gone[code] + self._spare(code, sku)
        return {
            "sku_id": sku.sku_id,
            "reason": "count",
            "free_change": pieces,
            "held_change": 0,
            "note": "开店入库",
            "at": at,
        }

    def _spare(self, code: str, sku: Shelved) -> int:
        """Pieces that were needed for a while, by orders that were cancelled later, and are not there in the end."""
        return max(self.shelf[code].most_taken - sku.stock - self.held[code] - self.gone[code], 0)

    @staticmethod
    def _count_again(more: int, *, of: Row, at: datetime) -> Row:
        return {**of, "free_change": -more, "note": "实盘数", "at": at}
