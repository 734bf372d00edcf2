"""Any sequence of movements, at any time, told once or twice: the books say what the plain rules say.

`LEDGER_EXAMPLES=500 pytest tests/loyalty/test_ledger_machine.py` walks that many other paths instead of the usual ones.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from shopapp.kernel.db import db, transaction
from shopapp.kernel.errors import ShopError
from shopapp.loyalty.ledger import holds, jobs, merging, queries, services
from shopapp.loyalty.ledger.models import Kind, LedgerAccount, Lot, Unit
from shopapp.loyalty.ledger.rules import Life
from shopapp.loyalty.ledger.services import Shortfall
from shopapp.loyalty.ledger.verify import verify
from shopapp.loyalty.ledger.writing import Purse
from tests.loyalty.ledger_model import CHINA, NEVER, Model, RefusedError
from tests.support.ledger import another, forget_all

EXAMPLES = int(os.environ.get("LEDGER_EXAMPLES", "0"))
USUAL_EXAMPLES, STEPS = 14, 40
START = datetime(2025, 12, 30, 9, 30, tzinfo=CHINA)
CUSTOMERS = (0, 1, 2)

owners = count(1)
customers = st.sampled_from(CUSTOMERS)
amounts = st.integers(1, 120)
lives = st.sampled_from([(0, 3), (0, 10), (0, 30), (1, 0), (2, 0), (12, 0), (0, 0)])
choices = st.integers(0, 1000)
yes = st.sampled_from([True, False, False, False])
orders = st.sampled_from([None, None, "a", "b"])
spans = st.sampled_from([(1, 0), (3, 5), (6, 23), (7, 0), (12, 0), (31, 0), (60, 0), (400, 1)])


def usual() -> settings:
    return settings(
        max_examples=EXAMPLES or USUAL_EXAMPLES,
        stateful_step_count=STEPS,
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink] if EXAMPLES else [Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


class Machine(RuleBasedStateMachine):
    """Three purses of one unit, the model beside them. Every step is a second after the one before."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.model = START, Model()
        self.keys = (f"k{number}" for number in count(1))
        first = next(owners) * 10
        self.purses = {
            home: Purse(owner_kind="customer", owner_id=first + home, unit=Unit.POINTS) for home in CUSTOMERS
        }
        self.told: list[tuple[Callable[..., Any], dict[str, Any], Any]] = []
        self.paid: dict[str, int] = {}
        self.past: list[tuple[datetime, dict[int, tuple[int, int, int, int]]]] = []
        self.steps = 0

    def teardown(self) -> None:
        self.check_books()
        for number in range(len(self.past)):
            self.check_past(number)
        forget_all()

    # how both are asked

    def both(self, plain: Callable[[], Any], act: Callable[..., Any], **told: Any) -> tuple[bool, Any]:
        """Do it in the model and in the books: both do it, or both refuse for the same reason. Whether they did."""
        self.now += timedelta(seconds=1)
        self.model.pass_time(self.now)
        refused, result = None, None
        try:
            result = plain()
        except RefusedError as problem:
            refused = problem.args[0]
        answer = self.tell(act, **told)
        if refused is not None:
            assert answer == refused
            return False, None
        assert not isinstance(answer, str), answer
        self.told.append((act, told, answer))
        return True, (result, answer)

    def tell(self, act: Callable[..., Any], **told: Any) -> Any:
        """The books' answer, or the name of their refusal."""
        try:
            with transaction():
                return act(**told, now=self.now)
        except (ShopError, ValueError) as problem:
            return type(problem).__name__

    # what can happen

    @initialize(
        some=st.lists(st.tuples(customers, amounts, lives), min_size=3, max_size=5), held=st.integers(1, 90)
    )
    def open(self, some: list[tuple[int, int, tuple[int, int]]], held: int) -> None:
        """Without something to begin with most steps would come to nothing."""
        forget_all()
        for home, amount, life in some:
            self.earn(home, amount, life, waits=False, adjust=False, paid=amount)
        for home in {home for home, _amount, _life in some}:
            self.hold(home, held, lapses=None)
            self.spend(home, held, adjust=False)

    @rule(
        home=customers,
        amount=amounts,
        life=lives,
        waits=yes,
        adjust=yes,
        paid=st.integers(1, 90),
        order=orders,
    )
    def earn(
        self,
        home: int,
        amount: int,
        life: tuple[int, int],
        waits: bool,
        adjust: bool,
        paid: int,
        order: str | None = None,
    ) -> None:
        key = next(self.keys)
        order = order or key
        self.paid[key] = paid
        self.both(
            lambda: self.model.earn(
                home, key, amount, life=life, waits=waits, adjust=adjust, order=order, now=self.now
            ),
            services.earn,
            purse=self.purses[home],
            amount=amount,
            key=key,
            subject=f"order:{order}",
            life=Life(months=life[0], days=life[1]),
            pending=waits,
            kind=Kind.ADJUST if adjust else Kind.EARN,
        )

    @precondition(lambda self: any(lot.state == "pending" for lot in self.model.lots.values()))
    @rule(choice=choices, days=st.integers(-3, 20))
    def fix_activation(self, choice: int, days: int) -> None:
        waiting = [lot for lot in self.model.lots.values() if lot.state == "pending"]
        order, at = waiting[choice % len(waiting)].order, self.now + timedelta(days=days)
        same = [lot for lot in waiting if lot.order == order]
        for lot in same:
            lot.activates = at
        with transaction():
            assert services.activate_by(subject=f"order:{order}", at=at) == len(same)

    @rule()
    def run_activation(self) -> None:
        self.now += timedelta(seconds=1)
        self.model.pass_time(self.now)
        assert jobs.activate_points(self.now) == self.model.activate(self.now)

    @rule(home=customers, share=st.integers(1, 110), adjust=yes)
    def spend(self, home: int, share: int, adjust: bool) -> None:
        key, amount = next(self.keys), max(1, self.model.available(home) * share // 100)
        self.both(
            lambda: self.model.spend(home, key, amount, adjust=adjust),
            services.spend,
            purse=self.purses[home],
            amount=amount,
            key=key,
            subject="order:9",
            kind=Kind.ADJUST if adjust else Kind.SPEND,
        )

    @rule(home=customers, share=st.integers(1, 110), lapses=st.sampled_from([None, None, 1, 10, 40]))
    def hold(self, home: int, share: int, lapses: int | None) -> None:
        key, amount = next(self.keys), max(1, self.model.available(home) * share // 100)
        until = None if lapses is None else self.now + timedelta(days=lapses)
        self.both(
            lambda: self.model.hold(home, key, amount, lapses=until),
            holds.hold,
            purse=self.purses[home],
            amount=amount,
            key=key,
            subject="order:9",
            lapses_at=until,
        )

    @precondition(lambda self: self.model.holds)
    @rule(choice=choices, share=st.sampled_from([None, 1, 40, 99]))
    def commit(self, choice: int, share: int | None) -> None:
        key = self.choose(self.open_holds() or self.model.holds, choice)
        amount = None if share is None else 1 + sum(self.model.holds[key].parts.values()) * share // 100
        if self.model.holds[key].state != "committed":
            self.both(lambda: self.model.commit(key, amount, self.now), holds.commit, key=key, amount=amount)

    @precondition(lambda self: self.model.holds)
    @rule(choice=choices)
    def release(self, choice: int) -> None:
        key = self.choose(self.open_holds() or self.model.holds, choice)
        done, answers = self.both(lambda: self.model.release(key, self.now), holds.release, key=key)
        assert not done or answers[0] is answers[1]

    @precondition(lambda self: self.model.spent)
    @rule(choice=choices, share=st.integers(1, 110))
    def give_back(self, choice: int, share: int) -> None:
        left = {key: parts for key, parts in self.model.spent.items() if any(parts.values())}
        spent_with = self.choose(left or self.model.spent, choice)
        amount = max(1, sum(self.model.spent[spent_with].values()) * share // 100)
        self.both(
            lambda: self.model.give_back(spent_with, amount, self.now),
            services.give_back,
            spent_with=spent_with,
            amount=amount,
            key=next(self.keys),
        )

    @precondition(lambda self: self.model.lots)
    @rule(choice=choices, share=st.integers(0, 100), policy=st.sampled_from(list(Shortfall)))
    def take_back(self, choice: int, share: int, policy: Shortfall) -> None:
        award = self.choose(self.model.lots, choice)
        refunded, paid = self.paid[award] * share // 100, self.paid[award]
        done, answers = self.both(
            lambda: self.model.take_back(award, refunded=refunded, paid=paid, policy=policy.value),
            services.take_back,
            award=award,
            refunded=refunded,
            paid=paid,
            shortfall=policy,
            key=next(self.keys),
        )
        assert done
        assert answers[0] == answers[1].amount
        if not answers[0]:
            self.told.pop()

    @precondition(lambda self: self.steps % 5 == 4)
    @rule(home=customers)
    def forfeit(self, home: int) -> None:
        self.both(lambda: self.model.forfeit(home), services.forfeit, purse=self.purses[home])
        self.told.pop()

    @rule(pair=st.permutations(CUSTOMERS))
    def merge(self, pair: list[int]) -> None:
        key, (source, target, _other) = next(self.keys), pair
        purses = {"source": self.purses[source], "target": self.purses[target]}
        self.both(lambda: self.model.merge(key, source, target), merging.merge, key=key, **purses)

    @precondition(lambda self: self.model.merges)
    @rule(choice=choices)
    def undo(self, choice: int) -> None:
        standing = [key for key, merge in self.model.merges.items() if not merge.undone]
        key = standing[-1] if standing and choice % 3 else self.choose(self.model.merges, choice)
        self.both(lambda: self.model.undo(key), merging.undo_merge, key=key)

    @precondition(lambda self: self.told)
    @rule(choice=choices, other=st.booleans())
    def tell_again(self, choice: int, other: bool) -> None:
        """The same gives the first result, another body under the same key is refused; neither changes anything."""
        act, told, first = self.told[choice % len(self.told)]
        self.now += timedelta(seconds=1)
        if not other or act in (holds.release, merging.undo_merge):
            again = self.tell(act, **told)
            if act is holds.release:
                assert again is False
            elif first is None:
                assert again is None
            else:
                assert again.repeated
                assert (again.posting_id, again.amount, again.balance) == (
                    first.posting_id,
                    first.amount,
                    first.balance,
                )
            return
        assert self.tell(act, **another(told)) in ("KeyTaken", "ValueError")

    @rule()
    def run_expiry(self) -> None:
        self.now += timedelta(seconds=1)
        self.model.pass_time(self.now)
        self.model.lapse(self.now)
        jobs.expire_points(self.now)
        for home, purse in self.purses.items():
            found = queries.balance(purse=purse, now=self.now)
            assert (found.active, found.pending, found.held, found.debt) == self.model.figures(home)

    @rule(span=spans)
    def wait(self, span: tuple[int, int]) -> None:
        self.now += timedelta(days=span[0], hours=span[1])

    @rule(days=st.integers(2, 9))
    def wait_with_daily_runs(self, days: int) -> None:
        for _ in range(days):
            self.now += timedelta(days=1)
            self.run_expiry()

    # what must hold

    @invariant()
    def agree(self) -> None:
        db.session.rollback()
        self.model.pass_time(self.now)
        self.check_lots()
        seen = {}
        for home, purse in self.purses.items():
            found = queries.balance(purse=purse, now=self.now)
            active, pending, held, debt = self.model.figures(home)
            assert (found.available, found.pending, found.held, found.debt) == (
                active - held,
                pending,
                held,
                debt,
            )
            assert found.active >= active
            seen[home] = (found.active, found.pending, found.held, found.debt)
            soon = [(one.at, one.amount) for one in queries.expiring(purse=purse, now=self.now)]
            assert soon == self.model.expiring(home)
        self.past.append((self.now, seen))
        self.steps += 1
        if self.steps % 8 == 0:
            self.check_books()
            self.check_past(self.steps * 7 % len(self.past))

    def check_lots(self) -> None:
        rows = db.session.execute(
            select(Lot.__table__, LedgerAccount.owner_id).join(
                LedgerAccount, LedgerAccount.id == Lot.__table__.c.account_id
            )
        ).all()
        assert len(rows) == len(self.model.lots)
        for row in rows:
            lot = self.model.lots[row.award]
            over = row.state == "active" and row.expires_at is not None and row.expires_at <= self.now
            unbooked = row.remaining - row.held if over else 0
            assert row.owner_id == self.purses[lot.home].owner_id
            assert (row.remaining - unbooked, row.expired + unbooked) == (lot.remaining, lot.expired)
            assert (row.earned, row.spent, row.reversed) == (lot.earned, lot.spent, lot.reversed)
            assert (row.held, row.taken_back) == (self.model.held(lot), lot.taken_back)
            assert (row.state, row.activates_at) == (lot.state, lot.activates)
            assert (row.expires_at or NEVER) == lot.ends
            assert min(row.remaining, row.held, row.spent, row.expired, row.reversed) >= 0

    def check_books(self) -> None:
        db.session.rollback()
        assert verify().problems == []
        told = queries.liabilities(since=START - timedelta(days=1), until=self.now + timedelta(days=1))
        for row in told:
            mine = [queries.balance(purse=purse, now=self.now) for purse in self.purses.values()]
            shop = self.model.shop
            assert row.closing == sum(one.active + one.pending - one.debt for one in mine)
            assert (row.issued, row.spent, row.reversed) == (shop["issued"], shop["spent"], shop["reversed"])
            assert (row.waived, row.adjusted) == (shop["waived"], shop["adjusted"])
            assert row.expired <= shop["expired"]

    def check_past(self, number: int) -> None:
        """What is asked about a past time now is what was seen then; of several looks at one time the last counts."""
        at, seen = self.past[number]
        if number + 1 < len(self.past) and self.past[number + 1][0] == at:
            return
        for home, purse in self.purses.items():
            found = queries.balance_at(purse=purse, at=at)
            assert (found.active, found.pending, found.held, found.debt) == seen[home]

    def open_holds(self) -> dict[str, Any]:
        return {key: hold for key, hold in self.model.holds.items() if hold.state == "open"}

    def choose(self, among: dict[str, Any], choice: int) -> str:
        return list(among)[choice % len(among)]


def test_any_sequence_of_movements_comes_to_what_the_plain_rules_say(app: Flask) -> None:
    run_state_machine_as_test(Machine, settings=usual())  # type: ignore[no-untyped-call]
