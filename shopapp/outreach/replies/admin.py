"""The console's screens of what the account answers by itself."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import audit, clock, preferences
from shopapp.kernel.access import Permission, guard_console, requires
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _
from shopapp.kernel.screens import Form, act, argument, save
from shopapp.members.wording.services import note_use
from shopapp.store.catalogue import console as catalogue
from shopapp.wechat.api import PlatformError
from shopapp.wechat.explain import explain

from . import forms, media, queries, rules, services, wording
from .models import KeywordReply

SAID_MAX = 60

blp = guard_console(Blueprint("replies_admin", __name__, url_prefix="/admin/replies"))


@blp.context_processor
def words() -> dict[str, Any]:
    return {"matches": forms.MATCHES, "kinds": forms.KINDS, "hours_of": forms.hours_of}


@blp.get("", endpoint="replies")
@requires(Permission.OUTREACH_EDIT)
def list_replies() -> str:
    return _replies_page(Form.filled({"welcome": preferences.read("wechat.welcome")}))


def _replies_page(form: Form) -> str:
    """With the words of `say` in the address, also what the account would answer to them, now or at the time `at`."""
    said = argument("say", longest=SAID_MAX)
    at = forms.moment_of(argument("at"), now=clock.now())
    rows = queries.keyword_replies()
    texts = [form.value("welcome"), *(row.reply for row in rows if row.active)]
    return render_template(
        "replies_admin/list.html",
        form=form,
        rows=rows,
        said=said,
        at=forms.clock_words(rules.minute_of(at)),
        rule=queries.answering(said, at=at) if said else None,
        hints=wording.hints("\n".join(texts)),
        welcome_max=services.WELCOME_LENGTH_MAX,
    )


@blp.post("/welcome")
@requires(Permission.OUTREACH_EDIT)
def send_welcome() -> Response | tuple[str, int]:
    form = Form.sent()

    def work() -> bool:
        was = str(preferences.read("wechat.welcome"))
        text = form.text("welcome", longest=services.WELCOME_LENGTH_MAX)
        form.check()
        services.set_welcome(text=text)
        audit.record(
            action="reply.update", subject_kind="reply", subject_id="welcome", changes={"text": [was, text]}
        )
        note_use(subject_kind="reply", subject_id="welcome", texts={"welcome": text})
        return True

    if save(form, work) is None:
        return _replies_page(form), 422
    flash(_("欢迎语已保存，从下一位关注的人起生效。"), "success")
    return redirect(url_for("replies_admin.replies"), 303)


@blp.get("/new")
@requires(Permission.OUTREACH_EDIT)
def new() -> str:
    keyword = argument("keyword", longest=rules.KEYWORD_LENGTH_MAX)
    return _rule_page(forms.empty(keyword=keyword), row=None)


def _rule_page(form: Form, *, row: KeywordReply | None) -> str:
    return render_template(
        "replies_admin/edit.html",
        form=form,
        row=row,
        picture=catalogue.picture(public_id=form.value("picture")) if form.value("picture") else None,
        hints=wording.hints(f"{form.value('title')}\n{form.value('reply')}"),
        limits=rules,
    )


@blp.post("/new")
@requires(Permission.OUTREACH_EDIT)
def send_new() -> Response | tuple[str, int]:
    form = Form.sent()

    def work() -> KeywordReply:
        row = services.add_keyword(content=forms.rule(form), now=clock.now())
        audit.record(
            action="reply.create",
            subject_kind="reply",
            subject_id=row.public_id,
            changes={"keyword": row.keyword},
        )
        _note_wording(row)
        return row

    row = save(form, work)
    if row is None:
        return _rule_page(form, row=None), 422
    return _saved(row)


def _note_wording(row: KeywordReply) -> None:
    texts = {"title": row.title, "reply": row.reply}
    note_use(subject_kind="reply", subject_id=row.public_id, texts=texts)


def _saved(row: KeywordReply) -> Response:
    """A picture goes to the platform after the rule was kept, and can be sent there again."""
    try:
        media.give_picture(public_id=row.public_id, now=clock.now())
    except PlatformError as problem:
        reason = explain(code=problem.code, answer=problem.text)
        flash(_("关键词回复已保存，但图片没有传到微信，还不会用它回复：%(reason)s", reason=reason), "warning")
        return redirect(url_for("replies_admin.edit", public_id=row.public_id), 303)
    flash(_("关键词回复已保存，现在就生效。"), "success")
    return redirect(url_for("replies_admin.replies"), 303)


@blp.get("/<public_id>")
@requires(Permission.OUTREACH_EDIT)
def edit(public_id: str) -> str:
    row = _row(public_id)
    return _rule_page(forms.filled(row), row=row)


@blp.post("/<public_id>")
@requires(Permission.OUTREACH_EDIT)
def send_edit(public_id: str) -> Response | tuple[str, int]:
    form = Form.sent()
    row = _row(public_id)
    before = forms.audited(row)

    def work() -> KeywordReply:
        changed = services.change_keyword(public_id=public_id, content=forms.rule(form))
        after = forms.audited(changed)
        changes = {name: [value, after[name]] for name, value in before.items() if value != after[name]}
        audit.record(action="reply.update", subject_kind="reply", subject_id=public_id, changes=changes)
        _note_wording(changed)
        return changed

    changed = save(form, work)
    if changed is None:
        return _rule_page(form, row=row), 422
    return _saved(changed)


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


def _row(public_id: str) -> KeywordReply:
    return found(queries.rule(public_id=public_id))
