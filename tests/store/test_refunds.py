"""Staff refunds: decided by line and piece, sent once, told when done."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shopapp.kernel import clock
from shopapp.kernel.access import Permission
from shopapp.kernel.audit import AuditEntry
from shopapp.kernel.db import db, transaction
from shopapp.kernel.errors import Invalid
from shopapp.kernel.jobs import registry
from shopapp.kernel.money import Money
from shopapp.kernel.states import IllegalMove
from shopapp.store.aftersales import services as aftersales
from shopapp.store.aftersales.services import NotRefundable
from shopapp.store.orders.models import Order, OrderStatus, RefundStatus
from shopapp.store.payments import queries, refunds
from shopapp.store.payments.models import RefundState
from shopapp.wechat.pay import (
    Missing,
    NotEnough,
    PayProblem,
    RateLimited,
    RefundResult,
    Refused,
    SettingsRefused,
    Unknown,
)
from shopapp.wechat.worklist.queries import worklist
from shopapp.wechat.worklist.receiving import Finding
from tests.support.catalogue import make_sku, stock_of
from tests.support.clocks import ShopClock
from tests.support.merchant import merchant_client
from tests.support.orders import Store, events, lines_of, ship
from tests.support.pay import KEYS, sealed_notice
from tests.support.people import make_person


@pytest.fixture
def store(app: Flask) -> Store:
    return Store.open(app)


def take_back(order: Order, *pieces: int, fen: int | None = None, returned: bool = False) -> int | None:
    """Refund so many pieces of each line, from the first line on."""
    lines = {line.public_id: count for line, count in zip(lines_of(order), pieces, strict=False) if count}
    with transaction():
        return aftersales.refund_lines(
            no=order.no,
            lines=lines,
            amount=None if fen is None else Money(fen),
            reason="少发一件",
            returned=returned,
            now=clock.now(),
        )


def send() -> int:
    return registry()["send-refunds"].run(clock.now())


def refund_notice(store: Store, order: Order, state: str = "SUCCESS", **changes: Any) -> bytes:
    (refund, *_) = store.refunds(order)
    (payment,) = store.attempts(order)
    data = {
        "mchid": KEYS["merchant_mchid"],
        "out_trade_no": payment.out_trade_no,
        "transaction_id": payment.transaction_id,
        "out_refund_no": refund.out_refund_no,
        "refund_id": "5030001",
        "refund_status": state,
        "success_time": "2026-01-01T11:00:05+08:00",
        "user_received_account": "支付用户零钱",
        "amount": {
            "total": payment.amount.fen,
            "refund": refund.amount.fen,
            "payer_total": payment.amount.fen,
            "payer_refund": refund.amount.fen,
        },
    }
    return sealed_notice(
        event_type=f"REFUND.{state}", original_type="refund", data=data | changes, notice_id=f"EV-{state}"
    )


def test_everything_back_before_shipping_closes_the_order_and_restocks(store: Store) -> None:
    goods = make_sku(price_fen=3333, stock=10)
    order = store.paid_order(of={goods.public_id: 3})
    assert order.total == Money(9999)
    take_back(order, 1)
    order = store.again(order)
    assert (order.status, order.refund_status) == (OrderStatus.PAID, RefundStatus.PART)
    assert stock_of(goods) == (8, 0)
    take_back(order, 2)
    order = store.again(order)
    assert (order.status, order.cancel_reason) == (OrderStatus.CANCELLED, "refunded")
    assert (order.refund_status, order.refunded) == (RefundStatus.ALL, order.paid)
    assert stock_of(goods) == (10, 0)
    assert events("OrderCancelled") == []
    assert send() == 2
    assert [event["refunded_fen"] for event in events("OrderRefunded")] == [3333, 6666]


def test_the_freight_goes_back_with_the_last_piece_alone(store: Store) -> None:
    order = store.paid_order(of={make_sku(price_fen=1000).public_id: 1, make_sku(price_fen=500).public_id: 2})
    assert order.freight == Money(800)
    take_back(order, 1, 1)
    assert store.again(order).refunded == Money(1500)
    take_back(order, 0, 1)
    assert store.again(order).refunded == order.total


def test_after_shipping_no_freight_and_no_restock_without_inspection(store: Store) -> None:
    goods = make_sku(price_fen=1000, stock=10)
    order = store.paid_order(of={goods.public_id: 3})
    ship(order, waybill="SF1000000001")
    take_back(order, 1)
    assert stock_of(goods) == (7, 0)
    take_back(order, 2, returned=True)
    assert stock_of(goods) == (9, 0)
    order = store.again(order)
    assert (order.status, order.refunded, order.refund_status) == (
        OrderStatus.SHIPPED,
        Money(3000),
        RefundStatus.ALL,
    )


def test_taking_back_what_was_not_shipped_yet_completes_the_shipping(store: Store) -> None:
    goods = make_sku(stock=10)
    order = store.paid_order(of={goods.public_id: 3})
    (line,) = lines_of(order)
    ship(order, waybill="SF1000000001", lines={line.public_id: 2})
    take_back(order, 1)
    assert store.again(order).status is OrderStatus.SHIPPED
    assert stock_of(goods) == (8, 0)


def test_more_pieces_or_more_money_than_there_is_are_refused(store: Store) -> None:
    order = store.paid_order(price_fen=1000, pieces=2, stock=5)
    for pieces, fen in (((3,), None), ((1,), 1001), ((2,), 2801), ((1,), 0), ((0,), None)):
        with pytest.raises(Invalid):
            take_back(order, *pieces, fen=fen)
    take_back(order, 2, fen=2800)
    with pytest.raises(Invalid):
        take_back(order, 1)
    assert len(store.refunds(order)) == 1


def test_a_lower_amount_closes_the_line_all_the_same(store: Store) -> None:
    order = store.paid_order(price_fen=1000, pieces=2, stock=5)
    take_back(order, 2, fen=1)
    order = store.again(order)
    assert (order.status, order.refunded, order.refund_status) == (
        OrderStatus.CANCELLED,
        Money(1),
        RefundStatus.ALL,
    )


def test_an_unpaid_order_has_nothing_to_give_back(store: Store) -> None:
    with pytest.raises(NotRefundable):
        take_back(store.order(), 1)


def test_free_goods_go_back_without_money(store: Store) -> None:
    from shopapp.kernel import preferences

    with transaction():
        preferences.write("freight.fen", 0)
    goods = make_sku(price_fen=0, stock=5)
    order = store.order(of={goods.public_id: 2})
    assert take_back(order, 2) is None
    assert (store.again(order).status, stock_of(goods)) == (OrderStatus.CANCELLED, (5, 0))
    assert store.refunds(order) == []


@pytest.mark.parametrize(
    "problem", [Unknown("NO_ANSWER"), RateLimited("X"), NotEnough("X"), SettingsRefused("X")]
)
@pytest.mark.parametrize("after_effect", [False, True])
def test_after_any_doubt_the_same_number_is_sent_again(
    store: Store, clock: ShopClock, problem: PayProblem, after_effect: bool
) -> None:
    order = store.paid_order()
    take_back(order, 1)
    store.pay.fail("refund", problem, after_effect=after_effect)
    send()
    (refund,) = store.refunds(order)
    assert (refund.state, refund.problem) == (RefundState.SENT, str(problem))
    assert send() == 0
    clock.forward(minutes=1)
    assert send() == 1
    (refund,) = store.refunds(order)
    assert refund.state is RefundState.DONE
    assert list(store.pay.refunds) == [refund.out_refund_no]
    assert len(events("OrderRefunded")) == 1


def test_a_refund_taken_but_not_done_is_asked_about(store: Store, clock: ShopClock) -> None:
    order = store.paid_order()
    store.pay.next_refund = RefundResult.PROCESSING
    take_back(order, 1)
    send()
    (refund,) = store.refunds(order)
    assert (refund.state, refund.done_at) == (RefundState.SENT, None)
    assert events("OrderRefunded") == []
    store.pay.refunds[refund.out_refund_no].result = RefundResult.SUCCESS
    clock.forward(minutes=1)
    send()
    assert [call for call, _ in store.pay.calls if "refund" in call] == ["refund", "query_refund"]
    assert len(events("OrderRefunded")) == 1
    clock.forward(days=1)
    assert send() == 0


def test_a_notice_ends_a_refund_once_and_never_backwards(store: Store) -> None:
    order = store.paid_order()
    store.pay.next_refund = RefundResult.PROCESSING
    take_back(order, 1)
    send()
    body = refund_notice(store, order)
    for _ in range(3):
        assert store.tell(body, kind="refund").status_code == 204
    assert store.tell(refund_notice(store, order, "ABNORMAL"), kind="refund").status_code == 204
    (refund,) = store.refunds(order)
    assert (refund.state, refund.refund_id) == (RefundState.DONE, "5030001")
    assert len(events("OrderRefunded")) == 1


def test_a_notice_before_our_own_answer_is_welcome(store: Store) -> None:
    order = store.paid_order()
    take_back(order, 1)
    assert store.tell(refund_notice(store, order), kind="refund").status_code == 204
    assert send() == 0
    assert store.refunds(order)[0].state is RefundState.DONE


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"mchid": "1"}, 400),
        ({"out_trade_no": "T1"}, 400),
        ({"amount": {"total": 1, "refund": 1}}, 400),
        ({"out_refund_no": "R1"}, 404),
    ],
    ids=str,
)
def test_a_refund_notice_that_does_not_fit_goes_to_the_worklist(
    store: Store, change: dict[str, Any], status: int
) -> None:
    order = store.paid_order()
    take_back(order, 1)
    assert store.tell(refund_notice(store, order, **change), kind="refund").status_code == status
    assert store.refunds(order)[0].state is RefundState.QUEUED
    assert len(worklist()) == 1


def test_an_abnormal_refund_is_shown_and_mended_on_the_merchant_platform(
    store: Store, clock: ShopClock
) -> None:
    order = store.paid_order()
    store.pay.next_refund = RefundResult.ABNORMAL
    take_back(order, 1)
    send()
    (shown,) = queries.troubled_refunds()
    assert shown.state is RefundState.ABNORMAL
    store.pay.refunds[shown.no].result = RefundResult.SUCCESS
    clock.forward(hours=7)
    assert send() == 1
    assert store.refunds(order)[0].state is RefundState.DONE
    assert queries.troubled_refunds() == []


@pytest.mark.parametrize("problem", [Refused("INVALID_REQUEST"), Missing("RESOURCE_NOT_EXISTS")])
def test_a_refused_refund_waits_for_staff_and_goes_again_with_its_number(
    store: Store, clock: ShopClock, problem: PayProblem
) -> None:
    order = store.paid_order()
    take_back(order, 1)
    store.pay.fail("refund", problem)
    send()
    (shown,) = queries.troubled_refunds()
    assert (shown.state, shown.problem) == (RefundState.FAILED, problem.code)
    clock.forward(days=2)
    assert send() == 0
    with transaction():
        refunds.try_again(out_refund_no=shown.no, now=clock.now())
    assert send() == 1
    assert list(store.pay.refunds) == [shown.no]
    with pytest.raises(IllegalMove), transaction():
        refunds.try_again(out_refund_no=shown.no, now=clock.now())


def test_a_refund_that_the_platform_closed_goes_again_under_a_new_number(store: Store) -> None:
    order = store.paid_order(pieces=1)
    store.pay.next_refund = RefundResult.CLOSED
    take_back(order, 1)
    send()
    (closed,) = queries.troubled_refunds()
    assert closed.state is RefundState.FAILED
    store.pay.next_refund = RefundResult.SUCCESS
    with transaction():
        refunds.try_again(out_refund_no=closed.no, now=clock.now())
    send()
    (again,) = store.refunds(order)
    assert again.state is RefundState.DONE
    assert list(store.pay.refunds) == [closed.no, again.out_refund_no]
    assert again.out_refund_no != closed.no
    with transaction():
        told, _problem = refunds.apply(
            answer=store.pay.query_refund(out_refund_no=closed.no), mchid=store.pay.mchid, now=clock.now()
        )
    assert told is Finding.REPEATED


def test_staff_refund_over_the_api_and_leave_a_trace(
    store: Store, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    buyer = make_person()
    order = store.paid_order(by=buyer, price_fen=1000, pieces=2, stock=5)
    (line,) = lines_of(order)
    url = f"/api/v1/admin/orders/{order.no}/refunds"
    body: dict[str, Any] = {
        "lines": [{"line_id": line.public_id, "quantity": 1}],
        "fen": 600,
        "reason": "包装破损",
    }
    warehouse = merchant_client(app, monkeypatch, Permission.ORDERS_VIEW, Permission.ORDERS_SHIP)
    assert warehouse.post(url, json=body).status_code == 403
    staff = merchant_client(app, monkeypatch, Permission.ORDERS_VIEW, Permission.ORDERS_REFUND)
    answer = staff.post(url, json=body, headers={"Idempotency-Key": "r1"})
    assert answer.status_code == 201, answer.text
    assert staff.post(url, json=body, headers={"Idempotency-Key": "r1"}).get_json() == answer.get_json()
    told = answer.get_json()
    assert (told["refund"]["fen"], told["refund"]["state"], told["refund"]["reason"]) == (
        600,
        "queued",
        "包装破损",
    )
    assert told["order"]["refund_status"] == "part"
    assert told["order"]["address"]["name"] == "王**"
    for wrong in ({"fen": 0}, {"fen": 10**9}, {"fen": "600"}, {"lines": []}, {"money": 1}):
        assert staff.post(url, json=body | wrong).status_code == 422
    (entry,) = db.session.scalars(select(AuditEntry).filter_by(action="order.refund"))
    assert (entry.subject_id, entry.changes["fen"]) == (order.no, 600)
    send()
    seen = store.client.get(f"/api/v1/orders/{order.no}", headers=buyer.headers).get_json()
    assert [(refund["fen"], refund["state"]) for refund in seen["refunds"]] == [(600, "done")]
