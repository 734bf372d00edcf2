"""The console's screens of tags and tasks, and the acts on a customer's page."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, render_template, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import clock
from shopapp.kernel.access import Permission, current_actor, guard_console, requires
from shopapp.kernel.clock import shop_day
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.screens import Form, act, argument, back_to, page_number, page_of
from shopapp.members.identity import queries as customers

from . import queries, rules, services, tags
from .models import TaskState
from .queries import TaskFilter

blp = guard_console(Blueprint("notes_admin", __name__, url_prefix="/admin"))

TAB = "notes"
OPEN = TaskState.OPEN.value
WHOSE: dict[str, Any] = {"mine": _l("我的"), "all": _l("全部人的")}
STATES: dict[str, Any] = {
    OPEN: _l("没办的"),
    TaskState.DONE.value: _l("办好的"),
    TaskState.CANCELLED.value: _l("取消的"),
}
TONES: dict[str, str] = {TaskState.DONE.value: "good"}


@blp.context_processor
def words() -> dict[str, Any]:
    return {"states": STATES, "tones": TONES}


def _back(customer: str) -> str:
    return back_to(url_for("customers_admin.customer", public_id=customer, tab=TAB))


@blp.post("/customers/<customer>/notes")
@requires(Permission.CUSTOMERS_NOTE)
def send_note(customer: str) -> Response:
    def work() -> str:
        services.add_note(customer=customer, text=Form.sent().value("text"), now=clock.now())
        return _("备注已记下，顾客看不到。")

    return act(work, back=_back(customer))


@blp.post("/customers/<customer>/notes/<note_id>")
@requires(Permission.CUSTOMERS_NOTE)
def send_note_edit(customer: str, note_id: str) -> Response:
    def work() -> str:
        text = Form.sent().value("text")
        services.edit_note(customer=customer, note_id=note_id, text=text, now=clock.now())
        return _("备注已改好。")

    return act(work, back=_back(customer))


@blp.post("/customers/<customer>/notes/<note_id>/delete")
@requires(Permission.CUSTOMERS_NOTE)
def send_note_delete(customer: str, note_id: str) -> Response:
    def work() -> str:
        services.delete_note(customer=customer, note_id=note_id)
        return _("备注已删除。")

    return act(work, back=_back(customer))


@blp.post("/customers/<customer>/tags")
@requires(Permission.CUSTOMERS_NOTE)
def send_tag(customer: str) -> Response:
    def work() -> str:
        name = Form.sent().value("tag")
        tags.give(customer=customer, name=name, now=clock.now())
        return _("已加上标签“%(name)s”。", name=rules.tidy(name))

    return act(work, back=_back(customer))


@blp.post("/customers/<customer>/tags/<tag_id>/remove")
@requires(Permission.CUSTOMERS_NOTE)
def send_untag(customer: str, tag_id: str) -> Response:
    def work() -> str:
        tags.take(customer=customer, tag_id=tag_id)
        return _("标签已去掉。")

    return act(work, back=_back(customer))


@blp.post("/customers/<customer>/tasks")
@requires(Permission.CUSTOMERS_NOTE)
def send_task(customer: str) -> Response:
    form = Form.sent()

    def work() -> str:
        due = _due(form)
        form.check()
        task = services.add_task(
            customer=customer,
            text=form.value("text"),
            due=due,
            assignee=form.value("assignee") or None,
            now=clock.now(),
        )
        if task.assignee_name:
            return _("待办已交给%(name)s。", name=task.assignee_name)
        return _("待办已记下，还没有交给谁。")

    return act(work, back=_back(customer))


def _due(form: Form) -> date | None:
    text = form.value("due").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        form.wrong("due", _("请选日期。"))
        return None


@blp.post("/tasks/<task_id>/end")
@requires(Permission.CUSTOMERS_NOTE)
def send_end(task_id: str) -> Response:
    def work() -> str:
        done = Form.sent().value("as") == TaskState.DONE.value
        services.end_task(task_id=task_id, done=done, now=clock.now())
        return _("待办已办好。") if done else _("待办已取消。")

    return act(work, back=back_to(url_for("notes_admin.tasks")))


@blp.get("/tasks")
@requires(Permission.CUSTOMERS_NOTE)
def tasks() -> str:
    whose = argument("whose", WHOSE) or "mine"
    state = argument("state", STATES) or OPEN
    wanted = TaskFilter(
        assignee=current_actor().id if whose == "mine" else None,
        state=state,
    )
    page = page_of(queries.tasks_statement(wanted), number=page_number())
    return render_template(
        "notes_admin/tasks.html",
        page=page,
        whose=whose,
        whoses=WHOSE,
        state=state,
        people=customers.by_ids(customer_ids=[task.customer_id for task in page.items]),
        today=shop_day(clock.now()),
    )


@blp.get("/tags", endpoint="tags")
@requires(Permission.CUSTOMERS_VIEW)
def list_tags() -> str:
    return render_template("notes_admin/tags.html", tags=queries.all_tags(), tag_max=rules.TAG_MAX)


@blp.post("/tags/<tag_id>/name")
@requires(Permission.CUSTOMERS_EDIT)
def send_rename(tag_id: str) -> Response:
    def work() -> str:
        tags.rename(tag_id=tag_id, name=Form.sent().value("name"))
        return _("标签已改名，所有顾客身上的一起改了。")

    return act(work, back=url_for("notes_admin.tags"))


@blp.post("/tags/<tag_id>/merge")
@requires(Permission.CUSTOMERS_EDIT)
def send_merge(tag_id: str) -> Response:
    def work() -> str:
        count = tags.merge(tag_id=tag_id, into=Form.sent().value("into"))
        return _("已并入，原来有它的 %(count)s 位顾客现在有另一个。", count=count)

    return act(work, back=url_for("notes_admin.tags"))


@blp.post("/tags/<tag_id>/delete")
@requires(Permission.CUSTOMERS_EDIT)
def send_delete(tag_id: str) -> Response:
    def work() -> str:
        count = tags.remove(tag_id=tag_id)
        return _("标签已删除，从 %(count)s 位顾客身上去掉了。", count=count)

    return act(work, back=url_for("notes_admin.tags"))
