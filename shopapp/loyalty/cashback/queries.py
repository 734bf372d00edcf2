"""Reads of claims for others: what became of people's claims, and what a payout needs to know."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, or_, select

from shopapp.kernel.db import db
from shopapp.kernel.money import Money

from .models import CashbackCampaign, CashbackClaim
from .rules import AmountTerms
from .states import ClaimStatus, Payout


@dataclass(frozen=True, kw_only=True)
class ClaimOutcome:
    """What became of one person's claims: `paid` is what reached them less what refunds took back."""

    claims: int
    claimed_at: datetime
    paid_claims: int
    paid_at: datetime | None
    paid: Money


@dataclass(frozen=True, kw_only=True)
class PayoutFacts:
    """A claim as a payout sees it; ids are row ids but for `public_id`."""

    id: int
    public_id: str
    customer_id: int
    campaign_name: str
    campaign_active: bool
    payout: Payout
    status: ClaimStatus
    amount: Money


def outcomes(*, customer_ids: Collection[int]) -> dict[int, ClaimOutcome]:
    """The outcome of all claims of each of these people; who never claimed is left out. One query."""
    paid = CashbackClaim.paid_at.is_not(None)
    statement = (
        select(
            CashbackClaim.customer_id,
            func.count().label("claims"),
            func.min(CashbackClaim.submitted_at).label("claimed_at"),
            func.count(CashbackClaim.paid_at).label("paid_claims"),
            func.min(CashbackClaim.paid_at).label("paid_at"),
            func.sum(CashbackClaim.amount - CashbackClaim.taken_back).filter(paid).label("paid"),
        )
        .where(CashbackClaim.customer_id.in_(list(customer_ids)))
        .group_by(CashbackClaim.customer_id)
    )
    return {
        row.customer_id: ClaimOutcome(
            claims=row.claims,
            claimed_at=row.claimed_at,
            paid_claims=row.paid_claims,
            paid_at=row.paid_at,
            paid=_fen(row.paid),
        )
        for row in db.session.execute(statement)
    }


def _fen(total: Money | int | None) -> Money:
    """PostgreSQL sums whole numbers to decimals."""
    return total if isinstance(total, Money) else Money(int(total or 0))


def payout_facts(*, claim_id: int) -> PayoutFacts | None:
    """What a payout of this claim (row id) needs; None while no campaign pays it."""
    statement = (
        select(CashbackClaim, CashbackCampaign)
        .join(CashbackCampaign, CashbackCampaign.id == CashbackClaim.campaign_id)
        .where(CashbackClaim.id == claim_id)
        .execution_options(populate_existing=True)
    )
    found = db.session.execute(statement).first()
    if found is None:
        return None
    claim, campaign = found
    return PayoutFacts(
        id=claim.id,
        public_id=claim.public_id,
        customer_id=claim.customer_id,
        campaign_name=campaign.name,
        campaign_active=campaign.active,
        payout=campaign.payout,
        status=claim.status,
        amount=claim.due,
    )


def offered(*, platform: str, now: datetime) -> list[CashbackCampaign]:
    """The active campaigns for this platform whose time `now` lies in."""
    return [row for row in running(now=now) if platform in row.platforms]


def running(*, now: datetime) -> list[CashbackCampaign]:
    """The active campaigns whose time `now` lies in, as they are now, the latest to begin first."""
    statement = select(CashbackCampaign).where(
        CashbackCampaign.active,
        CashbackCampaign.starts_at <= now,
        or_(CashbackCampaign.ends_at.is_(None), CashbackCampaign.ends_at > now),
    )
    newest = statement.order_by(CashbackCampaign.starts_at.desc(), CashbackCampaign.id.desc())
    return list(db.session.scalars(newest.execution_options(populate_existing=True)))


def amount_of(campaign: CashbackCampaign) -> AmountTerms:
    """How much a campaign brings."""
    return AmountTerms(
        mode=campaign.mode,
        least=campaign.least,
        most=campaign.most,
        basis_points=campaign.basis_points,
    )


Found = tuple[CashbackClaim, CashbackCampaign | None]


def _claims() -> Select[CashbackClaim, CashbackCampaign]:
    statement = select(CashbackClaim, CashbackCampaign).outerjoin(
        CashbackCampaign, CashbackCampaign.id == CashbackClaim.campaign_id
    )
    return statement.execution_options(populate_existing=True)


def found_in(rows: Iterable[Row[*tuple[Any, ...]]]) -> list[Found]:
    """Rows of claims with their campaigns, which only matched claims have."""
    return [(claim, campaign) for claim, campaign in rows]


def claims_of(*, customer_id: int, before: str | None, limit: int) -> tuple[list[Found], str | None]:
    """A person's claims with their campaigns, the newest first, and the id to go on from."""
    statement = _claims().where(CashbackClaim.customer_id == customer_id)
    if before is not None:
        place = select(CashbackClaim.id).where(
            CashbackClaim.public_id == before, CashbackClaim.customer_id == customer_id
        )
        statement = statement.where(CashbackClaim.id < place.scalar_subquery())
    rows = found_in(db.session.execute(statement.order_by(CashbackClaim.id.desc()).limit(limit + 1)))
    return rows[:limit], rows[limit - 1][0].public_id if len(rows) > limit else None


def claim_of(*, customer_id: int, public_id: str) -> Found | None:
    """The person's own claim; `None` for an unknown one and for a stranger's alike."""
    mine = (CashbackClaim.public_id == public_id, CashbackClaim.customer_id == customer_id)
    return next(iter(found_in(db.session.execute(_claims().where(*mine)))), None)


def claim(*, public_id: str) -> Found | None:
    """Any claim, for the desk."""
    wanted = _claims().where(CashbackClaim.public_id == public_id)
    return next(iter(found_in(db.session.execute(wanted))), None)


def claim_of_row(claim_id: int) -> Found:
    """The claim with this row id, which there is."""
    (found,) = found_in(db.session.execute(_claims().where(CashbackClaim.id == claim_id)))
    return found


def campaign_of(claim: CashbackClaim) -> CashbackCampaign | None:
    """The campaign that pays this claim, as it was last read."""
    return None if claim.campaign_id is None else db.session.get(CashbackCampaign, claim.campaign_id)
