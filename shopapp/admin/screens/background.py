"""What works behind the shop: jobs, events on their way, messages, and what the platform refuses."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import audit, clock, jobs, outbox
from shopapp.kernel.access import Permission, guard_console, requires
from shopapp.kernel.db import db
from shopapp.kernel.errors import Conflict
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _
from shopapp.kernel.outbox import Delivery
from shopapp.kernel.screens import Form, act, argument, back_to, page_number, page_of
from shopapp.wechat import problems
from shopapp.wechat.messages import sending
from shopapp.wechat.models import OutgoingMessage

from .. import troubles
from .. import work as words

blp = guard_console(Blueprint("work_admin", __name__, url_prefix="/admin/background"))

FAILED_RUNS_SHOWN = 10
ROW_ID = "<int(max=9223372036854775807):row_id>"


@blp.context_processor
def shown() -> dict[str, Any]:
    return {"words": words, "problem_words": words.problem_words}


@blp.get("")
@requires(Permission.JOBS_VIEW)
def work() -> str:
    now = clock.now()
    known = jobs.registry()
    return render_template(
        "admin/background/work.html",
        jobs=list(known.values()),
        runs=troubles.last_runs(list(known)),
        failed=db.session.scalars(troubles.failed_jobs(now=now).limit(FAILED_RUNS_SHOWN)).all(),
        alive=jobs.worker_seen(),
        events=words.delivery_counts(),
        messages=words.message_counts(),
        problems=problems.listing(),
    )


@blp.get("/events")
@requires(Permission.JOBS_VIEW)
def events() -> str:
    counts = words.delivery_counts()
    tab = argument("tab", counts) or "failed"
    page = page_of(words.deliveries(tab), number=page_number(), scalars=False)
    return render_template("admin/background/events.html", page=page, tab=tab, counts=counts)


@blp.post(f"/events/{ROW_ID}/retry")
@requires(Permission.JOBS_VIEW)
def retry_event(row_id: int) -> Response:
    def work() -> str:
        delivery = found(db.session.get(Delivery, row_id))
        if delivery.done_at is not None:
            return _("这件事已经办完了，不用再试。")
        outbox.try_again(delivery_id=row_id, now=clock.now())
        changes = {"handler": delivery.handler}
        audit.record(action="work.retry", subject_kind="delivery", subject_id=str(row_id), changes=changes)
        return _("几秒内会再试一次。")

    return act(work, back=back_to(url_for("work_admin.events")))


@blp.get("/messages")
@requires(Permission.JOBS_VIEW)
def messages() -> str:
    counts = words.message_counts()
    tab = argument("tab", counts) or "failed"
    page = page_of(words.messages(tab), number=page_number())
    return render_template("admin/background/messages.html", page=page, tab=tab, counts=counts)


@blp.post(f"/messages/{ROW_ID}/retry")
@requires(Permission.JOBS_VIEW)
def retry_message(row_id: int) -> Response:
    def work() -> str:
        message = found(db.session.get(OutgoingMessage, row_id))
        if not sending.queue_again(message_id=row_id, now=clock.now()):
            raise Conflict
        changes = {"topic": message.topic}
        audit.record(action="work.retry", subject_kind="message", subject_id=str(row_id), changes=changes)
        return _("消息已放回队列，几秒内会再发一次。")

    return act(work, back=back_to(url_for("work_admin.messages")))


@blp.post("/problems/done")
@requires(Permission.JOBS_VIEW)
def problem_done() -> Response:
    """Take a problem off the list; it comes back if the platform refuses again."""
    code = Form.sent().value("code")

    def work() -> str:
        problems.clear(code=code)
        audit.record(action="work.problem_done", subject_kind="problem", subject_id=code[:60])
        return _("已从列表拿掉。微信再拒绝时会重新出现。")

    return act(work, back=back_to(url_for("work_admin.work")))
