"""Web authorisation: the page that asks, codes, and the calls that turn a code into a person."""

from __future__ import annotations

import secrets
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import Response, redirect, render_template_string, request
from werkzeug.wrappers import Response as BaseResponse

from .. import journal, people, store
from ..settings import current
from . import tokens, users
from .api import ApiError, Body, blueprint, endpoint, now, text_of

store.register(
    """
    CREATE TABLE IF NOT EXISTS auth_codes (
        code TEXT PRIMARY KEY, openid TEXT NOT NULL, scope TEXT NOT NULL, snapshot INTEGER NOT NULL,
        expires_at INTEGER NOT NULL, used INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE IF NOT EXISTS auth_tokens (
        token TEXT PRIMARY KEY, refresh TEXT NOT NULL, openid TEXT NOT NULL, scope TEXT NOT NULL,
        snapshot INTEGER NOT NULL, expires_at INTEGER NOT NULL, refresh_expires_at INTEGER NOT NULL
    );
    """
)

CODE_SECONDS = 300
TOKEN_SECONDS = 7200
REFRESH_SECONDS = 30 * 86400
SCOPES = ("snsapi_base", "snsapi_userinfo")
USER_COOKIE, ENTRY_COOKIE = "sandbox_user", "sandbox_entry"


class PageError(Exception):
    """What the authorisation page shows instead of asking."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code, self.words = code, words


def issue_code(*, openid: str, scope: str, snapshot: bool = False) -> str:
    """A code for one use within 5 minutes."""
    code = "0" + secrets.token_hex(16)[1:]
    store.insert(
        "auth_codes",
        code=code,
        openid=openid,
        scope=scope,
        snapshot=int(snapshot),
        expires_at=now() + CODE_SECONDS,
    )
    return code


def _checked(query: dict[str, str]) -> None:
    for number, name in ((10010, "redirect_uri"), (10011, "appid"), (10012, "scope"), (10013, "state")):
        if not query.get(name) and name != "state":
            raise PageError(number, f"{name} 参数为空")
    if query["appid"] != current().appid:
        raise PageError(10004, "appid 不对")
    if query["scope"] not in SCOPES or query.get("response_type") != "code":
        raise PageError(10005, "scope 或 response_type 不对，该公众号没有这个权限")
    if len(query.get("state", "").encode()) > 128 or not query.get("state", "a").isalnum():
        raise PageError(10013, "state 只能是 128 字节以内的字母和数字")
    target = urlsplit(query["redirect_uri"])
    if target.scheme not in ("http", "https") or target.hostname not in current().trusted_hosts:
        raise PageError(10003, f"redirect_uri 域名与后台配置不一致：{target.hostname}")


def back_to(query: dict[str, str], code: str) -> str:
    """redirect_uri with code and state added to its own query."""
    target = urlsplit(query["redirect_uri"])
    pairs = [
        *parse_qsl(target.query, keep_blank_values=True),
        ("code", code),
        ("state", query.get("state", "")),
    ]
    return urlunsplit(target._replace(query=urlencode(pairs)))


@blueprint.get("/connect/oauth2/authorize")
def authorize() -> BaseResponse:
    """Silent for snsapi_base, and for followers who come from the chat; otherwise asks."""
    query = dict(request.args)
    try:
        _checked(query)
    except PageError as error:
        journal.refuse(f"{error.code}：{error.words}")
        return _page(error=error)
    openid = request.cookies.get(USER_COOKIE, "")
    person = people.find(openid)
    if person is None:
        return _page(choose=True, query=query)
    forced = query.get("forceSnapShot") == "true"
    from_chat = (
        person["follows"]
        and request.cookies.get(ENTRY_COOKIE) == "chat"
        and query.get("forcePopup") != "true"
    )
    if query["scope"] == "snsapi_base" or (from_chat and not forced):
        return redirect(back_to(query, issue_code(openid=openid, scope=query["scope"])))
    return _page(person=person, query=query, forced=forced)


@blueprint.post("/connect/oauth2/authorize")
def answer() -> BaseResponse:
    """The user's tap: agree, snapshot or refuse; also choosing who is holding the phone."""
    query = dict(request.args)
    try:
        _checked(query)
    except PageError as error:
        journal.refuse(f"{error.code}：{error.words}")
        return _page(error=error)
    decision, openid = request.form.get("decision", ""), request.cookies.get(USER_COOKIE, "")
    if decision == "choose" and people.find(request.form.get("openid", "")):
        response = redirect(request.full_path)
        response.set_cookie(USER_COOKIE, request.form["openid"], samesite="Lax", max_age=30 * 86400)
        return response
    if decision in ("agree", "snapshot") and people.find(openid):
        return redirect(
            back_to(query, issue_code(openid=openid, scope=query["scope"], snapshot=decision == "snapshot"))
        )
    journal.refuse("用户没有同意，不带 code 返回")
    return _page(refused=True)


def _page(**values: object) -> Response:
    page = render_template_string(PAGE, account=current().account_name, everyone=people.everyone(), **values)
    return Response(page, mimetype="text/html", headers={"Cache-Control": "no-store"})


def _account(query: Body) -> None:
    appid, secret = text_of(query, "appid", missing=41002), text_of(query, "secret", missing=41004)
    tokens.check_account(appid, secret)


@endpoint("GET", "/sns/oauth2/access_token", token=False, coded=False)
def exchange(query: Body) -> Body:
    _account(query)
    if query.get("grant_type") != "authorization_code":
        raise ApiError(40002, "invalid grant_type", "grant_type 须为 authorization_code")
    code = text_of(query, "code", missing=41008)
    with store.tx() as db:
        held = store.row("SELECT * FROM auth_codes WHERE code = ?", (code,))
        if held is None or (not held["used"] and held["expires_at"] <= now()):
            raise ApiError(40029, "invalid code", "code 无效，或超过了 5 分钟")
        if held["used"]:
            raise ApiError(40163, "code been used", "code 已用过一次")
        db.execute("UPDATE auth_codes SET used = 1 WHERE code = ?", (code,))
        return _grant(held["openid"], held["scope"], bool(held["snapshot"]))


def _grant(openid: str, scope: str, snapshot: bool) -> Body:
    token, refresh = "SBXW_" + secrets.token_urlsafe(60), "SBXR_" + secrets.token_urlsafe(60)
    store.insert(
        "auth_tokens",
        token=token,
        refresh=refresh,
        openid=openid,
        scope=scope,
        snapshot=int(snapshot),
        expires_at=now() + TOKEN_SECONDS,
        refresh_expires_at=now() + REFRESH_SECONDS,
    )
    answer = {
        "access_token": token,
        "expires_in": TOKEN_SECONDS,
        "refresh_token": refresh,
        "openid": shown_openid(openid, snapshot),
        "scope": scope,
    }
    if scope == "snsapi_userinfo" and users.shows_unionid():
        answer["unionid"] = _unionid(openid, snapshot)
    return answer | ({"is_snapshotuser": 1} if snapshot else {})


def shown_openid(openid: str, snapshot: bool) -> str:
    """The virtual openid of a snapshot page, else the real one."""
    return "oSNAP" + openid[-23:] if snapshot else openid


def _unionid(openid: str, snapshot: bool) -> str:
    unionid = str(people.get(openid)["unionid"])
    return "uSNAP" + unionid[-23:] if snapshot else unionid


@endpoint("GET", "/sns/oauth2/refresh_token", token=False, coded=False)
def refresh(query: Body) -> Body:
    if text_of(query, "appid", missing=41002) != current().appid:
        raise ApiError(40013, "invalid appid", "appid 不对")
    held = store.row("SELECT * FROM auth_tokens WHERE refresh = ?", (query.get("refresh_token"),))
    if held is None:
        raise ApiError(40030, "invalid refresh_token", "refresh_token 无效")
    if held["refresh_expires_at"] <= now():
        raise ApiError(42002, "refresh_token expired", "refresh_token 已过期")
    store.run("UPDATE auth_tokens SET expires_at = ? WHERE token = ?", (now() + TOKEN_SECONDS, held["token"]))
    return {
        "access_token": held["token"],
        "expires_in": TOKEN_SECONDS,
        "refresh_token": held["refresh"],
        "openid": shown_openid(held["openid"], held["snapshot"]),
        "scope": held["scope"],
    }


def _held(query: Body) -> store.Row:
    token = text_of(query, "access_token", missing=41001)
    held = store.row("SELECT * FROM auth_tokens WHERE token = ?", (token,))
    if held is None:
        raise ApiError(
            40001, "invalid credential", "网页授权 token 无效（它和接口的 access_token 不是一回事）"
        )
    if held["expires_at"] <= now():
        raise ApiError(42001, "access_token expired", "网页授权 token 已过期")
    if query.get("openid") != shown_openid(held["openid"], held["snapshot"]):
        raise ApiError(40003, "invalid openid", "openid 与 token 不符")
    return held


@endpoint("GET", "/sns/auth", token=False)
def check(query: Body) -> None:
    try:
        _held(query)
    except ApiError as error:
        raise ApiError(40003, "invalid openid", error.words) from error


@endpoint("GET", "/sns/userinfo", token=False, coded=False)
def userinfo(query: Body) -> Body:
    """Name and picture; virtual ones for a snapshot page."""
    held = _held(query)
    if held["scope"] != "snsapi_userinfo":
        raise ApiError(48001, "api unauthorized", "snsapi_base 拿不到昵称和头像")
    person, snapshot = people.get(held["openid"]), bool(held["snapshot"])
    picture = f"{current().public_url}/control/avatars/{0 if snapshot else person['avatar']}/132"
    answer: Body = {
        "openid": shown_openid(held["openid"], snapshot),
        "nickname": "微信用户" if snapshot else person["nickname"],
        "sex": 0,
        "language": "",
        "city": "",
        "province": "",
        "country": "",
        "headimgurl": picture,
        "privilege": [],
    }
    if users.shows_unionid():
        answer["unionid"] = _unionid(held["openid"], snapshot)
    return answer


PAGE = """<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>网页授权</title>
<link rel="stylesheet" href="/control/static/page.css"></head><body class="sheet">
<main>
{% if error %}<h1>无法打开</h1><p class="big">{{ error.words }}</p><p class="faint">错误码 {{ error.code }}</p>
{% elif refused %}<h1>你没有同意授权</h1><p>页面不会得到你的任何信息。可以关掉这页，返回聊天。</p>
{% elif choose %}<h1>现在是谁在用这部手机</h1>
<form method="post" class="people">{% for p in everyone %}
<label><input type="radio" name="openid" value="{{ p.openid }}" {{ 'checked' if loop.first }} required>
<img src="/control/avatars/{{ p.avatar }}/64" alt="" width="40" height="40"> {{ p.nickname }}</label>{% endfor %}
<button name="decision" value="choose" class="primary">继续</button></form>
{% else %}<p class="brand"><span class="mark" aria-hidden="true">{{ account[0] }}</span><strong>{{ account }}</strong> 申请</p>
<h1>获取你的昵称、头像</h1>
<p class="who"><img src="/control/avatars/{{ person.avatar }}/64" alt="" width="48" height="48">
<span>{{ person.nickname }}<small>微信个人信息</small></span></p>
<form method="post" class="stack">
<button name="decision" value="agree" class="primary">允许</button>
<button name="decision" value="refuse">拒绝</button>
<button name="decision" value="snapshot" class="link">按快照页打开（虚拟身份）</button></form>
{% if forced %}<p class="faint">页面带了 forceSnapShot，请选快照页来测试。</p>{% endif %}
{% endif %}</main></body></html>"""
