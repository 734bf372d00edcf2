"""Outgoing messages: queued once, sent once, held back where the platform's rules say so, followed to their end."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shopapp.kernel import outbox, preferences
from shopapp.kernel.db import db, transaction
from shopapp.wechat.fakes import Call, FakePlatform, refusal, silence
from shopapp.wechat.messages import queue_service_text, queue_template, results, sending
from shopapp.wechat.models import MessageState, OutgoingMessage
from tests.support.clocks import ShopClock
from tests.support.wechat import event, push, text_message

OPENID = "oTEST_buyer"
TEMPLATE = "/cgi-bin/message/template/send"
SERVICE = "/cgi-bin/message/custom/send"
PAID = {"number": "202601010000000001", "title": "手冲咖啡豆 250g", "amount": "¥88.00"}
MAPPING = {
    "order_paid": {
        "template_id": "TPL-paid",
        "fields": {"number": "character_string1", "title": "thing2", "amount": "amount3"},
    }
}


@pytest.fixture(autouse=True)
def mapping(app: Flask) -> None:
    with transaction():
        preferences.write("wechat.templates", MAPPING)


def queue(clock: ShopClock, key: str = "paid:1", data: dict[str, str] = PAID, **changed: Any) -> bool:
    values = {"key": key, "openid": OPENID, "topic": "order_paid", "data": data, "path": "/orders/1"}
    with transaction():
        return queue_template(now=clock.now(), **(values | changed))


def say(clock: ShopClock, key: str = "say:1", text: str = "您好") -> bool:
    with transaction():
        return queue_service_text(key=key, openid=OPENID, topic="welcome", text=text, now=clock.now())


def writes_to_us(app: Flask, clock: ShopClock) -> None:
    push(app, text_message(OPENID, "在吗", at=int(clock.now().timestamp())))


def message(key: str = "paid:1") -> OutgoingMessage:
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(OutgoingMessage).filter_by(key=key)).one()


def told(name: str) -> list[dict[str, Any]]:
    rows = select(outbox.StoredEvent).filter_by(name=name).order_by(outbox.StoredEvent.id)
    return [row.payload for row in db.session.scalars(rows)]


def test_a_notice_is_queued_once_and_sent_as_the_template_wants(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    assert queue(clock)
    assert not queue(clock)
    assert sending.send_due(clock.now()) == 1
    assert sending.send_due(clock.now()) == 0
    (call,) = platform.made(TEMPLATE)
    client_id = call.body.pop("client_msg_id")
    assert len(client_id) == 32
    assert call.body == {
        "touser": OPENID,
        "template_id": "TPL-paid",
        "url": "http://localhost/orders/1",
        "data": {
            "character_string1": {"value": "202601010000000001"},
            "thing2": {"value": "手冲咖啡豆 250g"},
            "amount3": {"value": "¥88.00"},
        },
    }
    assert (message().state, message().tries) == (MessageState.SENT, 1)
    assert (
        "咖啡"
        not in db.session.connection().exec_driver_sql("SELECT body FROM outgoing_messages").scalar_one()
    )


def test_only_service_notices_go_through_templates(app: Flask, clock: ShopClock) -> None:
    with pytest.raises(ValueError):
        queue(clock, topic="big_sale")


def test_a_topic_without_template_is_skipped_silently(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    assert queue(clock, topic="order_shipped")
    assert sending.send_due(clock.now()) == 0
    assert message().state is MessageState.SKIPPED
    assert platform.calls == []


def test_data_that_fit_no_field_are_skipped_with_the_reason(app: Flask, clock: ShopClock) -> None:
    queue(clock, data=PAID | {"amount": ""})
    assert message().state is MessageState.SKIPPED
    assert "amount3" in (message().problem or "")


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("success", MessageState.DELIVERED),
        ("failed:user block", MessageState.FAILED),
        ("failed: system failed", MessageState.FAILED),
    ],
)
def test_the_result_comes_afterwards(
    app: Flask, platform: FakePlatform, clock: ShopClock, status: str, state: MessageState
) -> None:
    queue(clock)
    sending.send_due(clock.now())
    result = event(
        OPENID,
        "TEMPLATESENDJOBFINISH",
        at=int(clock.now().timestamp()),
        MsgID=int(message().platform_id or 0),
        Status=status,
    )
    for _ in range(2):
        assert push(app, result).data == b"success"
    assert message().state is state
    assert message().problem == (None if state is MessageState.DELIVERED else status)


def test_a_result_that_overtakes_the_answer_counts(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    queue(clock)

    def result_first(call: Call) -> dict[str, Any]:
        at = int(clock.now().timestamp())
        push(app, event(OPENID, "TEMPLATESENDJOBFINISH", at=at, MsgID=77, Status="success"))
        return {"errcode": 0, "msgid": 77}

    platform.answer(TEMPLATE, result_first)
    sending.send_due(clock.now())
    assert message().state is MessageState.DELIVERED


def test_results_of_nobodys_message_change_nothing(app: Flask) -> None:
    with transaction():
        assert not results.note(platform_id="12345", status="success")
        assert not results.note(platform_id="", status="success")


def test_a_busy_platform_is_tried_again_later(app: Flask, platform: FakePlatform, clock: ShopClock) -> None:
    queue(clock)
    platform.answer(TEMPLATE, refusal(-1), refusal(45011))
    sending.send_due(clock.now())
    assert (message().state, message().error_code) == (MessageState.QUEUED, -1)
    assert sending.send_due(clock.now()) == 0
    assert len(platform.made(TEMPLATE)) == 1
    clock.forward(seconds=6)
    sending.send_due(clock.now())
    clock.forward(seconds=16)
    assert sending.send_due(clock.now()) == 1
    assert message().state is MessageState.SENT


def test_a_doubtful_notice_is_repeated_under_the_same_id(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    queue(clock)
    platform.answer(TEMPLATE, silence())
    sending.send_due(clock.now())
    clock.forward(seconds=6)
    sending.send_due(clock.now())
    first, second = platform.made(TEMPLATE)
    assert first.body["client_msg_id"] == second.body["client_msg_id"]
    assert message().state is MessageState.SENT


def test_a_notice_in_doubt_for_too_long_is_left_to_people(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    queue(clock)
    platform.answer(TEMPLATE, silence())
    sending.send_due(clock.now())
    clock.forward(minutes=11)
    sending.send_due(clock.now())
    assert (message().state, message().problem) == (MessageState.FAILED, sending.UNKNOWN_RESULT)
    assert len(platform.made(TEMPLATE)) == 1


def test_a_clear_refusal_ends_the_doubt(app: Flask, platform: FakePlatform, clock: ShopClock) -> None:
    queue(clock)
    platform.answer(TEMPLATE, refusal(-1))
    sending.send_due(clock.now())
    clock.forward(minutes=30)
    assert sending.send_due(clock.now()) == 1
    assert message().state is MessageState.SENT


def test_what_a_killed_worker_held_is_sent_by_the_next(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    queue(clock)
    assert sending._claim(message_id=message().id, now=clock.now()) is not None
    assert sending.send_due(clock.now()) == 0
    clock.forward(minutes=3)
    assert sending.send_due(clock.now()) == 1
    assert len(platform.made(TEMPLATE)) == 1
    assert (message().state, message().tries) == (MessageState.SENT, 2)


def test_a_killed_workers_old_claim_is_not_repeated_blindly(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    queue(clock)
    sending._claim(message_id=message().id, now=clock.now())
    clock.forward(hours=1)
    sending.send_due(clock.now())
    assert message().state is MessageState.FAILED
    assert platform.made(TEMPLATE) == []


def test_workers_side_by_side_send_each_message_once(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    for number in range(12):
        queue(clock, key=f"paid:{number}")

    def work() -> None:
        with app.app_context():
            sending.send_due(clock.now())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = [call.body["client_msg_id"] for call in platform.made(TEMPLATE)]
    assert len(ids) == len(set(ids)) == 12


def test_who_does_not_follow_is_skipped_and_remembered(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    queue(clock)
    platform.answer(TEMPLATE, refusal(43004, "require subscribe"))
    assert sending.send_due(clock.now()) == 1
    assert (message().state, message().error_code) == (MessageState.SKIPPED, 43004)
    assert [row["openid"] for row in told("AccountUnfollowed")] == [OPENID]


@pytest.mark.parametrize("code", [40003, 41001, 47001, 47003])
def test_a_refusal_for_good_fails_and_is_not_repeated(
    app: Flask, platform: FakePlatform, clock: ShopClock, code: int
) -> None:
    queue(clock)
    platform.answer(TEMPLATE, refusal(code, "argument invalid! data.thing2.value"))
    sending.send_due(clock.now())
    clock.forward(hours=5)
    sending.send_due(clock.now())
    assert (message().state, message().error_code) == (MessageState.FAILED, code)
    assert len(platform.made(TEMPLATE)) == 1


def test_a_used_up_quota_waits_for_midnight_and_does_not_knock(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    queue(clock, lapses_after=timedelta(days=3))
    queue(clock, key="paid:2", lapses_after=timedelta(days=3))
    platform.answer(TEMPLATE, refusal(45009))
    sending.send_due(clock.now())
    assert len(platform.made(TEMPLATE)) == 1
    assert message().state is message("paid:2").state is MessageState.QUEUED
    clock.forward(days=1)
    assert sending.send_due(clock.now()) == 2


def test_a_wrong_setting_holds_messages_until_they_lapse(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    queue(clock)
    platform.always(TEMPLATE, refusal(40037, "invalid template_id"))
    for _ in range(15):
        sending.send_due(clock.now())
        clock.forward(minutes=11)
    assert message().state is MessageState.QUEUED
    clock.forward(days=1)
    sending.send_due(clock.now())
    assert (message().state, message().problem) == (MessageState.SKIPPED, sending.LAPSED)


def test_without_a_window_no_service_message_is_tried(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    say(clock)
    sending.send_due(clock.now())
    assert (message("say:1").state, message("say:1").problem) == (MessageState.SKIPPED, sending.NO_WINDOW)
    assert platform.calls == []


def test_a_window_lets_five_messages_through_for_48_hours(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    writes_to_us(app, clock)
    for number in range(6):
        say(clock, key=f"say:{number}", text="您好 & <欢迎>")
    sending.send_due(clock.now())
    assert len(platform.made(SERVICE)) == 5
    assert platform.made(SERVICE)[0].body == {
        "touser": OPENID,
        "msgtype": "text",
        "text": {"content": "您好 & <欢迎>"},
    }
    assert message("say:5").state is MessageState.SKIPPED
    writes_to_us(app, clock)
    clock.forward(hours=49)
    say(clock, key="late")
    sending.send_due(clock.now())
    assert message("late").state is MessageState.SKIPPED


def test_the_window_that_ends_soonest_is_used_first(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    at = int(clock.now().timestamp())
    push(app, event(OPENID, "subscribe", at=at))
    writes_to_us(app, clock)
    for number in range(8):
        say(clock, key=f"say:{number}")
    sending.send_due(clock.now())
    assert len(platform.made(SERVICE)) == 8


@pytest.mark.parametrize("code", [45015, 45047])
def test_a_window_that_the_platform_says_is_closed_is_closed(
    app: Flask, platform: FakePlatform, clock: ShopClock, code: int
) -> None:
    writes_to_us(app, clock)
    say(clock)
    say(clock, key="say:2")
    platform.answer(SERVICE, refusal(code))
    sending.send_due(clock.now())
    assert message("say:1").state is message("say:2").state is MessageState.SKIPPED
    assert len(platform.made(SERVICE)) == 1


def test_a_doubtful_service_message_is_never_repeated(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    writes_to_us(app, clock)
    say(clock)
    platform.answer(SERVICE, silence())
    sending.send_due(clock.now())
    clock.forward(seconds=10)
    sending.send_due(clock.now())
    assert (message("say:1").state, message("say:1").problem) == (MessageState.FAILED, sending.UNKNOWN_RESULT)
    assert len(platform.made(SERVICE)) == 1


def test_a_service_message_that_never_left_is_repeated_and_costs_one(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    with transaction():
        preferences.write("wechat.service_messages", 1)
    writes_to_us(app, clock)
    say(clock)
    platform.answer(SERVICE, silence(in_doubt=False))
    sending.send_due(clock.now())
    clock.forward(seconds=10)
    sending.send_due(clock.now())
    assert message("say:1").state is MessageState.SENT


def test_a_failed_message_can_be_queued_again_by_hand(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    queue(clock)
    platform.answer(TEMPLATE, refusal(47003))
    sending.send_due(clock.now())
    with transaction():
        assert sending.queue_again(message_id=message().id, now=clock.now())
    sending.send_due(clock.now())
    assert message().state is MessageState.SENT


def test_an_unreachable_platform_ends_the_run(app: Flask, platform: FakePlatform, clock: ShopClock) -> None:
    for number in range(5):
        queue(clock, key=f"paid:{number}")
    platform.always(TEMPLATE, silence())
    sending.send_due(clock.now())
    assert len(platform.made(TEMPLATE)) == 1
