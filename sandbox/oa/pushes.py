"""Pushes to the shop's callback in plain, compatible or safe mode, and the address check."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlencode

import requests

from .. import deliveries, people, store
from ..deliveries import Answer, Delivery, Outgoing, Verdict
from ..settings import current
from . import crypto, messages_xml, replies
from .api import now

KIND = "callback"
OUT_OF_ORDER = "该公众号提供的服务出现故障，请稍后再试"
VISIBLE = ("text", "image", "voice", "location", "CLICK")


def mode() -> str:
    return store.setting("callback_mode", current().callback_mode)


def message(openid: str, kind: str, fields: dict[str, Any], *, title: str) -> int:
    """Push what a user sent: `kind` is the MsgType. Returns the delivery's id."""
    number = 24_000_000_000_000_000 + store.next_number("message")
    return _push(openid, kind, {"MsgType": kind, **fields, "MsgId": str(number)}, title=title, delay=0)


def event(openid: str, name: str, fields: dict[str, Any], *, title: str, delay: float = 0.0) -> int:
    """Push an event after `delay` seconds; account-wide events have an empty `openid`."""
    return _push(openid, name, {"MsgType": "event", "Event": name, **fields}, title=title, delay=delay)


def _push(openid: str, kind: str, fields: dict[str, Any], *, title: str, delay: float) -> int:
    whole = {
        "ToUserName": current().gh_id,
        "FromUserName": openid or current().gh_id,
        "CreateTime": str(now()),
        **fields,
    }
    return deliveries.enqueue(
        kind=KIND,
        url=current().callback_url,
        payload={"openid": openid, "kind": kind, "fields": whole},
        title=title,
        schedule=deliveries.CALLBACK_SCHEDULE,
        delay=delay,
        fault_prefix="push",
    )


def sealed(*, text: str, mode_name: str, openid: str, fields: dict[str, Any], token: str) -> tuple[str, str]:
    """Query and body of one push in the given mode, signed with `token`."""
    timestamp, nonce = str(now()), secrets.token_hex(5)
    query = {
        "signature": crypto.sign(token, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
        "openid": openid,
    }
    if mode_name == "plain":
        return urlencode(query), text
    config = current()
    encrypted = crypto.encrypt(text=text, encoding_aes_key=config.aes_key, appid=config.appid)
    query |= {"encrypt_type": "aes", "msg_signature": crypto.sign(token, timestamp, nonce, encrypted)}
    shown = fields if mode_name == "compatible" else {"ToUserName": fields["ToUserName"]}
    return urlencode(query), messages_xml.build({**shown, "Encrypt": encrypted})


def _prepare(delivery: Delivery) -> Outgoing:
    fields = delivery.payload["fields"]
    token = "forged" + secrets.token_hex(8) if "forged" in delivery.flags else current().token
    query, body = sealed(
        text=messages_xml.build(fields),
        mode_name=mode(),
        openid=delivery.payload["openid"],
        fields=fields,
        token=token,
    )
    return Outgoing(
        f"{delivery.url}?{query}", body.encode(), {"Content-Type": "text/xml", "User-Agent": "Mozilla/4.0"}
    )


def _judge(delivery: Delivery, answer: Answer) -> Verdict:
    if "forged" in delivery.flags:
        refused = 400 <= answer.status < 500
        return Verdict(
            True,
            "伪造的推送被拒绝了，正确" if refused else f"伪造的推送应拒绝（4xx），却得到 {answer.status}",
        )
    verdict = replies.judge(
        openid=delivery.payload["openid"],
        answer=answer,
        mode_name=mode(),
        show="duplicate" not in delivery.flags,
    )
    last = delivery.attempt > len(deliveries.CALLBACK_SCHEDULE)
    if not verdict.received and last and delivery.payload["kind"] in VISIBLE:
        people.say(
            openid=delivery.payload["openid"], side="note", kind="note", content={"content": OUT_OF_ORDER}
        )
    return verdict


def install() -> None:
    deliveries.register(KIND, prepare=_prepare, judge=_judge)


def verify_address() -> Verdict:
    """Ask the shop's callback to echo, as the console does when the address is saved."""
    timestamp, nonce, echo = str(now()), secrets.token_hex(5), str(secrets.randbelow(10**19))
    query = {
        "signature": crypto.sign(current().token, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
        "echostr": echo,
    }
    status, body = ask(f"{current().callback_url}?{urlencode(query)}")
    if status != 200 or body != echo:
        return Verdict(False, f"校验不通过：得到 {status}，正文须原样是 echostr")
    wrong, _ = ask(f"{current().callback_url}?{urlencode(query | {'signature': '0' * 40})}")
    if wrong == 200:
        return Verdict(False, "签名是错的也返回了 200，应返回 403")
    return Verdict(True, "校验通过，错误的签名也被拒绝了")


def ask(url: str) -> tuple[int, str]:
    """One GET to the shop, 5 s at most; status 0 = no answer. Replaced by tests."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.get(url, timeout=deliveries.TIMEOUT_SECONDS, allow_redirects=False)
        except requests.RequestException as error:
            return 0, type(error).__name__
        return answer.status_code, answer.content.decode("utf-8", "replace")
