"""What a merchant offers in the points mall: what can be written, and when and for whom it is open."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from shopapp.kernel import clock
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import Invalid, NotFound
from shopapp.kernel.money import Money
from shopapp.loyalty.coupons.content import Giving
from shopapp.store.mall import offering, queries
from shopapp.store.mall.rules import MallContent, MallKind, Standing
from tests.support.catalogue import change_price, make_sku
from tests.support.clocks import ShopClock
from tests.support.coupons import make_coupon
from tests.support.mall import (
    offer_coupon,
    offer_goods,
    redeem,
    refused,
    rich,
)
from tests.support.tiers import LEVELS, save_terms, terms


def test_a_tier_opens_the_item_for_those_who_have_it_or_a_higher_one(app: Flask) -> None:
    save_terms(terms(), now=clock.now())
    anna = rich(1000)
    mug = offer_goods(make_sku(), points=10, min_tier="silver")
    problem = refused(anna, mug)
    assert (problem.code, problem.status) == ("tier_too_low", 403)
    assert "银卡会员" in problem.message
    offer = queries.offer(
        public_id=mug, visitor=queries.visitor_of(anna.signed_in, now=clock.now()), now=clock.now()
    )
    assert offer is not None
    assert offer.standing is Standing.TIER
    save_terms(terms(levels=(LEVELS[0],)), now=clock.now())
    assert refused(anna, mug).code == "mall_closed"


def test_what_is_not_offered_now_is_refused_and_not_shown(app: Flask, clock: ShopClock) -> None:
    anna, now, day = rich(5000), clock.now(), timedelta(days=1)
    falling = make_sku(price_fen=5000)
    closed = {
        "stopped": offer_goods(make_sku(), active=False),
        "over": offer_goods(make_sku(), ends_at=now),
        "off sale": offer_goods(make_sku(on_sale=False)),
        "fallen": offer_goods(falling, cash=Money(4000)),
    }
    change_price(falling, 4000)
    soon = offer_goods(make_sku(), starts_at=now + day)
    shown, _more = queries.offers(visitor=queries.Visitor(), limit=50, now=now)
    assert [(offer.id, offer.standing) for offer in shown] == [(soon, Standing.SOON)]
    for item in (*closed.values(), soon):
        assert refused(anna, item).code == "mall_closed"
    assert {
        queries.offer(public_id=item, visitor=queries.Visitor(), now=now) for item in closed.values()
    } == {None}
    with pytest.raises(NotFound):
        redeem(anna, "000000000000")
    clock.forward(days=2)
    redeem(anna, soon)


def test_the_shops_own_stock_bounds_the_mall(app: Flask) -> None:
    anna = rich(5000)
    mug = offer_goods(make_sku(stock=2), points=10, stock=10)
    problem = refused(anna, mug, quantity=3)
    assert (problem.code, problem.details["left"]) == ("mall_short", 2)
    ticket = offer_coupon(make_coupon(giving=Giving.POINTS, per_person=1), points=10)
    redeem(anna, ticket)
    assert refused(anna, ticket).code == "mall_limit"


def test_an_item_is_checked_before_it_is_offered(app: Flask) -> None:
    sku, claimed = make_sku(price_fen=5000), make_coupon()

    def wrong(**wanted: object) -> set[str]:
        content = MallContent(**{"kind": MallKind.GOODS, "points": 10, **wanted})  # type: ignore[arg-type]
        with pytest.raises(Invalid) as caught, transaction():
            offering.create_item(content=content, now=clock.now())
        return set(caught.value.details["fields"])

    assert wrong() == {"sku_id"}
    assert wrong(sku_id="000000000000") == {"sku_id"}
    assert wrong(sku_id=sku.public_id, cash=Money(5000)) == {"cash"}
    assert wrong(sku_id=sku.public_id, points=0) == {"points"}
    assert wrong(sku_id=sku.public_id, stock=0, per_person=0, per_month=-1) == {
        "stock",
        "per_person",
        "per_month",
    }
    assert wrong(sku_id=sku.public_id, min_tier="nobility") == {"min_tier"}
    assert wrong(kind=MallKind.COUPON) == {"coupon_id"}
    assert wrong(kind=MallKind.COUPON, coupon_id=claimed) == {"coupon_id"}
    assert wrong(kind=MallKind.COUPON, coupon_id=claimed, cash=Money(1)) == {"cash"}
    now = clock.now()
    assert wrong(sku_id=sku.public_id, starts_at=now, ends_at=now) == {"ends_at"}


def test_an_item_keeps_its_thing_and_never_offers_fewer_than_were_taken(app: Flask) -> None:
    anna, sku = rich(5000), make_sku(stock=9)
    mug = offer_goods(sku, points=10, stock=5)
    redeem(anna, mug, quantity=3)

    def change(**wanted: object) -> None:
        content = MallContent(**{"kind": MallKind.GOODS, "points": 20, "sku_id": sku.public_id, **wanted})  # type: ignore[arg-type]
        with transaction():
            offering.change_item(public_id=mug, content=content, now=clock.now())

    for wrong in ({"stock": 2}, {"sku_id": make_sku().public_id}):
        with pytest.raises(Invalid):
            change(**wrong)
    change(stock=3)
    assert refused(anna, mug).code == "mall_gone"
    with pytest.raises(NotFound), transaction():
        offering.change_item(
            public_id="000000000000",
            content=MallContent(kind=MallKind.GOODS, points=1, sku_id=sku.public_id),
            now=clock.now(),
        )
