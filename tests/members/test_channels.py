"""Channels: a code made once, everyone counted once, the first way in kept."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event as listen
from sqlalchemy import func, select

from shopapp.kernel import preferences
from shopapp.kernel.db import db, transaction
from shopapp.kernel.errors import Invalid, NotFound
from shopapp.members.channels import queries, services
from shopapp.members.channels.models import Channel, ChannelVisit
from shopapp.wechat.fakes import FakePlatform, refusal
from tests.support.clocks import ShopClock
from tests.support.wechat import event, fake_platform, opened_reply, push

AT = 1767225600
CREATE = "/cgi-bin/qrcode/create"


def channel(clock: ShopClock, code: str = "flyer.tb", **changed: Any) -> Channel:
    with transaction():
        return services.create_channel(now=clock.now(), **{"name": "淘宝包裹卡", "code": code} | changed)


def counted(code: str) -> queries.ChannelRow:
    db.session.rollback()
    return next(row for row in queries.listing() if row.scene == f"c.{code}")


def test_the_code_is_made_once_and_kept(app: Flask, clock: ShopClock) -> None:
    public_id = channel(clock).public_id
    with fake_platform(app) as platform:
        first = services.make_qr_code(public_id=public_id, now=clock.now())
        second = services.make_qr_code(public_id=public_id, now=clock.now())
        (call,) = platform.made(CREATE)
    assert first == second
    assert call.body["action_info"] == {"scene": {"scene_str": "c.flyer.tb"}}
    row = counted("flyer.tb")
    assert row.qr_url == first.url
    assert row.picture_url is not None
    assert "%2B" in row.picture_url


def test_a_platform_that_fails_leaves_the_channel_without_code(app: Flask, clock: ShopClock) -> None:
    public_id = channel(clock).public_id
    with fake_platform(app) as platform:
        platform.answer(CREATE, refusal(-1))
        with pytest.raises(Exception, match="-1"):
            services.make_qr_code(public_id=public_id, now=clock.now())
        assert counted("flyer.tb").qr_url is None
        services.make_qr_code(public_id=public_id, now=clock.now())
    assert counted("flyer.tb").qr_url is not None


def test_follows_and_scans_are_counted_once_each(app: Flask, clock: ShopClock) -> None:
    channel(clock)
    follow = event("oAnna", "subscribe", at=AT, EventKey="qrscene_c.flyer.tb", Ticket="t")
    for _ in range(3):
        push(app, follow)
    push(app, event("oAnna", "SCAN", at=AT + 5, EventKey="c.flyer.tb"))
    push(app, event("oBen", "SCAN", at=AT, EventKey="c.flyer.tb"))
    push(app, event("oBen", "SCAN", at=AT, EventKey="nobodys.scene"))
    push(app, event("oCleo", "subscribe", at=AT))
    row = counted("flyer.tb")
    assert (row.follows, row.scans, row.people) == (1, 2, 2)
    assert db.session.scalar(select(func.count()).select_from(ChannelVisit)) == 3


def test_the_first_way_in_is_kept_in_whatever_order_the_news_come(app: Flask, clock: ShopClock) -> None:
    first, later = channel(clock, "first"), channel(clock, "later")
    push(app, event("oAnna", "SCAN", at=AT + 100, EventKey="c.later"))
    push(app, event("oAnna", "subscribe", at=AT, EventKey="qrscene_c.first"))
    push(app, event("oBen", "subscribe", at=AT + 200, EventKey="qrscene_c.later"))
    assert queries.first_channel_of(openid="oAnna") == first.public_id
    assert queries.first_channel_of(openid="oBen") == later.public_id
    assert queries.first_channel_of(openid="oNobody") is None
    assert (counted("first").first_touches, counted("later").first_touches) == (1, 1)
    assert counted("later").people == 2


def test_counting_takes_the_same_number_of_queries_for_any_number_of_channels(
    app: Flask, clock: ShopClock
) -> None:
    statements: list[str] = []
    count = lambda *args: statements.append(args[2])  # noqa: E731 - a listener needs a name to be taken off again
    taken = []
    for number in (1, 12):
        for made in range(number):
            channel(clock, f"many.{number}.{made}")
        db.session.rollback()
        listen.listen(db.engine, "before_cursor_execute", count)
        queries.listing()
        listen.remove(db.engine, "before_cursor_execute", count)
        taken.append(sum(statement.startswith("SELECT") for statement in statements))
        statements.clear()
    assert taken[0] == taken[1] == 5


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "名" * 61}, "name"),
        ({"code": "中文"}, "code"),
        ({"code": ".x"}, "code"),
        ({"code": "x" * 61}, "code"),
        ({"welcome": "好" * 601}, "welcome"),
    ],
)
def test_wrong_fields_are_named(app: Flask, clock: ShopClock, values: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as wrong:
        channel(clock, **values)
    assert set(wrong.value.details["fields"]) == {field}
    assert queries.listing() == []


def test_a_code_belongs_to_one_channel(app: Flask, clock: ShopClock) -> None:
    channel(clock)
    with pytest.raises(services.CodeTaken):
        channel(clock, name="另一个")
    assert channel(clock, code="").scene.startswith("c.")
    assert len(queries.listing()) == 2


def test_changing_keeps_the_printed_code(app: Flask, clock: ShopClock) -> None:
    public_id = channel(clock).public_id
    with transaction():
        services.change_channel(public_id=public_id, name="新名字", welcome="欢迎")
    row = queries.find(public_id=public_id)
    assert row is not None
    assert (row.name, row.scene, row.welcome) == ("新名字", "c.flyer.tb", "欢迎")
    with pytest.raises(NotFound), transaction():
        services.change_channel(public_id="nobody", name="x", welcome="")


def test_a_channels_own_welcome_greets_who_comes_through_it(app: Flask, clock: ShopClock) -> None:
    with transaction():
        preferences.write("wechat.welcome", "欢迎光临")
    channel(clock, welcome="淘宝的朋友您好")
    channel(clock, code="plain")
    follow = event("oAnna", "subscribe", at=AT, EventKey="qrscene_c.flyer.tb")
    assert opened_reply(push(app, follow))["Content"] == "淘宝的朋友您好"
    for key in ({"EventKey": "qrscene_c.plain"}, {"EventKey": "qrscene_gone"}, {"EventKey": ""}, {}):
        answer = push(app, event(f"o{len(key)}{key.get('EventKey')}", "subscribe", at=AT, **key))
        assert opened_reply(answer)["Content"] == "欢迎光临"
    scan = push(app, event("oAnna", "SCAN", at=AT + 9, EventKey="c.flyer.tb"))
    assert opened_reply(scan)["Content"] == "淘宝的朋友您好"
    assert push(app, event("oAnna", "SCAN", at=AT + 10, EventKey="c.plain")).data == b"success"


def test_the_fake_platform_is_taken_away_again(app: Flask) -> None:
    before = app.extensions.get("wechat_api")
    with fake_platform(app) as platform:
        assert isinstance(platform, FakePlatform)
    assert app.extensions.get("wechat_api") is before
