"""How cash-back reaches a customer inside the shop, and how it is taken back. A WeChat transfer has been sent already.

Each is booked under `claim:<id>`, so that telling it twice pays once.
"""

from __future__ import annotations

from datetime import datetime

from shopapp.kernel.i18n import _
from shopapp.kernel.money import ZERO, Money
from shopapp.loyalty.coupons import services as coupons
from shopapp.loyalty.coupons.content import Giving
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.ledger import services as books
from shopapp.loyalty.ledger.services import Shortfall
from shopapp.loyalty.ledger.writing import purse
from shopapp.loyalty.points import queries as points
from shopapp.members.identity.queries import survivor

from .models import CashbackCampaign, CashbackClaim
from .states import Payout

FEN_OF_YUAN = 100


def key_of(claim: CashbackClaim) -> str:
    return f"claim:{claim.public_id}"


def points_for(amount: Money, *, per_yuan: int) -> int:
    """Whole points of an amount, at least one."""
    return max(amount.fen * per_yuan // FEN_OF_YUAN, 1)


def give(claim: CashbackClaim, campaign: CashbackCampaign, *, now: datetime) -> None:
    """Book what is due, to whoever the claimer turned out to be. Raises what the coupon's own rules refuse."""
    key, reason, owner = key_of(claim), _("购物返现"), survivor(claim.customer_id)
    if campaign.payout is Payout.COUPON:
        coupons.grant(
            coupon_id=campaign.coupon_id or "",
            customer_id=owner,
            key=key,
            source=Giving.STAFF,
            now=now,
            earned_by=key,
        )
    elif campaign.payout is Payout.POINTS:
        amount = points_for(claim.due, per_yuan=campaign.points_per_yuan)
        own, life = purse(customer_id=owner, unit=Unit.POINTS), points.terms(now).life
        books.earn(purse=own, amount=amount, key=key, subject=key, reason=reason, life=life, now=now)
    else:
        own = purse(customer_id=owner, unit=Unit.GIFT)
        book = books.earn if campaign.payout is Payout.WALLET else books.earn_elsewhere
        book(purse=own, amount=claim.due.fen, key=key, subject=key, reason=reason, now=now)


def take_back(claim: CashbackClaim, campaign: CashbackCampaign, *, gone: Money, now: datetime) -> None:
    """Have `gone` of what was paid back in all: from what is left of it, the rest as a debt that later awards repay.

    A coupon is revoked if it is not used yet, once all is gone. Told again it changes nothing.
    """
    paid = claim.paid_amount or ZERO
    if campaign.payout is Payout.COUPON:
        if gone >= paid:
            coupons.reclaim_gift(order_no=key_of(claim), now=now)
        return
    books.take_back(
        award=key_of(claim),
        refunded=gone.fen,
        paid=paid.fen,
        shortfall=Shortfall.DEBT,
        key=f"{key_of(claim)}:refund:{gone.fen}",
        reason=_("订单退款，收回返现"),
        now=now,
    )
