"""Cards begin: bought, tried, by a code, or given by staff. Terms of one plan follow one another. All in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select, update

from shopapp.events import CardStarted
from shopapp.kernel import audit
from shopapp.kernel.db import db, insert_once, rows_changed
from shopapp.kernel.errors import Invalid, ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.ids import new_id, token_hash
from shopapp.kernel.outbox import publish
from shopapp.loyalty.tiers import queries as tiers
from shopapp.loyalty.tiers import services as tier_services
from shopapp.members.identity import queries as identity

from . import queries, rules
from .models import Card, CardCode, CardCodeBatch, CardHolder, CardPlan
from .queries import CardView
from .rules import CardSource

REASON_MAX = 200


class CardClosed(ShopError):
    """The plan is not on offer."""

    status, code, text = 409, "card_closed", _l("这种会员卡现在不能办理，没有任何改动。")


class TrialTaken(ShopError):
    status, code, text = 409, "trial_taken", _l("会员卡每人只能试用一次，没有任何改动。")


class MembersFirst(ShopError):
    status, code, text = 403, "members_only", _l("会员卡要先入会才能用，没有任何改动。请先加入会员。")


class CardCodeWrong(ShopError):
    """The same words for a code that there is not, that was used, and that is over."""

    status, code, text = 422, "card_code_wrong", _l("这个卡密不能用，请核对后再试。没有任何改动。")


def check_purchase(*, customer_id: int, plan_id: str, now: datetime) -> None:
    """Whether somebody can buy this plan now; one that costs nothing is only given. Raises `NotFound`, `CardClosed`, `MembersFirst`."""
    plan = _plan(plan_id)
    _offered(plan, customer_id=customer_id, now=now)
    if not plan.price:
        raise CardClosed


def activate_card(
    *,
    customer_id: int,
    plan_id: str,
    order_no: str,
    length: Mapping[str, int] | None = None,
    now: datetime,
) -> CardView:
    """A paid order's card begins, after those of the same plan that they have; once for each order.

    `length` is the months or days that were promised; without it those of the plan. What was paid for begins also if
    the plan has been taken off sale meanwhile. Raises `NotFound`.
    """
    return _begin(
        _plan(plan_id),
        customer_id=customer_id,
        source=CardSource.BOUGHT,
        key=f"order:{order_no}",
        order_no=order_no,
        length=length,
        now=now,
    )


def start_trial(*, customer_id: int, plan_id: str, now: datetime) -> CardView:
    """Try a card for nothing, once per person, whatever the plan. Raises `NotFound`, `CardClosed`, `MembersFirst`, `TrialTaken`."""
    plan = _plan(plan_id)
    _offered(plan, customer_id=customer_id, now=now)
    if not plan.trial_days:
        raise CardClosed
    key = f"trial:{customer_id}"
    if queries.tried(customer_id=customer_id, now=now) or _by_key(key) is not None:
        raise TrialTaken
    length = {"days": plan.trial_days}
    return _begin(plan, customer_id=customer_id, source=CardSource.TRIAL, key=key, length=length, now=now)


def redeem_code(*, code: str, customer_id: int, now: datetime) -> CardView:
    """Turn a code into a card; the tries are to be counted before (`limits.spend`), since codes can be guessed.

    Raises `CardCodeWrong`, `MembersFirst`.
    """
    if tiers.tier_of(customer_id=customer_id, now=now) is None:
        raise MembersFirst
    row = db.session.execute(
        select(CardCode.id, CardCodeBatch.plan_id, CardCodeBatch.expires_at)
        .join(CardCodeBatch, CardCodeBatch.id == CardCode.batch_id)
        .where(CardCode.digest == token_hash(rules.fold_code(code)))
    ).first()
    if row is None or (row.expires_at is not None and row.expires_at <= now):
        raise CardCodeWrong
    unused = update(CardCode).where(CardCode.id == row.id, CardCode.used_at.is_(None))
    if not rows_changed(unused.values(used_at=now)):
        raise CardCodeWrong
    plan = db.session.get_one(CardPlan, row.plan_id)
    key = f"code:{row.id}"
    card = _begin(plan, customer_id=customer_id, source=CardSource.CODE, key=key, now=now)
    mine = select(Card.id).where(Card.grant_key == key).scalar_subquery()
    rows_changed(update(CardCode).where(CardCode.id == row.id).values(card_id=mine))
    return card


def give_card(
    *, customer_id: int, public_id: str, plan_id: str, reason: str, key: str, now: datetime
) -> CardView:
    """Staff give a card, with the reason; `key` is new for each. Raises `NotFound`, `Invalid`, `MembersFirst`."""
    plan = _plan(plan_id)
    if not 0 < len(reason.strip()) <= REASON_MAX:
        raise Invalid({"reason": [_("请写明原因，最多 %(max)s 个字。", max=REASON_MAX)]})
    if tiers.tier_of(customer_id=customer_id, now=now) is None:
        raise MembersFirst
    card = _begin(
        plan,
        customer_id=customer_id,
        source=CardSource.STAFF,
        key=f"staff:{key}",
        reason=reason.strip(),
        now=now,
    )
    audit.record(
        action="card.give",
        subject_kind="customer",
        subject_id=public_id,
        changes={"plan": plan.name, "reason": reason.strip(), "until": card.ends_at.isoformat()},
    )
    return card


def place_joined(*, customer_id: int, now: datetime) -> None:
    """Who becomes a member with a card that runs already has its tier from now on."""
    waiting = select(Card, CardPlan).join(CardPlan, CardPlan.id == Card.plan_id)
    mine = waiting.where(Card.customer_id == customer_id, Card.override_id.is_(None), Card.ends_at > now)
    for card, plan in db.session.execute(mine.order_by(Card.id)).all():
        _give_tier(card, plan, now=now)


def note_left(*, customer_id: int, now: datetime) -> None:
    """The tiers that cards gave have ended with the membership; what still runs gives them anew after joining again."""
    running = update(Card).where(Card.customer_id == customer_id, Card.ends_at > now)
    rows_changed(running.values(override_id=None))


def _plan(public_id: str) -> CardPlan:
    return found(db.session.scalar(select(CardPlan).where(CardPlan.public_id == public_id)))


def _offered(plan: CardPlan, *, customer_id: int, now: datetime) -> None:
    if not plan.active:
        raise CardClosed
    if tiers.tier_of(customer_id=customer_id, now=now) is None:
        raise MembersFirst


def _by_key(key: str) -> Card | None:
    return db.session.scalar(select(Card).where(Card.grant_key == key))


def _begin(
    plan: CardPlan,
    *,
    customer_id: int,
    source: CardSource,
    key: str,
    order_no: str | None = None,
    reason: str = "",
    length: Mapping[str, int] | None = None,
    now: datetime,
) -> CardView:
    """Add a term behind those of this plan that the customer has. Their row of it is locked, so that two never overlap."""
    holder = locked_holder(customer_id=customer_id, plan_id=plan.id, now=now)
    starts_at = max(now, holder.until)
    ends_at = rules.end_of(starts_at, **(length or {"months": plan.months, "days": plan.days}))
    fresh = insert_once(
        Card,
        public_id=new_id(),
        customer_id=customer_id,
        plan_id=plan.id,
        source=source,
        grant_key=key,
        order_no=order_no,
        reason=reason,
        starts_at=starts_at,
        ends_at=ends_at,
        override_id=None,
        created_at=now,
    )
    if source is CardSource.TRIAL and not fresh:
        raise TrialTaken
    card = found(_by_key(key))
    if (card.customer_id, card.plan_id) != (customer_id, plan.id):
        raise ValueError("this key belongs to another card")
    if fresh:
        holder.until = ends_at
        db.session.flush()
        _give_tier(card, plan, now=now)
        publish(CardStarted(customer_id=customer_id, card_id=card.id))
    return queries.card(row_id=card.id)


def locked_holder(*, customer_id: int, plan_id: int, now: datetime) -> CardHolder:
    """The row that says until when somebody holds a plan, made if need be, and locked."""
    insert_once(CardHolder, customer_id=customer_id, plan_id=plan_id, until=now)
    mine = select(CardHolder).where(CardHolder.customer_id == customer_id, CardHolder.plan_id == plan_id)
    locked = mine.with_for_update().execution_options(populate_existing=True)
    return db.session.scalars(locked).one()


def _give_tier(card: Card, plan: CardPlan, *, now: datetime) -> None:
    """The tier of the plan for the time of the card. Who is no member yet, or a plan whose tier is gone, waits."""
    if plan.tier_code is None or not (tiers.terms_now().rank(plan.tier_code) or 0):
        return
    if tiers.tier_of(customer_id=card.customer_id, now=now) is None:
        return
    override = tier_services.set_override(
        customer_id=card.customer_id,
        public_id=_public_id(card.customer_id),
        code=plan.tier_code,
        reason=_("会员卡“%(name)s”", name=plan.name),
        since=max(card.starts_at, now),
        until=card.ends_at,
        card_id=card.public_id,
        now=now,
    )
    card.override_id = override.public_id
    db.session.flush()


def _public_id(customer_id: int) -> str:
    return identity.by_ids(customer_ids=[customer_id])[customer_id].public_id
