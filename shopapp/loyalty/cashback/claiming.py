"""A customer says that a marketplace order is theirs; it is matched at once, or when an import brings it.

A number that is unknown and one whose second evidence does not fit look the same from outside, now and later on. Only
who has given all the evidence asked for hears what else stands in the way.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from shopapp.events import ClaimMatched
from shopapp.kernel.db import db, insert_once
from shopapp.kernel.errors import ShopError
from shopapp.kernel.i18n import _l
from shopapp.kernel.ids import new_id
from shopapp.kernel.money import ZERO, Money
from shopapp.kernel.outbox import publish
from shopapp.members.marketplace import queries as marketplace
from shopapp.members.marketplace import services as marketplace_services
from shopapp.members.marketplace.queries import MarketplaceOrderFacts
from shopapp.members.marketplace.rules import FAMILIES, Status

from . import budget, rules, services, tracing
from .models import CashbackCampaign, CashbackClaim
from .queries import amount_of, offered
from .rules import Bought, Fit
from .states import CLAIM_MOVES, COUNTED, WAITING, AmountMode, ClaimReason, ClaimStatus, Verdict

_S = ClaimStatus


class NoCampaign(ShopError):
    status, code, text = (
        409,
        "no_campaign",
        _l("这个平台现在没有返现活动，没有登记。可以看看其他平台，或过些时候再来。"),
    )


class TailNeeded(ShopError):
    status, code, text = 422, "tail_needed", _l("请填写收货手机号的后 4 位，用来核对订单。")


class AlreadyClaimed(ShopError):
    status, code, text = (
        409,
        "already_claimed",
        _l("这个订单已经登记过返现，没有再次登记。如果不是您登记的，请联系客服核对。"),
    )


@dataclass(frozen=True, kw_only=True)
class Whence:
    """Where a claim came from: keyed hashes of the browser and of the network, None where they are not known."""

    device_hash: str | None = None
    network_hash: str | None = None


def submit(
    *, customer_id: int, platform: str, order_no: str, tail: str | None, whence: Whence, now: datetime
) -> CashbackClaim:
    """Register a claim and look for its order at once; the same number again gives the claim there is.

    `order_no` is as `numbers.understood` writes it, `tail` the last four digits of the receiver's phone. The tries are
    to be counted before (`limits.spend`), since numbers can be guessed. Raises `NoCampaign`, `TailNeeded`,
    `AlreadyClaimed`.
    """
    open_now = offered(platform=platform, now=now)
    if not open_now:
        raise NoCampaign
    if tail is None and any(campaign.asks_tail for campaign in open_now):
        raise TailNeeded
    family = FAMILIES.get(platform, platform)
    number_key = f"{family}:{order_no}"
    waits = timedelta(days=max(campaign.wait_days for campaign in open_now))
    fresh = insert_once(
        CashbackClaim,
        public_id=new_id(),
        customer_id=customer_id,
        platform=platform,
        family=family,
        order_no=order_no,
        tail=tail,
        number_key=number_key,
        device_hash=whence.device_hash,
        network_hash=whence.network_hash,
        submitted_at=now,
        next_look_at=now,
        expires_at=now + waits,
    )
    claim = services.lock_where(
        CashbackClaim.customer_id == customer_id, CashbackClaim.number_key == number_key
    )
    if not fresh and claim.status in WAITING and tail is not None:
        claim.tail = tail
    if look(claim, running=open_now if fresh else None, now=now) is ClaimReason.ALREADY_CLAIMED:
        raise AlreadyClaimed
    return claim


def look(
    claim: CashbackClaim, *, running: Sequence[CashbackCampaign] | None = None, now: datetime
) -> ClaimReason | None:
    """Look for the order of a locked claim that waits, and go on as far as that leads; why it can't be matched, if so.

    `running` are the campaigns of the time when it came, if they are at hand. An order that somebody else has is left to
    the caller: the claim is as it was.
    """
    if claim.status not in WAITING:
        return None
    order = marketplace.find_order(platform=claim.platform, order_no=claim.order_no)
    if order is None or not _proven(claim, order) or order.status is Status.UNPAID:
        return None
    campaigns = _campaigns(claim, running)
    if not campaigns:
        return None
    if order.customer_id not in (None, claim.customer_id):
        return ClaimReason.ALREADY_CLAIMED
    if order.status is Status.CLOSED:
        return _refuse(claim, ClaimReason.REFUNDED, now=now)
    return _match(claim, order, campaigns, now=now)


def _proven(claim: CashbackClaim, order: MarketplaceOrderFacts) -> bool:
    """Whether what was told about the phone fits, where the export shows any of it."""
    return claim.tail is None or marketplace.tail_fits(order_id=order.id, tail=claim.tail) is not False


def _refuse(
    claim: CashbackClaim, reason: ClaimReason, *, reserved: bool = True, now: datetime
) -> ClaimReason:
    """No cash-back. An order that was proven to be theirs stays so: it counts as a purchase."""
    services.reject(claim, reason=reason, reserved=reserved, now=now)
    return reason


def _campaigns(claim: CashbackClaim, running: Sequence[CashbackCampaign] | None) -> list[CashbackCampaign]:
    """The active campaigns in whose time this claim came, the latest to begin first."""
    if running is None:
        running = offered(platform=claim.platform, now=claim.submitted_at)
    return [campaign for campaign in running if claim.tail is not None or not campaign.asks_tail]


def _match(
    claim: CashbackClaim,
    order: MarketplaceOrderFacts,
    campaigns: Sequence[CashbackCampaign],
    *,
    now: datetime,
) -> ClaimReason | None:
    lines = [
        Bought(title=line.title, sku=line.sku, paid=None if line.paid_fen is None else Money(line.paid_fen))
        for line in marketplace.lines_of(order_ids=[order.id]).get(order.id, [])
    ] or [Bought(title=order.title, sku="", paid=None)]
    seed = secrets.token_hex(rules.SEED_BYTES)
    free = [campaign for campaign in campaigns if campaign.id not in _taken_in(order)]
    if not free:
        return ClaimReason.ALREADY_CLAIMED
    reason = ClaimReason.NOT_IN_CAMPAIGN
    for campaign in free:
        amount = _award(claim, order, campaign, lines, seed=seed)
        if ZERO < amount < services.least_of(campaign):
            reason = ClaimReason.BELOW_LEAST
        elif amount > ZERO:
            return _take(claim, order, campaign, amount=amount, seed=seed, now=now)
    return _refuse(claim, reason, now=now)


def _taken_in(order: MarketplaceOrderFacts) -> set[int | None]:
    """The campaigns (row ids) in which this order has its claim already."""
    taken = select(CashbackClaim.campaign_id).where(
        CashbackClaim.order_id == order.id, CashbackClaim.taken_key.is_not(None)
    )
    return set(db.session.scalars(taken))


def _award(
    claim: CashbackClaim,
    order: MarketplaceOrderFacts,
    campaign: CashbackCampaign,
    lines: Sequence[Bought],
    *,
    seed: str,
) -> Money:
    """What this campaign brings for the order, nothing where it is not for it."""
    fit = Fit(title_words=campaign.title_words, skus=campaign.skus, paid_from=campaign.orders_paid_from)
    base = rules.basis(fit, paid_at=order.paid_at, paid=Money(order.paid_fen), lines=lines)
    if base is None or (base == ZERO and order.currency == rules.CNY):
        return ZERO
    return rules.award(amount_of(campaign), base=base, seed=seed, claim=claim.public_id)


def _take(
    claim: CashbackClaim,
    order: MarketplaceOrderFacts,
    campaign: CashbackCampaign,
    *,
    amount: Money,
    seed: str,
    now: datetime,
) -> ClaimReason | None:
    """Take the order for its buyer and the amount from the budget.

    All claims of a campaign meet at its row, so that is locked last of all.
    """
    trace = tracing.trace(claim, order, now=now)
    if trace.verdict is Verdict.BLOCK:
        claim.verdict, claim.signs = trace.verdict, trace.signs
        return _refuse(claim, ClaimReason.RISK, now=now)
    if not marketplace_services.bind(order_id=order.id, customer_id=claim.customer_id, now=now):
        return ClaimReason.ALREADY_CLAIMED
    CLAIM_MOVES.move(
        claim,
        _S.MATCHED,
        campaign_id=campaign.id,
        order_id=order.id,
        taken_key=f"{campaign.id}:{order.id}",
        amount=amount,
        seed=seed if campaign.mode is AmountMode.RANDOM else None,
        verdict=trace.verdict,
        signs=trace.signs,
        review=trace.verdict is Verdict.HOLD,
        phone_hash=trace.phone_hash,
        address_hash=trace.address_hash,
        matched_at=now,
        tail=None,
    )
    until = now + timedelta(days=campaign.hold_days)
    CLAIM_MOVES.move(claim, _S.ON_HOLD, hold_until=until, next_look_at=until)
    if not budget.reserve(campaign_id=campaign.id, amount=amount):
        return _refuse(claim, ClaimReason.BUDGET, reserved=False, now=now)
    beyond = _beyond_limits(claim, campaign)
    if beyond is not None:
        return _refuse(claim, beyond, now=now)
    publish(ClaimMatched(claim_id=claim.id, customer_id=claim.customer_id))
    if order.refunded_fen:
        services.follow_refund(claim, now=now)
    return None


def _beyond_limits(claim: CashbackClaim, campaign: CashbackCampaign) -> ClaimReason | None:
    """Which limit this claim breaks, itself counted. The campaign's row is locked, so that two never count side by side."""
    limits = (
        (campaign.per_person, CashbackClaim.customer_id, claim.customer_id, ClaimReason.PER_PERSON),
        (campaign.per_phone, CashbackClaim.phone_hash, claim.phone_hash, ClaimReason.PER_PHONE),
        (campaign.per_address, CashbackClaim.address_hash, claim.address_hash, ClaimReason.PER_ADDRESS),
    )
    for limit, column, value, reason in limits:
        if limit is None or value is None:
            continue
        counted = select(func.count()).where(
            CashbackClaim.campaign_id == campaign.id, column == value, CashbackClaim.status.in_(COUNTED)
        )
        if (db.session.scalar(counted) or 0) > limit:
            return reason
    return None
