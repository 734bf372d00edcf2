"""What customers have in their wallets and what they can top up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select

from shopapp.kernel import preferences
from shopapp.kernel.db import db
from shopapp.kernel.errors import Invalid
from shopapp.kernel.i18n import _
from shopapp.kernel.money import Money
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.ledger import queries as ledger
from shopapp.loyalty.ledger.queries import Expiring, StatementLine
from shopapp.loyalty.ledger.writing import purse
from shopapp.members.identity.members import member_of

from . import rules
from .models import TopUpPlan
from .rules import FreeAmount

UNITS = (Unit.PRINCIPAL, Unit.GIFT)


@dataclass(frozen=True, kw_only=True)
class WalletBalance:
    """What a customer has; `principal` and `gift` include what unpaid orders hold, `available` does not.

    `free_principal` is the principal that nothing holds.
    """

    principal: Money
    gift: Money
    held: Money
    available: Money
    free_principal: Money


@dataclass(frozen=True, kw_only=True)
class WalletEntry:
    """A movement of principal or gift."""

    unit: Unit
    line: StatementLine


def balance(*, customer_id: int, now: datetime) -> WalletBalance:
    principal, gift = (
        ledger.balance(purse=purse(customer_id=customer_id, unit=unit), now=now) for unit in UNITS
    )
    return WalletBalance(
        principal=Money(principal.available + principal.held),
        gift=Money(gift.available + gift.held),
        held=Money(principal.held + gift.held),
        available=Money(principal.available + gift.available),
        free_principal=Money(principal.available),
    )


def gift_ends(*, customer_id: int, now: datetime) -> list[Expiring]:
    """When parts of the gift end, the next first."""
    return ledger.expiring(purse=purse(customer_id=customer_id, unit=Unit.GIFT), now=now)


def limit_of(*, customer_id: int) -> Money:
    """How much principal the customer may hold, as they are registered now."""
    member = member_of(customer_id)
    return rules.limit_of(registered=member is not None and member.phone is not None)


def entries(
    *, customer_id: int, cursor: str | None = None, limit: int
) -> tuple[list[WalletEntry], str | None]:
    """Movements of both units, the newest first, and where to go on. Raises `Invalid` for a cursor that is none."""
    places = _read_cursor(cursor)
    found: list[WalletEntry] = []
    for unit, before in zip(UNITS, places, strict=True):
        own = purse(customer_id=customer_id, unit=unit)
        lines, _more = ledger.statement(purse=own, before=before, limit=limit + 1)
        found += [WalletEntry(unit=unit, line=line) for line in lines]
    found.sort(key=_age, reverse=True)
    shown = found[:limit]
    if len(found) <= limit:
        return shown, None
    last = dict(zip(UNITS, places, strict=True)) | {entry.unit: entry.line.seq for entry in shown}
    return shown, ".".join("" if last[unit] is None else str(last[unit]) for unit in UNITS)


def entries_between(*, customer_id: int, since: datetime, until: datetime) -> list[WalletEntry]:
    """Movements of both units in a span of time, the newest first: since ≤ at < until."""
    found = [
        WalletEntry(unit=unit, line=line)
        for unit in UNITS
        for line in ledger.statement_between(
            purse=purse(customer_id=customer_id, unit=unit), since=since, until=until
        )
    ]
    return sorted(found, key=_age, reverse=True)


def _age(entry: WalletEntry) -> tuple[datetime, int]:
    return entry.line.at, entry.line.id


def _read_cursor(cursor: str | None) -> list[int | None]:
    """After which number of each unit's chain to go on: "12.5", ".5", "12."."""
    parts = ["", ""] if cursor is None else cursor.split(".")
    wrong = any(not (part.isascii() and part.isdigit() and len(part) < 10) for part in parts if part)
    if len(parts) != len(UNITS) or wrong:
        raise Invalid({"cursor": [_("这一页已经找不到了，请从头看起。")]})
    return [int(part) if part else None for part in parts]


def free_amount() -> FreeAmount:
    """Which amounts the shop lets people top up beside its plans."""
    return FreeAmount(
        least=Money(preferences.read("wallet.free_from_fen")),
        most=Money(preferences.read("wallet.free_to_fen")),
    )


def plans_on_offer(*, now: datetime) -> Sequence[TopUpPlan]:
    """The plans that can be had now, in the shop's order."""
    return db.session.scalars(select(TopUpPlan).where(*_on_offer(now)).order_by(*_order())).all()


def plan_on_offer(*, public_id: str, now: datetime) -> TopUpPlan | None:
    return db.session.scalar(select(TopUpPlan).where(TopUpPlan.public_id == public_id, *_on_offer(now)))


def all_plans() -> Sequence[TopUpPlan]:
    """Every plan, in the shop's order."""
    return db.session.scalars(select(TopUpPlan).order_by(*_order())).all()


def plan(*, public_id: str) -> TopUpPlan | None:
    return db.session.scalar(select(TopUpPlan).where(TopUpPlan.public_id == public_id))


def _on_offer(now: datetime) -> list[ColumnElement[bool]]:
    return [
        TopUpPlan.active.is_(True),
        or_(TopUpPlan.starts_at.is_(None), TopUpPlan.starts_at <= now),
        or_(TopUpPlan.ends_at.is_(None), TopUpPlan.ends_at > now),
    ]


def _order() -> tuple[ColumnElement[int], ...]:
    return TopUpPlan.position.asc(), TopUpPlan.id.asc()
