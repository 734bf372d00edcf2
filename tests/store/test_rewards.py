"""What orders are paid with beside money, and what they earn, from the cart to the last refund."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from shopapp.kernel import clock, outbox, preferences
from shopapp.kernel.db import db, transaction
from shopapp.kernel.money import Money
from shopapp.loyalty.coupons.rules import CouponKind
from shopapp.loyalty.ledger import jobs as ledger_jobs
from shopapp.loyalty.ledger import queries as ledger
from shopapp.loyalty.ledger import writing
from shopapp.loyalty.ledger.models import LedgerAccount, Unit
from shopapp.loyalty.ledger.services import spend
from shopapp.loyalty.ledger.writing import purse
from shopapp.store.aftersales import services as aftersales
from shopapp.store.catalogue.models import Sku
from shopapp.store.orders import services
from shopapp.store.orders.jobs import close_returns
from shopapp.store.orders.models import Order
from shopapp.store.pricing.queries import Asked
from shopapp.store.stock.services import SoldOut
from tests.support.catalogue import make_sku, stock_of
from tests.support.clocks import ShopClock
from tests.support.coupons import give as give_coupon
from tests.support.coupons import row_of
from tests.support.ledger import assert_books_hold, earn
from tests.support.members import make_member
from tests.support.orders import Store, events, ship
from tests.support.people import Person
from tests.support.tiers import set_discounts


def has(person: Person, unit: Unit = Unit.POINTS) -> ledger.Balance:
    db.session.rollback()
    return ledger.balance(purse=purse(customer_id=person.id, unit=unit), now=clock.now())


JOINED = 100
"""Points that every member begins with."""


def gave(person: Person, unit: Unit, amount: int) -> None:
    earn(purse(customer_id=person.id, unit=unit), amount, key=f"test:{person.id}:{unit}", subject="test")


def bought(store: Store, *, by: Person, **goods: int) -> Order:
    """A paid order of which everybody who waits for that was told."""
    order = store.paid_order(by=by, **goods)
    outbox.deliver_due(now=clock.now())
    return store.again(order)


def place(buyer: Person, sku: Sku, *, pieces: int = 1, asked: Asked) -> Order:
    with transaction():
        return services.place_order(
            customer=buyer.signed_in,
            items=[(sku.public_id, pieces)],
            address_id=buyer.address_id,
            remark="",
            asked=asked,
            now=clock.now(),
        )


def refund(order: Order, pieces: dict[int, int]) -> None:
    """Pieces by place of the line."""
    with transaction():
        aftersales.refund_lines(
            no=order.no,
            lines={order.lines[place].public_id: count for place, count in pieces.items()},
            amount=None,
            reason="七天无理由",
            now=clock.now(),
        )


def received(order: Order, *, by: Person) -> None:
    ship(order, waybill="SF123456")
    with transaction():
        services.confirm_receipt(no=order.no, customer_id=by.id, now=clock.now())


def test_a_paid_order_earns_pending_and_for_good_once_returns_are_over(app: Flask, clock: ShopClock) -> None:
    store, anna = Store.open(app), make_member()
    order = bought(store, by=anna, price_fen=12_850)
    assert (has(anna).pending, has(anna).available) == (128, JOINED)
    assert has(anna, Unit.GROWTH).pending == 128
    received(order, by=anna)
    ledger_jobs.activate_points(clock.now())
    assert has(anna).available == JOINED
    clock.forward(days=8)
    ledger_jobs.activate_points(clock.now())
    assert (has(anna).pending, has(anna).available) == (0, JOINED + 128)
    assert has(anna, Unit.GROWTH).active == 128
    assert_books_hold()


def test_who_is_no_member_earns_nothing(app: Flask) -> None:
    store = Store.open(app)
    order = store.paid_order(price_fen=12_850)
    assert [(line.award, line.growth) for line in order.lines] == [(0, 0)]
    day = timedelta(days=1)
    assert ledger.liabilities(since=order.created_at, until=order.created_at + day) == []


def test_refunds_take_back_what_was_stored_in_any_split(app: Flask, clock: ShopClock) -> None:
    store, anna = Store.open(app), make_member()
    order = bought(store, by=anna, price_fen=3333, pieces=3)
    awarded = has(anna).pending
    assert awarded == 99
    for _piece in range(3):
        refund(order, {0: 1})
    assert (has(anna).pending, has(anna).debt, has(anna, Unit.GROWTH).pending) == (0, 0, 0)
    assert_books_hold()


def test_points_and_wallet_are_held_used_and_given_back_with_their_part(app: Flask) -> None:
    store, anna = Store.open(app), make_member()
    gave(anna, Unit.POINTS, 1000)
    gave(anna, Unit.PRINCIPAL, 3000)
    gave(anna, Unit.GIFT, 500)
    sku = make_sku(price_fen=5000, stock=5)
    order = place(anna, sku, pieces=3, asked=Asked(points=900, wallet=Money(3300)))
    assert (order.goods.fen, order.points, order.principal.fen, order.gift.fen) == (14_100, 900, 3000, 300)
    assert order.total.fen == 14_100 - 3300
    assert (has(anna).available, has(anna).held) == (JOINED + 100, 900)
    assert has(anna, Unit.PRINCIPAL).available == 0
    number = store.start(order, by=anna)
    assert store.tell_paid(store.pay.pay(number, at=clock.now())).status_code == 204
    assert (has(anna).active - has(anna).available, has(anna).held) == (0, 0)
    assert has(anna, Unit.GIFT).active == 200
    order = store.again(order)
    back = []
    for _piece in range(3):
        refund(order, {0: 1})
        order = store.again(order)
        back.append((order.refunded.fen, order.wallet_refunded.fen, order.lines[0].points_returned))
    assert back == [(3600, 1100, 300), (7200, 2200, 600), (10_800, 3300, 900)]
    assert (has(anna).available, has(anna, Unit.PRINCIPAL).active, has(anna, Unit.GIFT).active) == (
        JOINED + 1000,
        3000,
        500,
    )
    assert sum(each.amount.fen for each in store.refunds(order)) == 10_800
    assert_books_hold()


def test_an_unpaid_order_that_is_cancelled_frees_everything(app: Flask) -> None:
    store, anna = Store.open(app), make_member()
    gave(anna, Unit.POINTS, 500)
    sku = make_sku(price_fen=5000)
    order = place(anna, sku, pieces=1, asked=Asked(points=500))
    with transaction():
        assert services.cancel_unpaid(order_id=order.id, reason="customer", now=clock.now())
    assert (has(anna).available, has(anna).held) == (JOINED + 500, 0)
    assert store.refunds(order) == []


def test_an_order_paid_by_the_wallet_alone_needs_no_wechat_pay(app: Flask) -> None:
    store, anna = Store.open(app), make_member()
    gave(anna, Unit.PRINCIPAL, 20_000)
    sku = make_sku(price_fen=10_000)
    order = place(anna, sku, pieces=1, asked=Asked(wallet=Money(20_000)))
    assert (order.total.fen, order.paid_at is not None) == (0, True)
    assert has(anna, Unit.PRINCIPAL).active == 10_000
    assert has(anna).pending == 100
    refund(store.again(order), {0: 1})
    assert has(anna, Unit.PRINCIPAL).active == 20_000
    assert has(anna).pending == 0
    assert store.refunds(order) == []
    assert_books_hold()


def test_sold_out_goods_leave_points_and_wallet_alone(app: Flask) -> None:
    anna = make_member()
    gave(anna, Unit.POINTS, 500)
    sku = make_sku(price_fen=5000, stock=0)
    with pytest.raises(SoldOut):
        place(anna, sku, asked=Asked(points=500))
    assert (has(anna).available, has(anna).held) == (JOINED + 500, 0)


def test_the_api_quotes_and_orders_alike(app: Flask) -> None:
    anna = make_member()
    gave(anna, Unit.POINTS, 1000)
    sku = make_sku(price_fen=20_000)
    body = {"items": [{"sku_id": sku.public_id, "quantity": 1}], "points": 1000}
    client = app.test_client()
    quote = client.post("/api/v1/quotes", json=body, headers=anna.headers).json
    assert quote["lines"][0]["reductions"] == [{"kind": "points", "fen": 1000, "note": "1000"}]
    assert (quote["points_used"], quote["total_fen"], quote["points_to_earn"]) == (1000, 19_000, 190)
    order = client.post(
        "/api/v1/orders",
        json={**body, "address_id": anna.address_id},
        headers={**anna.headers, "Idempotency-Key": "k1"},
    )
    again = client.post(
        "/api/v1/orders",
        json={**body, "address_id": anna.address_id},
        headers={**anna.headers, "Idempotency-Key": "k1"},
    )
    assert order.status_code == 201, order.text
    assert order.json == again.json
    assert (order.json["points_used"], order.json["total_fen"], order.json["points_to_earn"]) == (
        1000,
        19_000,
        190,
    )
    assert has(anna).held == 1000
    refused = client.post(
        "/api/v1/orders", json={**body, "address_id": anna.address_id}, headers=anna.headers
    )
    assert (refused.status_code, refused.json["code"]) == (409, "means_refused")


def test_the_first_order_that_is_kept_brings_its_points_once(app: Flask, clock: ShopClock) -> None:
    store, anna = Store.open(app), make_member()
    for _order in range(2):
        received(bought(store, by=anna, price_fen=1000), by=anna)
    assert close_returns(clock.now()) == 0
    clock.forward(days=8)
    assert close_returns(clock.now()) == 2
    assert close_returns(clock.now()) == 0
    assert has(anna).available == JOINED + 100
    assert preferences.read("orders.aftersales_days") == 7


def test_the_points_of_a_first_order_go_back_with_it_in_any_split_and_do_not_come_again(
    app: Flask, clock: ShopClock
) -> None:
    store, anna = Store.open(app), make_member()
    first = bought(store, by=anna, price_fen=1000, pieces=3)
    received(first, by=anna)
    clock.forward(days=8)
    assert close_returns(clock.now()) == 1
    ledger_jobs.activate_points(clock.now())
    assert has(anna).available == JOINED + 30 + 100
    for left, kept in [(2, 67), (1, 34), (0, 0)]:
        refund(store.again(first), {0: 1})
        assert has(anna).available == JOINED + left * 10 + kept
    second = bought(store, by=anna, price_fen=1000)
    received(second, by=anna)
    clock.forward(days=8)
    assert close_returns(clock.now()) == 1
    ledger_jobs.activate_points(clock.now())
    assert (has(anna).available, has(anna).debt) == (JOINED + 10, 0)
    refund(store.again(second), {0: 1})
    assert has(anna).available == JOINED
    assert_books_hold()


def test_what_was_spent_of_a_first_orders_points_is_owed_and_other_orders_leave_them_alone(
    app: Flask, clock: ShopClock
) -> None:
    store, anna = Store.open(app), make_member()
    first, second = (bought(store, by=anna, price_fen=1000, pieces=pieces) for pieces in (2, 1))
    for order in (first, second):
        received(order, by=anna)
    refund(store.again(first), {0: 1})
    clock.forward(days=8)
    assert close_returns(clock.now()) == 2
    ledger_jobs.activate_points(clock.now())
    assert has(anna).available == JOINED + 10 + 10 + 50
    refund(store.again(second), {0: 1})
    assert has(anna).available == JOINED + 10 + 50
    with transaction():
        spend(
            purse=purse(customer_id=anna.id, unit=Unit.POINTS),
            amount=160,
            key="test",
            subject="test",
            now=clock.now(),
        )
    refund(store.again(first), {0: 1})
    assert (has(anna).available, has(anna).debt) == (0, 60)
    assert_books_hold()


def test_what_an_order_earned_by_its_lines_and_as_the_first_one_is_taken_back_from_both(
    app: Flask, clock: ShopClock
) -> None:
    store, anna = Store.open(app), make_member()
    first = bought(store, by=anna, price_fen=1000, pieces=2)
    received(first, by=anna)
    clock.forward(days=8)
    assert close_returns(clock.now()) == 1
    ledger_jobs.activate_points(clock.now())
    with transaction():
        spend(
            purse=purse(customer_id=anna.id, unit=Unit.POINTS),
            amount=JOINED + 20,
            key="test",
            subject="test",
            now=clock.now(),
        )
    refund(store.again(first), {0: 1})
    assert (has(anna).available, has(anna).debt) == (40, 0)
    assert_books_hold()


def test_what_membership_saved_on_an_order_is_told_and_refunds_take_it_back(app: Flask) -> None:
    set_discounts(9000)
    store, anna = Store.open(app), make_member()
    order = bought(store, by=anna, price_fen=10_000, pieces=2)
    assert order.lines[0].reductions == [{"kind": "tier", "fen": 2000, "note": order.tier_name}]
    refund(order, {0: 1})
    refund(store.again(order), {0: 1})
    assert [told["fen"] for told in events("MembershipSaved")] == [2000, -1000, -1000]


def test_a_gift_goes_back_with_the_last_of_what_was_paid_and_the_order_ends(app: Flask) -> None:
    store, anna = Store.open(app), make_member()
    goods, gift = make_sku(price_fen=10_000, stock=5), make_sku(price_fen=2000, stock=5)
    held = give_coupon(anna.id, kind=CouponKind.GIFT, sku_id=gift.public_id, minimum=Money(5000))
    order = place(anna, goods, pieces=1, asked=Asked(coupon_ids=(held.id,)))
    assert stock_of(gift) == (4, 1)
    assert store.tell_paid(store.pay.pay(store.start(order, by=anna), at=clock.now())).status_code == 204
    refund(store.again(order), {0: 1})
    after = store.again(order)
    assert (after.status.value, after.refund_status.value) == ("cancelled", "all")
    assert [line.refunded_quantity for line in after.lines] == [1, 1]
    assert (stock_of(goods), stock_of(gift)) == ((5, 0), (5, 0))
    assert row_of(held.id).status.value == "available"


def test_what_a_lowered_refund_leaves_of_an_award_is_final_when_the_order_closes(
    app: Flask, clock: ShopClock
) -> None:
    store, anna = Store.open(app), make_member()
    order = bought(store, by=anna, price_fen=10_000)
    with transaction():
        aftersales.refund_lines(
            no=order.no,
            lines={order.lines[0].public_id: 1},
            amount=Money(4000),
            reason="破损",
            now=clock.now(),
        )
    assert store.again(order).status.value == "cancelled"
    assert has(anna).pending == 60
    ledger_jobs.activate_points(clock.now())
    assert (has(anna).pending, has(anna).available) == (0, JOINED + 60)
    assert (has(anna, Unit.GROWTH).pending, has(anna, Unit.GROWTH).active) == (0, 60)


def test_a_refund_locks_its_accounts_in_the_one_order(app: Flask) -> None:
    """Points, principal, gift, growth: as a checkout does, or the two would wait for each other."""
    store, anna = Store.open(app), make_member()
    gave(anna, Unit.PRINCIPAL, 2000)
    gave(anna, Unit.GIFT, 2000)
    sku = make_sku(price_fen=5000, stock=5)
    order = place(anna, sku, pieces=1, asked=Asked(wallet=Money(3000)))
    assert store.tell_paid(store.pay.pay(store.start(order, by=anna), at=clock.now())).status_code == 204
    outbox.deliver_due(now=clock.now())
    locked: list[str] = []
    known = {row.id: row.unit.value for row in db.session.scalars(select(LedgerAccount))}
    lock_ids, lock = writing.lock_ids, writing.lock

    def note_ids(ids: Collection[int]) -> dict[int, writing.Account]:
        locked.extend(known[one] for one in sorted(ids))
        return lock_ids(ids)

    def note(wanted: writing.Purse) -> writing.Account:
        locked.append(wanted.unit.value)
        return lock(wanted)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "lock_ids", note_ids)
        patch.setattr(writing, "lock", note)
        refund(store.again(order), {0: 1})
    assert list(dict.fromkeys(locked)) == ["points", "principal", "gift", "growth"]
