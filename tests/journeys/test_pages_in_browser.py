"""Every page in a real browser, on phones, on a desk and in the dark: usable by everybody, and without a complaint."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from config import ROOT
from shopapp.kernel import clock
from shopapp.kernel.db import db, transaction
from shopapp.kernel.money import Money
from shopapp.loyalty.coupons.rules import CouponKind, Scope
from shopapp.store.catalogue import listing
from shopapp.store.catalogue.listing import ListQuery
from shopapp.store.orders import services as orders
from shopapp.store.shipping import services as shipping
from tests.support.browsers import (
    DESK,
    PHONE,
    SMALL_PHONE,
    axe_problems,
    complaints,
    open_context,
    wider_than_screen,
)
from tests.support.cashback import bring_order, claim, make_campaign
from tests.support.catalogue import make_sku
from tests.support.coupons import give, hold, make_coupon
from tests.support.mall import offer_coupon, offer_goods
from tests.support.members import make_member
from tests.support.people import Person
from tests.support.servers import Town
from tests.support.tiers import set_discounts

pytestmark = pytest.mark.browser

AXE = ROOT / "node_modules/axe-core/axe.min.js"
PAGES = {
    "home": "/",
    "category": "/c/snacks",
    "search": "/search",
    "found": "/search?q=坚果",
    "nothing found": "/search?q=电视机",
    "product": "/p/{product}",
    "cart": "/cart",
    "checkout": "/checkout",
    "buy at once": "/checkout?sku={sku}&quantity=2",
    "orders": "/orders",
    "no orders": "/orders?status=cancelled",
    "unpaid order": "/orders/{unpaid}",
    "paying": "/orders/{unpaid}/pay",
    "paid": "/orders/{shipped}/pay",
    "shipped order": "/orders/{shipped}",
    "me": "/me",
    "points": "/me/points",
    "no points used": "/me/points?show=out",
    "check-in": "/me/check-in",
    "points mall": "/mall",
    "goods of the mall": "/mall/{mug}",
    "coupon of the mall": "/mall/{ticket}",
    "redeeming goods": "/mall/{mug}/confirm?quantity=2",
    "redeeming a coupon": "/mall/{ticket}/confirm",
    "addresses": "/me/addresses",
    "new address": "/me/addresses/new",
    "coupons": "/me/coupons",
    "used coupons": "/me/coupons?status=used",
    "goods of a coupon": "/me/coupons/{coupon}",
    "coupon centre": "/coupons",
    "privacy": "/privacy",
    "profile": "/me/profile",
    "member code": "/me/card",
    "devices": "/me/devices",
    "consents": "/me/consents",
    "erasing": "/me/erase",
    "claiming": "/claim",
    "claim": "/claim/{claim}",
}
LOOKS = {
    "phone": (PHONE, "light"),
    "small phone": (SMALL_PHONE, "light"),
    "desk": (DESK, "light"),
    "phone in the dark": (PHONE, "dark"),
}
COLORS_DIFFER = ("phone", "phone in the dark")


@dataclass
class Visit:
    """A customer with a filled cart and two orders."""

    person: Person
    places: dict[str, str]


@pytest.fixture(scope="module")
def visit(town: Town) -> Visit:
    with town.app.app_context():
        set_discounts(9000)
        person = make_member(name="王小满")
        shelf = listing.page(ListQuery()).items
        skus = [sku.id for product in shelf for sku in product.skus]
        numbers = []
        for _ in range(2):
            with transaction():
                placed = orders.place_order(
                    customer=person.signed_in,
                    items=[(sku, 1) for sku in skus],
                    address_id=person.address_id,
                    remark="",
                    now=clock.now(),
                )
                numbers.append(placed.no)
        with transaction():
            orders.mark_paid(order_id=placed.id, paid=placed.total, paid_at=clock.now(), now=clock.now())
            shipping.ship(no=placed.no, carrier="sf", waybill="SF1234567890", lines=None, now=clock.now())
        two = tuple(product.id for product in shelf[:2])
        coupon = give(person.id, scope=Scope.PRODUCTS, scope_ids=two)
        hold(give(person.id, kind=CouponKind.FREE_FREIGHT), order_no=numbers[0])
        make_coupon(name="满百减五", minimum=Money(10000), stock=50)
        choosy = next(product.id for product in shelf if product.spec_names)
        places = {
            "product": shelf[0].id,
            "choosy": choosy,
            "sku": skus[0],
            "unpaid": numbers[0],
            "shipped": numbers[1],
            "coupon": coupon.id,
            "mug": offer_goods(make_sku(title="骨瓷马克杯"), points=40, cash=Money(990), stock=9),
            "ticket": offer_coupon(points=5000),
            "claim": _claim(person),
        }
        db.session.remove()
        return Visit(person=person, places=places)


def _claim(person: Person) -> str:
    make_campaign(asks_tail=True, intro="在我们的淘宝、天猫店买过的都可以登记。")
    return claim(person.id, bring_order(tail="5678").order_no, tail="5678").public_id


def signed_in_page(browser: Browser, town: Town, visit: Visit, *, size: dict[str, int], scheme: str) -> Page:
    context = open_context(browser, size=size, color_scheme=scheme)
    context.add_cookies([{"name": "session", "value": visit.person.token, "url": town.shop}])
    place = f"{town.shop}/api/v1/cart/items/{visit.places['sku']}"
    answer = context.request.put(place, data={"quantity": 2}, headers={"Origin": town.shop})
    assert answer.ok, answer.text()
    return context.new_page()


@pytest.fixture
def axe() -> str:
    if not AXE.is_file():
        pytest.skip("axe is not installed")
    return AXE.read_text(encoding="utf-8")


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_can_be_used_by_everybody(
    browser: Browser, town: Town, visit: Visit, look: str, axe: str
) -> None:
    size, scheme = LOOKS[look]
    page = signed_in_page(browser, town, visit, size=size, scheme=scheme)
    heard = complaints(page)
    problems: list[str] = []
    for name, path in PAGES.items():
        page.goto(town.shop + path.format(**visit.places))
        if look in COLORS_DIFFER:
            problems += [f"{name}: {problem}" for problem in axe_problems(page, script=axe)]
        if (wider := wider_than_screen(page)) > 0:
            problems.append(f"{name}: {wider} pixels wider than the screen")
    assert problems == []
    assert heard == []


def test_open_sheets_can_be_used_by_everybody(browser: Browser, town: Town, visit: Visit, axe: str) -> None:
    page = signed_in_page(browser, town, visit, size=PHONE, scheme="light")
    for path, opener in (
        ("/p/{product}", "立即购买"),
        ("/checkout", "王小满"),
        ("/mall/{mug}/confirm", "王小满"),
        ("/me/addresses/new", "省、市、区县"),
        ("/orders/{unpaid}", "取消订单"),
    ):
        page.goto(town.shop + path.format(**visit.places), wait_until="networkidle")
        page.locator("button", has_text=opener).first.click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert axe_problems(page, script=axe) == [], path
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()


def test_a_lost_network_keeps_what_was_typed(browser: Browser, town: Town, visit: Visit) -> None:
    page = signed_in_page(browser, town, visit, size=PHONE, scheme="light")
    page.goto(f"{town.shop}/me/addresses/new", wait_until="networkidle")
    page.get_by_label("收货人").fill("李小满")
    page.get_by_label("详细地址").fill("文三路 1 号")
    page.context.set_offline(True)
    expect(page.get_by_text("网络已断开，填写的内容还在")).to_be_visible()
    page.context.set_offline(False)
    page.reload(wait_until="networkidle")
    expect(page.get_by_label("收货人")).to_have_value("李小满")
    expect(page.get_by_label("详细地址")).to_have_value("文三路 1 号")


def test_a_pasted_address_fills_the_form(browser: Browser, town: Town, visit: Visit) -> None:
    page = signed_in_page(browser, town, visit, size=PHONE, scheme="light")
    page.goto(f"{town.shop}/me/addresses/new", wait_until="networkidle")
    page.locator("#paste").fill("浙江省 杭州市 西湖区 文三路 1 号 2 幢 301 138 0000 0000 李晓")
    page.locator("#paste").blur()
    expect(page.get_by_label("收货人")).to_have_value("李晓")
    expect(page.get_by_label("手机号")).to_have_value("13800000000")
    expect(page.get_by_label("详细地址")).to_have_value("文三路 1 号 2 幢 301")
    expect(page.locator("[data-region]")).to_have_text("浙江省 杭州市 西湖区")


def test_what_a_paste_puts_right_is_wrong_no_more(browser: Browser, town: Town, visit: Visit) -> None:
    page = signed_in_page(browser, town, visit, size=PHONE, scheme="light")
    page.goto(f"{town.shop}/me/addresses/new", wait_until="networkidle")
    page.get_by_role("button", name="保存").click()
    for name in ("name", "phone", "region_code", "detail"):
        expect(page.locator(f"#{name}-err")).not_to_be_empty()
    page.locator("#paste").fill("\u202d138 0000 0000\u202c 浙江省 杭州市 西湖区 文三路 1 号 2 幢 301")
    page.locator("#paste").blur()
    expect(page.get_by_label("详细地址")).to_have_value("文三路 1 号 2 幢 301")
    for name in ("phone", "region_code", "detail"):
        expect(page.locator(f"#{name}-err")).to_be_empty()
    expect(page.locator("#name-err")).not_to_be_empty()
    expect(page.locator("[aria-invalid]")).to_have_count(1)
    page.get_by_label("收货人").fill("李\u202e晓")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("heading", name="收货地址")).to_be_visible()
    expect(page.get_by_text("李晓")).to_be_visible()


def test_the_row_that_was_not_chosen_is_shown(browser: Browser, town: Town, visit: Visit, axe: str) -> None:
    page = signed_in_page(browser, town, visit, size=SMALL_PHONE, scheme="light")
    page.goto(town.shop + f"/p/{visit.places['choosy']}", wait_until="networkidle")
    page.get_by_role("button", name="立即购买").first.click()
    sheet = page.get_by_role("dialog")
    sheet.get_by_role("button", name="立即购买").click()
    row = sheet.get_by_role("radiogroup", name="规格")
    expect(row).to_have_attribute("aria-invalid", "true")
    expect(row.get_by_text("请选择 规格")).to_be_visible()
    expect(sheet.get_by_role("status")).to_have_text("请选择 规格")
    expect(page.locator(".toast")).to_have_count(0)
    expect(row.get_by_role("radio").first).to_be_focused()
    assert axe_problems(page, script=axe) == []
    page.keyboard.press("Space")
    expect(row).not_to_have_attribute("aria-invalid", "true")
    expect(row.get_by_text("请选择 规格")).to_be_hidden()
    sheet.get_by_role("button", name="立即购买").click()
    page.wait_for_url("**/checkout?sku=*")


def test_goods_that_stay_sold_are_confirmed_first(
    browser: Browser, town: Town, visit: Visit, axe: str
) -> None:
    with town.app.app_context():
        sku = make_sku(title="婴儿湿巾", returnable=False).public_id
        db.session.remove()
    page = signed_in_page(browser, town, visit, size=SMALL_PHONE, scheme="light")
    page.goto(f"{town.shop}/checkout?sku={sku}&quantity=1", wait_until="networkidle")
    tick, told = page.get_by_role("checkbox", name="不能无理由退货"), page.locator("#confirm-err")
    expect(told).to_be_hidden()
    page.get_by_role("button", name="提交并付款").click()
    expect(told).to_have_text("请先勾选，确认这些商品不能无理由退货")
    expect(tick).to_be_focused()
    expect(tick).to_have_attribute("aria-invalid", "true")
    assert axe_problems(page, script=axe) == []
    assert wider_than_screen(page) <= 0
    page.keyboard.press("Space")
    expect(told).to_be_hidden()
    page.get_by_role("button", name="提交并付款").click()
    page.wait_for_url(re.compile(r"/orders/\d+/pay"))


def test_wrong_fields_are_told_at_the_field(browser: Browser, town: Town, visit: Visit) -> None:
    page = signed_in_page(browser, town, visit, size=PHONE, scheme="light")
    page.goto(f"{town.shop}/me/addresses/new", wait_until="networkidle")
    page.get_by_label("收货人").fill("李晓")
    page.get_by_label("手机号").fill("123")
    page.get_by_role("button", name="保存").click()
    expect(page.locator("#phone-err")).to_contain_text("11 位")
    expect(page.locator("#phone")).to_be_focused()
    expect(page.locator("#name-err")).to_be_empty()


def test_the_cart_adds_up_by_itself(browser: Browser, town: Town, visit: Visit) -> None:
    page = signed_in_page(browser, town, visit, size=PHONE, scheme="light")
    page.goto(f"{town.shop}/cart", wait_until="networkidle")
    expect(page.get_by_role("link", name="结算（2）")).to_be_visible()
    page.get_by_role("button", name="增加").click()
    expect(page.get_by_role("link", name="结算（3）")).to_be_visible()
    page.locator("#pick-all").click(force=True)
    expect(page.get_by_text("还没有选商品")).to_be_visible()
    page.get_by_role("button", name="删除").click()
    page.get_by_role("dialog").get_by_role("button", name="删除").click()
    expect(page.get_by_text("购物车还是空的")).to_be_visible()


def test_the_shop_can_be_read_without_scripts(browser: Browser, town: Town, visit: Visit) -> None:
    page = open_context(browser, java_script_enabled=False).new_page()
    page.goto(town.shop)
    page.get_by_role("navigation", name="商品分类").get_by_role("link", name="坚果零食").click()
    page.get_by_role("link", name="每日坚果").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("每日坚果")


@pytest.mark.parametrize(
    ("path", "button", "then"),
    [
        ("/orders/{shipped}", "确认收货", "dialog"),
        ("/me/addresses/new", "保存", "#name-err:not(:empty)"),
        ("/p/{product}", "立即购买", "dialog"),
    ],
)
def test_a_tap_before_the_scripts_came_is_not_lost(
    browser: Browser, town: Town, visit: Visit, path: str, button: str, then: str
) -> None:
    page = signed_in_page(browser, town, visit, size=PHONE, scheme="light")
    late: list[Route] = []
    page.route("**/web/kit.*.js", lambda route: late.append(route))  # noqa: PLW0108 - Playwright looks into what it is given
    page.goto(town.shop + path.format(**visit.places), wait_until="commit")
    tapped = page.get_by_role("button", name=button).first
    tapped.click()
    expect(tapped).to_have_attribute("aria-busy", "true")
    expect(page.locator(then)).to_be_hidden()

    for route in late:
        route.continue_()
    expect(page.locator(then)).to_be_visible()
    expect(page).to_have_url(town.shop + path.format(**visit.places))
