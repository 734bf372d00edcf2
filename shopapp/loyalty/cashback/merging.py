"""Claims follow a customer into another, and back. Of two claims for one number each stays with whom it was."""

from __future__ import annotations

from shopapp.kernel import merging
from shopapp.kernel.merging import Kept, Merge, MergePart

from .models import CashbackClaim


def merge(of: Merge) -> Kept:
    return {"claims": merging.move(CashbackClaim, of, once_per="number_key")}


def undo(of: Merge, kept: Kept) -> None:
    merging.move_back(CashbackClaim, of, kept["claims"])


PART = MergePart(name="claims", tables=frozenset({"cashback_claims"}), merge=merge, undo=undo, gather=merge)
