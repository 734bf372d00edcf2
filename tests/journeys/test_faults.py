"""The whole purchase in a browser, with every fault of the platform in turn: nothing is lost, nothing happens twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from sandbox import faults
from sandbox import pay as _registers_its_faults  # noqa: F401
from shopapp.kernel import clock, preferences
from shopapp.kernel.db import db, transaction
from shopapp.kernel.outbox import StoredEvent
from shopapp.store.catalogue.models import Sku
from shopapp.store.orders.models import OrderStatus
from shopapp.store.payments import refunds
from shopapp.store.payments.models import Refund, RefundState
from shopapp.store.stock import services as stock_services
from shopapp.wechat import checks, pay
from shopapp.wechat.models import MessageState
from shopapp.wechat.pay.gateway import PayClient
from tests.journeys.books import (
    assert_stock_adds_up,
    platform_rows,
    stock,
    until,
)
from tests.journeys.walk import PATIENCE_MS, Journey
from tests.support.browsers import open_context
from tests.support.servers import Town

pytestmark = pytest.mark.browser

PUSHES = ("push_duplicate", "push_late", "push_lost", "push_reordered", "push_forged")
AT_THE_SIGN_IN = ("api_timeout_after_effect", "api_429", "api_500", "api_quota")
API = (*AT_THE_SIGN_IN, "token_expired", "ip_refused")
CASHIER = ("pay_timeout_after_effect", "pay_429", "pay_500", "pay_slow", "pay_answer_forged")
NOTICES = ("notice_duplicate", "notice_late", "notice_lost", "notice_reordered")
FALSE_NOTICES = ("notice_forged", "notice_signtest")
REFUNDS = ("refund_abnormal", "refund_not_enough", "refund_slow", "refund_closed")
NOT_IN_A_PURCHASE = (
    "bill_missing_row",
    "bill_extra_row",
    "bill_wrong_amount",
    "flow_missing_row",
    "flow_extra_row",
    "flow_wrong_amount",
    "transfer_slow",
    "transfer_fail",
    "transfer_not_enough",
    "sms_500",
    "sms_timeout_after_effect",
)
PIECES = 200
_numbers = count(1)
WAITS = {"ip_refused": 700}
TEMPLATES = {
    "order_paid": (
        "订单支付成功通知",
        {"订单编号": "number", "商品名称": "goods", "支付金额": "amount", "支付时间": "time"},
    ),
}


@pytest.fixture(scope="module")
def shelf(town: Town) -> dict[int, int]:
    """Enough pieces for every journey, and templates for what customers are told."""
    with town.app.app_context():
        now = clock.now()
        titles = {template.title: template for template in checks.templates(now=now)}
        mapped = {
            topic: {
                "template_id": titles[title].template_id,
                "fields": {names[label]: place for place, label in titles[title].fields.items()},
            }
            for topic, (title, names) in TEMPLATES.items()
        }
        with transaction():
            preferences.write("wechat.templates", mapped)
            for sku_id in db.session.scalars(select(Sku.id)).all():
                stock_services.set_free(sku_id=sku_id, free=PIECES, now=now)
        db.session.remove()
    town.control("switches", name="hang_seconds", value="0.2")
    return stock(town)


@pytest.fixture
def journey(browser: Browser, town: Town, shelf: dict[int, int]) -> Iterator[Journey]:
    """A new WeChat user with a phone; no fault is left over from the one before."""
    for name in armed(town):
        town.control("faults", name=name, armed=False)
    context = open_context(browser)
    made = context.request.post(
        f"{town.sandbox}/control/api/users", data={"nickname": f"小满{next(_numbers)}"}
    ).json()
    chosen = context.request.post(f"{town.sandbox}/control/api/choose", data={"openid": made["openid"]})
    assert chosen.ok
    journey = Journey(
        town=town,
        context=context,
        page=context.new_page(),
        openid=made["openid"],
        purse_fen=made["balance_fen"],
    )
    for name in ("deliveries", "journal"):
        (newest,) = platform_rows(town, f"SELECT COALESCE(MAX(id), 0) AS id FROM {name}")
        journey.seen[name] = newest["id"]
    yield journey
    context.close()
    assert_stock_adds_up(town, at_first=shelf)


def armed(town: Town) -> list[str]:
    """The faults that wait for their case."""
    return [row["name"] for row in platform_rows(town, "SELECT name FROM faults")]


def test_every_fault_has_its_journey() -> None:
    walked = {*PUSHES, *API, "template_failed", *CASHIER, *NOTICES, *FALSE_NOTICES, *REFUNDS}
    assert walked | set(NOT_IN_A_PURCHASE) == set(faults.KNOWN)
    assert not walked & set(NOT_IN_A_PURCHASE)


@pytest.mark.parametrize("fault", PUSHES)
def test_the_news_of_a_follower_goes_astray(journey: Journey, fault: str) -> None:
    journey.arm(fault)
    journey.follow()
    if fault == "push_forged":
        until(lambda: journey.verdicts(flag="forged"), what="the forged push was answered")
        assert journey.verdicts(flag="forged") == ["伪造的推送被拒绝了，正确"]
    if fault in ("push_late", "push_reordered"):
        assert journey.welcomes() == 0
        journey.later(21)
    if fault != "push_lost":
        until(journey.welcomes, what="welcome")
        until(journey.is_known_to_follow, what="known as a follower")
    journey.buy()
    journey.see_paid()
    journey.receive()
    assert journey.welcomes() == (fault != "push_lost")
    assert journey.is_known_to_follow() == (fault != "push_lost")
    assert follows_told(journey) == (fault != "push_lost")
    journey.close_the_books()


def follows_told(journey: Journey) -> int:
    with journey.town.app.app_context():
        db.session.rollback()
        told = db.session.scalars(select(StoredEvent).where(StoredEvent.name == "AccountFollowed")).all()
        db.session.remove()
        return sum(event.payload["openid"] == journey.openid for event in told)


@pytest.mark.parametrize("fault", API)
def test_the_account_s_interface_is_in_trouble(journey: Journey, fault: str) -> None:
    """At the sign-in the person is told, tries again and finds the cart as it was. What the customer is to be told
    comes later, once; the purchase does not wait for it."""
    journey.follow()
    until(journey.is_known_to_follow, what="known as a follower")
    journey.choose()
    if fault in AT_THE_SIGN_IN:
        journey.arm(fault)
        journey.to_checkout()
        expect(journey.page.get_by_text("暂时联系不上微信，没有登录。请稍后再试。")).to_be_visible()
        journey.page.get_by_role("link", name="用微信登录").click()
    else:
        journey.to_checkout()
    journey.give_address()
    journey.order()
    journey.arm(fault, *(["token_expired"] if fault == "ip_refused" else []))
    journey.enter_password()
    journey.see_paid()
    until(lambda: not armed(journey.town), what="the fault struck")
    until(journey.waits_to_be_told, what="tried")
    journey.later(seconds_to_midnight() if fault == "api_quota" else WAITS.get(fault, 20))
    until(
        lambda: (told := journey.message("order_paid")) and told.state is MessageState.DELIVERED,
        what="told of the payment",
    )
    journey.receive()
    assert journey.cards("订单支付成功通知") == 1
    journey.close_the_books()


def seconds_to_midnight() -> float:
    """Until quotas begin anew."""
    now = clock.now()
    return (clock.day_start(clock.shop_day(now) + timedelta(days=1)) - now).total_seconds() + 10


def test_a_notice_to_the_customer_is_not_delivered(journey: Journey) -> None:
    journey.follow()
    until(journey.is_known_to_follow, what="known as a follower")
    journey.arm("template_failed")
    journey.buy()
    journey.see_paid()
    journey.later(5)
    until(
        lambda: (told := journey.message("order_paid")) and told.state is MessageState.FAILED,
        what="known as failed",
    )
    journey.receive()
    assert journey.cards("订单支付成功通知") == 0
    journey.close_the_books()


@pytest.mark.parametrize("fault", CASHIER)
def test_wechat_pay_is_in_trouble(journey: Journey, fault: str) -> None:
    """When the cashier cannot be opened the person is told and tries again; the money goes back once as well."""
    journey.follow()
    journey.choose()
    journey.to_checkout()
    journey.give_address()
    told = fault in ("pay_429", "pay_500", "pay_answer_forged")
    journey.arm(fault, times=3 if told else 1)
    journey.order()
    if told:
        expect(journey.page.get_by_text("微信支付暂时没有回应，订单没有改动。")).to_be_visible(
            timeout=PATIENCE_MS
        )
        assert journey.status() is OrderStatus.UNPAID
        journey.page.get_by_role("button", name="重新付款").click()
    journey.enter_password()
    journey.see_paid()
    journey.receive()
    journey.arm(fault)
    refund_id = journey.take_back()
    journey.see_refund(refund_id, RefundState.DONE, step=5)
    journey.close_the_books()
    assert len(platform_rows(journey.town, "SELECT * FROM pay_orders WHERE openid = ?", journey.openid)) == 1


@pytest.mark.parametrize("fault", NOTICES)
def test_the_notice_of_a_payment_goes_astray(journey: Journey, fault: str) -> None:
    journey.follow()
    journey.arm(fault)
    journey.buy()
    if fault != "notice_duplicate":
        expect(journey.page.get_by_role("heading", name="正在确认付款结果")).to_be_visible()
        assert journey.status() is OrderStatus.UNPAID
        journey.later(21)
    journey.see_paid()
    if fault == "notice_duplicate":
        until(lambda: journey.verdicts(flag="duplicate") == ["已接收（204）"], what="told twice")
    journey.receive()
    journey.close_the_books()


@pytest.mark.parametrize("fault", FALSE_NOTICES)
def test_a_false_notice_pays_nothing(journey: Journey, fault: str) -> None:
    """The true one is lost here, so that only the false one reaches the shop; asking finds the payment."""
    journey.follow()
    journey.arm(fault, "notice_lost")
    journey.buy()
    until(lambda: journey.verdicts(flag=fault.removeprefix("notice_")), what="the false notice was answered")
    assert journey.verdicts(flag=fault.removeprefix("notice_")) == ["商户拒收，正确"]
    assert journey.status() is OrderStatus.UNPAID
    journey.later(21)
    journey.see_paid()
    journey.receive()
    journey.close_the_books()


@pytest.mark.parametrize("fault", REFUNDS)
def test_money_has_trouble_on_its_way_back(journey: Journey, fault: str) -> None:
    journey.follow()
    journey.buy()
    journey.see_paid()
    journey.receive()
    journey.arm(fault)
    refund_id = journey.take_back()
    if fault == "refund_abnormal":
        refund = journey.see_refund(refund_id, RefundState.ABNORMAL, step=5)
        send_to_bank_card(journey, refund)
    elif fault == "refund_closed":
        journey.see_refund(refund_id, RefundState.FAILED, step=5)
        with journey.town.app.app_context(), transaction():
            number = db.session.get_one(Refund, refund_id).out_refund_no
            refunds.try_again(out_refund_no=number, now=clock.now())
    elif fault == "refund_slow":
        until(lambda: journey.refund(refund_id).refund_id, what="accepted")
        journey.later(60)
        assert journey.refund(refund_id).state is RefundState.SENT
        journey.later(3 * 86400)
    journey.see_refund(refund_id, RefundState.DONE, step=5)
    journey.close_the_books(on_card=fault == "refund_abnormal")


def send_to_bank_card(journey: Journey, refund: Refund) -> None:
    """What staff do on the merchant platform when the customer's account cannot take the money."""
    with journey.town.app.app_context():
        client = pay.client()
        assert isinstance(client, PayClient)
        client.call(
            "POST",
            f"/v3/refund/domestic/refunds/{refund.refund_id}/apply-abnormal-refund",
            {"out_refund_no": refund.out_refund_no, "type": "MERCHANT_BANK_CARD"},
        )
