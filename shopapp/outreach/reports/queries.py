"""The funnel of channels: one reading of people, ways in, claims and orders for console, programs and command line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shopapp.kernel.clock import shop_day
from shopapp.kernel.i18n import _
from shopapp.kernel.money import ZERO
from shopapp.loyalty.cashback import queries as cashback
from shopapp.members.channels import queries as channels
from shopapp.members.channels.queries import ChannelBrief, TouchFacts
from shopapp.members.flyers import queries as flyers
from shopapp.members.flyers.queries import PrintedBatch
from shopapp.members.identity import queries as customers
from shopapp.members.identity.queries import KnownPerson
from shopapp.store.orders import queries as orders
from shopapp.store.orders.queries import KeptOrder

from .funnel import STRANGER, Journey, Step, Tally

PEOPLE_AT_ONCE = 500


class By(StrEnum):
    CHANNEL = "channel"
    BATCH = "batch"
    DAY = "day"


@dataclass(frozen=True, kw_only=True)
class Funnel:
    """Rows of what was asked for, in which everybody is in one row, and all of them together."""

    by: By
    rows: Sequence[Tally]
    total: Tally


@dataclass(frozen=True, kw_only=True)
class _Arrival:
    """When somebody came, and by which way if that is known."""

    at: datetime
    touch: TouchFacts | None


def channel_funnel(*, by: By, since: datetime | None = None, until: datetime | None = None) -> Funnel:
    """People who first came from `since` to before `until`, in the row of the way by which they came.

    Who came by no channel is counted from when the shop came to know them. Copies and costs count when they were printed
    and spent.
    """
    ledger = _Ledger(by=by, since=since, until=until)
    ledger.book_costs()
    for arrival, journey in _everybody():
        ledger.book(arrival, journey)
    for touch in channels.strangers():
        ledger.book(_Arrival(at=touch.at, touch=touch), STRANGER)
    return ledger.closed()


def _everybody() -> Iterator[tuple[_Arrival, Journey]]:
    after_id = 0
    while page := customers.everybody(after_id=after_id, limit=PEOPLE_AT_ONCE):
        after_id = page[-1].customer_id
        ids = [person.customer_id for person in page]
        touches = channels.first_touches(
            known_since={person.customer_id: person.known_since for person in page}
        )
        claims = cashback.outcomes(customer_ids=ids)
        bought: defaultdict[int, list[KeptOrder]] = defaultdict(list)
        for order in orders.kept_orders(customer_ids=ids):
            bought[order.customer_id].append(order)
        for person in page:
            touch = touches.get(person.customer_id)
            arrival = _Arrival(at=touch.at if touch else person.known_since, touch=touch)
            claim = claims.get(person.customer_id)
            yield arrival, _journey(person, arrival, claim=claim, bought=bought[person.customer_id])


def _journey(
    person: KnownPerson,
    arrival: _Arrival,
    *,
    claim: cashback.ClaimOutcome | None,
    bought: Sequence[KeptOrder],
) -> Journey:
    did = {Step.SCANNED}
    if person.followed:
        did.add(Step.FOLLOWED)
    if claim is not None:
        did.add(Step.CLAIMED)
        if claim.paid_claims:
            did.add(Step.PAID)
    if person.joined:
        did.add(Step.JOINED)
    if bought:
        did.add(Step.FIRST_ORDER)
    if len(bought) > 1:
        did.add(Step.SECOND_ORDER)
    return Journey(
        did=frozenset(did),
        cashback=claim.paid if claim else ZERO,
        sales=tuple((_days(arrival.at, order.paid_at), order.net) for order in bought),
    )


def _days(came: datetime, paid: datetime) -> int:
    """Days of the shop's calendar, none for what was bought before."""
    return max((shop_day(paid) - shop_day(came)).days, 0)


class _Ledger:
    """Books everybody and every cost into one row and into the total."""

    def __init__(self, *, by: By, since: datetime | None, until: datetime | None) -> None:
        self.by, self.since, self.until = by, since, until
        self.channels: dict[int, ChannelBrief] = {one.id: one for one in channels.briefs()}
        self.batches: list[PrintedBatch] = flyers.printed()
        self.by_prefix = {one.prefix: one for one in self.batches if one.serials}
        self.only = self._only_batches()
        self.rows: dict[str | None, Tally] = {}
        self.total = Tally(key=None, name=_("合计"))
        if by is By.CHANNEL:
            for channel in self.channels.values():
                self._row(channel.public_id, channel.name)
        elif by is By.BATCH:
            for batch in self.batches:
                self._row(batch.public_id, batch.name)

    def _only_batches(self) -> dict[int, PrintedBatch]:
        """The batch of each channel that has but one."""
        of_channel: defaultdict[int, list[PrintedBatch]] = defaultdict(list)
        for batch in self.batches:
            of_channel[batch.channel_id].append(batch)
        return {channel_id: few[0] for channel_id, few in of_channel.items() if len(few) == 1}

    def book(self, arrival: _Arrival, journey: Journey) -> None:
        if self._inside(arrival.at):
            self._of_touch(arrival).count(journey)
            self.total.count(journey)

    def book_costs(self) -> None:
        for channel in self.channels.values():
            if self._inside(channel.created_at):
                row = self._of_channel(channel.id, channel.created_at, batch=self.only.get(channel.id))
                for tally in (row, self.total):
                    tally.spend(channel.cost)
        for batch in self.batches:
            if self._inside(batch.printed_at):
                row = self._of_channel(batch.channel_id, batch.printed_at, batch=batch)
                for tally in (row, self.total):
                    tally.spend(batch.cost)
                    tally.printed += batch.quantity

    def closed(self) -> Funnel:
        """Days in their order, channels and batches as they were made, who came otherwise last."""
        keys = [key for key in self.rows if key is not None]
        if self.by is By.DAY:
            keys.sort()
        rows = [self.rows[key] for key in keys]
        if None in self.rows:
            rows.append(self.rows[None])
        return Funnel(by=self.by, rows=rows, total=self.total)

    def _inside(self, moment: datetime) -> bool:
        return (self.since is None or moment >= self.since) and (self.until is None or moment < self.until)

    def _of_touch(self, arrival: _Arrival) -> Tally:
        if arrival.touch is None:
            return self._day(arrival.at) if self.by is By.DAY else self._otherwise()
        channel_id = arrival.touch.channel_id
        named = self.by_prefix.get(arrival.touch.serial.partition("-")[0])
        batch = named if named is not None and named.channel_id == channel_id else self.only.get(channel_id)
        return self._of_channel(channel_id, arrival.at, batch=batch)

    def _of_channel(self, channel_id: int, moment: datetime, *, batch: PrintedBatch | None) -> Tally:
        if self.by is By.DAY:
            return self._day(moment)
        if self.by is By.CHANNEL:
            channel = self.channels[channel_id]
            return self._row(channel.public_id, channel.name)
        return self._otherwise() if batch is None else self._row(batch.public_id, batch.name)

    def _day(self, moment: datetime) -> Tally:
        day = shop_day(moment).isoformat()
        return self._row(day, day)

    def _otherwise(self) -> Tally:
        return self._row(None, _("不知道从哪里来") if self.by is By.CHANNEL else _("不是传单，或分不出批次"))

    def _row(self, key: str | None, name: str) -> Tally:
        return self.rows.setdefault(key, Tally(key=key, name=name))
