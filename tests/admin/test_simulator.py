"""The simulator says what the shop then does, and does nothing itself."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from shopapp.admin import simulation
from shopapp.admin.simulation import Simulation, Wish
from shopapp.kernel import clock as shop_clock
from shopapp.kernel import outbox, preferences
from shopapp.kernel.clock import shop_day
from shopapp.kernel.db import db, transaction
from shopapp.kernel.money import Money
from shopapp.loyalty.coupons.rules import CouponKind
from shopapp.loyalty.ledger import jobs as ledger_jobs
from shopapp.loyalty.ledger.models import Unit
from shopapp.loyalty.ledger.rules import Life
from shopapp.loyalty.ledger.writing import purse
from shopapp.loyalty.points import services as points
from shopapp.loyalty.points.rules import EarnTerms, PointsTerms
from shopapp.loyalty.tiers import outlook
from shopapp.loyalty.tiers import queries as tiers
from shopapp.loyalty.tiers.terms import DEFAULT, Benefits
from shopapp.members.identity import queries as identity
from shopapp.store.catalogue.models import Sku
from shopapp.store.orders import services as orders
from shopapp.store.orders.models import Order
from tests.support.catalogue import make_category, make_sku
from tests.support.clocks import ShopClock
from tests.support.coupons import give as give_coupon
from tests.support.coupons import make_coupon
from tests.support.ledger import earn
from tests.support.members import make_member
from tests.support.orders import Store, ship
from tests.support.people import REGION, Person
from tests.support.queries import statements
from tests.support.staff import desk
from tests.support.tiers import earn_growth, save_terms

PATH = "/admin/simulator"
CARTS = range(6)


def with_rules(category: str) -> None:
    """Tier prices from silver on, a category that counts double, caps, and free freight for gold."""
    levels = list(DEFAULT.levels)
    levels[1] = replace(levels[1], benefits=Benefits(discount_bp=9700, points_bp=11_000))
    levels[2] = replace(levels[2], benefits=Benefits(discount_bp=9333, points_bp=12_500, free_freight=True))
    save_terms(replace(DEFAULT, levels=tuple(levels)), now=shop_clock.now() - timedelta(days=1))
    earn_terms = EarnTerms(category_bp={category: 20_000}, most_per_order=900)
    with transaction():
        now = shop_clock.now()
        points.publish(terms=PointsTerms(earn=earn_terms), valid_from=now, now=now)


def one_with_everything(chance: random.Random) -> Person:
    person = make_member(birthday=date(1990, chance.choice((1, 11)), 3))
    for unit, amount in (
        (Unit.POINTS, chance.randrange(0, 5000)),
        (Unit.PRINCIPAL, chance.randrange(0, 9000)),
        (Unit.GIFT, chance.randrange(0, 900)),
        (Unit.GROWTH, chance.choice((10, 1500, 6000))),
    ):
        if amount:
            earn(
                purse(customer_id=person.id, unit=unit),
                amount,
                key=f"{unit.value}:{person.id}",
                subject="test",
                life=Life(days=30) if unit is Unit.POINTS else None,
            )
    outbox.deliver_due(now=shop_clock.now())
    return person


def a_cart(chance: random.Random, goods: list[Sku]) -> list[tuple[str, int]]:
    chosen = chance.sample(goods, chance.randrange(1, len(goods) + 1))
    return [(sku.public_id, chance.randrange(1, 4)) for sku in chosen]


def simulated(person: Person, **wish: Any) -> Simulation:
    row = identity.by_ids(customer_ids=[person.id])[person.id]
    return simulation.simulate(Wish(customer=row, at=shop_clock.now(), **wish))


def rows() -> Mapping[str, int]:
    """How many rows each table has."""
    db.session.rollback()
    return {
        table.name: db.session.scalar(select(func.count()).select_from(table)) or 0
        for table in db.metadata.sorted_tables
    }


def asked_of_the_shop(app: Flask, person: Person, wish: dict[str, Any]) -> dict[str, Any]:
    body = {
        "items": [{"sku_id": sku_id, "quantity": pieces} for sku_id, pieces in wish["items"]],
        "address_id": person.address_id,
        "coupon_ids": list(wish["coupon_ids"]),
        "points": wish["points"],
        "wallet_fen": wish["wallet"].fen,
    }
    quoted = app.test_client().post("/api/v1/quotes", json=body, headers=person.headers)
    assert quoted.status_code == 200, quoted.text
    placed = app.test_client().post("/api/v1/orders", json=body, headers=person.headers)
    return {"quote": quoted.get_json(), "status": placed.status_code, "order": placed.get_json()}


@pytest.mark.parametrize("number", CARTS)
def test_it_says_what_the_api_quotes_and_the_order_is(app: Flask, number: int) -> None:
    """Carts made by chance, each of a member with another tier, coupons, points and wallet."""
    chance = random.Random(number)
    category = make_category()
    with_rules(category.public_id)
    goods = [make_sku(price_fen=chance.randrange(990, 30_000), stock=4) for _ in range(3)]
    goods.append(make_sku(price_fen=4999, stock=9, category=category))
    gift = make_sku(price_fen=1500, stock=5)
    person = one_with_everything(chance)
    held = [
        give_coupon(person.id, value=Money(1300), minimum=Money(5000)),
        give_coupon(person.id, kind=CouponKind.FREE_FREIGHT),
        give_coupon(person.id, kind=CouponKind.GIFT, sku_id=gift.public_id, with_tier_price=False),
        give_coupon(person.id, kind=CouponKind.PERCENT, basis_points=8800, cap=Money(2500)),
    ]
    wish = {
        "items": a_cart(chance, goods),
        "coupon_ids": tuple(one.id for one in chance.sample(held, chance.randrange(0, 3))),
        "points": chance.choice((0, 100, 300, 1200, 150)),
        "wallet": Money(chance.choice((0, 500, 2500, 12_000))),
    }
    said = simulated(person, **wish, region_code=REGION)
    done = asked_of_the_shop(app, person, wish)
    quote = said.priced.quote
    assert quote.total.fen == done["quote"]["total_fen"]
    assert quote.freight.fen == done["quote"]["freight_fen"]
    assert quote.wallet.fen == done["quote"]["wallet_fen"]
    assert quote.points_used == done["quote"]["points_used"]
    assert quote.points_to_earn == done["quote"]["points_to_earn"]
    assert [(line.quoted.sku_id, line.quoted.pay.fen) for line in said.lines] == [
        (line["sku_id"], line["pay_fen"]) for line in done["quote"]["lines"]
    ]
    assert [(one.code, one.text) for one in said.refusals] == [
        (one["code"], one["text"]) for one in done["quote"]["refusals"]
    ]
    assert (done["status"] == 201) is (not said.refusals)
    if said.refusals:
        return
    order = db.session.scalars(select(Order).filter_by(no=done["order"]["no"])).one()
    assert (order.total, order.freight, order.wallet, order.points) == (
        quote.total,
        quote.freight,
        quote.wallet,
        quote.points_used,
    )
    assert {line.sku_id: (line.pay, line.award, line.growth) for line in order.lines} == {
        said.priced.skus[line.sku_id].sku_id: (line.pay, line.award, line.growth) for line in quote.lines
    }
    assert said.growth == sum(line.growth for line in order.lines)


def test_it_writes_nothing_and_asks_only_reading_questions(app: Flask) -> None:
    chance = random.Random(7)
    person, sku = one_with_everything(chance), make_sku(stock=3)
    held, made = give_coupon(person.id), make_coupon(name="模板券")
    client = desk(app)
    queries = (
        {},
        {"who": "guest", f"quantity.{sku.public_id}": "2"},
        {"who": "tier.gold", f"quantity.{sku.public_id}": "2", "points": "300", "template": made},
        {
            "who": "customer",
            "number": person.signed_in.public_id,
            f"quantity.{sku.public_id}": "2",
            "coupon": held.id,
            "points": "100",
            "wallet": "5",
            "region": "330000",
            "q": "润肤",
        },
    )
    before = rows()
    for query in queries:
        with statements() as sent:
            assert client.get(PATH, query_string=query).status_code == 200
        written = [one for one in sent if not one.lstrip("( \n").upper().startswith(("SELECT", "WITH"))]
        assert written == []
    assert rows() == before


def test_the_page_shows_each_step_and_the_factors(app: Flask) -> None:
    category = make_category()
    with_rules(category.public_id)
    person = make_member()
    earn_growth(person, 1500, at=shop_clock.now())
    earn(purse(customer_id=person.id, unit=Unit.POINTS), 500, key="p", subject="test")
    outbox.deliver_due(now=shop_clock.now())
    sku = make_sku(price_fen=10_000, stock=9, category=category)
    held = give_coupon(person.id, name="五元券")
    shown = (
        desk(app)
        .get(
            PATH,
            query_string={
                "who": "customer",
                "number": person.signed_in.public_id,
                f"quantity.{sku.public_id}": "1",
                "coupon": held.id,
                "points": "300",
            },
        )
        .text
    )
    for said in (
        "会员价（银卡会员）",
        "−¥3.00",
        "优惠券：五元券",
        "−¥5.00",
        "积分抵扣（300 积分）",
        "<b>¥89.00</b>",
        "每 100 元 100 分，分类或日子 ×2，等级 ×1.1",
        "还是银卡会员",
        "有 600",
    ):
        assert said in shown, said
    assert "这样下不了单" not in shown


def test_a_member_of_a_tier_can_be_made_up(app: Flask) -> None:
    with_rules("none")
    sku = make_sku(price_fen=10_000, stock=9)
    made = make_coupon(name="试试券", value=Money(1000))
    gold = outlook.view_of(code="gold", since=shop_clock.now())
    said = simulation.simulate(
        Wish(
            at=shop_clock.now(),
            tier=gold,
            items=[(sku.public_id, 1)],
            template=made,
            points=500,
            wallet=Money(100),
        )
    )
    quote = said.priced.quote
    assert [one.kind for one in quote.lines[0].reductions] == ["tier", "coupon", "points"]
    assert (quote.lines[0].pay.fen, quote.freight.fen, quote.total.fen) == (7833, 0, 7733)
    assert quote.points_to_earn == 97
    assert said.outlook is not None
    assert (said.outlook.without.level.code, said.outlook.with_it.growth) == ("gold", 5000 + 78)


def test_a_purchase_that_reaches_the_next_tier_says_so(app: Flask) -> None:
    sku = make_sku(price_fen=120_000, stock=9)
    entry = outlook.view_of(code="member", since=shop_clock.now())
    said = simulation.simulate(Wish(at=shop_clock.now(), tier=entry, items=[(sku.public_id, 1)]))
    assert said.outlook is not None
    assert (said.outlook.without.level.code, said.outlook.with_it.level.code) == ("member", "silver")
    shown = desk(app).get(f"{PATH}?who=tier.member&quantity.{sku.public_id}=1").text
    assert "普通会员 → 银卡会员" in shown


def test_a_guest_pays_list_prices_and_earns_nothing(app: Flask) -> None:
    sku = make_sku(price_fen=5000, stock=9)
    said = simulation.simulate(Wish(at=shop_clock.now(), items=[(sku.public_id, 1)], points=100))
    assert [one.code for one in said.refusals] == ["points_unavailable"]
    assert (said.priced.quote.goods.fen, said.priced.quote.points_to_earn, said.outlook) == (5000, 0, None)
    answer = app.test_client().post(
        "/api/v1/quotes", json={"items": [{"sku_id": sku.public_id, "quantity": 1}]}
    )
    assert answer.get_json()["total_fen"] == said.priced.quote.total.fen


def test_the_tier_it_foretells_is_the_one_that_comes(app: Flask, clock: ShopClock) -> None:
    store, person = Store.open(app), make_member()
    sku = make_sku(price_fen=130_000, stock=3)
    said = simulated(person, items=[(sku.public_id, 1)], region_code=REGION)
    assert said.outlook is not None
    order = store.paid_order(by=person, of={sku.public_id: 1})
    outbox.deliver_due(now=clock.now())
    ship(store.again(order), waybill="SF123456")
    with transaction():
        orders.confirm_receipt(no=order.no, customer_id=person.id, now=clock.now())
    outbox.deliver_due(now=clock.now())
    before = tiers.tier_of(customer_id=person.id, now=clock.now())
    assert before is not None
    assert before.code == "member"
    clock.forward(days=preferences.read("orders.aftersales_days"), minutes=1)
    ledger_jobs.activate_points(clock.now())
    outbox.deliver_due(now=clock.now())
    came = tiers.tier_of(customer_id=person.id, now=clock.now())
    assert came is not None
    assert (came.code, said.outlook.with_it.level.code) == ("silver", "silver")
    history = tiers.history_of(customer_id=person.id, now=clock.now())
    assert history is not None
    assert history.growth == said.outlook.with_it.growth == 1300


def test_another_day_means_its_rules_and_what_has_ended_by_then(app: Flask) -> None:
    person = make_member()
    sku = make_sku(price_fen=10_000, stock=9)
    held = give_coupon(person.id, valid_days=5)
    now = shop_clock.now()
    double = shop_day(now + timedelta(days=26))
    earn(
        purse(customer_id=person.id, unit=Unit.POINTS),
        1000,
        key="p",
        subject="test",
        life=Life(days=10),
    )
    with transaction():
        points.publish(
            terms=PointsTerms(earn=EarnTerms(per_hundred_yuan=300, date_bp={double.isoformat(): 20_000})),
            valid_from=now + timedelta(days=20),
            now=now,
        )
    row = identity.by_ids(customer_ids=[person.id])[person.id]

    def on(days: int) -> Simulation:
        wish = Wish(
            customer=row,
            at=now + timedelta(days=days),
            items=[(sku.public_id, 1)],
            coupon_ids=(held.id,),
            points=1000,
        )
        return simulation.simulate(wish)

    assert (on(0).refusals, on(0).priced.quote.points_to_earn) == ([], 85)
    assert [one.code for one in on(7).refusals] == ["coupon_unknown"]
    assert {one.code for one in on(15).refusals} == {"coupon_unknown", "points_too_many"}
    assert on(25).priced.quote.points_to_earn == 297
    assert on(26).priced.quote.points_to_earn == 594
    assert on(25).priced.quote.points_used == 100


def test_limits_per_customer_are_told(app: Flask) -> None:
    person, sku = make_member(), make_sku(stock=9, limit_per_customer=2)
    Store.open(app).order(by=person, of={sku.public_id: 1})
    said = simulated(person, items=[(sku.public_id, 2)])
    assert [one.code for one in said.refusals] == ["limit_per_customer"]
    assert simulated(person, items=[(sku.public_id, 1)], wallet=Money(0)).refusals == []
