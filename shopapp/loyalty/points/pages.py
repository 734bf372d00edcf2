"""Points and check-ins in the storefront."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from shopapp.kernel import clock
from shopapp.kernel.clock import SHOP_ZONE, shop_day
from shopapp.kernel.http import writes
from shopapp.kernel.i18n import _, _l, daytime
from shopapp.loyalty.ledger import Kind
from shopapp.loyalty.ledger import queries as ledger
from shopapp.loyalty.ledger.queries import Flow, StatementLine
from shopapp.members.identity.queries import require_customer

from . import calendar, queries, services, wording
from .access import require_member

PAGE_SIZE = 20
SOON_SHOWN = 3
POINTS = "/me/points"
CHECK_IN = "/me/check-in"
JOIN = "/me/join"
FLOWS: dict[str, Any] = {"": _l("全部"), Flow.IN.value: _l("获得"), Flow.OUT.value: _l("使用和减少")}

blueprint = Blueprint("points_pages", __name__)


@blueprint.get(POINTS)
def points() -> str:
    customer_id, now = require_customer().customer_id, clock.now()
    mine = queries.points_purse(customer_id)
    wanted = request.args.get("show", "")
    shown = wanted if wanted in FLOWS else ""
    cursor = request.args.get("cursor", "")
    lines, following = ledger.statement(
        purse=mine,
        before=int(cursor) if re.fullmatch(r"\d{1,18}", cursor, re.ASCII) else None,
        limit=PAGE_SIZE,
        flow=Flow(shown) if shown else None,
    )
    in_force = queries.terms(now)
    holding = queries.holding(customer_id=customer_id, now=now)
    return render_template(
        "points/points.html",
        balance=holding.balance,
        worth_fen=holding.worth_fen,
        expiring=[
            {"amount": one.amount, "text": wording.until_text(one.at, now=now)}
            for one in holding.expiring[:SOON_SHOWN]
        ],
        waiting=[
            {"amount": one.amount, "text": wording.waiting_text(one)} for one in ledger.waiting(purse=mine)
        ],
        months=_months(lines),
        flows=[{"label": label, "url": _url(key), "current": key == shown} for key, label in FLOWS.items()],
        next_url=_url(shown, cursor=str(following)) if following else None,
        rules=wording.rules_text(in_force, names=dict(queries.categories())),
        check_in_url=CHECK_IN if any(in_force.tasks.check_in) else "",
    )


def _months(lines: Sequence[StatementLine]) -> list[dict[str, Any]]:
    """The movements under the months of shop time in which they were."""

    def month(line: StatementLine) -> str:
        local = line.at.astimezone(SHOP_ZONE)
        return _("%(year)s 年 %(month)s 月", year=local.year, month=local.month)

    return [
        {"title": title, "lines": [_shown(line) for line in group]}
        for title, group in groupby(lines, key=month)
    ]


def _shown(line: StatementLine) -> dict[str, Any]:
    """Of what is only pending, the pending amount is shown, with a word on it."""
    waits = line.active == 0 and line.kind is not Kind.ACTIVATE and line.pending != 0
    number = wording.order_no(line.subject)
    return {
        "text": wording.entry_text(line),
        "amount": line.pending if waits else line.active,
        "note": _("待到账") if waits else "",
        "balance": line.balance,
        "time": daytime(line.at),
        "url": f"/orders/{number}" if number else "",
    }


def _url(show: str, *, cursor: str = "") -> str:
    given = {**({"show": show} if show else {}), **({"cursor": cursor} if cursor else {})}
    return f"{POINTS}?{urlencode(given)}" if given else POINTS


@blueprint.get(CHECK_IN)
def check_in() -> str:
    customer, now = require_customer(), clock.now()
    customer_id, today = customer.customer_id, shop_day(now)
    month = min(calendar.month_of(request.args.get("month"), today=today), today.replace(day=1))
    first, last = calendar.bounds(month)
    before, after = calendar.neighbours(month)
    tasks = queries.terms(now).tasks
    so_far = queries.streak(customer_id=customer_id, today=today)
    return render_template(
        "points/check_in.html",
        month_text=_("%(year)s 年 %(month)s 月", year=month.year, month=month.month),
        weeks=calendar.weeks(
            month, today=today, done=queries.check_ins(customer_id=customer_id, first=first, last=last)
        ),
        weekdays=wording.WEEKDAYS,
        before_url=f"{CHECK_IN}?month={before}",
        after_url=f"{CHECK_IN}?month={after}" if month < today.replace(day=1) else "",
        streak=so_far,
        points_today=so_far.points if so_far.checked_in else tasks.of_streak(so_far.days + 1),
        round=_round(tasks.check_in, so_far),
        offered=any(tasks.check_in),
        rule=wording.check_in_text(tasks) if any(tasks.check_in) else "",
        send_url=CHECK_IN,
        join_url="" if customer.is_member else f"{JOIN}?{urlencode({'next': CHECK_IN})}",
    )


def _round(schedule: Sequence[int], so_far: queries.Streak) -> list[dict[str, Any]]:
    """The days of the round that the member is in, with which of them are done."""
    length = max(len(schedule), 1)
    done = so_far.days % length
    if so_far.checked_in and not done:
        done = length
    return [
        {"number": number, "points": points, "done": number <= done}
        for number, points in enumerate(schedule, start=1)
    ]


@blueprint.post(CHECK_IN)
@writes
def send_check_in() -> Response:
    services.check_in(customer_id=require_member().customer_id, now=clock.now())
    return redirect(CHECK_IN, 303)
