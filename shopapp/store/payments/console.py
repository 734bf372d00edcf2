"""Reads of the console's screens: refunds by state, and the words for them and for the worklist."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, select

from shopapp.kernel.db import db
from shopapp.kernel.i18n import _l
from shopapp.wechat.worklist.queries import NoticeState

from .models import Refund, RefundCause, RefundState

_R = RefundState
REFUND_TABS: dict[str, tuple[Any, tuple[RefundState, ...]]] = {
    "": (_l("全部"), ()),
    "waiting": (_l("处理中"), (_R.QUEUED, _R.SENT)),
    "trouble": (_l("需要处理"), (_R.ABNORMAL, _R.FAILED)),
    "done": (_l("已到账"), (_R.DONE,)),
}
STATE_NAMES: dict[RefundState, tuple[Any, str]] = {
    _R.QUEUED: (_l("等待提交"), "note"),
    _R.SENT: (_l("微信处理中"), "note"),
    _R.DONE: (_l("已到账"), "good"),
    _R.ABNORMAL: (_l("异常"), "bad"),
    _R.FAILED: (_l("失败"), "bad"),
    _R.GIVEN_UP: (_l("没有退，放回余额"), ""),
}
CAUSE_NAMES: dict[RefundCause, Any] = {
    RefundCause.STAFF: _l("店里退款"),
    RefundCause.PRINCIPAL: _l("退还本金"),
    RefundCause.LATE: _l("取消后付款"),
    RefundCause.SURPLUS: _l("重复付款"),
}
NOTICE_NAMES: dict[NoticeState, Any] = {
    NoticeState.UNKNOWN_ORDER: _l("找不到对应的订单"),
    NoticeState.WRONG: _l("金额或商户对不上"),
}


def refunds_statement(*, tab: str) -> Select[Refund]:
    """Refunds, the newest first."""
    statement = select(Refund).order_by(Refund.id.desc())
    states = REFUND_TABS[tab][1]
    return statement.where(Refund.state.in_(states)) if states else statement


def refund_counts() -> dict[str, int]:
    found = dict(db.session.execute(select(Refund.state, func.count()).group_by(Refund.state)).all())
    counts = {
        tab: sum(found.get(state, 0) for state in states) for tab, (_name, states) in REFUND_TABS.items()
    }
    return counts | {"": sum(found.values())}
