"""Reading the points mall: what is offered, and how it stands with who looks at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select

from shopapp.kernel import preferences
from shopapp.kernel.db import db
from shopapp.kernel.money import Money
from shopapp.loyalty.coupons import queries as coupons
from shopapp.loyalty.coupons.queries import Offer as CouponOffer
from shopapp.loyalty.coupons.queries import OfferState
from shopapp.loyalty.ledger import queries as ledger
from shopapp.loyalty.points.queries import points_purse
from shopapp.loyalty.tiers import queries as tiers
from shopapp.members.identity.queries import SignedIn
from shopapp.store.catalogue import queries as catalogue
from shopapp.store.catalogue.queries import SellableSku

from . import rules
from .models import MallItem, MallTally
from .rules import Counted, MallContent, Standing


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Who looks; `points` they can use now, None for who is no member, and `rank` of their tier."""

    customer_id: int | None = None
    points: int | None = None
    rank: int = 0


@dataclass(frozen=True, kw_only=True)
class MallOffer:
    """An item of the mall for one visitor. `left` and `allowed` are None for any number; one of `sku`, `coupon` is there.

    `tier_name` is the lowest tier that may take it, empty for all. `missing` points keep the visitor from one piece; None
    for who is no member.
    """

    id: str
    content: MallContent
    standing: Standing
    left: int | None
    allowed: int | None
    mine: int
    sku: SellableSku | None
    coupon: CouponOffer | None
    tier_name: str
    missing: int | None

    @property
    def title(self) -> str:
        if self.content.title:
            return self.content.title
        if self.sku is not None:
            return self.sku.title
        return self.coupon.content.terms.name if self.coupon is not None else ""


def visitor_of(customer: SignedIn | None, *, now: datetime) -> Visitor:
    if customer is None or not customer.is_member:
        return Visitor(customer_id=customer.customer_id if customer else None)
    tier = tiers.tier_of(customer_id=customer.customer_id, now=now)
    balance = ledger.balance(purse=points_purse(customer.customer_id), now=now)
    return Visitor(customer_id=customer.customer_id, points=balance.available, rank=tier.level if tier else 0)


def offers(
    *, visitor: Visitor, before: str | None = None, limit: int, now: datetime
) -> tuple[list[MallOffer], str | None]:
    """What the mall shows, in the merchant's order, with the id to go on from; an unknown `before` begins anew.

    A page may be shorter than `limit`: what cannot be had is left out after it was read.
    """
    live = or_(MallItem.ends_at.is_(None), MallItem.ends_at > now)
    statement = select(MallItem).where(MallItem.active, live).order_by(MallItem.position, MallItem.id)
    last = _row(before) if before is not None else None
    if last is not None:
        same = and_(MallItem.position == last.position, MallItem.id > last.id)
        statement = statement.where(or_(MallItem.position > last.position, same))
    rows = db.session.scalars(statement.limit(limit + 1)).all()
    found = offers_of(rows=rows[:limit], visitor=visitor, now=now)
    shown = [offer for offer in found if offer.standing is not Standing.CLOSED]
    return shown, rows[limit - 1].public_id if len(rows) > limit else None


def offer(*, public_id: str, visitor: Visitor, now: datetime) -> MallOffer | None:
    """One item; None also for one that is not shown."""
    row = _row(public_id)
    found = offers_of(rows=[row] if row is not None else [], visitor=visitor, now=now)
    return found[0] if found and found[0].standing is not Standing.CLOSED else None


def _row(public_id: str) -> MallItem | None:
    if not catalogue.is_public_id(public_id):
        return None
    return db.session.scalar(select(MallItem).where(MallItem.public_id == public_id))


def offers_of(*, rows: Sequence[MallItem], visitor: Visitor, now: datetime) -> list[MallOffer]:
    """These items for this visitor, each kind of fact in one query."""
    skus = catalogue.sellable(sku_ids=[row.sku_id for row in rows if row.sku_id])
    with_coupon = any(row.coupon_id for row in rows)
    given = coupons.for_points(customer_id=visitor.customer_id, now=now) if with_coupon else {}
    tallies = _tallies(customer_id=visitor.customer_id, item_ids=[row.id for row in rows])
    return [
        _offer(
            row,
            visitor=visitor,
            sku=skus.get(row.sku_id or ""),
            coupon=given.get(row.coupon_id or ""),
            tally=tallies.get(row.id),
            now=now,
        )
        for row in rows
    ]


def _tallies(*, customer_id: int | None, item_ids: Sequence[int]) -> Mapping[int, MallTally]:
    if customer_id is None or not item_ids:
        return {}
    mine = select(MallTally).where(MallTally.customer_id == customer_id, MallTally.item_id.in_(item_ids))
    found = db.session.scalars(mine.execution_options(populate_existing=True))
    return {tally.item_id: tally for tally in found}


def _offer(
    row: MallItem,
    *,
    visitor: Visitor,
    sku: SellableSku | None,
    coupon: CouponOffer | None,
    tally: MallTally | None,
    now: datetime,
) -> MallOffer:
    content = content_of(row)
    same_month = tally is not None and tally.month == rules.month_of(now)
    counted = Counted(
        given=row.given,
        mine=tally.given if tally else 0,
        mine_in_month=tally.in_month if tally and same_month else 0,
        source_left=sku.free if sku else coupon.left if coupon else 0,
    )
    known, high_enough = _tier(content, visitor)
    sold = known and (_is_sold(sku, cash=content.cash) if sku else coupon is not None)
    standing = rules.standing(content, counted, sold=sold, tier=high_enough, now=now)
    if standing is Standing.OPEN and coupon is not None and coupon.state is OfferState.TAKEN:
        standing = Standing.LIMIT
    return MallOffer(
        id=row.public_id,
        content=content,
        standing=standing,
        left=rules.left(content, counted),
        allowed=rules.allowed(content, counted),
        mine=counted.mine,
        sku=sku,
        coupon=coupon,
        tier_name=_tier_name(content.min_tier),
        missing=None if visitor.points is None else max(content.points - visitor.points, 0),
    )


def _is_sold(sku: SellableSku, *, cash: Money) -> bool:
    """Points must take something off: a price that fell to the cash beside them closes the offer."""
    return sku.on_sale and cash < sku.price


def _tier(content: MallContent, visitor: Visitor) -> tuple[bool, bool]:
    """Whether there is the tier that the item asks for, and whether the visitor has it; who is no member joins first."""
    if not content.min_tier:
        return True, True
    rank = tiers.terms_now().rank(content.min_tier)
    if rank is None:
        return False, False
    return True, visitor.points is None or visitor.rank >= rank


def _tier_name(code: str) -> str:
    level = tiers.terms_now().level(code) if code else None
    return level.name if level else ""


def content_of(row: MallItem) -> MallContent:
    return MallContent(**{name: getattr(row, name) for name in MallContent.__dataclass_fields__})


def gift_of(item_id: str) -> str:
    """The name under which it is remembered that somebody took all that one person may of this item."""
    return f"mall:{item_id}"


def given_once(customer_id: int) -> set[str]:
    """The items of which somebody took as many as one person may."""
    full = (MallTally.customer_id == customer_id, MallTally.given >= MallItem.per_person)
    statement = select(MallItem.public_id).join(MallTally, MallTally.item_id == MallItem.id).where(*full)
    return {gift_of(item_id) for item_id in db.session.scalars(statement)}


def free_freight() -> bool:
    """Whether the shop pays the freight of what is taken in the mall."""
    return bool(preferences.read("mall.free_freight"))
