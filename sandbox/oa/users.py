"""Followers: what the account may know of them, remarks, tags, blacklist."""

from __future__ import annotations

import json
from typing import Any

from .. import people, store
from .api import ApiError, Body, endpoint, list_of, object_of, person_of, text_of

store.register("CREATE TABLE IF NOT EXISTS tags (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)")

PAGE = 10_000
TAGS_PER_ACCOUNT = 100
TAGS_PER_PERSON = 20
FIRST_OWN_TAG = 100
SYSTEM_TAGS = (0, 1, 2)


def shows_unionid() -> bool:
    """Whether the account is bound to an open-platform account."""
    return store.setting("unionid", "on") == "on"


def info_of(openid: Any) -> Body:
    """What user/info tells: no nickname, no picture; a non-follower is openid and unionid alone."""
    person = person_of(openid)
    known: Body = {"subscribe": person["follows"], "openid": person["openid"]}
    if shows_unionid():
        known["unionid"] = person["unionid"]
    if not person["follows"]:
        return known
    return known | {
        "nickname": "",
        "sex": 0,
        "language": "zh_CN",
        "city": "",
        "province": "",
        "country": "",
        "headimgurl": "",
        "subscribe_time": person["subscribe_time"],
        "remark": person["remark"],
        "groupid": 0,
        "tagid_list": json.loads(person["tags"]),
        "subscribe_scene": person["subscribe_scene"],
        "qr_scene": person["qr_scene"],
        "qr_scene_str": person["qr_scene_str"],
    }


@endpoint("GET", "/cgi-bin/user/info", coded=False)
def info(query: Body) -> Body:
    return info_of(query.get("openid"))


@endpoint("POST", "/cgi-bin/user/info/batchget", coded=False)
def info_batch(body: Body) -> Body:
    asked = list_of(body, "user_list", most=100, error=40032)
    return {
        "user_info_list": [info_of(one.get("openid") if isinstance(one, dict) else None) for one in asked]
    }


def _page(where: str, params: tuple[Any, ...], next_openid: str) -> Body:
    found = store.rows(
        f"SELECT openid FROM people WHERE {where} AND openid > ? ORDER BY openid LIMIT ?",  # noqa: S608
        (*params, next_openid, PAGE),
    )
    openids = [r["openid"] for r in found]
    answer: Body = {"count": len(openids), "next_openid": openids[-1] if openids else ""}
    return answer | ({"data": {"openid": openids}} if openids else {})


@endpoint("GET", "/cgi-bin/user/get", coded=False)
def followers(query: Body) -> Body:
    total = len(store.rows("SELECT 1 FROM people WHERE follows = 1"))
    return {"total": total} | _page("follows = 1", (), query.get("next_openid", ""))


@endpoint("POST", "/cgi-bin/user/info/updateremark")
def update_remark(body: Body) -> None:
    person = person_of(body.get("openid"))
    remark = body.get("remark")
    if not isinstance(remark, str) or len(remark) >= 30:
        raise ApiError(40035, "invalid remark", "备注须少于 30 个字")
    store.run("UPDATE people SET remark = ? WHERE openid = ?", (remark, person["openid"]))


def _tag_name(body: Body) -> str:
    name = text_of(object_of(body, "tag"), "name", missing=45157)
    if len(name) > 30:
        raise ApiError(45158, "tag name too long", "标签名超过 30 个字")
    if store.row("SELECT 1 FROM tags WHERE name = ?", (name,)):
        raise ApiError(45157, "tag name already exists", f"标签 {name} 已存在")
    return name


def _tag_id(value: Any, *, own: bool = False) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = -1
    if own and number in SYSTEM_TAGS:
        raise ApiError(45058, "can't modify sys tag", "系统标签不能改")
    if number not in SYSTEM_TAGS and not store.row("SELECT 1 FROM tags WHERE id = ?", (number,)):
        raise ApiError(45159, "invalid tag id", f"没有标签 {value!r}")
    return number


@endpoint("POST", "/cgi-bin/tags/create")
def create_tag(body: Body) -> Body:
    name = _tag_name(body)
    if len(store.rows("SELECT 1 FROM tags")) >= TAGS_PER_ACCOUNT:
        raise ApiError(45056, "too many tag now", "标签已有 100 个")
    number = FIRST_OWN_TAG + store.next_number("tag") - 1
    store.insert("tags", id=number, name=name)
    return {"tag": {"id": number, "name": name}}


def _holders(tag: int) -> list[str]:
    return [p["openid"] for p in people.everyone() if p["follows"] and tag in json.loads(p["tags"])]


@endpoint("GET", "/cgi-bin/tags/get", coded=False)
def all_tags(_query: Body) -> Body:
    found = store.rows("SELECT id, name FROM tags ORDER BY id")
    return {"tags": [{"id": r["id"], "name": r["name"], "count": len(_holders(r["id"]))} for r in found]}


@endpoint("POST", "/cgi-bin/tags/update")
def update_tag(body: Body) -> None:
    number = _tag_id(object_of(body, "tag").get("id"), own=True)
    store.run("UPDATE tags SET name = ? WHERE id = ?", (_tag_name(body), number))


@endpoint("POST", "/cgi-bin/tags/delete")
def delete_tag(body: Body) -> None:
    number = _tag_id(object_of(body, "tag").get("id"), own=True)
    with store.tx():
        for openid in _holders(number):
            _set_tags(openid, [t for t in tags_of(openid) if t != number])
        store.run("DELETE FROM tags WHERE id = ?", (number,))


def tags_of(openid: str) -> list[int]:
    return [int(t) for t in json.loads(person_of(openid)["tags"])]


def _set_tags(openid: str, tags: list[int]) -> None:
    store.run("UPDATE people SET tags = ? WHERE openid = ?", (json.dumps(tags), openid))


def _openids(body: Body, *, most: int) -> list[str]:
    return [person_of(one)["openid"] for one in list_of(body, "openid_list", most=most, error=40032)]


@endpoint("POST", "/cgi-bin/tags/members/batchtagging")
def tag_people(body: Body) -> None:
    openids, number = _openids(body, most=50), _tag_id(body.get("tagid"))
    with store.tx():
        for openid in openids:
            held = tags_of(openid)
            if number not in held and len(held) >= TAGS_PER_PERSON:
                raise ApiError(45059, "user already have too many tags", f"{openid} 已有 20 个标签")
            if not person_of(openid)["follows"]:
                raise ApiError(49003, "openid not match appid", f"{openid} 没有关注")
            _set_tags(openid, held if number in held else [*held, number])


@endpoint("POST", "/cgi-bin/tags/members/batchuntagging")
def untag_people(body: Body) -> None:
    openids, number = _openids(body, most=50), _tag_id(body.get("tagid"))
    with store.tx():
        for openid in openids:
            _set_tags(openid, [t for t in tags_of(openid) if t != number])


@endpoint("POST", "/cgi-bin/user/tag/get", coded=False)
def people_of_tag(body: Body) -> Body:
    number, after = _tag_id(body.get("tagid")), body.get("next_openid") or ""
    openids = [o for o in sorted(_holders(number)) if o > after][:PAGE]
    return {"count": len(openids), "data": {"openid": openids}, "next_openid": openids[-1] if openids else ""}


@endpoint("POST", "/cgi-bin/tags/getidlist", coded=False)
def tags_of_person(body: Body) -> Body:
    return {"tagid_list": tags_of(person_of(body.get("openid"))["openid"])}


@endpoint("POST", "/cgi-bin/tags/members/getblacklist", coded=False)
def blacklist(body: Body) -> Body:
    total = len(store.rows("SELECT 1 FROM people WHERE blacklisted = 1"))
    return {"total": total} | _page("blacklisted = 1", (), body.get("begin_openid") or "")


def _set_blacklisted(body: Body, value: int) -> None:
    openids = _openids(body, most=20)
    with store.tx() as db:
        for openid in openids:
            db.execute("UPDATE people SET blacklisted = ? WHERE openid = ?", (value, openid))


@endpoint("POST", "/cgi-bin/tags/members/batchblacklist")
def blacklist_people(body: Body) -> None:
    _set_blacklisted(body, 1)


@endpoint("POST", "/cgi-bin/tags/members/batchunblacklist")
def unblacklist_people(body: Body) -> None:
    _set_blacklisted(body, 0)
