"""Words of a customer's page."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from shopapp.kernel.access import current_actor
from shopapp.kernel.i18n import _, _l, day
from shopapp.loyalty.ledger.queries import Waiting
from shopapp.loyalty.points import wording as point_words
from shopapp.wechat.checks import TOPIC_NAMES
from shopapp.wechat.correspondence import Letter
from shopapp.wechat.models import MessageState

INSTANT = timedelta(microseconds=1)
PUSHES: dict[str, Any] = {
    "text": _l("发来文字"),
    "image": _l("发来图片"),
    "voice": _l("发来语音"),
    "video": _l("发来视频"),
    "shortvideo": _l("发来小视频"),
    "location": _l("发来位置"),
    "link": _l("发来链接"),
    "subscribe": _l("关注了公众号"),
    "unsubscribe": _l("取消了关注"),
    "scan": _l("扫了渠道码"),
    "click": _l("点了菜单"),
    "view": _l("点了菜单里的链接"),
}
STATES: dict[MessageState, tuple[Any, str]] = {
    MessageState.QUEUED: (_l("等待发送"), ""),
    MessageState.SENDING: (_l("正在发送"), ""),
    MessageState.SENT: (_l("已发出"), "good"),
    MessageState.DELIVERED: (_l("已送达"), "good"),
    MessageState.FAILED: (_l("没发出去"), "bad"),
    MessageState.SKIPPED: (_l("没有发"), "warn"),
}


def letter(one: Letter) -> dict[str, Any]:
    """A message or act as a line: {from_customer, what, text, at, state}."""
    what = PUSHES.get(one.kind) if one.from_customer else TOPIC_NAMES.get(one.kind, _l("客服消息"))
    return {
        "from_customer": one.from_customer,
        "what": what or one.kind,
        "text": one.text,
        "at": one.at,
        "state": STATES[one.state] if one.state else None,
    }


def is_own(author: str) -> bool:
    """Whether the reader wrote it."""
    actor = current_actor()
    return author == f"{actor.kind}:{actor.id}"


def last_day(end: datetime) -> str:
    """The last day on which something that ends then is good."""
    return day(end - INSTANT)


def waiting_text(waiting: Waiting) -> str:
    """What is pending, and until when."""
    what = point_words.subject_text(waiting.subject) or _("其他")
    if waiting.at is None:
        return _("%(what)s，售后期过后到账", what=what)
    return _("%(what)s，%(day)s 到账", what=what, day=day(waiting.at))
