"""The console's screens of reports."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template
from werkzeug.wrappers import Response

from shopapp.kernel import audit
from shopapp.kernel.access import Permission, guard_console, requires
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import NotFound
from shopapp.kernel.i18n import _l
from shopapp.kernel.screens import argument, day_argument, span
from shopapp.kernel.sheets import FORMATS, table_file

from . import queries
from .funnel import STEPS, Step, Tally
from .queries import By, Funnel

BY_NAMES: dict[str, Any] = {
    By.CHANNEL.value: _l("按渠道"),
    By.BATCH.value: _l("按传单批次"),
    By.DAY.value: _l("按天"),
}
STEP_NAMES: dict[Step, Any] = {
    Step.SCANNED: _l("来过"),
    Step.FOLLOWED: _l("关注"),
    Step.CLAIMED: _l("登记订单"),
    Step.PAID: _l("返现到账"),
    Step.JOINED: _l("入会"),
    Step.FIRST_ORDER: _l("自营首单"),
    Step.SECOND_ORDER: _l("第二单"),
}

blp = guard_console(Blueprint("reports_admin", __name__, url_prefix="/admin/reports"))


@blp.get("/channel-funnel")
@requires(Permission.REPORTS_VIEW)
def funnel() -> str:
    found = _funnel()
    return render_template(
        "reports_admin/funnel.html",
        funnel=found,
        by_names=BY_NAMES,
        steps=list(STEP_NAMES.items()),
        chart=[_bar(step, found.total) for step in STEPS],
        formats=FORMATS,
    )


def _bar(step: Step, total: Tally) -> dict[str, Any]:
    name = str(STEP_NAMES[step])
    return {"name": name, "passed": total.passed[step], "reached": total.reached[step]}


@blp.get("/channel-funnel/export.<kind>")
@requires(Permission.REPORTS_VIEW)
def export(kind: str) -> Response:
    if kind not in FORMATS:
        raise NotFound
    found = _funnel()
    with transaction():
        audit.record(
            action="report.export",
            subject_kind="report",
            subject_id="channel-funnel",
            changes={"kind": found.by.value},
        )
    return table_file(
        name=f"channel-funnel-{found.by.value}",
        kind=kind,
        header=[
            *("name", "printed", *(step.value for step in STEPS)),
            *(f"reached_{step.value}" for step in STEPS),
            *("cost_yuan", "cashback_yuan", "net_yuan", "cost_per_member_yuan", "payback_days"),
        ],
        rows=[_cells(row) for row in [*found.rows, found.total]],
    )


def _cells(row: Tally) -> list[Any]:
    return [
        *(row.name, row.printed, *(row.passed[step] for step in STEPS)),
        *(row.reached[step] for step in STEPS),
        *(row.cost, row.cashback, row.net, row.cost_per_member, row.payback_days),
    ]


def _funnel() -> Funnel:
    since, until = span(day_argument("from"), day_argument("to"))
    by = By(argument("by", BY_NAMES) or By.CHANNEL)
    return queries.channel_funnel(by=by, since=since, until=until)
