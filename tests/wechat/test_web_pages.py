"""Web authorisation and JS-SDK signatures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask

from config import Settings
from shopapp.wechat import crypto, oauth
from shopapp.wechat.api import PlatformError
from shopapp.wechat.fakes import FakePlatform, refusal
from shopapp.wechat.jssdk.services import is_own_page
from tests.support.clocks import ShopClock
from tests.support.keys import vectors

EXCHANGE = "/sns/oauth2/access_token"
SIGN = "/api/v1/wechat/jssdk"


@pytest.mark.parametrize("vector", vectors()["oauth_authorize_url"], ids=lambda vector: vector["id"])
def test_the_authorisation_address_is_the_published_one(app: Flask, vector: dict[str, Any]) -> None:
    url = oauth.authorize_url(
        redirect_uri=vector["redirect_uri"], scope=vector["scope"], state=vector["state"]
    )
    assert url == vector["url"]


def test_a_code_becomes_a_person(app: Flask, platform: FakePlatform) -> None:
    platform.answer(EXCHANGE, {"openid": "oA", "unionid": "uA", "access_token": "web-1", "expires_in": 7200})
    platform.answer(
        "/sns/userinfo", {"openid": "oA", "nickname": "小美🌸", "headimgurl": "http://p/132", "sex": 0}
    )
    granted = oauth.exchange(code="c0de")
    assert (granted.openid, granted.unionid, granted.snapshot) == ("oA", "uA", False)
    profile = oauth.profile(granted=granted)
    assert (profile.nickname, profile.picture_url, profile.unionid) == ("小美🌸", "http://p/132", None)
    exchanged, asked = platform.calls
    assert exchanged.query == {
        "appid": "wx0123456789abcdef",
        "secret": "TEST-app-secret",
        "code": "c0de",
        "grant_type": "authorization_code",
    }
    assert asked.query["access_token"] == "web-1"


def test_a_snapshot_page_is_known_as_one(app: Flask, platform: FakePlatform) -> None:
    platform.answer(EXCHANGE, {"openid": "oX", "access_token": "web-1", "is_snapshotuser": 1})
    assert oauth.exchange(code="c0de").snapshot


@pytest.mark.parametrize("code", [40029, 40163])
def test_a_spent_code_asks_for_a_new_beginning(app: Flask, platform: FakePlatform, code: int) -> None:
    platform.answer(EXCHANGE, refusal(code))
    with pytest.raises(oauth.CodeRefused):
        oauth.exchange(code="c0de")


@pytest.mark.parametrize("answer", [refusal(40125), {}, {"openid": "oA"}, {"openid": 5, "access_token": "x"}])
def test_other_answers_are_failures_of_the_platform(app: Flask, platform: FakePlatform, answer: Any) -> None:
    platform.answer(EXCHANGE, answer)
    with pytest.raises(PlatformError):
        oauth.exchange(code="c0de")


def test_a_page_of_the_shop_is_signed_without_its_fragment(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    url = "http://localhost/p/1?from=singlemessage&x=%E4%B8%AD"
    answer = app.test_client().get(SIGN, query_string={"url": url + "#/cart"})
    assert answer.status_code == 200
    signed = answer.get_json()
    assert set(signed) == {"appId", "timestamp", "nonceStr", "signature"}
    assert signed["appId"] == "wx0123456789abcdef"
    assert signed["signature"] == crypto.sign_page(
        ticket="ticket-1", nonce=signed["nonceStr"], timestamp=str(signed["timestamp"]), url=url
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/p/1",
        "http://localhost.evil.example/",
        "http://localhost@evil.example/",
        "http://evil.example\\@localhost/",
        "http://user@localhost/",
        "http://localhost:8443/",
        "http://localhost /",
        "//localhost/",
        "javascript:alert(1)",
        "ftp://localhost/",
        "http://[::1",
        "http://localhost:99999/",
        "localhost/p/1",
    ],
)
def test_pages_elsewhere_are_not_signed(app: Flask, platform: FakePlatform, url: str) -> None:
    answer = app.test_client().get(SIGN, query_string={"url": url})
    assert (answer.status_code, answer.get_json()["code"]) == (403, "foreign_page")
    assert platform.calls == []


def test_the_published_pages_are_pages_of_their_own_shop(settings: Settings) -> None:
    shop = replace(settings, base_url="https://shop.example.com")
    for vector in vectors()["jssdk_signature"]:
        assert is_own_page(vector["page_url"], base_url=shop.base_url)
        assert not is_own_page(vector["page_url"], base_url=settings.base_url)
        assert urlsplit(vector["signed_url"]).fragment == ""


def test_a_missing_address_is_a_wrong_field(app: Flask) -> None:
    assert app.test_client().get(SIGN).status_code == 422


def test_without_the_platform_the_page_learns_that_it_is_unavailable(
    app: Flask, platform: FakePlatform
) -> None:
    platform.always("/cgi-bin/stable_token", refusal(-1))
    answer = app.test_client().get(SIGN, query_string={"url": "http://localhost/"})
    assert (answer.status_code, answer.get_json()["code"]) == (503, "unavailable")
