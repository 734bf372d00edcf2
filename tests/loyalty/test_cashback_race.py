"""Many hands at one order, one budget, one payout: one winner, and the sums always add up."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from flask import Flask
from sqlalchemy import select

from shopapp.kernel import clock
from shopapp.kernel.db import db, transaction
from shopapp.kernel.money import ZERO, Money
from shopapp.loyalty.cashback import claiming, deciding, jobs, offering, services
from shopapp.loyalty.cashback.claiming import Whence
from shopapp.loyalty.cashback.models import CashbackCampaign, CashbackClaim
from shopapp.loyalty.cashback.rules import AmountTerms
from shopapp.loyalty.cashback.states import RESERVED, AmountMode, ClaimReason, ClaimStatus
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.ledger import queries as ledger
from shopapp.loyalty.ledger.verify import verify
from shopapp.loyalty.ledger.writing import purse
from shopapp.members.marketplace.rules import Status
from tests.loyalty.test_coupons_race import outcomes
from tests.support.cashback import (
    books_of,
    bring_order,
    campaign_now,
    change_order,
    claim,
    claim_now,
    make_campaign,
    new_number,
)
from tests.support.people import Person, make_person

HANDS = 8
STEPS = 32


def submit(person: Person, order_no: str) -> Callable[[], object]:
    return lambda: claiming.submit(
        customer_id=person.id,
        platform="taobao",
        order_no=order_no,
        tail=None,
        whence=Whence(),
        now=clock.now(),
    )


def statuses() -> Counter[str]:
    db.session.rollback()
    return Counter(one.value for one in db.session.scalars(select(CashbackClaim.status)))


def test_one_order_claimed_by_many_has_one_owner(app: Flask) -> None:
    campaign, order_no = make_campaign(), bring_order().order_no
    people = [make_person() for _ in range(HANDS)]
    ends = outcomes(app, [submit(person, order_no) for person in people] * 2)
    assert ends == {"ok": 2, "already_claimed": 2 * HANDS - 2}
    assert statuses() == {"on_hold": 1}
    assert books_of(campaign) == (5_00, 0)


def test_the_last_yuan_of_a_budget_goes_to_one(app: Flask) -> None:
    campaign = make_campaign(budget=Money(14_99))
    orders = [bring_order().order_no for _ in range(HANDS)]
    people = [make_person() for _ in range(HANDS)]
    ends = outcomes(app, [submit(person, no) for person, no in zip(people, orders, strict=True)])
    assert ends == {"ok": HANDS}
    assert statuses() == {"on_hold": 2, "rejected": HANDS - 2}
    assert books_of(campaign) == (10_00, 0)
    reasons = set(db.session.scalars(select(CashbackClaim.reason)))
    assert reasons == {None, ClaimReason.BUDGET}


def test_one_person_at_many_phones_stays_within_the_limit(app: Flask) -> None:
    campaign, person = make_campaign(per_person=2), make_person()
    ends = outcomes(app, [submit(person, bring_order().order_no) for _ in range(6)])
    assert ends == {"ok": 6}
    assert statuses() == {"on_hold": 2, "rejected": 4}
    assert books_of(campaign) == (10_00, 0)


def test_paying_staff_and_a_refund_at_once_come_to_one_end(app: Flask) -> None:
    campaign = make_campaign(hold_days=0)
    for round_of in range(4):
        person, order = make_person(), bring_order()
        made = claim(person.id, order.order_no)
        jobs.approve_due(clock.now())
        if round_of % 2:
            change_order(order, status=Status.CLOSED)
        pay = partial(services.pay_inside, claim_id=made.id, now=clock.now())
        reject = partial(deciding.reject, public_id=made.public_id, note="不对", now=clock.now())
        ends = outcomes(app, [pay, reject, pay, reject])
        assert ends["ok"] in (2, 3)
        end = claim_now(made)
        own = ledger.balance(purse=purse(customer_id=person.id, unit=Unit.GIFT), now=clock.now())
        assert end.status in (ClaimStatus.PAID, ClaimStatus.REJECTED)
        assert own.available == (5_00 if end.status is ClaimStatus.PAID else 0)
    paid = statuses()["paid"]
    assert books_of(campaign) == (0, paid * 5_00)


def check_sums(campaign: CashbackCampaign, people: list[Person]) -> None:
    """Set aside is what claims on their way are due, paid is what was paid, and wallets hold just that."""
    books = campaign_now(campaign)
    claims = db.session.scalars(select(CashbackClaim)).all()
    assert books.reserved + books.paid <= books.budget
    assert books.reserved == Money.total(one.due for one in claims if one.status in RESERVED)
    assert books.paid == Money.total(one.paid_amount or ZERO for one in claims)
    assert all(1_00 <= one.amount.fen <= 8_00 for one in claims if one.amount)
    for person in people:
        mine = [one for one in claims if one.customer_id == person.id and one.status is ClaimStatus.PAID]
        own = ledger.balance(purse=purse(customer_id=person.id, unit=Unit.GIFT), now=clock.now())
        assert own.available - own.debt == sum(one.due.fen for one in mine)


def test_whatever_happens_the_sums_add_up(app: Flask) -> None:
    terms = AmountTerms(mode=AmountMode.RANDOM, least=Money(1_00), most=Money(8_00))
    campaign = make_campaign(amount=terms, budget=Money(60_00), hold_days=2, per_person=9)
    people, orders, dice = [make_person() for _ in range(3)], [bring_order()], random.Random(20261126)
    now = clock.now()
    for _step in range(STEPS):
        now += timedelta(hours=dice.choice((1, 30)))
        order, person = dice.choice(orders), dice.choice(people)
        made = db.session.scalars(select(CashbackClaim).order_by(CashbackClaim.id.desc())).first()
        match dice.randrange(8):
            case 0 | 1:
                orders.append(bring_order(paid=dice.randrange(1, 200_00)))
                outcomes(app, [submit(person, orders[-1].order_no)])
            case 2:
                outcomes(app, [submit(person, dice.choice((order.order_no, new_number())))])
            case 3:
                change_order(
                    order, refunded_fen=min(order.paid_fen, order.refunded_fen + dice.randrange(99_00))
                )
            case 4:
                jobs.match_claims(now)
            case 5:
                jobs.pay_claims(now)
            case 6 if made is not None:
                outcomes(app, [partial(deciding.reject, public_id=made.public_id, note="看过", now=now)])
            case _ if made is not None:
                with transaction():
                    offering.set_active(public_id=campaign.public_id, active=dice.random() < 0.85)
                    services.begin_paying(claim_id=made.id, now=now)
                outcomes(app, [partial(services.mark_lapsed, claim_id=made.id)])
        check_sums(campaign, people)
    jobs.match_claims(now)
    check_sums(campaign, people)
    assert {"paid", "rejected"} < set(statuses())
    assert verify().ok
