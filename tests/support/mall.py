"""Items of the points mall for tests, and members with points."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from sqlalchemy import select

from shopapp.kernel import clock, outbox
from shopapp.kernel.db import db, transaction
from shopapp.kernel.errors import ShopError
from shopapp.loyalty.coupons.content import Giving
from shopapp.loyalty.ledger import queries as ledger
from shopapp.loyalty.ledger.models import Unit
from shopapp.loyalty.ledger.writing import purse
from shopapp.store.catalogue.models import Sku
from shopapp.store.mall import offering, services
from shopapp.store.mall.models import MallItem, MallRedemption, MallTally
from shopapp.store.mall.rules import MallContent, MallKind
from shopapp.store.mall.services import Redeemed
from shopapp.store.orders.models import Order

from .catalogue import writing
from .coupons import make_coupon
from .ledger import earn
from .members import make_member
from .orders import count as rows_of
from .people import Person, make_person

JOINED = 100
"""Points that every member begins with."""
_keys = count(1)


def offer_goods(sku: Sku, **wanted: Any) -> str:
    """The public id of a new item: 500 points a piece, but for what is named."""
    wanted.setdefault("points", 500)
    content = MallContent(kind=MallKind.GOODS, sku_id=sku.public_id, **wanted)
    with writing():
        return offering.create_item(content=content, now=clock.now()).public_id


def offer_coupon(coupon_id: str | None = None, **wanted: Any) -> str:
    """The public id of a new item: a coupon, a new one without limits unless it is named."""
    wanted.setdefault("points", 200)
    with writing():
        made = coupon_id or make_coupon(giving=Giving.POINTS, per_person=None)
        content = MallContent(kind=MallKind.COUPON, coupon_id=made, **wanted)
        return offering.create_item(content=content, now=clock.now()).public_id


def rich(points: int = 2000, *, openid: str | None = None) -> Person:
    """A new member who can use so many points; known to WeChat as `openid` if that matters."""
    person = make_member(make_person(openid=openid) if openid else None)
    outbox.deliver_due(now=clock.now())
    if points > JOINED:
        purse_of = purse(customer_id=person.id, unit=Unit.POINTS)
        earn(purse_of, points - JOINED, key=f"test:{person.id}", subject="test")
    return person


def points_of(person: Person) -> ledger.Balance:
    db.session.rollback()
    return ledger.balance(purse=purse(customer_id=person.id, unit=Unit.POINTS), now=clock.now())


def redeem(
    person: Person, item_id: str, *, quantity: int = 1, key: str | None = None, address_id: str | None = None
) -> Redeemed:
    with transaction():
        return services.redeem(
            item_id=item_id,
            customer=person.signed_in,
            quantity=quantity,
            address_id=address_id or person.address_id,
            key=key or f"key {next(_keys)}",
            now=clock.now(),
        )


def given(item_id: str) -> int:
    """How many pieces of an item are gone."""
    db.session.rollback()
    return db.session.execute(select(MallItem.given).filter_by(public_id=item_id)).scalar_one()


def taken(person: Person, item_id: str) -> tuple[int, int]:
    """How many pieces of an item count for a person, in all and in the month."""
    db.session.rollback()
    statement = select(MallTally.given, MallTally.in_month).join(MallItem, MallItem.id == MallTally.item_id)
    mine = statement.where(MallItem.public_id == item_id, MallTally.customer_id == person.id)
    row = db.session.execute(mine).first()
    return (0, 0) if row is None else (row.given, row.in_month)


def refused(person: Person, item_id: str, *, quantity: int = 1) -> ShopError:
    """Why it was refused, having made sure that nothing changed."""
    before = (
        points_of(person),
        given(item_id),
        taken(person, item_id),
        rows_of(Order),
        rows_of(MallRedemption),
    )
    with pytest.raises(ShopError) as caught:
        redeem(person, item_id, quantity=quantity)
    after = (
        points_of(person),
        given(item_id),
        taken(person, item_id),
        rows_of(Order),
        rows_of(MallRedemption),
    )
    assert after == before
    return caught.value
