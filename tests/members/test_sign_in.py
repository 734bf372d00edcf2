"""Signing in by web authorisation, in the browser and over the API."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from shopapp.events import AccountFollowed, AccountUnfollowed
from shopapp.kernel import outbox
from shopapp.kernel.db import db, transaction
from shopapp.kernel.settings import settings
from shopapp.members.identity import services
from shopapp.members.identity.models import Customer, CustomerSession, WeChatAccount
from shopapp.wechat.api import EXTENSION
from shopapp.wechat.fakes import FakePlatform, refusal
from tests.support.clocks import ShopClock
from tests.support.people import browser_of, make_person

EXCHANGE = "/sns/oauth2/access_token"
IN_WECHAT = {"User-Agent": "Mozilla/5.0 (iPhone) MicroMessenger/8.0.50"}
XIAOMEI = {"openid": "oTEST_xiaomei", "access_token": "web-1", "expires_in": 7200}


@pytest.fixture
def platform(app: Flask) -> Iterator[FakePlatform]:
    before, fake = app.extensions.get(EXTENSION), FakePlatform()
    app.extensions[EXTENSION] = fake
    yield fake
    app.extensions[EXTENSION] = before


def customers() -> int:
    return db.session.scalar(select(func.count()).select_from(Customer)) or 0


def begin(browser: FlaskClient, *, next_path: str = "/cart") -> str:
    """Tap sign in; returns the state that goes to WeChat."""
    answer = browser.get("/auth/wechat", query_string={"next": next_path}, headers=IN_WECHAT)
    assert answer.status_code == 302
    query = parse_qs(urlsplit(answer.location).query)
    assert query["redirect_uri"] == ["http://localhost/auth/wechat/callback"]
    return query["state"][0]


def come_back(browser: FlaskClient, *, state: str, code: str = "code-1") -> tuple[int, str]:
    answer = browser.get("/auth/wechat/callback", query_string={"code": code, "state": state})
    return answer.status_code, answer.headers.get("Location", "")


def test_a_guest_signs_in_and_comes_back_to_where_they_were(app: Flask, platform: FakePlatform) -> None:
    platform.answer(EXCHANGE, XIAOMEI)
    browser = browser_of(app)
    assert browser.get("/api/v1/me").status_code == 401
    assert come_back(browser, state=begin(browser, next_path="/p/abc?x=1")) == (302, "/p/abc?x=1")
    assert browser.get("/api/v1/me").status_code == 200
    assert customers() == 1


def test_outside_of_wechat_the_page_says_where_to_open_it(app: Flask, platform: FakePlatform) -> None:
    answer = browser_of(app).get("/auth/wechat", query_string={"next": "/cart"})
    assert (answer.status_code, "请在微信中打开" in answer.text) == (200, True)


def test_the_second_sign_in_is_the_same_person(app: Flask, platform: FakePlatform) -> None:
    platform.always(EXCHANGE, XIAOMEI)
    for _ in range(2):
        browser = browser_of(app)
        come_back(browser, state=begin(browser))
    assert customers() == 1
    assert db.session.scalar(select(func.count()).select_from(CustomerSession)) == 2


def test_a_state_works_in_its_own_browser_once_and_for_ten_minutes(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    platform.always(EXCHANGE, XIAOMEI)
    mine, other = browser_of(app), browser_of(app)
    state = begin(mine)
    begin(other)
    assert come_back(other, state=state)[0] == 200
    assert come_back(mine, state="made-up")[0] == 200
    late = begin(mine)
    clock.forward(minutes=11)
    assert come_back(mine, state=late)[0] == 200
    assert (customers(), platform.made(EXCHANGE)) == (0, [])
    assert come_back(mine, state=begin(mine))[0] == 302


def test_a_client_that_calls_back_twice_just_goes_on(app: Flask, platform: FakePlatform) -> None:
    platform.answer(EXCHANGE, XIAOMEI, refusal(40163))
    browser = browser_of(app)
    state = begin(browser)
    assert come_back(browser, state=state) == (302, "/cart")
    assert come_back(browser, state=state) == (302, "/")
    assert len(platform.made(EXCHANGE)) == 1


@pytest.mark.parametrize("code", [40029, 40163])
def test_a_refused_code_asks_to_try_again_and_makes_nobody(
    app: Flask, platform: FakePlatform, code: int
) -> None:
    platform.answer(EXCHANGE, refusal(code))
    browser = browser_of(app)
    assert come_back(browser, state=begin(browser))[0] == 200
    assert customers() == 0


def test_saying_no_leads_to_a_page_with_a_way_on(app: Flask, platform: FakePlatform) -> None:
    browser = browser_of(app)
    state = begin(browser)
    answer = browser.get("/auth/wechat/callback", query_string={"state": state})
    assert (answer.status_code, "先逛逛" in answer.text, platform.calls) == (200, True, [])


def test_a_snapshot_page_makes_nobody(app: Flask, platform: FakePlatform) -> None:
    platform.always(EXCHANGE, {**XIAOMEI, "is_snapshotuser": 1})
    browser = browser_of(app)
    answer = browser.get("/auth/wechat/callback", query_string={"code": "c", "state": begin(browser)})
    assert "快照" in answer.text
    api = app.test_client().post("/api/v1/sessions", json={"code": "c"})
    assert (api.status_code, api.json["code"]) == (403, "snapshot_visit")  # type: ignore[index]
    assert customers() == 0


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "",
        "/a\r\nSet-Cookie: x=1",
    ],
)
def test_the_way_back_never_leaves_the_shop(app: Flask, platform: FakePlatform, path: str) -> None:
    platform.always(EXCHANGE, XIAOMEI)
    browser = browser_of(app)
    assert come_back(browser, state=begin(browser, next_path=path)) == (302, "/")


def test_a_program_signs_in_with_a_code_and_out_again(app: Flask, platform: FakePlatform) -> None:
    platform.answer(EXCHANGE, XIAOMEI, refusal(40029))
    client = app.test_client()
    answer = client.post("/api/v1/sessions", json={"code": "c"})
    assert answer.status_code == 201
    assert answer.json is not None
    bearer = {"Authorization": f"Bearer {answer.json['token']}"}
    assert client.get("/api/v1/me", headers=bearer).json["id"] == answer.json["customer"]["id"]  # type: ignore[index]
    assert client.delete("/api/v1/sessions/current", headers=bearer).status_code == 204
    assert client.get("/api/v1/me", headers=bearer).status_code == 401
    wrong = client.post("/api/v1/sessions", json={"code": "old"})
    assert (wrong.status_code, wrong.json["code"]) == (401, "code_refused")  # type: ignore[index]


def test_a_session_ends_after_thirty_days(app: Flask, clock: ShopClock) -> None:
    person = make_person()
    client = app.test_client()
    clock.forward(days=29)
    assert client.get("/api/v1/me", headers=person.headers).status_code == 200
    clock.forward(days=2)
    assert client.get("/api/v1/me", headers=person.headers).status_code == 401


def test_first_meetings_that_race_make_one_customer(app: Flask, clock: ShopClock) -> None:
    gate = threading.Barrier(8)

    def meet() -> None:
        with app.app_context():
            gate.wait()
            with transaction():
                services.know_account(appid="wx", openid="oTEST_new", now=clock.now())

    threads = [threading.Thread(target=meet) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert customers() == 1


def test_an_unfollow_that_overtakes_the_follow_wins(app: Flask, clock: ShopClock) -> None:
    now = clock.now()
    for event in (
        AccountUnfollowed(openid="oTEST_a", at=now),
        AccountFollowed(openid="oTEST_a", scene=None, at=now - timedelta(seconds=1)),
    ):
        with transaction():
            outbox.publish(event)
    account = db.session.scalars(select(WeChatAccount).filter_by(openid="oTEST_a")).one()
    assert (account.following, account.appid) == (False, settings().wx_appid)
