"""Who did what, when, to what."""

from __future__ import annotations

from flask import Blueprint, render_template
from werkzeug.wrappers import Response

from shopapp.kernel.access import Permission, guard_console, requires
from shopapp.kernel.db import db
from shopapp.kernel.i18n import daytime
from shopapp.kernel.screens import CSV_ROWS_MAX, argument, csv_file, day_argument, page_number, page_of, span

from .. import queries, wording

blp = guard_console(Blueprint("audit_admin", __name__, url_prefix="/admin/audit"))


@blp.get("")
@requires(Permission.AUDIT_VIEW)
def trail() -> str | Response:
    since, until = span(day_argument("from"), day_argument("to"))
    statement = queries.audit_trail(
        area=argument("area", wording.AREAS),
        actor=argument("actor"),
        subject=argument("subject", longest=80),
        since=since,
        until=until,
    )
    if argument("as") == "csv":
        entries = db.session.scalars(statement.limit(CSV_ROWS_MAX))
        return csv_file(
            name="audit.csv",
            header=[
                "at",
                "actor",
                "actor_kind",
                "action",
                "subject_kind",
                "subject_id",
                "changes",
                "address",
            ],
            rows=(
                (
                    daytime(entry.at),
                    entry.actor_name,
                    entry.actor_kind,
                    entry.action,
                    entry.subject_kind,
                    entry.subject_id,
                    wording.changes_in_words(entry.changes),
                    entry.address,
                )
                for entry in entries
            ),
        )
    return render_template(
        "admin/audit.html",
        page=page_of(statement, number=page_number()),
        areas=wording.AREAS,
        actors=queries.audit_actors(),
        actor_words=wording.actor_in_words,
        action_words=wording.action_in_words,
        change_words=wording.changes_in_words,
        subject_url=wording.subject_url,
    )
