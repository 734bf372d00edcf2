"""What the movements write, in memory: lots of locked accounts change at once, the postings that say why come out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple
from datetime import datetime, timedelta

from . import rules, statements
from .models import Book, Kind, LotState
from .rules import Leg, Life
from .writing import Account, Draft, NotEnough, OpenLot, Purse

MINIMUM_LIFE = timedelta(days=7)
"""What comes back to a lot that has expired meanwhile lives at least this long."""


def new_lot(
    account: Account,
    *,
    amount: int,
    key: str,
    subject: str,
    life: Life | None,
    pending: bool,
    now: datetime,
) -> OpenLot:
    """Written at once, since the entries name it."""
    values = {
        "account_id": account.id,
        "award": key,
        "subject": subject,
        "state": LotState.PENDING if pending else LotState.ACTIVE,
        "earned": amount,
        "remaining": amount,
        "held": 0,
        "spent": 0,
        "expired": 0,
        "reversed": 0,
        "taken_back": 0,
        "life": str(life or ""),
        "activates_at": None,
        "expires_at": None if pending or life is None else life.end(now),
        "created_at": now,
    }
    lot_id: int = statements.INSERT_LOT.run(values).scalar_one()
    return OpenLot(id=lot_id, **values)  # type: ignore[arg-type]


def earn_body(
    purse: Purse,
    *,
    amount: int,
    subject: str,
    reason: str = "",
    life: Life | None,
    pending: bool,
    kind: Kind = Kind.EARN,
) -> str:
    """What the key of an award is bound to."""
    return rules.body_hash("earn", *astuple(purse), amount, subject, reason, str(life or ""), pending, kind)


def spend_body(purse: Purse, *, amount: int, subject: str, reason: str = "", kind: Kind = Kind.SPEND) -> str:
    """What the key of a spending is bound to."""
    return rules.body_hash("spend", *astuple(purse), amount, subject, reason, kind)


def take_back_body(award: str, *, refunded: int, paid: int) -> str:
    """What the key of taking back is bound to."""
    return rules.body_hash("take_back", award, refunded, paid)


def earning(
    account: Account,
    lot: OpenLot,
    *,
    body_hash: str,
    kind: Kind = Kind.EARN,
    reason: str = "",
    actor: str | None = None,
    approver: str | None = None,
) -> Draft:
    """The posting that brought a new lot."""
    other = Book.ADJUSTED if kind is Kind.ADJUST else Book.ISSUED
    return Draft(
        account=account,
        kind=kind,
        key=lot.award,
        body_hash=body_hash,
        subject=lot.subject,
        reason=reason,
        actor=actor,
        approver=approver,
        legs=[
            Leg(
                book=Book.PENDING if lot.state is LotState.PENDING else Book.ACTIVE,
                amount=lot.earned,
                lot_id=lot.id,
                expires_at=lot.expires_at,
            ),
            Leg(book=other, amount=-lot.earned),
        ],
    )


def reversal(
    account: Account,
    lot: OpenLot,
    *,
    wanted: int,
    others: Iterable[OpenLot] = (),
    bearer: Book = Book.DEBT,
    key: str,
    body_hash: str,
    reverses_id: int,
    reason: str,
) -> Draft:
    """Take `wanted` of an award back: from its own lot, then from `others`; what these lack `bearer` bears."""
    legs, changed, missing = [], [], wanted
    lot.taken_back += wanted
    for source, part in rules.allocate(wanted, [lot, *others]):
        book = Book.PENDING if source.state is LotState.PENDING else Book.ACTIVE
        source.remaining -= part
        source.reversed += part
        missing -= part
        legs.append(Leg(book=book, amount=-part, lot_id=source.id))
        changed.append(source)
        if source.state is LotState.PENDING and source.remaining == 0:
            source.state = LotState.CANCELLED
    if missing:
        legs.append(Leg(book=bearer, amount=-missing))
    return Draft(
        account=account,
        kind=Kind.REVERSE,
        key=key,
        body_hash=body_hash,
        subject=lot.subject,
        reverses_id=reverses_id,
        reason=reason,
        legs=[*legs, Leg(book=Book.REVERSED, amount=wanted)],
        lots=[lot, *changed],
    )


def repay_key(cause: str) -> str:
    """The key under which what the movement `cause` gained pays a debt."""
    return f"repay:{cause}"


def repay(account: Account, *, lots: Sequence[OpenLot], cause: str) -> list[Draft]:
    """What was just earned pays a debt first; the account's own figures change when the draft is written."""
    gained = sum(lot.free for lot in lots)
    amount = min(account.debt, gained)
    if not amount:
        return []
    legs = []
    for lot, part in rules.allocate(amount, lots):
        lot.remaining -= part
        lot.spent += part
        legs.append(Leg(book=Book.ACTIVE, amount=-part, lot_id=lot.id))
    return [
        Draft(
            account=account,
            kind=Kind.REPAY,
            key=repay_key(cause),
            body_hash=rules.body_hash("repay", cause),
            subject=lots[0].subject,
            legs=[*legs, Leg(book=Book.DEBT, amount=amount)],
            lots=list(lots),
        )
    ]


def activation(account: Account, lot: OpenLot, *, debt: int) -> list[Draft]:
    """A pending lot becomes active, and pays what is still owed first."""
    lot.state = LotState.ACTIVE
    lot.expires_at = Life.parse(lot.life).end(lot.activates_at or lot.created_at)
    key = f"activate:{lot.award}"
    activation = Draft(
        account=account,
        kind=Kind.ACTIVATE,
        key=key,
        body_hash=rules.body_hash("activate", lot.award),
        subject=lot.subject,
        legs=[
            Leg(book=Book.PENDING, amount=-lot.remaining, lot_id=lot.id),
            Leg(book=Book.ACTIVE, amount=lot.remaining, lot_id=lot.id, expires_at=lot.expires_at),
        ],
        lots=[lot],
    )
    amount = min(debt, lot.remaining)
    if not amount:
        return [activation]
    lot.remaining -= amount
    lot.spent += amount
    repayment = Draft(
        account=account,
        kind=Kind.REPAY,
        key=repay_key(key),
        body_hash=rules.body_hash("repay", key),
        subject=lot.subject,
        legs=[
            Leg(book=Book.ACTIVE, amount=-amount, lot_id=lot.id),
            Leg(book=Book.DEBT, amount=amount),
        ],
    )
    return [activation, repayment]


def taking(
    account: Account,
    *,
    parts: Sequence[tuple[OpenLot, int]],
    kind: Kind,
    key: str,
    body_hash: str,
    subject: str,
    reason: str = "",
    actor: str | None = None,
    approver: str | None = None,
) -> Draft:
    """A posting that spends these parts of lots; the lots change at once."""
    for lot, part in parts:
        lot.remaining -= part
        lot.spent += part
    return Draft(
        account=account,
        kind=kind,
        key=key,
        body_hash=body_hash,
        subject=subject,
        reason=reason,
        actor=actor,
        approver=approver,
        legs=[
            *(Leg(book=Book.ACTIVE, amount=-part, lot_id=lot.id) for lot, part in parts),
            Leg(book=other_side(kind), amount=sum(part for _lot, part in parts)),
        ],
        lots=[lot for lot, _part in parts],
    )


def other_side(kind: Kind) -> Book:
    """Where the shop keeps what a spending of this kind took."""
    return Book.ADJUSTED if kind is Kind.ADJUST else Book.SPENT


def expire(account: Account, *, lots: Sequence[OpenLot], now: datetime) -> list[Draft]:
    """Book what is over of these open lots of a locked account; what is held of them stays until its hold ends."""
    over = [(lot, lot.free) for lot in lots if lot.over(now) and lot.free]
    if not over:
        return []
    for lot, amount in over:
        lot.remaining -= amount
        lot.expired += amount
    key = f"expire:{account.id}:{account.seq + 1}"
    return [
        Draft(
            account=account,
            kind=Kind.EXPIRE,
            key=key,
            body_hash=rules.body_hash("expire", key),
            subject="expiry",
            legs=[
                *(Leg(book=Book.ACTIVE, amount=-amount, lot_id=lot.id) for lot, amount in over),
                Leg(book=Book.EXPIRED, amount=sum(amount for _lot, amount in over)),
            ],
            lots=[lot for lot, _amount in over],
        )
    ]


def forfeiting(account: Account, *, lots: Sequence[OpenLot]) -> list[Draft]:
    """End what is free of these lots, whenever it would have ended, and waive what is owed."""
    legs = []
    for lot in lots:
        book = Book.PENDING if lot.state is LotState.PENDING else Book.ACTIVE
        legs.append(Leg(book=book, amount=-lot.free, lot_id=lot.id))
        lot.expired += lot.free
        lot.remaining = lot.held
        if lot.state is LotState.PENDING:
            lot.state = LotState.CANCELLED
    legs = [leg for leg in legs if leg.amount]
    if legs:
        legs.append(Leg(book=Book.EXPIRED, amount=-sum(leg.amount for leg in legs)))
    if account.debt:
        legs += [Leg(book=Book.DEBT, amount=account.debt), Leg(book=Book.WAIVED, amount=-account.debt)]
    if not legs:
        return []
    key = f"forfeit:{account.id}:{account.seq + 1}"
    return [
        Draft(
            account=account,
            kind=Kind.EXPIRE,
            key=key,
            body_hash=rules.body_hash("forfeit", key),
            subject="erasure",
            legs=legs,
            lots=list(lots),
        )
    ]


def returns(
    amount: int, *, taken: dict[int, int], lots: dict[int, OpenLot], now: datetime
) -> list[tuple[OpenLot, int]]:
    """Put this much back into the lots it was taken from, those that end last first. Raises `NotEnough`."""
    if sum(taken.values()) < amount:
        raise NotEnough
    ends = datetime.max.replace(tzinfo=now.tzinfo)
    parts = []
    for lot in sorted(lots.values(), key=lambda lot: (lot.expires_at or ends, lot.id), reverse=True):
        part = min(taken[lot.id], amount)
        if part:
            amount -= part
            lot.remaining += part
            lot.spent -= part
            if lot.over(now):
                lot.expires_at = now + MINIMUM_LIFE
            parts.append((lot, part))
    return parts
