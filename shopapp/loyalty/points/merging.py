"""Days of check-in follow a customer into another, and back; what was given under caps counts for both together."""

from __future__ import annotations

from shopapp.kernel import merging
from shopapp.kernel.merging import Kept, Merge, MergePart, Tally

from .models import CheckIn, PointsCount

COUNTS = Tally(model=PointsCount, things=("kind", "period"), total="counted")


def merge(of: Merge) -> Kept:
    return {"days": merging.move(CheckIn, of, once_per="day"), "counts": COUNTS.add(of)}


def undo(of: Merge, kept: Kept) -> None:
    merging.move_back(CheckIn, of, kept["days"])
    COUNTS.take_off(kept["counts"])


PART = MergePart(name="points", tables=frozenset({"check_ins", "points_counts"}), merge=merge, undo=undo)
