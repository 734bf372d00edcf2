"""The README's pictures: a demo shop is set up in a folder of its own, opened in a real browser, and photographed.

.venv/bin/python -m scripts.screenshots [NAME …]
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import Browser, FrameLocator, Page
from sqlalchemy import func, select

from config import ROOT
from shopapp.admin import access
from shopapp.admin import services as staff_services
from shopapp.admin.demo.catalogue import SHOP_NAME
from shopapp.admin.demo.commands import SEED
from shopapp.admin.demo.ids import Ids
from shopapp.kernel import clock
from shopapp.kernel.access import Role
from shopapp.kernel.db import db, transaction
from shopapp.loyalty.cashback.models import CashbackClaim
from shopapp.loyalty.ledger import queries as ledger
from shopapp.loyalty.points.queries import points_purse
from shopapp.loyalty.tiers import queries as tiers
from shopapp.members.identity import queries as identity
from shopapp.members.identity import services as identity_services
from shopapp.members.identity.models import SessionKind
from shopapp.outreach.menu import services as menu
from tests.support.browsers import DESK, PHONE, open_browser, open_context
from tests.support.servers import Town, flask_command, running_town, start_all

PICTURES = ROOT / "docs" / "pictures"
SANDBOX_SIZE = {"width": 1280, "height": 900}
QUALITY = 86
PASSWORD = "135790"
STAFF_PASSWORD = "Pictures-Of-The-Console"
BLOCKS = Ids(SEED).of("sku", "wood-blocks")
MEMBER_PAGES = {
    "member-me": "/me",
    "member-tier": "/me/tier",
    "member-points": "/me/points",
    "member-perks": "/me/perks",
    "member-mall": "/mall",
    "member-checkout": f"/checkout?sku={BLOCKS}&quantity=2&points=500",
}


@dataclass(frozen=True, kw_only=True)
class Member:
    """Somebody of the demo shop who has signed in."""

    public_id: str
    token: str


class Studio:
    """A running demo shop, a phone that has just been handed to somebody, and the pictures taken so far."""

    def __init__(self, town: Town, browser: Browser) -> None:
        self.town, self.browser = town, browser
        self.desk = open_context(browser, size=SANDBOX_SIZE, device_scale_factor=1.5).new_page()
        self.phone = open_context(browser, size=PHONE, device_scale_factor=2).new_page()
        self.desks = count(1)

    @property
    def screen(self) -> FrameLocator:
        return self.desk.frame_locator("iframe[data-web]")

    def keep(self, name: str, page: Page) -> None:
        page.wait_for_load_state("networkidle")
        image = Image.open(BytesIO(page.screenshot()))
        PICTURES.mkdir(parents=True, exist_ok=True)
        image.convert("RGB").save(PICTURES / f"{name}.webp", quality=QUALITY, method=6)
        print(f"docs/pictures/{name}.webp", flush=True)

    def member(self) -> Member:
        """The gold member with the most points, signed in."""
        with self.town.app.app_context(), transaction():
            now = clock.now()
            gold = [one.customer_id for one in tiers.placed(codes=["gold"], limit=100)]
            row_id = max(gold, key=lambda one: ledger.balance(purse=points_purse(one), now=now).available)
            return self._signed_in(row_id)

    def claimer(self) -> Member:
        """The member with the most orders of marketplaces claimed, signed in."""
        with self.town.app.app_context(), transaction():
            counted = select(CashbackClaim.customer_id).group_by(CashbackClaim.customer_id)
            row_id = db.session.scalars(
                counted.order_by(func.count().desc(), CashbackClaim.customer_id)
            ).first()
            assert row_id is not None
            return self._signed_in(row_id)

    def _signed_in(self, row_id: int) -> Member:
        token, _ends = identity_services.open_session(
            customer_id=row_id, openid="demo", kind=SessionKind.WEB, now=clock.now()
        )
        return Member(public_id=identity.by_ids(customer_ids=[row_id])[row_id].public_id, token=token)

    def console(self) -> Page:
        """A page of somebody who has signed in at the desk."""
        with self.town.app.app_context(), transaction():
            now = clock.now()
            staff = staff_services.create_staff(
                name=f"小满{next(self.desks)}", password=STAFF_PASSWORD, role=Role.OWNER, now=now
            )
            token, _until = staff_services.open_session(staff=staff, device="", address="127.0.0.1", now=now)
        context = open_context(self.browser, size=DESK, device_scale_factor=1.5)
        context.add_cookies([{"name": access.COOKIE, "value": token, "url": self.town.shop}])
        return context.new_page()

    def open(self, path: str) -> Page:
        self.phone.goto(self.town.shop + path)
        return self.phone


def home(studio: Studio) -> None:
    studio.keep("home", studio.open("/"))


def category(studio: Studio) -> None:
    studio.keep("category", studio.open("/c/snacks"))


def product(studio: Studio) -> None:
    page = studio.open("/search?q=坚果")
    page.locator("[data-list] a").first.click()
    studio.keep("product", page)
    page.locator("[data-choose=cart]").click()
    studio.keep("choosing", page)


def purchase(studio: Studio) -> None:
    """In the sandbox: follow, open the shop, buy, pay."""
    desk, screen = studio.desk, studio.screen
    desk.goto(studio.town.sandbox)
    desk.get_by_role("radio", name=re.compile("小美")).click()
    desk.locator("[data-foot]").get_by_role("button", name="关注公众号").click()
    desk.locator("[data-chat]").get_by_text("您好").first.wait_for()
    studio.keep("sandbox-follow", desk)
    desk.get_by_role("button", name="逛店铺").click()
    screen.locator("#all a").first.click()
    screen.locator("[data-choose=buy]").click()
    for choice in range(screen.locator("dialog [data-spec]").count()):
        screen.locator(f"dialog [data-spec='{choice}'] label:not(:has(:disabled))").first.click()
    screen.locator("dialog [data-do=buy]").click()
    screen.get_by_role("link", name=re.compile("添加收货地址")).click()
    screen.get_by_label("收货人").fill("李小满")
    screen.locator("#paste").fill("李小满 13800138000 浙江省杭州市西湖区文三路 1 号 2 幢 301")
    screen.locator("#paste").blur()
    screen.locator("[data-region]").get_by_text("西湖区").wait_for()
    screen.get_by_role("button", name="保存").click()
    screen.get_by_role("button", name="提交并付款").wait_for()
    screen.get_by_role("checkbox", name=re.compile("不能无理由退货")).check(force=True)
    studio.keep("sandbox-checkout", desk)
    screen.get_by_role("button", name="提交并付款").click()
    cashier = screen.frame_locator("iframe[title='微信支付']")
    cashier.get_by_role("button", name=PASSWORD[0], exact=True).click()
    studio.keep("sandbox-cashier", desk)
    for digit in PASSWORD[1:]:
        cashier.get_by_role("button", name=digit, exact=True).click()
    cashier.get_by_role("button", name="完成").click()
    screen.get_by_role("link", name="查看订单").click()
    screen.get_by_text("已付款，等店家发货").wait_for()
    studio.keep("sandbox-order", desk)


def membership(studio: Studio) -> None:
    """What a member of some standing sees, down to a price with all that is taken off; then the same at the desk."""
    member = studio.member()
    page = studio.phone
    page.context.add_cookies([{"name": "session", "value": member.token, "url": studio.town.shop}])
    for name, path in MEMBER_PAGES.items():
        studio.keep(name, studio.open(path))
    desk = studio.console()
    for name, path in console_pages(member).items():
        desk.goto(studio.town.shop + path)
        studio.keep(name, desk)
    page.context.clear_cookies()


def console_pages(member: Member) -> dict[str, str]:
    wish = {"who": "customer", "number": member.public_id, f"quantity.{BLOCKS}": 2, "points": 500}
    return {
        "console-member": f"/admin/customers/{member.public_id}",
        "console-tiers": "/admin/tiers",
        "console-simulator": f"/admin/simulator?{urlencode(wish)}",
    }


def marketplaces(studio: Studio) -> None:
    """What somebody sees who claims an order, and what the merchant sees of imports, flyers and the funnel."""
    member = studio.claimer()
    studio.phone.context.add_cookies([{"name": "session", "value": member.token, "url": studio.town.shop}])
    studio.keep("claim", studio.open("/claim"))
    studio.phone.context.clear_cookies()
    desk = studio.console()
    for name, path in {
        "console-imports": "/admin/imports",
        "console-funnel": "/admin/reports/channel-funnel",
        "console-flyer": "/admin/flyers",
    }.items():
        desk.goto(studio.town.shop + path)
        if name == "console-flyer":
            desk.locator("main tbody a").first.click()
        studio.keep(name, desk)


PICTURE_SETS: dict[str, Callable[[Studio], None]] = {
    "membership": membership,
    "marketplaces": marketplaces,
    "home": home,
    "category": category,
    "product": product,
    "purchase": purchase,
}


def main(names: list[str]) -> int:
    unknown = set(names) - PICTURE_SETS.keys()
    if unknown:
        print(
            f"No such pictures: {', '.join(sorted(unknown))}; there are {', '.join(PICTURE_SETS)}",
            file=sys.stderr,
        )
        return 2
    with (
        tempfile.TemporaryDirectory(prefix="huitou-pictures-") as folder,
        running_town(Path(folder), SANDBOX_ACCOUNT_NAME=SHOP_NAME) as town,
    ):
        flask_command(town.environment, "demo", "load")
        start_all(town)
        with town.app.app_context():
            menu.publish(by="", now=clock.now())
        with open_browser() as browser:
            studio = Studio(town, browser)
            for name in names or PICTURE_SETS:
                PICTURE_SETS[name](studio)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
