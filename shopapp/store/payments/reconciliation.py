"""Our books against the trade bill of WeChat Pay, payment by payment and refund by refund, to the fen.

What happened around midnight can stand in the bill of the next day, so what one bill lacks is looked for in those beside
it. The bill of the following day may not be there yet: the last minutes of a day then wait instead of being a difference.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from shopapp.kernel import clock
from shopapp.kernel.db import db, transaction
from shopapp.kernel.money import Money
from shopapp.wechat import pay
from shopapp.wechat.pay import BillRow, NotReady
from shopapp.wechat.worklist import services as worklist
from shopapp.wechat.worklist.queries import NoticeState

from .models import Payment, PaymentStatus, Refund, RefundState

ONE_DAY = timedelta(days=1)
MIDNIGHT_MARGIN = timedelta(minutes=30)
EARLIER_BILLS_MAX = 5
NUMBERS_PER_QUERY = 500


class DifferenceKind(StrEnum):
    """What can differ: money that only the bill or only our books know, or other amounts."""

    PAYMENT_NOT_IN_BILL = "payment_not_in_bill"
    PAYMENT_UNKNOWN = "payment_unknown"
    PAYMENT_NOT_PAID_HERE = "payment_not_paid_here"
    PAYMENT_AMOUNT = "payment_amount"
    REFUND_NOT_IN_BILL = "refund_not_in_bill"
    REFUND_UNKNOWN = "refund_unknown"
    REFUND_AMOUNT = "refund_amount"


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
    payments: dict[str, int] = field(default_factory=dict)
    refunds: dict[str, int] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "date": self.date.isoformat(),
            "ok": not self.differences,
            "payments": self.payments,
            "refunds": self.refunds,
            "differences": [asdict(difference) for difference in self.differences],
            "waiting": self.waiting,
        }


class Bills:
    """The bills of several days, each fetched when it is first needed; a day without a bill yet has none."""

    def __init__(self) -> None:
        self._found: dict[date, dict[str, BillRow] | None] = {}

    def of(self, day: date) -> dict[str, BillRow] | None:
        if day not in self._found:
            try:
                rows = pay.client().trade_bill(day=day)
                self._found[day] = {row.out_refund_no or row.out_trade_no: row for row in rows}
            except NotReady:
                self._found[day] = None
        return self._found[day]


def reconcile(*, day: date) -> Report:
    """Compare one day of shop time; call it outside a transaction. Raises `PayProblem` when there is no bill to be had."""
    bills = Bills()
    rows = bills.of(day)
    if rows is None:
        raise NotReady("STATEMENT_CREATING")
    report = Report(date=day)
    with transaction():
        paid, refunded = _ours_of(day)
        known_payments = _payments(row.out_trade_no for row in rows.values() if not row.is_refund)
        known_refunds = _refunds(row.out_refund_no for row in rows.values() if row.out_refund_no)
    _sum_up(report, rows=list(rows.values()), paid=paid, refunded=refunded)
    for row in rows.values():
        if row.is_refund:
            _check_refund_row(report, row, known_refunds.get(row.out_refund_no or ""))
        else:
            _check_payment_row(report, row, known_payments.get(row.out_trade_no))
    for payment in paid:
        if payment.out_trade_no not in rows:
            near = [day + ONE_DAY, day - ONE_DAY]
            _check_missing(
                report,
                bills,
                kinds=(DifferenceKind.PAYMENT_NOT_IN_BILL, DifferenceKind.PAYMENT_AMOUNT),
                number=payment.out_trade_no,
                amount=payment.amount,
                at=payment.paid_at,
                near=near,
            )
    for refund in refunded:
        if refund.out_refund_no not in rows:
            _check_missing(
                report,
                bills,
                kinds=(DifferenceKind.REFUND_NOT_IN_BILL, DifferenceKind.REFUND_AMOUNT),
                number=refund.out_refund_no,
                amount=refund.amount,
                at=refund.done_at,
                near=_days_of(refund, day=day),
            )
    return report


def _ours_of(day: date) -> tuple[list[Payment], list[Refund]]:
    begin, end = clock.day_start(day), clock.day_start(day + ONE_DAY)
    paid = select(Payment).where(
        Payment.status == PaymentStatus.PAID, Payment.paid_at >= begin, Payment.paid_at < end
    )
    refunded = select(Refund).where(
        Refund.state == RefundState.DONE, Refund.done_at >= begin, Refund.done_at < end
    )
    return list(db.session.scalars(paid)), list(db.session.scalars(refunded))


def _payments(numbers: Iterable[str]) -> dict[str, Payment]:
    found: dict[str, Payment] = {}
    for some in _chunks(list(numbers)):
        rows = db.session.scalars(select(Payment).where(Payment.out_trade_no.in_(some)))
        found |= {row.out_trade_no: row for row in rows}
    return found


def _refunds(numbers: Iterable[str | None]) -> dict[str, Refund]:
    found: dict[str, Refund] = {}
    for some in _chunks([number for number in numbers if number]):
        rows = db.session.scalars(select(Refund).where(Refund.out_refund_no.in_(some)))
        found |= {row.out_refund_no: row for row in rows}
    return found


def _chunks(numbers: list[str]) -> Iterable[list[str]]:
    return (numbers[start : start + NUMBERS_PER_QUERY] for start in range(0, len(numbers), NUMBERS_PER_QUERY))


def _sum_up(report: Report, *, rows: list[BillRow], paid: list[Payment], refunded: list[Refund]) -> None:
    billed = [row.amount for row in rows if not row.is_refund]
    returned = [row.amount for row in rows if row.is_refund]
    report.payments = _figures(billed, [payment.amount for payment in paid])
    report.refunds = _figures(returned, [refund.amount for refund in refunded])


def _figures(bill: list[Money], ours: list[Money]) -> dict[str, int]:
    return {
        "bill": len(bill),
        "ours": len(ours),
        "bill_fen": Money.total(bill).fen,
        "ours_fen": Money.total(ours).fen,
    }


def _check_payment_row(report: Report, row: BillRow, payment: Payment | None) -> None:
    ours = payment.amount.fen if payment is not None else None
    kind = None
    if payment is None:
        kind = DifferenceKind.PAYMENT_UNKNOWN
    elif payment.status is not PaymentStatus.PAID:
        kind = DifferenceKind.PAYMENT_NOT_PAID_HERE
    elif payment.amount != row.amount:
        kind = DifferenceKind.PAYMENT_AMOUNT
    if kind is not None:
        report.differences.append(
            Difference(kind=kind, number=row.out_trade_no, bill_fen=row.amount.fen, ours_fen=ours)
        )


def _check_refund_row(report: Report, row: BillRow, refund: Refund | None) -> None:
    if refund is not None and refund.amount == row.amount:
        return
    report.differences.append(
        Difference(
            kind=DifferenceKind.REFUND_UNKNOWN if refund is None else DifferenceKind.REFUND_AMOUNT,
            number=row.out_refund_no or "",
            bill_fen=row.amount.fen,
            ours_fen=None if refund is None else refund.amount.fen,
        )
    )


def _days_of(refund: Refund, *, day: date) -> list[date]:
    """Where a refund that was done on this day can stand: bills list refunds by the day they were asked for."""
    asked = clock.shop_day(refund.created_at)
    earlier = [day - ONE_DAY * back for back in range(1, min((day - asked).days, EARLIER_BILLS_MAX) + 1)]
    return [day + ONE_DAY, *(earlier or [day - ONE_DAY])]


def _check_missing(
    report: Report,
    bills: Bills,
    *,
    kinds: tuple[DifferenceKind, DifferenceKind],
    number: str,
    amount: Money,
    at: datetime | None,
    near: list[date],
) -> None:
    """Look for a number of ours, which its own day's bill lacks, in the bills of other days."""
    missing, other_amount = kinds
    today = clock.shop_day(clock.now())
    unseen = False
    for day in near:
        rows = bills.of(day) if day < today else None
        unseen = unseen or rows is None
        row = (rows or {}).get(number)
        if row is not None:
            if row.amount != amount:
                report.differences.append(
                    Difference(kind=other_amount, number=number, bill_fen=row.amount.fen, ours_fen=amount.fen)
                )
            return
    midnight = clock.day_start(report.date + ONE_DAY)
    if unseen and at is not None and at >= midnight - MIDNIGHT_MARGIN:
        report.waiting.append(number)
        return
    report.differences.append(Difference(kind=missing, number=number, bill_fen=None, ours_fen=amount.fen))


def keep(*, report: Report) -> None:
    """Put each difference on the staff's worklist, once however often the day is compared."""
    with transaction():
        for difference in report.differences:
            worklist.keep_notice(
                notice_id=f"bill:{report.date:%y%m%d}:{difference.number}",
                kind=f"bill:{difference.kind}",
                number=difference.number,
                state=NoticeState.WRONG,
                problem=f"bill {difference.bill_fen} fen, ours {difference.ours_fen} fen",
                content=json.dumps(asdict(difference)),
                now=clock.now(),
            )
