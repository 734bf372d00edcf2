"""A real browser for tests: what a page complains of fails the test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Frame, Page, sync_playwright

from .machine import chromium

ARGUMENTS = ["--no-sandbox", "--disable-background-networking"]
PHONE = {"width": 375, "height": 812}
SMALL_PHONE = {"width": 320, "height": 640}
DESK = {"width": 1440, "height": 900}
IMPACTS = ("serious", "critical")


@contextmanager
def open_browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def open_context(browser: Browser, *, size: dict[str, int] | None = None, **options: Any) -> BrowserContext:
    """A person's own browser in Chinese, in which nothing moves."""
    context = browser.new_context(
        viewport=size or PHONE,  # type: ignore[arg-type]
        locale="zh-CN",
        reduced_motion="reduce",
        **options,
    )
    context.set_default_timeout(15_000)
    return context


def complaints(page: Page) -> list[str]:
    """What goes wrong in the page from now on: script errors, refused files, failed requests of its own."""
    heard: list[str] = []
    page.on("pageerror", lambda problem: heard.append(f"script: {problem}"))
    page.on("console", lambda said: heard.append(f"console: {said.text}") if said.type == "error" else None)
    return heard


def wait_for_parts(page: Page) -> None:
    """Until the parts that a page of the console fetches for itself have come."""
    page.wait_for_load_state("load")
    page.locator(".htmx-request").first.wait_for(state="detached")


def axe_problems(page: Page | Frame, *, script: str) -> list[str]:
    """What axe finds serious or worse, one line each; `script` is axe itself."""
    if not page.evaluate("typeof window.axe === 'object'"):
        page.evaluate(script)
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        if violation["impact"] in IMPACTS
        for node in violation["nodes"]
    ]


def wider_than_screen(page: Page) -> int:
    """By how many pixels the page scrolls sideways."""
    found: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return found
