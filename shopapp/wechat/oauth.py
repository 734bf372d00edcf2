"""Web authorisation: the address that asks, and what the code that comes back is good for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from shopapp.kernel.settings import settings

from .api import CODE_INVALID, CODE_USED, PlatformError, client, failure

SILENT = "snsapi_base"
WITH_PROFILE = "snsapi_userinfo"
EXCHANGE_PATH = "/sns/oauth2/access_token"
PROFILE_PATH = "/sns/userinfo"


class CodeRefused(Exception):
    """The code is wrong, over or used already; clients call twice now and then, so asking anew is the cure."""


@dataclass(frozen=True, kw_only=True)
class Granted:
    """Who came back. On a snapshot page every id is made up: nothing may be kept or bound by it."""

    openid: str
    unionid: str | None
    access_token: str
    snapshot: bool


@dataclass(frozen=True, kw_only=True)
class Profile:
    """How a person shows themselves; the picture's address breaks when they change it."""

    openid: str
    unionid: str | None
    nickname: str
    picture_url: str


def authorize_url(*, redirect_uri: str, scope: str, state: str) -> str:
    """Where to send the browser. The platform wants this order of parameters and this fragment.

    `scope` is `SILENT` or `WITH_PROFILE`; `state` is letters and digits, at most 128.
    """
    values = {
        "appid": settings().wx_appid,
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "scope": scope,
        "state": state,
    }
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in values.items())
    return f"{settings().wx_open_base}/connect/oauth2/authorize?{query}#wechat_redirect"


def exchange(*, code: str) -> Granted:
    """Turn a code into a person, once; not inside a transaction. Raises `CodeRefused` and `PlatformError`."""
    config = settings()
    query = {
        "appid": config.wx_appid,
        "secret": config.wx_secret,
        "code": code,
        "grant_type": "authorization_code",
    }
    try:
        answer = client().call("GET", EXCHANGE_PATH, query=query)
    except PlatformError as problem:
        if problem.code in (CODE_INVALID, CODE_USED):
            raise CodeRefused from problem
        raise
    return Granted(
        openid=_text(answer, "openid", path=EXCHANGE_PATH),
        unionid=answer.get("unionid") or None,
        access_token=_text(answer, "access_token", path=EXCHANGE_PATH),
        snapshot=answer.get("is_snapshotuser") == 1,
    )


def profile(*, granted: Granted) -> Profile:
    """Name and picture, for the scope `WITH_PROFILE`; not inside a transaction. Raises `PlatformError`."""
    query = {"access_token": granted.access_token, "openid": granted.openid, "lang": "zh_CN"}
    answer = client().call("GET", PROFILE_PATH, query=query)
    return Profile(
        openid=_text(answer, "openid", path=PROFILE_PATH),
        unionid=answer.get("unionid") or None,
        nickname=str(answer.get("nickname") or ""),
        picture_url=str(answer.get("headimgurl") or ""),
    )


def _text(answer: dict[str, Any], name: str, *, path: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise failure(path=path, text=f"no {name} in the answer", in_doubt=False)
    return value
