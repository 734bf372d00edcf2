"""The overview: how the shop does, and what waits for a hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, render_template

from shopapp.kernel import clock
from shopapp.kernel.access import Permission, current_actor, guard_console, may, requires
from shopapp.kernel.i18n import _l
from shopapp.kernel.screens import argument
from shopapp.loyalty.adjustments import queries as adjustments
from shopapp.members.identity import console as customers
from shopapp.members.identity import queries as people
from shopapp.members.notes import queries as notes
from shopapp.members.notes.queries import Waiting
from shopapp.store.catalogue import console as catalogue
from shopapp.store.orders import console as orders
from shopapp.store.orders.console import OrderFilter

from .. import trend, troubles

SPANS: dict[str, tuple[Any, int]] = {
    "1": (_l("今天"), 1),
    "7": (_l("近 7 天"), 7),
    "30": (_l("近 30 天"), 30),
}
LOW_SHOWN = 6
BEST_SHOWN = 6
TREND_DAYS = 30
TASKS_SHOWN = 5

blp = guard_console(Blueprint("dashboard", __name__, url_prefix="/admin"))


@blp.get("/")
@requires(Permission.DASHBOARD_VIEW)
def home() -> str:
    now = clock.now()
    chosen = argument("days", SPANS) or "7"
    length = timedelta(days=SPANS[chosen][1])
    since = clock.day_start(clock.shop_day(now) - length + timedelta(days=1))
    days = orders.daily_sales(days=TREND_DAYS, now=now)
    low_count, low = catalogue.low_stock(limit=LOW_SHOWN)
    tasks = _tasks(clock.shop_day(now)) if may(Permission.CUSTOMERS_NOTE) else None
    return render_template(
        "admin/dashboard.html",
        spans=SPANS,
        chosen=chosen,
        sales=orders.sales(since=since, until=now + timedelta(seconds=1)),
        sales_before=orders.sales(since=since - length, until=now - length),
        new_customers=customers.new_customers(since=since, until=now + timedelta(seconds=1)),
        new_before=customers.new_customers(since=since - length, until=now - length),
        followers=customers.followers(),
        counts=orders.tab_counts(OrderFilter()),
        days=days,
        trend=trend.draw([(day, figures.orders, figures.net) for day, figures in days]),
        low_count=low_count,
        low=low,
        best=orders.best_sellers(
            since=clock.day_start(clock.shop_day(now) - timedelta(days=29)), limit=BEST_SHOWN
        ),
        tasks=tasks,
        people=people.by_ids(customer_ids=[task.customer_id for task in tasks.first]) if tasks else {},
        adjustments=adjustments.waiting_count() if may(Permission.LEDGER_APPROVE) else 0,
        troubles=troubles.troubles(now=now) if may(Permission.JOBS_VIEW) else None,
        today=clock.shop_day(now),
    )


def _tasks(today: date) -> Waiting:
    """What the reader has to do."""
    return notes.waiting_for(assignee=current_actor().id, today=today, shown=TASKS_SHOWN)
