"""A WeChat Pay in memory: keeps orders, refunds and transfers, remembers every call, and fails as it is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from shopapp.kernel.money import Money

from .bills import BillRow
from .fake_transfers import FakeTransfers
from .gateway import PayClient
from .kinds import (
    FollowOrder,
    Missing,
    RefundAnswer,
    RefundResult,
    Refused,
    Trade,
    TradeState,
)
from .signing import PayKeys


@dataclass
class FakeOrder:
    """What the fake keeps of a JSAPI order."""

    amount: Money
    openid: str
    description: str
    expires_at: datetime
    state: TradeState = TradeState.NOTPAY
    prepay_ids: list[str] = field(default_factory=list)
    transaction_id: str | None = None
    paid_at: datetime | None = None


@dataclass
class FakeRefund:
    """What the fake keeps of a refund."""

    out_trade_no: str
    amount: Money
    result: RefundResult
    refund_id: str


class FakePay(FakeTransfers, PayClient):
    """Answers like the platform, without it; `next_refund` is how refunds go."""

    def __init__(self, *, appid: str, keys: PayKeys) -> None:
        super().__init__(appid=appid, keys=keys)
        self.orders: dict[str, FakeOrder] = {}
        self.refunds: dict[str, FakeRefund] = {}
        self.bills: dict[date, list[BillRow]] = {}
        self.next_refund = RefundResult.SUCCESS

    def pay(self, out_trade_no: str, *, at: datetime) -> Trade:
        """The customer pays in WeChat; the shop is not told. Raises `FollowOrder` on a closed order."""
        with self.lock:
            order = self.orders[out_trade_no]
            if order.state is not TradeState.NOTPAY:
                raise FollowOrder("ORDER_CLOSED")
            order.state = TradeState.SUCCESS
            order.paid_at = at
            order.transaction_id = f"42000000{len(self.orders):08d}{out_trade_no[-12:]}"
            return self._trade(out_trade_no)

    def prepay(
        self,
        *,
        out_trade_no: str,
        amount: Money,
        description: str,
        openid: str,
        notify_url: str,
        expires_at: datetime,
    ) -> str:
        lost = self.begin("prepay", out_trade_no)
        with self.lock:
            known = self.orders.get(out_trade_no)
            wanted = FakeOrder(amount=amount, openid=openid, description=description, expires_at=expires_at)
            if known is None:
                known = self.orders[out_trade_no] = wanted
            elif known.state is not TradeState.NOTPAY:
                raise FollowOrder("ORDERPAID" if known.state.paid else "ORDER_CLOSED", status=403)
            elif (known.amount, known.openid, known.description, known.expires_at) != (
                wanted.amount,
                wanted.openid,
                wanted.description,
                wanted.expires_at,
            ):
                raise Refused("INVALID_REQUEST", status=400)
            known.prepay_ids.append(f"wx{out_trade_no}{len(known.prepay_ids)}")
            prepay_id = known.prepay_ids[-1]
        return self.end(lost, prepay_id)

    def query(self, *, out_trade_no: str) -> Trade:
        lost = self.begin("query", out_trade_no)
        with self.lock:
            if out_trade_no not in self.orders:
                raise Missing("ORDER_NOT_EXIST", status=404)
            return self.end(lost, self._trade(out_trade_no))

    def probe(self, *, out_trade_no: str) -> bool:
        return self.end(self.begin("probe", out_trade_no), out_trade_no in self.orders)

    def close(self, *, out_trade_no: str) -> None:
        lost = self.begin("close", out_trade_no)
        with self.lock:
            order = self.orders.get(out_trade_no)
            if order is None:
                raise Missing("ORDER_NOT_EXIST", status=404)
            if order.state is not TradeState.NOTPAY:
                raise FollowOrder("ORDERPAID" if order.state.paid else "ORDER_CLOSED", status=400)
            order.state = TradeState.CLOSED
        self.end(lost, None)

    def refund(
        self,
        *,
        out_trade_no: str,
        out_refund_no: str,
        amount: Money,
        total: Money,
        reason: str,
        notify_url: str,
    ) -> RefundAnswer:
        lost = self.begin("refund", out_refund_no)
        with self.lock:
            if out_refund_no not in self.refunds:
                self._take_refund(out_trade_no, out_refund_no, amount=amount, total=total)
            return self.end(lost, self._refund_answer(out_refund_no))

    def query_refund(self, *, out_refund_no: str) -> RefundAnswer:
        lost = self.begin("query_refund", out_refund_no)
        with self.lock:
            if out_refund_no not in self.refunds:
                raise Missing("RESOURCE_NOT_EXISTS", status=404)
            return self.end(lost, self._refund_answer(out_refund_no))

    def trade_bill(self, *, day: date) -> list[BillRow]:
        return self.end(self.begin("trade_bill", day.isoformat()), self.bills.get(day, []))

    def _take_refund(self, out_trade_no: str, out_refund_no: str, *, amount: Money, total: Money) -> None:
        order = self.orders.get(out_trade_no)
        if order is None:
            raise Missing("RESOURCE_NOT_EXISTS", status=404)
        earlier = Money.total(
            refund.amount
            for refund in self.refunds.values()
            if refund.out_trade_no == out_trade_no and refund.result is not RefundResult.CLOSED
        )
        if not order.state.paid or total != order.amount or earlier + amount > order.amount:
            raise Refused("INVALID_REQUEST", status=400)
        order.state = TradeState.REFUND
        self.refunds[out_refund_no] = FakeRefund(
            out_trade_no=out_trade_no,
            amount=amount,
            result=self.next_refund,
            refund_id=f"503{len(self.refunds):09d}",
        )

    def _trade(self, out_trade_no: str) -> Trade:
        order = self.orders[out_trade_no]
        return Trade(
            appid=self.appid,
            mchid=self.mchid,
            out_trade_no=out_trade_no,
            state=order.state,
            transaction_id=order.transaction_id,
            total=order.amount if order.state.paid else None,
            currency="CNY",
            paid_at=order.paid_at,
            openid=order.openid,
        )

    def _refund_answer(self, out_refund_no: str) -> RefundAnswer:
        refund = self.refunds[out_refund_no]
        return RefundAnswer(
            out_refund_no=out_refund_no,
            out_trade_no=refund.out_trade_no,
            result=refund.result,
            refund_id=refund.refund_id,
            amount=refund.amount,
            total=self.orders[refund.out_trade_no].amount,
        )
