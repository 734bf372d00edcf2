"""Topping up: an order without goods, paid like any other, in the wallet once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from shopapp.kernel import clock as shop_clock
from shopapp.kernel.db import db, transaction
from shopapp.kernel.errors import ShopError
from shopapp.kernel.money import Money
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.ledger import services as books
from shopapp.loyalty.ledger.models import LedgerAccount, Lot
from shopapp.loyalty.ledger.writing import purse
from shopapp.loyalty.wallet import queries as wallet
from shopapp.loyalty.wallet.models import TopUpPlan
from shopapp.loyalty.wallet.rules import AmountNotOffered, OverLimit
from shopapp.members.identity.membership import NotMember
from shopapp.members.rights import services as rights
from shopapp.store.aftersales.services import TopUpRefund, refund_lines
from shopapp.store.orders import console, services, without_goods
from shopapp.store.orders import queries as order_queries
from shopapp.store.orders.console import OrderFilter
from shopapp.store.orders.models import Order, OrderKind, OrderQuota, OrderStatus, RefundStatus
from shopapp.store.orders.services import NotReceivable, TooManyUnpaid
from shopapp.store.payments import exchanges
from shopapp.store.payments.models import Refund
from shopapp.store.pricing.queries import Asked
from shopapp.store.topups import queries as topup_queries
from shopapp.store.topups import services as topups
from shopapp.store.topups.models import TopUp
from shopapp.store.topups.services import PlanUsedUp
from tests.store.test_orders_race import at_once
from tests.support.catalogue import make_sku
from tests.support.clocks import ShopClock
from tests.support.ledger import assert_books_hold
from tests.support.orders import Store, count, events
from tests.support.pay import payment_notice
from tests.support.people import Person, make_person
from tests.support.wallet import (
    again,
    deliver,
    make_plan,
    make_saver,
    open_free_amounts,
    order_top_up,
    pay_top_up,
    principal_and_gift,
    refund,
    spend,
    topped_up,
    wallet_of,
)


def test_a_paid_top_up_is_in_the_wallet_with_its_gift_and_done_at_once(app: Flask) -> None:
    store, saver = Store.open(app), make_saver()
    plan = make_plan(10_000, 1_000)
    order = order_top_up(saver, plan=plan)
    assert (order.kind, order.status, order.total.fen) == (OrderKind.TOP_UP, OrderStatus.UNPAID, 10_000)
    assert order.lines[0].title == "储值 ¥100 送 ¥10"
    assert order.lines[0].product_id is None
    assert (order.ship_name, order.ship_phone, order.ship_phone_hash, order.freight.fen) == ("", "", "", 0)
    assert principal_and_gift(saver) == (0, 0)
    paid = pay_top_up(store, order, by=saver)
    assert paid.status is OrderStatus.COMPLETED
    assert paid.completed_at is not None
    assert principal_and_gift(saver) == (10_000, 1_000)
    assert [event["paid_fen"] for event in events("OrderPaid")] == [10_000]
    assert events("OrderCompleted") == []
    assert_books_hold()


def test_notices_repeated_and_the_handler_run_again_credit_once(app: Flask) -> None:
    store, saver = Store.open(app), make_saver()
    order = order_top_up(saver, plan=make_plan())
    trade = store.pay.pay(store.start(order, by=saver), at=shop_clock.now())
    for _round in range(3):
        assert store.tell(payment_notice(trade)).status_code == 204
        deliver()
    for _round in range(2):
        with transaction():
            assert topups.fulfil(order_id=order.id, now=shop_clock.now()) is False
    assert principal_and_gift(saver) == (10_000, 1_000)
    assert count_of(Unit.PRINCIPAL, Unit.GIFT) == 2


def count_of(*units: Unit) -> int:
    """How many lots of these units there are."""
    return len(
        db.session.scalars(
            select(Lot.id)
            .join(LedgerAccount, LedgerAccount.id == Lot.account_id)
            .where(LedgerAccount.unit.in_(units))
        ).all()
    )


def test_a_shop_killed_between_payment_and_credit_credits_when_it_is_back(app: Flask) -> None:
    store, saver = Store.open(app), make_saver()
    order = order_top_up(saver, plan=make_plan())
    trade = store.pay.pay(store.start(order, by=saver), at=shop_clock.now())
    assert store.tell_paid(trade).status_code == 204
    assert again(order.id).status is OrderStatus.PAID
    assert principal_and_gift(saver) == (0, 0)
    assert OrderStatus.PAID not in order_queries.counts(customer_id=saver.id)
    assert console.tab_counts(OrderFilter())["to_ship"] == 0
    deliver()
    assert again(order.id).status is OrderStatus.COMPLETED
    assert principal_and_gift(saver) == (10_000, 1_000)


def test_a_payment_after_the_time_is_over_goes_back_and_credits_nothing(app: Flask, clock: ShopClock) -> None:
    store, saver = Store.open(app), make_saver()
    order = order_top_up(saver, plan=make_plan())
    number = store.start(order, by=saver)
    trade = store.pay.pay(number, at=shop_clock.now())
    store.pay.orders[number].state = type(trade.state).CLOSED
    exchanges.cancel_order(order_id=order.id, reason="timeout", now=shop_clock.now())
    assert again(order.id).status is OrderStatus.CANCELLED
    assert store.tell_paid(trade).status_code == 204
    refunds = store.refunds(order)
    assert [(one.cause.value, one.amount.fen) for one in refunds] == [("late", 10_000)]
    assert principal_and_gift(saver) == (0, 0)
    assert again(order.id).status is OrderStatus.CANCELLED


def test_members_alone_top_up_and_only_what_is_offered(app: Flask, clock: ShopClock) -> None:
    guest, saver = make_person(), make_saver()
    plan, gone = make_plan(), make_plan(5_000, 0, active=False)
    over = make_plan(6_000, 0, ends_at=shop_clock.now() - timedelta(days=1))
    later = make_plan(7_000, 0, starts_at=shop_clock.now() + timedelta(days=1))
    with pytest.raises(NotMember):
        order_top_up(guest, plan=plan)
    for wrong in (gone, over, later):
        with pytest.raises(AmountNotOffered):
            order_top_up(saver, plan=wrong)
    with pytest.raises(AmountNotOffered):
        order_top_up(saver, amount=10_000)
    open_free_amounts(1_000, 20_000)
    for wrong_amount in (999, 20_001):
        with pytest.raises(AmountNotOffered):
            order_top_up(saver, amount=wrong_amount)
    assert count(Order) == 0
    assert count(TopUp) == 0
    assert order_top_up(saver, amount=1_000).lines[0].title == "储值 ¥10"


def test_a_plan_with_a_bound_per_person_counts_paid_and_unpaid_but_not_cancelled(app: Flask) -> None:
    store, saver = Store.open(app), make_saver()
    plan = make_plan(1_000, 100, per_person=2)
    first = order_top_up(saver, plan=plan)
    topped_up(store, saver, plan=plan)
    with pytest.raises(PlanUsedUp):
        order_top_up(saver, plan=plan)
    exchanges.cancel_order(order_id=first.id, reason="customer", now=shop_clock.now())
    db.session.rollback()
    order_top_up(saver, plan=plan)
    order_top_up(make_saver(), plan=plan)


def test_the_bound_per_person_counts_what_was_taken_before_an_erasure(app: Flask) -> None:
    plan, free = make_plan(1_000, 100, per_person=2), make_plan(2_000, 0)

    def come_take_and_go() -> None:
        store, saver = Store.open(app), make_saver(openid="oTEST_comes_back")
        topped_up(store, saver, plan=plan)
        topped_up(store, saver, plan=free)
        spend(saver, Unit.PRINCIPAL, 3_000)
        with transaction():
            rights.erase(customer_id=saver.id, public_id=saver.signed_in.public_id, now=shop_clock.now())

    come_take_and_go()
    come_take_and_go()
    third = make_saver(openid="oTEST_comes_back")
    with pytest.raises(PlanUsedUp):
        order_top_up(third, plan=plan)
    order_top_up(third, plan=free)
    order_top_up(make_saver(), plan=plan)


def test_the_law_bounds_principal_with_what_is_about_to_be_paid(app: Flask) -> None:
    store, saver, registered = Store.open(app), make_saver(), make_saver(registered=True)
    open_free_amounts()
    topped_up(store, saver, amount=60_000)
    order_top_up(saver, amount=30_000)
    with pytest.raises(OverLimit) as refused:
        order_top_up(saver, amount=10_001)
    assert refused.value.details == {"limit": "1000.00", "room": "100.00"}
    order_top_up(saver, amount=10_000)
    topped_up(store, registered, amount=500_000)
    with pytest.raises(OverLimit):
        order_top_up(registered, amount=100)
    spend(registered, Unit.PRINCIPAL, 200)
    order_top_up(registered, amount=100)


def test_a_payment_the_wallet_has_no_room_for_any_more_goes_back_whole(app: Flask) -> None:
    store, saver = Store.open(app), make_saver()
    order = order_top_up(saver, plan=make_plan(60_000, 6_000))
    with transaction():
        books.earn(
            purse=purse(customer_id=saver.id, unit=Unit.PRINCIPAL),
            amount=40_001,
            key="by-hand",
            subject="adjustment:by-hand",
            reason="补偿",
            now=shop_clock.now(),
        )
    paid = pay_top_up(store, order, by=saver)
    assert (paid.status, paid.refund_status) == (OrderStatus.COMPLETED, RefundStatus.ALL)
    assert principal_and_gift(saver) == (40_001, 0)
    sent = db.session.scalars(select(Refund)).all()
    assert [(one.order_id, one.amount.fen) for one in sent] == [(order.id, 60_000)]
    with transaction():
        assert topups.fulfil(order_id=order.id, now=shop_clock.now()) is False
    assert wallet.balance(customer_id=saver.id, now=shop_clock.now()).free_principal.fen == 40_001
    assert topup_queries.refundable(customer_id=saver.id, now=shop_clock.now()).amount.fen == 0
    assert_books_hold()


def test_a_form_sent_twice_is_one_order_and_unpaid_top_ups_count_as_unpaid_orders(app: Flask) -> None:
    saver = make_saver()
    plan = make_plan(1_000, 0)
    first = order_top_up(saver, plan=plan, key="one")
    assert order_top_up(saver, plan=plan, key="one").id == first.id
    assert count(TopUp) == 1
    for _more in range(4):
        order_top_up(saver, plan=plan)
    with pytest.raises(TooManyUnpaid):
        order_top_up(saver, plan=plan)


def test_the_gift_lives_from_the_payment_on_and_principal_for_ever(app: Flask, clock: ShopClock) -> None:
    store, saver = Store.open(app), make_saver()
    topped_up(store, saver, plan=make_plan(10_000, 1_000, life="P30D"))
    clock.forward(days=31)
    assert principal_and_gift(saver) == (10_000, 0)
    clock.forward(days=3650)
    assert principal_and_gift(saver) == (10_000, 0)


def test_a_top_up_is_never_shipped_received_or_refunded_as_an_order(app: Flask) -> None:
    store, saver = Store.open(app), make_saver()
    order = topped_up(store, saver, plan=make_plan())
    with pytest.raises(TopUpRefund), transaction():
        refund_lines(
            no=order.no, lines={order.lines[0].public_id: 1}, amount=None, reason="x", now=shop_clock.now()
        )
    assert store.refunds(order) == []
    assert principal_and_gift(saver) == (10_000, 1_000)
    counts = console.tab_counts(OrderFilter())
    assert (counts["to_ship"], counts["completed"], counts[""]) == (0, 1, 1)
    goods = store.paid_order(by=saver)
    assert goods.kind is OrderKind.GOODS
    with pytest.raises(NotReceivable), transaction():
        services.confirm_receipt(no=goods.no, customer_id=saver.id, now=shop_clock.now())
    with pytest.raises(ValueError, match="goods are shipped"), transaction():
        without_goods.complete(order=services.lock(order_id=goods.id), now=shop_clock.now())
    assert again(goods.id).status is OrderStatus.PAID
    counts = console.tab_counts(OrderFilter())
    assert (counts["to_ship"], counts[""]) == (1, 2)
    listed = db.session.scalars(console.orders_statement(OrderFilter(tab="to_ship"))).unique().all()
    assert [one.id for one in listed] == [goods.id]


def test_sales_count_what_the_wallet_paid_once_and_no_top_up(app: Flask) -> None:
    store, saver = Store.open(app), make_saver()
    topped_up(store, saver, plan=make_plan(10_000, 1_000))
    since, until = shop_clock.now() - timedelta(days=1), shop_clock.now() + timedelta(days=1)
    none = console.sales(since=since, until=until)
    assert (none.orders, none.net.fen) == (0, 0)
    with transaction():
        order = services.place_order(
            customer=saver.signed_in,
            items=[(make_sku().public_id, 1)],
            address_id=saver.address_id,
            remark="",
            asked=Asked(wallet=Money(6_700)),
            now=shop_clock.now(),
        )
    assert (order.status, order.total.fen, order.principal.fen) == (OrderStatus.PAID, 0, 6_700)
    bought = console.sales(since=since, until=until)
    assert (bought.orders, bought.net.fen) == (1, 6_700)
    assert console.daily_sales(days=1, now=shop_clock.now())[0][1] == bought
    count_of_orders, net, _last = console.customer_figures(customer_id=saver.id)
    assert (count_of_orders, net) == (1, bought.net)
    assert [best.pieces for best in console.best_sellers(since=since, limit=5)] == [1]
    refund(saver, 2_000)
    assert console.sales(since=since, until=until) == bought


def test_the_books_tell_both_units_in_one_statement_page_by_page(app: Flask, clock: ShopClock) -> None:
    store, saver = Store.open(app), make_saver()
    for _round in range(3):
        topped_up(store, saver, plan=make_plan(1_000, 100))
        clock.forward(minutes=1)
    spend(saver, Unit.PRINCIPAL, 500)
    spend(saver, Unit.GIFT, 50)
    seen, cursor = [], None
    while True:
        page, cursor = wallet.entries(customer_id=saver.id, cursor=cursor, limit=3)
        seen += [(entry.unit.value, entry.line.active) for entry in page]
        if cursor is None:
            break
    whole, _more = wallet.entries(customer_id=saver.id, limit=100)
    assert seen == [(entry.unit.value, entry.line.active) for entry in whole]
    assert seen == [("gift", -50), ("principal", -500)] + [("gift", 100), ("principal", 1_000)] * 3
    assert wallet_of(saver).available.fen == 2_750
    for wrong in ("x", "1", "1.2.3", "a.b"):
        with pytest.raises(ShopError):
            wallet.entries(customer_id=saver.id, cursor=wrong, limit=3)


def test_forms_and_plans_at_once_are_one_order_and_within_bounds(app: Flask) -> None:
    saver, other = make_saver(), make_saver()
    plan, single = make_plan(1_000, 0), make_plan(2_000, 500, per_person=1)
    refused: list[str] = []

    def order(by: Person, wanted: TopUpPlan, key: str | None) -> None:
        try:
            order_top_up(by, plan=wanted, key=key)
        except ShopError as problem:
            refused.append(problem.code)

    at_once(
        app,
        [
            *([lambda: order(saver, plan, "one")] * 4),
            *([lambda: order(other, single, None)] * 4),
        ],
        threads=4,
    )
    rows = db.session.scalars(select(TopUp).order_by(TopUp.id)).all()
    assert sorted(row.customer_id for row in rows) == [saver.id, other.id]
    assert set(refused) <= {"conflict", "plan_used_up"}
    assert refused.count("plan_used_up") == 3
    assert count(Order) == 2
    unpaid = select(OrderQuota.customer_id, OrderQuota.unpaid).order_by(OrderQuota.customer_id)
    assert [tuple(row) for row in db.session.execute(unpaid)] == [(saver.id, 1), (other.id, 1)]
