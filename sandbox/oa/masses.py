"""Mass messages: four a month for each user, once a day to all."""

from __future__ import annotations

import json

from .. import people, store
from . import messages, pushes, users
from .api import ApiError, Body, day, endpoint, list_of, now, object_of, person_of

store.register(
    """
    CREATE TABLE IF NOT EXISTS masses (
        msg_id INTEGER PRIMARY KEY, clientmsgid TEXT UNIQUE, to_all INTEGER NOT NULL, day TEXT NOT NULL,
        status TEXT NOT NULL, message TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS mass_receipts (openid TEXT NOT NULL, month TEXT NOT NULL, msg_id INTEGER NOT NULL);
    CREATE INDEX IF NOT EXISTS mass_receipts_by_person ON mass_receipts (openid, month);
    """
)

PER_MONTH = 4


def _message(body: Body) -> Body:
    if body.get("msgtype") == "images":
        object_of(body, "images", error=41006)
        return {"kind": "text", "content": {"content": "［图片消息］"}}
    return messages.content_of(body)


def _repeat(body: Body) -> Body | None:
    name = body.get("clientmsgid")
    if name is None:
        return None
    if not isinstance(name, str) or not 1 <= len(name.encode()) <= 64:
        raise ApiError(45067, "clientmsgid size limit", "clientmsgid 须为 1 到 64 字节")
    held = store.row("SELECT msg_id FROM masses WHERE clientmsgid = ?", (name,))
    if held is None:
        return None
    return {"errcode": 45065, "errmsg": "clientmsgid exist", "msg_id": held["msg_id"]}


def _send(body: Body, openids: list[str], *, to_all: bool) -> Body:
    month = day()[:7]
    with store.tx():
        repeat = _repeat(body)
        if repeat is not None:
            return repeat
        message = _message(body)
        msg_id = 3_147_480_000 + store.next_number("mass")
        store.insert(
            "masses",
            msg_id=msg_id,
            clientmsgid=body.get("clientmsgid"),
            to_all=int(to_all),
            day=day(),
            status="SEND_SUCCESS",
            message=json.dumps(message, ensure_ascii=False),
        )
        sent = 0
        for openid in openids:
            had = store.rows("SELECT 1 FROM mass_receipts WHERE openid = ? AND month = ?", (openid, month))
            if len(had) < PER_MONTH:
                store.insert("mass_receipts", openid=openid, month=month, msg_id=msg_id)
                people.say(openid=openid, side="account", kind=message["kind"], content=message["content"])
                sent += 1
        pushes.event(
            "",
            "MASSSENDJOBFINISH",
            {
                "MsgID": str(msg_id),
                "Status": "send success",
                "TotalCount": str(len(openids)),
                "FilterCount": str(len(openids)),
                "SentCount": str(sent),
                "ErrorCount": str(len(openids) - sent),
            },
            title="群发结果",
            delay=1.0,
        )
    return {"msg_id": msg_id, "msg_data_id": 2_247_480_000 + msg_id % 10_000}


@endpoint("POST", "/cgi-bin/message/mass/sendall", raw_text=True)
def send_all(body: Body) -> Body:
    target = object_of(body, "filter", error=40130)
    followers = [p["openid"] for p in people.everyone() if p["follows"]]
    if not target.get("is_to_all"):
        tag = str(target.get("tag_id", ""))
        return _send(body, [o for o in followers if tag in map(str, users.tags_of(o))], to_all=False)
    past = store.rows("SELECT day FROM masses WHERE to_all = 1 AND day LIKE ?", (day()[:7] + "%",))
    if len(past) >= PER_MONTH or any(p["day"] == day() for p in past):
        raise ApiError(45028, "has no masssend quota", "全员群发每天 1 次、每月 4 次，已用完")
    return _send(body, followers, to_all=True)


@endpoint("POST", "/cgi-bin/message/mass/send", raw_text=True)
def send_list(body: Body) -> Body:
    asked = list_of(body, "touser", most=10_000, error=40130)
    if len(asked) < 2:
        raise ApiError(40130, "invalid openid list size, at least two openid", "touser 至少要有 2 个")
    return _send(body, [p["openid"] for p in map(person_of, asked) if p["follows"]], to_all=False)


@endpoint("POST", "/cgi-bin/message/mass/preview", raw_text=True)
def preview(body: Body) -> Body:
    person, message = person_of(body.get("touser")), _message(body)
    if not person["follows"]:
        raise ApiError(43004, "require subscribe", "用户没有关注")
    people.say(openid=person["openid"], side="account", kind=message["kind"], content=message["content"])
    return {"msg_id": 3_140_000_000 + now() % 1_000_000}


@endpoint("POST", "/cgi-bin/message/mass/get", coded=False)
def get(body: Body) -> Body:
    held = store.row("SELECT * FROM masses WHERE msg_id = ?", (body.get("msg_id"),))
    if held is None:
        raise ApiError(40035, "invalid msg_id", "没有这次群发")
    return {"msg_id": held["msg_id"], "msg_status": held["status"]}


@endpoint("POST", "/cgi-bin/message/mass/delete")
def delete(body: Body) -> None:
    if not store.run("UPDATE masses SET status = 'DELETE' WHERE msg_id = ?", (body.get("msg_id"),)):
        raise ApiError(40035, "invalid msg_id", "没有这次群发")
