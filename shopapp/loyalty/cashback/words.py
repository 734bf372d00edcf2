"""Claims and campaigns in words: for the customer at each moment, and for the desk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from shopapp.kernel.i18n import _, _l, month_day
from shopapp.kernel.money import ZERO, Money

from .models import CashbackCampaign, CashbackClaim
from .states import RESERVED, WAITING, AmountMode, ClaimReason, ClaimStatus, Payout, Verdict

_S = ClaimStatus

PLATFORMS: dict[str, Any] = {
    "taobao": _l("淘宝"),
    "tmall": _l("天猫"),
    "jd": _l("京东"),
    "pdd": _l("拼多多"),
    "douyin": _l("抖音"),
    "amazon": _l("亚马逊"),
    "youzan": _l("有赞"),
    "wechatpay": _l("微信支付"),
    "generic": _l("其他平台"),
}
WHERE: dict[str, Any] = {
    "taobao": _l("手机淘宝 → 我的淘宝 → 全部订单 → 点开订单 → 订单编号，点“复制”"),
    "tmall": _l("手机淘宝或天猫 → 我的 → 全部订单 → 点开订单 → 订单编号，点“复制”"),
    "jd": _l("京东 App → 我的 → 我的订单 → 点开订单 → 订单编号，点“复制”"),
    "pdd": _l("拼多多 App → 个人中心 → 我的订单 → 点开订单 → 订单编号，点“复制”"),
    "douyin": _l("抖音 → 我 → 抖音商城 → 我的订单 → 点开订单 → 订单编号，点“复制”"),
    "amazon": _l("亚马逊 → 我的订单 → 订单详情 → 订单号"),
    "youzan": _l("小店 → 我的订单 → 点开订单 → 订单编号"),
    "wechatpay": _l("微信 → 我 → 服务 → 钱包 → 账单 → 点开这笔付款 → 商户单号"),
    "generic": _l("在购买的平台打开订单详情，找到订单编号"),
}
STATUSES: dict[ClaimStatus, Any] = {
    _S.SUBMITTED: _l("核对中"),
    _S.NOT_FOUND: _l("等待订单"),
    _S.MATCHED: _l("已找到订单"),
    _S.ON_HOLD: _l("等退货期过"),
    _S.APPROVED: _l("即将发放"),
    _S.PAYING: _l("发放中"),
    _S.PAID: _l("已到账"),
    _S.LAPSED: _l("未领取"),
    _S.REJECTED: _l("未通过"),
    _S.EXPIRED: _l("没有找到订单"),
}
REASONS: dict[ClaimReason, Any] = {
    ClaimReason.REFUNDED: _l("订单已退款或关闭，不能返现。"),
    ClaimReason.ALREADY_CLAIMED: _l("这个订单已经登记过返现。如果不是您登记的，请联系客服核对。"),
    ClaimReason.NOT_IN_CAMPAIGN: _l("这个订单不在活动范围内：请看活动说明里的商品和付款时间。"),
    ClaimReason.PER_PERSON: _l("您在这个活动的次数已经用完。"),
    ClaimReason.PER_PHONE: _l("这个手机号在这个活动的次数已经用完。"),
    ClaimReason.PER_ADDRESS: _l("这个收货地址在这个活动的次数已经用完。"),
    ClaimReason.BUDGET: _l("活动的返现已经发完。"),
    ClaimReason.BELOW_LEAST: _l("返现金额不到最低金额，微信不能转账。"),
    ClaimReason.RISK: _l("这次登记没有通过核对。如有疑问请联系客服。"),
    ClaimReason.STAFF: _l("店家核对后没有通过。"),
    ClaimReason.NOT_FOUND: _l("一直没有找到这个订单号。请核对订单号后再登记一次，或联系客服。"),
    ClaimReason.ERASED: _l("账号已注销。"),
}
SIGNS: dict[str, Any] = {
    "device": _l("同一台设备上有其他人登记"),
    "phone": _l("同一个手机号有其他人登记"),
    "address": _l("同一个地址有其他人登记"),
    "network": _l("同一个网络里一天有很多人登记"),
    "guesses": _l("这个人登记过多个查不到的订单号"),
    "in_a_row": _l("登记过的订单号一个挨着一个"),
    "buyer": _l("同一个买家账号的订单绑定在别人名下"),
    "refund_unclear": _l("订单有退款，但导出文件没说退了多少"),
}
VERDICTS: dict[Verdict, Any] = {
    Verdict.PASS: _l("没有异常"),
    Verdict.HOLD: _l("需要看一下"),
    Verdict.BLOCK: _l("已拦下"),
}
PAYOUTS: dict[Payout, Any] = {
    Payout.WALLET: _l("店内余额"),
    Payout.POINTS: _l("积分"),
    Payout.COUPON: _l("优惠券"),
    Payout.TRANSFER: _l("微信零钱"),
}
MODES: dict[AmountMode, Any] = {
    AmountMode.FIXED: _l("固定金额"),
    AmountMode.RANDOM: _l("随机金额"),
    AmountMode.PERCENT: _l("按实付比例"),
}


class HeldUp(StrEnum):
    """What keeps a claim from going on: the person follows nobody yet, its campaign is stopped, its order was refunded
    while it was paid, or only the next run of the job."""

    FOLLOW = "follow"
    STOPPED = "stopped"
    REFUND = "refund"
    DUE = "due"


HELD_UP: dict[HeldUp, tuple[Any, Any]] = {
    HeldUp.FOLLOW: (
        _l("等您关注"),
        _l("关注公众号后发放：在微信里打开店家的公众号，点“关注”，一小时左右就会发放。"),
    ),
    HeldUp.STOPPED: (_l("活动已暂停"), _l("活动已暂停，恢复后发放。")),
    HeldUp.REFUND: (_l("核对退款"), _l("订单有退款，正在收回还没领取的返现，核对后会在这里更新。")),
    HeldUp.DUE: (_l("即将发放"), _l("退货期已过，马上发放。")),
}


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a claim's way; `at` once it is done, `now` for the one where it stands."""

    name: str
    at: datetime | None
    now: bool = False
    ended: bool = False

    @property
    def day(self) -> str:
        return month_day(self.at) if self.at else ""


def yuan(amount: Money) -> str:
    """5 or 5.50: no cents where there are none."""
    return str(amount).removesuffix(".00")


def platform(name: str) -> str:
    return str(PLATFORMS.get(name, name))


def reason(claim: CashbackClaim) -> str | None:
    """Why a claim ended without cash-back; what staff wrote comes in their words."""
    if claim.reason is None:
        return None
    if claim.reason is ClaimReason.STAFF and claim.note:
        return _("店家核对后没有通过：%(note)s", note=claim.note)
    return str(REASONS[claim.reason])


def waits_for(held_up: HeldUp | None) -> str | None:
    """What somebody has to do before the claim goes on."""
    return None if held_up in (None, HeldUp.DUE) else str(HELD_UP[held_up][1])


def status(claim: CashbackClaim, *, payout: Payout | None, held_up: HeldUp | None) -> str:
    """Where the claim stands in a word or two, as its owner reads it."""
    if held_up is not None:
        return str(HELD_UP[held_up][0])
    if claim.status is _S.PAYING and payout is Payout.TRANSFER:
        return _("等您收款")
    return str(STATUSES[claim.status])


def says(claim: CashbackClaim, *, payout: Payout | None, held_up: HeldUp | None) -> str:
    """Where the claim stands and what happens next, in one or two sentences."""
    if held_up is not None:
        return str(HELD_UP[held_up][1])
    if claim.status is _S.SUBMITTED:
        return _("已收到，正在核对。店家的订单会分批更新，找到后会在这里显示。")
    if claim.status is _S.NOT_FOUND:
        return _(
            "还没有看到这个订单，会一直找到 %(day)s。找到后不用再登记。", day=month_day(claim.expires_at)
        )
    if claim.status in (_S.MATCHED, _S.ON_HOLD):
        return _held(claim, payout=payout)
    if claim.status is _S.PAID:
        return _paid(claim, payout=payout)
    plain = {
        _S.APPROVED: _("核对完成，马上发放。"),
        _S.PAYING: _("钱已经准备好，请在 24 小时内打开微信确认收款。")
        if payout is Payout.TRANSFER
        else _("正在发放到您的%(way)s。", way=PAYOUTS[payout or Payout.WALLET]),
        _S.LAPSED: _("上次没有领到，钱已退回店家，还为您留着，可以重新领取。"),
    }
    return plain.get(claim.status) or reason(claim) or ""


def _held(claim: CashbackClaim, *, payout: Payout | None) -> str:
    if claim.review:
        return _("已找到订单，店家还要核对一下，通过后会发放。")
    if claim.hold_until is None:
        return _("已找到订单。")
    return _(
        "已找到订单，退货期过后 %(day)s发到您的%(way)s。",
        day=month_day(claim.hold_until),
        way=PAYOUTS[payout or Payout.WALLET],
    )


def _paid(claim: CashbackClaim, *, payout: Payout | None) -> str:
    way = PAYOUTS[payout or Payout.WALLET]
    if claim.taken_back and claim.paid_amount and claim.due == ZERO:
        return _("已发到您的%(way)s。订单后来全部退款，返现已全部收回。", way=way)
    if claim.taken_back and claim.paid_amount and claim.due < claim.paid_amount:
        return _("已发到您的%(way)s。订单后来退款，按比例收回了一部分。", way=way)
    return _("已发到您的%(way)s。", way=way)


def steps(claim: CashbackClaim) -> list[Step]:
    """The way of a claim: submitted, found, the end of the hold, paid; a claim that ended otherwise shows where."""
    if claim.status in (_S.REJECTED, _S.EXPIRED):
        found = [Step(name=_("找到订单"), at=claim.matched_at)] if claim.matched_at else []
        end = Step(name=str(STATUSES[claim.status]), at=claim.ended_at, now=True, ended=True)
        return [Step(name=_("已登记"), at=claim.submitted_at), *found, end]
    waiting = claim.status in WAITING
    held = claim.status in RESERVED
    return [
        Step(name=_("已登记"), at=claim.submitted_at),
        Step(name=_("找到订单"), at=claim.matched_at, now=waiting),
        Step(name=_("退货期过"), at=claim.approved_at, now=held and claim.approved_at is None),
        Step(name=_("到账"), at=claim.paid_at, now=held and claim.approved_at is not None),
    ]


def amount_text(campaign: CashbackCampaign) -> str:
    """How much a campaign brings, in a few words: 返 5 元, 返 1–8 元, 返实付的 5%，最多 20 元"""
    if campaign.payout is Payout.COUPON:
        return _("送一张优惠券")
    if campaign.mode is AmountMode.RANDOM:
        return _("返 %(least)s–%(most)s 元", least=yuan(campaign.least), most=yuan(campaign.most))
    if campaign.mode is AmountMode.PERCENT:
        percent = f"{campaign.basis_points / 100:g}"
        return _("返实付的 %(percent)s%%，最多 %(most)s 元", percent=percent, most=yuan(campaign.most))
    return _("返 %(yuan)s 元", yuan=yuan(campaign.most))
