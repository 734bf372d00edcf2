"""One token for all processes, replaced in time, and never asked for without end."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from shopapp.kernel import clock as shop_clock
from shopapp.kernel.db import db, rows_changed, transaction
from shopapp.wechat import calls, tokens
from shopapp.wechat.api import Outcome, PlatformApi, PlatformError
from shopapp.wechat.fakes import Call, FakePlatform, refusal
from shopapp.wechat.jssdk import services as jssdk
from shopapp.wechat.models import PlatformProblem, PlatformToken
from tests.support.clocks import ShopClock

STABLE = "/cgi-bin/stable_token"
CALL = "/cgi-bin/user/info"


def ask() -> dict[str, Any]:
    return calls.ask("GET", CALL, now=shop_clock.now())


def problems() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(PlatformProblem.code)))


def test_the_token_is_fetched_once_and_shared(app: Flask, platform: FakePlatform) -> None:
    for _ in range(3):
        ask()
    assert [call.token for call in platform.made(CALL)] == ["token-1"] * 3
    (fetched,) = platform.made(STABLE)
    assert fetched.body == {
        "grant_type": "client_credential",
        "appid": "wx0123456789abcdef",
        "secret": "TEST-app-secret",
        "force_refresh": False,
    }


def test_the_token_is_renewed_before_it_ends(app: Flask, platform: FakePlatform, clock: ShopClock) -> None:
    ask()
    clock.forward(seconds=7200 - 301)
    ask()
    assert len(platform.made(STABLE)) == 1
    clock.forward(seconds=2)
    ask()
    assert len(platform.made(STABLE)) == 2


def test_a_token_from_a_clock_that_was_moved_back_is_not_trusted(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    clock.forward(days=30)
    ask()
    clock.back_to_present()
    ask()
    assert len(platform.made(STABLE)) == 2


def test_threads_that_need_a_token_together_make_one_fetch(app: Flask, platform: FakePlatform) -> None:
    def slowly(call: Call) -> dict[str, Any]:
        time.sleep(0.05)
        return {"access_token": "token-slow", "expires_in": 7200}

    platform.always(STABLE, slowly)
    got: list[str] = []

    def take() -> None:
        with app.app_context():
            got.append(tokens.access_token(now=shop_clock.now()))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == ["token-slow"] * 8
    assert len(platform.made(STABLE)) == 1


def test_while_another_fetches_the_old_token_serves(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    ask()
    now = clock.forward(seconds=7000)
    with transaction():
        rows_changed(update(PlatformToken).values(locked_until=now + timedelta(seconds=10)))
    ask()
    assert len(platform.made(STABLE)) == 1
    clock.forward(seconds=11)
    ask()
    assert len(platform.made(STABLE)) == 2


def test_a_fetch_that_fails_leaves_the_lock_free(app: Flask, platform: FakePlatform) -> None:
    platform.answer(STABLE, refusal(40164, "invalid ip 10.0.0.1, not in whitelist"))
    with pytest.raises(PlatformError) as refused:
        ask()
    assert refused.value.outcome is Outcome.CONFIGURATION
    assert problems() == [STABLE]
    ask()
    assert problems() == []


def test_a_refused_token_that_somebody_renewed_is_read_again(app: Flask, platform: FakePlatform) -> None:
    ask()

    def renewed_meanwhile(call: Call) -> dict[str, Any]:
        with transaction():
            rows_changed(update(PlatformToken).values(value="token-of-another"))
        raise refusal(40001)

    platform.answer(CALL, renewed_meanwhile)
    ask()
    assert [call.token for call in platform.made(CALL)] == ["token-1", "token-1", "token-of-another"]
    assert len(platform.made(STABLE)) == 1


@pytest.mark.parametrize("code", [40001, 40014, 42001])
def test_a_refused_token_is_fetched_anew_and_tried_once(
    app: Flask, platform: FakePlatform, code: int
) -> None:
    ask()
    platform.answer(STABLE, {"access_token": "token-new", "expires_in": 7200})
    platform.answer(CALL, refusal(code))
    ask()
    assert [call.token for call in platform.made(CALL)] == ["token-1", "token-1", "token-new"]
    assert [call.body["force_refresh"] for call in platform.made(STABLE)] == [False, False]


def test_the_last_resort_is_forced_once(app: Flask, platform: FakePlatform) -> None:
    ask()
    platform.answer(CALL, refusal(40001), refusal(40001))
    ask()
    assert [call.body["force_refresh"] for call in platform.made(STABLE)] == [False, False, True]
    assert [call.token for call in platform.made(CALL)] == ["token-1", "token-1", "token-1", "token-2"]
    assert problems() == []


def test_a_lasting_refusal_ends_and_is_told_to_the_merchant(app: Flask, platform: FakePlatform) -> None:
    ask()
    platform.always(CALL, refusal(40001, "invalid credential"))
    with pytest.raises(PlatformError) as refused:
        ask()
    assert (refused.value.outcome, refused.value.code) == (Outcome.CONFIGURATION, 40001)
    assert len(platform.made(CALL)) == 1 + 3
    assert len(platform.made(STABLE)) == 1 + 2
    assert tokens.PROBLEM in problems()


def test_a_used_up_quota_stops_the_interface_until_midnight(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    platform.answer(CALL, refusal(45009))
    for _ in range(3):
        with pytest.raises(PlatformError) as refused:
            ask()
        assert refused.value.outcome is Outcome.QUOTA
    assert len(platform.made(CALL)) == 1
    calls.ask("GET", "/cgi-bin/user/get", now=clock.now())
    clock.forward(days=1)
    ask()
    assert len(platform.made(CALL)) == 2
    assert problems() == []


def test_no_call_is_made_inside_a_transaction(app: Flask) -> None:
    with transaction(), pytest.raises(RuntimeError):
        PlatformApi(base="http://localhost:9").call("GET", CALL)


def test_the_ticket_is_kept_like_the_token(app: Flask, platform: FakePlatform, clock: ShopClock) -> None:
    for _ in range(2):
        jssdk.sign_page(url="http://localhost/p/1", now=clock.now())
    assert len(platform.made("/cgi-bin/ticket/getticket")) == 1
    clock.forward(hours=3)
    jssdk.sign_page(url="http://localhost/p/1", now=clock.now())
    assert len(platform.made("/cgi-bin/ticket/getticket")) == 2


def test_tokens_are_not_readable_in_the_table(app: Flask, platform: FakePlatform) -> None:
    ask()
    kept = db.session.connection().exec_driver_sql("SELECT value FROM platform_tokens").scalar_one()
    assert "token-1" not in kept
    assert db.session.scalar(select(func.count()).select_from(PlatformToken)) == 1
