"""A platform with followers and tags that behave, and runs over them."""

from __future__ import annotations

import json
from datetime import datetime
from functools import partial
from typing import Any

from shopapp.kernel.db import db
from shopapp.members.fans import jobs, queries, syncing
from shopapp.members.fans.models import FanSync
from shopapp.members.fans.queries import FanFilter
from shopapp.wechat import followers
from shopapp.wechat.fakes import Call, FakePlatform, refusal
from tests.support.clocks import ShopClock

LIST, TELL = followers.LIST_PATH, followers.TELL_PATH
GIVE, TAKE = "/cgi-bin/tags/members/batchtagging", "/cgi-bin/tags/members/batchuntagging"
MAKE, TAGS, DELETE = "/cgi-bin/tags/create", "/cgi-bin/tags/get", "/cgi-bin/tags/delete"


class Account(FakePlatform):
    """A platform with followers and tags that behave."""

    def __init__(self) -> None:
        super().__init__()
        self.followers: dict[str, dict[str, Any]] = {}
        self.tag_names: dict[int, str] = {}
        self.size = 10_000
        self.always(LIST, self.list_page)
        self.always(TELL, self.tell)
        self.always(TAGS, lambda _call: {"tags": [{"id": n, "name": w} for n, w in self.tag_names.items()]})
        self.always(MAKE, self.make)
        self.always(DELETE, self.delete)
        self.always(GIVE, partial(self.change, give=True))
        self.always(TAKE, partial(self.change, give=False))

    def follows(self, openid: str, *, since: datetime, **facts: Any) -> None:
        self.followers[openid] = {"subscribe_time": int(since.timestamp()), "tagid_list": []} | facts

    def list_page(self, call: Call) -> dict[str, Any]:
        after = call.query["next_openid"]
        page = [one for one in sorted(self.followers) if one > after][: self.size]
        total = {"total": len(self.followers), "count": len(page), "next_openid": page[-1] if page else ""}
        return total | ({"data": {"openid": page}} if page else {})

    def tell(self, call: Call) -> dict[str, Any]:
        asked = [one["openid"] for one in call.body["user_list"]]
        assert len(asked) <= followers.TOLD_MAX
        rows = [
            {"openid": one, "subscribe": 1} | self.followers[one]
            if one in self.followers
            else {"openid": one, "subscribe": 0}
            for one in asked
        ]
        return {"user_info_list": json.loads(json.dumps(rows))}

    def make(self, call: Call) -> dict[str, Any]:
        name = call.body["tag"]["name"]
        if name in self.tag_names.values():
            raise refusal(45157)
        number = 100 + len(self.tag_names)
        self.tag_names[number] = name
        return {"tag": {"id": number, "name": name}}

    def delete(self, call: Call) -> dict[str, Any]:
        if self.tag_names.pop(call.body["tag"]["id"], None) is None:
            raise refusal(45159)
        return {"errcode": 0}

    def change(self, call: Call, *, give: bool) -> dict[str, Any]:
        openids, number = call.body["openid_list"], call.body["tagid"]
        assert len(openids) <= followers.TAGGED_MAX
        if any(one not in self.followers for one in openids):
            raise refusal(49003)
        for one in openids:
            has = self.followers[one]["tagid_list"]
            if give and number not in has:
                has.append(number)
            elif not give and number in has:
                has.remove(number)
        return {"errcode": 0}

    def wearing(self, number: int) -> set[str]:
        return {one for one, facts in self.followers.items() if number in facts["tagid_list"]}


def sync(clock: ShopClock) -> FanSync:
    """A whole run, from begin to end."""
    jobs.begin_sync(clock.now())
    for _step in range(5):
        syncing.go_on(now=clock.now())
    db.session.rollback()
    db.session.expire_all()
    return queries.last_syncs()[0]


def listed(**wanted: Any) -> list[Any]:
    db.session.rollback()
    return list(db.session.execute(queries.fans_statement(FanFilter(**wanted))))


def openids(**wanted: Any) -> set[str]:
    return {row.openid for row in listed(**wanted)}
