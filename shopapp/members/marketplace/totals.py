"""Adding up what a file told, each order once however many rows speak of it."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping

from . import rules
from .rules import CNY, Told
from .writing import Outcome


class Totals:
    """Of two tellings of an order the greater of each figure counts, as it does when they are joined."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._paid, self._refunded = array("q"), array("q")
        self._was_paid, self._unclear, self._outcome = bytearray(), bytearray(), bytearray()
        self._foreign: dict[int, str] = {}
        self._buyers: set[str] = set()
        self.lines = 0

    def add(self, orders: Mapping[str, Told], outcomes: Mapping[str, Outcome]) -> None:
        """Orders that were written, and what became of each."""
        new: list[Told] = []
        for order_no, told in orders.items():
            place = self._places.get(order_no)
            if place is None:
                new.append(told)
            else:
                self._join(place, told, outcomes[order_no])
        self._buyers.update([told.buyer for told in orders.values() if told.buyer is not None])
        self._append(new, outcomes)

    def _join(self, place: int, told: Told, outcome: Outcome) -> None:
        _status, paid, refunded = rules.settle(told)
        self._paid[place] = max(self._paid[place], paid)
        self._refunded[place] = max(self._refunded[place], refunded)
        self._was_paid[place] |= told.paid_at is not None
        self._unclear[place] |= told.unclear
        self._outcome[place] = max(self._outcome[place], outcome)

    def _append(self, new: list[Told], outcomes: Mapping[str, Outcome]) -> None:
        first = self.orders
        self._places.update((told.order_no, place) for place, told in enumerate(new, start=first))
        self._foreign.update(
            (place, told.currency) for place, told in enumerate(new, start=first) if told.currency != CNY
        )
        settled = [rules.settle(told) for told in new]
        self._paid.extend([paid for _status, paid, _refunded in settled])
        self._refunded.extend([refunded for _status, _paid, refunded in settled])
        self._was_paid.extend([told.paid_at is not None for told in new])
        self._unclear.extend([told.unclear for told in new])
        self._outcome.extend([outcomes[told.order_no] for told in new])
        self.lines += sum([len(told.lines) for told in new])

    @property
    def orders(self) -> int:
        return len(self._paid)

    @property
    def buyers(self) -> int:
        return len(self._buyers)

    @property
    def paid_orders(self) -> int:
        return sum(self._was_paid)

    @property
    def unclear(self) -> int:
        return sum(self._unclear)

    def came(self, outcome: Outcome) -> int:
        """How many orders had this outcome."""
        return self._outcome.count(outcome)

    @property
    def all_foreign(self) -> bool:
        return 0 < len(self._foreign) == len(self._paid)

    @property
    def gross_fen(self) -> int:
        return sum(self._paid) - sum(self._paid[place] for place in self._foreign)

    @property
    def refunded_fen(self) -> int:
        return sum(self._refunded) - sum(self._refunded[place] for place in self._foreign)

    @property
    def net_fen(self) -> int:
        nets = map(_net, self._paid, self._refunded)
        return sum(nets) - sum(_net(self._paid[place], self._refunded[place]) for place in self._foreign)

    @property
    def other_currencies(self) -> dict[str, dict[str, int]]:
        gross, refunded = Counter[str](), Counter[str]()
        for place, currency in self._foreign.items():
            gross[currency] += self._paid[place]
            refunded[currency] += self._refunded[place]
        return {
            currency: {"gross": gross[currency], "refunded": refunded[currency]} for currency in sorted(gross)
        }


def _net(paid: int, refunded: int) -> int:
    return max(paid - refunded, 0)
