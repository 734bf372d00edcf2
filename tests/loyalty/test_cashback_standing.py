"""A claim that cannot go on says why in plain words, never a day that has passed; what cannot be paid is not promised."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient

from shopapp.kernel import clock as kernel_clock
from shopapp.kernel import preferences
from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.db import db, transaction
from shopapp.kernel.money import Money
from shopapp.loyalty.cashback.models import CashbackCampaign, CashbackClaim
from shopapp.loyalty.cashback.rules import AmountTerms
from shopapp.loyalty.cashback.states import AmountMode, ClaimReason, ClaimStatus
from tests.support.cashback import (
    books_of,
    bring_order,
    change_order,
    claim,
    claim_now,
    make_campaign,
    run_jobs,
)
from tests.support.clocks import ShopClock
from tests.support.payouts import Till
from tests.support.people import Person, browser_of, make_person

PERCENT = AmountTerms(mode=AmountMode.PERCENT, least=Money(0), most=Money(20_00), basis_points=100)


def text_of(app: Flask, person: Person, made: CashbackClaim) -> tuple[str, str | None, str]:
    """What the API says, the reason it gives, and the page."""
    browser: FlaskClient = browser_of(app, person)
    told = app.test_client().get(f"/api/v1/claims/{made.public_id}", headers=person.headers).get_json()
    return told["text"], told["reason"], browser.get(f"/claim/{made.public_id}").text


def stop(campaign: CashbackCampaign) -> None:
    with transaction():
        db.session.get_one(CashbackCampaign, campaign.id).active = False


def test_who_has_to_follow_first_is_told_so_and_reads_no_past_day(app: Flask, clock: ShopClock) -> None:
    make_campaign(hold_days=2, require_follow=True)
    person = make_person()
    page = browser_of(app, person).get("/claim").text
    assert "发放时需要关注公众号" in page
    assert "关注公众号与否都能领" not in page
    made = claim(person.id, bring_order().order_no)
    until = claim_now(made).hold_until
    assert until is not None
    day = f"{until.astimezone(SHOP_ZONE):%-m} 月 {until.astimezone(SHOP_ZONE):%-d} 日"
    assert "退货期过后" in text_of(app, person, made)[0]
    clock.forward(hours=49)
    run_jobs(clock.now())
    text, reason, page = text_of(app, person, made)
    assert claim_now(made).status is ClaimStatus.ON_HOLD
    assert text.startswith("关注公众号后发放：")
    assert (reason, text in page, day in text, "退货期过后" in page) == (text, True, False, False)


def test_a_stopped_campaign_promises_no_past_day(app: Flask, clock: ShopClock) -> None:
    campaign, person = make_campaign(hold_days=2), make_person()
    made = claim(person.id, bring_order().order_no)
    stop(campaign)
    clock.forward(hours=49)
    run_jobs(clock.now())
    text, _reason, page = text_of(app, person, made)
    assert (text, text in page) == ("活动已暂停，恢复后发放。", True)
    assert "退货期过后" not in page


def test_all_taken_back_is_said_to_be_all(app: Flask) -> None:
    make_campaign(hold_days=0)
    order, person = bring_order(paid=100_00), make_person()
    made = claim(person.id, order.order_no)
    run_jobs(kernel_clock.now())
    change_order(order, refunded_fen=50_00)
    run_jobs(kernel_clock.now())
    assert "收回了一部分" in text_of(app, person, made)[0]
    change_order(order, refunded_fen=100_00)
    run_jobs(kernel_clock.now())
    assert text_of(app, person, made)[0].endswith("订单后来全部退款，返现已全部收回。")


def test_a_campaign_without_enough_left_is_not_advertised(app: Flask) -> None:
    make_campaign(budget=Money(9_99), hold_days=0)
    person = make_person()
    browser = browser_of(app, person)
    assert "返 5 元" in browser.get("/claim").text
    claim(person.id, bring_order().order_no)
    page = browser.get("/claim").text
    assert "现在没有返现活动" in page
    assert "返 5 元" not in page


def test_what_wechat_cannot_transfer_is_refused_with_its_reason_and_holds_no_budget(app: Flask) -> None:
    till = Till.open(app, amount=PERCENT)
    person, small = till.claim(paid=9_99)
    assert (small.status, small.reason) == (ClaimStatus.REJECTED, ClaimReason.BELOW_LEAST)
    assert "不到最低金额" in text_of(app, person, small)[0]
    assert books_of(till.campaign) == (0, 0)
    order = bring_order(paid=10_00)
    enough = claim(make_person().id, order.order_no)
    assert (enough.amount, enough.status) == (Money(10), ClaimStatus.ON_HOLD)
    change_order(order, refunded_fen=5_00)
    till.run("match-claims")
    now = claim_now(enough)
    assert (now.status, now.reason) == (ClaimStatus.REJECTED, ClaimReason.BELOW_LEAST)
    till.run()
    assert (till.pay.transfers, books_of(till.campaign)) == ({}, (0, 0))


def test_a_least_that_was_raised_meanwhile_ends_it_when_it_would_be_paid(
    app: Flask, clock: ShopClock
) -> None:
    till = Till.open(app, amount=PERCENT)
    _person, made = till.claim(paid=15_00)
    with transaction():
        preferences.write("transfers.least_fen", 30)
    till.run()
    clock.forward(hours=1)
    till.run()
    assert (till.status(made), claim_now(made).reason) == (ClaimStatus.REJECTED, ClaimReason.BELOW_LEAST)
    assert (till.pay.transfers, books_of(till.campaign)) == ({}, (0, 0))
