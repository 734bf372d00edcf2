"""Categories, search and products in the storefront: the same page for everybody, kept while nothing on it changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from shopapp.kernel.errors import Invalid, NotFound
from shopapp.kernel.fields import is_plain
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _
from shopapp.kernel.pages import kept_page
from shopapp.store.viewers import viewer

from . import freshness, listing
from .cards import cards, category_link, product_view
from .categories import CategoryRecord, categories
from .listing import CURSOR_LENGTH_MAX, ListQuery, ProductPage, ProductRecord, Sort
from .models import ProductStatus
from .queries import is_public_id

PAGE_SIZE = 12
WORDS_LENGTH_MAX = 40
RELATED_MAX = 4

blueprint = Blueprint("catalogue_pages", __name__)


@blueprint.get("/c")
@blueprint.get("/c/<slug>")
def category(slug: str | None = None) -> Response:
    """The goods of one category, without a name those of the first."""
    sort, cursor = _sort(), _cursor()

    def make() -> str:
        rows = categories()
        row = next((row for row in rows if slug in (None, row.slug)), None)
        if row is None and slug is not None:
            raise NotFound
        shelf = listing.page(
            ListQuery(category=row.slug if row else None, sort=sort, cursor=cursor, limit=PAGE_SIZE)
        )
        path = f"/c/{row.slug}" if row else "/c"
        return render_template(
            "catalogue/category.html",
            categories=[category_link(each, current=row.slug if row else None) for each in rows],
            category=category_link(row) if row else None,
            sorts=_sorts(path, sort=sort),
            products=cards(shelf.items),
            next_url=next_url(shelf, path=path, sort=sort.value),
        )

    return _list_page("category", slug, sort, cursor, make=make)


@blueprint.get("/search")
def search() -> Response:
    """What is found for `q`; without any words, a way to the categories."""
    words = " ".join(request.args.get("q", "").split())[:WORDS_LENGTH_MAX]
    if not is_plain(words):
        words = ""
    sort, cursor = _sort(), _cursor()

    def make() -> str:
        asked = ListQuery(words=words, sort=sort, cursor=cursor, limit=PAGE_SIZE)
        shelf = listing.page(asked) if words else ProductPage(items=[], next_cursor=None)
        return render_template(
            "catalogue/search.html",
            q=words,
            count=None,
            shelves=[] if words else [category_link(row) for row in categories()],
            sorts=_sorts("/search", sort=sort, q=words),
            products=cards(shelf.items),
            next_url=next_url(shelf, path="/search", q=words, sort=sort.value),
            suggestions=[] if shelf.items or not words else cards(best_selling()),
        )

    return _list_page("search", words, sort, cursor, make=make)


@blueprint.get("/p/<product_id>")
def product(product_id: str) -> Response:
    """One product, also when it is sold out or off sale; a draft is not there."""
    if not is_public_id(product_id):
        raise NotFound
    ask = freshness.ask_product(public_id=product_id)
    version = ask()
    if version is None or version[1] == ProductStatus.DRAFT.value:
        raise NotFound

    def make() -> str:
        record = found(listing.product(public_id=product_id))
        row = next((row for row in categories() if row.row_id == record.category_row_id), None)
        return render_template(
            "catalogue/product.html",
            product=product_view(record, category=row),
            related=cards(_related(record, row)),
        )

    return kept_page("product", product_id, viewer().tier, version=version, ask=ask, make=make)


def kept_list_page(*key: Any, make: Callable[[], str]) -> Response:
    """A page with a list of goods, kept while no list changes, for each tier."""
    ask = freshness.ask_lists()
    return kept_page(*key, viewer().tier, version=ask(), ask=ask, make=make)


def best_selling(*, limit: int = RELATED_MAX) -> list[ProductRecord]:
    return listing.page(ListQuery(sort=Sort.SALES, limit=limit)).items


def next_url(page: ProductPage, *, path: str, **arguments: str) -> str | None:
    """Where the list goes on."""
    if page.next_cursor is None:
        return None
    given = {name: value for name, value in arguments.items() if value != Sort.DEFAULT.value}
    return f"{path}?{urlencode({**given, 'cursor': page.next_cursor})}"


def _list_page(*key: Any, make: Callable[[], str]) -> Response:
    """A kept list; an address whose place in the list is gone leads to its beginning."""
    try:
        return kept_list_page(*key, make=make)
    except Invalid:
        if "cursor" not in request.args:
            raise
        rest = {name: value for name, value in request.args.items() if name != "cursor"}
        return redirect(request.path + (f"?{urlencode(rest)}" if rest else ""))


def _sort() -> Sort:
    wanted = request.args.get("sort", "")
    return Sort(wanted) if wanted in set(Sort) else Sort.DEFAULT


def _cursor() -> str | None:
    return request.args.get("cursor", "")[: CURSOR_LENGTH_MAX + 1] or None


def _sorts(path: str, *, sort: Sort, **arguments: str) -> list[dict[str, Any]]:
    """The orders to choose from; a second tap on the price turns its direction."""
    by_price = Sort.PRICE_DOWN if sort is Sort.PRICE_UP else Sort.PRICE_UP
    shapes = {Sort.PRICE_UP: "up", Sort.PRICE_DOWN: "down"}
    choices = [
        (Sort.DEFAULT, _("综合"), sort is Sort.DEFAULT),
        (Sort.SALES, _("销量"), sort is Sort.SALES),
        (by_price, _("价格"), sort in shapes),
        (Sort.NEWEST, _("新品"), sort is Sort.NEWEST),
    ]
    return [
        {
            "key": choice.value,
            "label": label,
            "url": f"{path}?{urlencode({**arguments, 'sort': choice.value})}",
            "current": current,
            "shape": shapes.get(sort, "") if choice is by_price else "",
        }
        for choice, label, current in choices
    ]


def _related(record: ProductRecord, row: CategoryRecord | None) -> list[ProductRecord]:
    """Others of the same category that can be bought."""
    if row is None:
        return []
    shelf = listing.page(ListQuery(category=row.slug, limit=2 * RELATED_MAX)).items
    return [other for other in shelf if other.id != record.id and other.in_stock][:RELATED_MAX]
