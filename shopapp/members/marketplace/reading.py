"""From the rows of a file to what it tells of each order; what cannot be taken is told with its row and its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from shopapp.kernel.i18n import _, _l

from . import cells, rules
from .layouts import Columns, Statuses
from .recognising import Recognised
from .rules import Status, Told

Identify = Callable[[str], str]
"""Takes what identifies a person and gives the hash to know it by."""
REJECTED_MAX = 50_000


class RowCut(cells.CellProblem):
    code, text = "cut_row", _l("这一行不完整，只有 %(found)s 列，标题有 %(wanted)s 列。文件可能没有下载完。")


class RowTooLong(cells.CellProblem):
    code, text = "too_many_cells", _l("这一行有 %(found)s 列，比标题的 %(wanted)s 列多，对不上。")


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """A row that was not taken; rows are counted from 1, the header among them, as a spreadsheet counts."""

    row: int
    order_no: str | None
    reason: str
    text: str
    status_text: str | None = None


@dataclass(frozen=True, kw_only=True)
class Held:
    """All rows of one order, of which one has an unknown status: header to cell."""

    order_no: str
    status_text: str
    rows: list[dict[str, str]]


@dataclass
class Survey:
    """What has to be known of a whole file before the rows of an order can be put together.

    `last` is the last row of orders whose rows do not stand beside one another. `spoiled` are orders with a row that
    cannot be taken: none of their rows is, and those with nothing worse than an unknown status wait.
    """

    last: dict[str, int] = field(default_factory=dict)
    spoiled: dict[str, cells.CellProblem] = field(default_factory=dict)


class Reader:
    """Reads one recognised table; `skipped` and `rejected` grow while it does; `waiting` are orders begun that have rows further down."""

    def __init__(
        self,
        found: Recognised,
        *,
        explained: Mapping[str, Status],
        shop: str,
        buyer: Identify,
        phone: Identify,
    ) -> None:
        self.found = found
        self.columns = Columns(found.header)
        self.number_at = self.columns.place(*found.layout.number)
        self.read = found.layout.reader(self.columns, Statuses(found.layout.statuses, explained))
        self.shop = shop
        self.buyer, self.phone = buyer, phone
        self.skipped = 0
        self.rejected: list[Rejected] = []
        self.rejected_count = 0
        self.held: list[Held] = []
        self.row = 0
        self.waiting: dict[str, Told] = {}

    def take_held(self) -> list[Held]:
        """Those found since it was last asked."""
        taken, self.held = self.held, []
        return taken

    def orders(self) -> Iterator[Told]:
        """What the file tells of each order; of one order several times only where each of its rows tells of all of it."""
        if not self.found.layout.grouped:
            yield from self._rows_alone()
        else:
            yield from self._rows_together(self._survey())

    def _rows(self) -> Iterator[tuple[list[str], Told | cells.CellProblem]]:
        """Each row that means something, and what it tells."""
        width, read, summed = self.columns.width, self.read, False
        first = self.found.header_row + 2
        for number, row in enumerate(self.found.data(), start=first):
            self.row = number
            try:
                if len(row) != width:
                    self._fit(row)
                row.append("")
                told: Told | cells.CellProblem = read(row)
            except cells.CellProblem as problem:
                told = problem
                if summed or not any(map(cells.bare, row)) or cells.is_summary(row):
                    summed = summed or (
                        self.found.layout.splitting == "backticks" and any(map(cells.bare, row))
                    )
                    self.skipped += 1
                    continue
            yield row, told

    def _fit(self, row: list[str]) -> None:
        width = self.columns.width
        if len(row) < width:
            raise RowCut(found=len(row), wanted=width)
        if any(map(cells.bare, row[width:])):
            raise RowTooLong(found=len(row), wanted=width)
        del row[width:]

    def _rows_alone(self) -> Iterator[Told]:
        for row, told in self._rows():
            if isinstance(told, Told):
                yield self._identified(told)
                continue
            self._reject(row, told)
            if isinstance(told, cells.StatusUnknown):
                self._hold(self._number(row) or "", told, [self._named(row)])

    def _survey(self) -> Survey:
        survey = Survey()
        seen: set[str] = set()
        before = ""
        for row, told in self._rows():
            if isinstance(told, Told):
                order_no = told.order_no
            else:
                order_no = self._number(row) or ""
                worst = survey.spoiled.get(order_no)
                if order_no and (worst is None or isinstance(worst, cells.StatusUnknown)):
                    survey.spoiled[order_no] = told
            if order_no != before:
                if order_no in seen:
                    survey.last[order_no] = self.row
                seen.add(order_no)
                before = order_no
            elif order_no in survey.last:
                survey.last[order_no] = self.row
        self.skipped = 0
        return survey

    def _rows_together(self, survey: Survey) -> Iterator[Told]:
        waiting = self.waiting
        spoilt: dict[str, list[dict[str, str]]] = {}
        current: Told | None = None
        for row, told in self._rows():
            order_no = told.order_no if isinstance(told, Told) else self._number(row) or ""
            if current is not None and current.order_no != order_no:
                if current.order_no not in waiting:
                    yield current
                current = None
            problem = survey.spoiled.get(order_no)
            if problem is not None or not isinstance(told, Told):
                self._reject(row, told if isinstance(told, cells.CellProblem) else None, order_no, problem)
                if isinstance(problem, cells.StatusUnknown):
                    spoilt.setdefault(order_no, []).append(self._named(row))
                continue
            self._identified(told)
            if order_no in survey.last:
                together = waiting.setdefault(order_no, told)
                if together is not told:
                    self._add(together, told)
                if self.row >= survey.last[order_no]:
                    yield waiting.pop(order_no)
            elif current is None:
                current = told
            else:
                self._add(current, told)
        if current is not None:
            yield current
        for order_no, rows in spoilt.items():
            self._hold(order_no, survey.spoiled[order_no], rows)

    def _add(self, order: Told, told: Told) -> None:
        """Rows that are the same are one thing told twice; where the layout tells orders whole, each row is another thing."""
        if self.found.layout.whole:
            told.lines = {rules.place_key(len(order.lines)): line for line in told.lines.values()}
        order.join(told)

    def _identified(self, told: Told) -> Told:
        told.platform = self.found.platform
        told.shop = self.shop or told.shop[: rules.SHOP_LENGTH_MAX]
        if told.buyer is not None:
            told.buyer = self.buyer(told.buyer)
        if told.phone is not None:
            told.phone = self.phone(told.phone)
        return told

    def _number(self, row: list[str]) -> str | None:
        number = cells.half_width(row[self.number_at])[:40] if self.number_at < len(row) else ""
        return number.replace("\x00", "") or None

    def _named(self, row: list[str]) -> dict[str, str]:
        return dict(zip(self.found.header, row, strict=False))

    def _reject(
        self,
        row: list[str],
        problem: cells.CellProblem | None,
        order_no: str | None = None,
        elsewhere: cells.CellProblem | None = None,
    ) -> None:
        self.rejected_count += 1
        if len(self.rejected) >= REJECTED_MAX:
            return
        text = (
            problem.message
            if problem
            else _(
                "同一订单的另一行有问题，这一单都没有导入：%(why)s",
                why=elsewhere.message if elsewhere else "",
            )
        )
        reason = problem.code if problem else "order_incomplete"
        found = order_no or self._number(row)
        status = _status_text(problem)
        self.rejected.append(
            Rejected(row=self.row, order_no=found, reason=reason, text=text, status_text=status)
        )

    def _hold(self, order_no: str, problem: cells.CellProblem, rows: list[dict[str, str]]) -> None:
        self.held.append(Held(order_no=order_no, status_text=_status_text(problem) or "", rows=rows))


def _status_text(problem: cells.CellProblem | None) -> str | None:
    return str(problem.details["cell"]) if isinstance(problem, cells.StatusUnknown) else None
