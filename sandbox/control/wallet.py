"""The Pay side of the phone: what waits for a tap."""

from __future__ import annotations

from typing import Any

from .. import pay


def waiting(openid: str) -> dict[str, Any]:
    """Orders to pay and transfers to receive."""
    return {"orders": pay.open_orders(openid), "transfers": pay.open_transfers(openid)}
