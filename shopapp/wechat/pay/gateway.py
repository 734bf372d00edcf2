"""The calls to WeChat Pay v3. Each is made once, within set times, and ends in an answer or in one kind of problem."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import requests
import structlog

from shopapp.kernel import clock
from shopapp.kernel.money import Money

from . import bills, notices, signing
from .kinds import (
    FollowOrder,
    Forged,
    JsapiRequest,
    Missing,
    NotEnough,
    Notice,
    NotReady,
    PayProblem,
    RateLimited,
    RefundAnswer,
    Refused,
    SettingsRefused,
    Trade,
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
DESCRIPTION_BYTES_MAX = 127
REASON_BYTES_MAX = 80

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
}
KINDS_BY_STATUS: dict[int, type[PayProblem]] = {401: SettingsRefused, 404: Missing, 429: RateLimited}


class PayClient:
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

    def prepay(
        self,
        *,
        out_trade_no: str,
        amount: Money,
        description: str,
        openid: str,
        notify_url: str,
        expires_at: datetime,
    ) -> str:
        """Place a JSAPI order and return its prepay id, good for two hours; the same values again give a fresh one.

        `amount` is at least 1 fen. Raises `FollowOrder` when the number is paid, closed or used with other values, else
        the problems of `kinds`.
        """
        answer = self._call(
            "POST",
            "/v3/pay/transactions/jsapi",
            {
                "appid": self.appid,
                "mchid": self.mchid,
                "description": cut(description, bytes_max=DESCRIPTION_BYTES_MAX),
                "out_trade_no": out_trade_no,
                "time_expire": rfc3339(expires_at),
                "notify_url": notify_url,
                "amount": {"total": amount.fen, "currency": "CNY"},
                "payer": {"openid": openid},
            },
        )
        prepay_id = answer.get("prepay_id")
        if not isinstance(prepay_id, str) or not prepay_id:
            raise Unknown("NO_PREPAY_ID")
        return prepay_id

    def jsapi_request(self, *, prepay_id: str, now: datetime) -> JsapiRequest:
        """What the page needs to open the cashier, signed; no call is made."""
        return signing.jsapi_request(
            appid=self.appid,
            prepay_id=prepay_id,
            timestamp=int(now.timestamp()),
            nonce=signing.nonce(),
            keys=self.keys,
        )

    def query(self, *, out_trade_no: str) -> Trade:
        """The order as the platform knows it. Raises `Missing` when it knows none of that number."""
        number = quote(out_trade_no, safe="")
        answer = self._call("GET", f"/v3/pay/transactions/out-trade-no/{number}?mchid={self.mchid}")
        return _read(notices.trade_from, answer)

    def probe(self, *, out_trade_no: str) -> bool:
        """Ask for an order, whether there is one or not: an answer proves that the platform takes our signature.

        Tells whether the answer was signed, too: the platform need not sign a 404. Raises `Forged` when its signature does
        not hold, else the problems of `kinds` but for `Missing`.
        """
        target = f"/v3/pay/transactions/out-trade-no/{quote(out_trade_no, safe='')}?mchid={self.mchid}"
        answer = self._send("GET", self.base + target, target=target, text="", seconds=READ_SECONDS)
        if not 200 <= answer.status_code < 300 and not isinstance(problem := _problem(answer), Missing):
            raise problem
        if "Wechatpay-Signature" not in answer.headers:
            return False
        signing.verify(headers=answer.headers, body=answer.content, now=clock.now(), keys=self.keys)
        return True

    def close(self, *, out_trade_no: str) -> None:
        """Close an unpaid order. Raises `FollowOrder` when it is paid or closed, `Missing` when it is not known."""
        number = quote(out_trade_no, safe="")
        self._call("POST", f"/v3/pay/transactions/out-trade-no/{number}/close", {"mchid": self.mchid})

    def refund(
        self,
        *,
        out_trade_no: str,
        out_refund_no: str,
        amount: Money,
        total: Money,
        reason: str,
        notify_url: str,
    ) -> RefundAnswer:
        """Ask for money to go back; the same number again tells how the first request stands.

        `total` is what the order was paid with. An answer means accepted, not done: look at its `result`.
        """
        body = {
            "out_trade_no": out_trade_no,
            "out_refund_no": out_refund_no,
            "notify_url": notify_url,
            "amount": {"refund": amount.fen, "total": total.fen, "currency": "CNY"},
        }
        if reason:
            body["reason"] = cut(reason, bytes_max=REASON_BYTES_MAX)
        return _read(notices.refund_from, self._call("POST", "/v3/refund/domestic/refunds", body))

    def query_refund(self, *, out_refund_no: str) -> RefundAnswer:
        """The refund as the platform knows it. Raises `Missing`."""
        number = quote(out_refund_no, safe="")
        return _read(notices.refund_from, self._call("GET", f"/v3/refund/domestic/refunds/{number}"))

    def trade_bill(self, *, day: date) -> list[bills.BillRow]:
        """All payments and refunds of a day of shop time; a day without any is empty.

        The bill of yesterday is there from 10:00, older ones for three months. Raises `NotReady` before that, `Unknown`
        when the file is not the one whose SHA-1 was told.
        """
        target = f"/v3/bill/tradebill?bill_date={day.isoformat()}&bill_type=ALL&tar_type=GZIP"
        try:
            offer = self._call("GET", target)
        except Missing:
            return []
        link, sha1 = offer.get("download_url"), offer.get("hash_value")
        if not isinstance(link, str) or not isinstance(sha1, str) or offer.get("hash_type") != "SHA1":
            raise Unknown("NO_BILL_LINK")
        return _read(bills.rows, bills.unpack(self._download(link), sha1=sha1))

    def read_notice(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Verify and open a notice. Raises `Forged` or `Unreadable`."""
        return notices.read_notice(headers=headers, body=body, now=now, keys=self.keys)

    def _call(self, method: str, target: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """One signed call; a 2xx answer counts only if its signature holds."""
        text = "" if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        answer = self._send(method, self.base + target, target=target, text=text, seconds=READ_SECONDS)
        if not 200 <= answer.status_code < 300:
            raise _problem(answer)
        try:
            signing.verify(headers=answer.headers, body=answer.content, now=clock.now(), keys=self.keys)
            return notices.json_object(answer.content) if answer.content else {}
        except (Forged, Unreadable) as problem:
            log.error("answer of WeChat Pay cannot be trusted", problem=str(problem))
            raise Unknown("ANSWER_NOT_TRUSTED", status=answer.status_code, text=str(problem)) from problem

    def _download(self, link: str) -> bytes:
        """A bill file: only from the platform itself, since the request carries our signature."""
        parts = urlsplit(link)
        ours = urlsplit(self.base)
        if not parts.hostname or (parts.scheme, parts.netloc) != (ours.scheme, ours.netloc):
            link = f"{self.base}{parts.path}?{parts.query}"
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        answer = self._send("GET", link, target=target, text="", seconds=BILL_READ_SECONDS)
        if answer.status_code != 200:
            raise _problem(answer)
        return answer.content

    def _send(self, method: str, url: str, *, target: str, text: str, seconds: int) -> requests.Response:
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


def _problem(answer: requests.Response) -> PayProblem:
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


def _read(read: Callable[[A], R], told: A) -> R:
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
