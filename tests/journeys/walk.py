"""One customer's way through the shop in a browser, step by step, with what the merchant does in between."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import select

from shopapp.kernel import clock
from shopapp.kernel.db import db, transaction
from shopapp.members.identity.models import WeChatAccount
from shopapp.store.aftersales import services as aftersales
from shopapp.store.orders import queries as orders
from shopapp.store.orders.models import OrderStatus
from shopapp.store.payments.models import Refund, RefundState
from shopapp.store.shipping import services as shipping
from shopapp.wechat.models import MessageState, OutgoingMessage
from shopapp.wechat.worklist.queries import worklist
from tests.journeys.books import (
    assert_books_agree,
    assert_paid_once,
    platform_rows,
    until,
)
from tests.journeys.conftest import WELCOME
from tests.support.servers import Town

PASSWORD = "135790"
PATIENCE_MS = 30_000
# The processes look at the clock file twice a second.
STEP_SECONDS = 0.6
ADDRESS = {
    "name": "李小满",
    "phone": "13800138000",
    "region_code": "330106",
    "detail": "文三路 1 号",
    "is_default": True,
}
NOT_OUR_FAULT = ("NOT_ENOUGH", "NO_STATEMENT_EXIST")


@dataclass
class Journey:
    """One customer with a phone of their own, on the way from following the account to having the goods."""

    town: Town
    context: BrowserContext
    page: Page
    openid: str
    purse_fen: int
    number: str = ""
    seen: dict[str, int] = field(default_factory=dict)

    def arm(self, *names: str, times: int = 1) -> None:
        for name in names:
            self.town.control("faults", name=name, armed=True, times=times)

    def later(self, seconds: float) -> None:
        """Shop and platform travel together."""
        self.town.control("clock", add=seconds)

    def follow(self) -> None:
        self.town.control("act", openid=self.openid, act="follow")

    def welcomes(self) -> int:
        return sum(WELCOME in entry["content"] for entry in self.chat() if entry["side"] == "account")

    def chat(self) -> list[dict[str, Any]]:
        """What the phone shows of the account."""
        return platform_rows(self.town, "SELECT * FROM chat WHERE openid = ?", self.openid)

    def is_known_to_follow(self) -> bool:
        with self.town.app.app_context():
            db.session.rollback()
            found = db.session.scalar(
                select(WeChatAccount.following).where(WeChatAccount.openid == self.openid)
            )
            db.session.remove()
            return bool(found)

    def choose(self) -> None:
        """From the front page into the cart, as a guest."""
        self.page.goto(self.town.shop)
        self.page.locator("#all").get_by_role("link", name=re.compile("燕麦曲奇")).click()
        self.page.get_by_role("button", name="加入购物车").first.click()
        sheet = self.page.get_by_role("dialog")
        sheet.get_by_role("button", name="加入购物车").click()
        self.page.get_by_role("link", name="购物车 1").click()

    def to_checkout(self) -> None:
        self.page.get_by_role("link", name="结算（1）").click()

    def give_address(self) -> None:
        expect(self.page.get_by_role("link", name=re.compile("添加收货地址"))).to_be_visible()
        answer = self.context.request.post(
            f"{self.town.shop}/api/v1/addresses", data=ADDRESS, headers={"Origin": self.town.shop}
        )
        assert answer.status == 201, answer.text()
        self.page.reload()
        expect(self.page.get_by_role("button", name=re.compile("文三路 1 号"))).to_be_visible()

    def order(self) -> None:
        self.page.get_by_role("button", name="提交并付款").click()
        self.page.wait_for_url(re.compile(r"/orders/\d+/pay"))
        self.number = self.page.url.rsplit("/", 2)[1]

    def enter_password(self) -> None:
        cashier = self.page.frame_locator("iframe[title='微信支付']")
        cashier.get_by_role("button", name=PASSWORD[0], exact=True).wait_for(timeout=PATIENCE_MS)
        for digit in PASSWORD:
            cashier.get_by_role("button", name=digit, exact=True).click()
        cashier.get_by_role("button", name="完成").click()

    def see_paid(self) -> None:
        expect(self.page.get_by_role("heading", name="付款已收到")).to_be_visible(timeout=PATIENCE_MS)

    def receive(self) -> None:
        """The shop ships, the customer says that the goods are there."""
        with self.town.app.app_context(), transaction():
            shipping.ship(no=self.number, carrier="sf", waybill="SF1234567890", lines=None, now=clock.now())
        self.page.get_by_role("link", name="查看订单").click()
        self.page.get_by_role("button", name="确认收货").click()
        self.page.get_by_role("dialog").get_by_role("button", name="确认收货").click()
        expect(self.page.get_by_role("heading", level=1)).to_have_text("订单已完成")

    def buy(self) -> None:
        """Everything up to the cashier's password."""
        self.choose()
        self.to_checkout()
        self.give_address()
        self.order()
        self.enter_password()

    def status(self) -> OrderStatus:
        with self.town.app.app_context():
            db.session.rollback()
            found = orders.order_by_no(no=self.number)
            assert found is not None
            db.session.remove()
            return found.status

    def message(self, topic: str) -> OutgoingMessage | None:
        with self.town.app.app_context():
            db.session.rollback()
            found = db.session.scalar(select(OutgoingMessage).filter_by(openid=self.openid, topic=topic))
            db.session.remove()
            return found

    def waits_to_be_told(self) -> bool:
        """The try to tell of the payment is over; told already, or put off."""
        told = self.message("order_paid")
        return told is not None and told.tries > 0 and told.state is not MessageState.SENDING

    def all_sent(self) -> bool:
        """Nothing is on its way to the customer any more, so that no call is left to be struck by a later fault."""
        with self.town.app.app_context():
            db.session.rollback()
            on_its_way = select(OutgoingMessage.id).where(
                OutgoingMessage.openid == self.openid,
                OutgoingMessage.state.in_((MessageState.QUEUED, MessageState.SENDING)),
            )
            found = db.session.scalar(on_its_way)
            db.session.remove()
            return found is None

    def cards(self, title: str) -> int:
        """How many notices of this title the phone shows."""
        return sum(entry["kind"] == "template" and title in entry["content"] for entry in self.chat())

    def take_back(self) -> int:
        """Staff refund the whole order; its row id."""
        with self.town.app.app_context():
            order = orders.order_by_no(no=self.number)
            assert order is not None
            with transaction():
                refund_id = aftersales.refund_lines(
                    no=self.number,
                    lines={line.public_id: line.quantity for line in order.lines},
                    amount=None,
                    reason="不想要了",
                    now=clock.now(),
                )
            db.session.remove()
        assert refund_id is not None
        return refund_id

    def refund(self, refund_id: int) -> Refund:
        with self.town.app.app_context():
            db.session.rollback()
            found = db.session.get_one(Refund, refund_id)
            db.session.remove()
            return found

    def see_refund(self, refund_id: int, state: RefundState, *, step: float = 0) -> Refund:
        """The refund once it is so; between two looks `step` seconds pass on the shop's clock."""

        def look() -> bool:
            found = self.refund(refund_id).state is state
            if step and not found:
                self.later(step)
            return found

        until(look, what=f"refund {state.value}", pause=STEP_SECONDS)
        return self.refund(refund_id)

    def purse(self) -> int:
        (me,) = platform_rows(self.town, "SELECT * FROM people WHERE openid = ?", self.openid)
        fen: int = me["balance_fen"]
        return fen

    def verdicts(self, *, flag: str) -> list[str]:
        """What the platform noted about deliveries of this kind since the journey began."""
        tried = "SELECT * FROM deliveries WHERE id > ? AND verdict != '' ORDER BY id"
        rows = platform_rows(self.town, tried, self.seen["deliveries"])
        return [row["verdict"] for row in rows if flag in json.loads(row["flags"])]

    def close_the_books(self, *, on_card: bool = False) -> None:
        """The order is where it should be, and nobody paid or was told twice. `on_card`: the money went back elsewhere."""
        until(lambda: self.status() is OrderStatus.COMPLETED, what="completed")
        until(self.all_sent, what="everything is said")
        assert_paid_once(self.town, no=self.number)
        assert_books_agree(self.town)
        (trade,) = platform_rows(self.town, "SELECT * FROM pay_orders WHERE openid = ?", self.openid)
        with self.town.app.app_context():
            order = orders.order_by_no(no=self.number)
            assert order is not None
            assert trade["total"] == order.total.fen
            assert orders.counts(customer_id=order.customer_id) == {OrderStatus.COMPLETED: 1}
            assert worklist() == []
            back = 0 if on_card else order.refunded.fen
            db.session.remove()
        assert self.purse() == self.purse_fen - trade["total"] + back
        refused = [
            entry
            for entry in platform_rows(
                self.town,
                "SELECT * FROM journal WHERE id > ? AND status IN (400, 401, 403)",
                self.seen["journal"],
            )
            if not any(word in entry["reason"] for word in NOT_OUR_FAULT)
        ]
        assert refused == []
