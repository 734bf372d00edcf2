"""The shop's settings: what is saved holds at once, what is wrong is told and changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask, g
from sqlalchemy import select

from shopapp.kernel import preferences
from shopapp.kernel.audit import AuditEntry
from shopapp.kernel.db import db
from tests.support.staff import desk

SHOP = {"name": "小满母婴", "hello": "挑得放心", "brand_color": "#c03a22", "service_phone": "0571-88880000"}
SELLING = {
    "pay_within_minutes": "20",
    "receipt_after_days": "10",
    "aftersales_days": "15",
    "unpaid_max": "3",
    "freight": "6.5",
    "free_from": "88",
}


def kept(name: str) -> Any:
    g.pop("preferences", None)
    db.session.rollback()
    return preferences.read(name)


def test_the_shop_gets_its_name_and_colour(app: Flask) -> None:
    client = desk(app)
    assert client.post("/admin/settings/shop", data=SHOP).status_code == 303
    assert kept("shop.name") == "小满母婴"
    assert kept("shop.brand_color") == "#C03A22"
    assert "小满母婴" in client.get("/admin/").text
    assert "小满母婴" in app.test_client().get("/").text
    changes = db.session.scalars(select(AuditEntry.changes).filter_by(action="settings.update")).one()
    assert changes["shop.name"] == ["回头小店", "小满母婴"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": " "}, "请填写这一项"),
        ({"name": "长" * 21}, "最多 20 个字，现在有 21 个"),
        ({"brand_color": "red"}, "6 位颜色代码"),
        ({"brand_color": "#FFE680"}, "太浅"),
        ({"service_phone": "<b>1</b>"}, "请填写电话号码"),
    ],
)
def test_a_wrong_setting_is_told_and_nothing_is_saved(app: Flask, fields: dict[str, str], words: str) -> None:
    answer = desk(app).post("/admin/settings/shop", data=SHOP | fields)
    assert answer.status_code == 422
    assert words in answer.text
    assert kept("shop.name") == "回头小店"
    assert kept("shop.hello") == ""


def test_saving_the_same_again_leaves_no_trace(app: Flask) -> None:
    client = desk(app)
    for _ in range(2):
        client.post("/admin/settings/shop", data=SHOP)
    assert len(db.session.scalars(select(AuditEntry).filter_by(action="settings.update")).all()) == 1


def test_yuan_on_the_screen_are_fen_in_the_shop(app: Flask) -> None:
    client = desk(app)
    assert client.post("/admin/settings/selling", data=SELLING).status_code == 303
    assert (kept("freight.fen"), kept("freight.free_from_fen")) == (650, 8800)
    assert kept("orders.pay_within_minutes") == 20
    assert 'value="6.50"' in client.get("/admin/settings/selling").text


@pytest.mark.parametrize(
    "fields",
    [
        {"freight": "1.234"},
        {"freight": "-1"},
        {"freight": "1e3"},
        {"pay_within_minutes": "4"},
        {"pay_within_minutes": "٣٠"},
        {"unpaid_max": "many"},
        {"no_delivery": "999999"},
    ],
)
def test_numbers_that_cannot_be_are_refused(app: Flask, fields: dict[str, str]) -> None:
    assert desk(app).post("/admin/settings/selling", data=SELLING | fields).status_code == 422
    assert kept("freight.fen") == 800


def test_full_width_digits_count_as_digits(app: Flask) -> None:
    desk(app).post("/admin/settings/selling", data=SELLING | {"freight": "￥１２．５", "unpaid_max": "４"})
    assert (kept("freight.fen"), kept("orders.unpaid_max")) == (1250, 4)


def test_the_privacy_text_keeps_words_and_loses_scripts(app: Flask) -> None:
    client = desk(app)
    client.post(
        "/admin/settings/privacy",
        data={"privacy_text": "第一段\n\n第二段", "guests_kept_months": "6", "marks_kept_months": "24"},
    )
    assert kept("shop.privacy_text") == "<p>第一段</p><p>第二段</p>"
    text = '<h2 onclick="x()">标题</h2><script>alert(1)</script><p>话</p>'
    client.post(
        "/admin/settings/privacy",
        data={"privacy_text": text, "guests_kept_months": "0", "marks_kept_months": "24"},
    )
    assert kept("shop.privacy_text") == "<h2>标题</h2><p>话</p>"


@pytest.mark.parametrize("href", ["https://evil.example", "//evil.example", "javascript:alert(1)"])
def test_the_banner_leads_to_our_own_pages_alone(app: Flask, href: str) -> None:
    assert desk(app).post("/admin/settings/banner", data={"href": href, "alt": "x"}).status_code == 422
    assert kept("shop.banners") == []
