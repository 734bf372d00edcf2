"""Putting messages into the outgoing queue: in the transaction of what they tell of, each key once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from shopapp.kernel import preferences
from shopapp.kernel.db import insert_once
from shopapp.kernel.settings import settings
from shopapp.wechat.inbound.replies import cut_bytes
from shopapp.wechat.models import MessageKind, MessageState, OutgoingMessage

from .fields import FieldRefused, clean_field

# The platform takes template messages for service notices alone; marketing through them costs the account the interface.
TOPICS = frozenset(
    {
        "order_paid",
        "order_shipped",
        "order_cancelled",
        "order_completed",
        "order_refunded",
        "aftersales_changed",
        "balance_changed",
        "points_changed",
        "points_earned",
        "points_expiring",
        "tier_changed",
        "tier_up",
        "tier_dropping",
        "tier_dropped",
        "membership_changed",
        "coupon_expiring",
        "perk_granted",
        "cashback_waiting",
        "cashback_paid",
        "cashback_rejected",
    }
)
TEMPLATE_LAPSES = timedelta(days=1)
SERVICE_LAPSES = timedelta(hours=48)
SERVICE_TEXT_BYTES_MAX = 2048
LAPSED = "it came too late"
SWITCHED_OFF = "this topic is switched off"
NO_TEMPLATE = "no template serves this topic"


def queue_template(
    *,
    key: str,
    openid: str,
    topic: str,
    data: Mapping[str, str],
    path: str,
    now: datetime,
    lapses_after: timedelta = TEMPLATE_LAPSES,
) -> bool:
    """Queue a service notice; tells whether the key was new.

    `topic` is one of `TOPICS`, `path` a page of the shop. The preference `wechat.templates` says which template serves
    the topic and where each name of `data` goes: {topic: {"template_id": …, "fields": {our name: template field}, "notice":
    whether it is one of subscription notices, "off": whether it is switched off}}. A topic without a template or switched
    off, and data that fit into no template, leave a skipped row. Raises `ValueError` for another topic.
    """
    if topic not in TOPICS:
        raise ValueError(f"{topic!r} is not a service notice")
    row: dict[str, Any] = {"key": key, "openid": openid, "kind": MessageKind.TEMPLATE, "topic": topic}
    mapping = preferences.read("wechat.templates").get(topic)
    if not mapping or not mapping.get("template_id"):
        return _skip(row, problem=NO_TEMPLATE, now=now)
    if mapping.get("off"):
        return _skip(row, problem=SWITCHED_OFF, now=now)
    try:
        cleaned = _fill(mapping.get("fields", {}), data)
    except FieldRefused as problem:
        return _skip(row, problem=str(problem), now=now)
    page = settings().base_url + path
    body = {"template_id": mapping["template_id"], "data": cleaned}
    if mapping.get("notice"):
        row["kind"], body["page"] = MessageKind.NOTICE, page
    else:
        body["url"] = page
    return _queue(row, body=body, now=now, lapses_after=lapses_after)


def queue_service_text(
    *,
    key: str,
    openid: str,
    topic: str,
    text: str,
    now: datetime,
    lapses_after: timedelta = SERVICE_LAPSES,
) -> bool:
    """Queue a customer-service text; it is sent only while a window of that person is open. Tells whether the key was
    new."""
    row: dict[str, Any] = {"key": key, "openid": openid, "kind": MessageKind.SERVICE, "topic": topic}
    body = {"msgtype": "text", "text": {"content": cut_bytes(text, most=SERVICE_TEXT_BYTES_MAX)}}
    return _queue(row, body=body, now=now, lapses_after=lapses_after)


def note_missed(*, key: str, openid: str, topic: str, now: datetime) -> bool:
    """Keep that a customer-service text could not be sent in time; tells whether the key was new."""
    row: dict[str, Any] = {"key": key, "openid": openid, "kind": MessageKind.SERVICE, "topic": topic}
    return _skip(row, problem=LAPSED, now=now)


def _fill(places: Mapping[str, str], data: Mapping[str, str]) -> dict[str, dict[str, str]]:
    filled: dict[str, dict[str, str]] = {}
    for name, field in places.items():
        try:
            filled[field] = {"value": clean_field(field, data.get(name, ""))}
        except FieldRefused as problem:
            raise FieldRefused(f"{name} -> {field}: {problem}") from problem
    return filled


def _queue(row: dict[str, Any], *, body: dict[str, Any], now: datetime, lapses_after: timedelta) -> bool:
    return insert_once(
        OutgoingMessage,
        **row,
        body=json.dumps(body, ensure_ascii=False),
        state=MessageState.QUEUED,
        tries=0,
        next_try_at=now,
        lapses_at=now + lapses_after,
        created_at=now,
    )


def _skip(row: dict[str, Any], *, problem: str, now: datetime) -> bool:
    return insert_once(
        OutgoingMessage,
        **row,
        body="{}",
        state=MessageState.SKIPPED,
        tries=0,
        next_try_at=now,
        lapses_at=now,
        problem=problem,
        created_at=now,
    )
