"""The checkout's choices in words: what each coupon takes off this order, how many points, what the wallet has."""

from __future__ import annotations

import re

from flask import Flask
from flask.testing import FlaskClient

from shopapp.kernel import clock
from shopapp.kernel.db import transaction
from shopapp.kernel.money import Money
from shopapp.loyalty.coupons.rules import CouponKind
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.ledger.writing import purse
from shopapp.loyalty.points.queries import points_purse
from shopapp.loyalty.points.rules import PointsTerms, RedeemTerms
from shopapp.loyalty.points.services import publish
from tests.support.catalogue import make_sku
from tests.support.coupons import give
from tests.support.ledger import earn
from tests.support.members import make_member
from tests.support.people import Person, browser_of


def sheet(text: str) -> list[str]:
    """The coupons of the sheet, each as its words."""
    part = text.split('id="coupons"')[1].split("</dialog>", maxsplit=1)[0]
    rows = re.split(r'<(?:a|div) class="cell', part)[1:]
    return [re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", row.partition(">")[2])).strip() for row in rows]


def test_the_sheet_tells_what_each_coupon_takes_off_this_order(
    app: Flask, customer: FlaskClient, person: Person
) -> None:
    sku = make_sku(price_fen=4_000, stock=9).public_id
    give(person.id, name="小券")
    give(person.id, name="八五折", kind=CouponKind.PERCENT, basis_points=8_500, cap=Money(2_000))
    give(person.id, name="包邮券", kind=CouponKind.FREE_FREIGHT)
    give(person.id, name="满百券", value=Money(3_000), minimum=Money(10_000))
    rows = sheet(customer.get(f"/checkout?sku={sku}&quantity=2").text)
    told = {row.split(" ")[0]: row for row in rows}
    assert "减 ¥5.00" in told["小券"]
    assert "减 5 元，没有门槛" in told["小券"]
    assert "减 ¥12.00" in told["八五折"]
    assert "打 8.5 折，最多减 20 元" in told["八五折"]
    assert "省运费 ¥8.00" in told["包邮券"]
    assert "满 100 元减 30 元" in told["满百券"]
    assert "再买 20.00 元可用" in told["满百券"]
    assert [name for name, row in told.items() if "最省" in row] == ["八五折", "包邮券"]
    assert list(told)[:3] == ["八五折", "包邮券", "小券"]
    dear = sheet(customer.get(f"/checkout?sku={sku}&quantity=9").text)
    assert "这一单本来就免运费" in next(row for row in dear if "包邮券" in row)


def test_the_wallet_is_called_by_its_name_once(app: Flask) -> None:
    saver = make_member()
    earn(purse(customer_id=saver.id, unit=Unit.PRINCIPAL), 1_234, key="test", subject="test")
    client, sku = browser_of(app, saver), make_sku(price_fen=4_000, stock=9).public_id
    page = f"/checkout?sku={sku}&quantity=1"
    words = [
        re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", client.get(address).text))
        for address in (page, f"{page}&wallet=1")
    ]
    assert "余额 有 ¥12.34" in words[0]
    assert "余额 已用 ¥12.34，共有 ¥12.34" in words[1]


def points_used(text: str) -> int:
    """How many points the page would order with."""
    found = re.search(r'"points": ?(\d+)', text)
    return int(found[1]) if found else 0


def field(text: str) -> dict[str, str]:
    """The attributes of the field for points; none if there is no such field."""
    found = re.search(r'<input[^>]*name="points"[^>]*>', text)
    return dict(re.findall(r'(\w+)="([^"]*)"', found[0])) if found else {}


def test_a_member_chooses_how_many_points_prefilled_with_the_most(app: Flask) -> None:
    member = make_member()
    earn(points_purse(member.id), 1_750, key="test", subject="test")
    client, sku = browser_of(app, member), make_sku(price_fen=4_000, stock=9).public_id
    page = f"/checkout?sku={sku}&quantity=1&wallet=yes"
    assert (points_used(client.get(page).text), field(client.get(page).text)) == (0, {})
    most = client.get(f"{page}&points=yes").text
    told = field(most)
    assert (told["value"], told["min"], told["max"], told["step"]) == ("1800", "0", "1800", "100")
    assert "用 1800 积分抵 ¥18.00" in most
    assert "每次用 100 的整数倍，最多 1800" in most
    form = most.split('<form id="use-points" action="/checkout">')[1].split("</form>")[0]
    kept = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    assert kept.items() >= {"sku": sku, "quantity": "1", "wallet": "yes"}.items()
    for asked, used in [
        ("500", 500),
        ("570", 500),
        ("99999", 1_800),
        ("0", 0),
        ("99", 0),
        ("-5", 0),
        ("x", 1_800),
    ]:
        text = client.get(f"{page}&points={asked}").text
        assert points_used(text) == used, asked
    some = client.get(f"{page}&points=500").text
    assert "用 500 积分抵 ¥5.00" in some
    assert field(some)["value"] == "500"
    answer = client.post(
        "/api/v1/quotes", json={"items": [{"sku_id": sku, "quantity": 1}], "points": 500}
    ).get_json()
    assert answer["total_fen"] == 4_000 - 500 + 800


def test_who_can_use_none_is_told_why_and_offered_nothing(app: Flask) -> None:
    member, now = make_member(), clock.now()
    client, sku = browser_of(app, member), make_sku(price_fen=199, stock=9).public_id
    page = f"/checkout?sku={sku}&quantity=1&points=yes"
    text = client.get(page).text
    assert (points_used(text), field(text)) == (0, {})
    assert "有 100 积分，这笔订单不能使用" in text
    with transaction():
        publish(terms=PointsTerms(redeem=RedeemTerms(step=500)), valid_from=now, now=now)
    assert "有 100 积分，满 500 可用" in client.get(page).text
