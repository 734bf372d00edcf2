"""What happens by itself as the virtual clock moves on."""

from __future__ import annotations

from . import refunds, transfers


def advance() -> None:
    """Settle the refunds and move the transfers whose time has come."""
    refunds.settle_due()
    transfers.move_due()
