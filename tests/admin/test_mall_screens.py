"""The points mall in the console: the list, the form of sentences, what was taken, and the freight."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from shopapp.kernel import clock, outbox
from shopapp.kernel.access import Role
from shopapp.kernel.audit import AuditEntry
from shopapp.kernel.db import db
from shopapp.kernel.money import Money
from shopapp.loyalty.coupons.content import Giving
from shopapp.store.mall.models import MallItem
from shopapp.store.orders.console import numbers
from shopapp.store.payments import exchanges
from tests.support.catalogue import make_sku
from tests.support.coupons import make_coupon
from tests.support.mall import offer_coupon, offer_goods, redeem, rich
from tests.support.staff import desk, words_after

MALL = "/admin/mall"


def items() -> list[MallItem]:
    db.session.rollback()
    db.session.expire_all()
    return list(db.session.scalars(select(MallItem).order_by(MallItem.id)))


def audited() -> list[str]:
    db.session.rollback()
    statement = select(AuditEntry.action).where(AuditEntry.action.like("mall.%"))
    return list(db.session.scalars(statement.order_by(AuditEntry.id)))


def written(**changes: str) -> dict[str, str]:
    """The form as it is sent for goods, but for what is named."""
    return {
        "kind": "goods",
        "points": "500",
        "cash": "9.9",
        "title": "",
        "stock": "20",
        "per_person": "2",
        "per_month": "",
        "min_tier": "",
        "starts_at": "2026-01-01",
        "ends_at": "2030-12-31",
        "active": "1",
        "position": "0",
        **changes,
    }


def test_goods_are_offered_by_a_form_and_sent_back_unchanged_stay_as_they_were(app: Flask) -> None:
    client, sku = desk(app), make_sku(title="骨瓷马克杯", price_fen=5900)
    assert sku.public_id in client.get(f"{MALL}/new").text
    sent = client.post(f"{MALL}/new", data=written(sku_id=sku.public_id))
    page = words_after(client, sent)
    assert "骨瓷马克杯" in page
    assert "500 积分 + ¥9.90" in page
    (item,) = items()
    assert (item.points, item.cash, item.stock, item.per_person, item.per_month) == (
        500,
        Money(990),
        20,
        2,
        None,
    )
    before = (item.starts_at, item.ends_at)
    form = client.get(f"{MALL}/{item.public_id}/edit").text
    assert 'value="2030-12-31"' in form
    again = client.post(f"{MALL}/{item.public_id}/edit", data=written(points="600", active=""))
    assert again.status_code == 303
    (item,) = items()
    assert (item.points, item.active, item.sku_id, (item.starts_at, item.ends_at)) == (
        600,
        False,
        sku.public_id,
        before,
    )
    assert audited() == ["mall.create", "mall.update"]
    assert "已停用" in client.get(MALL).text
    assert "骨瓷马克杯" not in client.get(f"{MALL}?state=active").text


def test_a_coupon_is_offered_by_the_same_form(app: Flask) -> None:
    client = desk(app)
    ticket = make_coupon(giving=Giving.POINTS, name="积分五元券")
    make_coupon(name="领券中心的")
    page = client.get(f"{MALL}/new").text
    assert "积分五元券" in page
    assert "领券中心的" not in page
    sent = client.post(f"{MALL}/new", data=written(kind="coupon", coupon_id=ticket, cash="", points="200"))
    assert "积分五元券" in words_after(client, sent)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sku_id", "没有的"),
        ("points", "0"),
        ("points", "一百"),
        ("cash", "59"),
        ("cash", "x"),
        ("title", "长" * 61),
        ("stock", "0"),
        ("per_person", "-1"),
        ("min_tier", "nobility"),
        ("starts_at", "2031-01-01"),
        ("ends_at", "昨天"),
        ("position", ""),
    ],
)
def test_a_wrong_field_is_told_and_nothing_is_offered(app: Flask, field: str, value: str) -> None:
    sku = make_sku(price_fen=5900)
    answer = desk(app).post(f"{MALL}/new", data=written(**{"sku_id": sku.public_id, field: value}))
    assert answer.status_code == 422
    assert "没有保存" in answer.text
    assert items() == []


def test_what_was_taken_is_listed_with_its_order_and_whether_it_came_back(app: Flask) -> None:
    anna, client = rich(5000), desk(app)
    mug = offer_goods(make_sku(stock=9), points=500, cash=Money(100))
    ticket = offer_coupon(points=200)
    kept, gone = redeem(anna, mug, quantity=2), redeem(anna, mug)
    redeem(anna, ticket)
    exchanges.cancel_order(order_id=gone.order_id or 0, reason="customer", now=clock.now())
    outbox.deliver_due(now=clock.now())
    page = client.get(f"{MALL}/{mug}").text
    assert "1,000 积分 + ¥2.00" in page
    assert page.count("/admin/orders/") >= 2
    assert kept.order_id is not None
    assert "已退回" in client.get(f"{MALL}/{mug}?state=returned").text.partition("<tbody>")[2]
    assert "1,000 积分" not in client.get(f"{MALL}/{mug}?state=returned").text.partition("<tbody>")[2]
    assert "200 积分" in client.get(f"{MALL}/{ticket}").text


def test_the_shop_may_pay_the_freight_of_the_mall(app: Flask) -> None:
    anna, client, mug = rich(5000), desk(app), offer_goods(make_sku(stock=9), points=500)
    assert "包邮" in words_after(client, client.post(f"{MALL}/freight", data={"free": "1"}))
    assert "现在由店里包邮" in client.get(MALL).text
    done = redeem(anna, mug)
    assert done.order_id is not None
    client.post(f"{MALL}/freight", data={})
    assert "按平常的运费收" in client.get(MALL).text
    assert "500 积分" in client.get(f"/admin/orders/{_number(done.order_id)}").text


def _number(order_id: int) -> str:
    return numbers(order_ids=[order_id])[order_id]


def test_only_who_may_write_rules_sees_the_buttons(app: Flask) -> None:
    mug = offer_goods(make_sku())
    client = desk(app, Role.ANALYST)
    page = client.get(MALL)
    assert page.status_code == 200
    assert f"{MALL}/new" not in page.text
    assert f"{MALL}/{mug}/edit" not in client.get(f"{MALL}/{mug}").text
    assert client.post(f"{MALL}/freight", data={"free": "1"}).status_code == 403


def test_an_empty_mall_invites_to_offer_something(app: Flask) -> None:
    client = desk(app)
    assert "积分商城还是空的" in client.get(MALL).text
    assert "没有符合条件的" in client.get(f"{MALL}?state=over").text
