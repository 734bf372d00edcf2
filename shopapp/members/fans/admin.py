"""The console's screens of followers: the list, the account's tags, and the sync with the platform."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import audit, clock
from shopapp.kernel.access import Permission, guard_console, may, requires
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import ShopError
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.screens import (
    Form,
    act,
    argument,
    back_to,
    day_argument,
    in_words,
    page_number,
    page_of,
    span,
)
from shopapp.kernel.settings import settings
from shopapp.members.channels import queries as channels
from shopapp.wechat import followers
from shopapp.wechat.api import PlatformError
from shopapp.wechat.explain import explain

from . import queries, syncing, tags
from .models import FanSync, SyncState
from .queries import FanFilter

WORDS_MAX = 30
CHOSEN_MAX = 200
STATES: dict[SyncState, Any] = {
    SyncState.LISTING: _l("正在取粉丝名单"),
    SyncState.CLOSING: _l("正在核对取消关注的人"),
    SyncState.TELLING: _l("正在取备注和标签"),
    SyncState.DONE: _l("已完成"),
    SyncState.FAILED: _l("没有完成"),
}
# The platform's words for how somebody came.
WAYS: dict[str, Any] = {
    "ADD_SCENE_SEARCH": _l("搜索"),
    "ADD_SCENE_ACCOUNT_MIGRATION": _l("公众号迁移"),
    "ADD_SCENE_PROFILE_CARD": _l("名片"),
    "ADD_SCENE_QR_CODE": _l("扫二维码"),
    "ADD_SCENE_PROFILE_LINK": _l("文章里的名称"),
    "ADD_SCENE_PROFILE_ITEM": _l("文章菜单"),
    "ADD_SCENE_PAID": _l("付款后"),
    "ADD_SCENE_WECHAT_ADVERTISEMENT": _l("微信广告"),
    "ADD_SCENE_REPRINT": _l("他人转载"),
    "ADD_SCENE_LIVESTREAM": _l("直播"),
    "ADD_SCENE_CHANNELS": _l("视频号"),
    "ADD_SCENE_WXA": _l("小程序"),
}

blp = guard_console(Blueprint("fans_admin", __name__, url_prefix="/admin/fans"))


@blp.get("", endpoint="fans")
@requires(Permission.CUSTOMERS_VIEW)
def list_fans() -> str:
    wanted = _filter()
    page = page_of(queries.fans_statement(wanted), number=page_number(), scalars=False)
    runs = queries.last_syncs()
    return render_template(
        "fans_admin/list.html",
        page=page,
        wanted=wanted,
        counts=queries.counts(),
        tags=queries.tag_rows(),
        worn=queries.worn_by(account_ids=[row.account_id for row in page.items]),
        came=channels.first_names(openids=[row.openid for row in page.items]),
        channels=channels.names(),
        ways=WAYS,
        sync=_sync_shown(runs[0]) if runs else None,
        none=queries.TAG_FILTER_NONE,
        appid=settings().wx_appid,
    )


def _filter() -> FanFilter:
    since, until = span(day_argument("from"), day_argument("to"))
    return FanFilter(
        words=argument("q", longest=WORDS_MAX),
        remarks=may(Permission.CUSTOMERS_SEE_PERSONAL),
        following=""
        if request.args.get("following") == "all"
        else argument("following", queries.FOLLOWING) or "yes",
        tag=argument("tag"),
        channel=argument("channel"),
        since=since,
        until=until,
        sort=argument("sort", queries.SORTS) or "-followed",
    )


def _sync_shown(run: FanSync) -> dict[str, Any]:
    done = run.told if run.state is SyncState.TELLING else run.listed
    return {
        "state": STATES[run.state],
        "going": run.open_key is not None,
        "failed": run.state is SyncState.FAILED,
        "done": done,
        "total": max(run.total, run.listed),
        "gone": run.gone,
        "at": run.finished_at or run.started_at,
        "next_try_at": run.next_try_at if run.problem is not None and run.open_key else None,
        "reason": _reason(run),
    }


def _reason(run: FanSync) -> str:
    if run.problem == syncing.TOO_SHORT:
        return _(
            "公众号给的名单比已知的粉丝少得多，可能没有给全，没有把任何人记成取消关注。过一会儿再同步一次。"
        )
    return "" if run.problem is None else explain(code=run.error_code, answer=run.problem)


@blp.post("/sync")
@requires(Permission.OUTREACH_EDIT)
def send_sync() -> Response:
    def work() -> str:
        if not syncing.begin(now=clock.now()):
            return _("同步正在进行，不用再点。")
        audit.record(action="fans.sync", subject_kind="fans", subject_id="sync")
        return _("开始和公众号同步粉丝，可以离开这一页，完成后这里会显示结果。")

    return act(work, back=url_for("fans_admin.fans"))


@blp.get("/progress")
@requires(Permission.CUSTOMERS_VIEW)
def progress() -> str:
    """The part of the list that tells how far the sync is: asked for again while it goes on."""
    runs = queries.last_syncs()
    return render_template("fans_admin/_sync.html", sync=_sync_shown(runs[0]) if runs else None)


@blp.post("/tagging")
@requires(Permission.OUTREACH_EDIT)
def send_tagging() -> Response:
    """Give a tag to the chosen followers or take it off; with `all`, to everybody whom the filter in the address lets
    through."""
    form = Form.sent()

    def work() -> str:
        everybody = form.value("all") == "1"
        chosen = form.values.getlist("fan")[:CHOSEN_MAX]
        accounts = queries.account_ids(_filter()) if everybody else queries.these(chosen)
        take = form.value("act") == "take"
        change = tags.take if take else tags.give
        tag = form.value("tag_id")
        count = change(public_id=tag, accounts=accounts, now=clock.now())
        changes = {"fans": count, "everybody": everybody}
        action = "fans.untag" if take else "fans.tag"
        audit.record(action=action, subject_kind="fan_tag", subject_id=tag, changes=changes)
        if take:
            return _("已从 %(count)s 位粉丝去掉标签，一分钟内同步到公众号。", count=count)
        return _(
            "已给 %(count)s 位粉丝加上标签，一分钟内同步到公众号。原来就有的、已有 20 个标签的和取消关注的不变。",
            count=count,
        )

    return act(work, back=back_to(url_for("fans_admin.fans")))


@blp.get("/tags", endpoint="tags")
@requires(Permission.CUSTOMERS_VIEW)
def list_tags() -> str:
    return render_template(
        "fans_admin/tags.html",
        tags=queries.tag_rows(),
        most=followers.TAGS_MAX,
        name_max=followers.TAG_NAME_MAX,
    )


@blp.post("/tags/new")
@requires(Permission.OUTREACH_EDIT)
def send_tag() -> Response:
    name = Form.sent().value("name")

    def work() -> str:
        public_id = tags.create(name=name, now=clock.now())
        _record("fan_tag.create", public_id, name=name)
        return _("标签已建好，公众号上也有了。")

    return _with_platform(work)


@blp.post("/tags/<tag_id>/name")
@requires(Permission.OUTREACH_EDIT)
def send_name(tag_id: str) -> Response:
    name = Form.sent().value("name")

    def work() -> str:
        tags.rename(public_id=tag_id, name=name, now=clock.now())
        _record("fan_tag.update", tag_id, name=name)
        return _("标签已改名，公众号上一起改了。")

    return _with_platform(work)


@blp.post("/tags/<tag_id>/delete")
@requires(Permission.OUTREACH_EDIT)
def send_delete(tag_id: str) -> Response:
    def work() -> str:
        tags.remove(public_id=tag_id, now=clock.now())
        _record("fan_tag.delete", tag_id)
        return _("标签已删除，所有粉丝身上的一起去掉了。")

    return _with_platform(work)


def _record(action: str, tag_id: str, **changes: Any) -> None:
    with transaction():
        audit.record(action=action, subject_kind="fan_tag", subject_id=tag_id, changes=changes)


def _with_platform(work: Callable[[], str]) -> Response:
    """Do what asks the platform in between, and tell how it went."""
    try:
        words = work()
    except ShopError as problem:
        flash(in_words(problem), "danger")
    except PlatformError as problem:
        reason = explain(code=problem.code, answer=problem.text)
        if problem.in_doubt:
            flash(_("不知道公众号收到没有，几分钟内会自动核对：%(reason)s", reason=reason), "warning")
        else:
            flash(_("公众号没有接受，没有任何改动：%(reason)s", reason=reason), "danger")
    else:
        flash(words, "success")
    return redirect(url_for("fans_admin.tags"), 303)
