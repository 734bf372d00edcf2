"""A gateway for text messages: takes them with the right key, and shows them on the control page instead of sending."""

from __future__ import annotations

import hmac
import re
import time
from typing import Any

from flask import Blueprint, Response, jsonify, request

from . import clock, faults, journal, store
from .settings import current

store.register(
    """
    CREATE TABLE IF NOT EXISTS sms (
        id INTEGER PRIMARY KEY AUTOINCREMENT, phone TEXT NOT NULL, text TEXT NOT NULL, at REAL NOT NULL
    )
    """
)

MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
TEXT_MAX = 500
KEEP = 200

blueprint = Blueprint("sms", __name__)


def _refused(status: int, code: str, reason: str) -> tuple[Response, int]:
    journal.refuse(reason)
    return jsonify(code=code, message=reason), status


@blueprint.post("/sms/messages")
def take() -> Response | tuple[Response, int]:
    """{to, text} with `Authorization: Bearer <key>` → 202 {id}."""
    key = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not hmac.compare_digest(key.encode(), current().sms_key.encode()):
        return _refused(401, "unauthorized", "短信网关的密钥不对")
    sent = request.get_json(silent=True)
    phone, text = (sent.get("to"), sent.get("text")) if isinstance(sent, dict) else (None, None)
    if not isinstance(phone, str) or not MOBILE.fullmatch(phone):
        return _refused(422, "bad_number", "to 须为 11 位手机号")
    if not isinstance(text, str) or not 1 <= len(text) <= TEXT_MAX:
        return _refused(422, "bad_text", f"text 须为 1 到 {TEXT_MAX} 个字")
    if faults.take("sms_500"):
        return _refused(500, "busy", "故障：短信网关系统错误")
    number = store.insert("sms", phone=phone, text=text, at=clock.timestamp())
    store.run("DELETE FROM sms WHERE id <= ?", (number - KEEP,))
    if faults.take("sms_timeout_after_effect"):
        journal.refuse("故障：已发送但不应答")
        time.sleep(float(store.setting("hang_seconds", "8")))
    return jsonify(id=str(number)), 202


def listing(*, limit: int = 20) -> list[dict[str, Any]]:
    """The messages, newest first: id, phone, text, at."""
    return [dict(row) for row in store.rows("SELECT * FROM sms ORDER BY id DESC LIMIT ?", (limit,))]
