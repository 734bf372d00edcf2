"""The console's screens of what the account answers by itself."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import audit, clock, preferences
from shopapp.kernel.access import Permission, guard_console, requires
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.screens import Form, act, argument, save

from . import queries, services, wording
from .models import Match

SAID_MAX = 60
MATCHES: dict[str, Any] = {Match.CONTAINS.value: _l("包含"), Match.EXACT.value: _l("完全一样")}

blp = guard_console(Blueprint("replies_admin", __name__, url_prefix="/admin/replies"))


@blp.get("", endpoint="replies")
@requires(Permission.OUTREACH_EDIT)
def list_replies() -> str:
    return _replies_page(Form.filled({"welcome": preferences.read("wechat.welcome")}))


def _replies_page(form: Form) -> str:
    """With the words of `say` in the address, also what the account would answer to them."""
    said = argument("say", longest=SAID_MAX)
    rows = queries.keyword_replies()
    texts = [form.value("welcome"), *(row.reply for row in rows if row.active)]
    return render_template(
        "replies_admin/list.html",
        form=form,
        rows=rows,
        matches=MATCHES,
        said=said,
        rule=queries.answering(said) if said else None,
        hints=wording.hints("\n".join(texts)),
        welcome_max=services.REPLY_LENGTH_MAX,
    )


@blp.post("/welcome")
@requires(Permission.OUTREACH_EDIT)
def send_welcome() -> Response | tuple[str, int]:
    form = Form.sent()

    def work() -> bool:
        was = str(preferences.read("wechat.welcome"))
        text = form.text("welcome", longest=services.REPLY_LENGTH_MAX)
        form.check()
        services.set_welcome(text=text)
        audit.record(
            action="reply.update", subject_kind="reply", subject_id="welcome", changes={"text": [was, text]}
        )
        return True

    if save(form, work) is None:
        return _replies_page(form), 422
    flash(_("欢迎语已保存，从下一位关注的人起生效。"), "success")
    return redirect(url_for("replies_admin.replies"), 303)


@blp.get("/new")
@requires(Permission.OUTREACH_EDIT)
def new() -> str:
    keyword = argument("keyword", longest=services.KEYWORD_LENGTH_MAX)
    return _rule_page(Form.filled({"keyword": keyword, "match": Match.CONTAINS.value}), row=None)


def _rule_page(form: Form, *, row: Any) -> str:
    return render_template(
        "replies_admin/edit.html",
        form=form,
        row=row,
        matches=MATCHES,
        hints=wording.hints(form.value("reply")),
        keyword_max=services.KEYWORD_LENGTH_MAX,
        reply_max=services.REPLY_LENGTH_MAX,
    )


@blp.post("/new")
@requires(Permission.OUTREACH_EDIT)
def send_new() -> Response | tuple[str, int]:
    form = Form.sent()

    def work() -> bool:
        row = services.add_keyword(now=clock.now(), **_rule(form))
        audit.record(
            action="reply.create",
            subject_kind="reply",
            subject_id=row.public_id,
            changes={"keyword": row.keyword},
        )
        return True

    if save(form, work) is None:
        return _rule_page(form, row=None), 422
    flash(_("关键词回复已保存，现在就生效。"), "success")
    return redirect(url_for("replies_admin.replies"), 303)


@blp.get("/<public_id>")
@requires(Permission.OUTREACH_EDIT)
def edit(public_id: str) -> str:
    row = _row(public_id)
    return _rule_page(
        Form.filled({"keyword": row.keyword, "match": row.match.value, "reply": row.reply}), row=row
    )


@blp.post("/<public_id>")
@requires(Permission.OUTREACH_EDIT)
def send_edit(public_id: str) -> Response | tuple[str, int]:
    form = Form.sent()
    row = _row(public_id)

    def work() -> bool:
        changed = services.change_keyword(public_id=public_id, **_rule(form))
        audit.record(
            action="reply.update",
            subject_kind="reply",
            subject_id=public_id,
            changes={
                "keyword": [row.keyword, changed.keyword],
                "match": [row.match.value, changed.match.value],
                "reply": [row.reply, changed.reply],
            },
        )
        return True

    if save(form, work) is None:
        return _rule_page(form, row=row), 422
    flash(_("关键词回复已保存，现在就生效。"), "success")
    return redirect(url_for("replies_admin.replies"), 303)


@blp.post("/<public_id>/active")
@requires(Permission.OUTREACH_EDIT)
def send_active(public_id: str) -> Response:
    def work() -> str:
        active = Form.sent().ticked("active")
        row = services.set_active(public_id=public_id, active=active)
        audit.record(
            action="reply.activate" if active else "reply.deactivate",
            subject_kind="reply",
            subject_id=public_id,
            changes={"keyword": row.keyword},
        )
        if active:
            return _("“%(keyword)s”的回复已启用，现在就生效。", keyword=row.keyword)
        return _("“%(keyword)s”的回复已停用，内容还留着。", keyword=row.keyword)

    return act(work, back=url_for("replies_admin.replies"))


@blp.post("/<public_id>/delete")
@requires(Permission.OUTREACH_EDIT)
def delete(public_id: str) -> Response:
    def work() -> str:
        row = _row(public_id)
        services.remove_keyword(public_id=public_id)
        audit.record(
            action="reply.delete",
            subject_kind="reply",
            subject_id=public_id,
            changes={"keyword": row.keyword},
        )
        return _("关键词回复已删除。")

    return act(work, back=url_for("replies_admin.replies"))


def _rule(form: Form) -> dict[str, Any]:
    match = form.choice("match", MATCHES)
    form.check()
    return {
        "keyword": form.value("keyword"),
        "match": Match(match),
        "reply": form.value("reply").replace("\r\n", "\n"),
    }


def _row(public_id: str) -> queries.KeywordRow:
    return found(next((row for row in queries.keyword_replies() if row.public_id == public_id), None))
