"""Followers and their tags at the platform: one function for each call. None is to be made inside a transaction.

All raise `PlatformError`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from . import calls
from .api import failure

LIST_PATH = "/cgi-bin/user/get"
TELL_PATH = "/cgi-bin/user/info/batchget"
TAGS_PATH = "/cgi-bin/tags/get"
PAGE_SIZE = 10_000
TOLD_MAX = 100
TAGGED_MAX = 50
TAGS_MAX = 100
TAGS_EACH_MAX = 20
TAG_NAME_MAX = 30
SYSTEM_TAGS = (0, 1, 2)

NAME_TAKEN, TOO_MANY_EACH, ILLEGAL_TAG = 45157, 45059, 45159


@dataclass(frozen=True, kw_only=True)
class Page:
    """So many openids of all; `next_openid` is where the next page begins, empty after the last."""

    total: int
    openids: list[str]
    next_openid: str


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the platform tells of somebody; who does not follow is openid and unionid alone."""

    openid: str
    follows: bool
    unionid: str | None = None
    since: datetime | None = None
    remark: str = ""
    way: str = ""
    scene: str | None = None
    tags: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PlatformTag:
    id: int
    name: str


def page(*, next_openid: str, now: datetime) -> Page:
    answer = calls.ask("GET", LIST_PATH, query={"next_openid": next_openid}, now=now)
    data = answer.get("data")
    openids = data.get("openid") if isinstance(data, dict) else None
    found = [one for one in openids if isinstance(one, str)] if isinstance(openids, list) else []
    following = str(answer.get("next_openid") or "") if len(found) >= PAGE_SIZE else ""
    return Page(total=_number(answer.get("total")), openids=found, next_openid=following)


def told(*, openids: Sequence[str], now: datetime) -> list[Told]:
    """What is known of at most 100 people."""
    body = {"user_list": [{"openid": one, "lang": "zh_CN"} for one in openids]}
    answer = calls.ask("POST", TELL_PATH, body=body, now=now)
    rows = answer.get("user_info_list")
    if not isinstance(rows, list):
        raise failure(path=TELL_PATH, text="no user_info_list", in_doubt=False)
    return [_told(row) for row in rows if isinstance(row, dict) and isinstance(row.get("openid"), str)]


def _told(row: dict[str, Any]) -> Told:
    unionid = row.get("unionid")
    known = {"openid": row["openid"], "unionid": unionid if isinstance(unionid, str) and unionid else None}
    if not row.get("subscribe"):
        return Told(**known, follows=False)
    seconds, tags = _number(row.get("subscribe_time")), row.get("tagid_list")
    return Told(
        **known,
        follows=True,
        since=datetime.fromtimestamp(seconds, UTC) if seconds else None,
        remark=str(row.get("remark") or ""),
        way=str(row.get("subscribe_scene") or "")[:40],
        scene=str(row.get("qr_scene_str") or "") or None,
        tags=tuple(_number(tag) for tag in tags) if isinstance(tags, list) else (),
    )


def _number(value: Any) -> int:
    return value if isinstance(value, int) else int(value) if str(value).isdigit() else 0


def tags(*, now: datetime) -> list[PlatformTag]:
    """The account's own tags, without the platform's."""
    rows = calls.ask("GET", TAGS_PATH, now=now).get("tags")
    found = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    known = [PlatformTag(id=_number(row.get("id")), name=str(row.get("name", ""))) for row in found]
    return [tag for tag in known if tag.id not in SYSTEM_TAGS and 0 < len(tag.name) <= TAG_NAME_MAX]


def make_tag(*, name: str, now: datetime) -> int:
    """The new tag's number."""
    path = "/cgi-bin/tags/create"
    tag = calls.ask("POST", path, body={"tag": {"name": name}}, now=now).get("tag")
    number = _number(tag.get("id")) if isinstance(tag, dict) else 0
    if not number:
        raise failure(path=path, text="no tag", in_doubt=True)
    return number


def rename_tag(*, tag_id: int, name: str, now: datetime) -> None:
    calls.ask("POST", "/cgi-bin/tags/update", body={"tag": {"id": tag_id, "name": name}}, now=now)


def delete_tag(*, tag_id: int, now: datetime) -> None:
    calls.ask("POST", "/cgi-bin/tags/delete", body={"tag": {"id": tag_id}}, now=now)


def give_tag(*, tag_id: int, openids: Sequence[str], now: datetime) -> None:
    """At most 50 people; given twice it is there once."""
    body = {"openid_list": list(openids), "tagid": tag_id}
    calls.ask("POST", "/cgi-bin/tags/members/batchtagging", body=body, now=now)


def take_tag(*, tag_id: int, openids: Sequence[str], now: datetime) -> None:
    """At most 50 people."""
    body = {"openid_list": list(openids), "tagid": tag_id}
    calls.ask("POST", "/cgi-bin/tags/members/batchuntagging", body=body, now=now)
