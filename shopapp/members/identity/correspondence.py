"""What passed between a person and the official account, as part of what is known of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shopapp.wechat import retention

from .members import openids_of


def export(customer_id: int) -> list[dict[str, Any]]:
    return retention.export(openids=openids_of(customer_id))


def erase(customer_id: int, _now: datetime) -> None:
    retention.forget(openids=openids_of(customer_id))
