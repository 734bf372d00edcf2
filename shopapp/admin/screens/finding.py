"""The search over everything: orders, products, customers, pages, as far as the reader may see them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from flask import Blueprint, render_template, url_for

from shopapp.kernel.access import Permission, guard_console, may, requires
from shopapp.kernel.i18n import _
from shopapp.kernel.screens import argument
from shopapp.members.identity import console as customers
from shopapp.members.identity import queries as people
from shopapp.members.marketplace import console as marketplace
from shopapp.members.marketplace.wording import PLATFORM_NAMES
from shopapp.store.catalogue import console as catalogue
from shopapp.store.orders import console as orders

from .. import shell

EACH_MAX = 6
NUMBER = re.compile(r"\d{4,18}")
PHONE = re.compile(r"1\d{10}")

blp = guard_console(Blueprint("finding", __name__, url_prefix="/admin/search"))


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One thing found."""

    title: str
    note: str
    url: str
    icon: str


@blp.get("")
@requires(Permission.DASHBOARD_VIEW)
def search() -> str:
    words = argument("q")
    groups = [
        (_("订单"), list(_orders(words.replace(" ", "")))),
        (_("平台订单"), list(_imported(words))),
        (_("商品"), list(_products(words))),
        (_("会员"), list(_customers(words))),
        (_("页面"), list(_pages(words))),
    ]
    return render_template("admin/found.html", groups=[group for group in groups if group[1]], words=words)


def _orders(words: str) -> Iterator[Hit]:
    if not may(Permission.ORDERS_VIEW) or not NUMBER.fullmatch(words):
        return
    hits = orders.by_number(words=words, limit=EACH_MAX)
    if PHONE.fullmatch(words):
        hits += orders.by_phone(phone=words, limit=EACH_MAX)
    for hit in hits[:EACH_MAX]:
        note = f"{orders.STATUS_NAMES[hit.status][0]} · ¥{hit.total}"
        yield Hit(title=hit.no, note=note, url=url_for("orders_admin.order", no=hit.no), icon="receipt")


def _imported(words: str) -> Iterator[Hit]:
    """Orders of marketplaces by their whole number, also as somebody pasted it."""
    if not may(Permission.ORDERS_VIEW):
        return
    for row in marketplace.by_numbers(words=words, limit=EACH_MAX):
        platform = PLATFORM_NAMES.get(row.platform, row.platform)
        note = f"{platform} · {marketplace.STATUS_NAMES[row.status][0]}"
        url = url_for("market_orders_admin.order", public_id=row.public_id)
        yield Hit(title=row.order_no, note=note, url=url, icon="shop")


def _products(words: str) -> Iterator[Hit]:
    if not may(Permission.PRODUCTS_VIEW) or not words:
        return
    endpoint = "catalogue_admin.edit" if may(Permission.PRODUCTS_EDIT) else "catalogue_admin.stock_page"
    for hit in catalogue.by_words(words=words, limit=EACH_MAX):
        note = f"¥{hit.price} · {catalogue.STATUS_NAMES[hit.status][0]}"
        yield Hit(title=hit.title, note=note, url=url_for(endpoint, public_id=hit.id), icon="box")


def _customers(words: str) -> Iterator[Hit]:
    if not may(Permission.CUSTOMERS_VIEW) or len(words) < 1:
        return
    ids = customers.find_ids(words=words)[:EACH_MAX]
    for row in people.by_ids(customer_ids=ids).values():
        yield Hit(
            title=row.nickname or _("微信顾客"),
            note=row.public_id,
            url=url_for("customers_admin.customer", public_id=row.public_id),
            icon="people",
        )


def _pages(words: str) -> Iterator[Hit]:
    folded = words.casefold()
    for title, url in shell.all_pages():
        if folded in title.casefold():
            yield Hit(title=title, note="", url=url, icon="list")
