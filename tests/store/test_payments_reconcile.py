"""Our books against the trade bill."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from shopapp.kernel import clock
from shopapp.kernel.db import db, transaction
from shopapp.kernel.jobs import registry
from shopapp.kernel.money import Money
from shopapp.store.aftersales import services as aftersales
from shopapp.store.orders.models import Order
from shopapp.store.payments import reconciliation
from shopapp.store.payments.models import Payment, Refund
from shopapp.store.payments.reconciliation import Report
from shopapp.wechat.pay import BillRow, NotReady, Unknown
from shopapp.wechat.worklist.queries import worklist
from tests.support.clocks import ShopClock
from tests.support.orders import Store, count, lines_of
from tests.support.people import make_person


@pytest.fixture
def store(app: Flask) -> Store:
    return Store.open(app)


def yesterday() -> date:
    return clock.shop_day(clock.now()) - timedelta(days=1)


def at(hour: int, minute: int = 0, *, day: date | None = None) -> datetime:
    return clock.day_start(day or yesterday()) + timedelta(hours=hour, minutes=minute)


def sold(store: Store, *, paid_at: datetime, **goods: Any) -> Payment:
    """A payment that came at this time, according to the platform."""
    buyer = make_person()
    order = store.order(by=buyer, **goods)
    store.tell_paid(store.pay.pay(store.start(order, by=buyer), at=paid_at))
    (payment,) = store.attempts(order)
    return payment


def given_back(store: Store, payment: Payment, *, done_at: datetime) -> Refund:
    order = db.session.get_one(Order, payment.order_id)
    with transaction():
        aftersales.refund_lines(
            no=order.no,
            lines={line.public_id: 1 for line in lines_of(order)},
            amount=None,
            reason="",
            now=done_at,
        )
    registry()["send-refunds"].run(clock.now())
    return done(store, order, at=done_at)


def done(store: Store, order: Order, *, at: datetime) -> Refund:
    """Let the refund have arrived at this time."""
    (refund,) = store.refunds(order)
    with transaction():
        refund.done_at = at
        db.session.add(refund)
    return refund


def bill_row(row: Payment | Refund, *, moment: datetime, **changes: Any) -> BillRow:
    told: dict[str, Any] = {
        "at": moment,
        "out_trade_no": row.out_trade_no if isinstance(row, Payment) else "T",
        "transaction_id": "42",
        "out_refund_no": row.out_refund_no if isinstance(row, Refund) else None,
        "state": "SUCCESS",
        "amount": row.amount,
    }
    return BillRow(**(told | changes))


def differences(report: Report) -> list[tuple[str, str]]:
    return [(difference.kind.value, difference.number) for difference in report.differences]


def test_equal_books_have_no_differences(store: Store) -> None:
    payment = sold(store, paid_at=at(9))
    refund = given_back(store, payment, done_at=at(10))
    store.pay.bills[yesterday()] = [bill_row(payment, moment=at(9)), bill_row(refund, moment=at(10))]
    report = reconciliation.reconcile(day=yesterday())
    assert (differences(report), report.waiting) == ([], [])
    assert report.payments == {
        "bill": 1,
        "ours": 1,
        "bill_fen": payment.amount.fen,
        "ours_fen": payment.amount.fen,
    }
    assert report.refunds["ours_fen"] == refund.amount.fen


def test_every_kind_of_difference_is_found_and_kept_once(store: Store) -> None:
    missing, dear = sold(store, paid_at=at(9)), sold(store, paid_at=at(10))
    refund = given_back(store, dear, done_at=at(11))
    buyer = make_person()
    order = store.order(by=buyer)
    store.start(order, by=buyer)
    (unpaid,) = store.attempts(order)
    stranger = bill_row(missing, moment=at(9), out_trade_no="UNKNOWN-1", amount=Money(100))
    store.pay.bills[yesterday()] = [
        bill_row(dear, moment=at(10), amount=dear.amount + Money(1)),
        bill_row(unpaid, moment=at(10)),
        stranger,
        bill_row(refund, moment=at(11), out_refund_no="R-UNKNOWN"),
    ]
    report = reconciliation.reconcile(day=yesterday())
    assert sorted(differences(report)) == sorted(
        [
            ("payment_amount", dear.out_trade_no),
            ("payment_not_paid_here", unpaid.out_trade_no),
            ("payment_unknown", "UNKNOWN-1"),
            ("refund_unknown", "R-UNKNOWN"),
            ("payment_not_in_bill", missing.out_trade_no),
            ("refund_not_in_bill", refund.out_refund_no),
        ]
    )
    for _ in range(2):
        assert registry()["reconcile-payments"].run(at(12) + timedelta(days=1)) == 6
    assert len(worklist()) == 6


def test_around_midnight_the_next_bill_is_looked_at_too(store: Store, clock: ShopClock) -> None:
    payment = sold(store, paid_at=at(23, 59))
    assert reconciliation.reconcile(day=yesterday()).waiting == [payment.out_trade_no]
    day = yesterday()
    clock.forward(days=1)
    assert differences(reconciliation.reconcile(day=day)) == [("payment_not_in_bill", payment.out_trade_no)]
    store.pay.bills[day + timedelta(days=1)] = [bill_row(payment, moment=at(0, day=day + timedelta(days=1)))]
    report = reconciliation.reconcile(day=day)
    assert (differences(report), report.waiting) == ([], [])
    assert differences(reconciliation.reconcile(day=day + timedelta(days=1))) == []


def test_a_refund_asked_for_days_before_is_found_in_the_bill_of_that_day(store: Store) -> None:
    payment = sold(store, paid_at=at(9, day=yesterday() - timedelta(days=3)))
    refund = given_back(store, payment, done_at=at(9, day=yesterday() - timedelta(days=3)))
    refund = done(store, db.session.get_one(Order, payment.order_id), at=at(12))
    store.pay.bills[yesterday() - timedelta(days=3)] = [bill_row(refund, moment=at(9))]
    assert differences(reconciliation.reconcile(day=yesterday())) == []


def test_without_a_bill_nothing_is_compared(store: Store, app: Flask) -> None:
    sold(store, paid_at=at(9))
    for problem in (NotReady("STATEMENT_CREATING"), Unknown("NO_ANSWER")):
        store.pay.fail("trade_bill", problem)
        with pytest.raises(type(problem)):
            reconciliation.reconcile(day=yesterday())
    assert count(Payment) == 1
    assert worklist() == []


def test_the_command_tells_it_as_one_json_document(store: Store, app: Flask) -> None:
    payment = sold(store, paid_at=at(9))
    runner = app.test_cli_runner()
    day = yesterday().isoformat()
    told = json.loads(runner.invoke(args=["payments", "reconcile", "--date", day, "--json"]).output)
    assert told["ok"] is False
    assert told["differences"] == [
        {
            "kind": "payment_not_in_bill",
            "number": payment.out_trade_no,
            "bill_fen": None,
            "ours_fen": payment.amount.fen,
        }
    ]
    words = runner.invoke(args=["payments", "reconcile", "--date", day])
    assert (words.exit_code, "1 differences" in words.output) == (0, True)
    store.pay.fail("trade_bill", NotReady("STATEMENT_CREATING"))
    refused = runner.invoke(args=["payments", "reconcile", "--date", day])
    assert (refused.exit_code, "STATEMENT_CREATING" in refused.output) == (1, True)
    assert runner.invoke(args=["payments", "reconcile", "--date", "31.1."]).exit_code == 2
