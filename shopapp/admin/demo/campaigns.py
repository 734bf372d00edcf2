"""The cash-back campaigns of the demo shop: one that runs, and one that is over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shopapp.kernel.money import ZERO, Money
from shopapp.loyalty.cashback import offering
from shopapp.loyalty.cashback.content import CampaignContent
from shopapp.loyalty.cashback.rules import AmountTerms
from shopapp.loyalty.cashback.states import AmountMode

from .ids import Ids
from .ways import SHOPS

HOLD_DAYS, WAIT_DAYS = 8, 7
EVERYWHERE = tuple(SHOPS)
ONCE_ONLY = ("tmall",)
ROOM = Money(300)
"""What the budgets have for each member at least, so that a large demo has large ones."""


def _running(until: datetime) -> CampaignContent:
    return CampaignContent(
        name="平台订单返 3%",
        intro="在天猫、淘宝、京东、拼多多或抖音买过小满的东西，把订单号填进来。"
        "过了退货期，实付的 3% 返到店内余额，每单不超过 8 元。",
        platforms=EVERYWHERE,
        amount=AmountTerms(mode=AmountMode.PERCENT, least=ZERO, most=Money(800), basis_points=300),
        budget=Money(30_000),
        per_person=3,
        per_phone=3,
        per_address=4,
        starts_at=until - timedelta(days=45),
    )


def _over(until: datetime) -> CampaignContent:
    return CampaignContent(
        name="天猫订单返 3 元",
        intro="天猫旗舰店的订单，过了退货期返 3 元到店内余额，每人一次。",
        platforms=ONCE_ONLY,
        amount=AmountTerms(mode=AmountMode.FIXED, least=ZERO, most=Money(300)),
        budget=Money(10_000),
        per_person=1,
        starts_at=until - timedelta(days=100),
        ends_at=until - timedelta(days=50),
    )


@dataclass(slots=True, kw_only=True)
class Campaign:
    """What was taken of its budget so far."""

    row_id: int
    amount: AmountTerms
    reserved: Money = ZERO
    paid: Money = ZERO


def open_campaigns(*, people: int, ids: Ids, until: datetime) -> dict[bool, Campaign]:
    """Both of them, by whether they are over; `people` may claim."""
    contents = ((False, _running(until)), (True, _over(until)))
    return {ended: _open(content, people=people, ids=ids) for ended, content in contents}


def _open(content: CampaignContent, *, people: int, ids: Ids) -> Campaign:
    wanted = replace(
        content,
        budget=max(content.budget, ROOM * people),
        hold_days=HOLD_DAYS,
        wait_days=WAIT_DAYS,
    )
    row = offering.create(wanted=wanted, active=True, now=wanted.starts_at)
    row.public_id = ids.of("cashback campaign", wanted.name)
    return Campaign(row_id=row.id, amount=wanted.amount)
