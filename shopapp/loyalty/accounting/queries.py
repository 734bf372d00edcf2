"""What accounting takes from the books: statements of customers, and what the shop owes, by month."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shopapp.kernel.money import Money
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.ledger import queries as ledger
from shopapp.loyalty.ledger.queries import Balance, Liability, StatementLine
from shopapp.loyalty.ledger.writing import purse

from .months import Month
from .wording import KIND_NAMES, UNIT_NAMES

INSTANT = timedelta(microseconds=1)
MONEY = frozenset({Unit.PRINCIPAL, Unit.GIFT, Unit.BUDGET})


@dataclass(frozen=True, kw_only=True)
class MonthStatement:
    """All movements of a customer's unit in a month, the oldest first, between what there was before and after."""

    unit: Unit
    month: Month
    opening: Balance
    lines: list[StatementLine]
    closing: Balance


def statement(*, customer_id: int, unit: Unit, month: Month) -> MonthStatement:
    mine = purse(customer_id=customer_id, unit=unit)
    return MonthStatement(
        unit=unit,
        month=month,
        opening=ledger.balance_at(purse=mine, at=month.since - INSTANT),
        lines=ledger.statement_between(purse=mine, since=month.since, until=month.until),
        closing=ledger.balance_at(purse=mine, at=month.until - INSTANT),
    )


def liabilities(*, last: Month, count: int) -> list[tuple[Month, Liability]]:
    """What the shop owed and how it moved, for each unit in each of `count` months up to `last`; the oldest first."""
    months = [last.moved(-back) for back in reversed(range(count))]
    return [
        (month, one) for month in months for one in ledger.liabilities(since=month.since, until=month.until)
    ]


def measured(amount: int, unit: Unit) -> Money | int:
    """Money where the unit counts fen."""
    return Money(amount) if unit in MONEY else amount


STATEMENT_HEADER = ["time", "kind", "subject", "reason", "amount", "pending", "debt", "balance"]


def statement_rows(found: MonthStatement) -> Iterable[list[Any]]:
    """Rows of a file: what was there before, the movements, what is there after."""

    def row(*cells: Any, numbers: tuple[int, int, int, int]) -> list[Any]:
        return [*cells, *(measured(number, found.unit) for number in numbers)]

    def state(at: Any, name: str, balance: Balance) -> list[Any]:
        return row(at, name, "", "", numbers=(balance.active, balance.pending, balance.debt, balance.active))

    yield state(found.month.since, "opening", found.opening)
    for line in found.lines:
        yield row(
            line.at,
            str(KIND_NAMES[line.kind]),
            line.subject,
            line.reason,
            numbers=(line.active, line.pending, line.debt, line.balance),
        )
    yield state(found.month.until - INSTANT, "closing", found.closing)


MOVES = ("issued", "spent", "expired", "reversed", "waived", "adjusted")
LIABILITY_HEADER = ["month", "unit", "accounts", "opening", *MOVES, "closing"]


def liability_rows(found: Iterable[tuple[Month, Liability]]) -> Iterable[list[Any]]:
    for month, one in found:
        figures = [getattr(one, name) for name in ("opening", *MOVES, "closing")]
        yield [
            str(month),
            str(UNIT_NAMES[one.unit.value]),
            one.accounts,
            *(measured(figure, one.unit) for figure in figures),
        ]
