"""Field rules of request bodies; each function returns the value or raises PARAM_ERROR."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sandbox import settings

from .errors import PayError, param_error

Body = dict[str, Any]
_LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


def parse(raw: bytes) -> Body:
    """Read a JSON object from the raw body; an empty body is an empty object."""
    try:
        body = json.loads(raw) if raw else {}
    except ValueError as error:
        raise PayError(400, "PARAM_ERROR", "请求体不是 JSON") from error
    if not isinstance(body, dict):
        raise PayError(400, "PARAM_ERROR", "请求体不是 JSON 对象")
    return body


def fingerprint(body: Body, *, without: tuple[str, ...] = ()) -> str:
    """A text that is equal for requests with the same values, whatever their key order."""
    kept = {name: value for name, value in body.items() if name not in without}
    return json.dumps(kept, ensure_ascii=False, sort_keys=True)


def text(body: Body, name: str, *, longest: int, label: str | None = None) -> str:
    """A required, non-empty text of at most `longest` characters."""
    value = body.get(name)
    if value is None or value == "":
        raise param_error(label or name, "必填")
    return _text(value, longest=longest, label=label or name)


def optional_text(body: Body, name: str, *, longest: int, label: str | None = None) -> str:
    """As `text`, but "" when missing."""
    value = body.get(name)
    return "" if value is None else _text(value, longest=longest, label=label or name)


def _text(value: Any, *, longest: int, label: str) -> str:
    if not isinstance(value, str):
        raise param_error(label, "须为字符串")
    if len(value) > longest:
        raise param_error(label, f"最多 {longest} 个字符，收到 {len(value)} 个")
    return value


def matching(body: Body, name: str, *, pattern: str, rule: str) -> str:
    """A required text that matches `pattern` as a whole; `rule` tells it in words."""
    value = text(body, name, longest=256)
    if not re.fullmatch(pattern, value, re.ASCII):
        raise param_error(name, rule)
    return value


def whole(body: Body, name: str, *, least: int, label: str | None = None) -> int:
    """A required whole number of at least `least`; true, 1.0 and "1" are none."""
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise param_error(label or name, "须为整数")
    if value < least:
        raise param_error(label or name, f"不能小于 {least}")
    return value


def part(body: Body, name: str) -> Body:
    """A required nested object."""
    value = body.get(name)
    if not isinstance(value, dict):
        raise param_error(name, "须为对象")
    return value


def currency(amount: Body) -> str:
    value = amount.get("currency", "CNY")
    if value != "CNY":
        raise param_error("amount.currency", "只支持 CNY")
    return str(value)


def notify_url(body: Body, *, required: bool) -> str:
    """An https address without a query; plain http is let through to this machine and the shop's own address."""
    value = (text if required else optional_text)(body, "notify_url", longest=255)
    if not value:
        return ""
    address = urlsplit(value)
    shop = urlsplit(settings.current().shop_url).netloc
    near = address.scheme == "http" and (address.hostname in _LOOPBACK_HOSTS or address.netloc == shop)
    if not address.hostname or not (address.scheme == "https" or near):
        raise param_error("notify_url", "须为 https 地址")
    if "?" in value or "#" in value:
        raise param_error("notify_url", "不能携带参数")
    return value


def moment(body: Body, name: str) -> float | None:
    """An RFC 3339 time with offset as seconds since 1970; None when missing."""
    value = body.get(name)
    if value is None:
        return None
    pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
    if not isinstance(value, str) or not re.fullmatch(pattern, value, re.ASCII):
        raise param_error(name, "须为 RFC 3339 时间，如 2026-01-01T10:00:00+08:00")
    try:
        return datetime.fromisoformat(value).timestamp()
    except ValueError as error:
        raise param_error(name, "不是真实的时间") from error
