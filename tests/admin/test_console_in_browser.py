"""The console in a real browser: nothing is refused or breaks, everything can be read, and its scripts do their work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from config import ROOT
from shopapp.kernel import clock
from shopapp.kernel.db import db, transaction
from shopapp.kernel.money import Money
from shopapp.loyalty.coupons.content import Giving
from shopapp.members.channels import services as channels
from shopapp.members.merging import jobs
from shopapp.members.merging import services as merging
from shopapp.members.merging.rules import Evidence
from shopapp.members.notes import services as notes
from shopapp.members.notes import tags
from shopapp.store.orders import services as orders
from tests.admin.screens import SCREENS
from tests.support import machine
from tests.support.browsers import (
    DESK,
    PHONE,
    axe_problems,
    complaints,
    open_browser,
    open_context,
    wait_for_parts,
    wider_than_screen,
)
from tests.support.cashback import bring_order, claim, make_campaign
from tests.support.catalogue import make_category, make_product
from tests.support.coupons import give, make_coupon
from tests.support.flyers import make_flyer
from tests.support.imports import at_the_desk, imported_order
from tests.support.mall import offer_coupon
from tests.support.people import Person, make_person
from tests.support.pictures import drawn
from tests.support.servers import Town, running_town, start_all
from tests.support.staff import PASSWORD, make_staff

pytestmark = pytest.mark.browser

AXE = ROOT / "node_modules/axe-core/axe.min.js"
TABLET = {"width": 1024, "height": 768}
LOOKS = {
    "desk": (DESK, "light"),
    "tablet": (TABLET, "light"),
    "phone in the dark": (PHONE, "dark"),
    "desk in the dark": (DESK, "dark"),
}
READ_BY_AXE = ("desk", "phone in the dark")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if machine.chromium() is None:
        pytest.skip("no Chromium")
    with open_browser() as found:
        yield found


SOLD_ELSEWHERE = (
    "A1001,k1,2026-11-01 10:00:00,done,盖碗,1,120.00,20.00",
    "A1002,k2,2026-11-01 10:00:00,在路上,公道杯,1,60.00,0.00",
)


@pytest.fixture(scope="module")
def axe() -> str:
    if not AXE.is_file():
        pytest.skip("axe is not installed")
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with running_town(tmp_path_factory.mktemp("console"), SHOP_RATE_LIMITS="off") as town:
        start_all(town)
        yield town


@pytest.fixture(scope="module")
def places(town: Town) -> dict[str, str]:
    """One of each thing, by what stands for it in an address."""
    with town.app.app_context():
        shelf = make_category(name="喂养", slug="feeding")
        product = make_product(
            title="玻璃奶瓶", category=shelf, spec_names=["容量"], skus=[(["大"], 5900, 9), (["小"], 4900, 2)]
        )
        buyer = make_person()
        unpaid, paid = (placed(buyer, product.skus[0].public_id) for _ in range(2))
        with transaction():
            row = orders.lock_by_no(no=paid)
            orders.mark_paid(order_id=row.id, paid=Money(row.total.fen), paid_at=clock.now(), now=clock.now())
        with transaction():
            channel = channels.create_channel(name="包裹卡", now=clock.now())
        flyer = make_flyer(channel.public_id)
        staff = make_staff(name="店主小满")
        coupon = make_coupon(name="扫码领五元", giving=Giving.CODE, stock=100)
        give(buyer.id, coupon)
        note(buyer, staff.public_id)
        be_alike(buyer)
        found = {
            "product": product.public_id,
            "category": shelf.public_id,
            "paid": paid,
            "unpaid": unpaid,
            "customer": buyer.signed_in.public_id,
            "item": offer_coupon(stock=50, per_person=2),
            "channel": channel.public_id,
            "flyer": flyer,
            "staff": staff.public_id,
            "coupon": coupon,
            "import": at_the_desk(*SOLD_ELSEWHERE),
            "market": imported_order(*SOLD_ELSEWHERE),
            "cashback": make_campaign(intro="关注后领红包").public_id,
            "claim": claim(buyer.id, bring_order(refund_unclear=True).order_no).public_id,
        }
        db.session.remove()
        return found


def note(person: Person, staff_id: str) -> None:
    """A note, tags and a task of this customer."""
    customer, now = person.signed_in.public_id, clock.now()
    with transaction():
        for name in ("妈妈群", "爱囤货"):
            tags.give(customer=customer, name=name, now=now)
        notes.add_note(customer=customer, text="晚上九点以后联系", now=now)
        notes.add_task(customer=customer, text="到货后告诉她", due=None, assignee=staff_id, now=now)


def be_alike(person: Person) -> None:
    """One who was merged into this customer, and another who may be the same."""
    merged, _alike, now = make_person(), make_person(), clock.now()
    with transaction():
        merging.join(one_id=person.id, other_id=merged.id, evidence=Evidence.UNIONID, now=now)
    jobs.find_duplicates(now)


def placed(buyer: Person, sku_id: str) -> str:
    with transaction():
        return orders.place_order(
            customer=buyer.signed_in,
            items=[(sku_id, 1)],
            address_id=buyer.address_id,
            remark="请用纸箱",
            now=clock.now(),
        ).no


def at_desk(browser: Browser, town: Town, *, size: dict[str, int] = DESK, scheme: str = "light") -> Page:
    page = open_context(browser, size=size, color_scheme=scheme).new_page()
    page.goto(f"{town.shop}/admin/sign-in")
    page.get_by_label("名字").fill("店主小满")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("概览")
    return page


@pytest.mark.parametrize("look", LOOKS)
def test_every_screen_can_be_used_by_everybody(
    browser: Browser, town: Town, places: dict[str, str], look: str, axe: str
) -> None:
    size, scheme = LOOKS[look]
    page = at_desk(browser, town, size=size, scheme=scheme)
    heard = complaints(page)
    problems: list[str] = []
    for name, path in SCREENS.items():
        page.goto(town.shop + path.format(**places))
        wait_for_parts(page)
        if look in READ_BY_AXE:
            problems += [f"{name}: {problem}" for problem in axe_problems(page, script=axe)]
        if (wider := wider_than_screen(page)) > 0:
            problems.append(f"{name}: {wider} pixels wider than the screen")
    assert not problems, "\n".join(problems)
    assert [line for line in heard if "404" not in line] == []


def test_the_sign_in_page_can_be_used_by_everybody(browser: Browser, town: Town, axe: str) -> None:
    page = open_context(browser).new_page()
    heard = complaints(page)
    page.goto(f"{town.shop}/admin/sign-in")
    assert axe_problems(page, script=axe) == []
    assert heard == []


def test_a_product_is_made_with_specs_and_a_picture(
    browser: Browser, town: Town, places: dict[str, str], tmp_path: Path
) -> None:
    picture = tmp_path / "bottle.png"
    picture.write_bytes(drawn())
    page = at_desk(browser, town)
    page.goto(f"{town.shop}/admin/products/new", wait_until="networkidle")
    page.get_by_label("标题", exact=False).first.fill("硅胶围兜")
    page.locator("[data-shot-add] input").set_input_files(str(picture))
    expect(page.locator(".shot")).to_have_count(1)
    page.get_by_role("button", name="添加规格").click()
    page.get_by_label("规格名").fill("颜色")
    page.get_by_label("规格值").fill("红\n蓝\n红")
    page.get_by_label("规格值").blur()
    expect(page.locator("[data-skus] tr")).to_have_count(2)
    page.get_by_label("统一价格").fill("29.9")
    page.get_by_label("统一库存").fill("6")
    page.get_by_role("button", name="填到所有款式").click()
    page.get_by_label("保存后马上上架").check()
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("“硅胶围兜”已保存")
    expect(page.locator("[name=sku_price]").first).to_have_value("29.90")
    page.get_by_label("规格值").fill("大红\n蓝")
    page.get_by_label("规格值").blur()
    page.keyboard.press("Control+s")
    expect(page.get_by_role("status")).to_contain_text("已保存")
    expect(page.locator("[name=sku_stock]").first).to_have_value("6")
    expect(page.locator("[data-label-of]").first).to_have_text("大红")


def test_a_value_may_have_spaces_and_commas_and_a_new_one_leaves_the_others_alone(
    browser: Browser, town: Town, places: dict[str, str]
) -> None:
    with town.app.app_context():
        product = make_product(
            title="宽口径奶瓶",
            spec_names=["容量", "颜色"],
            skus=[(["160 ml", "奶白, 哑光"], 6900, 59), (["240 ml", "奶白, 哑光"], 7900, 50)],
        ).public_id
        db.session.remove()
    page = at_desk(browser, town)
    page.goto(f"{town.shop}/admin/products/{product}", wait_until="networkidle")
    expect(page.get_by_label("规格值").first).to_have_value("160 ml\n240 ml")
    page.get_by_label("规格值").last.fill("奶白, 哑光\n天蓝")
    page.get_by_label("统一价格").fill("69")
    page.get_by_role("button", name="填到所有款式").click()
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("已保存")
    assert choices(page) == {
        "160 ml / 奶白, 哑光": "59",
        "160 ml / 天蓝": "0",
        "240 ml / 奶白, 哑光": "50",
        "240 ml / 天蓝": "0",
    }

    page.get_by_label("规格值").first.fill("240 ml")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("会去掉 1 个还有库存的款式（共 59 件）")
    page.get_by_role("dialog").get_by_role("button", name="先不").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    other = page.context.new_page()
    other.goto(f"{town.shop}/admin/products/{product}", wait_until="networkidle")
    assert len(choices(other)) == 4


def test_choices_that_were_never_offered_are_not_added_by_saving(
    browser: Browser, town: Town, places: dict[str, str]
) -> None:
    with town.app.app_context():
        product = make_product(
            title="棉袜", spec_names=["色", "码"], skus=[(["红", "S"], 900, 3), (["蓝", "M"], 900, 4)]
        ).public_id
        db.session.remove()
    page = at_desk(browser, town)
    page.goto(f"{town.shop}/admin/products/{product}", wait_until="networkidle")
    page.get_by_label("副标题").fill("一双一双卖")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("已保存")
    assert choices(page) == {"红 / S": "3", "蓝 / M": "4"}


def choices(page: Page) -> dict[str, str]:
    """The pieces of each choice in the product form."""
    rows = page.locator("[data-skus] tr").all()
    return {
        row.locator("[data-label-of]").inner_text(): row.locator("[name=sku_stock]").input_value()
        for row in rows
    }


def test_unsaved_words_are_not_lost_by_a_click(browser: Browser, town: Town, places: dict[str, str]) -> None:
    page = at_desk(browser, town)
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss())[0])
    page.goto(f"{town.shop}/admin/settings/shop", wait_until="networkidle")
    page.get_by_label("店铺一句话").fill("还没写完")
    expect(page.get_by_text("有改动还没保存")).to_be_visible()
    page.get_by_role("link", name="概览").click(no_wait_after=True)
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    expect(page.get_by_label("店铺一句话")).to_have_value("还没写完")


def test_the_search_opens_with_the_keyboard(browser: Browser, town: Town, places: dict[str, str]) -> None:
    page = at_desk(browser, town)
    page.keyboard.press("Control+k")
    page.keyboard.type(places["paid"][:12])
    expect(page.get_by_role("link", name=places["paid"])).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("订单")


def test_many_are_taken_off_sale_after_being_asked(
    browser: Browser, town: Town, places: dict[str, str]
) -> None:
    with town.app.app_context():
        for _ in range(2):
            make_product(title="一次性围兜")
        db.session.remove()
    page = at_desk(browser, town)
    page.goto(f"{town.shop}/admin/products?q=一次性", wait_until="networkidle")
    page.get_by_label("全选这一页").check()
    page.locator(".bulk").get_by_role("button", name="下架").click()
    expect(page.get_by_role("dialog")).to_contain_text("这 2 件商品")
    page.get_by_role("button", name="先不").click()
    expect(page.locator("td .tag.good")).to_have_count(2)
    page.locator(".bulk").get_by_role("button", name="下架").click()
    page.get_by_role("dialog").get_by_role("button", name="下架").click()
    expect(page.get_by_role("status")).to_contain_text("2 件商品已下架")
    assert "q=" in page.url


def test_a_refund_shows_its_sum_while_it_is_typed(
    browser: Browser, town: Town, places: dict[str, str]
) -> None:
    page = at_desk(browser, town)
    page.goto(f"{town.shop}/admin/orders/{places['paid']}", wait_until="networkidle")
    page.get_by_role("button", name="退款").click()
    page.get_by_label("退几件").fill("1")
    expect(page.locator("#refund-sum")).to_contain_text("将退")
    page.get_by_label("退款原因").fill("不要了")
    page.get_by_role("button", name="确认退款").click()
    expect(page.get_by_role("dialog")).to_contain_text("不能撤回")


def test_an_order_is_read_and_worked_on_with_a_phone(
    browser: Browser, town: Town, places: dict[str, str]
) -> None:
    page = at_desk(browser, town, size=PHONE)
    page.goto(f"{town.shop}/admin/orders/{places['paid']}", wait_until="networkidle")
    page.get_by_role("button", name="退款").click()
    leads = page.locator("table.stack td.lead")
    widths = [leads.nth(place).evaluate("cell => cell.clientWidth") for place in range(leads.count())]
    assert len(widths) >= 3
    assert min(widths) > PHONE["width"] * 0.7
    for label in ("还没发", "这次发", "还能退", "这次退几件", "单价", "小计"):
        expect(page.locator(f"td[data-label={label}]").first).to_be_visible()
    amount = page.locator("tr.total").last
    assert (amount.bounding_box() or {})["height"] < 48, "a sum and its name stand in one line"


@pytest.mark.parametrize("size", [DESK, PHONE, {"width": 1280, "height": 600}], ids=["desk", "phone", "low"])
def test_a_refused_picture_is_told_where_it_can_be_seen(
    browser: Browser, town: Town, places: dict[str, str], tmp_path: Path, size: dict[str, int]
) -> None:
    wrong = tmp_path / "notes.png"
    wrong.write_bytes(b"no picture")
    page = at_desk(browser, town, size=size)
    page.goto(f"{town.shop}/admin/products/{places['product']}", wait_until="networkidle")
    page.locator("[data-shot-add] input").set_input_files([str(wrong), str(wrong)])
    told = page.get_by_role("alert")
    expect(told.get_by_text("notes.png：这个文件不是可以使用的图片")).to_have_count(2)
    message, bar = told.bounding_box(), page.locator(".save-bar").bounding_box()
    assert message is not None
    assert bar is not None
    assert message["y"] >= 56
    assert message["y"] + message["height"] <= min(bar["y"], size["height"])


def test_light_and_dark_are_remembered(browser: Browser, town: Town, places: dict[str, str]) -> None:
    page = at_desk(browser, town)
    page.get_by_role("button", name="切换浅色和深色").click()
    page.reload()
    assert page.locator("html").get_attribute("data-bs-theme") == "dark"


def test_on_a_phone_the_navigation_opens_and_closes(
    browser: Browser, town: Town, places: dict[str, str]
) -> None:
    page = at_desk(browser, town, size=PHONE)
    expect(page.get_by_role("link", name="全部订单")).to_be_hidden()
    page.get_by_role("button", name="打开导航").click()
    page.get_by_role("link", name="全部订单").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("订单")
