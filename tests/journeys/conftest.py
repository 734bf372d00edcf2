"""A running shop and a browser for the journeys."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from shopapp.kernel import clock, preferences
from shopapp.kernel.db import transaction
from shopapp.kernel.money import Money
from shopapp.outreach.menu import services as menu
from shopapp.outreach.replies import services as replies
from shopapp.store.catalogue import categories, media, services
from shopapp.store.catalogue.categories import CategoryContent
from shopapp.store.catalogue.rules import PictureContent, ProductContent, SkuContent
from shopapp.store.stock import services as stock
from shopapp.wechat import menus
from tests.support import machine
from tests.support.browsers import open_browser
from tests.support.pictures import drawn
from tests.support.servers import Town, running_town, start_all

WELCOME = "您好，这里是回头小店。点下面的“逛店铺”就能看货。"
MENU = [
    {"name": "逛店铺", "type": "view", "url": "/"},
    {"name": "我的订单", "type": "view", "url": "/orders"},
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if machine.chromium() is None:
        pytest.skip("no Chromium")
    with open_browser() as found:
        yield found


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A small shop with two products, a welcome and a menu; everything runs."""
    with running_town(tmp_path_factory.mktemp("town")) as town:
        with town.app.app_context():
            furnish()
        start_all(town)
        with town.app.app_context():
            menu.publish(by="", now=clock.now())
        yield town


def furnish() -> None:
    now = clock.now()
    cover = media.prepare(drawn(side=750))
    with transaction():
        preferences.write("shop.name", "回头小店")
        replies.set_welcome(text=WELCOME)
        menus.set_menu(buttons=MENU)
        shelf = categories.create_category(content=CategoryContent(slug="snacks", name="坚果零食"))
        picture = media.remember(prepared=cover, now=now)
        for title, names, skus in (
            ("每日坚果 25 g × 30 包", ("规格",), (("7 包试吃", 2990), ("30 包整盒", 9900))),
            ("燕麦曲奇 180 g", (), ((None, 3290),)),
        ):
            product = services.create_product(
                content=ProductContent(
                    title=title,
                    description="<p>低温烘烤，不加盐。</p>",
                    category=shelf.public_id,
                    spec_names=names,
                    skus=tuple(
                        SkuContent(specs=(value,) if value else (), price=Money(fen)) for value, fen in skus
                    ),
                    pictures=(PictureContent(id=picture.public_id, alt=title),),
                ),
                now=now,
            )
            for sku in product.skus:
                stock.set_free(sku_id=sku.id, free=20, now=now)
            services.put_on_sale(product=product, now=now)
