"""Signed and encrypted notices to the shop, each try signed anew.

The resource is AES-256-GCM under the APIv3 key with the kind as associated data. A 2xx answer counts as received,
whatever its body says; anything else is tried again 15 times over 24 hours and 4 minutes.
"""

from __future__ import annotations

import base64
import json
import secrets
from typing import Any

from sandbox import clock, deliveries, settings, store

from . import crypto, gateway
from .moments import rfc3339

KIND = "pay_notice"
MINUTE, HOUR = 60.0, 3600.0
SCHEDULE: tuple[float, ...] = (
    15,
    15,
    30,
    3 * MINUTE,
    10 * MINUTE,
    20 * MINUTE,
    30 * MINUTE,
    30 * MINUTE,
    30 * MINUTE,
    HOUR,
    3 * HOUR,
    3 * HOUR,
    3 * HOUR,
    6 * HOUR,
    6 * HOUR,
)
SUMMARIES = {
    "TRANSACTION.SUCCESS": "支付成功",
    "REFUND.SUCCESS": "退款成功",
    "REFUND.ABNORMAL": "退款异常",
    "REFUND.CLOSED": "退款关闭",
    "MCHTRANSFER.BILL.FINISHED": "商家转账单据终态通知",
}
PROBE_PREFIX = "WECHATPAY/SIGNTEST/"


def send(*, event_type: str, original_type: str, resource: dict[str, Any], url: str) -> None:
    """Queue a notice about `resource`; nothing is sent when the merchant gave no address."""
    if not url:
        return
    now = clock.timestamp()
    number = store.next_number("pay_notice")
    deliveries.enqueue(
        kind=KIND,
        url=url,
        title=f"{event_type} {SUMMARIES[event_type]}",
        schedule=SCHEDULE,
        fault_prefix="notice",
        payload={
            "id": f"EV-{int(now)}{number:08d}",
            "create_time": rfc3339(now),
            "event_type": event_type,
            "original_type": original_type,
            "resource": resource,
            "nonce": secrets.token_hex(6),
        },
    )


def body(payload: dict[str, Any]) -> bytes:
    """The notice as it goes over the wire; the same payload gives the same bytes."""
    plaintext = json.dumps(payload["resource"], ensure_ascii=False, separators=(",", ":")).encode()
    ciphertext = crypto.seal(
        key=settings.current().apiv3_key,
        nonce=payload["nonce"],
        associated_data=payload["original_type"],
        plaintext=plaintext,
    )
    notice = {
        "id": payload["id"],
        "create_time": payload["create_time"],
        "resource_type": "encrypt-resource",
        "event_type": payload["event_type"],
        "summary": SUMMARIES[payload["event_type"]],
        "resource": {
            "original_type": payload["original_type"],
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": ciphertext,
            "associated_data": payload["original_type"],
            "nonce": payload["nonce"],
        },
    }
    return json.dumps(notice, ensure_ascii=False, separators=(",", ":")).encode()


def prepare(delivery: deliveries.Delivery) -> deliveries.Outgoing:
    """Sign one try; a forged one bears a false signature, a probe the platform's test mark."""
    content = body(delivery.payload)
    headers = gateway.signature_headers(content, spoilt="forged" in delivery.flags)
    if "signtest" in delivery.flags:
        noise = base64.b64encode(secrets.token_bytes(256)).decode()
        headers["Wechatpay-Signature"] = (PROBE_PREFIX + noise)[: len(noise)]
    headers |= {"Content-Type": "application/json", "User-Agent": "Mozilla/4.0"}
    return deliveries.Outgoing(delivery.url, content, headers)


def judge(delivery: deliveries.Delivery, answer: deliveries.Answer) -> deliveries.Verdict:
    """2xx is received; for forged notices and probes that is the shop's mistake, said in words."""
    taken = 200 <= answer.status < 300
    if {"forged", "signtest"} & set(delivery.flags):
        return deliveries.Verdict(received=True, words="商户误收了伪造的通知" if taken else "商户拒收，正确")
    if taken:
        return deliveries.Verdict(received=True, words=f"已接收（{answer.status}）")
    words = answer.body.decode("utf-8", "replace")[:200] if answer.status == 0 else f"应答 {answer.status}"
    return deliveries.Verdict(received=False, words=words)


deliveries.register(KIND, prepare=prepare, judge=judge)
