"""Principal goes back to WeChat: never twice, never spent meanwhile, and back in the wallet when it could not be sent."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shopapp.kernel import clock as shop_clock
from shopapp.kernel.clock import shop_day
from shopapp.kernel.db import db, transaction
from shopapp.kernel.errors import ShopError
from shopapp.kernel.money import Money
from shopapp.kernel.states import IllegalMove
from shopapp.loyalty.ledger import Unit, holds
from shopapp.loyalty.ledger import services as books
from shopapp.loyalty.ledger.writing import NotEnough, purse
from shopapp.loyalty.wallet.rules import WalletInUse
from shopapp.store.orders import without_goods
from shopapp.store.orders.models import RefundStatus
from shopapp.store.payments import refunds as payment_refunds
from shopapp.store.payments.models import Refund, RefundState
from shopapp.store.payments.reconciliation import reconcile
from shopapp.store.topups import jobs, queries
from shopapp.store.topups.models import PartState, PrincipalRefund
from shopapp.store.topups.rules import NothingToRefund, TooMuch, outcome
from shopapp.wechat.pay import RefundResult, Refused
from shopapp.wechat.pay.bills import BillRow
from tests.store.test_orders_race import at_once
from tests.support.clocks import ShopClock
from tests.support.ledger import assert_books_hold
from tests.support.orders import Store, count
from tests.support.wallet import (
    again,
    make_plan,
    make_saver,
    open_free_amounts,
    order_top_up,
    principal_and_gift,
    refund,
    send_refunds,
    spend,
    topped_up,
)


def states(saver_id: int) -> list[list[str]]:
    db.session.rollback()
    db.session.expire_all()
    return [[part.state.value for part in one.parts] for one in queries.refunds_of(customer_id=saver_id)]


def test_all_of_it_goes_back_with_the_gift_and_arrives(app: Flask) -> None:
    store, saver = Store.open(app), make_saver()
    order = topped_up(store, saver, plan=make_plan(10_000, 1_000))
    made = refund(saver)
    assert (made.amount.fen, [part.gift.fen for part in made.parts]) == (10_000, [1_000])
    assert principal_and_gift(saver) == (0, 0)
    assert [(one.cause.value, one.amount.fen, one.state.value) for one in store.refunds(order)] == [
        ("principal", 10_000, "queued")
    ]
    assert states(saver.id) == [["sent"]]
    send_refunds()
    assert states(saver.id) == [["done"]]
    row = again(order.id)
    assert (row.refunded.fen, row.refund_status) == (10_000, RefundStatus.ALL)
    with pytest.raises(NothingToRefund):
        refund(saver)
    assert_books_hold()


def test_part_of_it_takes_its_share_of_the_gift_and_spent_gift_is_not_charged(app: Flask) -> None:
    store, saver = Store.open(app), make_saver()
    topped_up(store, saver, plan=make_plan(10_000, 1_000))
    assert [part.gift.fen for part in refund(saver, 3_333).parts] == [333]
    assert principal_and_gift(saver) == (6_667, 667)
    spend(saver, Unit.GIFT, 600)
    assert [part.gift.fen for part in refund(saver).parts] == [667]
    assert principal_and_gift(saver) == (0, 0)
    assert_books_hold()


def test_the_latest_payment_is_used_first_and_none_bears_more_than_it_brought(
    app: Flask, clock: ShopClock
) -> None:
    store, saver = Store.open(app), make_saver()
    first = topped_up(store, saver, plan=make_plan(10_000, 1_000))
    clock.forward(days=1)
    second = topped_up(store, saver, plan=make_plan(5_000, 0))
    made = refund(saver, 7_000)
    assert [(part.order_id, part.amount.fen, part.gift.fen) for part in made.parts] == [
        (second.id, 5_000, 0),
        (first.id, 2_000, 200),
    ]
    assert refund(saver).amount.fen == 8_000
    send_refunds()
    assert sum(one.amount.fen for one in store.pay.refunds.values()) == 15_000


def test_what_was_spent_or_is_held_does_not_go_back(app: Flask) -> None:
    store, saver = Store.open(app), make_saver()
    topped_up(store, saver, plan=make_plan(10_000, 1_000))
    spend(saver, Unit.PRINCIPAL, 4_000)
    with transaction():
        holds.hold(
            purse=purse(customer_id=saver.id, unit=Unit.PRINCIPAL),
            amount=1_000,
            key="held",
            subject="order:2",
            now=shop_clock.now(),
        )
    with pytest.raises(TooMuch):
        refund(saver, 5_001)
    assert count(PrincipalRefund) == 0
    assert refund(saver).amount.fen == 5_000
    with transaction():
        holds.release(key="held", now=shop_clock.now())
    assert principal_and_gift(saver) == (1_000, 500)


def test_a_gift_that_an_order_holds_is_not_slipped_past_the_refund(app: Flask) -> None:
    store, saver = Store.open(app), make_saver()
    topped_up(store, saver, plan=make_plan(10_000, 1_000))
    with transaction():
        holds.hold(
            purse=purse(customer_id=saver.id, unit=Unit.GIFT),
            amount=1,
            key="held",
            subject="order:2",
            now=shop_clock.now(),
        )
    with pytest.raises(WalletInUse):
        refund(saver)
    assert principal_and_gift(saver) == (10_000, 1_000)
    assert count(Refund) == 0


def test_principal_that_no_payment_brought_stays(app: Flask) -> None:
    store, saver = Store.open(app), make_saver()
    with transaction():
        books.earn(
            purse=purse(customer_id=saver.id, unit=Unit.PRINCIPAL),
            amount=700,
            key="by hand",
            subject="adjustment:1",
            now=shop_clock.now(),
        )
    with pytest.raises(NothingToRefund):
        refund(saver)
    topped_up(store, saver, plan=make_plan(1_000, 0))
    assert refund(saver).amount.fen == 1_000
    assert principal_and_gift(saver) == (700, 0)
    topped_up(store, saver, plan=make_plan(1_000, 0))
    with transaction():
        books.earn(
            purse=purse(customer_id=saver.id, unit=Unit.PRINCIPAL),
            amount=300,
            key="by hand again",
            subject="adjustment:2",
            now=shop_clock.now(),
        )
    spend(saver, Unit.PRINCIPAL, 1_200)
    assert refund(saver).amount.fen == 800
    assert principal_and_gift(saver) == (0, 0)
    assert_books_hold()


def test_what_was_paid_over_a_year_ago_is_left_to_the_shop(app: Flask, clock: ShopClock) -> None:
    store, saver = Store.open(app), make_saver()
    topped_up(store, saver, plan=make_plan(10_000, 0))
    clock.forward(days=366)
    found = queries.refundable(customer_id=saver.id, now=shop_clock.now())
    assert (found.amount.fen, found.too_old.fen) == (0, 10_000)
    with pytest.raises(NothingToRefund):
        refund(saver)
    assert principal_and_gift(saver) == (10_000, 0)


def test_the_same_form_twice_is_one_refund(app: Flask) -> None:
    store, saver = Store.open(app), make_saver()
    topped_up(store, saver, plan=make_plan(10_000, 1_000))
    first = refund(saver, 1_000, key="one")
    assert refund(saver, 1_000, key="one").public_id == first.public_id
    assert principal_and_gift(saver) == (9_000, 900)


@pytest.mark.parametrize("how", ["refused", "closed", "never answered"])
def test_what_the_platform_will_not_send_is_in_the_wallet_again(
    app: Flask, clock: ShopClock, how: str
) -> None:
    store, saver = Store.open(app), make_saver()
    order = topped_up(store, saver, plan=make_plan(10_000, 1_000))
    spend(saver, Unit.GIFT, 300)
    if how == "closed":
        store.pay.next_refund = RefundResult.CLOSED
    else:
        store.pay.fail("refund", Refused("INVALID_REQUEST", status=400), times=1)
    made = refund(saver, 6_000)
    assert principal_and_gift(saver) == (4_000, 100)
    send_refunds()
    assert [one.state for one in store.refunds(order)] == [RefundState.FAILED]
    assert jobs.put_back_principal(shop_clock.now()) == 0
    clock.forward(minutes=30)
    if how == "never answered":
        store.pay.fail("query_refund", Refused("SYSTEM", status=500), times=1)
        assert jobs.put_back_principal(shop_clock.now()) == 0
        assert states(saver.id) == [["sent"]]
    assert jobs.put_back_principal(shop_clock.now()) == 1
    assert jobs.put_back_principal(shop_clock.now()) == 0
    assert states(saver.id) == [["put_back"]]
    assert principal_and_gift(saver) == (10_000, 700)
    row = again(order.id)
    assert (row.refunded.fen, row.refund_status) == (0, RefundStatus.NONE)
    failed = store.refunds(order)[0]
    assert failed.state is RefundState.GIVEN_UP
    with pytest.raises(IllegalMove), transaction():
        payment_refunds.try_again(out_refund_no=failed.out_refund_no, now=shop_clock.now())
    store.pay.next_refund = RefundResult.SUCCESS
    again_made = refund(saver)
    send_refunds()
    assert (made.amount.fen, again_made.amount.fen) == (6_000, 10_000)
    assert principal_and_gift(saver) == (0, 0)
    sent = [one.amount.fen for one in store.pay.refunds.values() if one.result is RefundResult.SUCCESS]
    assert sent == [10_000]
    assert_books_hold()


def test_money_that_moved_after_all_stays_refunded(app: Flask, clock: ShopClock) -> None:
    store, saver = Store.open(app), make_saver()
    order = topped_up(store, saver, plan=make_plan(10_000, 1_000))
    store.pay.fail("refund", Refused("INVALID_REQUEST", status=400), after_effect=True)
    refund(saver)
    send_refunds()
    assert [one.state for one in store.refunds(order)] == [RefundState.FAILED]
    clock.forward(minutes=30)
    assert jobs.put_back_principal(shop_clock.now()) == 0
    assert states(saver.id) == [["done"]]
    assert [one.state for one in store.refunds(order)] == [RefundState.DONE]
    assert principal_and_gift(saver) == (0, 0)


def test_staff_who_try_again_first_keep_it_from_going_back_to_the_wallet(
    app: Flask, clock: ShopClock
) -> None:
    store, saver = Store.open(app), make_saver()
    order = topped_up(store, saver, plan=make_plan(10_000, 1_000))
    store.pay.fail("refund", Refused("INVALID_REQUEST", status=400))
    refund(saver)
    send_refunds()
    number = store.refunds(order)[0].out_refund_no
    clock.forward(minutes=30)
    with transaction():
        payment_refunds.try_again(out_refund_no=number, now=shop_clock.now())
    assert jobs.put_back_principal(shop_clock.now()) == 0
    send_refunds()
    assert states(saver.id) == [["done"]]
    assert principal_and_gift(saver) == (0, 0)


def test_two_refunds_and_a_purchase_at_once_give_out_what_there_is(app: Flask) -> None:
    store, saver = Store.open(app), make_saver()
    order = topped_up(store, saver, plan=make_plan(10_000, 1_000))
    outcomes: list[str] = []

    def give_back() -> None:
        try:
            outcomes.append(f"refund {refund(saver, 6_000).amount.fen}")
        except ShopError as problem:
            outcomes.append(problem.code)

    def buy() -> None:
        try:
            spend(saver, Unit.PRINCIPAL, 6_000)
            outcomes.append("bought")
        except NotEnough as problem:
            outcomes.append(problem.code)

    at_once(app, [give_back, buy, give_back, give_back, buy, give_back], threads=6)
    assert sum(word == "bought" or word.startswith("refund 6") for word in outcomes) == 1
    assert principal_and_gift(saver)[0] == 4_000
    assert sum(one.amount.fen for one in store.refunds(order)) == again(order.id).refunded.fen
    assert_books_hold()


def test_reconciliation_stays_clean_through_top_ups_and_refunds(app: Flask, clock: ShopClock) -> None:
    store, saver = Store.open(app), make_saver()
    order = topped_up(store, saver, plan=make_plan(10_000, 1_000))
    refund(saver, 2_500)
    send_refunds()
    day = shop_day(shop_clock.now())
    attempt, sent = store.attempts(order)[0], store.refunds(order)[0]
    moment = shop_clock.now()
    common = {"at": moment, "transaction_id": attempt.transaction_id or "", "state": "SUCCESS"}
    common |= {"out_trade_no": attempt.out_trade_no}
    rows = [
        BillRow(**common, out_refund_no=None, amount=attempt.amount),
        BillRow(**common, out_refund_no=sent.out_refund_no, amount=sent.amount),
    ]
    store.pay.bills = {day: rows, day - timedelta(days=1): [], day + timedelta(days=1): []}
    clock.forward(days=2)
    db.session.rollback()
    report = reconcile(day=day)
    assert [difference.kind for difference in report.differences] == []


acts = st.lists(
    st.one_of(
        st.tuples(st.just("top up"), st.integers(100, 20_000), st.integers(0, 3_000)),
        st.tuples(st.just("spend"), st.integers(1, 20_000), st.integers(0, 1)),
        st.tuples(st.just("back"), st.integers(1, 5_000), st.just(0)),
        st.tuples(st.just("refund"), st.integers(1, 20_000), st.just(0)),
        st.tuples(st.just("fail"), st.integers(1, 20_000), st.just(0)),
    ),
    min_size=1,
    max_size=10,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=acts)
def test_paid_is_refunded_spent_and_left_whatever_happens(
    app: Flask, clock: ShopClock, story: list[tuple[str, int, int]]
) -> None:
    """A plain count beside the books: every fen paid in is spent, back at WeChat, or there; the gift likewise."""
    store, saver = Store.open(app), make_saver(registered=True)
    paid = given_gift = spent = spent_gift = 0
    spendings: list[tuple[Unit, str, int]] = []
    for what, amount, more in story:
        principal, gift = principal_and_gift(saver)
        if what == "top up" and principal + amount <= 500_000:
            topped_up(store, saver, plan=make_plan(amount, more, life=""))
            paid, given_gift = paid + amount, given_gift + more
        elif what == "spend":
            unit, there = (Unit.PRINCIPAL, principal) if more == 0 else (Unit.GIFT, gift)
            if part := min(amount, there):
                spendings.append((unit, spend(saver, unit, part), part))
                spent, spent_gift = (spent + part, spent_gift) if more == 0 else (spent, spent_gift + part)
        elif what == "back" and spendings:
            unit, key, whole = spendings.pop()
            with transaction():
                books.give_back(spent_with=key, amount=whole, key=f"{key}:back", now=shop_clock.now())
            spent, spent_gift = (
                (spent - whole, spent_gift) if unit is Unit.PRINCIPAL else (spent, spent_gift - whole)
            )
        elif what in ("refund", "fail"):
            can = queries.refundable(customer_id=saver.id, now=shop_clock.now()).amount.fen
            db.session.rollback()
            if part := min(amount, can):
                before = principal_and_gift(saver)
                if what == "fail":
                    store.pay.fail("refund", Refused("INVALID_REQUEST", status=400), times=20)
                refund(saver, part)
                assert principal_and_gift(saver)[0] == before[0] - part
                send_refunds()
                store.pay._failures.clear()
                clock.forward(minutes=30)
                jobs.put_back_principal(shop_clock.now())
                if what == "fail":
                    assert principal_and_gift(saver) == before
        principal, gift = principal_and_gift(saver)
        refunded = sum(one.amount.fen for one in store.pay.refunds.values())
        assert paid == spent + refunded + principal
        assert spent_gift + gift <= given_gift
    for source in queries.top_ups(customer_id=saver.id):
        done = Money.total(
            one.amount for one in store.refunds(again(source.sold.order_id)) if one.state is RefundState.DONE
        )
        assert source.sold.refunded == done
    assert_books_hold()


def test_what_became_of_a_refund_follows_from_its_parts() -> None:
    done, sent, back = PartState.DONE, PartState.SENT, PartState.PUT_BACK
    assert outcome([done, done]) == "done"
    assert outcome([done, sent, back]) == "sent"
    assert outcome([back]) == "put_back"
    assert outcome([done, back]) == "part"


def test_an_unpaid_or_cancelled_top_up_bears_no_refund(app: Flask) -> None:
    store, saver = Store.open(app), make_saver()
    open_free_amounts()
    topped_up(store, saver, amount=1_000)
    order_top_up(saver, amount=2_000)
    assert refund(saver).amount.fen == 1_000
    assert without_goods.unpaid_total(customer_id=saver.id, kind=without_goods.TOP_UP).fen == 2_000
