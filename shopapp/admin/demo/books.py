"""The books of the demo shop: what was earned, spent and lost in the past, posted in the order of time.

Accounts and open lots are kept in memory, so that a year of postings takes a few statements for each batch of orders. The
postings are those of the books' own services, with their keys and chains.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from heapq import heappop, heappush
from itertools import count
from typing import Any

from shopapp.loyalty.ledger import Kind, LotState, Unit, drafting, writing
from shopapp.loyalty.ledger import rules as ledger_rules
from shopapp.loyalty.ledger.rules import Leg, Life
from shopapp.loyalty.ledger.writing import Account, Draft, OpenLot, purse

from . import rows

Act = Callable[[datetime], None]
CUSTOMER = "customer"


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """A refund of `refunded` of the `paid` fen that earned something."""

    at: datetime
    refunded: int
    paid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Award:
    """Something earned at `at`, named by `key`. What is pending becomes active at `activates_at`, if it ever does; what is
    taken back is so before that."""

    customer_id: int
    unit: Unit
    amount: int
    key: str
    subject: str
    at: datetime
    life: Life | None = None
    reason: str = ""
    pending: bool = False
    activates_at: datetime | None = None
    taken_back: TakenBack | None = None


class Books:
    """Acts are planned for their times and done up to a time; then what they wrote is flushed."""

    def __init__(self, *, until: datetime) -> None:
        self.until = until
        self._accounts: dict[tuple[int, Unit], Account] = {}
        self._open: defaultdict[int, list[OpenLot]] = defaultdict(list)
        self._acts: list[tuple[datetime, int, Act]] = []
        self._turns = count()
        self._posted: list[tuple[dict[str, Any], Sequence[Leg]]] = []
        self._changed: dict[int, OpenLot] = {}
        self._touched: dict[int, Account] = {}
        self._reversed_later: dict[str, int | None] = {}

    def open(self, customer_ids: Sequence[int], *, unit: Unit) -> None:
        """Give each of these customers an account of a unit who has none yet."""
        fresh: list[dict[str, Any]] = [
            {
                "owner_kind": CUSTOMER,
                "owner_id": customer_id,
                "unit": unit,
                "active": 0,
                "pending": 0,
                "held": 0,
                "debt": 0,
                "seq": 0,
                "head": ledger_rules.chain_start(CUSTOMER, customer_id, unit),
            }
            for customer_id in customer_ids
            if (customer_id, unit) not in self._accounts
        ]
        for row_id, row in zip(rows.add_with_ids("ledger_accounts", fresh), fresh, strict=True):
            self._accounts[row["owner_id"], unit] = Account(id=row_id, **row)

    def plan(self, awards: Sequence[Award]) -> None:
        """Earn all this, each in its time, which has not come yet."""
        values = [self._lot(award) for award in awards]
        for award, row_id, row in zip(awards, rows.add_with_ids("ledger_lots", values), values, strict=True):
            lot = OpenLot(id=row_id, **row)
            self.do(award.at, partial(self._earn, award, lot))
            if award.taken_back is not None:
                self._reversed_later[award.key] = None
                self.do(award.taken_back.at, partial(self._take_back, award, award.taken_back, lot))
            if award.activates_at is not None:
                self.do(award.activates_at, partial(self._activate, award, lot))

    def do(self, at: datetime, act: Act) -> None:
        """Call this when all that came before has been done; never if its time is not to come."""
        if at <= self.until:
            heappush(self._acts, (at, next(self._turns), act))

    def run(self, to: datetime) -> None:
        """Do what was planned for before this time, and write it."""
        while self._acts and self._acts[0][0] < to:
            at, _turn, act = heappop(self._acts)
            act(at)
        self._flush()

    def active(self, customer_id: int) -> int:
        """How many points a customer has now."""
        return self._accounts[customer_id, Unit.POINTS].active

    def spend(
        self, *, customer_id: int, points: int, key: str, subject: str, reason: str, at: datetime
    ) -> None:
        """Take points that are there from the lots that end first."""
        account = self._accounts[customer_id, Unit.POINTS]
        lots = sorted(self._open[account.id], key=lambda lot: (lot.expires_at or self.until, lot.id))
        owner = purse(customer_id=customer_id, unit=Unit.POINTS)
        self._post(
            drafting.taking(
                account,
                parts=ledger_rules.allocate(points, lots),
                kind=Kind.SPEND,
                key=key,
                body_hash=drafting.spend_body(owner, amount=points, subject=subject, reason=reason),
                subject=subject,
                reason=reason,
            ),
            at=at,
        )
        self._open[account.id] = [lot for lot in lots if lot.remaining]

    def _account(self, award: Award) -> Account:
        return self._accounts[award.customer_id, award.unit]

    def _lot(self, award: Award) -> dict[str, Any]:
        life = award.life or Life()
        return {
            "account_id": self._account(award).id,
            "award": award.key,
            "subject": award.subject,
            "state": LotState.PENDING if award.pending else LotState.ACTIVE,
            "earned": award.amount,
            "remaining": award.amount,
            "held": 0,
            "spent": 0,
            "expired": 0,
            "reversed": 0,
            "taken_back": 0,
            "life": str(life),
            "activates_at": award.activates_at,
            "expires_at": None if award.pending else life.end(award.at),
            "created_at": award.at,
        }

    def _earn(self, award: Award, lot: OpenLot, at: datetime) -> None:
        body = drafting.earn_body(
            purse(customer_id=award.customer_id, unit=award.unit),
            amount=award.amount,
            subject=award.subject,
            reason=award.reason,
            life=award.life,
            pending=award.pending,
        )
        draft = drafting.earning(self._account(award), lot, body_hash=body, reason=award.reason)
        self._post(draft, at=at)
        if not award.pending:
            self._opened(draft.account, lot)

    def _activate(self, award: Award, lot: OpenLot, at: datetime) -> None:
        if lot.state is LotState.PENDING:
            account = self._account(award)
            for draft in drafting.activation(account, lot, debt=account.debt):
                self._post(draft, at=at)
            self._opened(account, lot)

    def _take_back(self, award: Award, refund: TakenBack, lot: OpenLot, at: datetime) -> None:
        wanted = ledger_rules.award_taken_back(award=lot.earned, refunded=refund.refunded, paid=refund.paid)
        if not wanted:
            return
        earned = self._reversed_later.pop(award.key) or self._flushed(award.key)
        draft = drafting.reversal(
            self._account(award),
            lot,
            wanted=wanted,
            key=f"{award.key}:refund:{refund.refunded}",
            body_hash=drafting.take_back_body(award.key, refunded=refund.refunded, paid=refund.paid),
            reverses_id=earned,
            reason=award.reason,
        )
        self._post(draft, at=at)

    def _opened(self, account: Account, lot: OpenLot) -> None:
        if account.unit is Unit.GROWTH:
            return
        self._open[account.id].append(lot)
        if lot.expires_at is not None:
            self.do(lot.expires_at, partial(self._expire, account))

    def _expire(self, account: Account, at: datetime) -> None:
        for draft in drafting.expire(account, lots=self._open[account.id], now=at):
            self._post(draft, at=at)
        self._open[account.id] = [lot for lot in self._open[account.id] if lot.remaining]

    def _post(self, draft: Draft, *, at: datetime) -> None:
        self._posted.append((writing.post(draft, at=at), draft.legs))
        self._touched[draft.account.id] = draft.account
        self._changed.update((lot.id, lot) for lot in draft.lots)

    def _flushed(self, key: str) -> int:
        """The row id of a posting that waits to be written."""
        self._reversed_later[key] = None
        self._flush()
        found = self._reversed_later.pop(key)
        if found is None:
            raise ValueError(f"{key} was not earned")
        return found

    def _flush(self) -> None:
        for row_id, (row, _legs) in zip(writing.keep(self._posted), self._posted, strict=True):
            if row["key"] in self._reversed_later:
                self._reversed_later[row["key"]] = row_id
        if self._posted:
            writing.save_lots(self._changed.values())
            writing.save_accounts(self._touched.values())
        self._posted, self._changed, self._touched = [], {}, {}
