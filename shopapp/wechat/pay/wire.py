"""One merchant's line to WeChat Pay: every call signed, every good answer verified, every other end of one kind."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
import structlog

from shopapp.kernel import clock

from . import notices, signing
from .kinds import (
    FollowOrder,
    Forged,
    Missing,
    NotEnough,
    NotReady,
    PayProblem,
    RateLimited,
    Refused,
    SettingsRefused,
    Unknown,
    Unreadable,
)
from .signing import PayKeys

A = TypeVar("A")
R = TypeVar("R")

log = structlog.get_logger(__name__)

CONNECT_SECONDS = 3
READ_SECONDS = 6
BILL_READ_SECONDS = 60

KINDS_BY_CODE: dict[str, type[PayProblem]] = {
    "SYSTEM_ERROR": Unknown,
    "SYSTEMERROR": Unknown,
    "BANK_ERROR": Unknown,
    "FREQUENCY_LIMITED": RateLimited,
    "FREQUENCY_LIMIT_EXCEED": RateLimited,
    "RATELIMIT_EXCEEDED": RateLimited,
    "RATELIMIT_EXCEED": RateLimited,
    "SIGN_ERROR": SettingsRefused,
    "NO_AUTH": SettingsRefused,
    "APPID_MCHID_NOT_MATCH": SettingsRefused,
    "MCH_NOT_EXISTS": SettingsRefused,
    "OUT_TRADE_NO_USED": FollowOrder,
    "ORDERPAID": FollowOrder,
    "ORDER_PAID": FollowOrder,
    "ORDER_CLOSED": FollowOrder,
    "ORDERCLOSED": FollowOrder,
    "ORDER_NOT_EXIST": Missing,
    "ORDERNOTEXIST": Missing,
    "RESOURCE_NOT_EXISTS": Missing,
    "NO_STATEMENT_EXIST": Missing,
    "STATEMENT_CREATING": NotReady,
    "NOT_ENOUGH": NotEnough,
    "NOT_FOUND": Missing,
}
KINDS_BY_STATUS: dict[int, type[PayProblem]] = {401: SettingsRefused, 404: Missing, 429: RateLimited}


class Wire:
    """One merchant at WeChat Pay. Safe to share between threads: the session keeps connections, nothing else."""

    def __init__(self, *, base: str, appid: str, keys: PayKeys) -> None:
        self.appid = appid
        self.keys = keys
        self.base = base
        self._session = requests.Session()
        self._session.proxies = requests.utils.get_environ_proxies(base)
        self._session.trust_env = False  # or it reads the environment anew for each call
        adapter = requests.adapters.HTTPAdapter(pool_connections=4, pool_maxsize=32, max_retries=0)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    @property
    def mchid(self) -> str:
        return self.keys.mchid

    def call(self, method: str, target: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """One signed call; a 2xx answer counts only if its signature holds."""
        text = "" if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        answer = self.send(method, self.base + target, target=target, text=text, seconds=READ_SECONDS)
        if not 200 <= answer.status_code < 300:
            raise problem_of(answer)
        try:
            signing.verify(headers=answer.headers, body=answer.content, now=clock.now(), keys=self.keys)
            return notices.json_object(answer.content) if answer.content else {}
        except (Forged, Unreadable) as problem:
            log.error("answer of WeChat Pay cannot be trusted", problem=str(problem))
            raise Unknown("ANSWER_NOT_TRUSTED", status=answer.status_code, text=str(problem)) from problem

    def download(self, link: str) -> bytes:
        """A bill file: only from the platform itself, since the request carries our signature."""
        parts = urlsplit(link)
        ours = urlsplit(self.base)
        if not parts.hostname or (parts.scheme, parts.netloc) != (ours.scheme, ours.netloc):
            link = f"{self.base}{parts.path}?{parts.query}"
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        answer = self.send("GET", link, target=target, text="", seconds=BILL_READ_SECONDS)
        if answer.status_code != 200:
            raise problem_of(answer)
        return answer.content

    def send(self, method: str, url: str, *, target: str, text: str, seconds: int) -> requests.Response:
        headers = {
            "Authorization": signing.authorization(
                method=method,
                target=target,
                body=text,
                timestamp=clock.timestamp(),
                nonce=signing.nonce(),
                keys=self.keys,
            ),
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "huitou",
            "Wechatpay-Serial": self.keys.platform_serial,
        }
        try:
            return self._session.request(
                method,
                url,
                data=text.encode() if text else None,
                headers=headers,
                timeout=(CONNECT_SECONDS, seconds),
                allow_redirects=False,
            )
        except requests.RequestException as problem:
            log.warning("no answer of WeChat Pay", call=urlsplit(url).path, problem=type(problem).__name__)
            raise Unknown("NO_ANSWER", text=type(problem).__name__) from problem


def problem_of(answer: requests.Response) -> PayProblem:
    """What kind of problem an error answer is: by its code, else by its status; never by its words."""
    try:
        told = notices.json_object(answer.content)
    except Unreadable:
        told = {}
    status, code = answer.status_code, str(told.get("code") or f"HTTP_{answer.status_code}")
    if status >= 500 or status < 400:
        kind: type[PayProblem] = Unknown
    else:
        kind = KINDS_BY_CODE.get(code) or KINDS_BY_STATUS.get(status, Refused)
    log.warning("WeChat Pay refused", code=code, status=status, call=urlsplit(answer.url).path)
    return kind(code, status=status, text=str(told.get("message") or "")[:200])


def read(read: Callable[[A], R], told: A) -> R:
    """An answer that was signed but does not tell what it must is an unknown outcome too."""
    try:
        return read(told)
    except Unreadable as problem:
        raise Unknown("ANSWER_NOT_UNDERSTOOD", text=str(problem)) from problem


def cut(text: str, *, bytes_max: int) -> str:
    """The text within this many bytes of UTF-8, never ending in half a character."""
    return text.encode()[:bytes_max].decode(errors="ignore")


def rfc3339(moment: datetime) -> str:
    """The time as the platform writes it: whole seconds in shop time with its offset."""
    return moment.astimezone(clock.SHOP_ZONE).isoformat(timespec="seconds")
