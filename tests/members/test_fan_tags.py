"""The account's tags: made, given to many and taken off, kept alike here and on the platform."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shopapp.kernel.access import Role
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import Invalid
from shopapp.members.fans import jobs, pushing, queries, tags
from shopapp.members.fans.models import FanTag, FanTagging, TagState
from shopapp.members.fans.queries import FanFilter
from shopapp.members.identity.models import WeChatAccount
from shopapp.wechat.fakes import Call, refusal, silence
from tests.store.test_orders_race import at_once
from tests.support.clocks import ShopClock
from tests.support.fans import DELETE, GIVE, MAKE, TAKE, TELL, Account, listed, openids, sync
from tests.support.orders import count
from tests.support.staff import desk, words_after


def make_tag(clock: ShopClock, name: str = "老顾客") -> str:
    return tags.create(name=name, now=clock.now())


def give(tag: str, clock: ShopClock, *, take: bool = False, **wanted: Any) -> int:
    change = tags.take if take else tags.give
    with transaction():
        return change(public_id=tag, accounts=queries.account_ids(FanFilter(**wanted)), now=clock.now())


def test_a_tag_is_given_to_all_that_a_filter_finds_and_reaches_the_platform(
    app: Flask, account: Account, clock: ShopClock
) -> None:
    for number in range(120):
        account.follows(f"oFan{number:03}", since=clock.now() - timedelta(days=number))
    sync(clock)
    tag = make_tag(clock)
    recent = {f"oFan{number:03}" for number in range(61)}
    since = clock.now() - timedelta(days=60, hours=1)
    assert give(tag, clock, since=since) == 61
    assert give(tag, clock, since=since) == 0
    assert (openids(tag=tag), account.wearing(100)) == (recent, set())
    jobs.go_on(clock.now())
    assert account.wearing(100) == recent
    assert [len(call.body["openid_list"]) for call in account.made(GIVE)] == [50, 11]
    assert give(tag, clock, take=True, since=clock.now() - timedelta(days=10, hours=1)) == 11
    jobs.go_on(clock.now())
    assert (len(openids(tag=tag)), len(account.wearing(100))) == (50, 50)
    assert jobs.go_on(clock.now()) == 0
    clock.forward(hours=1)
    sync(clock)
    assert len(openids(tag=tag)) == 50


def test_one_follower_whom_the_platform_refuses_stops_no_others(
    app: Flask, account: Account, clock: ShopClock
) -> None:
    for name in ("oAnna", "oBen", "oLeft"):
        account.follows(name, since=clock.now() - timedelta(days=2))
    sync(clock)
    tag = make_tag(clock)
    give(tag, clock)
    del account.followers["oLeft"]
    jobs.go_on(clock.now())
    assert account.wearing(100) == {"oAnna", "oBen"}
    assert openids(tag=tag) == {"oAnna", "oBen"}
    assert "错误码 49003" in desk(app).get("/admin/fans").text
    jobs.go_on(clock.now())
    assert len(account.made(GIVE)) == 4


def test_nobody_gets_more_than_twenty_tags(app: Flask, account: Account, clock: ShopClock) -> None:
    account.follows("oAnna", since=clock.now() - timedelta(days=2))
    account.follows("oBen", since=clock.now() - timedelta(days=2))
    sync(clock)
    every = [make_tag(clock, f"标签 {number}") for number in range(21)]
    anna = select(WeChatAccount.id).filter_by(openid="oAnna")
    with transaction():
        for tag in every[:20]:
            assert tags.give(public_id=tag, accounts=anna, now=clock.now()) == 1
    assert give(every[20], clock) == 1
    assert openids(tag=every[20]) == {"oBen"}
    jobs.go_on(clock.now())
    assert len(account.followers["oAnna"]["tagid_list"]) == 20


def test_a_change_made_while_the_platform_is_told_is_told_next(
    app: Flask, account: Account, clock: ShopClock
) -> None:
    account.follows("oAnna", since=clock.now() - timedelta(days=2))
    sync(clock)
    tag = make_tag(clock)
    give(tag, clock)

    def changed_mind(call: Call) -> dict[str, Any]:
        clock.forward(seconds=1)
        give(tag, clock, take=True)
        return account.change(call, give=True)

    account.answer(GIVE, changed_mind)
    jobs.go_on(clock.now())
    assert (account.wearing(100), openids(tag=tag)) == (set(), set())
    assert [len(account.made(path)) for path in (GIVE, TAKE)] == [1, 1]


def test_an_old_answer_of_the_platform_undoes_nothing(app: Flask, account: Account, clock: ShopClock) -> None:
    """Staff gave a tag and it reached the platform after the run had asked, before the answer was written."""
    account.follows("oAnna", since=clock.now() - timedelta(days=2))
    sync(clock)
    tag = make_tag(clock)

    def slow(call: Call) -> dict[str, Any]:
        old = account.tell(call)
        clock.forward(seconds=2)
        give(tag, clock)
        pushing.push_due(now=clock.now())
        clock.forward(seconds=2)
        return old

    account.answer(TELL, slow)
    clock.forward(minutes=1)
    sync(clock)
    assert (openids(tag=tag), account.wearing(100)) == ({"oAnna"}, {"oAnna"})


def test_a_tag_whose_making_got_no_answer_is_found_or_made(
    app: Flask, account: Account, clock: ShopClock
) -> None:
    def made_but_silent(call: Call) -> dict[str, Any]:
        account.make(call)
        raise silence()

    client = desk(app)
    account.answer(MAKE, made_but_silent)
    page = words_after(client, client.post("/admin/fans/tags/new", data={"name": "老顾客"}))
    assert "不知道公众号收到没有" in page
    assert "正在公众号上建" in page
    account.answer(MAKE, silence(in_doubt=False))
    assert "没有任何改动" in words_after(client, client.post("/admin/fans/tags/new", data={"name": "新客"}))
    jobs.go_on(clock.now())
    assert [(row.name, row.state) for row in queries.tag_rows()] == [("老顾客", TagState.KEPT)]
    assert account.tag_names == {100: "老顾客"}


def test_tags_are_made_renamed_and_deleted_on_the_screen(
    app: Flask, account: Account, clock: ShopClock
) -> None:
    account.follows("oAnna", since=clock.now() - timedelta(days=2))
    sync(clock)
    client = desk(app, Role.OPERATOR)
    for name, told in (
        ("老顾客", "已建好"),
        (" 老顾客 ", "已经有叫"),
        (" ", "请填写"),
        ("长" * 31, "请填写"),
    ):
        sent = client.post("/admin/fans/tags/new", data={"name": name})
        assert told in words_after(client, sent), name
    (row,) = queries.tag_rows()
    client.post(f"/admin/fans/tags/{row.public_id}/name", data={"name": "熟客"})
    assert account.made("/cgi-bin/tags/update")[0].body == {"tag": {"id": 100, "name": "熟客"}}
    (anna,) = listed()
    chosen = {"fan": anna.public_id, "tag_id": row.public_id, "act": "give"}
    assert "已给 1 位" in words_after(client, client.post("/admin/fans/tagging", data=chosen))
    shown = client.get(f"/admin/fans?tag={row.public_id}").text
    assert "熟客" in shown
    account.answer(DELETE, refusal(45057))
    refused = words_after(client, client.post(f"/admin/fans/tags/{row.public_id}/delete"))
    assert "没有接受" in refused
    assert count(FanTagging) == 1
    client.post(f"/admin/fans/tags/{row.public_id}/delete")
    assert (count(FanTag), count(FanTagging)) == (0, 0)
    assert desk(app, Role.SERVICE).get("/admin/fans").status_code == 200
    assert desk(app, Role.SERVICE).post("/admin/fans/tagging", data=chosen).status_code == 403
    assert desk(app, Role.WAREHOUSE).get("/admin/fans").status_code == 403
    for limit in range(100):
        account.tag_names[200 + limit] = f"标签 {limit}"
    clock.forward(days=1)
    sync(clock)
    with pytest.raises(tags.TooManyTags):
        make_tag(clock)
    with pytest.raises(Invalid):
        make_tag(clock, "x" * 31)


def test_an_account_that_may_not_tag_is_not_asked_all_the_time(
    app: Flask, account: Account, clock: ShopClock
) -> None:
    account.follows("oAnna", since=clock.now() - timedelta(days=2), remark="安娜 13 楼")
    sync(clock)
    tag = make_tag(clock)
    give(tag, clock)
    account.answer(GIVE, refusal(48001))
    for _time in range(3):
        jobs.go_on(clock.now())
    assert (len(account.made(GIVE)), openids(tag=tag)) == (1, {"oAnna"})
    clock.forward(minutes=11)
    jobs.go_on(clock.now())
    assert account.wearing(100) == {"oAnna"}


def test_remarks_are_for_those_who_may_see_what_is_personal(
    app: Flask, account: Account, clock: ShopClock
) -> None:
    account.follows("oAnna", since=clock.now() - timedelta(days=2), remark="安娜 13 楼")
    sync(clock)
    assert "安娜 13 楼" in desk(app, Role.OPERATOR).get("/admin/fans?q=安娜").text
    service = desk(app, Role.SERVICE)
    assert "13 楼" not in service.get("/admin/fans").text
    assert "没有符合条件的粉丝" in service.get("/admin/fans?q=安娜").text


def test_two_who_give_one_tag_at_once_give_it_once(app: Flask, account: Account, clock: ShopClock) -> None:
    for number in range(30):
        account.follows(f"oFan{number}", since=clock.now() - timedelta(days=2))
    sync(clock)
    tag = make_tag(clock)
    given: list[int] = []
    at_once(app, [lambda: given.append(give(tag, clock))] * 4, threads=4)
    assert (sum(given), count(FanTagging)) == (30, 30)
