"""A long, fixed story of several purses in which nothing is refused, to be told once or again and again."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import select

from shopapp.kernel.db import db, transaction
from shopapp.loyalty.ledger import holds, jobs, merging, services
from shopapp.loyalty.ledger.models import Hold, LedgerAccount, Lot, Unit
from shopapp.loyalty.ledger.rules import Life
from shopapp.loyalty.ledger.services import Shortfall
from shopapp.loyalty.ledger.writing import Purse
from tests.loyalty.ledger_model import CHINA, Model, RefusedError

START = datetime(2026, 1, 5, 9, 30, tzinfo=CHINA)
OWNERS = range(1, 7)
NAMES = ("earn", "spend", "hold", "commit", "release", "give_back", "take_back", "merge", "undo", "run")
WEIGHTS = (8, 6, 5, 3, 2, 3, 4, 1, 1, 2)

Step = Callable[[], Any]


@dataclass(frozen=True)
class _Call:
    """One call into the books, in a transaction of its own; jobs open theirs."""

    act: Callable[..., Any]
    told: dict[str, Any]
    now: datetime

    def __call__(self) -> Any:
        with transaction():
            return self.act(**self.told, now=self.now)


def script(length: int, *, seed: int) -> list[Step]:
    """The same steps for the same seed. Each was tried on the plain model first and left out where that refused."""
    teller, steps = _Teller(random.Random(seed)), []
    while len(steps) < length:
        steps += teller.step()
    return steps


class _Teller:
    def __init__(self, chance: random.Random) -> None:
        self.chance, self.model, self.now = chance, Model(), START
        self.keys = (f"step:{number}" for number in count(1))

    def step(self) -> list[Step]:
        self.now += timedelta(hours=self.chance.choice((0, 1, 5, 30)), seconds=1)
        self.model.pass_time(self.now)
        name = self.chance.choices(NAMES, WEIGHTS)[0]
        try:
            return getattr(self, name)(next(self.keys), self.chance.choice(OWNERS))
        except (RefusedError, IndexError):
            return []

    def _call(self, act: Callable[..., Any], **told: Any) -> list[Step]:
        return [_Call(act, told, self.now)]

    def earn(self, key: str, owner: int) -> list[Step]:
        amount, waits = self.chance.randint(1, 200), self.chance.random() < 0.3
        life = self.chance.choice([(0, 0), (0, 5), (0, 30), (1, 0), (12, 0)])
        self.model.earn(owner, key, amount, life=life, waits=waits, adjust=False, now=self.now)
        steps = self._call(
            services.earn,
            purse=purse(owner),
            amount=amount,
            key=key,
            subject=key,
            life=Life(months=life[0], days=life[1]),
            pending=waits,
        )
        if waits:
            at = self.now + timedelta(days=self.chance.randint(1, 9))
            self.model.lots[key].activates = at
            steps.append(lambda: activate_by(key, at))
        return steps

    def spend(self, key: str, owner: int) -> list[Step]:
        amount = self.chance.randint(1, self.model.available(owner) or 1)
        self.model.spend(owner, key, amount, adjust=False)
        return self._call(services.spend, purse=purse(owner), amount=amount, key=key, subject="order")

    def hold(self, key: str, owner: int) -> list[Step]:
        amount = self.chance.randint(1, self.model.available(owner) or 1)
        lapses = self.now + timedelta(days=3) if self.chance.random() < 0.5 else None
        self.model.hold(owner, key, amount, lapses=lapses)
        told = {"purse": purse(owner), "amount": amount, "key": key, "subject": "order", "lapses_at": lapses}
        return self._call(holds.hold, **told)

    def commit(self, _key: str, _owner: int) -> list[Step]:
        key = self._open_hold()
        amount = self.chance.randint(1, sum(self.model.holds[key].parts.values()))
        self.model.commit(key, amount, self.now)
        return self._call(holds.commit, key=key, amount=amount)

    def release(self, _key: str, _owner: int) -> list[Step]:
        key = self._open_hold()
        self.model.release(key, self.now)
        return self._call(holds.release, key=key)

    def _open_hold(self) -> str:
        return self.chance.choice([key for key, hold in self.model.holds.items() if hold.state == "open"])

    def give_back(self, key: str, _owner: int) -> list[Step]:
        spent_with = self.chance.choice(
            [name for name, left in self.model.spent.items() if sum(left.values())]
        )
        amount = self.chance.randint(1, sum(self.model.spent[spent_with].values()))
        self.model.give_back(spent_with, amount, self.now)
        return self._call(services.give_back, spent_with=spent_with, amount=amount, key=key)

    def take_back(self, key: str, _owner: int) -> list[Step]:
        award, refunded = self.chance.choice(list(self.model.lots)), self.chance.randint(0, 50)
        shortfall = self.chance.choice(list(Shortfall))
        self.model.take_back(award, refunded=refunded, paid=50, policy=shortfall.value)
        told = {"award": award, "refunded": refunded, "paid": 50, "shortfall": shortfall, "key": key}
        return self._call(services.take_back, **told)

    def merge(self, key: str, owner: int) -> list[Step]:
        target = self.chance.choice([one for one in OWNERS if one != owner])
        self.model.merge(key, owner, target)
        return self._call(merging.merge, source=purse(owner), target=purse(target), key=key)

    def undo(self, _key: str, _owner: int) -> list[Step]:
        key = self.chance.choice([name for name, merge in self.model.merges.items() if not merge.undone])
        self.model.undo(key)
        return self._call(merging.undo_merge, key=key)

    def run(self, _key: str, _owner: int) -> list[Step]:
        now = self.now
        self.model.activate(now)
        self.model.lapse(now)
        return [lambda: jobs.activate_points(now), lambda: jobs.expire_points(now)]


def purse(owner: int) -> Purse:
    return Purse(owner_kind="customer", owner_id=owner, unit=Unit.POINTS)


def activate_by(key: str, at: datetime) -> None:
    with transaction():
        services.activate_by(subject=key, at=at)


def state_of_books() -> list[tuple[Any, ...]]:
    """All that the books say, without row numbers, which differ where a transaction died."""
    db.session.rollback()
    account, lot, hold = LedgerAccount, Lot, Hold
    owner = select(account.owner_id, account.active, account.pending, account.held, account.debt, account.seq)
    lots = (
        select(account.owner_id, lot.award, lot.state, lot.remaining, lot.held, lot.spent)
        .add_columns(lot.expired, lot.reversed, lot.taken_back, lot.activates_at, lot.expires_at)
        .join(account, account.id == lot.account_id)
    )
    kept = select(account.owner_id, hold.key, hold.state, hold.amount, hold.committed, hold.ended_at)
    found = [
        *db.session.execute(owner.order_by(account.owner_id)),
        *db.session.execute(lots.order_by(lot.award)),
        *db.session.execute(kept.join(account, account.id == hold.account_id).order_by(hold.key)),
    ]
    db.session.rollback()
    return [tuple(row) for row in found]
