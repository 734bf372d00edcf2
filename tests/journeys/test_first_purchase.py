"""From an empty phone to a received order and its figures in the console, in the browser alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from shopapp.kernel.db import db
from shopapp.store.orders import queries as orders
from shopapp.store.orders.models import OrderStatus
from tests.journeys.conftest import WELCOME
from tests.support.browsers import DESK, open_context
from tests.support.servers import Town
from tests.support.staff import PASSWORD, make_staff

pytestmark = pytest.mark.browser

PAY_PASSWORD = "135790"
OWNER = "店主小满"
LONG_MS = 30_000


@pytest.fixture
def desk(browser: Browser, town: Town) -> Page:
    """The sandbox's control page with its phone."""
    page = open_context(browser, size=DESK).new_page()
    page.goto(town.sandbox)
    return page


@pytest.fixture
def console(browser: Browser, town: Town) -> Page:
    """The merchant's own browser, signed in."""
    with town.app.app_context():
        make_staff(name=OWNER)
        db.session.remove()
    page = open_context(browser, size=DESK).new_page()
    page.goto(f"{town.shop}/admin/sign-in")
    page.get_by_label("名字").fill(OWNER)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("概览")
    return page


def phone(page: Page) -> FrameLocator:
    """The web page inside the phone."""
    return page.frame_locator("iframe[data-web]")


def test_from_an_empty_phone_to_a_received_order_and_its_figures(
    desk: Page, console: Page, town: Town
) -> None:
    assert figures(console) == {"净销售额": "¥0.00", "付款订单": "0", "客单价": "¥0.00", "新会员": "0"}
    become_a_follower(desk, "小满")
    desk.get_by_role("button", name="逛店铺").click()
    screen = phone(desk)

    choose_nuts(screen)
    check_out_with_new_address(screen)
    pay(screen)

    screen.get_by_role("link", name="查看订单").click()
    expect(screen.get_by_role("heading", level=1)).to_have_text("已付款，等店家发货")
    number = screen.locator("[data-order]").get_attribute("data-order") or ""
    ship_in_console(console, number)

    desk.get_by_role("button", name="返回聊天").click()
    desk.get_by_role("button", name="我的订单").click()
    screen.get_by_role("link", name=re.compile("待收货.*每日坚果")).click()
    expect(screen.get_by_role("heading", level=1)).to_have_text("包裹在路上")
    expect(screen.get_by_text("SF1234567890")).to_be_visible()
    screen.get_by_role("button", name="确认收货").click()
    screen.get_by_role("dialog").get_by_role("button", name="确认收货").click()
    expect(screen.get_by_role("heading", level=1)).to_have_text("订单已完成")

    assert_received(town, number)
    assert figures(console) == {
        "净销售额": "¥198.00",
        "付款订单": "1",
        "客单价": "¥198.00",
        "新会员": "1",
    }


def become_a_follower(desk: Page, name: str) -> None:
    desk.get_by_label("新用户的昵称").fill(name)
    desk.get_by_role("button", name="新建用户").click()
    desk.get_by_role("radio", name=re.compile(name)).click()
    desk.locator("[data-foot]").get_by_role("button", name="关注公众号").click()
    expect(desk.get_by_text(WELCOME)).to_be_visible()


def choose_nuts(screen: FrameLocator) -> None:
    """Into the cart, and on from there."""
    screen.locator("#all").get_by_role("link", name=re.compile("每日坚果")).click()
    screen.get_by_role("button", name="加入购物车").first.click()
    sheet = screen.get_by_role("dialog")
    sheet.get_by_text("30 包整盒").click()
    expect(sheet.get_by_role("status")).to_contain_text("30 包整盒")
    sheet.get_by_role("button", name="增加").click()
    sheet.get_by_role("button", name="加入购物车").click()
    expect(screen.get_by_text("已加入购物车")).to_be_visible()
    screen.get_by_role("link", name="购物车 2").click()
    expect(screen.get_by_text("已享包邮")).to_be_visible()
    screen.get_by_role("link", name="结算（2）").click()


def check_out_with_new_address(screen: FrameLocator) -> None:
    """Nobody is signed in yet: the checkout asks WeChat, and comes back by itself."""
    screen.get_by_role("link", name=re.compile("添加收货地址")).click()
    screen.get_by_label("收货人").fill("李小满")
    screen.get_by_label("手机号").fill("138 0013 8000")
    screen.get_by_role("button", name=re.compile("省、市、区县")).click()
    for region in ("浙江省", "杭州市", "西湖区"):
        screen.get_by_role("dialog").get_by_role("button", name=region, exact=True).click()
    screen.get_by_label("详细地址").fill("文三路 1 号 2 幢 301")
    screen.get_by_role("button", name="保存").click()
    expect(screen.get_by_role("button", name=re.compile("文三路 1 号 2 幢 301"))).to_be_visible()
    screen.get_by_label("备注").fill("请放门口")
    screen.get_by_role("button", name="提交并付款").click()


def pay(screen: FrameLocator) -> None:
    """In the cashier that slides over the page."""
    cashier = screen.frame_locator("iframe[title='微信支付']")
    expect(cashier.get_by_text("198.00")).to_be_visible()
    for digit in PAY_PASSWORD:
        cashier.get_by_role("button", name=digit, exact=True).click()
    cashier.get_by_role("button", name="完成").click()
    expect(screen.get_by_role("heading", name="付款已收到")).to_be_visible(timeout=LONG_MS)


def ship_in_console(console: Page, number: str) -> None:
    """From the list of what waits, with the waybill of the parcel."""
    console.reload()
    console.get_by_role("link", name="待发货 1").click()
    console.get_by_role("link", name=number).click()
    console.get_by_label("快递公司").select_option(label="顺丰速运")
    console.get_by_label("运单号").fill("SF1234567890")
    console.get_by_role("button", name="确认发货").click()
    expect(console.get_by_text("货在路上")).to_be_visible()


def figures(console: Page) -> dict[str, str]:
    """What the overview says of the last days, by name."""
    console.goto(console.url.split("/admin")[0] + "/admin/")
    cards = console.locator(".figure")
    return {card.locator("span").first.inner_text(): card.locator("b").inner_text() for card in cards.all()}


def assert_received(town: Town, number: str) -> None:
    """One order, paid once, and the goods left the shelf."""
    with town.app.app_context():
        order = orders.order_by_no(no=number)
        assert order is not None
        assert order.status is OrderStatus.COMPLETED
        assert order.paid == order.total
        assert [line.quantity for line in order.lines] == [2]
        assert orders.counts() == {OrderStatus.COMPLETED: 1}
        db.session.rollback()
