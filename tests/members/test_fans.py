"""Followers fetched from the platform, and the account's tags, kept alike on both sides."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shopapp.events import FollowFound
from shopapp.kernel import outbox
from shopapp.kernel.db import db, transaction
from shopapp.kernel.outbox import StoredEvent
from shopapp.kernel.settings import settings
from shopapp.members.channels import queries as channel_queries
from shopapp.members.channels import services as channels
from shopapp.members.fans import jobs, personal, queries, syncing
from shopapp.members.fans.models import (
    HOLD_MOVES,
    SYNC_MOVES,
    TAG_MOVES,
    FanSync,
    FanTagging,
    HoldState,
    SyncState,
    TagState,
)
from shopapp.members.identity import followers as identity
from shopapp.members.identity.models import Customer, WeChatAccount
from shopapp.wechat import followers
from shopapp.wechat.fakes import Call, refusal, silence
from tests.store.test_orders_race import at_once
from tests.support.clocks import ShopClock
from tests.support.fans import LIST, TELL, Account, listed, openids, sync
from tests.support.orders import count
from tests.support.staff import desk
from tests.support.wechat import event, push


def test_all_followers_come_page_by_page_with_what_is_known_of_them(
    app: Flask, account: Account, clock: ShopClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(followers, "PAGE_SIZE", 50)
    monkeypatch.setattr(syncing, "CHUNK", 20)
    account.size = 50
    since = clock.now() - timedelta(days=30)
    account.tag_names = {101: "老顾客"}
    for number in range(110):
        account.follows(f"oFan{number:04}", since=since)
    account.follows(
        "oFan0007", since=since, remark="王姐", tagid_list=[2, 101], subscribe_scene="ADD_SCENE_SEARCH"
    )
    run = sync(clock)
    assert (run.state, run.total, run.listed, run.told, run.gone) == (SyncState.DONE, 110, 110, 110, 0)
    assert len(account.made(LIST)) == 3
    assert len(openids()) == 110
    (wang,) = listed(words="王姐")
    assert (wang.openid, wang.way, wang.followed_at) == (
        "oFan0007",
        "ADD_SCENE_SEARCH",
        since.replace(microsecond=0),
    )
    (tag,) = queries.tag_rows()
    assert openids(tag=tag.public_id) == {"oFan0007"}
    assert len(openids(tag="none")) == 109
    assert (count(Customer), count(StoredEvent)) == (110, 0)
    sync(clock)
    assert (count(Customer), len(openids())) == (110, 110)


@pytest.mark.parametrize("when", [0, 2, 3, 5])
def test_a_run_that_is_killed_anywhere_goes_on(
    app: Flask, account: Account, clock: ShopClock, when: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies in its n-th transaction; another takes over once its claim has ended."""
    monkeypatch.setattr(syncing, "CHUNK", 3)
    for number in range(8):
        account.follows(f"oFan{number}", since=clock.now() - timedelta(days=2), remark=f"第 {number} 位")
    jobs.begin_sync(clock.now())
    real, passed = syncing.transaction, itertools.count()

    def mortal() -> Any:
        if next(passed) == when + 1:
            raise SystemExit
        return real()

    monkeypatch.setattr(syncing, "transaction", mortal)
    with pytest.raises(SystemExit):
        syncing.go_on(now=clock.now())
    monkeypatch.setattr(syncing, "transaction", real)
    assert syncing.go_on(now=clock.now()) == 0
    clock.forward(minutes=3)
    run = sync(clock)
    assert (run.state, run.listed, run.told) == (SyncState.DONE, 8, 8)
    assert (len(openids()), count(Customer), len(listed(words="位"))) == (8, 8, 8)


def test_what_a_push_tells_meanwhile_stands(app: Flask, account: Account, clock: ShopClock) -> None:
    """While the list is under way one who is in it leaves, and one who is not comes."""
    long_ago = clock.now() - timedelta(days=9)
    account.follows("oLeaves", since=long_ago)
    account.follows("oStays", since=long_ago)
    sync(clock)
    clock.forward(hours=1)

    def meanwhile(_call: Call) -> dict[str, Any]:
        at = int(clock.now().timestamp())
        push(app, event("oLeaves", "unsubscribe", at=at))
        push(app, event("oComes", "subscribe", at=at))
        return {"total": 2, "count": 2, "data": {"openid": ["oLeaves", "oStays"]}, "next_openid": ""}

    account.answer(LIST, meanwhile)
    del account.followers["oLeaves"]
    sync(clock)
    assert openids() == {"oStays", "oComes"}
    assert openids(following="left") == {"oLeaves"}


def test_lost_pushes_are_made_good_by_the_next_run(app: Flask, account: Account, clock: ShopClock) -> None:
    with transaction():
        channels.create_channel(name="包裹卡", code="card", now=clock.now())
    account.follows("oOld", since=clock.now() - timedelta(days=400))
    push(app, event("oGone", "subscribe", at=int((clock.now() - timedelta(hours=5)).timestamp())))
    sync(clock)
    assert openids(following="left") == {"oGone"}
    assert found_follows() == []
    clock.forward(hours=20)
    since = clock.now() - timedelta(hours=2)
    account.follows("oLost", since=since, qr_scene_str="c.card")
    account.follows("oFresh", since=clock.now() - timedelta(seconds=5))
    run = sync(clock)
    assert (run.gone, openids()) == (0, {"oOld", "oLost", "oFresh"})
    assert found_follows() == ["oLost"]
    assert listed(channel="")[0].openid == "oFresh"
    outbox.deliver_due(now=clock.now())
    assert [row.follows for row in channel_queries.listing()] == [1]
    clock.forward(hours=20)
    sync(clock)
    assert found_follows() == ["oLost", "oFresh"]


def found_follows() -> list[str]:
    db.session.rollback()
    names = select(StoredEvent).filter_by(name=FollowFound.__name__).order_by(StoredEvent.id)
    return [row.payload["openid"] for row in db.session.scalars(names)]


def test_a_platform_that_refuses_stops_the_run_or_delays_it(
    app: Flask, account: Account, clock: ShopClock
) -> None:
    account.follows("oAnna", since=clock.now() - timedelta(days=3))
    account.answer(TELL, silence())
    jobs.begin_sync(clock.now())
    syncing.go_on(now=clock.now())
    assert syncing.go_on(now=clock.now()) == 0
    assert queries.last_syncs()[0].state is SyncState.TELLING
    clock.forward(minutes=1)
    assert sync(clock).state is SyncState.DONE
    account.answer(LIST, refusal(48001))
    run = sync(clock)
    assert (run.state, run.error_code, run.open_key) == (SyncState.FAILED, 48001, None)
    assert "没有这个接口的权限" in desk(app).get("/admin/fans").text
    assert openids() == {"oAnna"}
    account.answer(LIST, refusal(45009))
    run = sync(clock)
    assert (run.state, run.next_try_at > clock.now() + timedelta(minutes=1)) == (SyncState.LISTING, True)


def test_a_list_that_cannot_be_true_takes_nobody_for_gone(
    app: Flask, account: Account, clock: ShopClock
) -> None:
    for number in range(60):
        account.follows(f"oFan{number:02}", since=clock.now() - timedelta(days=3))
    sync(clock)
    clock.forward(hours=1)
    account.answer(LIST, {"total": 0, "count": 0, "next_openid": ""})
    assert sync(clock).state is SyncState.FAILED
    account.answer(LIST, {"total": 60, "count": 1, "data": {"openid": ["oFan00"]}, "next_openid": ""})
    assert sync(clock).state is SyncState.FAILED
    assert (len(openids()), openids(following="left"), count(StoredEvent)) == (60, set(), 0)
    assert "可能没有给全" in desk(app).get("/admin/fans").text
    for number in range(40):
        del account.followers[f"oFan{number:02}"]
    assert (sync(clock).gone, len(openids())) == (40, 20)


def test_one_run_at_a_time(app: Flask, account: Account, clock: ShopClock) -> None:
    ends = []
    at_once(app, [lambda: ends.append(jobs.begin_sync(clock.now()))] * 8, threads=8)
    assert (sorted(ends), count(FanSync)) == ([0] * 7 + [1], 1)


def test_people_made_by_many_at_once_are_made_once(app: Flask, clock: ShopClock) -> None:
    """Runs of the list and pushes about the same people; nobody is doubled and no customer is left over."""
    everybody = [f"oFan{number}" for number in range(20)]
    now = clock.now()

    def run() -> None:
        with transaction():
            identity.know_followers(appid=settings().wx_appid, openids=everybody, at=now, now=now)

    def follow() -> None:
        for openid in everybody:
            push(app, event(openid, "subscribe", at=int(now.timestamp())))

    at_once(app, [run, follow, run, follow], threads=4)
    db.session.rollback()
    assert (count(WeChatAccount), count(Customer)) == (20, 20)


def test_what_the_platform_told_of_a_person_goes_with_them(
    app: Flask, account: Account, clock: ShopClock
) -> None:
    account.tag_names = {101: "老顾客"}
    account.follows("oAnna", since=clock.now() - timedelta(days=2), remark="安娜", tagid_list=[101])
    sync(clock)
    (anna,) = listed()
    assert personal.export(anna.customer_id) == [{"remark": "安娜", "way": "", "tags": ["老顾客"]}]
    with transaction():
        personal.erase(anna.customer_id, clock.now())
    assert (personal.export(anna.customer_id), count(FanTagging)) == ([], 0)


H, R, T = HoldState, SyncState, TagState


@pytest.mark.parametrize(
    ("table", "states", "allowed"),
    [
        (
            HOLD_MOVES,
            H,
            {
                (H.ADDING, H.HELD),
                (H.ADDING, H.REMOVING),
                (H.ADDING, H.REFUSED),
                (H.HELD, H.REMOVING),
                (H.HELD, H.GONE),
                (H.REMOVING, H.GONE),
                (H.REMOVING, H.ADDING),
                (H.GONE, H.ADDING),
                (H.GONE, H.HELD),
                (H.REFUSED, H.ADDING),
                (H.REFUSED, H.HELD),
                (H.REFUSED, H.GONE),
            },
        ),
        (
            SYNC_MOVES,
            R,
            {
                (R.LISTING, R.CLOSING),
                (R.CLOSING, R.TELLING),
                (R.TELLING, R.DONE),
                (R.LISTING, R.FAILED),
                (R.CLOSING, R.FAILED),
                (R.TELLING, R.FAILED),
            },
        ),
        (TAG_MOVES, T, {(T.MAKING, T.KEPT), (T.KEPT, T.LEAVING), (T.LEAVING, T.KEPT)}),
    ],
)
def test_every_pair_of_states(table: Any, states: Any, allowed: set[Any]) -> None:
    pairs = set(itertools.product(states, states))
    assert {pair for pair in pairs if table.allows(*pair)} == allowed
