"""One order of the past, as the rows of its tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.money import ZERO, Money
from shopapp.kernel.pii import lookup_hash
from shopapp.store.pricing.rules import FreightTerms, freight_for, refund_share, spread
from shopapp.store.shipping.rules import carrier_name

from .baskets import PlannedLine
from .earnings import BoughtLine, Earnings
from .followers import Known, region_of
from .ids import Ids
from .orders import RECEIVE_WITHIN, OrderState, PlannedOrder
from .rows import Row
from .shelves import Shelved
from .vouchers import Vouchers

SYSTEM = "system:system"
CARRIERS = {"ZTO": "zto", "YTO": "yto", "YD": "yunda", "JTSD": "jtexpress", "SF": "sf"}
MONEY_ARRIVES = timedelta(seconds=50)
# Coprime to ten, so that numbers made with it look random and never meet.
STEP = 6_180_339_887
TEN_DIGITS = 10**10
STATUS = {
    OrderState.UNPAID: "unpaid",
    OrderState.CANCELLED: "cancelled",
    OrderState.PAID: "paid",
    OrderState.SHIPPED: "shipped",
    OrderState.COMPLETED: "completed",
}


@dataclass(kw_only=True)
class PastOrder:
    """`goods` are the SKUs of the plan's lines; `number` is where the order numbers of this shop begin.

    Goods were sold at their list prices, less what a coupon took off.
    """

    plan: PlannedOrder
    customer: Known
    goods: Sequence[Shelved]
    terms: FreightTerms
    pay_within: timedelta
    number: int
    ids: Ids
    vouchers: Vouchers
    earnings: Earnings
    row_id: int = 0
    line_ids: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        pairs = zip(self.plan.lines, self.goods, strict=True)
        self.list_prices = [goods.price * line.quantity for line, goods in pairs]
        whole = Money.total(self.list_prices)
        self.coupon = self.vouchers.spent_on(self.plan, customer=self.customer, goods=whole)
        self.taken_off = spread(self.coupon.amount if self.coupon else ZERO, over=self.list_prices)
        self.amounts = [price - off for price, off in zip(self.list_prices, self.taken_off, strict=True)]
        self.goods_total = Money.total(self.amounts)
        self.freight = freight_for(goods=self.goods_total, terms=self.terms)
        self.total = self.goods_total + self.freight
        self.no = number_of(self.plan.placed_at, start=self.number, place=self.plan.number)
        if self.coupon is not None:
            self.vouchers.note_order(self.coupon, no=self.no)
        self.earned = self.earnings.of_order(
            self.plan, customer=self.customer, no=self.no, lines=list(self._bought())
        )

    def _bought(self) -> Iterator[BoughtLine]:
        for line, pay, back in zip(self.plan.lines, self.amounts, self._refunds(), strict=True):
            yield BoughtLine(public_id=self._line_id(line), sku=line.sku, pay=pay, refunded=back)

    def _line_id(self, line: PlannedLine) -> str:
        return self.ids.of("line", self.plan.number, line.sku)

    @property
    def restocks(self) -> bool:
        """Whether pieces given back never left the house."""
        return self.plan.refunded_at is not None and self.plan.shipped_at is None

    def back(self, line: PlannedLine) -> tuple[datetime, int] | None:
        """When pieces of this line came back to the shelf, and how many; None if they never did."""
        if self.restocks:
            return _known(self.plan.refunded_at), line.refunded
        at = self.plan.cancelled_at
        return None if at is None else (at, line.quantity)

    @property
    def refunded(self) -> Money:
        return Money.total(self._refunds()) + self._freight_back()

    def order(self) -> Row:
        plan, address = self.plan, self.customer.addresses[self.plan.address]
        cancelled_at, reason = self._cancelled()
        return {
            "no": self.no,
            "customer_id": self.customer.customer_id,
            "openid": self.customer.openid,
            "status": self._status(),
            "refund_status": self._refund_status(),
            "goods": self.goods_total,
            "freight": self.freight,
            "total": self.total,
            "paid": self.total if plan.paid_at else ZERO,
            "refunded": self.refunded,
            "freight_refunded": self._freight_back(),
            "coupon_ids": [self.coupon.public_id] if self.coupon else [],
            "ship_name": address.recipient,
            "ship_phone": address.phone,
            "ship_phone_hash": lookup_hash(address.phone),
            "ship_region_code": address.region_code,
            "ship_region": region_of(address),
            "ship_detail": address.detail,
            "remark": plan.remark or None,
            "no_return_confirmed_at": None if all(each.returnable for each in self.goods) else plan.placed_at,
            "cancel_reason": reason,
            "created_at": plan.placed_at,
            "expires_at": plan.placed_at + self.pay_within,
            "paid_at": plan.paid_at,
            "shipped_at": plan.shipped_at,
            "completed_at": plan.completed_at,
            "final_at": self._final_at(),
            "cancelled_at": cancelled_at,
        }

    def _final_at(self) -> datetime | None:
        """When the time for returns was over; None as long as it is not."""
        if self.plan.completed_at is None:
            return None
        over = self.plan.completed_at + self.earnings.window
        return over if over <= self.earnings.books.until else None

    def lines(self) -> Iterator[Row]:
        figures = zip(
            self.list_prices, self.taken_off, self.amounts, self.earned, self._refunds(), strict=True
        )
        for (line, goods), (price, off, pay, (award, growth), back) in zip(
            self._pairs(), figures, strict=True
        ):
            yield {
                "public_id": self._line_id(line),
                "order_id": self.row_id,
                "product_id": goods.product_id,
                "sku_id": goods.sku_id,
                "title": goods.title,
                "specs": goods.specs,
                "picture": goods.picture,
                "price": goods.price,
                "quantity": line.quantity,
                "reductions": self._reductions(off),
                "list": price,
                "pay": pay,
                "award": award,
                "growth": growth,
                "returnable": goods.returnable,
                "shipped_quantity": line.quantity if self.plan.shipped_at else 0,
                "refunded_quantity": line.refunded,
                "refunded": back,
            }

    def _reductions(self, off: Money) -> list[Row]:
        if self.coupon is None or not off:
            return []
        return [{"kind": "coupon", "fen": off.fen, "note": self.coupon.name}]

    def payment(self) -> Row:
        plan = self.plan
        return {
            "order_id": self.row_id,
            "out_trade_no": self._number(plan.placed_at, 1),
            "openid": self.customer.openid,
            "amount": self.total,
            "status": "paid",
            "settles": True,
            "transaction_id": f"4200{self._number(plan.placed_at, 2)}",
            "created_at": plan.placed_at,
            "expires_at": plan.placed_at + self.pay_within,
            "paid_at": plan.paid_at,
        }

    def refund(self, *, payment_id: int) -> Row:
        at = _known(self.plan.refunded_at)
        number = self._number(at, 3)
        return {
            "payment_id": payment_id,
            "order_id": self.row_id,
            "out_refund_no": f"R{number}",
            "cause": "staff",
            "amount": self.refunded,
            "reason": self.plan.refund_reason,
            "state": "done",
            "refund_id": f"5030{number}",
            "tries": 1,
            "next_try_at": at,
            "created_at": at,
            "done_at": at + MONEY_ARRIVES,
        }

    def refund_lines(self, *, refund_id: int) -> Iterator[Row]:
        for line, row_id, amount in zip(self.plan.lines, self.line_ids, self._refunds(), strict=True):
            if line.refunded:
                yield {
                    "refund_id": refund_id,
                    "order_line_id": row_id,
                    "quantity": line.refunded,
                    "amount": amount,
                    "restocked": self.restocks,
                }

    def parcel(self) -> Row:
        return {
            "public_id": self.ids.of("parcel", self.plan.number),
            "order_id": self.row_id,
            "carrier": CARRIERS[self.plan.carrier],
            "waybill": self.plan.waybill,
            "created_at": _known(self.plan.shipped_at),
        }

    def parcel_lines(self, *, shipment_id: int) -> Iterator[Row]:
        for line, row_id in zip(self.plan.lines, self.line_ids, strict=True):
            yield {"shipment_id": shipment_id, "order_line_id": row_id, "quantity": line.quantity}

    def steps(self) -> Iterator[Row]:
        plan, customer = self.plan, f"customer:{self.customer.public_id}"
        cancelled_at, reason = self._cancelled()
        yield self._step("placed", plan.placed_at, actor=customer)
        if plan.paid_at:
            yield self._step("paid", plan.paid_at)
        if plan.shipped_at:
            note = f"{carrier_name(CARRIERS[plan.carrier])} {plan.waybill}"
            yield self._step("shipped", plan.shipped_at, note=note)
        if plan.completed_at and plan.shipped_at:
            by_itself = plan.completed_at - plan.shipped_at >= RECEIVE_WITHIN
            actor = SYSTEM if by_itself else customer
            yield self._step("completed" if by_itself else "received", plan.completed_at, actor=actor)
        if plan.refunded_at:
            yield self._step("refund", plan.refunded_at, note=str(self.refunded))
            yield self._step("refunded", plan.refunded_at + MONEY_ARRIVES, note=str(self.refunded))
        elif cancelled_at:
            actor = customer if reason == "customer" else SYSTEM
            yield self._step("cancelled", cancelled_at, note=reason or "", actor=actor)

    def movements(self) -> Iterator[Row]:
        plan = self.plan
        yield from self._moves("hold", plan.placed_at, free=-1, held=1)
        if plan.paid_at:
            yield from self._moves("sale", plan.paid_at, free=0, held=-1)
        elif plan.cancelled_at:
            yield from self._moves("release", plan.cancelled_at, free=1, held=-1)
        if self.restocks:
            yield from self._moves("restock", _known(plan.refunded_at), free=1, held=0)

    def _moves(self, reason: str, at: datetime, *, free: int, held: int) -> Iterator[Row]:
        for line, goods in self._pairs():
            yield {
                "sku_id": goods.sku_id,
                "reason": reason,
                "free_change": free * line.quantity,
                "held_change": held * line.quantity,
                "subject": f"order:{self.no}",
                "at": at,
            }

    def _step(self, what: str, at: datetime, *, note: str = "", actor: str = SYSTEM) -> Row:
        return {"order_id": self.row_id, "what": what, "note": note, "actor": actor, "at": at}

    def _pairs(self) -> Iterator[tuple[PlannedLine, Shelved]]:
        return zip(self.plan.lines, self.goods, strict=True)

    def _status(self) -> str:
        if self.plan.state is OrderState.REFUNDED:
            return "completed" if self.plan.completed_at else "cancelled"
        return STATUS[self.plan.state]

    def _cancelled(self) -> tuple[datetime | None, str | None]:
        if self.restocks:
            return self.plan.refunded_at, "refunded"
        at = self.plan.cancelled_at
        if at is None:
            return None, None
        return at, "timeout" if at - self.plan.placed_at >= self.pay_within else "customer"

    def _refunds(self) -> list[Money]:
        return [
            refund_share(pay=pay, quantity=line.quantity, refunded_before=0, pieces=line.refunded)
            for line, pay in zip(self.plan.lines, self.amounts, strict=True)
        ]

    def _freight_back(self) -> Money:
        return self.freight if self.restocks else ZERO

    def _refund_status(self) -> str:
        if self.plan.refunded_at is None:
            return "none"
        return "all" if all(line.refunded == line.quantity for line in self.plan.lines) else "part"

    def _number(self, at: datetime, more: int) -> str:
        return number_of(at, start=self.number + more, place=self.plan.number)


def number_of(at: datetime, *, start: int, place: int) -> str:
    """Eighteen digits: the day in shop time, then ten that no other place has."""
    return f"{at.astimezone(SHOP_ZONE):%Y%m%d}{(start + place * STEP) % TEN_DIGITS:010d}"


def _known(moment: datetime | None) -> datetime:
    """A time that the caller knows to have come."""
    if moment is None:
        raise ValueError("this has not happened")
    return moment
