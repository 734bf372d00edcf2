"""A file of one's own making, in our own words: one row an item, all rows of an order in one file."""

from __future__ import annotations

import re
from datetime import timedelta

from shopapp.kernel import clock
from shopapp.kernel.i18n import _l

from .. import cells, rules
from ..layouts import Columns, Kind, Layout, ReadRow, Statuses
from ..rules import Line, Status, Told

NUMBER = re.compile(r"[0-9A-Za-z_-]{1,40}")
STATUSES = {status.value: status for status in Status}
AHEAD_MAX = timedelta(days=2)


class OwnNumberWrong(cells.CellProblem):
    code, text = "bad_order_no", _l("订单号 %(cell)s 只能用字母、数字、- 和 _，最多 40 个。")


class PaidAhead(cells.CellProblem):
    code, text = "bad_time", _l("付款时间 %(cell)s 还没有到，请检查日期。")


class RefundTooMuch(cells.CellProblem):
    code, text = "refund_above_paid", _l("退款 %(refund)s 比实付 %(paid)s 还多。")


def order_number(cell: str) -> str:
    """Raises `cells.NumberMissing`, `cells.NumberDestroyed`, `OwnNumberWrong`: also for a formula."""
    number = cells.bare(cell)
    if number.startswith("="):
        raise OwnNumberWrong(cell=number[:40])
    try:
        return cells.order_number(number, NUMBER)
    except cells.NumberWrong:
        raise OwnNumberWrong(cell=number[:40]) from None


def read_items(columns: Columns, status_of: Statuses) -> ReadRow:
    pick = columns.pick(
        "order_no", "buyer_id", "paid_at", "status", "item_title", "quantity", "paid_yuan", "refund_yuan"
    )
    latest = clock.now() + AHEAD_MAX

    def read(row: list[str]) -> Told:
        number, buyer, paid_time, state, title, quantity, paid, refund = pick(row)
        order_no = order_number(number)
        status, paid_at = status_of(state), cells.moment(paid_time)
        if paid_at is not None and paid_at > latest:
            raise PaidAhead(cell=cells.bare(paid_time)[:40])
        amount, back = cells.amount(paid) or 0, cells.amount(refund) or 0
        if back > amount:
            raise RefundTooMuch(refund=cells.bare(refund)[:40], paid=cells.bare(paid)[:40] or "0")
        was_paid = back > 0 or paid_at is not None or status not in (Status.UNPAID, Status.CLOSED)
        line = Line(
            title=cells.words(title),
            sku="",
            quantity=cells.whole(quantity),
            numbered=False,
            status=status,
            paid=amount if was_paid else 0,
            refunded=back,
        )
        return Told(
            order_no,
            ordered_at=paid_at,
            paid_at=paid_at,
            buyer=cells.buyer_key(buyer),
            lines={rules.place_key(0): line},
        )

    return read


LAYOUTS = (
    Layout(
        platform="generic",
        kind=Kind.BOTH,
        needs=(("order_no",), ("status",), ("paid_yuan",)),
        number=("order_no",),
        statuses=STATUSES,
        reader=read_items,
        whole=True,
    ),
)
