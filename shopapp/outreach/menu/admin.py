"""The console's editor of the menu below the chat: kept in the shop first, then made the account's, each time a version."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import audit, clock, preferences
from shopapp.kernel.access import Permission, current_actor, guard_console, requires
from shopapp.kernel.db import transaction
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.screens import Form, act, argument, save
from shopapp.outreach.replies import queries as replies
from shopapp.wechat import menus
from shopapp.wechat.api import PlatformError
from shopapp.wechat.explain import explain

from . import queries, services
from .models import MenuVersion, Origin, VersionState

MENU_CHARS_MAX = 40_000
KINDS: dict[str, Any] = {
    "view": _l("打开网页"),
    "click": _l("回复关键词"),
    "miniprogram": _l("打开小程序"),
}

STATES: dict[VersionState, Any] = {
    VersionState.SENDING: _l("正在发布"),
    VersionState.LIVE: _l("公众号上现在的"),
    VersionState.REFUSED: _l("没有发布成"),
    VersionState.DOUBTFUL: _l("不知道是否生效"),
    VersionState.REPLACED: _l("以前的"),
}
TONES = {
    VersionState.LIVE: "good",
    VersionState.REFUSED: "bad",
    VersionState.DOUBTFUL: "warn",
    VersionState.SENDING: "warn",
}

blp = guard_console(Blueprint("menu_admin", __name__, url_prefix="/admin/menu"))


@blp.get("")
@requires(Permission.OUTREACH_EDIT)
def menu() -> str:
    """With `live=1` in the address, beside it the menu that the account has."""
    return _menu_page(Form(), buttons=preferences.read("wechat.menu"), ask=argument("live") == "1")


def _menu_page(form: Form, *, buttons: list[Any], ask: bool = False) -> str:
    live, problem = _live() if ask else (None, "")
    last = queries.live()
    return render_template(
        "menu_admin/menu.html",
        form=form,
        buttons=buttons,
        kinds={kind: str(name) for kind, name in KINDS.items()},
        top_max=menus.TOP_MAX,
        below_max=menus.BELOW_MAX,
        bytes_max=[menus.NAME_BYTES_TOP, menus.NAME_BYTES_BELOW],
        places=[(_("商城首页"), "/"), (_("购物车"), "/cart"), (_("我的订单"), "/orders"), (_("我的"), "/me")],
        silent=[] if form.errors else _silent_keys(buttons),
        live=live,
        live_problem=problem,
        same=live is not None and menus.same(live, buttons),
        elsewhere=live is not None and last is not None and not menus.same(live, last.buttons),
        unpublished=last is not None and not form.errors and not menus.same(last.buttons, buttons),
        versions=[_shown(version) for version in queries.history()],
    )


def _shown(version: MenuVersion) -> dict[str, Any]:
    refused = version.state in (VersionState.REFUSED, VersionState.DOUBTFUL) and version.problem is not None
    return {
        "id": version.public_id,
        "at": version.created_at,
        "by": version.staff_name,
        "names": _names(version.buttons) or _("没有菜单"),
        "state": STATES[version.state],
        "tone": TONES.get(version.state, ""),
        "fetched": version.origin is Origin.FETCHED,
        "reason": explain(code=version.error_code, answer=version.problem or "") if refused else "",
        "current": version.state is VersionState.LIVE,
    }


def _live() -> tuple[list[Any] | None, str]:
    """The account's menu as it would be kept here, or None and why it is not known."""
    now = clock.now()
    try:
        found = [menus.as_kept(button) for button in menus.published(now=now)]
    except PlatformError as problem:
        return None, explain(code=problem.code, answer=problem.text)
    with transaction():
        services.settle_doubt(has=found, now=now)
    return found, ""


def _silent_keys(buttons: list[Any]) -> list[str]:
    """Names of the buttons that send a keyword which nothing answers."""
    flat = [one for button in buttons for one in button.get("sub_button") or [button]]
    keys = [one for one in flat if one.get("type") == "click"]
    silent = replies.unanswered([str(one.get("key", "")) for one in keys])
    return [str(one.get("name")) for one in keys if str(one.get("key", "")) in silent]


@blp.post("")
@requires(Permission.OUTREACH_EDIT)
def send_menu() -> Response | tuple[str, int]:
    """Keep the menu; with the second button of the form, make it the account's too."""
    form = Form.sent()
    buttons = _buttons(form)
    if not _keep(form, buttons):
        return _menu_page(form, buttons=buttons), 422
    if form.value("then") == "push":
        return _push()
    flash(_("菜单已保存在店里，还没有发布到公众号。"), "success")
    return redirect(url_for("menu_admin.menu"), 303)


def _keep(form: Form, buttons: list[Any]) -> bool:
    def work() -> bool:
        form.check()
        was = preferences.read("wechat.menu")
        menus.set_menu(buttons=buttons)
        changes = {"buttons": [_names(was), _names(buttons)]}
        audit.record(action="menu.update", subject_kind="menu", subject_id="menu", changes=changes)
        return True

    return save(form, work) is True


def _names(buttons: list[Any]) -> str:
    """帮助（运费、发货）"""
    parts = []
    for button in buttons:
        below = "、".join(str(one.get("name")) for one in button.get("sub_button") or [])
        parts.append(f"{button.get('name')}（{below}）" if below else str(button.get("name")))
    return " | ".join(parts)


def _push() -> Response:
    back = redirect(url_for("menu_admin.menu"), 303)
    try:
        version = services.publish(by=current_actor().name, now=clock.now())
    except services.MenuUnderWay as busy:
        flash(busy.message, "danger")
        return back
    if version.state is not VersionState.REFUSED:
        with transaction():
            changes = {"buttons": _names(version.buttons), "result": version.state.value}
            audit.record(
                action="menu.push", subject_kind="menu", subject_id=version.public_id, changes=changes
            )
    flash(*_outcome(version))
    return back


def _outcome(version: MenuVersion) -> tuple[str, str]:
    if version.state is VersionState.LIVE and version.buttons:
        return _("菜单已发布到公众号，顾客最多五分钟后看到。"), "success"
    if version.state is VersionState.LIVE:
        return _("公众号的菜单已撤下，顾客最多五分钟后看到。"), "success"
    reason = explain(code=version.error_code, answer=version.problem or "")
    if version.state is VersionState.DOUBTFUL:
        return (
            _(
                "菜单已保存在店里，但不知道公众号收到没有：%(reason)s稍后点“看公众号上现在的菜单”核对。",
                reason=reason,
            ),
            "warning",
        )
    return _("菜单已保存在店里，但没有发布到公众号：%(reason)s", reason=reason), "danger"


@blp.post("/versions/<public_id>/restore")
@requires(Permission.OUTREACH_EDIT)
def send_restore(public_id: str) -> Response:
    """Put an earlier menu back into the editor; with `push` it becomes the account's at once."""
    push, done = Form.sent().value("then") == "push", []

    def work() -> str:
        buttons = services.restore(public_id=public_id)
        changes = {"buttons": _names(buttons)}
        audit.record(action="menu.restore", subject_kind="menu", subject_id=public_id, changes=changes)
        done.append(public_id)
        return _("这一版已放回编辑区。") if push else _("这一版已放回编辑区，公众号上的还没有变。")

    answer = act(work, back=url_for("menu_admin.menu"))
    return _push() if push and done else answer


@blp.post("/adopt")
@requires(Permission.OUTREACH_EDIT)
def adopt() -> Response | tuple[str, int]:
    """Take the account's menu over as the shop's."""
    live, problem = _live()
    if live is None:
        flash(_("没有取到公众号的菜单，店里的没有改动：%(reason)s", reason=problem), "danger")
        return redirect(url_for("menu_admin.menu"), 303)
    form = Form()
    if not _keep(form, live):
        return _menu_page(form, buttons=live), 422
    with transaction():
        services.note_fetched(buttons=live, by=current_actor().name, now=clock.now())
    flash(_("已换成公众号现在的菜单。"), "success")
    return redirect(url_for("menu_admin.menu"), 303)


def _buttons(form: Form) -> list[Any]:
    """The menu that the page's script put together. One of no sensible shape is noted in the form."""
    text = form.value("menu")
    try:
        found: Any = json.loads(text) if len(text) <= MENU_CHARS_MAX else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(_is_button(button, below=True) for button in found):
        form.wrong("menu", _("菜单读不出来，请刷新页面后再编辑。"))
        return []
    return found


def _is_button(button: Any, *, below: bool) -> bool:
    if not isinstance(button, dict):
        return False
    lower = button.get("sub_button", [])
    if not isinstance(lower, list) or (lower and not below):
        return False
    values = [value for name, value in button.items() if name != "sub_button"]
    plain = all(isinstance(value, str) and value.isprintable() for value in values)
    return plain and all(_is_button(one, below=False) for one in lower)
