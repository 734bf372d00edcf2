"""Transfers as people meet them: the customer on the page of their claim, staff in the console, the person's own data."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from shopapp.kernel import clock as kernel_clock
from shopapp.kernel import preferences
from shopapp.kernel.access import Role
from shopapp.kernel.db import db, transaction
from shopapp.kernel.errors import Invalid
from shopapp.kernel.money import Money
from shopapp.kernel.outbox import deliver_due
from shopapp.kernel.personal import parts
from shopapp.kernel.settings import settings
from shopapp.loyalty.cashback.payout_models import PayoutState
from shopapp.loyalty.cashback.rules import AmountTerms
from shopapp.loyalty.cashback.states import AmountMode, ClaimStatus, Payout
from shopapp.members.identity.models import WeChatAccount
from shopapp.wechat.models import OutgoingMessage
from shopapp.wechat.pay import NotEnough, Refused, TransferState, Unknown
from tests.support.cashback import make_campaign
from tests.support.clocks import ShopClock
from tests.support.payouts import Till
from tests.support.people import browser_of, make_person
from tests.support.staff import desk, words_after


def test_the_page_of_a_claim_offers_the_money_until_it_has_come(app: Flask, clock: ShopClock) -> None:
    till = Till.open(app)
    person, made = till.claim()
    browser, address = browser_of(app, person), f"/claim/{made.public_id}"
    assert "确认收款" not in browser.get(address).text
    till.run()
    page = browser.get(address).text
    assert "等您收款" in page
    assert f'data-claim="{made.public_id}"' in page
    assert settings().wx_jssdk_url in page
    (payout,) = till.payouts(made)
    till.tell(till.pay.become(payout.out_bill_no, TransferState.FAIL, reason="DAY_RECEIVED_QUOTA_EXCEED"))
    page = browser.get(address).text
    assert "重新领取" in page
    assert "请明天再领" in page
    assert "确认收款" not in page
    number = till.confirm(person, made).get_json()["transfer"]["package"].removeprefix("package-")
    till.tell(till.pay.confirm(number))
    page = browser.get(address).text
    assert "已发到您的微信零钱" in page
    assert 'id="receive"' not in page
    assert browser_of(app, make_person()).get(address).status_code == 404


def test_who_follows_is_told_once_that_money_waits_and_who_asked_is_not(app: Flask, clock: ShopClock) -> None:
    till = Till.open(app)
    with transaction():
        preferences.write(
            "wechat.templates",
            {"cashback_waiting": {"template_id": "t", "fields": {"number": "character_string1"}}},
        )
    person, _made, number = till.waiting()
    deliver_due(now=kernel_clock.now())
    assert db.session.query(OutgoingMessage).count() == 0
    with transaction():
        db.session.query(WeChatAccount).update({"following": True})
    _person, second, _number = till.waiting(by=person)
    deliver_due(now=kernel_clock.now())
    (told,) = db.session.scalars(select(OutgoingMessage)).all()
    assert (told.topic, told.openid) == ("cashback_waiting", person.signed_in.openid)
    assert told.key.startswith("cashback_waiting:CB")
    assert number not in told.key
    third = till.claim(by=person)[1]
    till.run("match-claims")
    till.pay.fail("transfer", Unknown("NO_ANSWER"))
    till.run()
    assert till.confirm(person, third).get_json()["transfer"] is not None
    deliver_due(now=kernel_clock.now())
    assert db.session.query(OutgoingMessage).count() == 1
    assert till.status(second) is ClaimStatus.PAYING


def test_staff_see_what_is_held_up_and_try_it_again_under_its_number(app: Flask, clock: ShopClock) -> None:
    till = Till.open(app)
    _one, poor = till.claim()
    till.pay.fail("transfer", NotEnough("NOT_ENOUGH"))
    till.run()
    _two, refused = till.claim()
    till.pay.fail("transfer", Refused("PARAM_ERROR"))
    till.run()
    (held,), (stuck,) = till.payouts(poor), till.payouts(refused)
    client = desk(app)
    page = client.get("/admin/transfers?tab=trouble").text
    assert held.out_bill_no in page
    assert "运营账户余额不足" in page
    assert "没有接受这次请求" in page
    assert held.out_bill_no not in client.get("/admin/transfers?tab=paid").text
    assert "返现转账要处理" in client.get("/admin/").text
    assert stuck.out_bill_no in client.get(f"/admin/claims/{refused.public_id}").text

    retry = f"/admin/transfers/{stuck.out_bill_no}/retry"
    assert desk(app, Role.ANALYST).post(retry).status_code == 403
    assert till.states(refused) == [PayoutState.REFUSED]
    assert stuck.out_bill_no in words_after(client, client.post(retry))
    assert "刚刚变了" in words_after(client, client.post(retry))
    till.run()
    (again,) = till.payouts(refused)
    assert (again.out_bill_no, again.state) == (stuck.out_bill_no, PayoutState.WAIT_USER_CONFIRM)


def test_the_settings_of_transfers_hold_for_the_next_one(app: Flask) -> None:
    till, client = Till.open(app), desk(app)
    three_hundred = AmountTerms(mode=AmountMode.FIXED, least=Money(300_00), most=Money(300_00))
    wrong = {"reason": "", "least": "300", "most": "200"}
    answer = client.post("/admin/transfers/settings", data=wrong)
    assert (answer.status_code, "300" in answer.text) == (422, True)
    assert (
        client.post("/admin/transfers/settings", data={"reason": "x", "least": "0", "most": "1"}).status_code
        == 422
    )
    assert preferences.read("transfers.most_fen") == 20_000
    good = {"reason": "老顾客返现", "least": "0.3", "most": "500"}
    assert "已保存" in words_after(client, client.post("/admin/transfers/settings", data=good))
    with pytest.raises(Invalid):
        make_campaign(payout=Payout.TRANSFER, amount=three_hundred)
    preferences.forget_read()
    till.claim()
    till.run()
    ((_number, sent),) = till.pay.transfers.items()
    assert (sent.request.remark, sent.request.reports[1]) == ("老顾客返现", ("奖励说明", "老顾客返现"))
    assert preferences.read("transfers.most_fen") == 50_000
    assert make_campaign(payout=Payout.TRANSFER, amount=three_hundred, budget=Money(300_00)).active


def test_a_person_s_transfers_are_handed_over_and_forget_their_payee(app: Flask, clock: ShopClock) -> None:
    till = Till.open(app)
    person, made, number = till.waiting()
    till.tell(till.pay.confirm(number))
    (part,) = [part for part in parts() if part.name == "transfers"]
    (told,) = part.export(person.id)
    assert (told["no"], told["amount_fen"], told["state"]) == (number, 5_00, "success")
    assert part.erase is not None
    for _ in range(2):
        with transaction():
            part.erase(person.id, clock.now())
    (payout,) = till.payouts(made)
    assert (payout.openid, payout.state, payout.amount.fen) == ("", PayoutState.SUCCESS, 5_00)
    assert person.signed_in.openid not in str(part.export(person.id))
