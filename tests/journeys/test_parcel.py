"""From a parcel of a marketplace to a member who buys in the shop: every desk and every screen on the way."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from sandbox.control import qr_reader
from shopapp.kernel.db import db
from shopapp.loyalty.cashback.models import CashbackCampaign
from shopapp.loyalty.ledger.verify import verify
from tests.journeys.books import platform_rows, until
from tests.journeys.walk import PATIENCE_MS, Journey
from tests.support.browsers import DESK, PHONE, open_context
from tests.support.servers import Town, flask_command
from tests.support.staff import PASSWORD, make_staff

pytestmark = pytest.mark.browser

DATA = Path(__file__).parents[1] / "data" / "marketplace"
DAY = 86_400
OWNER = "店主小满"
ORDER_NO, PAID_YUAN, GOODS = "3135649928744505978", 198, "小青柑普洱茶250g罐装"
CASHBACK_FEN = 660
CARDS = 500
WELCOME = "谢谢惠顾！登记平台订单，领返现：{shop}/claim"


@dataclass
class Story:
    """One owner at a desk, one buyer with a phone."""

    town: Town
    desk: Page
    buyer: Journey

    def to(self, path: str) -> Page:
        self.desk.goto(f"{self.town.shop}/admin{path}")
        return self.desk

    def visit(self, path: str) -> Page:
        self.buyer.page.goto(f"{self.town.shop}{path}")
        return self.buyer.page

    def api(self, path: str) -> Any:
        return self.buyer.context.request.get(f"{self.town.shop}/api/v1{path}").json()

    def funnel(self) -> dict[str, int]:
        """The figures of the parcel card, the same in the console and on the command line."""
        told = json.loads(
            flask_command(self.town.environment, "report", "channel-funnel", "--by", "channel", "--json")
        )
        (row,) = [row for row in told["rows"] if row["name"] == "天猫包裹卡"]
        shown = self.to("/reports/channel-funnel").get_by_role("row", name=re.compile("天猫包裹卡"))
        steps = ("printed", "scanned", "followed", "claimed", "paid", "members", "first_orders")
        for step in steps[1:]:
            assert f"{row[step]}" in shown.inner_text()
        return {step: row[step] for step in steps}


@pytest.fixture
def story(browser: Browser, town: Town) -> Iterator[Story]:
    with town.app.app_context():
        make_staff(name=OWNER)
        db.session.remove()
    phone = open_context(browser, size=PHONE)
    made = phone.request.post(f"{town.sandbox}/control/api/users", data={"nickname": "小满"}).json()
    assert phone.request.post(f"{town.sandbox}/control/api/choose", data={"openid": made["openid"]}).ok
    desk = open_context(browser, size=DESK).new_page()
    desk.goto(f"{town.shop}/admin/sign-in")
    desk.get_by_label("名字").fill(OWNER)
    desk.get_by_label("密码").fill(PASSWORD)
    desk.get_by_role("button", name="登录").click()
    expect(desk.get_by_role("heading", level=1)).to_contain_text("概览")
    buyer = Journey(
        town=town, context=phone, page=phone.new_page(), openid=made["openid"], purse_fen=made["balance_fen"]
    )
    yield Story(town=town, desk=desk, buyer=buyer)
    phone.close()
    desk.context.close()


def test_a_parcel_of_tmall_becomes_a_member_who_buys_here(story: Story) -> None:
    import_orders(story)
    offer_cashback(story)
    code = print_flyers(story)
    assert story.funnel() == figures(printed=CARDS)

    scanned = story.town.control("act", openid=story.buyer.openid, act="scan", text=code)
    assert scanned["result"] == "profile"
    story.town.control("act", openid=story.buyer.openid, act="follow", qr_url=scanned["url"])
    until(story.buyer.is_known_to_follow, what="the follow")
    assert any("登记" in entry["content"] for entry in story.buyer.chat())
    story.visit("/claim")
    until(lambda: story.funnel()["followed"] == 1, what="a follower in the funnel")

    claim(story)
    assert story.api("/claims")["items"][0]["status"] == "on_hold"
    story.town.control("clock", add=9 * DAY)
    receive(story)
    join(story)
    seen_in_the_console(story)
    buy(story)
    wanted = figures(printed=CARDS, scanned=1, followed=1, claimed=1, paid=1, members=1, first_orders=1)
    until(lambda: story.funnel() == wanted, what=f"{wanted}")
    assert_books(story)


def figures(**known: int) -> dict[str, int]:
    steps = ("printed", "scanned", "followed", "claimed", "paid", "members", "first_orders")
    return {step: known.get(step, 0) for step in steps}


def import_orders(story: Story) -> None:
    page = story.to("/imports")
    page.get_by_label("导出的文件").set_input_files(DATA / "tmall-suborders-2024.xlsx")
    page.get_by_role("button", name="上传并预览").click()
    expect(page.get_by_role("heading", name="认出了什么")).to_be_visible()
    page.get_by_role("button", name="开始导入").click()
    expect(page.get_by_text("全部导入了。")).to_be_visible(timeout=PATIENCE_MS)


def offer_cashback(story: Story) -> None:
    """Six yuan sixty for every order of Tmall, paid into WeChat, held for eight days."""
    page = story.to("/cashback/new")
    page.get_by_label("名称").fill("天猫老朋友")
    page.get_by_label("天猫", exact=True).check()
    page.get_by_label("淘宝", exact=True).check()
    page.get_by_label("每单返多少元").fill("6.60")
    page.get_by_label("预算，元").fill("1000")
    page.get_by_label("发到哪里").select_option("transfer")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("天猫老朋友").first).to_be_visible()


def print_flyers(story: Story) -> str:
    """A channel and its card, ordered at the desk; what the code on the printed card says."""
    page = story.to("/channels/new")
    page.get_by_label("名称").fill("天猫包裹卡")
    page.get_by_label("专属欢迎语").fill(WELCOME.format(shop=story.town.shop))
    page.get_by_role("button", name="保存并生成二维码").click()
    page.get_by_role("link", name="给它做传单").click()
    page.get_by_label("名称").fill("双十一包裹卡")
    page.get_by_label("张数").fill(str(CARDS))
    page.get_by_role("button", name="保存").click()
    page.get_by_role("button", name="做印刷文件").click()
    expect(page.get_by_text("文件做好了")).to_be_visible(timeout=PATIENCE_MS)
    with page.expect_download() as waited:
        page.get_by_role("link", name="下载 PDF").first.click()
    return written_on(waited.value.path().read_bytes())


def written_on(pdf: bytes) -> str:
    """The code of a printed card, read from its picture at 300 dots an inch."""
    (card,) = pypdfium2.PdfDocument(pdf)
    picture = io.BytesIO()
    card.render(scale=300 / 72).to_pil().save(picture, "PNG")
    return qr_reader.read(picture.getvalue())


def claim(story: Story) -> None:
    page = story.visit("/claim")
    page.locator("fieldset").get_by_text("天猫", exact=True).click()
    page.get_by_label("2. 订单号").fill(f"订单编号：{ORDER_NO} 复制")
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_role("heading", name="登记进度")).to_be_visible()
    assert page.get_by_text("6.60").count()


def receive(story: Story) -> None:
    """The hold is over: the customer takes the money in WeChat."""
    until(lambda: story.api("/claims")["items"][0]["status"] == "paying", what="a transfer to be taken")
    page = story.visit(f"/claim/{story.api('/claims')['items'][0]['id']}")
    page.get_by_role("button", name="确认收款").click()
    sheet = page.frame_locator("iframe[title='微信支付']")
    sheet.get_by_role("button", name="收款", exact=True).click(timeout=PATIENCE_MS)
    until(lambda: story.api("/claims")["items"][0]["status"] == "paid", what="the money")


def join(story: Story) -> None:
    page = story.visit("/me/join")
    page.get_by_label("我已看过并同意").check(force=True)
    page.get_by_role("button", name="同意并入会").click()
    expect(page.get_by_role("link", name="放大会员码")).to_be_visible()
    until(lambda: story.api("/me/tier")["growth"] == PAID_YUAN, what="growth of the marketplace order")


def seen_in_the_console(story: Story) -> None:
    """What was bought on the marketplace stands in the customer's history, and their tier is what their growth says."""
    me = story.api("/me")["id"]
    tier = story.api("/me/tier")["name"]
    page = story.to(f"/customers/{me}?tab=purchases")
    expect(page.locator(".person-head")).to_contain_text(tier)
    expect(page.get_by_text(GOODS).first).to_be_visible()


def buy(story: Story) -> None:
    story.buyer.buy()
    story.buyer.see_paid()


def assert_books(story: Story) -> None:
    """Paid once by the platform, the budget says so, and every chain holds."""
    (person,) = platform_rows(story.town, "SELECT * FROM people WHERE openid = ?", story.buyer.openid)
    transfers = platform_rows(story.town, "SELECT * FROM pay_transfers WHERE openid = ?", story.buyer.openid)
    assert [row["amount"] for row in transfers] == [CASHBACK_FEN]
    (order,) = story.api("/orders")["items"]
    assert person["balance_fen"] == story.buyer.purse_fen + CASHBACK_FEN - order["paid_fen"]
    with story.town.app.app_context():
        db.session.rollback()
        campaign = db.session.scalars(select(CashbackCampaign)).one()
        assert (campaign.reserved.fen, campaign.paid.fen) == (0, CASHBACK_FEN)
        assert verify().problems == []
        db.session.remove()
