"""The console's screens of background work: jobs, events on their way, messages, problems."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shopapp.events import SceneScanned
from shopapp.kernel import clock, jobs, outbox, preferences
from shopapp.kernel.access import Role
from shopapp.kernel.audit import AuditEntry
from shopapp.kernel.db import db, transaction
from shopapp.kernel.jobs import Job, JobRun, RunState
from shopapp.kernel.outbox import TRIES_MAX, Delivery, Registry
from shopapp.wechat.fakes import FakePlatform, refusal
from shopapp.wechat.messages import queue_service_text, queue_template, sending
from shopapp.wechat.models import MessageState, OutgoingMessage
from tests.support.clocks import ShopClock
from tests.support.queries import statements
from tests.support.staff import desk, words_after
from tests.support.wechat import fake_platform

OPENID = "oTEST_secret_part_0001"
SEND = "/cgi-bin/message/template/send"


class Stubborn:
    """A handler that fails until it is mended."""

    def __init__(self) -> None:
        self.broken = True
        self.seen: list[str] = []

    def __call__(self, event: SceneScanned) -> None:
        if self.broken:
            raise ValueError("no such channel\n[SQL: SELECT secret]\n[parameters: ('13800000000',)]")
        self.seen.append(event.scene)

    __module__ = "tests.stubborn"
    __name__ = "handle"


@pytest.fixture
def platform(app: Flask) -> Iterator[FakePlatform]:
    with fake_platform(app) as fake:
        yield fake


@pytest.fixture
def stubborn(app: Flask) -> Iterator[Stubborn]:
    handler, own = Stubborn(), app.extensions["outbox"]
    registry = Registry()
    registry.add(SceneScanned, handler)
    app.extensions["outbox"] = registry
    yield handler
    app.extensions["outbox"] = own


def scan(times: int = 1) -> None:
    for number in range(times):
        with transaction():
            outbox.publish(SceneScanned(openid=OPENID, scene=f"c{number}", at=clock.now()))


def give_up() -> Delivery:
    delivery = db.session.scalars(select(Delivery)).one()
    with transaction():
        delivery.tries, delivery.given_up = TRIES_MAX, True
    return delivery


def notice(key: str = "paid:1", topic: str = "order_paid") -> OutgoingMessage:
    with transaction():
        queue_template(key=key, openid=OPENID, topic=topic, data={}, path="/", now=clock.now())
    return db.session.scalars(select(OutgoingMessage).filter_by(key=key)).one()


def failed_notice(key: str = "paid:1", **values: Any) -> OutgoingMessage:
    message = notice(key)
    with transaction():
        message.state = MessageState.FAILED
        for name, value in values.items():
            setattr(message, name, value)
    return message


def acts() -> list[tuple[str, str]]:
    found = select(AuditEntry.action, AuditEntry.subject_kind).where(AuditEntry.action.startswith("work."))
    return [(row[0], row[1]) for row in db.session.execute(found)]


@pytest.mark.parametrize("role", [Role.WAREHOUSE, Role.SERVICE, Role.ANALYST])
def test_background_work_is_not_for_everybody(app: Flask, stubborn: Stubborn, role: Role) -> None:
    scan()
    delivery, message = give_up(), failed_notice()
    client = desk(app, role)
    for path in ("", "/events", "/messages"):
        assert client.get(f"/admin/background{path}").status_code == 403
    for path in (f"/events/{delivery.id}/retry", f"/messages/{message.id}/retry", "/problems/done"):
        assert client.post(f"/admin/background{path}").status_code == 403
    db.session.expire_all()
    assert (delivery.given_up, message.state) == (True, MessageState.FAILED)


def test_jobs_are_shown_with_their_last_runs(
    app: Flask, clock: ShopClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_now: datetime) -> int:
        raise RuntimeError("the disk is full")

    known = {
        "send-refunds": Job(name="send-refunds", every=timedelta(seconds=5), run=lambda now: 7),
        "forget-old": Job(name="forget-old", every=timedelta(minutes=10), run=fail),
    }
    monkeypatch.setitem(app.extensions, "jobs", known)
    client = desk(app, Role.OPERATOR)
    page = client.get("/admin/background").text
    assert "还没运行过" in page
    assert "后台进程没有在运行" in page
    jobs.heartbeat(name="TEST")
    jobs.run_due(now=clock.now())
    page = client.get("/admin/background").text
    assert "提交和查询退款" in page
    assert ">7<" in page
    assert page.count("the disk is full") == 2
    assert "后台进程没有在运行" not in page
    clock.forward(days=2)
    assert client.get("/admin/background").text.count("the disk is full") == 1


def test_only_the_last_run_of_a_job_counts(app: Flask) -> None:
    now = clock.now()
    with transaction():
        for seconds, done in ((10, 1), (0, 3), (5, 2)):
            db.session.add(
                JobRun(
                    name="send-refunds",
                    slot=now - timedelta(seconds=seconds),
                    state=RunState.DONE,
                    claimed_at=now,
                    done=done * 111,
                )
            )
    page = desk(app).get("/admin/background").text
    assert ">333<" in page
    assert ">222<" not in page


def test_an_event_that_was_given_up_is_tried_again(app: Flask, clock: ShopClock, stubborn: Stubborn) -> None:
    scan()
    client = desk(app, Role.OPERATOR)
    assert "no such channel" in client.get("/admin/background/events?tab=waiting").text
    delivery = give_up()
    page = client.get("/admin/background/events").text
    assert "扫了渠道码" in page
    assert "no such channel" in page
    assert "13800000000" not in page

    stubborn.broken = False
    sent = client.post(f"/admin/background/events/{delivery.id}/retry")
    assert "再试一次" in words_after(client, sent)
    assert outbox.deliver_due(now=clock.now()) == 1
    assert stubborn.seen == ["c0"]
    assert "没有办不成的事" in client.get("/admin/background/events").text

    again = client.post(f"/admin/background/events/{delivery.id}/retry")
    assert "已经办完了" in words_after(client, again)
    assert outbox.deliver_due(now=clock.now()) == 0
    assert acts() == [("work.retry", "delivery")]


def test_a_failed_message_is_explained_and_sent_again(
    app: Flask, platform: FakePlatform, clock: ShopClock
) -> None:
    with transaction():
        preferences.write("wechat.templates", {"order_paid": {"template_id": "TPL", "fields": {}}})
    notice()
    platform.answer(SEND, refusal(41028, "invalid form id"))
    sending.send_due(clock.now())
    client = desk(app, Role.OPERATOR)
    page = client.get("/admin/background/messages").text
    assert "订单支付成功" in page
    assert "invalid form id" in page
    assert OPENID not in page
    assert "oTES****0001" in page

    message = db.session.scalars(select(OutgoingMessage)).one()
    sent = client.post(f"/admin/background/messages/{message.id}/retry")
    assert "已放回队列" in words_after(client, sent)
    assert sending.send_due(clock.now()) == 1
    db.session.expire_all()
    assert message.state is MessageState.SENT
    assert len(platform.made(SEND)) == 2
    refused = client.post(f"/admin/background/messages/{message.id}/retry")
    assert "没有任何改动" in words_after(client, refused)
    assert acts() == [("work.retry", "message")]


def test_why_messages_were_not_sent_is_said(app: Flask, platform: FakePlatform, clock: ShopClock) -> None:
    client = desk(app)
    assert "没有跳过的消息" in client.get("/admin/background/messages?tab=skipped").text
    notice()
    with transaction():
        queue_service_text(key="hello", openid=OPENID, topic="hello", text="您好", now=clock.now())
    assert "在队列里" in client.get("/admin/background/messages?tab=waiting").text
    sending.send_due(clock.now())
    page = client.get("/admin/background/messages?tab=skipped").text
    assert "还没有选模板" in page
    assert "微信不许发客服消息" in page
    assert "再发一次" not in page
    assert platform.calls == []
    failed_notice("paid:2", problem=sending.UNKNOWN_RESULT, doubt_since=clock.now())
    page = client.get("/admin/background/messages").text
    assert "不知道顾客收到没有" in page
    assert "可能收到两条" in page


@pytest.mark.parametrize("number", ["0", "999999", "9223372036854775807"])
def test_what_does_not_exist_is_not_tried(app: Flask, number: str) -> None:
    client = desk(app)
    for kind in ("events", "messages"):
        assert client.post(f"/admin/background/{kind}/{number}/retry").status_code == 303
    assert client.post("/admin/background/events/9223372036854775808/retry").status_code == 404
    assert client.get("/admin/background/messages?tab=nonsense&page=-1").status_code == 200
    assert acts() == []


def test_no_screen_asks_more_for_more_rows(app: Flask, stubborn: Stubborn) -> None:
    client = desk(app)
    paths = ["", "/events?tab=waiting", "/messages?tab=skipped"]
    scan()
    notice("k")

    def asked() -> list[int]:
        counts = []
        for path in paths:
            client.get(f"/admin/background{path}")
            with statements() as sent:
                client.get(f"/admin/background{path}")
            counts.append(len(sent))
        return counts

    few = asked()
    scan(times=15)
    for number in range(15):
        notice(f"k{number}")
    assert asked() == few
