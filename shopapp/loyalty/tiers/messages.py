"""What members are told about their tier in WeChat. The names of the fields are ours; the set-up maps them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shopapp.events import TierChanged, TierDropAhead
from shopapp.kernel import clock
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.settings import settings
from shopapp.members.identity import queries as identity
from shopapp.wechat.messages import day_text, queue_template, time_text

from . import queries, words
from .terms import Level

_TIER = {"tier": _l("会员等级"), "time": _l("变更时间"), "until": _l("有效期"), "note": _l("说明")}
# What each notice can tell, by topic, and what the set-up calls it.
FIELDS: dict[str, dict[str, Any]] = {
    "tier_up": {**_TIER, "before": _l("原来的等级")},
    "tier_dropped": {**_TIER, "before": _l("原来的等级")},
    "tier_dropping": {
        "tier": _l("会员等级"),
        "until": _l("降级日期"),
        "gap": _l("还差的成长值"),
        "note": _l("说明"),
    },
}
FOR_EVER = _l("长期")


def tell_change(event: TierChanged) -> None:
    """Once for each step. The many of new rules are told in a few reads each."""
    openid = _openid(event.customer_id)
    step = queries.step(customer_id=event.customer_id, number=event.number) if openid else None
    if openid is None or step is None:
        return
    levels = {level.code: level for version in queries.versions() for level in version.terms.levels}
    before, after = levels[event.before], levels[event.after]
    data = {
        "tier": after.name,
        "before": before.name,
        "time": time_text(step.since),
        "until": str(FOR_EVER) if step.until is None else day_text(step.until - timedelta(seconds=1)),
        "note": _gives(after) if event.up else _("%(entry)s 可再升级", entry=words.entry_text(before)),
    }
    topic = "tier_up" if event.up else "tier_dropped"
    key = f"{event.number}:{step.since:%Y%m%d%H%M%S}"
    _tell(event.customer_id, openid=openid, topic=topic, key=key, data=data)


def _gives(level: Level) -> str:
    return _("、").join(words.benefit_texts(level.benefits)) or _("感谢您的支持")


def tell_ahead(event: TierDropAhead) -> None:
    """30 and 7 days ahead, each once, with the gap."""
    openid = _openid(event.customer_id)
    if openid is None:
        return
    names = {level.code: level.name for level in queries.terms_now().levels}
    data = {
        "tier": names.get(event.code, event.code),
        "until": day_text(event.at),
        "gap": str(event.gap),
        "note": _("再攒 %(gap)s 成长值就能保住", gap=event.gap),
    }
    key = f"{event.code}:{event.at:%Y%m%d}:{event.days}"
    _tell(event.customer_id, openid=openid, topic="tier_dropping", key=key, data=data)


def _openid(customer_id: int) -> str | None:
    return identity.following_openid(customer_id=customer_id, appid=settings().wx_appid)


def _tell(customer_id: int, *, openid: str, topic: str, key: str, data: dict[str, str]) -> None:
    queue_template(
        key=f"{topic}:{customer_id}:{key}",
        openid=openid,
        topic=topic,
        data=data,
        path="/me/tier",
        now=clock.now(),
    )
