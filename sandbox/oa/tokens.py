"""Access tokens of both kinds, the JS-SDK ticket, quota tools."""

from __future__ import annotations

import hmac
import secrets

from flask import request

from .. import faults, store
from ..settings import current
from .api import ApiError, Body, day, endpoint, limit_of, now, text_of, used_of

store.register(
    """
    CREATE TABLE IF NOT EXISTS tokens (
        token TEXT PRIMARY KEY, kind TEXT NOT NULL, issued_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
        superseded INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE IF NOT EXISTS tickets (
        ticket TEXT PRIMARY KEY, kind TEXT NOT NULL, issued_at INTEGER NOT NULL, expires_at INTEGER NOT NULL
    );
    """
)

LIFE_SECONDS = 7200
OVERLAP_SECONDS = 300
FORCED_PER_DAY = 20
FORCED_APART_SECONDS = 30
STABLE_PER_MINUTE = 10_000
CLEARS_PER_MONTH = 10


def _issue(kind: str) -> str:
    token = f"{len(kind)}{secrets.randbelow(90) + 10}_{secrets.token_urlsafe(96)}"
    store.insert("tokens", token=token, kind=kind, issued_at=now(), expires_at=now() + LIFE_SECONDS)
    return token


def check(token: str) -> None:
    """Raises 41001, 40014, 40001 or 42001 if `token` doesn't open the API now."""
    if not token:
        raise ApiError(41001, "access_token missing", "没有带 access_token")
    if "_" not in token or len(token) < 40:
        raise ApiError(40014, "invalid access_token", "access_token 不是本平台发的样子")
    found = store.row("SELECT * FROM tokens WHERE token = ?", (token,))
    if found is None or (found["superseded"] and found["expires_at"] <= now()):
        raise ApiError(
            40001,
            "invalid credential, access_token is invalid or not latest",
            "access_token 无效或不是最新的",
        )
    if found["expires_at"] <= now():
        raise ApiError(42001, "access_token expired", "access_token 已过期")


def revoke(token: str) -> None:
    """Make `token` invalid at once, as after a leak."""
    store.run("UPDATE tokens SET superseded = 1, expires_at = ? WHERE token = ?", (now(), token))


def check_account(appid: str, secret: str) -> None:
    config = current()
    if appid != config.appid:
        raise ApiError(40013, "invalid appid", f"appid 应为 {config.appid}")
    if not hmac.compare_digest(secret, config.secret):
        raise ApiError(40125, "invalid appsecret", "appsecret 不对")
    allowed = [ip for ip in store.setting("ip_list", "").split(",") if ip]
    caller = request.remote_addr or ""
    if faults.take("ip_refused") or (allowed and caller not in allowed):
        raise ApiError(
            40164, f"invalid ip {caller} ipv6 ::ffff:{caller}, not in whitelist", f"{caller} 不在 IP 白名单"
        )


@endpoint("GET", "/cgi-bin/token", token=False, coded=False)
def classic(query: Body) -> Body:
    """A new token each time; the one before lives 5 minutes more."""
    if query.get("grant_type") != "client_credential":
        raise ApiError(40002, "invalid grant_type", "grant_type 须为 client_credential")
    check_account(text_of(query, "appid", missing=41002), text_of(query, "secret", missing=41004))
    with store.tx() as db:
        db.execute(
            "UPDATE tokens SET superseded = 1, expires_at = min(expires_at, ?) WHERE kind = 'classic' AND superseded = 0",
            (now() + OVERLAP_SECONDS,),
        )
        return {"access_token": _issue("classic"), "expires_in": LIFE_SECONDS}


def _latest(kind: str) -> store.Row | None:
    return store.row(
        "SELECT * FROM tokens WHERE kind = ? AND superseded = 0 ORDER BY issued_at DESC, rowid DESC LIMIT 1",
        (kind,),
    )


def _may_force() -> bool:
    last = int(store.setting("forced_at", "0"))
    count = int(store.setting(f"forced:{day()}", "0"))
    if abs(now() - last) < FORCED_APART_SECONDS or count >= FORCED_PER_DAY:
        return False
    store.set_setting("forced_at", str(now()))
    store.set_setting(f"forced:{day()}", str(count + 1))
    return True


@endpoint("POST", "/cgi-bin/stable_token", token=False, coded=False)
def stable(body: Body) -> Body:
    """The same token until 5 minutes before its end; forced refreshes are few and apart."""
    if body.get("grant_type") != "client_credential":
        raise ApiError(40002, "invalid grant_type", "grant_type 须为 client_credential")
    check_account(text_of(body, "appid", missing=41002), text_of(body, "secret", missing=41004))
    _count_minute()
    with store.tx() as db:
        held = _latest("stable")
        if held is not None and body.get("force_refresh") is True and _may_force():
            revoke(held["token"])
            held = None
        if held is not None and held["expires_at"] - now() > OVERLAP_SECONDS:
            return {"access_token": held["token"], "expires_in": held["expires_at"] - now()}
        db.execute("DELETE FROM tokens WHERE expires_at < ?", (now() - 30 * 86400,))
        return {"access_token": _issue("stable"), "expires_in": LIFE_SECONDS}


def _count_minute() -> None:
    minute = str(now() // 60)
    held, count = [*store.setting("stable_minute", "0:0").split(":")][:2]
    used = int(count) + 1 if held == minute else 1
    store.set_setting("stable_minute", f"{minute}:{used}")
    if used > int(store.setting("stable_per_minute", str(STABLE_PER_MINUTE))):
        raise ApiError(
            45011, "api minute-quota reach limit, must slower, retry next minute", "每分钟取 token 的次数超限"
        )


@endpoint("GET", "/cgi-bin/ticket/getticket")
def ticket(query: Body) -> Body:
    """The JS-SDK or card ticket; the same one until 5 minutes before its end."""
    kind = query.get("type")
    if kind not in ("jsapi", "wx_card"):
        raise ApiError(40097, "invalid args", "type 须为 jsapi 或 wx_card")
    with store.tx():
        held = store.row("SELECT * FROM tickets WHERE kind = ? ORDER BY issued_at DESC LIMIT 1", (kind,))
        if held is None or held["expires_at"] - now() <= OVERLAP_SECONDS:
            value = "SBXTICKET" + secrets.token_urlsafe(48)
            store.insert("tickets", ticket=value, kind=kind, issued_at=now(), expires_at=now() + LIFE_SECONDS)
            return {"ticket": value, "expires_in": LIFE_SECONDS}
        return {"ticket": held["ticket"], "expires_in": held["expires_at"] - now()}


def live_tickets() -> list[str]:
    """JS-SDK tickets that sign pages now."""
    found = store.rows("SELECT ticket FROM tickets WHERE kind = 'jsapi' AND expires_at > ?", (now(),))
    return [r["ticket"] for r in found]


def _clear(appid: str) -> Body:
    if appid != current().appid:
        raise ApiError(40013, "invalid appid", "appid 不对")
    month = f"clears:{day()[:7]}"
    count = int(store.setting(month, "0"))
    if count >= CLEARS_PER_MONTH:
        raise ApiError(48006, "forbid to clear quota because of reaching the limit", "本月清零次数已用完")
    store.set_setting(month, str(count + 1))
    store.run("DELETE FROM quota WHERE day = ?", (day(),))
    return {}


@endpoint("POST", "/cgi-bin/clear_quota")
def clear_quota(body: Body) -> Body:
    return _clear(text_of(body, "appid", missing=41002))


@endpoint("POST", "/cgi-bin/clear_quota/v2", token=False)
def clear_quota_v2(body: Body) -> Body:
    check_account(text_of(body, "appid", missing=41002), text_of(body, "appsecret", missing=41004))
    return _clear(body["appid"])


@endpoint("POST", "/cgi-bin/openapi/quota/get")
def quota(body: Body) -> Body:
    path = text_of(body, "cgi_path", missing=41030)
    limit, used = limit_of(path), used_of(path)
    return {"quota": {"daily_limit": limit, "used": used, "remain": max(limit - used, 0)}}


@endpoint("POST", "/cgi-bin/openapi/rid/get")
def rid_details(body: Body) -> Body:
    text_of(body, "rid", missing=41001)
    raise ApiError(76001, "rid not found", "沙箱不保存 rid，原因见控制台的往来记录")


@endpoint("GET", "/cgi-bin/getcallbackip")
def callback_ips(_query: Body) -> Body:
    return {"ip_list": ["127.0.0.1"]}


@endpoint("GET", "/cgi-bin/get_api_domain_ip")
def api_ips(_query: Body) -> Body:
    return {"ip_list": ["127.0.0.1"]}
