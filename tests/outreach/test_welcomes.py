"""Each follower is welcomed once: in the answer to the push, else by a message inside the window, else kept as missed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shopapp.events import FollowFound
from shopapp.kernel import outbox
from shopapp.kernel.db import db, transaction
from shopapp.members.channels import services as channels
from shopapp.outreach.replies import services, welcomes
from shopapp.wechat.fakes import FakePlatform
from shopapp.wechat.inbound import patience
from shopapp.wechat.inbound.patience import Least
from shopapp.wechat.inbound.services import set_replier
from shopapp.wechat.messages import sending
from shopapp.wechat.models import MessageState, OutgoingMessage
from tests.store.test_orders_race import at_once
from tests.support.clocks import ShopClock
from tests.support.wechat import event, fake_platform, opened_reply, push

SEND = "/cgi-bin/message/custom/send"
HELLO = "欢迎来到回头小店"


@pytest.fixture
def platform(app: Flask, monkeypatch: pytest.MonkeyPatch, clock: ShopClock) -> Iterator[FakePlatform]:
    """A shop that welcomes, and whose process has seen that the clocks agree; when a clock moves, time goes by."""
    least = Least()
    least.beyond(0, ahead=0)
    monkeypatch.setattr(patience, "_least", least)
    monkeypatch.setattr(patience, "monotonic", lambda: clock.now().timestamp())
    with transaction():
        services.set_welcome(text=HELLO)
    with fake_platform(app) as fake:
        yield fake


def seconds(clock: ShopClock) -> int:
    return int(clock.now().timestamp())


def follow(app: Flask, openid: str, *, at: int, sent_at: int | None = None, **fields: Any) -> str | None:
    """What the account answers to a follow, if anything."""
    answer = push(app, event(openid, "subscribe", at=at, **fields), sent_at=sent_at)
    assert answer.status_code == 200
    return None if answer.data == b"success" else opened_reply(answer)["Content"]


def repair(clock: ShopClock) -> None:
    welcomes.repair(now=clock.now())
    sending.send_due(clock.now())


def messages() -> list[tuple[str, MessageState]]:
    db.session.rollback()
    db.session.expire_all()
    rows = db.session.scalars(select(OutgoingMessage).order_by(OutgoingMessage.id))
    return [(row.openid, row.state) for row in rows]


def test_a_welcome_that_was_heard_is_not_sent_again(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    at = seconds(clock)
    assert follow(app, "oAnna", at=at) == HELLO
    clock.forward(seconds=5)
    assert follow(app, "oAnna", at=at, sent_at=at + 5) == HELLO
    clock.forward(seconds=25)
    repair(clock)
    assert (messages(), platform.made(SEND)) == ([], [])


def test_three_answers_that_came_too_late_are_made_up_for_by_a_message(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    """Each try is answered seven seconds after the platform signed it."""
    with transaction():
        channels.create_channel(name="包裹卡", code="card", welcome="包裹里的朋友您好", now=clock.now())
    at = seconds(clock)
    for attempt in range(3):
        clock.forward(seconds=7 if attempt == 0 else 5)
        follow(app, "oAnna", at=at, sent_at=at + attempt * 5, EventKey="qrscene_c.card")
    repair(clock)
    assert messages() == []
    clock.forward(seconds=10)
    repair(clock)
    repair(clock)
    assert messages() == [("oAnna", MessageState.SENT)]
    (call,) = platform.made(SEND)
    assert call.body["text"]["content"] == "包裹里的朋友您好"
    assert follow(app, "oAnna", at=at, sent_at=at + 27, EventKey="qrscene_c.card") is None


def test_a_repeat_that_is_answered_in_time_is_enough(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    at = seconds(clock)
    clock.forward(seconds=8)
    follow(app, "oAnna", at=at, sent_at=at)
    clock.forward(seconds=2)
    assert follow(app, "oAnna", at=at, sent_at=at + 10) == HELLO
    clock.forward(seconds=20)
    repair(clock)
    assert (messages(), platform.made(SEND)) == ([], [])


def test_past_the_window_it_is_kept_as_missed(app: Flask, platform: FakePlatform, clock: ShopClock) -> None:
    at = seconds(clock)
    clock.forward(seconds=90)
    follow(app, "oAnna", at=at, sent_at=at)
    repair(clock)
    assert (messages(), platform.made(SEND)) == ([("oAnna", MessageState.SKIPPED)], [])


def test_words_that_could_not_be_chosen_are_chosen_for_the_repeat_or_sent_later(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    def broken(_incoming: Any) -> None:
        raise RuntimeError("no words")

    at = seconds(clock)
    set_replier(app, broken)
    try:
        for openid in ("oAnna", "oBen"):
            assert follow(app, openid, at=at) is None
    finally:
        set_replier(app, services.reply_to)
    clock.forward(seconds=5)
    assert follow(app, "oAnna", at=at, sent_at=at + 5) == HELLO
    clock.forward(seconds=20)
    repair(clock)
    assert messages() == [("oBen", MessageState.SENT)]


def test_a_shop_without_a_welcome_misses_none(app: Flask, platform: FakePlatform, clock: ShopClock) -> None:
    with transaction():
        services.set_welcome(text="")
    at = seconds(clock)
    clock.forward(seconds=30)
    follow(app, "oAnna", at=at, sent_at=at)
    repair(clock)
    with transaction():
        outbox.publish(FollowFound(openid="oBen", at=clock.now()))
    outbox.deliver_due(now=clock.now())
    assert messages() == []


def test_a_follow_whose_push_was_lost_is_kept_as_missed_once(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    for _time in range(2):
        with transaction():
            outbox.publish(FollowFound(openid="oAnna", at=clock.now()))
    outbox.deliver_due(now=clock.now())
    assert messages() == [("oAnna", MessageState.SKIPPED)]


def test_many_workers_make_up_for_a_welcome_once(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    at = seconds(clock)
    clock.forward(seconds=25)
    for number in range(5):
        follow(app, f"oFan{number}", at=at, sent_at=at)
    at_once(app, [lambda: repair(clock)] * 4, threads=4)
    sending.send_due(clock.now())
    assert sorted(messages()) == [(f"oFan{number}", MessageState.SENT) for number in range(5)]
    assert len(platform.made(SEND)) == 5


def test_clocks_that_differ_make_no_answer_late() -> None:
    """Ours is 40 seconds ahead; what counts is what comes on top."""
    least = Least()
    ages = [least.beyond(age, ahead=0) for age in (41.0, 40.2, 40.9, 47.0)]
    assert ages == pytest.approx([0, 0, 0.7, 6.8])


def test_a_clock_that_is_set_makes_no_later_answer_late() -> None:
    """The platform's clock is set 21 seconds on, and ours a moment after it."""
    least = Least()
    assert [least.beyond(0.4, ahead=0), least.beyond(-20.8, ahead=0)] == pytest.approx([0, 0])
    assert [least.beyond(0.3, ahead=21), least.beyond(7.0, ahead=21.1)] == pytest.approx([0, 6.7])
