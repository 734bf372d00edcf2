"""Points of members: rules with versions, tasks, check-ins, caps, what they see and what they are told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from shopapp.events import MemberJoined
from shopapp.kernel import clock
from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.db import db, transaction
from shopapp.kernel.settings import settings
from shopapp.loyalty.ledger import jobs as ledger_jobs
from shopapp.loyalty.ledger import services as ledger
from shopapp.loyalty.ledger.models import Posting
from shopapp.loyalty.points import handlers, messages, queries, services
from shopapp.loyalty.points.models import CheckIn
from shopapp.loyalty.points.queries import points_purse
from shopapp.loyalty.points.rules import EarnTerms, PointsTerms, TaskTerms
from shopapp.members.identity import services as identity
from shopapp.wechat.models import OutgoingMessage
from tests.store.test_orders_race import at_once
from tests.support.clocks import ShopClock
from tests.support.ledger import assert_books_hold, balance, earn, spend, take_back
from tests.support.members import make_member
from tests.support.people import Person, browser_of, make_person
from tests.support.staff import desk

NOON = datetime(2026, 11, 26, 12, tzinfo=SHOP_ZONE).astimezone(UTC)


def at(day: int, *, hour: int = 12, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=SHOP_ZONE).astimezone(UTC)


def publish(*, valid_from: datetime | None = None, now: datetime | None = None, **terms: Any) -> int:
    moment = now or at(1)
    with transaction():
        return services.publish(terms=PointsTerms(**terms), valid_from=valid_from or moment, now=moment)


def publish_tasks(check_in: Sequence[int] = (1, 2, 7), **tasks: Any) -> int:
    return publish(tasks=TaskTerms(check_in=tuple(check_in), **tasks))


def check_in(person: Person, now: datetime) -> services.CheckedIn:
    with transaction():
        return services.check_in(customer_id=person.id, now=now)


def joined() -> Person:
    """A member without the points of joining."""
    return make_member(make_person())


def available(person: Person, now: datetime) -> int:
    return balance(points_purse(person.id), at=now).available


def entries() -> int:
    return db.session.scalar(select(func.count()).select_from(Posting)) or 0


def test_the_rules_in_force_are_those_that_began_last_and_old_ones_stay(app: Flask) -> None:
    assert queries.terms(at(1)) == queries.DEFAULT_TERMS
    first = publish(earn=EarnTerms(per_hundred_yuan=10), now=at(1))
    december = publish(earn=EarnTerms(per_hundred_yuan=50), now=at(2), valid_from=at(1, month=12, hour=0))
    third = publish(earn=EarnTerms(per_hundred_yuan=20), now=at(3))
    assert (first, december, third) == (1, 2, 3)
    seen = [queries.terms(moment).earn.per_hundred_yuan for moment in (at(1), at(2), at(4), at(2, month=12))]
    assert seen == [10, 10, 20, 50]
    assert [row.number for row in queries.versions()] == [3, 2, 1]


def test_joining_gives_its_points_once_also_to_who_left_and_joined_again(app: Flask) -> None:
    person = make_person()
    for moment in (at(1), at(2), at(20)):
        with transaction():
            handlers.reward_joining(MemberJoined(customer_id=person.id, at=moment))
    assert available(person, at(20)) == 100
    assert entries() == 1
    assert_books_hold()


def test_each_task_gives_its_points_once_and_a_switched_off_one_none(app: Flask) -> None:
    publish_tasks(joining=0, profile=50, first_order=80, review=20)
    person, other, now = make_person(), make_person(), at(5)
    with transaction():
        assert services.grant_joining(customer_id=person.id, now=now) == 0
        assert services.grant_profile(customer_id=person.id, now=now) == 50
        assert services.grant_profile(customer_id=person.id, now=now) == 0
        assert services.grant_first_order(customer_id=person.id, order_no="A1", now=now) == 80
        assert services.grant_first_order(customer_id=person.id, order_no="B2", now=now) == 0
        assert services.grant_review(customer_id=person.id, review_id="r1", now=now) == 20
        assert services.grant_review(customer_id=person.id, review_id="r1", now=now) == 0
        assert services.grant_review(customer_id=person.id, review_id="r2", now=now) == 20
        assert services.grant_profile(customer_id=other.id, now=now) == 50
    assert (available(person, now), available(other, now)) == (170, 50)


def test_a_task_that_was_granted_stays_granted_when_its_points_change(app: Flask) -> None:
    person = make_person()
    publish_tasks(profile=50)
    with transaction():
        services.grant_profile(customer_id=person.id, now=at(2))
    publish(tasks=TaskTerms(profile=500), now=at(3))
    with transaction():
        assert services.grant_profile(customer_id=person.id, now=at(4)) == 0
    assert available(person, at(4)) == 50


def test_days_in_a_row_grow_a_day_left_out_starts_anew_and_a_round_ends(app: Flask) -> None:
    publish_tasks([1, 2, 7])
    person = joined()
    start = available(person, at(1))
    given = [check_in(person, at(day)) for day in (2, 3, 4, 5, 7, 8)]
    assert [(one.streak, one.points) for one in given] == [(1, 1), (2, 2), (3, 7), (4, 1), (1, 1), (2, 2)]
    again = check_in(person, at(8, hour=23))
    assert (again.repeated, again.streak, again.points) == (True, 2, 2)
    assert available(person, at(8)) == start + 14
    assert queries.streak(customer_id=person.id, today=date(2026, 11, 9)).days == 2
    assert queries.streak(customer_id=person.id, today=date(2026, 11, 10)).days == 0
    assert_books_hold()


def test_a_day_of_check_in_is_that_of_the_shop(app: Flask) -> None:
    publish_tasks([1])
    person = joined()
    before = datetime(2026, 11, 3, 23, 59, tzinfo=SHOP_ZONE)
    after = datetime(2026, 11, 4, 0, 1, tzinfo=SHOP_ZONE)
    assert check_in(person, before).day == date(2026, 11, 3)
    second = check_in(person, after)
    assert (second.day, second.streak, second.repeated) == (date(2026, 11, 4), 2, False)


def test_of_many_taps_at_the_same_time_one_checks_in(app: Flask) -> None:
    publish_tasks([5], joining=0)
    person = make_person()
    results: list[bool] = []

    def tap() -> None:
        results.append(check_in(person, at(3)).repeated)

    at_once(app, [tap] * 12, threads=4)
    assert sorted(results) == [False] + [True] * 11
    assert available(person, at(3)) == 5
    assert db.session.scalar(select(func.count()).select_from(CheckIn)) == 1
    assert_books_hold()


def test_the_caps_of_tasks_hold_when_many_come_at_the_same_time(app: Flask) -> None:
    publish_tasks(review=20, most_per_day=50, most_per_month=70)
    person = make_person()
    given: list[int] = []

    def review(number: int, moment: datetime) -> None:
        with transaction():
            given.append(services.grant_review(customer_id=person.id, review_id=f"r{number}", now=moment))

    at_once(app, [lambda n=n: review(n, at(3)) for n in range(8)], threads=4)  # type: ignore[misc]
    assert (sum(given), max(given)) == (50, 20)
    assert available(person, at(3)) == 50
    given.clear()
    for number in range(20, 24):
        review(number, at(4))
    assert given == [20, 0, 0, 0]
    review(20, at(1, month=12))
    review(30, at(1, month=12))
    assert given[4:] == [0, 20]
    assert_books_hold()


def test_a_check_in_over_the_cap_counts_as_a_day_and_gives_nothing(app: Flask) -> None:
    publish_tasks([5], most_per_month=8)
    person = make_person()
    given = [check_in(person, at(day)) for day in (1, 2, 3)]
    assert [(one.streak, one.points) for one in given] == [(1, 5), (2, 3), (3, 0)]
    assert available(person, at(3)) == 8


def test_orders_take_what_the_day_and_the_month_leave_also_at_the_same_time(app: Flask) -> None:
    terms = PointsTerms(earn=EarnTerms(most_per_day=100, most_per_month=130))
    person = make_person()
    assert queries.left_to_earn(customer_id=person.id, terms=terms, now=at(3)) == 100
    assert queries.left_to_earn(customer_id=person.id, terms=PointsTerms(), now=at(3)) is None
    taken: list[int] = []

    def take() -> None:
        with transaction():
            taken.append(services.take_allowance(customer_id=person.id, wanted=30, terms=terms, now=at(3)))

    at_once(app, [take] * 6, threads=3)
    assert sorted(taken) == [0, 0, 10, 30, 30, 30]
    with transaction():
        assert services.take_allowance(customer_id=person.id, wanted=90, terms=terms, now=at(4)) == 30
        assert services.take_allowance(customer_id=person.id, wanted=9, terms=PointsTerms(), now=at(4)) == 9
    assert queries.left_to_earn(customer_id=person.id, terms=terms, now=at(5)) == 0


def test_the_api_tells_what_there_is_what_waits_and_what_ends(app: Flask) -> None:
    person, client = joined(), app.test_client()
    mine, now = points_purse(person.id), clock.now()
    before = balance(mine, at=now).available
    earn(mine, 60, key="order", pending=True, subject="order:20261126000001", at=now)
    earn(mine, 500, key="soon", life=PointsTerms().life, subject="check_in:2026-11-26", at=now)
    spend(mine, 30, key="spent", at=now)
    told = client.get("/api/v1/me/points", headers=person.headers).json
    assert told["available"] == before + 470
    assert (told["pending"], told["held"], told["debt"]) == (60, 0, 0)
    assert told["worth_fen"] == before + 470
    assert sum(one["amount"] for one in told["expiring"]) == before + 470
    assert told["expiring"][0]["at"].endswith("+00:00")
    first = client.get("/api/v1/me/points/entries?limit=2", headers=person.headers).json
    assert [(one["kind"], one["amount"], one["text"]) for one in first["items"]] == [
        ("spend", -30, "使用积分（购物）"),
        ("earn", 500, "签到"),
    ]
    rest = client.get(f"/api/v1/me/points/entries?cursor={first['next_cursor']}", headers=person.headers).json
    assert rest["items"][0]["order_no"] == "20261126000001"
    assert (rest["items"][0]["amount"], rest["items"][0]["pending"]) == (0, 60)
    assert rest["next_cursor"] is None
    assert client.get("/api/v1/me/points/entries?cursor=x", headers=person.headers).status_code == 422
    assert client.get("/api/v1/me/points").status_code == 401


def test_points_taken_back_that_were_spent_already_are_said_to_be_owed(app: Flask) -> None:
    person, client = joined(), app.test_client()
    own = points_purse(person.id)
    earn(own, 300, key="bought", subject="order:7")
    spend(own, 250, key="spent")
    take_back("bought", refunded=300, paid=300, key="refund")
    earn(own, 40, key="more")
    told = [
        one["text"]
        for one in client.get("/api/v1/me/points/entries", headers=person.headers).get_json()["items"]
    ]
    said = "退款扣回，欠 150 分，以后得到的积分先补上"
    assert said in told
    assert "抵扣之前欠的积分" in told
    assert said in browser_of(app, person).get("/me/points").text
    shown = desk(app).get(f"/admin/customers/{person.signed_in.public_id}?tab=accounts").text
    assert "欠 150，以后得到的先补上" in shown
    assert "欠 −" not in shown


def test_checking_in_over_the_api_is_for_members_and_repeats_its_answer(app: Flask) -> None:
    guest, person, client = make_person(), joined(), app.test_client()
    refused = client.post("/api/v1/me/check-ins", headers=guest.headers)
    assert (refused.status_code, refused.json["code"]) == (403, "members_only")
    keyed = {**person.headers, "Idempotency-Key": "tap-1"}
    first = client.post("/api/v1/me/check-ins", headers=keyed)
    again = client.post("/api/v1/me/check-ins", headers=keyed)
    other = client.post("/api/v1/me/check-ins", headers=person.headers)
    assert (first.status_code, first.json["streak"], first.json["points"]) == (201, 1, 2)
    assert first.json == again.json == other.json
    today = clock.shop_day(clock.now())
    month = client.get(f"/api/v1/me/check-ins?month={today:%Y-%m}", headers=person.headers).json
    assert month == {
        "month": f"{today:%Y-%m}",
        "items": [{"day": today.isoformat(), "points": 2}],
        "streak": 1,
        "checked_in": True,
        "points_today": 2,
    }
    empty = client.get("/api/v1/me/check-ins?month=2020-02", headers=person.headers).json
    assert empty["items"] == []
    assert client.get("/api/v1/me/check-ins?month=2020-2", headers=person.headers).status_code == 422
    assert db.session.scalar(select(func.count()).select_from(CheckIn)) == 1


def test_the_page_shows_balance_what_waits_months_filters_and_the_rules(app: Flask) -> None:
    person, now = make_person(), clock.now()
    mine = points_purse(person.id)
    earn(mine, 1_200, key="order", subject="order:20261126000001", at=now - timedelta(days=40))
    make_member(person)
    earn(mine, 88, key="waits", pending=True, subject="order:20261126000002", at=now)
    spend(mine, 200, key="spent", at=now)
    browser = browser_of(app, person)
    page = browser.get("/me/points").text
    assert "1,100" in page
    assert "购物，售后期过后到账" in page
    assert "+88" in page
    assert page.count('class="note month"') == 2
    assert "购物每付 100 元得 100 分" in page
    assert "100 分抵 1 元，最多抵商品金额的 50%，每次用 100 分的整数倍" in page
    spent = browser.get("/me/points?show=out").text
    assert "−200" in spent
    assert "+1,200" not in spent
    assert "+1,200" in browser.get("/me/points?show=in").text
    assert browser.get("/me/points?show=x&cursor=y").status_code == 200
    assert browser_of(app).get("/me/points").status_code == 302


def test_the_page_goes_on_where_it_ended(app: Flask) -> None:
    person = make_person()
    for number in range(25):
        earn(points_purse(person.id), 1000 + number, key=f"e{number}", subject="task:profile")
    browser = browser_of(app, person)
    first = browser.get("/me/points").text
    assert "+1,005" in first
    assert "+1,004" not in first
    following = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    second = browser.get(following).text
    assert "+1,004" in second
    assert 'rel="next"' not in second


def test_one_signs_in_for_the_day_without_a_script(app: Flask) -> None:
    person = joined()
    browser = browser_of(app, person)
    assert "今天签到得 2 分" in browser.get("/me/check-in").text
    sent = browser.post("/me/check-in")
    assert (sent.status_code, sent.location) == (303, "/me/check-in")
    page = browser.get("/me/check-in").text
    assert "今天已签到，得 2 分。已连续 1 天。" in page
    assert 'aria-current="date"' in page
    browser.post("/me/check-in")
    assert available(person, clock.now()) == 102
    past = browser.get("/me/check-in?month=2026-02").text
    assert "2026 年 2 月" in past
    assert browser.get("/me/check-in?month=2999-02").status_code == 200
    guest = browser_of(app, make_person())
    assert 'href="/me/join?next=%2Fme%2Fcheck-in"' in guest.get("/me/check-in").text
    assert guest.post("/me/check-in").status_code == 403


def test_the_row_for_the_members_own_page(app: Flask) -> None:
    person = joined()
    now = clock.now()
    before = queries.summary(person.id, now)
    assert (before["available"], before["checked_in"], before["check_in_points"]) == (100, False, 2)
    check_in(person, now)
    after = queries.summary(person.id, now)
    assert (after["available"], after["checked_in"], after["streak"]) == (102, True, 1)
    assert after["worth_fen"] == 102


@pytest.fixture
def follower(app: Flask) -> Person:
    """A member who follows the account."""
    person = make_person()
    with transaction():
        identity.note_following(
            appid=settings().wx_appid,
            openid=person.signed_in.openid,
            following=True,
            at=clock.now(),
            now=clock.now(),
        )
    return person


def told(topic: str) -> list[str]:
    db.session.rollback()
    statement = select(OutgoingMessage.key).where(OutgoingMessage.topic == topic)
    return list(db.session.scalars(statement.order_by(OutgoingMessage.id)))


def test_who_has_points_about_to_end_is_told_once_for_each_date(follower: Person, clock: ShopClock) -> None:
    mine, now = points_purse(follower.id), clock.now()
    life = PointsTerms().life.__class__
    earn(mine, 100, key="a", life=life(days=5), at=now)
    earn(mine, 50, key="b", life=life(days=5), at=now)
    earn(mine, 30, key="c", life=life(days=9), at=now)
    stranger = make_person()
    earn(points_purse(stranger.id), 10, key="d", life=life(days=5), at=now)
    assert messages.tell_expiring(now) == 1
    assert messages.tell_expiring(now) == 0
    later = now + timedelta(days=2)
    assert messages.tell_expiring(later) == 1
    assert messages.tell_expiring(now + timedelta(days=30)) == 0
    ends = [(now.astimezone(SHOP_ZONE) + timedelta(days=days)).date() for days in (5, 9)]
    assert told("points_expiring") == [f"points_expiring:{follower.id}:{day}" for day in ends]


def test_who_had_points_arrive_is_told_the_day_after(follower: Person, clock: ShopClock) -> None:
    mine, now = points_purse(follower.id), clock.now()
    earn(mine, 40, key="a", pending=True, subject="order:1", at=now)
    earn(mine, 2, key="b", pending=True, subject="order:2", at=now)
    with transaction():
        ledger.activate_by(subject="order:1", at=now)
        ledger.activate_by(subject="order:2", at=now)
    ledger_jobs.activate_points(now)
    assert messages.tell_earned(now) == 0
    tomorrow = now + timedelta(days=1)
    assert messages.tell_earned(tomorrow) == 1
    assert messages.tell_earned(tomorrow) == 0
    assert messages.tell_earned(tomorrow + timedelta(days=1)) == 0
    assert told("points_earned") == [f"points_earned:{follower.id}:{now.astimezone(SHOP_ZONE).date()}"]
