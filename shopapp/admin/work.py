"""Background work as people see it: what failed or waits, and why, in words."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, select

from shopapp.kernel.db import db
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.jobs import Job, JobRun
from shopapp.kernel.outbox import Delivery, StoredEvent
from shopapp.outreach.replies.welcomes import TOPIC as WELCOME
from shopapp.wechat.checks import TOPIC_NAMES
from shopapp.wechat.explain import explain
from shopapp.wechat.messages import queueing, sending
from shopapp.wechat.models import MessageKind, MessageState, OutgoingMessage, PlatformProblem

from . import troubles

JOB_NAMES: dict[str, Any] = {
    "send-messages": _l("发送服务通知和客服消息"),
    "deliver-events": _l("派发店里发生的事"),
    "close-unpaid-orders": _l("关闭超时未付款的订单"),
    "query-payments": _l("查询没有回音的付款"),
    "send-refunds": _l("提交和查询退款"),
    "put-back-principal": _l("把没退成的本金放回余额"),
    "complete-orders": _l("自动确认收货"),
    "expire-coupons": _l("让到期的优惠券失效"),
    "announce-coupon-ends": _l("提醒快到期的优惠券"),
    "activate-points": _l("让待到账的积分到账"),
    "expire-points": _l("记下到期的积分"),
    "tell-points-earned": _l("告诉会员积分到账"),
    "tell-points-expiring": _l("提醒快到期的积分"),
    "reconcile-payments": _l("和微信支付对账"),
    "import-files": _l("导入平台的订单文件"),
    "watch-import-folder": _l("看文件夹里有没有要导入的文件"),
    "forget-import-files": _l("删除导入过的文件"),
    "rebuild-facts": _l("把各处的订单记进购买记录"),
    "repair-welcomes": _l("补发没送到的欢迎语"),
    "sync-fans": _l("和公众号对粉丝和标签"),
    "begin-fan-sync": _l("开始每晚的粉丝同步"),
    "forget-old": _l("清理过期的临时数据"),
}
EVENT_NAMES: dict[str, Any] = {
    "AccountFollowed": _l("有人关注"),
    "AccountUnfollowed": _l("有人取消关注"),
    "FollowFound": _l("同步时发现新粉丝"),
    "SceneScanned": _l("扫了渠道码"),
    "OrderPlaced": _l("下单"),
    "OrderPaid": _l("订单付款"),
    "OrderCancelled": _l("订单取消"),
    "OrderShipped": _l("订单发货"),
    "OrderCompleted": _l("订单完成"),
    "OrderRefunded": _l("退款到账"),
    "MarketplaceOrderBound": _l("平台订单找到主人"),
    "MarketplaceOrderUnbound": _l("平台订单和顾客解除"),
}
TABS: dict[str, Any] = {"failed": _l("没成功"), "waiting": _l("等着再试"), "skipped": _l("没有发")}
MESSAGE_TABS = {
    "failed": (MessageState.FAILED,),
    "waiting": (MessageState.QUEUED, MessageState.SENDING),
    "skipped": (MessageState.SKIPPED,),
}
REASONS: dict[str, Any] = {
    sending.NO_WINDOW: _l("顾客最近没有找过公众号，微信不许发客服消息。"),
    queueing.LAPSED: _l("轮到发送时已经过时。"),
    sending.UNKNOWN_RESULT: _l("发送时断了线，不知道顾客收到没有，所以没有自动再发。"),
    queueing.SWITCHED_OFF: _l("这种通知已经关掉。"),
    sending.NO_GRANT: _l("顾客没有订阅这种通知，或者次数已经用完。"),
    queueing.NO_TEMPLATE: _l("这种通知还没有选模板。"),
    "failed:user block": _l("顾客拒收了公众号的消息。"),
    "failed: system failed": _l("微信送达时出错。"),
}
CODE_REASONS: dict[int, Any] = {
    43004: _l("对方没有关注公众号，或者已经取消关注。"),
    43019: _l("对方把公众号拉黑了。"),
    43101: _l("对方没有同意接收。"),
    45015: _l("顾客最近没有找过公众号，微信不许发客服消息。"),
    45047: _l("这位顾客能收的客服消息条数用完了。"),
}
ERROR_CHARS_MAX = 200


def deliveries(tab: str) -> Select[*tuple[Any, ...]]:
    """(delivery, name of its event, when it happened) of a tab, `failed` or `waiting`; newest first."""
    if tab == "failed":
        return troubles.failed_deliveries()
    return (
        select(Delivery, StoredEvent.name, StoredEvent.occurred_at)
        .join(StoredEvent, StoredEvent.id == Delivery.event_id)
        .where(Delivery.done_at.is_(None), Delivery.given_up.is_(False))
        .order_by(Delivery.id.desc())
    )


def delivery_counts() -> dict[str, int]:
    """How many deliveries are open, by tab."""
    statement = select(Delivery.given_up, func.count()).where(Delivery.done_at.is_(None))
    found = {row[0]: row[1] for row in db.session.execute(statement.group_by(Delivery.given_up))}
    return {"failed": found.get(True, 0), "waiting": found.get(False, 0)}


def messages(tab: str) -> Select[OutgoingMessage]:
    """The messages of a tab, newest first."""
    wanted = OutgoingMessage.state.in_(MESSAGE_TABS[tab])
    return select(OutgoingMessage).where(wanted).order_by(OutgoingMessage.id.desc())


def message_counts() -> dict[str, int]:
    """How many messages are in each tab."""
    states = [state for group in MESSAGE_TABS.values() for state in group]
    statement = select(OutgoingMessage.state, func.count()).where(OutgoingMessage.state.in_(states))
    found = {row[0]: row[1] for row in db.session.execute(statement.group_by(OutgoingMessage.state))}
    return {tab: sum(found.get(state, 0) for state in group) for tab, group in MESSAGE_TABS.items()}


def due_words(job: Job) -> str:
    """每 5 秒, 每天 10:30"""
    if job.every is None:
        return _("每天 %(at)s", at=f"{job.at:%H:%M}")
    seconds = int(job.every.total_seconds())
    if seconds % 60:
        return _("每 %(count)s 秒", count=seconds)
    return _("每 %(count)s 分钟", count=seconds // 60)


def run_error(run: JobRun) -> str:
    return short_error(run.error)


def short_error(text: str | None) -> str:
    """The error's first part, without the statement of a database error and its values."""
    return (text or "").split("\n[SQL", maxsplit=1)[0][:ERROR_CHARS_MAX]


def message_title(message: OutgoingMessage) -> str:
    if message.topic == WELCOME:
        return _("欢迎语（补发）")
    words = TOPIC_NAMES.get(message.topic)
    if words:
        return str(words)
    return _("客服消息") if message.kind is MessageKind.SERVICE else message.topic


def message_reason(message: OutgoingMessage) -> str:
    """Why it did not go out, or waits."""
    if message.error_code in CODE_REASONS:
        return str(CODE_REASONS[message.error_code])
    if message.error_code is not None:
        return explain(code=message.error_code, answer=message.problem or "")
    if not message.problem:
        return _("在队列里") if message.tries == 0 else _("微信没有回答")
    words = REASONS.get(message.problem)
    if words:
        return str(words)
    if message.state is MessageState.SKIPPED:
        return _("内容放不进模板的字段：%(detail)s", detail=message.problem[:ERROR_CHARS_MAX])
    return _("连不上微信：%(detail)s", detail=message.problem[:ERROR_CHARS_MAX])


def problem_words(problem: PlatformProblem) -> str:
    return explain(code=problem.facts.get("code"), answer=str(problem.facts.get("answer", "")))


def masked(openid: str) -> str:
    """oAbc****wxyz"""
    return f"{openid[:4]}****{openid[-4:]}" if len(openid) > 12 else f"{openid[:2]}****"
