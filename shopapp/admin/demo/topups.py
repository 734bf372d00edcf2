"""Top-ups of the past: orders of no goods, paid with WeChat, and what they put into wallets."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shopapp.kernel import preferences
from shopapp.kernel.money import Money
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.ledger.rules import Life
from shopapp.loyalty.wallet import wording

from . import rows
from .books import Award, Books
from .followers import Known
from .ids import Ids
from .past import SYSTEM, number_of
from .programme import TOP_UP_LIFE, TOP_UPS, Programme
from .rows import Row

TOPS_UP_SHARE = 0.08
WEIGHTS = (6, 3, 1)
PROMPTLY = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUp:
    """`place` counts from 0 and goes on where the numbers of the orders end."""

    place: int
    member: Known
    pay: Money
    gift: Money
    plan_id: int
    no: str
    at: datetime

    @property
    def paid_at(self) -> datetime:
        return self.at + PROMPTLY


def write(
    members: Sequence[Known],
    *,
    offered: Programme,
    books: Books,
    ids: Ids,
    numbers: int,
    after: int,
) -> dict[int, datetime]:
    """Some members with a phone number topped up once; when, by row id of the customer.

    `numbers` is where order numbers begin, `after` how many orders have some.
    """
    found = list(_plan(members, offered=offered, ids=ids, numbers=numbers, after=after, until=books.until))
    _write_orders(found, ids=ids, numbers=numbers)
    customers = [one.member.customer_id for one in found]
    for unit in (Unit.PRINCIPAL, Unit.GIFT):
        books.open(customers, unit=unit)
    books.plan([award for one in found for award in _awards(one)])
    return {one.member.customer_id: one.at for one in found}


def _plan(
    members: Sequence[Known], *, offered: Programme, ids: Ids, numbers: int, after: int, until: datetime
) -> Iterator[TopUp]:
    place = after
    for member in members:
        rng = random.Random(f"{ids.seed}:top-up:{member.number}")
        if not member.has_phone or rng.random() >= TOPS_UP_SHARE:
            continue
        pay, gift = rng.choices(TOP_UPS, WEIGHTS)[0]
        at = (member.joined + (until - member.joined) * rng.uniform(0.2, 0.9)).replace(microsecond=0)
        place += 1
        yield TopUp(
            place=place,
            member=member,
            pay=Money(pay),
            gift=Money(gift),
            plan_id=offered.top_ups[pay],
            no=number_of(at, start=numbers, place=place),
            at=at,
        )


def _write_orders(found: Sequence[TopUp], *, ids: Ids, numbers: int) -> None:
    within = timedelta(minutes=preferences.read("orders.pay_within_minutes"))
    order_ids = rows.add_with_ids("orders", [_order(one, within=within) for one in found])
    pairs = list(zip(found, order_ids, strict=True))
    rows.add("order_lines", [_line(one, order_id, ids=ids) for one, order_id in pairs])
    rows.add("order_steps", [step for one, order_id in pairs for step in _steps(one, order_id)])
    rows.add("payments", [_payment(one, order_id, numbers=numbers, within=within) for one, order_id in pairs])
    rows.add(
        "top_ups",
        [
            {
                "order_id": order_id,
                "customer_id": one.member.customer_id,
                "plan_id": one.plan_id,
                "gift": one.gift,
                "gift_life": TOP_UP_LIFE,
                "key": f"{one.member.customer_id}:demo",
            }
            for one, order_id in pairs
        ],
    )


def _order(one: TopUp, *, within: timedelta) -> Row:
    nowhere = dict.fromkeys(
        ("ship_name", "ship_phone", "ship_phone_hash", "ship_region_code", "ship_region", "ship_detail"), ""
    )
    return nowhere | {
        "no": one.no,
        "kind": "top_up",
        "customer_id": one.member.customer_id,
        "openid": one.member.openid,
        "status": "completed",
        "goods": one.pay,
        "freight": Money(0),
        "total": one.pay,
        "paid": one.pay,
        "created_at": one.at,
        "expires_at": one.at + within,
        "paid_at": one.paid_at,
        "completed_at": one.paid_at,
        "final_at": one.paid_at,
    }


def _line(one: TopUp, order_id: int, *, ids: Ids) -> Row:
    return {
        "public_id": ids.of("line", one.place, "top-up"),
        "order_id": order_id,
        "title": wording.offer(pay=one.pay, gift=one.gift),
        "specs": [],
        "price": one.pay,
        "quantity": 1,
        "list": one.pay,
        "pay": one.pay,
    }


def _steps(one: TopUp, order_id: int) -> Iterator[Row]:
    customer = f"customer:{one.member.public_id}"
    for what, at, actor in (
        ("placed", one.at, customer),
        ("paid", one.paid_at, SYSTEM),
        ("given", one.paid_at, SYSTEM),
    ):
        yield {"order_id": order_id, "what": what, "note": "", "actor": actor, "at": at}


def _payment(one: TopUp, order_id: int, *, numbers: int, within: timedelta) -> Row:
    return {
        "order_id": order_id,
        "out_trade_no": number_of(one.at, start=numbers + 1, place=one.place),
        "openid": one.member.openid,
        "amount": one.pay,
        "status": "paid",
        "settles": True,
        "transaction_id": f"4200{number_of(one.at, start=numbers + 2, place=one.place)}",
        "created_at": one.at,
        "expires_at": one.at + within,
        "paid_at": one.paid_at,
    }


def _awards(one: TopUp) -> Iterator[Award]:
    lives = {Unit.PRINCIPAL: None, Unit.GIFT: Life.parse(TOP_UP_LIFE)}
    for unit, amount in ((Unit.PRINCIPAL, one.pay), (Unit.GIFT, one.gift)):
        yield Award(
            customer_id=one.member.customer_id,
            unit=unit,
            amount=amount.fen,
            key=f"topup:{one.no}:{unit.value}",
            subject=f"topup:{one.no}",
            at=one.paid_at,
            life=lives[unit],
            reason=one.no,
        )
