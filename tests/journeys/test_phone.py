"""The sandbox's phone beside its panel: what it says, and how its web page is handled."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browsers import DESK, open_context
from tests.support.servers import Town

pytestmark = pytest.mark.browser


def test_a_page_of_the_shop_is_opened_again_where_it_is(browser: Browser, town: Town) -> None:
    page = open_context(browser, size=DESK).new_page()
    page.goto(town.sandbox)
    page.get_by_role("radio", name=re.compile("小美")).click()
    page.get_by_role("button", name="打开商城").click()
    screen = page.frame_locator("iframe[data-web]")
    screen.get_by_role("link", name=re.compile("每日坚果")).first.click()
    expect(screen.get_by_role("heading", level=1)).to_contain_text("每日坚果")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.is_navigation_request() else None)
    page.locator("[data-phone-more]").click()
    page.get_by_role("menuitem", name="重新打开这一页").click()
    expect(screen.get_by_role("heading", level=1)).to_contain_text("每日坚果")
    assert any("/p/" in url for url in asked)
    page.get_by_role("button", name="返回聊天").click()
    expect(page.locator("[data-chat]")).to_be_visible()
