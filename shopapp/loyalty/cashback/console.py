"""The merchant's reads: campaigns with their counts, claims by filter, and what stands beside a claim on the desk."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select

from shopapp.kernel.db import db
from shopapp.members.identity import queries as identity

from .models import CashbackCampaign, CashbackClaim
from .queries import Found, found_in
from .states import RESERVED, WAITING, ClaimStatus

STATES = ("active", "stopped")
VIEWS: dict[str, tuple[ClaimStatus, ...]] = {
    "waiting": WAITING,
    "on_way": RESERVED,
    "paid": (ClaimStatus.PAID,),
    "ended": (ClaimStatus.REJECTED, ClaimStatus.EXPIRED),
}
BESIDE_MAX = 20


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many claims of a campaign are on their way, paid, and came to nothing."""

    on_way: int = 0
    paid: int = 0
    ended: int = 0


def campaigns_statement(*, state: str = "") -> Select[CashbackCampaign]:
    """Campaigns for a list, the newest first; `state` is one of `STATES` or empty."""
    statement = select(CashbackCampaign).execution_options(populate_existing=True)
    if state:
        statement = statement.where(CashbackCampaign.active.is_(state == "active"))
    return statement.order_by(CashbackCampaign.id.desc())


def campaign(*, public_id: str) -> CashbackCampaign | None:
    wanted = select(CashbackCampaign).where(CashbackCampaign.public_id == public_id)
    return db.session.scalar(wanted.execution_options(populate_existing=True))


def campaigns_page(*, before: str | None, limit: int) -> tuple[Sequence[CashbackCampaign], str | None]:
    """Campaigns, the newest first, and the id to go on from."""
    statement = campaigns_statement().limit(limit + 1)
    if before is not None:
        place = select(CashbackCampaign.id).where(CashbackCampaign.public_id == before)
        statement = statement.where(CashbackCampaign.id < place.scalar_subquery())
    rows = db.session.scalars(statement).all()
    return rows[:limit], rows[limit - 1].public_id if len(rows) > limit else None


def counts(*, campaign_ids: Collection[int]) -> dict[int, Counts]:
    """By the row id of the campaign, in one query."""
    grouped = (
        select(CashbackClaim.campaign_id, CashbackClaim.status, func.count().label("claims"))
        .where(CashbackClaim.campaign_id.in_(list(campaign_ids)))
        .group_by(CashbackClaim.campaign_id, CashbackClaim.status)
    )
    found: dict[int, dict[ClaimStatus, int]] = {}
    for row in db.session.execute(grouped):
        found.setdefault(row.campaign_id, {})[row.status] = row.claims
    return {
        campaign_id: Counts(**{name: _sum(by_status, VIEWS[name]) for name in ("on_way", "paid", "ended")})
        for campaign_id, by_status in found.items()
    }


def _sum(by_status: dict[ClaimStatus, int], statuses: Collection[ClaimStatus]) -> int:
    return sum(by_status.get(status, 0) for status in statuses)


def claims_statement(
    *, statuses: Collection[ClaimStatus] = (), review: bool = False, campaign_id: str = "", words: str = ""
) -> Select[*tuple[Any, ...]]:
    """Claims with their campaigns, the newest first. `review`: those alone that staff have to look at. `campaign_id` is
    public; `words` an order number or a claim's id."""
    statement = select(CashbackClaim, CashbackCampaign).outerjoin(
        CashbackCampaign, CashbackCampaign.id == CashbackClaim.campaign_id
    )
    if statuses:
        statement = statement.where(CashbackClaim.status.in_(list(statuses)))
    if review:
        statement = statement.where(CashbackClaim.review)
    if campaign_id:
        statement = statement.where(CashbackCampaign.public_id == campaign_id)
    if words:
        statement = statement.where((CashbackClaim.order_no == words) | (CashbackClaim.public_id == words))
    return statement.order_by(CashbackClaim.id.desc()).execution_options(populate_existing=True)


def claims_page(
    *,
    before: str | None,
    limit: int,
    statuses: Collection[ClaimStatus],
    review: bool,
    campaign_id: str,
) -> tuple[list[tuple[CashbackClaim, CashbackCampaign | None, str]], str | None]:
    """Claims with their campaigns and the public ids of their people, and the id to go on from."""
    statement = claims_statement(statuses=statuses, review=review, campaign_id=campaign_id)
    if before is not None:
        place = select(CashbackClaim.id).where(CashbackClaim.public_id == before)
        statement = statement.where(CashbackClaim.id < place.scalar_subquery())
    rows = found_in(db.session.execute(statement.limit(limit + 1)))
    shown = rows[:limit]
    people = people_of([claim for claim, _campaign in shown])
    with_people = [(claim, found, people[claim.customer_id]) for claim, found in shown]
    return with_people, shown[-1][0].public_id if len(rows) > limit else None


def people_of(claims: Collection[CashbackClaim]) -> dict[int, str]:
    """The public ids of the people of these claims, by row id."""
    known = identity.by_ids(customer_ids=sorted({claim.customer_id for claim in claims}))
    return {row_id: row.public_id for row_id, row in known.items()}


def count_for_review() -> int:
    """How many claims wait for somebody at the desk."""
    statement = select(func.count()).select_from(CashbackClaim).where(CashbackClaim.review)
    return db.session.scalar(statement) or 0


def beside(claim: CashbackClaim) -> list[Found]:
    """Other claims with something in common: the same person, phone, address, browser, network or number."""
    same = [CashbackClaim.customer_id == claim.customer_id, CashbackClaim.order_no == claim.order_no]
    for name in ("phone_hash", "address_hash", "device_hash", "network_hash"):
        value = getattr(claim, name)
        if value is not None:
            same.append(getattr(CashbackClaim, name) == value)
    statement = claims_statement().where(CashbackClaim.id != claim.id)
    together = same[0]
    for condition in same[1:]:
        together = together | condition
    return found_in(db.session.execute(statement.where(together).limit(BESIDE_MAX)))


def in_common(claim: CashbackClaim, other: CashbackClaim) -> list[str]:
    """By what two claims belong together: person, number, phone, address, device, network."""
    pairs = {
        "person": (claim.customer_id, other.customer_id),
        "number": (claim.order_no, other.order_no),
        "phone": (claim.phone_hash, other.phone_hash),
        "address": (claim.address_hash, other.address_hash),
        "device": (claim.device_hash, other.device_hash),
        "network": (claim.network_hash, other.network_hash),
    }
    return [name for name, (mine, theirs) in pairs.items() if mine is not None and mine == theirs]
