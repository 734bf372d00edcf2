"""Customers and the search: what each role may see of a person."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from shopapp.kernel.access import Role
from shopapp.kernel.audit import AuditEntry
from shopapp.kernel.db import db, transaction
from shopapp.members.identity import services as identity
from tests.support.catalogue import make_product
from tests.support.orders import Store
from tests.support.people import Person, make_person
from tests.support.perks import joined, put_in_tier
from tests.support.queries import statements
from tests.support.staff import desk


def called(person: Person, nickname: str) -> Person:
    with transaction():
        identity.set_profile(customer_id=person.id, nickname=nickname, picture_url=None)
    return person


def test_a_customer_is_found_by_nickname_and_id(app: Flask) -> None:
    rain, snow = called(make_person(), "下雨天"), called(make_person(), "Snow")
    client = desk(app, Role.SERVICE)

    def shown(query: str) -> set[str]:
        text = client.get(f"/admin/customers?{query}").text
        return {person.signed_in.public_id for person in (rain, snow) if person.signed_in.public_id in text}

    assert shown("q=雨") == {rain.signed_in.public_id}
    assert shown("q=SNOW") == {snow.signed_in.public_id}
    assert shown(f"q={snow.signed_in.public_id}") == {snow.signed_in.public_id}
    assert shown("q=晴") == set()
    assert shown("following=yes") == set()


def test_addresses_are_masked_for_those_who_need_not_know(app: Flask) -> None:
    person = make_person(name="林知夏")
    path = f"/admin/customers/{person.signed_in.public_id}"
    masked = desk(app, Role.SERVICE).get(path).text
    assert "林**" in masked
    assert "林知夏" not in masked
    assert "文三路 1 号 2 幢 301" not in masked
    assert db.session.scalars(select(AuditEntry).filter_by(action="customer.see")).all() == []
    assert "林知夏" in desk(app, Role.OPERATOR).get(path).text
    entry = db.session.scalars(select(AuditEntry).filter_by(action="customer.see")).one()
    assert entry.subject_id == person.signed_in.public_id
    assert "林知夏" not in str(entry.changes)


def test_a_list_of_customers_asks_no_more_the_longer_it_is(app: Flask) -> None:
    client = desk(app)
    numbers = []
    for more in (2, 8):
        for _ in range(more):
            joined(name="林知夏")
        with statements() as sent:
            assert client.get("/admin/customers").status_code == 200
        numbers.append(len(sent))
    assert numbers[0] == numbers[1] <= 9


def test_the_list_tells_a_members_tier_and_given_name_masked_for_those_who_need_not_know(app: Flask) -> None:
    joined(name="林知夏")
    put_in_tier(called(joined(name="陈一鸣"), "下雨天"), "gold")
    make_person()
    told = desk(app, Role.SERVICE).get("/admin/customers").text
    assert "林**" in told
    assert "林知夏" not in told
    assert "陈一鸣" not in told
    assert "下雨天" in told
    assert [told.count(f">{name}<") for name in ("普通会员", "金卡会员", "微信顾客")] == [1, 1, 1]
    assert "林知夏" in desk(app, Role.OPERATOR).get("/admin/customers").text


def test_their_orders_stand_on_their_page(app: Flask) -> None:
    store, person = Store.open(app), make_person()
    order, other = store.paid_order(by=person, price_fen=12_000), store.paid_order()
    text = desk(app).get(f"/admin/orders/of/{person.signed_in.public_id}").text
    assert order.no in text
    assert other.no not in text
    assert "120.00" in text


def test_the_search_finds_orders_goods_people_and_pages(app: Flask) -> None:
    order = Store.open(app).paid_order()
    person = called(make_person(), "下雨天")
    product = make_product(title="晴雨伞")
    client = desk(app)

    def found(words: str) -> str:
        return client.get("/admin/search", query_string={"q": words}).text

    assert f"/admin/orders/{order.no}" in found(order.no[:12])
    assert f"/admin/orders/{order.no}" in found(order.ship_phone)
    assert f"/admin/products/{product.public_id}" in found("雨伞")
    assert f"/admin/customers/{person.signed_in.public_id}" in found("下雨")
    assert "/admin/staff" in found("员工")
    assert "没有找到" in found("<script>alert(1)</script>")
    assert "<script>" not in found("<script>alert(1)</script>")


@pytest.mark.parametrize(("role", "sees"), [(Role.WAREHOUSE, False), (Role.SERVICE, True)])
def test_the_search_shows_what_the_reader_may_open(app: Flask, role: Role, sees: bool) -> None:
    person = called(make_person(), "下雨天")
    text = desk(app, role).get("/admin/search?q=下雨").text
    assert (person.signed_in.public_id in text) is sees
    assert "/admin/staff" not in desk(app, role).get("/admin/search?q=员工").text


def test_the_trail_is_filtered_and_exported(app: Flask) -> None:
    client = desk(app)
    client.post("/admin/settings/shop", data={"name": "新店名", "brand_color": "#C03A22"})
    shown = client.get("/admin/audit?area=settings").text
    assert "新店名" in shown
    assert "员工与登录 · 登录" not in shown
    assert "没有符合条件" in client.get("/admin/audit?to=2000-01-01").text
    assert "settings.update" in client.get("/admin/audit?as=csv").data.decode("utf-8-sig")
