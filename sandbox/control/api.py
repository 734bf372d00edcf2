"""What the control page asks and does, as JSON; tests may use it too."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flask import Response, jsonify, request

from .. import clock, deliveries, faults, journal, people, sms, store
from ..oa import acts, menus, messages, pushes, qrcodes, subscriptions, webauth
from ..oa.acts import ActError
from ..settings import MODES, current
from . import jars, qr_reader, wallet
from .blueprint import blueprint, body, person, refused

Answer = Response | tuple[Response, int]
SWITCHES: dict[str, Callable[[str], bool]] = {
    "callback_mode": lambda v: v in MODES,
    "unionid": lambda v: v in ("on", "off"),
    "quotas": lambda v: v in ("on", "off"),
    "ip_list": lambda v: all(c in "0123456789abcdef.:," for c in v),
    "custom_per_message": str.isdigit,
    "hang_seconds": lambda v: v.replace(".", "", 1).isdigit(),
    "stable_per_minute": str.isdigit,
}
DEFAULTS = {"unionid": "on", "quotas": "on", "ip_list": "", "custom_per_message": "5", "hang_seconds": "8"}
LIMIT = 60


def _switch(name: str) -> str:
    return pushes.mode() if name == "callback_mode" else store.setting(name, DEFAULTS[name])


def _person_view(found: store.Row) -> dict[str, Any]:
    names = ("openid", "nickname", "avatar", "follows", "blocked", "balance_fen", "qr_scene_str", "qr_scene")
    return {name: found[name] for name in names}


def _phone(openid: str) -> dict[str, Any]:
    """What the phone in `openid`'s hand shows."""
    return {
        "chat": people.conversation(openid),
        "menu": menus.menu_for(openid) if people.get(openid)["follows"] else [],
        "windows": messages.open_windows(openid),
        "notices": subscriptions.ledger(openid),
        **wallet.waiting(openid),
    }


@blueprint.get("/control/api/state")
def state() -> Answer:
    """Everything the page shows; `openid` chooses the phone, else the cookie does."""
    openid = request.args.get("openid") or request.cookies.get(webauth.USER_COOKIE, "")
    found = people.find(openid)
    config = current()
    return jsonify(
        account={"name": config.account_name, "appid": config.appid, "shop_url": config.shop_url},
        people=[_person_view(p) for p in people.everyone()],
        me=_person_view(found) if found else None,
        phone=_phone(openid) if found else None,
        clock={"now": clock.timestamp(), "offset": clock.offset()},
        faults=faults.listing(),
        deliveries=deliveries.listing(limit=LIMIT),
        journal=journal.listing(limit=LIMIT),
        qrcodes=qrcodes.listing(),
        sms=sms.listing(),
        switches={name: _switch(name) for name in ("callback_mode", *DEFAULTS)},
    )


@blueprint.post("/control/api/users")
def create_user() -> Answer:
    nickname, balance = str(body().get("nickname", "")).strip(), body().get("balance_fen", people.BALANCE_FEN)
    if not 1 <= len(nickname) <= 20:
        return refused("昵称须为 1 到 20 个字", status=422)
    if not isinstance(balance, int) or balance < 0:
        return refused("余额须为不小于 0 的整数（分）", status=422)
    created = people.create(nickname=nickname, balance_fen=balance)
    return jsonify(_person_view(created)), 201


@blueprint.post("/control/api/choose")
def choose() -> Answer:
    """Hand the phone to another user: the shop's cookies of the one before are put away, theirs taken out."""
    chosen = person()
    response = jsonify(_person_view(chosen))
    jars.change_hands(response, holder=request.cookies.get(webauth.USER_COOKIE, ""), chosen=chosen["openid"])
    response.set_cookie(webauth.USER_COOKIE, chosen["openid"], samesite="Lax", max_age=30 * 86400)
    return response


@blueprint.post("/control/api/purse")
def purse() -> Answer:
    chosen, delta = person(), body().get("delta_fen")
    if not isinstance(delta, int) or not people.change_balance(chosen["openid"], delta):
        return refused("金额不对，或余额会变成负数")
    return jsonify(_person_view(people.get(chosen["openid"])))


def _share(openid: str, sent: dict[str, Any]) -> dict[str, Any]:
    friend = people.find(str(sent.get("to", "")))
    link = str(sent.get("link", ""))
    if friend is None or not link.startswith(("http://", "https://")):
        raise ActError("先选朋友；页面还没有设好转发内容")
    article = {
        "title": str(sent.get("title") or link),
        "description": str(sent.get("desc") or ""),
        "url": link,
        "picurl": str(sent.get("picture") or ""),
    }
    words = f"{people.get(openid)['nickname']} 转发给你"
    people.say(
        openid=friend["openid"], side="friend", kind="news", content={"articles": [article], "from": words}
    )
    return {"result": "sent"}


def _notice_answer(openid: str, sent: dict[str, Any]) -> None:
    answers = sent.get("answers")
    known = {n["template_id"] for n in subscriptions.ledger(openid)}
    if not isinstance(answers, dict) or not answers or not set(answers) <= known:
        raise ActError("没有这样的订阅通知模板")
    subscriptions.answer_popup(openid=openid, answers={t: str(a) for t, a in answers.items()})


def _tap(openid: str, sent: dict[str, Any]) -> dict[str, Any]:
    buttons = menus.menu_for(openid)
    try:
        for index in sent.get("path", []):
            button = buttons[index]
            buttons = button.get("sub_button") or []
        return acts.tap_menu(openid, button)
    except (IndexError, TypeError, UnboundLocalError) as error:
        raise ActError("菜单已经变了，请重试") from error


ACTS: dict[str, Callable[[str, dict[str, Any]], dict[str, Any] | None]] = {
    "follow": lambda o, sent: acts.follow(o, qr_url=str(sent.get("qr_url", ""))),
    "unfollow": lambda o, sent: acts.unfollow(o),
    "scan": lambda o, sent: acts.scan(o, str(sent.get("text", ""))),
    "text": lambda o, sent: acts.send_text(
        o, str(sent.get("text", "")), menu_id=str(sent.get("menu_id", ""))
    ),
    "location": lambda o, sent: acts.send_location(o),
    "menu": _tap,
    "block": lambda o, sent: acts.set_blocked(o, bool(sent.get("blocked", True))),
    "revoke": lambda o, sent: acts.revoke_authorisation(o),
    "notice_answer": _notice_answer,
    "notice_off": lambda o, sent: subscriptions.switch_off(
        openid=o, template_id=str(sent.get("template_id", ""))
    ),
    "share": _share,
}


@blueprint.post("/control/api/act")
def act() -> Answer:
    """{openid, act, …}: the user does something; answers {result, …} or 409 with the reason in words."""
    chosen, perform = person(), ACTS.get(str(body().get("act", "")))
    if perform is None:
        return refused("没有这样的操作", status=422)
    return jsonify(perform(chosen["openid"], body()) or {"result": "done"})


@blueprint.post("/control/api/notice-popup")
def notice_popup() -> Answer:
    """The answer to the popup of the page's subscription tag, by whoever holds the phone."""
    holder = people.find(request.cookies.get(webauth.USER_COOKIE, ""))
    if holder is None:
        return refused("还没有选择微信用户")
    _notice_answer(holder["openid"], body())
    return jsonify(ok=True)


@blueprint.post("/control/api/codes")
def code() -> Answer:
    """A web-authorisation code without the page, for programs: {openid, scope?, snapshot?}."""
    chosen, scope = person(), str(body().get("scope", "snsapi_base"))
    if scope not in webauth.SCOPES:
        return refused("scope 不对", status=422)
    return jsonify(
        code=webauth.issue_code(openid=chosen["openid"], scope=scope, snapshot=bool(body().get("snapshot")))
    ), 201


@blueprint.post("/control/api/faults")
def fault() -> Answer:
    """{name, armed, times}: times null keeps it on."""
    name, times = str(body().get("name", "")), body().get("times", 1)
    if name not in faults.KNOWN or not (times is None or (isinstance(times, int) and times > 0)):
        return refused("没有这个故障开关，或次数不对", status=422)
    if body().get("armed", True):
        faults.arm(name, times)
    else:
        faults.disarm(name)
    return jsonify(faults.listing())


@blueprint.post("/control/api/clock")
def move_clock() -> Answer:
    """{add: seconds} or {offset: seconds from real time}."""
    sent, before = body(), clock.offset()
    wanted = sent.get("offset", before + sent["add"] if isinstance(sent.get("add"), int | float) else None)
    if not isinstance(wanted, int | float) or abs(wanted) > 10 * 366 * 86400:
        return refused("时间不对", status=422)
    clock.travel(wanted)
    if wanted < before:
        deliveries.follow_clock(back_seconds=before - wanted)
    return jsonify(now=clock.timestamp(), offset=clock.offset())


@blueprint.post("/control/api/tick")
def tick() -> Answer:
    return jsonify(tries=deliveries.tick())


@blueprint.post("/control/api/deliveries/<int:number>/again")
def send_again(number: int) -> Answer:
    return jsonify(result="queued") if deliveries.send_again(number) else refused("没有这条推送，或正在发")


@blueprint.get("/control/api/journal")
def read_journal() -> Answer:
    return jsonify(items=journal.listing(after=request.args.get("after", 0, int), limit=500))


@blueprint.post("/control/api/switches")
def switch() -> Answer:
    name, value = str(body().get("name", "")), str(body().get("value", ""))
    known = name.startswith("quota:/") and value.isdigit()
    if not known and not (name in SWITCHES and SWITCHES[name](value)):
        return refused("这个设置不接受这样的值", status=422)
    store.set_setting(name, value)
    return jsonify(name=name, value=value)


@blueprint.post("/control/api/verify")
def verify() -> Answer:
    """Check the shop's callback address as the console does."""
    verdict = pushes.verify_address()
    return jsonify(ok=verdict.received, message=verdict.words)


@blueprint.post("/control/api/read-picture")
def read_picture() -> Answer:
    """The text of a QR code in a dropped picture, or why it can't be read."""
    upload = request.files.get("picture")
    try:
        return jsonify(text=qr_reader.read(upload.read() if upload else b""))
    except qr_reader.UnreadableError as error:
        return refused(str(error), status=422)


@blueprint.get("/control/api/chat")
def chat() -> Answer:
    """Chat entries of `openid` above id `after`."""
    entries = people.conversation(request.args.get("openid", ""), after=request.args.get("after", 0, int))
    return Response(json.dumps({"items": entries}, ensure_ascii=False), mimetype="application/json")
