"""Publishing the menu: one at a time, each a version that tells what came of it, and earlier ones to go back to."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from shopapp.kernel import preferences
from shopapp.kernel.access import Role
from shopapp.kernel.db import db, rows_changed, transaction
from shopapp.kernel.errors import NotFound
from shopapp.kernel.states import IllegalMove
from shopapp.outreach.menu import queries, services
from shopapp.outreach.menu.models import VERSION_MOVES, MenuVersion, VersionState
from shopapp.wechat import menus
from shopapp.wechat.fakes import Call, FakePlatform, refusal, silence
from tests.store.test_orders_race import at_once
from tests.support.clocks import ShopClock
from tests.support.staff import desk, words_after
from tests.support.wechat import fake_platform

CREATE, GET = "/cgi-bin/menu/create", "/cgi-bin/menu/get"
FIRST = [{"name": "逛店铺", "type": "view", "url": "/"}]
SECOND = [{"name": "帮助", "type": "click", "key": "help"}]


@pytest.fixture
def platform(app: Flask) -> Iterator[FakePlatform]:
    with fake_platform(app) as fake:
        yield fake


def keep(buttons: list[dict[str, Any]]) -> None:
    with transaction():
        menus.set_menu(buttons=buttons)


def publish(clock: ShopClock, buttons: list[dict[str, Any]]) -> MenuVersion:
    keep(buttons)
    return services.publish(by="店主", now=clock.now())


def states() -> list[VersionState]:
    db.session.rollback()
    db.session.expire_all()
    return [version.state for version in reversed(queries.history())]


def test_a_version_is_live_until_the_next_one(app: Flask, platform: FakePlatform, clock: ShopClock) -> None:
    publish(clock, FIRST)
    platform.answer(CREATE, refusal(40018))
    refused = publish(clock, SECOND)
    assert (refused.state, refused.error_code) == (VersionState.REFUSED, 40018)
    assert states() == [VersionState.LIVE, VersionState.REFUSED]
    publish(clock, SECOND)
    publish(clock, [])
    assert states() == ["replaced", "refused", "replaced", "live"]
    assert len(platform.made("/cgi-bin/menu/delete")) == 1


def test_without_an_answer_what_the_account_has_decides(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    ours = [{**FIRST[0], "url": "http://localhost/", "sub_button": []}]
    platform.answer(CREATE, silence(), silence(), silence(), silence(in_doubt=False))
    platform.answer(GET, {"menu": {"button": ours}}, refusal(46003), silence())
    assert publish(clock, FIRST).state is VersionState.LIVE
    assert publish(clock, SECOND).state is VersionState.REFUSED
    assert publish(clock, SECOND).state is VersionState.DOUBTFUL
    assert publish(clock, SECOND).state is VersionState.REFUSED
    assert len(platform.made(CREATE)) == 4
    platform.always(GET, {"menu": {"button": SECOND}})
    assert "和店里的一样" in desk(app).get("/admin/menu?live=1").text
    assert states() == ["replaced", "refused", "live", "refused"]


def test_two_who_publish_at_once_send_one_menu(app: Flask, platform: FakePlatform, clock: ShopClock) -> None:
    """The second comes while the platform still thinks about the first."""
    asked, may_answer = threading.Event(), threading.Event()

    def think(_call: Call) -> dict[str, Any]:
        asked.set()
        assert may_answer.wait(10)
        return {"errcode": 0}

    keep(FIRST)
    platform.always(CREATE, think)
    ends: list[str] = []

    def first() -> None:
        ends.append(services.publish(by="甲", now=clock.now()).state)

    def second() -> None:
        assert asked.wait(10)
        try:
            services.publish(by="乙", now=clock.now())
        except services.MenuUnderWay as busy:
            ends.append(busy.code)
        may_answer.set()

    at_once(app, [first, second], threads=2)
    assert sorted(ends) == ["live", "menu_under_way"]
    assert (states(), len(platform.made(CREATE))) == (["live"], 1)


def test_an_attempt_whose_process_died_holds_nobody_up_for_long(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    keep(FIRST)

    def die(_call: Call) -> dict[str, Any]:
        raise SystemExit

    platform.answer(CREATE, die)
    with pytest.raises(SystemExit):
        services.publish(by="甲", now=clock.now())
    with pytest.raises(services.MenuUnderWay):
        services.publish(by="乙", now=clock.now())
    clock.forward(minutes=3)
    services.publish(by="乙", now=clock.now())
    assert states() == ["replaced", "live"]


def test_an_earlier_menu_comes_back(app: Flask, platform: FakePlatform, clock: ShopClock) -> None:
    old = publish(clock, FIRST).public_id
    publish(clock, SECOND)
    client = desk(app, Role.OPERATOR)
    kept = words_after(client, client.post(f"/admin/menu/versions/{old}/restore", data={"then": "keep"}))
    assert "公众号上的还没有变" in kept
    assert "改动还没有发布" in kept
    preferences.forget_read()
    assert (preferences.read("wechat.menu"), len(platform.made(CREATE))) == (FIRST, 2)
    pushed = words_after(client, client.post(f"/admin/menu/versions/{old}/restore", data={"then": "push"}))
    assert "菜单已发布到公众号" in pushed
    assert states() == ["replaced", "replaced", "live"]
    assert desk(app, Role.SERVICE).post(f"/admin/menu/versions/{old}/restore").status_code == 403
    with pytest.raises(NotFound), transaction():
        services.restore(public_id="nobody")


def test_a_menu_set_elsewhere_is_noticed_and_kept(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    publish(clock, FIRST)
    platform.always(GET, {"menu": {"button": SECOND}})
    client = desk(app)
    assert "有人在别处改过" in client.get("/admin/menu?live=1").text
    page = words_after(client, client.post("/admin/menu/adopt"))
    assert "从公众号取回" in page
    client.post("/admin/menu/adopt")
    assert states() == ["replaced", "live"]


def test_old_versions_are_let_go(
    app: Flask, platform: FakePlatform, clock: ShopClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "VERSIONS_KEPT", 3)
    for _number in range(5):
        publish(clock, FIRST)
    assert states() == ["replaced", "replaced", "live"]


@pytest.mark.parametrize(("was", "wanted"), list(itertools.product(VersionState, VersionState)))
def test_every_pair_of_states(was: VersionState, wanted: VersionState) -> None:
    allowed = {
        ("sending", "live"),
        ("sending", "refused"),
        ("sending", "doubtful"),
        ("doubtful", "live"),
        ("doubtful", "refused"),
        ("doubtful", "replaced"),
        ("live", "replaced"),
    }
    assert VERSION_MOVES.allows(was, wanted) == ((was, wanted) in allowed)


def test_a_move_that_is_not_in_the_table_changes_nothing(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    version = publish(clock, FIRST)
    with transaction():
        rows_changed(update(MenuVersion).values(state=VersionState.REFUSED))
        db.session.refresh(version)
        with pytest.raises(IllegalMove):
            VERSION_MOVES.move(version, VersionState.LIVE)
    assert states() == ["refused"]
