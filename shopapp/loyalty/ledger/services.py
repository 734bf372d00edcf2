"""Earning, spending and giving back. Each call names its movement by a key: the same again changes nothing.

All run in the caller's transaction and lock the account first. Whoever moves several accounts at once does so in the order
points, principal, gift, growth. What expired but was not booked yet is booked before anything is taken.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import update

from shopapp.kernel.db import rows_changed
from shopapp.kernel.errors import NotFound
from shopapp.kernel.http import found

from . import drafting, rules, statements, writing
from .models import Book, Kind, Lot, LotState
from .rules import Leg, Life
from .writing import Draft, NotEnough, OpenLot, Purse, Receipt


class Shortfall(StrEnum):
    """Who bears what is taken back and was spent already: the next earnings, other lots and then they, or the shop."""

    DEBT = "debt"
    OTHER_LOTS = "other_lots"
    WAIVE = "waive"


def earn(
    *,
    purse: Purse,
    amount: int,
    key: str,
    subject: str,
    reason: str = "",
    life: Life | None = None,
    pending: bool = False,
    kind: Kind = Kind.EARN,
    actor: str | None = None,
    approver: str | None = None,
    now: datetime,
) -> Receipt:
    """Give `amount` ≥ 1. What is `pending` waits for `activate_by`; the rest repays a debt first and lives for `life`.

    `kind` is EARN, or ADJUST for what staff give: then `actor` is who wanted it and `approver` who agreed. Raises
    `KeyTaken`, `ValueError`.
    """
    if amount < 1:
        raise ValueError("an award is at least 1")
    account = writing.lock(purse)
    body = drafting.earn_body(
        purse, amount=amount, subject=subject, reason=reason, life=life, pending=pending, kind=kind
    )
    before = writing.repeated(key=key, body_hash=body)
    if before is not None:
        last = statements.POSTING_WITH_KEY.row(key=drafting.repay_key(key)) or before
        return Receipt(posting_id=before.id, amount=amount, balance=last.balance, repeated=True)
    lot = drafting.new_lot(
        account, amount=amount, key=key, subject=subject, life=life, pending=pending, now=now
    )
    draft = drafting.earning(
        account, lot, body_hash=body, kind=kind, reason=reason, actor=actor, approver=approver
    )
    drafts = [draft] if pending else [draft, *drafting.repay(account, lots=[lot], cause=key)]
    posting_id = writing.write(drafts, now=now)[0]
    return Receipt(posting_id=posting_id, amount=amount, balance=account.active)


def earn_elsewhere(
    *, purse: Purse, amount: int, key: str, subject: str, reason: str = "", now: datetime
) -> Receipt:
    """Book an award of `amount` ≥ 1 that reached its owner outside of the account: the balance stays as it is, and
    `take_back` can still have it repaid from what is earned later. Raises `KeyTaken`, `ValueError`.
    """
    if amount < 1:
        raise ValueError("an award is at least 1")
    account = writing.lock(purse)
    body = drafting.earn_body(
        purse, amount=amount, subject=subject, reason=reason, life=None, pending=False, kind=Kind.EARN
    )
    before = writing.repeated(key=key, body_hash=body)
    if before is not None:
        return Receipt(posting_id=before.id, amount=amount, balance=before.balance, repeated=True)
    lot = drafting.new_lot(
        account, amount=amount, key=key, subject=subject, life=None, pending=False, now=now
    )
    earning = drafting.earning(account, lot, body_hash=body, kind=Kind.EARN, reason=reason)
    out = drafting.taking(
        account,
        parts=[(lot, amount)],
        kind=Kind.SPEND,
        key=f"elsewhere:{key}",
        body_hash=rules.body_hash("elsewhere", key),
        subject=subject,
        reason=reason,
    )
    posting_id = writing.write([earning, out], now=now)[0]
    return Receipt(posting_id=posting_id, amount=amount, balance=account.active)


def activate_by(*, subject: str, at: datetime) -> int:
    """What this subject earned and is still pending becomes active at `at`; how many lots that are."""
    waiting = update(Lot).where(Lot.subject == subject, Lot.state == LotState.PENDING)
    return rows_changed(waiting.values(activates_at=at))


def activate(*, account_id: int, lot_ids: Sequence[int], now: datetime) -> int:
    """Make those of these lots active whose time has come; how many. They live from that time, whenever this runs."""
    account = writing.lock_ids([account_id])[account_id]
    lots = [
        lot
        for lot in writing.lots_by_id(lot_ids).values()
        if lot.account_id == account_id
        and lot.state is LotState.PENDING
        and lot.activates_at is not None
        and lot.activates_at <= now
    ]
    drafts: list[Draft] = []
    debt = account.debt
    for lot in sorted(lots, key=lambda lot: (lot.activates_at, lot.id)):
        drafts += drafting.activation(account, lot, debt=debt)
        debt -= lot.spent
    writing.write(drafts, now=now)
    return len(lots)


def spend(
    *,
    purse: Purse,
    amount: int,
    key: str,
    subject: str,
    reason: str = "",
    kind: Kind = Kind.SPEND,
    actor: str | None = None,
    approver: str | None = None,
    now: datetime,
) -> Receipt:
    """Take `amount` ≥ 1 from the lots that expire first. `kind` is SPEND, or ADJUST for what staff take.

    Raises `NotEnough`, `KeyTaken`, `ValueError`.
    """
    if amount < 1:
        raise ValueError("at least 1 must be spent")
    account = writing.lock(purse)
    body = drafting.spend_body(purse, amount=amount, subject=subject, reason=reason, kind=kind)
    before = writing.repeated(key=key, body_hash=body)
    if before is not None:
        return Receipt(posting_id=before.id, amount=amount, balance=before.balance, repeated=True)
    lots = writing.open_lots([account.id])[account.id]
    drafts = drafting.expire(account, lots=lots, now=now)
    parts = rules.allocate(amount, lots)
    if sum(part for _lot, part in parts) < amount:
        raise NotEnough
    drafts.append(
        drafting.taking(
            account,
            parts=parts,
            kind=kind,
            key=key,
            body_hash=body,
            subject=subject,
            reason=reason,
            actor=actor,
            approver=approver,
        )
    )
    posting_id = writing.write(drafts, now=now)[-1]
    return Receipt(posting_id=posting_id, amount=amount, balance=account.active)


def give_back(*, spent_with: str, amount: int, key: str, reason: str = "", now: datetime) -> Receipt:
    """Return part of what the movement with key `spent_with` took, to its lots with their dates, the longest first.

    A lot that has expired meanwhile lives a minimum life more. Raises `NotFound` for a movement that spent nothing,
    `NotEnough` for more than it took, `KeyTaken`, `ValueError`.
    """
    if amount < 1:
        raise ValueError("at least 1 must be given back")
    spending = found(statements.POSTING_WITH_KEY.row(key=spent_with))
    if spending.kind not in (Kind.SPEND, Kind.ADJUST):
        raise NotFound
    touched = {row.lot_id for row in statements.TAKEN.rows(posting_id=spending.id)}
    accounts = writing.lock_where(lambda: {lot.account_id for lot in writing.lots_by_id(touched).values()})
    body = rules.body_hash("return", spent_with, amount, reason)
    before = writing.repeated(key=key, body_hash=body)
    if before is not None:
        return Receipt(posting_id=before.id, amount=amount, balance=before.balance, repeated=True)
    taken = {row.lot_id: int(row.amount) for row in statements.TAKEN.rows(posting_id=spending.id)}
    lots = writing.lots_by_id(taken.keys())
    expiry = [
        draft
        for account in accounts.values()
        for draft in drafting.expire(
            account, lots=[lot for lot in lots.values() if lot.account_id == account.id], now=now
        )
    ]
    parts = drafting.returns(amount, taken=taken, lots=lots, now=now)
    other = drafting.other_side(spending.kind)
    drafts: list[Draft] = []
    for account_id in sorted({lot.account_id for lot, _part in parts}):
        mine = [(lot, part) for lot, part in parts if lot.account_id == account_id]
        drafts.append(
            Draft(
                account=accounts[account_id],
                kind=Kind.RETURN,
                key=f"{key}:{account_id}" if drafts else key,
                body_hash=body,
                subject=spending.subject,
                reverses_id=spending.id,
                reason=reason,
                legs=[
                    *(
                        Leg(book=Book.ACTIVE, amount=part, lot_id=lot.id, expires_at=lot.expires_at)
                        for lot, part in mine
                    ),
                    Leg(book=other, amount=-sum(part for _lot, part in mine)),
                ],
                lots=[lot for lot, _part in mine],
            )
        )
    posting_id = writing.write([*expiry, *drafts], now=now)[len(expiry)]
    return Receipt(posting_id=posting_id, amount=amount, balance=drafts[0].account.active)


def take_back(
    *,
    award: str,
    refunded: int,
    paid: int,
    shortfall: Shortfall,
    key: str,
    reason: str = "",
    also: Collection[str] = (),
    now: datetime,
) -> Receipt:
    """Take back the share of an award that `refunded` of `paid` stands for, both counted from the first refund on.

    First what remains of it, then what is pending and what remains of the other awards of its subject and of
    those in `also`, then as `shortfall` says. Refunds in any split and order come to the same. The receipt's amount is what was taken with this key, 0 when other keys had taken all of it before.
    Raises `NotFound` for an award there is not, `KeyTaken`, `ValueError` for more refunded than paid.
    """
    locked = writing.lock_where(lambda: {_award(award).account_id})
    lot = _award(award)
    account = locked[lot.account_id]
    body = drafting.take_back_body(award, refunded=refunded, paid=paid)
    before = writing.repeated(key=key, body_hash=body)
    if before is not None:
        amount = statements.REVERSED.run({"posting_id": before.id}).scalar_one()
        return Receipt(posting_id=before.id, amount=amount, balance=before.balance, repeated=True)
    wanted = rules.award_taken_back(award=lot.earned, refunded=refunded, paid=paid) - lot.taken_back
    if wanted <= 0:
        return Receipt(posting_id=None, amount=0, balance=account.active, repeated=True)
    lots = [own if own.id != lot.id else lot for own in writing.open_lots([account.id])[account.id]]
    drafts = drafting.expire(account, lots=lots, now=now)
    siblings = _siblings(lot, also=also, known={one.id: one for one in lots})
    others = lots if shortfall is Shortfall.OTHER_LOTS else []
    earned = found(statements.POSTING_WITH_KEY.row(key=award))
    drafts.append(
        drafting.reversal(
            account,
            lot,
            wanted=wanted,
            others={other.id: other for other in [*siblings, *others] if other.id != lot.id}.values(),
            bearer=Book.WAIVED if shortfall is Shortfall.WAIVE else Book.DEBT,
            key=key,
            body_hash=body,
            reverses_id=earned.id,
            reason=reason,
        )
    )
    posting_id = writing.write(drafts, now=now)[-1]
    return Receipt(posting_id=posting_id, amount=wanted, balance=account.active)


def forfeit(*, purse: Purse, now: datetime) -> int:
    """End all that is left in an account, pending or active, and what is owed there, since its owner is gone; how much
    ended. What a hold still keeps stays until then. Told again it changes nothing more.
    """
    account = writing.lock(purse)
    drafts = drafting.forfeiting(account, lots=writing.lots_left(account.id))
    ended = account.active + account.pending
    writing.write(drafts, now=now)
    return ended - account.active - account.pending


def _siblings(lot: OpenLot, *, also: Collection[str], known: dict[int, OpenLot]) -> list[OpenLot]:
    """What remains of the awards of its and these subjects; those that are in memory already are the same objects."""
    return [
        known.get(row.id, row)
        for subject in (lot.subject, *also)
        for row in writing.lots_of_subject(account_id=lot.account_id, subject=subject)
    ]


def _award(award: str) -> OpenLot:
    return found(next(iter(writing.lots_of_award(award)), None))
