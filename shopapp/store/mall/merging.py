"""What was taken in the points mall follows a customer into another, and back; the limits per person count both."""

from __future__ import annotations

from shopapp.kernel import merging
from shopapp.kernel.merging import Kept, Merge, MergePart, Tally

from .models import MallRedemption, MallTally

TALLIES = Tally(model=MallTally, things=("item_id",), total="given", since="month", within="in_month")


def merge(of: Merge) -> Kept:
    return gather(of) | {"tallies": TALLIES.add(of)}


def gather(of: Merge) -> Kept:
    return {"redemptions": merging.move(MallRedemption, of), "tallies": []}


def undo(of: Merge, kept: Kept) -> None:
    merging.move_back(MallRedemption, of, kept["redemptions"])
    TALLIES.take_off(kept["tallies"])


PART = MergePart(
    name="mall",
    tables=frozenset({"mall_redemptions", "mall_tallies"}),
    merge=merge,
    undo=undo,
    gather=gather,
)
