"""Cash-back for a verified purchase: from the number to the money, and every way in which it ends without."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask

from shopapp.kernel import clock
from shopapp.kernel.db import db, transaction
from shopapp.kernel.money import Money
from shopapp.loyalty.cashback import claiming, jobs, offering, paying, queries, services
from shopapp.loyalty.cashback.models import CashbackCampaign, CashbackClaim
from shopapp.loyalty.cashback.states import ClaimReason, ClaimStatus, Payout
from shopapp.loyalty.coupons.content import Giving
from shopapp.loyalty.coupons.queries import count_usable
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.ledger import queries as ledger
from shopapp.loyalty.ledger import services as books
from shopapp.loyalty.ledger.verify import verify
from shopapp.loyalty.ledger.writing import purse
from shopapp.members.marketplace import queries as marketplace
from shopapp.members.marketplace.rules import Status
from tests.support.cashback import (
    books_of,
    bring_order,
    change_order,
    claim,
    claim_now,
    make_campaign,
    new_number,
    run_jobs,
)
from tests.support.coupons import make_coupon
from tests.support.people import make_person


def balance(customer_id: int, unit: Unit) -> tuple[int, int, int]:
    """(available, pending, debt)"""
    found = ledger.balance(purse=purse(customer_id=customer_id, unit=unit), now=clock.now())
    return found.available, found.pending, found.debt


def test_an_order_is_claimed_held_and_paid_once(app: Flask) -> None:
    campaign, person, order = make_campaign(), make_person(), bring_order(paid=128_00)
    made = claim(person.id, order.order_no, platform="tmall")
    assert made.status is ClaimStatus.ON_HOLD
    assert made.amount == Money(5_00)
    assert books_of(campaign) == (5_00, 0)
    assert balance(person.id, Unit.GROWTH) == (0, 128, 0)
    run_jobs(clock.now() + timedelta(days=7))
    assert claim_now(made).status is ClaimStatus.ON_HOLD
    assert balance(person.id, Unit.GIFT) == (0, 0, 0)
    later = clock.now() + timedelta(days=8, minutes=1)
    run_jobs(later)
    run_jobs(later)
    assert claim_now(made).status is ClaimStatus.PAID
    assert books_of(campaign) == (0, 5_00)
    assert balance(person.id, Unit.GIFT) == (5_00, 0, 0)
    assert claim(person.id, order.order_no).id == made.id


def test_a_number_waits_for_its_import_and_ends_after_its_days(app: Flask) -> None:
    make_campaign(wait_days=5)
    person, late, never = make_person(), new_number(), new_number()
    waiting, lost = claim(person.id, late), claim(person.id, never)
    assert waiting.status is ClaimStatus.SUBMITTED
    run_jobs(clock.now())
    assert claim_now(waiting).status is ClaimStatus.NOT_FOUND
    bring_order(order_no=late)
    run_jobs(clock.now())
    assert claim_now(waiting).status is ClaimStatus.ON_HOLD
    run_jobs(clock.now() + timedelta(days=5, minutes=1))
    assert claim_now(lost).status is ClaimStatus.EXPIRED
    assert claim_now(lost).reason is ClaimReason.NOT_FOUND
    assert claim(person.id, never).status is ClaimStatus.SUBMITTED


def test_strangers_cannot_tell_an_unknown_number_from_wrong_evidence(app: Flask) -> None:
    make_campaign(asks_tail=True)
    order, owner, stranger = bring_order(tail="5678"), make_person(), make_person()
    with pytest.raises(claiming.TailNeeded):
        claim(stranger.id, order.order_no)
    claim(owner.id, order.order_no, tail="5678")
    wrong = claim(stranger.id, order.order_no, tail="0000")
    unknown = claim(stranger.id, new_number(), tail="0000")
    shown = ("status", "reason", "amount", "hold_until", "note")
    for _again in range(2):
        seen = [[getattr(claim_now(one), name) for name in shown] for one in (wrong, unknown)]
        assert seen[0] == seen[1]
        run_jobs(clock.now())
    with pytest.raises(claiming.AlreadyClaimed):
        claim(stranger.id, order.order_no, tail="5678")
    assert marketplace.orders_by_ids(ids=[order.id])[order.id].customer_id == owner.id


def test_a_refund_before_the_payout_rejects_and_frees_the_budget(app: Flask) -> None:
    campaign, person = make_campaign(), make_person()
    whole, part = bring_order(paid=100_00), bring_order(paid=100_00)
    gone, smaller = claim(person.id, whole.order_no), claim(person.id, part.order_no)
    change_order(whole, refunded_fen=100_00)
    change_order(part, refunded_fen=33_33)
    jobs.match_claims(clock.now())
    assert (claim_now(gone).status, claim_now(gone).reason) == (ClaimStatus.REJECTED, ClaimReason.REFUNDED)
    assert claim_now(smaller).due == Money(3_34)
    assert books_of(campaign) == (3_34, 0)
    assert balance(person.id, Unit.GROWTH) == (0, 67, 0)
    run_jobs(clock.now() + timedelta(days=9))
    assert books_of(campaign) == (0, 3_34)
    assert balance(person.id, Unit.GIFT) == (3_34, 0, 0)
    change_order(part, refunded_fen=100_00)
    run_jobs(clock.now())
    assert balance(person.id, Unit.GIFT) == (0, 0, 0)


def test_a_refund_after_the_payout_is_a_debt_in_proportion(app: Flask) -> None:
    make_campaign(hold_days=0)
    person, order = make_person(), bring_order(paid=300_00)
    made = claim(person.id, order.order_no)
    jobs.pay_claims(clock.now())
    with transaction():
        own = purse(customer_id=person.id, unit=Unit.GIFT)
        books.spend(purse=own, amount=4_00, key="test:spent", subject="order:1", now=clock.now())
    for refunded, left in ((100_00, (0, 0, 66)), (200_00, (0, 0, 2_33)), (300_00, (0, 0, 4_00))):
        change_order(order, refunded_fen=refunded)
        run_jobs(clock.now())
        run_jobs(clock.now())
        assert balance(person.id, Unit.GIFT) == left
    assert claim_now(made).status is ClaimStatus.PAID
    assert claim_now(made).taken_back == Money(5_00)


def test_a_stopped_campaign_matches_and_pays_nothing(app: Flask) -> None:
    campaign, person = make_campaign(hold_days=0), make_person()
    order, later = bring_order(), new_number()
    approved, waiting = claim(person.id, order.order_no), claim(person.id, later)
    jobs.approve_due(clock.now())
    with transaction():
        offering.set_active(public_id=campaign.public_id, active=False)
    bring_order(order_no=later)
    run_jobs(clock.now())
    assert claim_now(approved).status is ClaimStatus.APPROVED
    assert claim_now(waiting).status is ClaimStatus.NOT_FOUND
    assert balance(person.id, Unit.GIFT) == (0, 0, 0)
    with pytest.raises(claiming.NoCampaign):
        claim(person.id, new_number())
    with transaction():
        offering.set_active(public_id=campaign.public_id, active=True)
    run_jobs(clock.now() + timedelta(hours=7))
    assert claim_now(approved).status is ClaimStatus.PAID
    assert claim_now(waiting).status is ClaimStatus.PAID
    assert db.session.query(CashbackClaim).count() == 2
    assert balance(person.id, Unit.GIFT) == (10_00, 0, 0)


def test_a_closed_order_is_refused_and_an_unpaid_one_waits(app: Flask) -> None:
    make_campaign()
    person = make_person()
    closed = claim(person.id, bring_order(status=Status.CLOSED).order_no)
    unpaid = claim(person.id, bring_order(status=Status.UNPAID, paid=0, paid_at=None).order_no)
    assert (closed.status, closed.reason) == (ClaimStatus.REJECTED, ClaimReason.REFUNDED)
    assert unpaid.status is ClaimStatus.SUBMITTED


def test_points_and_a_coupon_are_given_and_taken_back(app: Flask) -> None:
    person = make_person()
    coupon = make_coupon(giving=Giving.STAFF, per_person=1, stock=2)
    make_campaign(payout=Payout.POINTS, points_per_yuan=10, hold_days=0, platforms=("jd",))
    make_campaign(payout=Payout.COUPON, coupon_id=coupon, hold_days=0)
    for_points, for_coupon = bring_order(platform="jd"), bring_order()
    claim(person.id, for_points.order_no, platform="jd")
    claim(person.id, for_coupon.order_no)
    second = claim(person.id, bring_order().order_no)
    jobs.pay_claims(clock.now())
    jobs.pay_claims(clock.now())
    assert balance(person.id, Unit.POINTS) == (50, 0, 0)
    assert count_usable(customer_id=person.id, now=clock.now()) == 1
    waits = claim_now(second)
    assert (waits.status, waits.note != "") == (ClaimStatus.APPROVED, True)
    assert waits.next_look_at > clock.now()
    change_order(for_points, refunded_fen=50_00)
    change_order(for_coupon, status=Status.CLOSED)
    jobs.match_claims(clock.now())
    assert balance(person.id, Unit.POINTS) == (25, 0, 0)
    assert count_usable(customer_id=person.id, now=clock.now()) == 0


def test_a_transfer_is_booked_without_a_balance_and_owed_after_a_refund(app: Flask) -> None:
    campaign, person, order = make_campaign(hold_days=0), make_person(), bring_order()
    with transaction():
        db.session.get_one(CashbackCampaign, campaign.id).payout = Payout.TRANSFER
    made = claim(person.id, order.order_no)
    run_jobs(clock.now())
    assert claim_now(made).status is ClaimStatus.APPROVED
    with transaction():
        facts = services.begin_paying(claim_id=made.id, now=clock.now())
        assert services.begin_paying(claim_id=made.id, now=clock.now()) is None
    assert facts is not None
    assert facts.amount == Money(5_00)
    change_order(order, refunded_fen=40_00)
    jobs.match_claims(clock.now())
    assert claim_now(made).status is ClaimStatus.PAYING
    with transaction():
        assert services.mark_paid(claim_id=made.id, now=clock.now())
        assert not services.mark_paid(claim_id=made.id, now=clock.now())
    assert balance(person.id, Unit.GIFT) == (0, 0, 2_00)
    assert books_of(campaign) == (0, 5_00)
    with transaction():
        own = purse(customer_id=person.id, unit=Unit.GIFT)
        books.earn(purse=own, amount=3_00, key="test:next", subject="claim:next", now=clock.now())
    assert balance(person.id, Unit.GIFT) == (1_00, 0, 0)
    assert verify().ok


def test_limits_count_phones_and_addresses_too(app: Flask) -> None:
    campaign = make_campaign(per_address=1, per_phone=1)
    first, neighbour = make_person(), make_person()
    assert claim(first.id, bring_order().order_no).status is ClaimStatus.ON_HOLD
    same_door = claim(neighbour.id, bring_order().order_no)
    assert same_door.reason is ClaimReason.PER_ADDRESS
    same_phone = claim(first.id, bring_order().order_no)
    assert same_phone.reason is ClaimReason.PER_PHONE
    assert books_of(campaign) == (5_00, 0)
    bound = marketplace.of_customer(customer_id=neighbour.id)
    assert [order.order_no for order in bound] == [same_door.order_no]
    outcome = queries.outcomes(customer_ids=[first.id, neighbour.id])
    assert [(one.claims, one.paid_claims) for one in outcome.values()] == [(2, 0), (1, 0)]


def test_a_fault_while_paying_pays_nothing_by_halves_and_holds_up_nobody(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign, people = make_campaign(hold_days=0), [make_person(), make_person()]
    made = [claim(person.id, bring_order().order_no) for person in people]
    give, unlucky = paying.give, made[0].id

    def breaks(row: CashbackClaim, *told: CashbackCampaign, now: datetime) -> None:
        give(row, *told, now=now)
        if row.id == unlucky:
            raise RuntimeError("the worker died")

    monkeypatch.setattr(paying, "give", breaks)
    assert jobs.pay_claims(clock.now()) == 1
    assert [claim_now(one).status for one in made] == [ClaimStatus.APPROVED, ClaimStatus.PAID]
    assert balance(people[0].id, Unit.GIFT) == (0, 0, 0)
    assert books_of(campaign) == (5_00, 5_00)
    monkeypatch.undo()
    assert jobs.pay_claims(clock.now()) == 0
    assert jobs.pay_claims(clock.now() + timedelta(hours=1, minutes=1)) == 1
    assert [balance(person.id, Unit.GIFT) for person in people] == [(5_00, 0, 0)] * 2
    assert books_of(campaign) == (0, 10_00)
