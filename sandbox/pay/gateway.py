"""The door of the Pay API: every request's signature is verified, every good answer is signed.

A request is signed over method, path with query, timestamp, nonce and body exactly as they were sent; the
timestamp may be 5 minutes off. A refused signature is answered 401 SIGN_ERROR together with what the platform
verified. Answers are signed over timestamp, nonce and body.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import socket
import time
from typing import Any
from urllib.parse import urlsplit

from flask import Response, current_app, g, request

from sandbox import clock, faults, journal, settings, store

from . import crypto, keys
from .errors import PayError

WINDOW_SECONDS = 300
NONCE_MEMORY_SECONDS = 900
HOLD_SECONDS = 20.0
SLOW_SECONDS = 3.0
UNKNOWN_RESULT = "按故障开关：已处理，但不应答"


def admit() -> None:
    """Verify the request being served. Raises PayError; faults that strike before the work come after the check."""
    verify_request()
    if faults.take("pay_429"):
        raise PayError(429, "FREQUENCY_LIMITED", "频率超限，请稍后用原单号重试")
    if faults.take("pay_500"):
        raise PayError(500, "SYSTEM_ERROR", "系统错误，请用原单号重试")
    if faults.take("pay_slow"):
        time.sleep(float(current_app.config.get("PAY_SLOW_SECONDS", SLOW_SECONDS)))


def verify_request() -> None:
    """Check headers, clock, serial, nonce and signature of the request being served. Raises PayError."""
    told = settings.current()
    if not request.headers.get("User-Agent"):
        raise PayError(400, "PARAM_ERROR", "缺少 User-Agent 请求头")
    given = crypto.parse_authorization(request.headers.get("Authorization", ""))
    if given is None:
        raise sign_error("Authorization 缺失或格式不对", value=request.headers.get("Authorization", ""))
    if given.mchid != told.mchid:
        raise sign_error("商户号不存在", value=given.mchid)
    if given.serial_no != told.merchant_serial:
        raise sign_error("商户证书序列号有误", value=given.serial_no)
    if not given.timestamp.isascii() or not given.timestamp.isdigit():
        raise sign_error("时间戳须为秒数", value=given.timestamp)
    if abs(clock.timestamp() - int(given.timestamp)) > WINDOW_SECONDS:
        raise sign_error("时间戳与平台相差超过 5 分钟，请校对服务器时间", value=given.timestamp)
    if not given.nonce_str or len(given.nonce_str) > 64:
        raise sign_error("nonce_str 有误", value=given.nonce_str)
    content = crypto.message(
        request.method, sent_target(), given.timestamp, given.nonce_str, request.get_data()
    )
    if not crypto.verifies(key=keys.merchant(), content=content, signature=given.signature):
        raise sign_error("签名与请求内容不符", value=given.signature, content=content)
    remember_nonce(given.nonce_str)
    if request.headers.get("Wechatpay-Serial") != told.platform_key_id:
        raise PayError(400, "PARAM_ERROR", "公钥模式下每个请求都须携带正确的 Wechatpay-Serial 请求头")
    if request.method == "POST" and request.get_data() and request.mimetype != "application/json":
        raise PayError(400, "PARAM_ERROR", "Content-Type 须为 application/json")


def sent_target() -> str:
    """Path with query exactly as the client wrote it, percent-encoding included."""
    target = str(request.environ.get("REQUEST_URI") or request.environ.get("RAW_URI") or request.full_path)
    if target.startswith("/"):
        return target
    parts = urlsplit(target)
    return parts.path + ("?" + parts.query if parts.query else "")


def sign_error(issue: str, *, value: str, content: bytes | None = None) -> PayError:
    """401 SIGN_ERROR; with `content` it tells what the platform verified."""
    detail: dict[str, Any] = {
        "field": "signature",
        "location": "authorization",
        "value": value,
        "issue": issue,
    }
    if content is not None:
        detail["sign_information"] = {
            "method": request.method,
            "url": sent_target(),
            "sign_message": content.decode("utf-8", "replace"),
            "sign_message_length": len(content),
        }
    return PayError(401, "SIGN_ERROR", f"验签失败：{issue}", detail)


def remember_nonce(nonce: str) -> None:
    """Refuse a nonce seen within the window; old ones are forgotten."""
    now = clock.timestamp()
    with store.tx() as db:
        db.execute(
            "DELETE FROM pay_nonces WHERE at < ? OR at > ?",
            (now - NONCE_MEMORY_SECONDS, now + NONCE_MEMORY_SECONDS),
        )
        seen = db.execute("INSERT OR IGNORE INTO pay_nonces (nonce, at) VALUES (?, ?)", (nonce, now))
        if seen.rowcount == 0:
            raise sign_error("nonce_str 重复使用", value=nonce)


def refuse(error: PayError) -> Response:
    """Answer a refusal and tell the journal why."""
    journal.refuse(f"{error.code} {error.message}")
    return answer(error.body(), status=error.status)


def answer(body: dict[str, Any] | None, *, status: int = 200) -> Response:
    """A JSON answer; None is an empty body."""
    content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
    return Response(content, status=status, content_type="application/json; charset=utf-8")


def unsigned(response: Response) -> Response:
    """Mark an answer that the platform does not sign."""
    g.pay_unsigned = True
    return response


def signature_headers(body: bytes, *, spoilt: bool = False) -> dict[str, str]:
    """The five headers over `body`, with a fresh timestamp and nonce; `spoilt` makes the signature a false one."""
    timestamp, nonce = str(int(clock.timestamp())), secrets.token_hex(16)
    signed = body + b" " if spoilt else body
    return {
        "Wechatpay-Timestamp": timestamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature": crypto.sign(
            key=keys.platform(), content=crypto.message(timestamp, nonce, signed)
        ),
        "Wechatpay-Serial": settings.current().platform_key_id,
        "Wechatpay-Signature-Type": crypto.AUTHORIZATION_SCHEME,
    }


def finish(response: Response) -> Response:
    """Sign a 2xx answer, or lose that of a change when the fault is on."""
    if not 200 <= response.status_code < 300:
        return response
    if request.method == "POST" and faults.take("pay_timeout_after_effect"):
        journal.refuse(UNKNOWN_RESULT)
        return lose_answer()
    if not getattr(g, "pay_unsigned", False):
        spoilt = faults.take("pay_answer_forged")
        response.headers.update(signature_headers(response.get_data(), spoilt=spoilt))
    return response


def lose_answer() -> Response:
    """Hold the caller, then cut the connection; where there is none to cut, an empty 504."""
    connection: socket.socket | None = request.environ.get("werkzeug.socket")
    if connection is not None:
        time.sleep(float(current_app.config.get("PAY_HOLD_SECONDS", HOLD_SECONDS)))
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
    return Response(b"", status=504)
