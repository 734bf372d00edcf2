"""The set-up page's checks say in plain words what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from shopapp.kernel import preferences
from shopapp.kernel.db import transaction
from shopapp.kernel.settings import settings
from shopapp.wechat import checks, crypto
from shopapp.wechat.fakes import FakePlatform, refusal, silence
from tests.support.clocks import ShopClock

STABLE = "/cgi-bin/stable_token"
PAID = {
    "template_id": "TPL-paid",
    "title": "订单支付成功通知",
    "content": "{{first.DATA}}\n订单编号:{{character_string1.DATA}}\n支付金额：{{amount2.DATA}}\n{{remark.DATA}}\n",
}


@pytest.fixture
def changed(app: Flask) -> Iterator[Any]:
    """Lets a test change settings of the running shop."""
    own = settings()

    def change(**values: str) -> None:
        app.extensions["settings"] = replace(own, **values)

    yield change
    app.extensions["settings"] = own


@pytest.mark.parametrize(
    ("code", "answer", "words"),
    [
        (40013, "invalid appid", "WX_APPID"),
        (40125, "invalid appsecret", "WX_SECRET"),
        (40164, "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: x", "203.0.113.7 "),
        (89503, "", "管理员"),
        (45009, "", "次数用完"),
        (12345, "something new", "12345"),
    ],
)
def test_a_refused_account_is_explained(
    app: Flask, platform: FakePlatform, clock: ShopClock, code: int, answer: str, words: str
) -> None:
    platform.answer(STABLE, refusal(code, answer))
    result = checks.check_account(clock.now())
    assert not result.ok
    assert words in result.problems[0]
    assert checks.check_account(clock.now()).ok


def test_an_unreachable_platform_is_explained(app: Flask, platform: FakePlatform, clock: ShopClock) -> None:
    platform.answer(STABLE, silence())
    assert "连不上微信平台" in checks.check_account(clock.now()).problems[0]


def answer_like_a_shop(url: str) -> tuple[int, str]:
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    good = query["signature"] == crypto.sign("shopToken2026", query["timestamp"], query["nonce"])
    return (200, query["echostr"]) if good else (403, "")


@pytest.mark.parametrize(
    ("fetch", "words"),
    [
        (answer_like_a_shop, None),
        (lambda url: (200, "<html>welcome</html>"), "没有按微信的要求应答"),
        (lambda url: (200, answer_like_a_shop(url)[1]), "签名错误的请求也被放行了"),
        (lambda url: (502, ""), "502"),
    ],
)
def test_the_address_is_tried_as_the_platform_would(
    app: Flask, platform: FakePlatform, clock: ShopClock, fetch: Any, words: str | None
) -> None:
    platform.fetch = fetch  # type: ignore[method-assign]
    result = checks.check_callback(clock.now())
    assert result.ok is (words is None)
    assert words is None or words in result.problems[0]


@pytest.mark.parametrize(("name", "value"), [("wx_token", "a-b"), ("wx_aes_key", "x" * 42)])
def test_keys_of_the_wrong_form_are_named(
    app: Flask, platform: FakePlatform, clock: ShopClock, changed: Any, name: str, value: str
) -> None:
    changed(**{name: value})
    (problem,) = checks.check_callback(clock.now()).problems
    assert name.upper() in problem


def map_paid(**fields: str) -> None:
    with transaction():
        preferences.write("wechat.templates", {"order_paid": {"template_id": "TPL-paid", "fields": fields}})


def test_templates_are_held_against_the_accounts_list(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    platform.always("/cgi-bin/template/get_all_private_template", {"template_list": [PAID]})
    map_paid(number="character_string1", amount="amount2")
    result = checks.check_templates(clock.now())
    assert result.ok
    assert "订单发货" in result.notes[0]
    assert "订单支付成功" not in result.notes[0]
    map_paid(number="character_string1")
    assert "支付金额" in checks.check_templates(clock.now()).problems[0]
    platform.always("/cgi-bin/template/get_all_private_template", {"template_list": []})
    assert "不在公众号的模板列表里" in checks.check_templates(clock.now()).problems[0]


def test_every_check_of_a_healthy_account_passes(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    platform.fetch = answer_like_a_shop  # type: ignore[method-assign]
    results = {check.name: check.run(clock.now()) for check in checks.CHECKS}
    assert set(results) >= {"account", "callback", "ticket", "templates"}
    assert all(result.ok for result in results.values())


def test_every_topic_has_a_name(app: Flask) -> None:
    assert all(checks.topic_name(topic) for topic in checks.TOPICS)
