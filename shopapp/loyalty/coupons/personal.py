"""A person's coupons as part of what is known of them. Erased, they stay with the row that names nobody."""

from __future__ import annotations

from typing import Any

from shopapp.kernel import clock
from shopapp.kernel.clock import SHOP_ZONE

from . import queries


def export(customer_id: int) -> list[dict[str, Any]]:
    """Every coupon they hold or held, the newest first."""
    now, found = clock.now(), []
    before: str | None = None
    while True:
        page, before = queries.coupons_of(customer_id=customer_id, now=now, before=before)
        found += [
            {
                "name": one.terms.name,
                "kind": one.terms.kind.value,
                "source": one.source.value,
                "status": one.status.value,
                "given_at": one.given_at.astimezone(SHOP_ZONE).isoformat(),
                "valid_until": one.valid_until.astimezone(SHOP_ZONE).isoformat(),
                "order_no": one.order_no,
            }
            for one in page
        ]
        if before is None:
            return found


def given_once(customer_id: int) -> set[str]:
    return queries.given_once(customer_id)
