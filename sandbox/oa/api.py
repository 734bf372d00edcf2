"""How every official-account call is taken: faults, token, quota, body, and the shape of the answer."""

from __future__ import annotations

import functools
import json
import re
import secrets
import time
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, g, jsonify, request

from .. import clock, faults, journal, people, store

blueprint = Blueprint("oa", __name__)
Body = dict[str, Any]
HANG_SECONDS = 8.0

store.register(
    "CREATE TABLE IF NOT EXISTS quota (path TEXT, day TEXT, used INTEGER NOT NULL, PRIMARY KEY (path, day))"
)

DAILY: dict[str, int] = {
    "/cgi-bin/token": 2_000,
    "/cgi-bin/stable_token": 500_000,
    "/cgi-bin/ticket/getticket": 1_000_000,
    "/cgi-bin/menu/create": 1_000,
    "/cgi-bin/menu/get": 10_000,
    "/cgi-bin/menu/delete": 1_000,
    "/cgi-bin/user/get": 500,
    "/cgi-bin/user/info": 5_000_000,
    "/cgi-bin/qrcode/create": 100_000,
    "/cgi-bin/message/custom/send": 500_000,
    "/cgi-bin/message/template/send": 100_000,
    "/cgi-bin/message/mass/sendall": 100,
    "/cgi-bin/message/mass/preview": 100,
    "/cgi-bin/media/upload": 100_000,
}
DEFAULT_DAILY = 100_000


class ApiError(Exception):
    """A refusal: `code` is the errcode, `message` the English errmsg, `words` the reason for the control page."""

    def __init__(self, code: int, message: str, words: str) -> None:
        super().__init__(message)
        self.code, self.message, self.words = code, message, words


def now() -> int:
    """Virtual time in whole seconds, as the official account counts."""
    return int(clock.timestamp())


def day() -> str:
    """The platform's calendar day (UTC+8) as YYYY-MM-DD."""
    return time.strftime("%Y-%m-%d", time.gmtime(clock.timestamp() + 8 * 3600))


def rid() -> str:
    return "-".join(secrets.token_hex(4) for _ in range(3))


def refusal(error: ApiError) -> Response:
    journal.refuse(f"{error.code}：{error.words}")
    return jsonify(errcode=error.code, errmsg=f"{error.message} rid: {rid()}")


def endpoint(
    method: str, path: str, *, token: bool = True, coded: bool = True, raw_text: bool = False
) -> Callable[[Callable[[Body], Body | Response | None]], Callable[[], Response]]:
    """Serve `path`. The function gets the query (GET) or the JSON body (POST) and returns the answer's fields.

    `coded` adds errcode 0; `raw_text` leaves \\uXXXX escapes as the user would see them.
    """

    def wrap(function: Callable[[Body], Body | Response | None]) -> Callable[[], Response]:
        @functools.wraps(function)
        def serve() -> Response:
            try:
                if request.method != method:
                    code = 43001 if method == "GET" else 43002
                    raise ApiError(code, f"require {method} method", f"这个接口要用 {method}")
                check_faults()
                if token:
                    check_token()
                use_quota(path)
                answer = function(_body(method, raw_text=raw_text))
            except ApiError as error:
                return refusal(error)
            return _answer(answer, coded=coded)

        blueprint.add_url_rule(path, f"{method} {path}", serve, methods=["GET", "POST"])
        return serve

    return wrap


def _answer(answer: Body | Response | None, *, coded: bool) -> Response:
    if faults.take("api_timeout_after_effect"):
        journal.refuse("故障开关：已生效，但不应答")
        time.sleep(float(store.setting("hang_seconds", str(HANG_SECONDS))))
        return Response("", status=504)
    if isinstance(answer, Response):
        return answer
    fields = answer or {}
    return jsonify({"errcode": 0, "errmsg": "ok", **fields} if coded else fields)


def _body(method: str, *, raw_text: bool) -> Body:
    if method == "GET":
        return dict(request.args)
    if request.mimetype == "multipart/form-data":
        return {}
    data = request.get_data(cache=True)
    if not data:
        raise ApiError(44002, "empty post data", "请求体是空的")
    try:
        text = data.decode()
        body = json.loads(re.sub(r"\\u(?=[0-9a-fA-F]{4})", r"\\\\u", text) if raw_text else text)
    except ValueError as error:
        raise ApiError(47001, "data format error", "请求体不是 UTF-8 的 JSON") from error
    if not isinstance(body, dict):
        raise ApiError(47001, "data format error", "请求体须为 JSON 对象")
    return body


def check_faults() -> None:
    """Raise what an armed fault asks for, before anything takes effect."""
    if faults.take("api_500"):
        raise ApiError(-1, "system error", "故障开关：系统繁忙")
    if faults.take("api_429"):
        raise ApiError(45011, "api minute-quota reach limit, must slower", "故障开关：调用过于频繁")
    if faults.take("api_quota"):
        raise ApiError(45009, "reach max api daily quota limit", "故障开关：当日额度用完")


def check_token() -> None:
    from . import tokens

    value = request.args.get("access_token", "")
    if faults.take("token_expired"):
        tokens.revoke(value)
    tokens.check(value)
    g.access_token = value


def limit_of(path: str) -> int:
    """Calls a day allowed for `path`; the control page can lower it."""
    return int(store.setting(f"quota:{path}", str(DAILY.get(path, DEFAULT_DAILY))))


def used_of(path: str) -> int:
    found = store.row("SELECT used FROM quota WHERE path = ? AND day = ?", (path, day()))
    return int(found["used"]) if found else 0


def use_quota(path: str) -> None:
    """Count one call of `path` today; raises 45009 past the limit."""
    if store.setting("quotas", "on") == "off":
        return
    if used_of(path) >= limit_of(path):
        raise ApiError(
            45009, "reach max api daily quota limit", f"{path} 今天的额度 {limit_of(path)} 次已用完"
        )
    store.run(
        "INSERT INTO quota (path, day, used) VALUES (?, ?, 1) ON CONFLICT (path, day) DO UPDATE SET used = used + 1",
        (path, day()),
    )


def text_of(body: Body, name: str, *, missing: int, limit: int | None = None, too_long: int = 40035) -> str:
    """A required text field; raises `missing` if absent or empty, `too_long` past `limit` characters."""
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise ApiError(missing, f"missing {name}", f"缺少 {name}")
    if limit is not None and len(value) > limit:
        raise ApiError(too_long, f"invalid {name} size", f"{name} 超过 {limit} 个字")
    return value


def list_of(body: Body, name: str, *, most: int, error: int) -> list[Any]:
    """A required list of 1 to `most` entries; raises `error` otherwise."""
    value = body.get(name)
    if not isinstance(value, list) or not 1 <= len(value) <= most:
        raise ApiError(error, f"invalid {name} size", f"{name} 须有 1 到 {most} 项")
    return value


def object_of(body: Body, name: str, *, error: int = 40035) -> Body:
    """A required JSON object; raises `error` otherwise."""
    value = body.get(name)
    if not isinstance(value, dict):
        raise ApiError(error, f"invalid {name}", f"缺少 {name}，或它不是对象")
    return value


def person_of(openid: Any) -> store.Row:
    """The user of `openid`; raises 40003 if this account has none."""
    found = people.find(openid) if isinstance(openid, str) else None
    if found is None:
        raise ApiError(40003, "invalid openid", f"openid {openid!r} 不属于本公众号")
    return found


@blueprint.route("/cgi-bin/<path:rest>", methods=["GET", "POST"])
@blueprint.route("/wxaapi/<path:rest>", methods=["GET", "POST"])
@blueprint.route("/customservice/<path:rest>", methods=["GET", "POST"])
@blueprint.route("/sns/<path:rest>", methods=["GET", "POST"])
def unknown(rest: str) -> Response:
    return refusal(ApiError(40066, "invalid url", f"没有这个接口：{rest}"))
