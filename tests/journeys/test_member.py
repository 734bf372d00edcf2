"""A member's way in the browser, and the books behind it: at each stop page, console, API and ledger say the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select

from shopapp.kernel import clock
from shopapp.kernel.db import db, transaction
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.ledger import queries as ledger
from shopapp.loyalty.ledger.verify import verify
from shopapp.loyalty.ledger.writing import purse
from shopapp.loyalty.tiers import replay
from shopapp.loyalty.tiers import services as tiers
from shopapp.loyalty.tiers.queries import version_now
from shopapp.members.identity.models import WeChatAccount
from shopapp.store.aftersales import services as aftersales
from shopapp.store.orders import queries as orders
from shopapp.store.shipping import services as shipping
from tests.journeys.books import until
from tests.support.browsers import DESK, PHONE, open_context
from tests.support.perks import make_perk
from tests.support.servers import Town
from tests.support.staff import PASSWORD, make_staff

pytestmark = pytest.mark.browser

DAY = 86_400
OWNER = "店主小满"
PAY_PASSWORD = "135790"
JOINED, FIRST_ORDER, PERK = 100, 100, 50
PATIENCE_MS = 30_000


@dataclass(frozen=True, kw_only=True)
class Stand:
    """What a member has at one stop."""

    available: int
    pending: int
    growth: int
    tier: str


@dataclass
class Walk:
    """One member with a phone, one owner at a desk."""

    town: Town
    context: BrowserContext
    phone: Page
    desk: Page
    openid: str

    def api(self, path: str) -> Any:
        return self.context.request.get(f"{self.town.shop}/api/v1{path}").json()

    def customer(self) -> tuple[int, str]:
        """Row id and public id."""
        with self.town.app.app_context():
            account = db.session.scalars(select(WeChatAccount).filter_by(openid=self.openid)).one()
            row_id = account.customer_id
            db.session.remove()
        return row_id, self.api("/me")["id"]

    def in_books(self) -> tuple[int, int, int]:
        """Points available and pending, and growth, as the ledger has them."""
        row_id, _public_id = self.customer()
        with self.town.app.app_context():
            db.session.rollback()
            points, growth = (
                ledger.balance(purse=purse(customer_id=row_id, unit=unit), now=clock.now())
                for unit in (Unit.POINTS, Unit.GROWTH)
            )
            db.session.remove()
        return points.available, points.pending, growth.active

    def stands(self, wanted: Stand) -> None:
        """The same in the ledger, over the API, in the storefront and in the console."""
        figures = (wanted.available, wanted.pending, wanted.growth)
        until(lambda: self.in_books() == figures, what=f"{figures}, not {self.in_books()}")
        until(lambda: self.api("/me/tier")["name"] == wanted.tier, what=wanted.tier)
        points, tier = self.api("/me/points"), self.api("/me/tier")
        assert (points["available"], points["pending"], tier["growth"]) == figures
        self.phone.goto(f"{self.town.shop}/me/points")
        expect(self.phone.locator(".points-big")).to_have_text(f"{wanted.available:,}")
        self.phone.goto(f"{self.town.shop}/me")
        expect(self.phone.locator("#tier-name")).to_have_text(wanted.tier)
        expect(self.phone.locator(".tier-growth b")).to_have_text(f"{wanted.growth:,}")
        _row_id, public_id = self.customer()
        self.desk.goto(f"{self.town.shop}/admin/customers/{public_id}")
        figure = self.desk.locator(".figure")
        expect(figure.filter(has_text="积分").locator("b").first).to_have_text(f"{wanted.available:,}")
        expect(figure.filter(has_text="成长值").locator("b").first).to_have_text(f"{wanted.growth:,}")
        expect(self.desk.locator(".person-head")).to_contain_text(wanted.tier)


@pytest.fixture
def walk(browser: Browser, town: Town) -> Iterator[Walk]:
    with town.app.app_context():
        make_staff(name=OWNER)
        version = version_now()
        levels = list(version.terms.levels)
        levels[1] = replace(levels[1], entry=150, keep=100)
        with transaction():
            terms = replace(version.terms, levels=tuple(levels))
            tiers.save_version(terms=terms, note="", based_on=version.number, now=clock.now())
        make_perk(name="银卡礼", points=PERK, tiers=(levels[1].code,))
        db.session.remove()
    context = open_context(browser, size=PHONE)
    made = context.request.post(f"{town.sandbox}/control/api/users", data={"nickname": "小满"}).json()
    assert context.request.post(f"{town.sandbox}/control/api/choose", data={"openid": made["openid"]}).ok
    desk = open_context(browser, size=DESK).new_page()
    desk.goto(f"{town.shop}/admin/sign-in")
    desk.get_by_label("名字").fill(OWNER)
    desk.get_by_label("密码").fill(PASSWORD)
    desk.get_by_role("button", name="登录").click()
    expect(desk.get_by_role("heading", level=1)).to_contain_text("概览")
    yield Walk(town=town, context=context, phone=context.new_page(), desk=desk, openid=made["openid"])
    context.close()
    desk.context.close()


def test_join_buy_wait_rise_take_the_perk_and_send_half_back(walk: Walk) -> None:
    join(walk)
    walk.stands(Stand(available=JOINED, pending=0, growth=0, tier="普通会员"))

    number = buy_two_boxes(walk)
    walk.stands(Stand(available=JOINED, pending=198, growth=0, tier="普通会员"))
    ship_and_receive(walk, number)
    walk.stands(Stand(available=JOINED, pending=198, growth=0, tier="普通会员"))

    walk.town.control("clock", add=8 * DAY)
    kept = JOINED + 198 + FIRST_ORDER
    walk.stands(Stand(available=kept, pending=0, growth=198, tier="银卡会员"))

    take_perk(walk)
    walk.stands(Stand(available=kept + PERK, pending=0, growth=198, tier="银卡会员"))

    send_one_back(walk, number)
    walk.stands(Stand(available=kept + PERK - 99 - FIRST_ORDER // 2, pending=0, growth=99, tier="普通会员"))
    assert_books(walk, number)


def join(walk: Walk) -> None:
    page = walk.phone
    page.goto(f"{walk.town.shop}/me/join")
    page.get_by_label("我已看过并同意").check(force=True)
    page.get_by_role("button", name="同意并入会").click()
    expect(page.get_by_role("link", name="放大会员码")).to_be_visible()


def buy_two_boxes(walk: Walk) -> str:
    """Through the product page, the checkout and the cashier; the number of the order."""
    page = walk.phone
    page.goto(walk.town.shop)
    page.locator("#all").get_by_role("link", name=re.compile("每日坚果")).click()
    page.get_by_role("button", name="加入购物车").first.click()
    sheet = page.get_by_role("dialog")
    sheet.get_by_text("30 包整盒").click()
    expect(sheet.get_by_role("status")).to_contain_text("30 包整盒")
    sheet.get_by_role("button", name="增加").click()
    sheet.get_by_role("button", name="加入购物车").click()
    page.get_by_role("link", name="购物车 2").click()
    address = {
        "name": "李小满",
        "phone": "13800138000",
        "region_code": "330106",
        "detail": "文三路 1 号",
        "is_default": True,
    }
    answer = walk.context.request.post(
        f"{walk.town.shop}/api/v1/addresses", data=address, headers={"Origin": walk.town.shop}
    )
    assert answer.status == 201, answer.text()
    page.get_by_role("link", name="结算（2）").click()
    expect(page.get_by_text("收货并过了售后期后可得 198 积分")).to_be_visible()
    page.get_by_role("button", name="提交并付款").click()
    page.wait_for_url(re.compile(r"/orders/\d+/pay"))
    number = page.url.rsplit("/", 2)[1]
    cashier = page.frame_locator("iframe[title='微信支付']")
    cashier.get_by_role("button", name=PAY_PASSWORD[0], exact=True).wait_for(timeout=PATIENCE_MS)
    for digit in PAY_PASSWORD:
        cashier.get_by_role("button", name=digit, exact=True).click()
    cashier.get_by_role("button", name="完成").click()
    expect(page.get_by_role("heading", name="付款已收到")).to_be_visible(timeout=PATIENCE_MS)
    return number


def ship_and_receive(walk: Walk, number: str) -> None:
    with walk.town.app.app_context(), transaction():
        shipping.ship(no=number, carrier="sf", waybill="SF1234567890", lines=None, now=clock.now())
    page = walk.phone
    page.goto(f"{walk.town.shop}/orders/{number}")
    page.get_by_role("button", name="确认收货").click()
    page.get_by_role("dialog").get_by_role("button", name="确认收货").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("订单已完成")


def take_perk(walk: Walk) -> None:
    page = walk.phone
    page.goto(f"{walk.town.shop}/me/perks")
    page.get_by_role("button", name="领取银卡礼").click()
    expect(page.get_by_role("button", name="领取银卡礼")).to_have_count(0)


def send_one_back(walk: Walk, number: str) -> None:
    """Staff take one of the two boxes back."""
    with walk.town.app.app_context():
        order = orders.order_by_no(no=number)
        assert order is not None
        with transaction():
            aftersales.refund_lines(
                no=number,
                lines={order.lines[0].public_id: 1},
                amount=None,
                reason="少买一盒",
                returned=True,
                now=clock.now(),
            )
        db.session.remove()


def assert_books(walk: Walk, number: str) -> None:
    """Every chain holds, every tier is what its history says, and nothing was booked twice."""
    entries = walk.api("/me/points/entries?limit=50")["items"]
    assert sum(entry["amount"] for entry in entries) == walk.api("/me/points")["available"]
    assert json.dumps(entries).count(number) >= 2
    with walk.town.app.app_context():
        db.session.rollback()
        assert verify().problems == []
        assert replay.replay().differences == []
        db.session.remove()
