"""The simulator's screen: what it asks, what it finds, and whom it lets in."""

from __future__ import annotations

import pytest
from flask import Flask

from shopapp.kernel import clock
from shopapp.kernel.access import ROLES, Permission, Role
from shopapp.kernel.db import transaction
from shopapp.members.rights import services as rights
from tests.support.catalogue import make_sku
from tests.support.members import make_member
from tests.support.people import make_person
from tests.support.staff import desk

PATH = "/admin/simulator"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"who": "customer"}, "请填写会员号或编号"),
        ({"who": "customer", "number": "0000000000aa"}, "没有这位顾客"),
        ({"who": "customer", "number": "19900001234"}, "没有这位顾客"),
        ({"who": "customer", "number": "' OR 1"}, "没有这位顾客"),
        ({"at": "morgen"}, "请选今天到三年以内的时间"),
        ({"at": "2001-01-01T10:00"}, "请选今天到三年以内的时间"),
        ({"at": "9999-12-31T23:59"}, "请选今天到三年以内的时间"),
        ({"points": "x"}, "的整数"),
        ({"wallet": "1.234"}, "请填写金额"),
    ],
)
def test_what_cannot_be_meant_is_said_and_nothing_is_worked_out(
    app: Flask, query: dict[str, str], said: str
) -> None:
    sku = make_sku()
    shown = desk(app).get(PATH, query_string={**query, f"quantity.{sku.public_id}": "1"})
    assert shown.status_code == 200
    assert said in shown.text
    assert "每一件怎么算的" not in shown.text


def test_odd_addresses_are_answered(app: Flask) -> None:
    client = desk(app)
    for query in (
        "who=king&quantity.=1&add=x&coupon=%00&template=%ff&region=abc",
        "who=tier.king&quantity.0000000000aa=5",
        "quantity.0000000000aa=100000&q=%F0%9F%98%80",
        "who=tier.&add=0000000000aa&at=",
    ):
        assert client.get(f"{PATH}?{query}").status_code == 200


def test_goods_are_found_and_added(app: Flask) -> None:
    sku = make_sku(title="晴雨伞", price_fen=3000)
    client = desk(app)
    found = client.get(f"{PATH}?q=雨伞").text
    assert f'name="add" value="{sku.public_id}"' in found
    assert "没有找到在售的商品" in client.get(f"{PATH}?q=飞机").text
    added = client.get(f"{PATH}?add={sku.public_id}&quantity.{sku.public_id}=2").text
    assert f'name="quantity.{sku.public_id}" type="number" min="0" max="99" value="3"' in added
    assert "¥90.00" in added


def test_erased_people_cannot_be_chosen_and_strangers_need_the_right(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, gone = make_person(), make_member()
    with transaction():
        rights.erase(customer_id=gone.id, public_id=gone.signed_in.public_id, now=clock.now())
    shown = desk(app).get(f"{PATH}?who=customer&number={gone.signed_in.public_id}").text
    assert "没有这位顾客" in shown
    monkeypatch.setitem(ROLES, Role.ANALYST, frozenset({Permission.LOYALTY_VIEW}))
    client, path = desk(app, Role.ANALYST), f"{PATH}?who=customer&number={person.signed_in.public_id}"
    assert client.get(path).status_code == 403
    assert client.get(PATH).status_code == 200
    assert desk(app, Role.WAREHOUSE).get(PATH).status_code == 403


def test_the_editors_of_rules_lead_to_it(app: Flask) -> None:
    client = desk(app)
    for path in ("/admin/points", "/admin/tiers"):
        assert f'href="{PATH}"' in client.get(path).text.split("<main")[1]
