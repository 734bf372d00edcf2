"""Our transfers against the fund flow of the operating account, to the fen.

Money leaves the account when the platform takes a transfer and comes back when it ends without being paid, so a transfer
that was paid on a day went on that day or on one shortly before, and never came back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import or_, select

from shopapp.kernel import clock
from shopapp.kernel.db import db, transaction
from shopapp.kernel.money import Money
from shopapp.wechat import pay
from shopapp.wechat.pay import FlowRow, NotReady
from shopapp.wechat.worklist import services as worklist
from shopapp.wechat.worklist.queries import NoticeState

from .payout_models import CashbackPayout, PayoutState

ONE_DAY = timedelta(days=1)
MIDNIGHT_MARGIN = timedelta(minutes=30)
# A transfer is paid within a day of being taken; being taken can wait for money in the account.
DAYS_BEFORE_MAX = 3
NUMBERS_PER_QUERY = 500
KIND = "转账"


class DifferenceKind(StrEnum):
    """unknown: only the bill knows it; not_in_bill: only we do; returned: paid by our books, but the money came back."""

    UNKNOWN = "transfer_unknown"
    AMOUNT = "transfer_amount"
    NOT_IN_BILL = "transfer_not_in_bill"
    RETURNED = "transfer_returned"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Amounts in fen; None on the side that does not know the number."""

    kind: DifferenceKind
    number: str
    bill_fen: int | None
    ours_fen: int | None


@dataclass(kw_only=True)
class Report:
    """What was compared, and what differs. `waiting` numbers may still come in the next bill."""

    date: date
    transfers: dict[str, int] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "date": self.date.isoformat(),
            "ok": not self.differences,
            "transfers": self.transfers,
            "differences": [asdict(difference) for difference in self.differences],
            "waiting": self.waiting,
        }


class Flows:
    """What went and came on several days, each fetched when it is first needed; a day without a bill yet has none."""

    def __init__(self) -> None:
        self._found: dict[date, list[FlowRow] | None] = {}

    def of(self, day: date) -> list[FlowRow] | None:
        if day not in self._found:
            try:
                rows = pay.client().operating_flow(day=day)
                self._found[day] = [row for row in rows if KIND in row.kind]
            except NotReady:
                self._found[day] = None
        return self._found[day]


def reconcile(*, day: date) -> Report:
    """Compare one day of shop time; call it outside a transaction. Raises `PayProblem` when there is no bill to be had."""
    flows = Flows()
    rows = flows.of(day)
    if rows is None:
        raise NotReady("STATEMENT_CREATING")
    with transaction():
        paid, known = _paid_on(day), _known(rows)
    report = Report(date=day, transfers=_figures(rows, paid))
    for row in rows:
        _check_row(report, row, known.get(row.voucher) or known.get(row.business_no))
    for payout in paid:
        _check_paid(report, flows, payout)
    return report


def _paid_on(day: date) -> list[CashbackPayout]:
    statement = select(CashbackPayout).where(
        CashbackPayout.state == PayoutState.SUCCESS,
        CashbackPayout.ended_at >= clock.day_start(day),
        CashbackPayout.ended_at < clock.day_start(day + ONE_DAY),
    )
    return list(db.session.scalars(statement.order_by(CashbackPayout.id)))


def _known(rows: Iterable[FlowRow]) -> dict[str, CashbackPayout]:
    """Our payouts by either number that the bill may tell."""
    numbers = sorted({number for row in rows for number in (row.voucher, row.business_no) if number})
    found: dict[str, CashbackPayout] = {}
    for start in range(0, len(numbers), NUMBERS_PER_QUERY):
        some = numbers[start : start + NUMBERS_PER_QUERY]
        wanted = or_(CashbackPayout.out_bill_no.in_(some), CashbackPayout.transfer_bill_no.in_(some))
        for payout in db.session.scalars(select(CashbackPayout).where(wanted)):
            found |= {payout.out_bill_no: payout, payout.transfer_bill_no or "": payout}
    return found


def _figures(rows: Iterable[FlowRow], paid: Iterable[CashbackPayout]) -> dict[str, int]:
    went = [row.amount.fen for row in rows if row.amount.fen < 0]
    came = [row.amount.fen for row in rows if row.amount.fen > 0]
    ours = [payout.amount.fen for payout in paid]
    return {
        "went": len(went),
        "went_fen": -sum(went),
        "returned": len(came),
        "returned_fen": sum(came),
        "paid": len(ours),
        "paid_fen": sum(ours),
    }


def _check_row(report: Report, row: FlowRow, payout: CashbackPayout | None) -> None:
    fen = abs(row.amount.fen)
    if payout is None:
        _add(report, DifferenceKind.UNKNOWN, row.voucher or row.business_no, bill=fen, ours=None)
    elif payout.amount.fen != fen:
        _add(report, DifferenceKind.AMOUNT, payout.out_bill_no, bill=fen, ours=payout.amount.fen)
    elif row.amount.fen > 0 and payout.state is PayoutState.SUCCESS:
        _add(report, DifferenceKind.RETURNED, payout.out_bill_no, bill=fen, ours=fen)


def _check_paid(report: Report, flows: Flows, payout: CashbackPayout) -> None:
    """Look for the money of a paid transfer, from the day on which it was asked for to the day after it was paid."""
    today = clock.shop_day(clock.now())
    begin = max(clock.shop_day(payout.asked_at or payout.created_at), report.date - DAYS_BEFORE_MAX * ONE_DAY)
    unseen = False
    days = [report.date - back * ONE_DAY for back in range((report.date - begin).days + 1)]
    for day in [*days, report.date + ONE_DAY]:
        rows = flows.of(day) if day < today else None
        unseen = unseen or rows is None
        if any(_is(row, payout) and row.amount.fen < 0 for row in rows or []):
            return
    if unseen and _near_midnight(payout.ended_at, report.date):
        report.waiting.append(payout.out_bill_no)
        return
    _add(report, DifferenceKind.NOT_IN_BILL, payout.out_bill_no, bill=None, ours=payout.amount.fen)


def _is(row: FlowRow, payout: CashbackPayout) -> bool:
    return row.voucher == payout.out_bill_no or row.business_no == payout.transfer_bill_no


def _near_midnight(at: datetime | None, day: date) -> bool:
    return at is not None and at >= clock.day_start(day + ONE_DAY) - MIDNIGHT_MARGIN


def _add(report: Report, kind: DifferenceKind, number: str, *, bill: int | None, ours: int | None) -> None:
    report.differences.append(Difference(kind=kind, number=number, bill_fen=bill, ours_fen=ours))


def keep(*, report: Report) -> None:
    """Put each difference on the staff's worklist, once however often the day is compared."""
    with transaction():
        for difference in report.differences:
            bill, ours = (
                None if fen is None else Money(fen) for fen in (difference.bill_fen, difference.ours_fen)
            )
            worklist.keep_notice(
                notice_id=f"flow:{report.date:%y%m%d}:{difference.number}",
                kind=f"flow:{difference.kind}",
                number=difference.number,
                state=NoticeState.WRONG,
                problem=f"bill {bill} yuan, ours {ours} yuan",
                content=json.dumps(asdict(difference)),
                now=clock.now(),
            )
