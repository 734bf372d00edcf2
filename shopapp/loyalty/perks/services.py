"""Taking what was granted: reserve, commit, release, each of which may be told again. All in the caller's transaction.

Coupons are given before points, in the order in which they are to be locked; both under keys of their own, so that what
was given is never given twice.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from shopapp.kernel import audit
from shopapp.kernel.db import db, insert_once, rows_changed
from shopapp.kernel.errors import Invalid, NotFound, ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.ids import new_id
from shopapp.kernel.money import ZERO
from shopapp.loyalty.coupons import queries as coupon_queries
from shopapp.loyalty.coupons import services as coupons
from shopapp.loyalty.coupons.content import Giving
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.ledger import services as ledger
from shopapp.loyalty.ledger.writing import purse

from . import granting, queries, rules
from .models import GRANT_MOVES, Perk, PerkGrant
from .queries import GrantView
from .rules import GrantStatus, PerkKind, PerkTerms

RESERVED_FOR = timedelta(minutes=15)
"""A reservation that is neither committed nor released by then may be taken over."""
REASON_MAX = 200
KEY_MAX = 120
LEFT = "退出会员"

_G = GrantStatus


class PerkOver(ShopError):
    status, code, text = 409, "perk_over", _l("这项权益已经过期或被收回，没有任何改动。")


class PerkUsed(ShopError):
    status, code, text = 409, "perk_used", _l("这项权益这一期已经领过了，没有任何改动。")


class PerkBusy(ShopError):
    status, code, text = 409, "perk_busy", _l("这项权益正在使用中，没有任何改动。请稍后再试。")


class PerkAlready(ShopError):
    status, code, text = 409, "perk_already", _l("这位顾客这一期已经有这项权益，没有任何改动。")


class NotYours(ShopError):
    """Shown only to who has the perk in sight but no grant of it."""

    status, code, text = 409, "perk_not_granted", _l("您现在没有可以领取的这项权益，没有任何改动。")


def reserve(*, grant_id: str, key: str, now: datetime) -> None:
    """Keep a grant for whoever has this key; told again with the same key it changes nothing.

    Raises `NotFound`, `PerkUsed`, `PerkOver`, `PerkBusy` while another holds it.
    """
    row = _locked(grant_id)
    if row.key == key and row.status in (_G.RESERVED, _G.REDEEMED):
        return
    if row.status is _G.RESERVED:
        if row.reserved_at is not None and now < row.reserved_at + RESERVED_FOR:
            raise PerkBusy
        GRANT_MOVES.move(row, _G.GRANTED, key=None, reserved_at=None)
    if row.status is _G.REDEEMED:
        raise PerkUsed
    if row.status is not _G.GRANTED or (row.valid_until is not None and row.valid_until <= now):
        raise PerkOver
    GRANT_MOVES.move(row, _G.RESERVED, key=key[:KEY_MAX], reserved_at=now)


def commit(*, grant_id: str, key: str, now: datetime) -> None:
    """Give what the grant promises, once: what was reserved in time is given also if its time is over by now.

    Raises `NotFound`, `PerkBusy` for a key that does not hold it, and what giving a coupon raises; then it stays reserved.
    """
    row = _locked(grant_id)
    if row.status is _G.REDEEMED and row.key == key:
        return
    if row.status is not _G.RESERVED or row.key != key:
        raise PerkBusy
    terms = PerkTerms.load(row.terms)
    gave = _give(row, terms, now=now)
    GRANT_MOVES.move(row, _G.REDEEMED, gave=gave, saved=terms.worth, redeemed_at=now, ended_at=now)


def release(*, grant_id: str, key: str) -> None:
    """Let a reservation go; told again it changes nothing. Raises `NotFound`, `PerkUsed`, `PerkBusy` for another's."""
    row = _locked(grant_id)
    if row.status is _G.REDEEMED:
        raise PerkUsed
    if row.status is _G.RESERVED:
        if row.key != key:
            raise PerkBusy
        GRANT_MOVES.move(row, _G.GRANTED, key=None, reserved_at=None)


def redeem(*, grant_id: str, key: str, now: datetime) -> None:
    """Reserve and commit in one. Raises what these raise; the transaction must then be given up."""
    reserve(grant_id=grant_id, key=key, now=now)
    commit(grant_id=grant_id, key=key, now=now)


def redeem_automatic(*, grant_id: str, now: datetime) -> bool:
    """Give what is to be given without being asked for, all of it or nothing: if a coupon cannot be given now, the grant
    stays for another day.
    """
    try:
        with db.session.begin_nested():
            redeem(grant_id=grant_id, key=f"automatic:{grant_id}", now=now)
    except ShopError:
        return False
    return True


def redeem_own(*, customer_id: int, perk_id: str, now: datetime) -> GrantView:
    """A customer takes what they were granted of a perk, what ends first first.

    Raises `NotFound` for a perk there is not, `PerkUsed`, `NotYours`, and what giving a coupon raises.
    """
    perk = found(queries.perk(perk_id))
    mine = [one for one in queries.grants_of(customer_id=customer_id, now=now) if one.perk_id == perk.id]
    takable = [one for one in mine if one.status in (_G.GRANTED, _G.RESERVED)]
    if not takable:
        raise PerkUsed if any(one.status is _G.REDEEMED for one in mine[:1]) else NotYours
    grant = min(takable, key=lambda one: (one.valid_until is None, one.valid_until, one.id))
    redeem(grant_id=grant.id, key=f"customer:{grant.id}", now=now)
    return found(queries.grant(grant.id, now=now))


def _give(row: PerkGrant, terms: PerkTerms, *, now: datetime) -> dict[str, Any]:
    pieces = dict(terms.coupons)
    order = list(coupon_queries.contents(public_ids=pieces))
    if len(order) < len(pieces):
        raise NotFound
    held = [
        coupons.grant(
            coupon_id=coupon_id,
            customer_id=row.customer_id,
            key=f"perk:{row.public_id}:{coupon_id}:{number}",
            source=Giving.PERK,
            now=now,
        ).id
        for coupon_id in order
        for number in range(pieces[coupon_id])
    ]
    if terms.points:
        ledger.earn(
            purse=purse(customer_id=row.customer_id, unit=Unit.POINTS),
            amount=terms.points,
            key=f"perk:{row.public_id}",
            subject=f"perk:{row.public_id}",
            reason=db.session.get_one(Perk, row.perk_id).name,
            life=terms.life,
            now=now,
        )
    return {"points": terms.points, "coupons": held}


def give_by_hand(*, customer_id: int, public_id: str, perk_id: str, reason: str, now: datetime) -> GrantView:
    """Staff grant a perk of the present period, with the reason, whatever tier the customer has.

    Raises `NotFound`, `Invalid`, `PerkAlready` if this period was granted, whatever became of it.
    """
    perk = found(queries.perk(perk_id))
    reason = _reason(reason)
    if perk.content.kind is PerkKind.CONTACT:
        raise Invalid({"perk": [_("专属客服按等级显示，不用发放。")]})
    span, terms = granting.current_span(perk, customer_id=customer_id, now=now), perk.content.terms
    fresh = new_id()
    granted = insert_once(
        PerkGrant,
        public_id=fresh,
        customer_id=customer_id,
        perk_id=perk.row_id,
        slot=perk.slot,
        period=span.key,
        terms=terms.dump(),
        automatic=terms.automatic,
        status=_G.GRANTED,
        reason=reason,
        key=None,
        gave={},
        saved=ZERO,
        valid_until=rules.over_at(span, terms, now=now),
        granted_at=now,
    )
    if not granted:
        raise PerkAlready
    if terms.automatic:
        redeem_automatic(grant_id=fresh, now=now)
    _record("perk.give", public_id, {"perk": perk.content.name, "period": span.key, "reason": reason})
    return found(queries.grant(fresh, now=now))


def revoke(*, grant_id: str, public_id: str, reason: str, now: datetime) -> None:
    """Staff take back what was not taken yet. Raises `NotFound`, `Invalid`, `IllegalMove`."""
    row, reason = _locked(grant_id), _reason(reason)
    GRANT_MOVES.move(row, _G.REVOKED, reason=reason, ended_at=now)
    _record("perk.revoke", public_id, {"grant": grant_id, "period": row.period, "reason": reason})


def _reason(text: str) -> str:
    if not 0 < len(text.strip()) <= REASON_MAX:
        raise Invalid({"reason": [_("请写明原因，最多 %(max)s 个字。", max=REASON_MAX)]})
    return text.strip()


def _record(action: str, customer: str, changes: dict[str, Any]) -> None:
    audit.record(action=action, subject_kind="customer", subject_id=customer, changes=changes)


def end_left(*, customer_id: int, now: datetime) -> None:
    """Take back all that a customer was granted and has not taken. Its periods count all the same if they join again."""
    still_open = PerkGrant.status.in_((_G.GRANTED, _G.RESERVED))
    ids = db.session.scalars(
        select(PerkGrant.id).where(PerkGrant.customer_id == customer_id, still_open)
    ).all()
    for row in _lock_rows(ids):
        GRANT_MOVES.try_move(row, _G.REVOKED, reason=LEFT, ended_at=now)


def expire(*, ids: Collection[int]) -> int:
    """Write the end of these grants (row ids), dated when it came. How many there were."""
    return sum(
        GRANT_MOVES.try_move(row, _G.EXPIRED, ended_at=row.valid_until)
        for row in _lock_rows(ids)
        if row.valid_until is not None
    )


def let_go(*, ids: Collection[int], now: datetime) -> int:
    """Release reservations (row ids) whose time is over. How many there were."""
    return sum(
        GRANT_MOVES.try_move(row, _G.GRANTED, key=None, reserved_at=None)
        for row in _lock_rows(ids)
        if row.status is _G.RESERVED and row.reserved_at is not None and row.reserved_at + RESERVED_FOR <= now
    )


def note_seen(*, customer_id: int, now: datetime) -> None:
    """The customer has looked at what they were granted."""
    unseen = update(PerkGrant).where(PerkGrant.customer_id == customer_id, PerkGrant.seen_at.is_(None))
    rows_changed(unseen.values(seen_at=now))


def _locked(grant_id: str) -> PerkGrant:
    wanted = select(PerkGrant).where(PerkGrant.public_id == grant_id).with_for_update()
    return found(db.session.scalar(wanted.execution_options(populate_existing=True)))


def _lock_rows(ids: Collection[int]) -> list[PerkGrant]:
    wanted = select(PerkGrant).where(PerkGrant.id.in_(ids)).order_by(PerkGrant.id).with_for_update()
    return list(db.session.scalars(wanted.execution_options(populate_existing=True)))
