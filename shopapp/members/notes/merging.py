"""Notes, tasks and tags follow a customer into another, and back. A tag that both have counts once."""

from __future__ import annotations

from shopapp.kernel import merging
from shopapp.kernel.merging import Kept, Merge, MergePart

from .models import CustomerNote, CustomerTag, CustomerTask


def merge(of: Merge) -> Kept:
    return gather(of) | {"tags": merging.move(CustomerTag, of, once_per="tag_id")}


def gather(of: Merge) -> Kept:
    return {"notes": merging.move(CustomerNote, of), "tasks": merging.move(CustomerTask, of), "tags": []}


def undo(of: Merge, kept: Kept) -> None:
    merging.move_back(CustomerNote, of, kept["notes"])
    merging.move_back(CustomerTask, of, kept["tasks"])
    merging.move_back(CustomerTag, of, kept["tags"])


PART = MergePart(
    name="notes",
    tables=frozenset({"customer_notes", "customer_tasks", "customer_tags"}),
    merge=merge,
    undo=undo,
    gather=gather,
)
