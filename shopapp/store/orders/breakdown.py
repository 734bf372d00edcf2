"""How a price came about, in words: one row for each reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from shopapp.kernel.i18n import _
from shopapp.store.pricing.rules import Quote

from .models import Order

Taken = tuple[str, int, str]
"""Kind, fen and note of what lowered a line."""


def of_quote(quote: Quote) -> list[dict[str, Any]]:
    """The reductions of a quote over all lines: [{label, fen}]."""
    taken = [(one.kind, one.amount.fen, one.note) for line in quote.lines for one in line.reductions]
    return _rows(taken, points=quote.points_used, in_mall=any(line.in_mall for line in quote.lines))


def of_order(order: Order) -> list[dict[str, Any]]:
    """The reductions of an order over all lines, as they were when it was placed: [{label, fen}]."""
    taken = [_taken(kept) for line in order.lines for kept in line.reductions]
    return _rows(taken, points=order.points, in_mall=order.in_mall)


def of_line(reductions: Iterable[Mapping[str, Any]], *, in_mall: bool = False) -> list[dict[str, Any]]:
    """The reductions of one line of an order: [{label, fen}]."""
    return [_row(_taken(kept), points=0, in_mall=in_mall) for kept in reductions]


def _taken(kept: Mapping[str, Any]) -> Taken:
    return kept["kind"], kept["fen"], kept["note"]


def _rows(taken: Iterable[Taken], *, points: int, in_mall: bool) -> list[dict[str, Any]]:
    """One row for each kind and note, in the order of the steps."""
    sums: dict[tuple[str, str], int] = {}
    for kind, fen, note in taken:
        reason = (kind, "" if kind == "points" else note)
        sums[reason] = sums.get(reason, 0) + fen
    return [_row((kind, fen, note), points=points, in_mall=in_mall) for (kind, note), fen in sums.items()]


def _row(taken: Taken, *, points: int, in_mall: bool) -> dict[str, Any]:
    kind, fen, note = taken
    count = points or (int(note) if kind == "points" and note.isdigit() else 0)
    labels = {
        "tier": _("会员价（%(name)s）", name=note) if note else _("会员价"),
        "coupon": _("优惠券：%(name)s", name=note),
        "points": _("积分兑换（%(count)s 积分）", count=count)
        if in_mall
        else _("积分抵扣（%(count)s 积分）", count=count),
    }
    return {"label": labels.get(kind, note), "fen": fen}
