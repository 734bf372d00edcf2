"""A customer's purses, and looks into the books."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update

from shopapp.kernel import clock
from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.db import db, transaction
from shopapp.loyalty.ledger import holds, queries, services
from shopapp.loyalty.ledger.models import (
    Entry,
    Hold,
    HoldPart,
    LedgerAccount,
    LedgerMerge,
    Lot,
    Posting,
    Unit,
)
from shopapp.loyalty.ledger.queries import Balance
from shopapp.loyalty.ledger.rules import Life
from shopapp.loyalty.ledger.services import Shortfall
from shopapp.loyalty.ledger.verify import verify
from shopapp.loyalty.ledger.writing import Purse, Receipt, purse

from .people import make_person

START = datetime(2026, 3, 1, 9, 30, tzinfo=SHOP_ZONE).astimezone(UTC)


def day(number: int) -> datetime:
    """Half past nine of the N-th day of a story."""
    return START + timedelta(days=number - 1)


def new_purse(unit: Unit = Unit.POINTS) -> Purse:
    return purse(customer_id=make_person().id, unit=unit)


def earn(
    owner: Purse,
    amount: int,
    *,
    key: str,
    life: Life | None = None,
    pending: bool = False,
    subject: str = "order:1",
    at: datetime | None = None,
) -> Receipt:
    with transaction():
        return services.earn(
            purse=owner,
            amount=amount,
            key=key,
            subject=subject,
            life=life,
            pending=pending,
            now=at or clock.now(),
        )


def spend(owner: Purse, amount: int, *, key: str, at: datetime | None = None) -> Receipt:
    with transaction():
        return services.spend(purse=owner, amount=amount, key=key, subject="order:9", now=at or clock.now())


def give_back(spent_with: str, amount: int, *, key: str, at: datetime | None = None) -> Receipt:
    with transaction():
        return services.give_back(spent_with=spent_with, amount=amount, key=key, now=at or clock.now())


def take_back(
    award: str, *, refunded: int, paid: int, key: str, shortfall: Shortfall = Shortfall.DEBT
) -> Receipt:
    with transaction():
        return services.take_back(
            award=award, refunded=refunded, paid=paid, shortfall=shortfall, key=key, now=clock.now()
        )


def hold(owner: Purse, amount: int, *, key: str, at: datetime | None = None) -> None:
    with transaction():
        holds.hold(purse=owner, amount=amount, key=key, subject="order:9", now=at or clock.now())


def commit(key: str, amount: int | None = None, *, at: datetime | None = None) -> Receipt:
    with transaction():
        return holds.commit(key=key, amount=amount, now=at or clock.now())


def release(key: str, *, at: datetime | None = None) -> bool:
    with transaction():
        return holds.release(key=key, now=at or clock.now())


def balance(owner: Purse, *, at: datetime | None = None) -> Balance:
    db.session.rollback()
    return queries.balance(purse=owner, now=at or clock.now())


def lots() -> list[Lot]:
    db.session.rollback()
    db.session.expire_all()
    return list(db.session.scalars(select(Lot).order_by(Lot.id)))


def assert_books_hold() -> None:
    db.session.rollback()
    report = verify()
    assert report.problems == []


def another(told: dict[str, Any]) -> dict[str, Any]:
    """The same call with another body."""
    if "source" in told:
        return told | {"source": told["target"], "target": told["source"]}
    if "refunded" in told:
        return told | {"paid": told["paid"] + 1}
    return told | {"amount": (told["amount"] or 0) + 1}


def forget_all() -> None:
    """No account is left."""
    db.session.rollback()
    db.session.execute(update(Posting).values(reverses_id=None))
    for model in (HoldPart, Hold, LedgerMerge, Entry, Posting, Lot, LedgerAccount):
        db.session.execute(delete(model))
    db.session.commit()
    db.session.remove()
