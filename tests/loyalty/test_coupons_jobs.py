"""What happens to coupons by time: one late run does what the daily runs would have done."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from shopapp.kernel import clock, preferences
from shopapp.kernel.db import db, transaction
from shopapp.kernel.jobs import Job
from shopapp.kernel.money import Money
from shopapp.kernel.settings import settings
from shopapp.loyalty.coupons import jobs, messages, queries
from shopapp.loyalty.coupons.models import CouponStatus, CustomerCoupon
from shopapp.loyalty.coupons.queries import Holding
from shopapp.members.identity import services as identity
from shopapp.wechat.models import MessageState, OutgoingMessage
from tests.support.clocks import ShopClock
from tests.support.coupons import give, hold, row_of
from tests.support.people import Person, make_person
from tests.support.queries import statements

S = CouponStatus
TEMPLATE = {
    messages.TOPIC: {
        "template_id": "TPL",
        "fields": {"coupon": "thing1", "promise": "thing2", "count": "number3", "time": "time4"},
    }
}


def ends() -> list[tuple[str, CouponStatus, datetime | None]]:
    db.session.rollback()
    db.session.expire_all()
    rows = db.session.scalars(select(CustomerCoupon).order_by(CustomerCoupon.id))
    return [(row.grant_key, row.status, row.ended_at) for row in rows]


def several(person: Person) -> list[Holding]:
    return [give(person.id, key=f"{days} days", valid_days=days) for days in (1, 2, 5, 30)]


def test_one_late_run_writes_what_the_daily_runs_would_have_written(app: Flask, clock: ShopClock) -> None:
    person = make_person()
    several(person)
    start = clock.now()
    jobs.expire_coupons(start + timedelta(days=12))
    late = ends()
    assert [status for _key, status, _at in late] == [S.EXPIRED, S.EXPIRED, S.EXPIRED, S.AVAILABLE]

    db.session.query(CustomerCoupon).delete()
    db.session.commit()
    several(person)
    for day in range(13):
        jobs.expire_coupons(start + timedelta(days=day))
        jobs.expire_coupons(start + timedelta(days=day))
    daily = ends()
    assert [(key, status) for key, status, _at in daily] == [(key, status) for key, status, _at in late]
    assert [at for _key, _status, at in daily] == [at for _key, _status, at in late]


def test_what_is_over_is_over_before_the_job_has_run(app: Flask, clock: ShopClock) -> None:
    person = make_person()
    held = give(person.id, valid_days=1)
    now = clock.forward(days=3)
    (shown,), _more = queries.coupons_of(customer_id=person.id, statuses=[S.EXPIRED], now=now)
    assert (shown.id, shown.status) == (held.id, S.EXPIRED)
    assert queries.coupons_of(customer_id=person.id, statuses=[S.AVAILABLE], now=now) == ([], None)
    assert (queries.usable(customer_id=person.id, now=now), row_of(held.id).status) == ([], S.AVAILABLE)


def test_a_held_coupon_does_not_expire_under_its_order(app: Flask, clock: ShopClock) -> None:
    held = give(make_person().id, valid_days=1)
    hold(held, order_no="A")
    assert jobs.expire_coupons(clock.forward(days=9)) == 0
    assert row_of(held.id).status is S.HELD


def test_expiry_goes_in_batches_and_goes_on_after_a_stop(
    app: Flask, clock: ShopClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = make_person()
    for number in range(7):
        give(person.id, key=f"{number}", valid_days=1)
    later = clock.forward(days=9)
    monkeypatch.setattr(jobs, "BATCH", 3)
    written = jobs.services.expire
    calls: list[int] = []

    def killed_in_the_second(*, ids: list[int], now: datetime) -> int:
        calls.append(len(ids))
        if len(calls) == 2:
            raise RuntimeError("killed")
        return written(ids=ids, now=now)

    monkeypatch.setattr(jobs.services, "expire", killed_in_the_second)
    with pytest.raises(RuntimeError):
        jobs.expire_coupons(later)
    assert [status for _key, status, _at in ends()].count(S.EXPIRED) == 3
    assert jobs.expire_coupons(later) == 4
    assert calls == [3, 3, 3, 1]
    assert jobs.expire_coupons(later) == 0


def follow(person: Person) -> None:
    with transaction():
        preferences.write("wechat.templates", TEMPLATE)
        now = clock.now()
        openid = person.signed_in.openid
        identity.note_following(appid=settings().wx_appid, openid=openid, following=True, at=now, now=now)


def notices() -> list[OutgoingMessage]:
    db.session.rollback()
    db.session.expire_all()
    return list(db.session.scalars(select(OutgoingMessage).order_by(OutgoingMessage.id)))


def test_a_follower_is_told_once_three_days_ahead_of_all_that_ends(app: Flask, clock: ShopClock) -> None:
    person, silent = make_person(), make_person()
    follow(person)
    for number in range(2):
        give(person.id, key=f"{number}", valid_days=10, name="满百减五", minimum=Money(10000))
    give(person.id, key="long", valid_days=60)
    give(person.id, key="short", valid_days=2)
    give(silent.id, key="silent", valid_days=10)
    assert messages.announce_ends(clock.forward(days=6)) == 0
    assert messages.announce_ends(clock.forward(days=3)) == 1
    assert messages.announce_ends(clock.forward(minutes=5)) == 0
    (notice,) = notices()
    body = json.loads(notice.body)
    assert (notice.openid, notice.topic, notice.state) == (
        person.signed_in.openid,
        "coupon_expiring",
        MessageState.QUEUED,
    )
    assert body["data"]["thing1"]["value"] == "满百减五等 2 张"
    assert body["data"]["thing2"]["value"] == "满 100 元减 5 元"
    assert body["data"]["number3"]["value"] == "2"
    assert body["url"].endswith("/me/coupons")


def test_what_was_used_or_has_ended_is_not_announced(app: Flask, clock: ShopClock) -> None:
    person = make_person()
    follow(person)
    spent, _idle = give(person.id, key="spent", valid_days=10), give(person.id, key="idle", valid_days=10)
    hold(spent, order_no="A")
    assert messages.announce_ends(clock.forward(days=20)) == 0
    assert notices() == []


def test_a_list_of_coupons_asks_no_more_for_more_rows(app: Flask) -> None:
    person = make_person()

    def asked() -> int:
        db.session.rollback()
        with statements() as sent:
            queries.coupons_of(customer_id=person.id, now=clock.now())
            queries.claimable(customer_id=person.id, now=clock.now())
        return len(sent)

    give(person.id, key="one")
    few = asked()
    for number in range(5):
        give(person.id, key=f"{number}")
    assert asked() == few


def test_the_jobs_are_in_the_schedule(app: Flask) -> None:
    known: dict[str, Job] = app.extensions["jobs"]
    assert {"expire-coupons", "announce-coupon-ends"} <= known.keys()
