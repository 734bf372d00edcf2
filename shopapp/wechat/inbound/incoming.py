"""One message or event as we understand it, and the key by which its repeats are known."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

OPENID_LENGTH_MAX = 128
KIND_LENGTH_MAX = 64
KEY_LENGTH_MAX = 200
SECONDS_MAX = 253402300799
SCENE_PREFIX = "qrscene_"


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """`kind` is the MsgType of a message or the lower-case name of an event; `at` is the platform's time of the act."""

    key: str
    account: str
    openid: str
    kind: str
    is_event: bool
    at: datetime
    fields: dict[str, Any]
    text: str

    def field(self, name: str) -> str:
        """A text field, empty when missing or nested."""
        value = self.fields.get(name, "")
        return value if isinstance(value, str) else ""

    @property
    def scene(self) -> str | None:
        """The scene of the QR code that led here, for a follow or a scan."""
        key = self.field("EventKey")
        if self.is_event and self.kind == "subscribe":
            return key.removeprefix(SCENE_PREFIX) if key.startswith(SCENE_PREFIX) else None
        return (key or None) if self.is_event and self.kind == "scan" else None


def read_incoming(fields: dict[str, Any], *, text: str) -> Incoming:
    """Raises `ValueError` if sender, time or kind are missing or out of bounds."""
    openid = _text(fields, "FromUserName", length_max=OPENID_LENGTH_MAX)
    message_type = _text(fields, "MsgType", length_max=KIND_LENGTH_MAX)
    is_event = message_type.lower() == "event"
    kind = (_text(fields, "Event", length_max=KIND_LENGTH_MAX) if is_event else message_type).lower()
    seconds = _text(fields, "CreateTime", length_max=12)
    if not (seconds.isascii() and seconds.isdigit() and int(seconds) <= SECONDS_MAX):
        raise ValueError("CreateTime is not a time")
    account = fields.get("ToUserName", "")
    return Incoming(
        key=_key(fields, openid=openid, seconds=seconds, kind=kind, is_event=is_event),
        account=account if isinstance(account, str) else "",
        openid=openid,
        kind=kind,
        is_event=is_event,
        at=datetime.fromtimestamp(int(seconds), tz=UTC),
        fields=fields,
        text=text,
    )


def _text(fields: dict[str, Any], name: str, *, length_max: int) -> str:
    value = fields.get(name)
    value = value.strip() if isinstance(value, str) else ""
    if not 0 < len(value) <= length_max:
        raise ValueError(f"{name} is missing or too long")
    return value


def _key(fields: dict[str, Any], *, openid: str, seconds: str, kind: str, is_event: bool) -> str:
    """Messages have a MsgId. Events are told by sender, time and name, and by what they are about.

    Two different events of one person can share a second, so EventKey or MsgID is part of the key, and for events that
    have neither all of their fields are.
    """
    number = fields.get("MsgId")
    if not is_event and isinstance(number, str) and number.strip():
        return _short(f"m:{number.strip()}")
    about = [value for name in ("EventKey", "MsgID") if isinstance(value := fields.get(name), str)]
    if not any(about) and kind not in ("subscribe", "unsubscribe"):
        about = [json.dumps(fields, sort_keys=True, ensure_ascii=False)]
    return _short(":".join(["e" if is_event else "u", openid, seconds, kind, *about]))


def _short(key: str) -> str:
    return key if len(key) <= KEY_LENGTH_MAX else f"h:{hashlib.sha256(key.encode()).hexdigest()}"
