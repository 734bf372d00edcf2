"""A member's points over the API."""

from __future__ import annotations

from typing import Any

from shopapp.kernel import clock
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.clock import shop_day
from shopapp.kernel.errors import Invalid
from shopapp.kernel.i18n import _
from shopapp.kernel.idempotency import once
from shopapp.loyalty.ledger import queries as ledger
from shopapp.loyalty.ledger.queries import StatementLine
from shopapp.members.identity.queries import require_customer

from . import calendar, queries, services, wording
from .access import require_member
from .schemas import (
    CheckInAnswer,
    CheckInMonthAnswer,
    EntriesInput,
    EntryList,
    MonthInput,
    PointsAnswer,
)
from .services import CheckedIn

blp = ApiBlueprint("points", __name__, url_prefix="/api/v1", description="积分与签到")


@blp.get("/me/points")
@blp.response(200, PointsAnswer)
def show_points() -> dict[str, Any]:
    found = queries.holding(customer_id=require_customer().customer_id, now=clock.now())
    balance = found.balance
    return {
        "available": balance.available,
        "pending": balance.pending,
        "held": balance.held,
        "debt": balance.debt,
        "expiring": found.expiring,
        "worth_fen": found.worth_fen,
    }


@blp.get("/me/points/entries")
@blp.arguments(EntriesInput, location="query")
@blp.response(200, EntryList)
def list_entries(data: dict[str, Any]) -> dict[str, Any]:
    customer = require_customer()
    lines, following = ledger.statement(
        purse=queries.points_purse(customer.customer_id),
        before=_place(data.get("cursor")),
        limit=data["limit"],
    )
    cursor = None if following is None else str(following)
    return {"items": [_entry(line) for line in lines], "next_cursor": cursor}


def _place(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit()):
        raise Invalid({"cursor": [_("没有这个位置，请从头读起。")]})
    return int(cursor)


def _entry(line: StatementLine) -> dict[str, Any]:
    return {
        "kind": line.kind.value,
        "amount": line.active,
        "pending": line.pending,
        "balance": line.balance,
        "text": wording.entry_text(line),
        "order_no": wording.order_no(line.subject),
        "at": line.at,
    }


@blp.post("/me/check-ins")
@once
@blp.response(201, CheckInAnswer)
def check_in() -> CheckedIn:
    """Check in for today; told again, the answer is that of the first time."""
    return services.check_in(customer_id=require_member().customer_id, now=clock.now())


@blp.get("/me/check-ins")
@blp.arguments(MonthInput, location="query")
@blp.response(200, CheckInMonthAnswer)
def list_check_ins(data: dict[str, Any]) -> dict[str, Any]:
    customer_id, now = require_customer().customer_id, clock.now()
    today = shop_day(now)
    tasks = queries.terms(now).tasks
    first, last = calendar.bounds(calendar.month_of(data.get("month"), today=today))
    days = queries.check_ins(customer_id=customer_id, first=first, last=last)
    so_far = queries.streak(customer_id=customer_id, today=today)
    return {
        "month": f"{first:%Y-%m}",
        "items": [{"day": day, "points": points} for day, points in days.items()],
        "streak": so_far.days,
        "checked_in": so_far.checked_in,
        "points_today": so_far.points if so_far.checked_in else tasks.of_streak(so_far.days + 1),
    }
