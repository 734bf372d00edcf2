"""The menu: checked as the platform would, whole addresses, and no menu as good as an empty one."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from shopapp.kernel.db import transaction
from shopapp.kernel.errors import Invalid
from shopapp.wechat import menus, qrcodes
from shopapp.wechat.api import PlatformError
from shopapp.wechat.fakes import FakePlatform, refusal
from tests.support.clocks import ShopClock

MENU: list[dict[str, Any]] = [
    {"type": "view", "name": "逛店铺", "url": "/"},
    {
        "name": "我的",
        "sub_button": [
            {"type": "view", "name": "我的订单", "url": "/orders"},
            {"type": "click", "name": "联系客服", "key": "service"},
        ],
    },
]


def test_the_menu_goes_out_with_whole_addresses(app: Flask, platform: FakePlatform, clock: ShopClock) -> None:
    menus.publish(buttons=MENU, now=clock.now())
    (call,) = platform.made("/cgi-bin/menu/create")
    assert call.body == {
        "button": [
            {"type": "view", "name": "逛店铺", "url": "http://localhost/"},
            {
                "name": "我的",
                "sub_button": [
                    {"type": "view", "name": "我的订单", "url": "http://localhost/orders"},
                    {"type": "click", "name": "联系客服", "key": "service"},
                ],
            },
        ]
    }


def test_an_empty_menu_takes_the_accounts_away(app: Flask, platform: FakePlatform, clock: ShopClock) -> None:
    platform.answer("/cgi-bin/menu/delete", refusal(46003))
    menus.publish(buttons=[], now=clock.now())
    assert [call.path for call in platform.calls if "menu" in call.path] == ["/cgi-bin/menu/delete"]


def test_no_menu_reads_as_empty(app: Flask, platform: FakePlatform, clock: ShopClock) -> None:
    platform.answer("/cgi-bin/menu/get", refusal(46003), {"menu": {"button": MENU}}, refusal(-1))
    assert menus.published(now=clock.now()) == []
    assert menus.published(now=clock.now()) == MENU
    with pytest.raises(PlatformError):
        menus.published(now=clock.now())


def button(**changed: Any) -> dict[str, Any]:
    return {"type": "click", "name": "客服", "key": "k"} | changed


@pytest.mark.parametrize(
    ("buttons", "places"),
    [
        ([button() for _ in range(4)], {"menu"}),
        ([button(name="")], {"1"}),
        ([button(name="六个字的名字")], {"1"}),
        ([button(type="dance")], {"1"}),
        ([button(type="view")], {"1"}),
        ([button(type="view", url="shop.example.com")], {"1"}),
        ([button(type="view", url="https://" + "x" * 1024)], {"1"}),
        ([button(key="k" * 129)], {"1"}),
        ([button(), {"name": "多", "sub_button": [button() for _ in range(6)]}], {"2"}),
        ([{"name": "多", "sub_button": [button(), button(name="字" * 21)]}], {"1.2"}),
        ([{"name": "多", "sub_button": [button(sub_button=[button()])]}], {"1.1"}),
        ([button(sub_button=[button()])], {"1"}),
    ],
)
def test_a_menu_that_the_platform_would_refuse_is_not_kept(
    app: Flask, buttons: list[dict[str, Any]], places: set[str]
) -> None:
    with pytest.raises(Invalid) as wrong, transaction():
        menus.set_menu(buttons=buttons)
    assert set(wrong.value.details["fields"]) == places


def test_names_may_be_as_long_as_the_platform_allows(app: Flask) -> None:
    assert menus.problems_of([button(name="五个汉字啊")]) == {}
    assert menus.problems_of([{"name": "多", "sub_button": [button(name="字" * 20)]}]) == {}


def test_codes_are_asked_for_by_scene(app: Flask, platform: FakePlatform, clock: ShopClock) -> None:
    lasting = qrcodes.permanent(scene="c.flyer", now=clock.now())
    brief = qrcodes.temporary(scene="t.1", seconds=600, now=clock.now())
    first, second = platform.made("/cgi-bin/qrcode/create")
    scene = {"action_info": {"scene": {"scene_str": "c.flyer"}}}
    assert first.body == {"action_name": "QR_LIMIT_STR_SCENE"} | scene
    assert (second.body["action_name"], second.body["expire_seconds"]) == ("QR_STR_SCENE", 600)
    assert lasting.url != brief.url
    picture = qrcodes.picture_url(ticket="gQ+/a==")
    assert picture == "https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket=gQ%2B%2Fa%3D%3D"


@pytest.mark.parametrize("scene", ["", "x" * 65])
def test_a_scene_out_of_bounds_is_refused(app: Flask, clock: ShopClock, scene: str) -> None:
    with pytest.raises(ValueError):
        qrcodes.permanent(scene=scene, now=clock.now())
    with pytest.raises(ValueError):
        qrcodes.temporary(scene="x", seconds=59, now=clock.now())
