"""The address book as part of what is known of a person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete

from shopapp.kernel.db import rows_changed

from . import queries
from .models import Address


def export(customer_id: int) -> list[dict[str, Any]]:
    return [
        {
            "name": entry.name,
            "phone": entry.phone,
            "region": entry.region,
            "detail": entry.detail,
            "is_default": entry.is_default,
        }
        for entry in queries.addresses_of(customer_id=customer_id)
    ]


def erase(customer_id: int, _now: datetime) -> None:
    rows_changed(delete(Address).where(Address.customer_id == customer_id))
