"""The message centre: every message to a person with what became of it, consents to notices, windows and quotas."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, url_for
from sqlalchemy import Select, func, select
from werkzeug.wrappers import Response

from shopapp.kernel import audit, clock
from shopapp.kernel.access import Permission, guard_console, requires
from shopapp.kernel.db import db
from shopapp.kernel.errors import Conflict
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.screens import act, argument, back_to, page_number, page_of
from shopapp.members.identity.followers import owners
from shopapp.outreach.replies.welcomes import TOPIC as WELCOME
from shopapp.wechat import notices, quotas, windows
from shopapp.wechat.api import PlatformError
from shopapp.wechat.checks import TOPIC_NAMES, notice_templates
from shopapp.wechat.explain import explain
from shopapp.wechat.messages import sending
from shopapp.wechat.models import MessageState, OutgoingMessage

from .. import work as words

STATES: dict[str, Any] = {
    MessageState.QUEUED.value: _l("等着发"),
    MessageState.SENDING.value: _l("正在发"),
    MessageState.SENT.value: _l("已发出"),
    MessageState.DELIVERED.value: _l("已送达"),
    MessageState.FAILED.value: _l("没成功"),
    MessageState.SKIPPED.value: _l("没有发"),
}
TONES = {"delivered": "good", "sent": "good", "failed": "bad", "skipped": "warn"}
WINDOWS: dict[str, Any] = {
    "message": _l("48 小时内给公众号发过消息"),
    "follow": _l("1 分钟内关注"),
    "scan": _l("1 分钟内扫码"),
    "menu": _l("1 分钟内点了菜单"),
}
# What the interfaces do; limits are the platform's for a day, where it publishes one.
APIS: dict[str, tuple[Any, int | None]] = {
    "/cgi-bin/message/template/send": (_l("模板消息"), 100_000),
    "/cgi-bin/message/custom/send": (_l("客服消息"), None),
    "/cgi-bin/message/subscribe/bizsend": (_l("订阅通知"), None),
    "/cgi-bin/menu/create": (_l("发布菜单"), None),
    "/cgi-bin/menu/get": (_l("查看菜单"), None),
    "/cgi-bin/qrcode/create": (_l("生成渠道码"), None),
    "/cgi-bin/user/get": (_l("取粉丝名单"), None),
    "/cgi-bin/user/info/batchget": (_l("取粉丝资料"), None),
    "/cgi-bin/tags/members/batchtagging": (_l("给粉丝加标签"), None),
    "/cgi-bin/tags/members/batchuntagging": (_l("去掉粉丝标签"), None),
    "/cgi-bin/material/add_material": (_l("上传图片"), None),
}

blp = guard_console(Blueprint("messages_admin", __name__, url_prefix="/admin/messages"))


@blp.get("", endpoint="messages")
@requires(Permission.OUTREACH_EDIT)
def list_messages() -> str:
    state, topic = argument("state", STATES), argument("topic", {*TOPIC_NAMES, WELCOME})
    page = page_of(_statement(state=state, topic=topic), number=page_number())
    return render_template(
        "admin/messages/list.html",
        page=page,
        state=state,
        topic=topic,
        states=STATES,
        tones=TONES,
        counts=_counts(),
        topics=[*((key, str(name)) for key, name in TOPIC_NAMES.items()), (WELCOME, _("欢迎语（补发）"))],
        owners=owners(openids=[message.openid for message in page.items]),
        words=words,
    )


def _statement(*, state: str, topic: str) -> Select[OutgoingMessage]:
    statement = select(OutgoingMessage)
    if state:
        statement = statement.where(OutgoingMessage.state == MessageState(state))
    if topic:
        statement = statement.where(OutgoingMessage.topic == topic)
    return statement.order_by(OutgoingMessage.id.desc())


def _counts() -> dict[str, int]:
    rows = db.session.execute(select(OutgoingMessage.state, func.count()).group_by(OutgoingMessage.state))
    counted = {state.value: count for state, count in rows}
    return {state: counted.get(state, 0) for state in STATES}


@blp.post("/<int(max=9223372036854775807):row_id>/retry")
@requires(Permission.OUTREACH_EDIT)
def send_retry(row_id: int) -> Response:
    def work() -> str:
        message = found(db.session.get(OutgoingMessage, row_id))
        if not sending.queue_again(message_id=row_id, now=clock.now()):
            raise Conflict
        changes = {"topic": message.topic}
        audit.record(action="work.retry", subject_kind="message", subject_id=str(row_id), changes=changes)
        return _("消息已放回队列，几秒内会再发一次。")

    return act(work, back=back_to(url_for("messages_admin.messages")))


@blp.get("/notices", endpoint="notices")
@requires(Permission.OUTREACH_EDIT)
def list_notices() -> str:
    """Who allows how many subscription notices: by template, and with `template` in the address by person."""
    titles, problem = _titles()
    template = argument("template", longest=notices.TEMPLATE_ID_LENGTH_MAX)
    page = page_of(notices.ledger(template_id=template), number=page_number()) if template else None
    return render_template(
        "admin/messages/notices.html",
        totals=notices.totals(),
        titles=titles,
        problem=problem,
        template=template,
        page=page,
        owners=owners(openids=[row.openid for row in page.items]) if page else {},
    )


def _titles() -> tuple[dict[str, str], str]:
    """What the account's notices are called, and why that is not known."""
    try:
        return {one.template_id: one.title for one in notice_templates(now=clock.now())}, ""
    except PlatformError as problem:
        return {}, explain(code=problem.code, answer=problem.text)


@blp.get("/limits")
@requires(Permission.OUTREACH_EDIT)
def limits() -> str:
    now = clock.now()
    opened = windows.open_now(now=now)
    uses = [
        {"use": use, "name": APIS[use.api][0], "limit": APIS[use.api][1]}
        for use in quotas.uses(now=now)
        if use.api in APIS
    ]
    return render_template(
        "admin/messages/limits.html",
        windows=[(name, *opened.get(act, (0, 0))) for act, name in WINDOWS.items()],
        uses=uses,
    )
