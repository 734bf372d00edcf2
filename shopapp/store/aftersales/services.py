"""Refunds that staff decide, by line and pieces."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert

from shopapp.kernel import audit
from shopapp.kernel.db import db
from shopapp.kernel.errors import Invalid, ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.money import Money
from shopapp.store.orders import queries as order_queries
from shopapp.store.orders import returns
from shopapp.store.orders import services as orders
from shopapp.store.orders.returns import Returned
from shopapp.store.payments import refunds
from shopapp.store.stock import services as stock

from . import rules
from .models import RefundLine
from .rules import LineState, PaidFrom, RefundPlan


class NotRefundable(ShopError):
    status, code, text = (
        409,
        "not_refundable",
        _l("这个订单没有可以退的款，没有任何改动。请刷新查看最新状态。"),
    )


class TopUpRefund(ShopError):
    status, code, text = (
        409,
        "top_up_refund",
        _l("储值的钱已经进了余额，请在顾客的余额里退还本金。没有任何改动。"),
    )


class CardRefund(ShopError):
    status, code, text = (
        409,
        "card_refund",
        _l("会员卡已经生效，不能按订单退，没有任何改动。要不要退、退多少，由店里和顾客商量。"),
    )


def refund_lines(
    *,
    no: str,
    lines: Mapping[str, int],
    amount: Money | None,
    reason: str,
    returned: bool = False,
    now: datetime,
) -> int | None:
    """Take pieces back, by the id of their line, and queue their money; the refund's row id, None if it is 0.

    Points, wallet money and what the order earned go back in the same step; only what WeChat Pay took is queued.

    Stock comes before the books, as in every order. Pieces that never left the house go back on the shelf by themselves, shipped ones only if `returned` says that they
    came back and were looked at. `amount` may lower what goes back, never raise it. Raises `NotFound`,
    `NotRefundable`, `Invalid`.
    """
    order = orders.lock_by_no(no=no)
    _check(order)
    plan = _work_out(order, lines=lines, amount=amount)
    _restock(plan, no=no, returned=returned, now=now)
    returns.take_back(
        order=order,
        parts={
            part.line_id: Returned(pieces=part.pieces, amount=part.amount, points=part.points)
            for part in plan.parts
        },
        freight=plan.freight,
        wallet=plan.wallet,
        note=str(plan.total),
        now=now,
    )
    refund_id = None
    if plan.cash:
        refund_id = refunds.queue_for_order(order_id=order.id, amount=plan.cash, reason=reason, now=now)
        _keep_parts(plan, refund_id=refund_id, returned=returned)
    audit.record(
        action="order.refund",
        subject_kind="order",
        subject_id=no,
        changes={
            "fen": plan.total.fen,
            "wallet_fen": plan.wallet.fen,
            "points": plan.points,
            "lines": dict(lines),
            "returned": returned,
        },
    )
    return refund_id


def preview(*, no: str, lines: Mapping[str, int], amount: Money | None) -> RefundPlan:
    """What taking these pieces back would bring, by the id of their line. Raises `NotFound`, `NotRefundable`, `Invalid`."""
    order = found(order_queries.order_by_no(no=no))
    _check(order)
    return _work_out(order, lines=lines, amount=amount)


def _check(order: Any) -> None:
    """Raises `NotRefundable`, `TopUpRefund` for money that is in the wallet by now, `CardRefund` for a card that runs."""
    if order.kind.value == "top_up":
        raise TopUpRefund
    if order.paid_at is None:
        raise NotRefundable
    if order.kind.value == "card":
        raise CardRefund


def _work_out(order: Any, *, lines: Mapping[str, int], amount: Money | None) -> RefundPlan:
    ids = {line.public_id: line.id for line in order.lines}
    if not lines or any(line_id not in ids for line_id in lines):
        raise Invalid({"lines": [_("请选择这个订单里的商品。")]})
    states = [
        LineState(
            line_id=line.id,
            sku_id=line.sku_id,
            quantity=line.quantity,
            shipped=line.shipped_quantity,
            refunded=line.refunded_quantity,
            pay=line.pay,
            refunded_pay=line.refunded,
            points=line.points_used,
            gift=line.gift,
        )
        for line in order.lines
    ]
    paid_from = PaidFrom(
        whole=order.goods + order.freight,
        wallet=order.wallet,
        back=Money.total(line.refunded for line in order.lines) + order.freight_refunded,
    )
    freight_left = order.freight - order.freight_refunded
    asked = {ids[line_id]: count for line_id, count in lines.items()}
    wanted = rules.with_gifts(lines=states, wanted=asked)
    return _plan(states, wanted, freight_left, paid_from, amount)


def _plan(
    states: list[LineState],
    wanted: dict[int, int],
    freight: Money,
    paid_from: PaidFrom,
    amount: Money | None,
) -> RefundPlan:
    by_id = {state.line_id: state for state in states}
    if any(not 1 <= count <= by_id[line_id].left for line_id, count in wanted.items()):
        raise Invalid({"lines": [_("退的数量超过了还可以退的数量。")]})
    whole = rules.plan(lines=states, wanted=wanted, freight=freight, paid_from=paid_from)
    if amount is None:
        return whole
    if not 1 <= amount.fen <= whole.total.fen:
        raise Invalid({"fen": [_("退款金额须在 0.01 到 %(max)s 元之间。", max=str(whole.total))]})
    return rules.plan(lines=states, wanted=wanted, freight=freight, paid_from=paid_from, amount=amount)


def _keep_parts(plan: RefundPlan, *, refund_id: int, returned: bool) -> None:
    rows = [
        {
            "refund_id": refund_id,
            "order_line_id": part.line_id,
            "quantity": part.pieces,
            "amount": part.amount,
            "restocked": returned or part.unshipped == part.pieces,
        }
        for part in plan.parts
    ]
    db.session.execute(insert(RefundLine), rows)


def _restock(plan: RefundPlan, *, no: str, returned: bool, now: datetime) -> None:
    quantities: dict[int, int] = {}
    for part in plan.parts:
        pieces = part.pieces if returned else part.unshipped
        if pieces:
            quantities[part.sku_id] = quantities.get(part.sku_id, 0) + pieces
    if quantities:
        stock.restock(quantities=quantities, subject=f"order:{no}", now=now)
