"""Changing balances by hand: above a limit a second member of the staff must agree."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select

from shopapp.kernel import audit, preferences
from shopapp.kernel.access import current_actor
from shopapp.kernel.db import db, insert_once
from shopapp.kernel.errors import Conflict, Gone, Invalid, ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _l
from shopapp.kernel.ids import new_id
from shopapp.loyalty.ledger import Kind, Unit, writing
from shopapp.loyalty.ledger import queries as books
from shopapp.loyalty.ledger import services as ledger
from shopapp.loyalty.ledger.rules import Life
from shopapp.loyalty.ledger.writing import NotEnough, purse
from shopapp.loyalty.points import queries as points
from shopapp.loyalty.wallet.queries import limit_of
from shopapp.members.identity import queries as customers

from . import rules
from .models import ADJUSTMENT_MOVES, Adjustment, AdjustmentState


class SecondPersonNeeded(ShopError):
    status, code, text = (
        403,
        "second_person_needed",
        _l("这笔调整要由另一位同事登录后台批准，提出的人和接口令牌都不行，没有任何改动。"),
    )


class PrincipalFull(ShopError):
    status, code, text = (
        409,
        "principal_full",
        _l("按规定，这位会员的储值本金最多 ¥%(limit)s，加上这笔就超过了，没有任何改动。"),
    )


def propose(
    *,
    customer: str,
    unit: Unit,
    amount: int,
    reason: str,
    expires_at: datetime | None = None,
    paid_out: bool = False,
    key: str | None = None,
    now: datetime,
) -> Adjustment:
    """Change a balance of the customer with this public id, at once or, above the limit, once somebody else agrees.

    `paid_out` is for principal that the shop has given back outside of WeChat, also to a customer who was erased.
    Told again with the same key it gives the first adjustment. Raises `NotFound`, `Gone` for all else of such a customer,
    `Invalid` with the wrong fields, `Conflict` for a key of another adjustment, `NotEnough` for taking more than is
    available, `PrincipalFull`.
    """
    person = found(customers.find(public_id=customer))
    if person.erased_at is not None and not rules.pays_out(unit=unit, amount=amount, paid_out=paid_out):
        raise Gone
    wrong = rules.problems(unit=unit, amount=amount, reason=reason, expires_at=expires_at, now=now)
    if wrong:
        raise Invalid(wrong)
    actor, key = current_actor(), key or new_id()
    fresh = insert_once(
        Adjustment,
        public_id=new_id(),
        customer_id=person.id,
        unit=unit,
        amount=amount,
        reason=reason.strip(),
        paid_out=paid_out,
        expires_at=expires_at,
        state=AdjustmentState.PROPOSED,
        proposed_by=f"{actor.kind}:{actor.id}",
        proposed_name=actor.name,
        note="",
        key=key,
        created_at=now,
    )
    row = db.session.scalars(select(Adjustment).where(Adjustment.key == key)).one()
    if not fresh:
        if (row.customer_id, row.unit, row.amount, row.reason) != (person.id, unit, amount, reason.strip()):
            raise Conflict
        return row
    _check_balance(row, now=now)
    alone: int = preferences.read(f"adjustments.{unit.value}_alone")
    if rules.needs_second(amount=amount, before=_alone_today(row, now=now), alone=alone):
        _record("ledger.propose", row, customer=customer)
    else:
        ADJUSTMENT_MOVES.move(row, AdjustmentState.POSTED, decided_at=now)
        _post(row, approver=None, now=now)
        _record("ledger.adjust", row, customer=customer)
    return row


def _alone_today(row: Adjustment, *, now: datetime) -> int:
    """What was changed in this account within a day without a second person, up or down; its row is locked."""
    changed = select(func.coalesce(func.sum(func.abs(Adjustment.amount)), 0)).where(
        Adjustment.customer_id == row.customer_id,
        Adjustment.unit == row.unit,
        Adjustment.state == AdjustmentState.POSTED,
        Adjustment.decided_by.is_(None),
        Adjustment.decided_at > now - timedelta(days=1),
    )
    return int(db.session.scalar(changed) or 0)


def decide(*, public_id: str, approve: bool, note: str = "", now: datetime) -> Adjustment:
    """Agree to a proposal or refuse it, as somebody of the staff who did not make it.

    Raises `NotFound`, `SecondPersonNeeded`, `IllegalMove` if it was decided before; agreeing also `NotEnough`,
    `PrincipalFull`, `Gone`, `Invalid` if its end has passed.
    """
    row = found(db.session.scalar(select(Adjustment).where(Adjustment.public_id == public_id)))
    actor = current_actor()
    name = f"{actor.kind}:{actor.id}"
    if actor.kind != "staff" or name == row.proposed_by:
        raise SecondPersonNeeded
    ADJUSTMENT_MOVES.move(
        row,
        AdjustmentState.POSTED if approve else AdjustmentState.REFUSED,
        decided_by=name,
        decided_name=actor.name,
        decided_at=now,
        note=note.strip(),
    )
    person = customers.by_ids(customer_ids=[row.customer_id])[row.customer_id]
    if approve:
        owed = rules.pays_out(unit=row.unit, amount=row.amount, paid_out=row.paid_out)
        if person.erased_at is not None and not owed:
            raise Gone
        wrong = rules.problems(
            unit=row.unit, amount=row.amount, reason=row.reason, expires_at=row.expires_at, now=now
        )
        if wrong:
            raise Invalid(wrong)
        _check_balance(row, now=now)
        _post(row, approver=name, now=now)
    _record("ledger.approve" if approve else "ledger.refuse", row, customer=person.public_id)
    return row


def _check_balance(row: Adjustment, *, now: datetime) -> None:
    """The account stays locked, so that what was looked at still holds when it is written."""
    mine = purse(customer_id=row.customer_id, unit=row.unit)
    account = writing.lock(mine)
    if row.amount < 0 and books.balance(purse=mine, now=now).available < -row.amount:
        raise NotEnough
    if row.unit is Unit.PRINCIPAL and row.amount > 0:
        limit = limit_of(customer_id=row.customer_id)
        if account.active + account.pending + row.amount > limit.fen:
            raise PrincipalFull(limit=str(limit))


def _post(row: Adjustment, *, approver: str | None, now: datetime) -> None:
    common = {
        "purse": purse(customer_id=row.customer_id, unit=row.unit),
        "amount": abs(row.amount),
        "key": f"adjustment:{row.public_id}",
        "subject": f"{'payout' if row.paid_out else 'adjustment'}:{row.public_id}",
        "reason": row.reason,
        "kind": Kind.ADJUST,
        "actor": row.proposed_by,
        "approver": approver,
        "now": now,
    }
    if row.amount > 0:
        ledger.earn(**common, life=_life(row, now=now))  # type: ignore[arg-type]
    else:
        ledger.spend(**common)  # type: ignore[arg-type]


def _life(row: Adjustment, *, now: datetime) -> Life:
    """As long as was said; else points live as the rules say, and the rest for ever."""
    if row.expires_at is not None:
        return rules.life_until(row.expires_at, now=now)
    return points.terms(now).life if row.unit is Unit.POINTS else Life()


def _record(action: str, row: Adjustment, *, customer: str) -> None:
    audit.record(
        action=action,
        subject_kind="customer",
        subject_id=customer,
        changes={"unit": row.unit.value, "amount": row.amount, "reason": row.reason},
    )
