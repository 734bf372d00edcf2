"""Buying a membership card: an order without goods, paid like any other, that begins or renews a card once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from shopapp.kernel import clock as shop_clock
from shopapp.kernel.access import Role
from shopapp.kernel.db import db, transaction
from shopapp.kernel.errors import NotFound, ShopError
from shopapp.kernel.i18n import day
from shopapp.kernel.money import Money
from shopapp.loyalty.cards import offering, queries, rules
from shopapp.loyalty.cards.models import CardPlan
from shopapp.loyalty.cards.queries import CardView
from shopapp.loyalty.cards.rules import CardSource
from shopapp.loyalty.cards.services import CardClosed, MembersFirst
from shopapp.loyalty.tiers import queries as tiers
from shopapp.store.aftersales.services import CardRefund, refund_lines
from shopapp.store.cardsales import services
from shopapp.store.cardsales.models import CardSale
from shopapp.store.cardsales.services import CardUnpaid
from shopapp.store.orders import console
from shopapp.store.orders import queries as order_queries
from shopapp.store.orders.console import OrderFilter
from shopapp.store.orders.models import Order, OrderKind, OrderQuota, OrderStatus
from shopapp.store.payments import exchanges
from shopapp.wechat.pay import Trade
from tests.store.test_orders_race import at_once
from tests.support.clocks import ShopClock
from tests.support.orders import Store, count, events
from tests.support.pay import payment_notice
from tests.support.people import Person, browser_of, make_person
from tests.support.perks import joined, make_plan
from tests.support.staff import desk
from tests.support.wallet import again, deliver, pay_top_up

CARDS, PERKS, BUY = "/api/v1/me/cards", "/me/perks", "/me/perks/cards"


def order_card(by: Person, plan: str) -> Order:
    """An unpaid order of a card."""
    with transaction():
        order_id = services.place(customer=by.signed_in, plan_id=plan, now=shop_clock.now())
    return again(order_id)


def bought(store: Store, by: Person, plan: str) -> Order:
    return pay_top_up(store, order_card(by, plan), by=by)


def trade_of(store: Store, order: Order, *, by: Person) -> Trade:
    """It is paid at WeChat, and the shop does not know."""
    return store.pay.pay(store.start(order, by=by), at=shop_clock.now())


def cards_of(person: Person) -> list[CardView]:
    db.session.rollback()
    return queries.cards_of(customer_id=person.id)


def change(plan: str, **changes: Any) -> None:
    """The merchant writes the plan anew."""
    view = queries.plan(plan)
    assert view is not None
    with transaction():
        offering.change_plan(public_id=plan, content=replace(view.content, **changes))


def test_a_paid_card_begins_gives_its_tier_and_its_order_is_done(app: Flask) -> None:
    store, person, plan = Store.open(app), joined(), make_plan(tier_code="gold")
    order = order_card(person, plan)
    assert (order.kind, order.status, order.total.fen) == (OrderKind.CARD, OrderStatus.UNPAID, 9_900)
    assert (order.lines[0].title, order.lines[0].product_id) == ("年卡 12 个月", None)
    assert (order.ship_name, order.ship_phone, order.freight.fen) == ("", "", 0)
    assert (order.lines[0].award, order.lines[0].growth) == (0, 0)
    assert cards_of(person) == []
    paid = pay_top_up(store, order, by=person)
    assert paid.status is OrderStatus.COMPLETED
    card = cards_of(person)[0]
    assert (card.source, card.order_no, card.plan_id) == (CardSource.BOUGHT, order.no, plan)
    assert card.ends_at == rules.end_of(card.starts_at, months=12)
    tier = tiers.tier_of(customer_id=person.id, now=shop_clock.now())
    assert tier is not None
    assert tier.code == "gold"
    assert len(events("CardStarted")) == 1
    assert events("OrderCompleted") == []


def test_notices_repeated_and_the_handler_run_again_begin_one_card(app: Flask) -> None:
    store, person = Store.open(app), joined()
    order = order_card(person, make_plan())
    trade = trade_of(store, order, by=person)
    for _round in range(3):
        assert store.tell(payment_notice(trade)).status_code == 204
        deliver()
    for _round in range(2):
        with transaction():
            assert services.fulfil(order_id=order.id, now=shop_clock.now()) is False
    assert len(cards_of(person)) == 1
    assert len(events("CardStarted")) == 1


def test_the_handler_at_once_begins_one_card(app: Flask) -> None:
    store, person = Store.open(app), joined()
    order = order_card(person, make_plan())
    order_id = order.id
    assert store.tell_paid(trade_of(store, order, by=person)).status_code == 204
    assert again(order_id).status is OrderStatus.PAID
    assert cards_of(person) == []
    assert OrderStatus.PAID not in order_queries.counts(customer_id=person.id)
    done: list[bool] = []

    def fulfil() -> None:
        with transaction():
            done.append(services.fulfil(order_id=order_id, now=shop_clock.now()))

    at_once(app, [fulfil] * 8, threads=4)
    deliver()
    assert sorted(done) == [False] * 7 + [True]
    assert again(order_id).status is OrderStatus.COMPLETED
    assert len(cards_of(person)) == 1


def test_a_renewal_begins_where_the_last_card_ends(app: Flask, clock: ShopClock) -> None:
    store, person, plan = Store.open(app), joined(), make_plan(days=30)
    for _year in range(3):
        assert bought(store, person, plan).lines[0].title == "年卡 30 天"
        clock.forward(days=2)
    third, second, first = cards_of(person)
    assert (second.starts_at, third.starts_at) == (first.ends_at, second.ends_at)
    assert third.ends_at - first.ends_at == timedelta(days=60)


def test_what_was_ordered_begins_also_if_the_plan_is_another_by_then(app: Flask) -> None:
    store, person, plan = Store.open(app), joined(), make_plan()
    order = order_card(person, plan)
    change(plan, months=1, price=Money(100), active=False)
    assert pay_top_up(store, order, by=person).paid.fen == 9_900
    card = cards_of(person)[0]
    assert card.ends_at == rules.end_of(card.starts_at, months=12)


def test_a_payment_after_the_order_was_cancelled_goes_back_and_begins_nothing(
    app: Flask, clock: ShopClock
) -> None:
    store, person, plan = Store.open(app), joined(), make_plan()
    order = order_card(person, plan)
    number = store.start(order, by=person)
    trade = store.pay.pay(number, at=shop_clock.now())
    store.pay.orders[number].state = type(trade.state).CLOSED
    exchanges.cancel_order(order_id=order.id, reason="timeout", now=shop_clock.now())
    assert store.tell_paid(trade).status_code == 204
    deliver()
    assert [(one.cause.value, one.amount.fen) for one in store.refunds(order)] == [("late", 9_900)]
    assert again(order.id).status is OrderStatus.CANCELLED
    assert cards_of(person) == []
    assert events("CardStarted") == []


def test_only_members_buy_what_is_on_sale_at_a_price(app: Flask) -> None:
    guest, person = make_person(), joined()
    plan, gone, free = make_plan(), make_plan(active=False), make_plan(price=Money(0))
    wrong: list[tuple[Person, str, type[ShopError]]] = [
        (guest, plan, MembersFirst),
        (person, gone, CardClosed),
        (person, free, CardClosed),
        (person, "x", NotFound),
    ]
    for who, what, refusal in wrong:
        with pytest.raises(refusal):
            order_card(who, what)
    assert (count(Order), count(CardSale)) == (0, 0)


def test_one_order_of_a_plan_waits_to_be_paid_at_a_time(app: Flask) -> None:
    store, person, plan = Store.open(app), joined(), make_plan()
    first = order_card(person, plan)
    with pytest.raises(CardUnpaid) as refused:
        order_card(person, plan)
    assert refused.value.details == {"order_no": first.no}
    order_card(person, make_plan(name="季卡", months=3))
    order_card(joined(), plan)
    assert count(Order) == 3
    exchanges.cancel_order(order_id=first.id, reason="customer", now=shop_clock.now())
    db.session.rollback()
    bought(store, person, plan)
    order_card(person, plan)


def test_orders_of_a_plan_at_once_are_one(app: Flask) -> None:
    person, plan = joined(), make_plan()
    refused: list[str] = []

    def buy() -> None:
        try:
            order_card(person, plan)
        except ShopError as problem:
            refused.append(problem.code)

    acts: list[Callable[[], None]] = [buy] * 6
    at_once(app, acts, threads=3)
    assert set(refused) <= {"card_unpaid", "too_many_unpaid"}
    assert (len(refused), count(Order), count(CardSale)) == (5, 1, 1)
    db.session.rollback()
    assert db.session.scalars(select(OrderQuota.unpaid)).all() == [1]


def test_a_card_is_no_sale_is_never_shipped_and_is_not_refunded_as_an_order(app: Flask) -> None:
    store, person, plan = Store.open(app), joined(), make_plan()
    order = bought(store, person, plan)
    with pytest.raises(CardRefund), transaction():
        refund_lines(
            no=order.no, lines={order.lines[0].public_id: 1}, amount=None, reason="x", now=shop_clock.now()
        )
    assert store.refunds(order) == []
    since, until = shop_clock.now() - timedelta(days=1), shop_clock.now() + timedelta(days=1)
    assert console.sales(since=since, until=until).orders == 0
    assert console.customer_figures(customer_id=person.id)[0] == 0
    counts = console.tab_counts(OrderFilter())
    assert (counts["to_ship"], counts["completed"]) == (0, 1)
    staff = desk(app, Role.OWNER)
    assert "会员卡" in staff.get("/admin/orders").text
    assert order.no in staff.get("/admin/orders?kind=card").text
    page = staff.get(f"/admin/orders/{order.no}").text
    assert "会员卡已经生效，不能按订单退" in page
    assert 'id="refund"' not in page


def post(app: Flask, person: Person | None, body: Any, key: str | None = None) -> TestResponse:
    headers = ({} if person is None else person.headers) | ({"Idempotency-Key": key} if key else {})
    return app.test_client().post(CARDS, json=body, headers=headers)


def test_the_api_sells_once_per_key_and_the_card_is_there_after_payment(app: Flask) -> None:
    store, person, plan = Store.open(app), joined(), make_plan()
    made = post(app, person, {"plan_id": plan}, key="one")
    order = made.json
    assert order is not None
    assert (made.status_code, order["kind"], order["status"], order["address"]) == (
        201,
        "card",
        "unpaid",
        None,
    )
    assert post(app, person, {"plan_id": plan}, key="one").json == order
    second = post(app, person, {"plan_id": plan}, key="two")
    assert second.json is not None
    assert (second.status_code, second.json["code"]) == (409, "card_unpaid")
    assert second.json["details"] == {"order_no": order["no"]}
    paid = app.test_client().post(f"/api/v1/orders/{order['no']}/payment", headers=person.headers)
    assert paid.status_code == 200
    number = next(iter(store.pay.orders))
    assert store.tell_paid(store.pay.pay(number, at=shop_clock.now())).status_code == 204
    deliver()
    mine = app.test_client().get(CARDS, headers=person.headers).json
    assert mine is not None
    assert [(one["plan_id"], one["source"]) for one in mine["items"]] == [(plan, "bought")]


def test_the_api_refuses_what_is_no_plan(app: Flask) -> None:
    person, plan = joined(), make_plan()
    for wrong in ({}, {"plan_id": ""}, {"plan_id": 1}, {"plan_id": "x" * 99}, {"plan_id": plan, "price": 1}):
        assert post(app, person, wrong, key="k").status_code == 422, wrong
    assert post(app, person, {"plan_id": "nothing"}).status_code == 404
    assert post(app, None, {"plan_id": plan}).status_code == 401
    assert post(app, make_person(), {"plan_id": plan}).status_code == 403
    assert count(Order) == 0


def test_the_page_of_perks_leads_to_the_cashier_and_the_order_to_the_perks(app: Flask) -> None:
    store, person = Store.open(app), joined()
    plan, free = make_plan(), make_plan(name="赠卡", price=Money(0))
    browser = browser_of(app, person)
    page = browser.get(PERKS).text
    assert f'value="{plan}" aria-label="开通“年卡”"' in page
    assert f'value="{free}"' not in page
    first = browser.post(BUY, data={"plan": plan})
    repeated = browser.post(BUY, data={"plan": plan})
    assert (first.status_code, repeated.status_code, first.location) == (303, 303, repeated.location)
    assert count(Order) == 1
    assert "年卡 12 个月" in browser.get(first.location).text
    pay_top_up(store, db.session.scalars(select(Order)).one(), by=person)
    assert "会员卡会在几秒内生效" in browser.get(first.location).text
    order = browser.get(first.location.removesuffix("/pay")).text
    card = cards_of(person)[0]
    assert "会员卡已生效" in order
    assert f"{day(card.ends_at)} 到期" in order
    assert 'href="/me/perks"' in order
    for missing in ("收货地址", "运费", "到账", "发货"):
        assert missing not in order, missing
    assert "续费" in browser.get(PERKS).text


def test_the_page_says_why_a_card_cannot_be_bought(app: Flask) -> None:
    person, plan = joined(), make_plan()
    change(plan, active=False)
    answer = browser_of(app, person).post(BUY, data={"plan": plan})
    assert answer.status_code == 409
    assert 'role="alert"' in answer.text
    assert "现在不能办理" in answer.text
    assert (count(Order), count(CardPlan)) == (0, 1)
