"""Transfers in words: what the customer is told on the page of their claim, and staff on the desk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shopapp.kernel.i18n import _, _l
from shopapp.kernel.settings import settings

from . import payouts
from . import services as claims
from .models import CashbackClaim
from .payout_models import PayoutState
from .payouts import PayoutRow
from .states import ClaimStatus

_S = PayoutState
STATES: dict[PayoutState, tuple[Any, str]] = {
    _S.QUEUED: (_l("等待提交"), "note"),
    _S.REFUSED: (_l("微信没有接受"), "bad"),
    _S.ACCEPTED: (_l("微信已受理"), "note"),
    _S.PROCESSING: (_l("等运营账户有钱"), "warn"),
    _S.WAIT_USER_CONFIRM: (_l("等顾客确认"), "note"),
    _S.TRANSFERING: (_l("转账中"), "note"),
    _S.CANCELING: (_l("撤回中"), "note"),
    _S.SUCCESS: (_l("已到账"), "good"),
    _S.FAIL: (_l("没有成功"), "bad"),
    _S.CANCELLED: (_l("已撤回"), ""),
}
ACCOUNT = _l("您的微信暂时不能收款，请在微信“我 → 服务 → 钱包”里看看，再回来领取。")
REASONS: dict[str, Any] = {
    "ACCOUNT_FROZEN": ACCOUNT,
    "ACCOUNT_NOT_EXIST": ACCOUNT,
    "PAYEE_ACCOUNT_ABNORMAL": ACCOUNT,
    "RECEIVE_ACCOUNT_NOT_CONFIGURE": ACCOUNT,
    "REAL_NAME_CHECK_FAIL": _l("微信还没有实名认证，请在微信钱包里完成认证，再回来领取。"),
    "DAY_RECEIVED_COUNT_EXCEED": _l("今天在微信收款的次数到了上限，请明天再领。"),
    "DAY_RECEIVED_QUOTA_EXCEED": _l("今天在微信收款的金额到了上限，请明天再领。"),
    "REALNAME_ACCOUNT_RECEIVED_QUOTA_EXCEED": _l("您的微信收款金额到了上限，请过些时候再领。"),
}
PROBLEMS: dict[str, Any] = {
    "NOT_ENOUGH": _l("商户平台的运营账户余额不足，请充值；充值后会自动重试。"),
    "NO_AUTH": _l("商户号没有开通“商家转账”或这个转账场景，请在商户平台开通。"),
    "SIGN_ERROR": _l("微信支付的密钥不对，请到“设置 · 微信接入”查看。"),
    "PARAM_ERROR": _l("微信支付没有接受这次请求，请核对转账场景和收款人。"),
    "INVALID_REQUEST": _l("微信支付没有接受这次请求，请核对转账场景和金额上下限。"),
    "NO_ANSWER": _l("微信支付没有回应，会用同一个单号再问。"),
    "SYSTEM_ERROR": _l("微信支付没有回应，会用同一个单号再问。"),
}


@dataclass(frozen=True, kw_only=True)
class Receiving:
    """What the page of a claim shows with its button; `text` says why it did not work before, if the customer can help it.

    The customer may confirm `until` then.
    """

    claim_id: str
    text: str
    label: str
    until: datetime | None
    page_url: str


def receiving(claim: CashbackClaim) -> Receiving | None:
    """For a claim paid by WeChat; None when there is nothing to take now."""
    if claim.status not in (ClaimStatus.APPROVED, ClaimStatus.PAYING, ClaimStatus.LAPSED):
        return None
    if claims.refund_waits(claim):
        return None
    rows = payouts.of_claims(claim_ids=[claim.id])[claim.id]
    last = rows[-1] if rows else None
    if last is not None and last.state in (PayoutState.TRANSFERING, PayoutState.SUCCESS):
        return None
    lapsed = claim.status is ClaimStatus.LAPSED
    waits = last is not None and last.state is PayoutState.WAIT_USER_CONFIRM
    return Receiving(
        claim_id=claim.public_id,
        text=str(REASONS.get(last.fail_reason or "", "")) if lapsed and last is not None else "",
        label=_("重新领取") if lapsed else _("确认收款"),
        until=last.confirm_until if last is not None and waits else None,
        page_url=f"{settings().base_url}/claim/{claim.public_id}",
    )


def problem(row: PayoutRow) -> str:
    """What holds a payout up, or why it ended, for staff; empty when nothing does."""
    told = row.problem or row.fail_reason
    if told is None:
        return ""
    known = PROBLEMS.get(told.partition(":")[0])
    return str(known) if known is not None else told


def lines(claim: CashbackClaim) -> list[dict[str, Any]]:
    """The transfers of a claim for the desk, the newest first."""
    rows = payouts.of_claims(claim_ids=[claim.id])[claim.id]
    return [
        {
            "no": row.no,
            "at": row.created_at,
            "amount": row.amount,
            "state": STATES[row.state],
            "problem": problem(row),
        }
        for row in reversed(rows)
    ]
