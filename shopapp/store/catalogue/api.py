"""The catalogue over the API: the same answers for everybody, kept in the process while they are fresh."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec

from flask import Response, request
from flask_smorest import Blueprint

from shopapp.kernel.errors import NotFound
from shopapp.kernel.http import found
from shopapp.kernel.pagecache import PageCache

from . import freshness, listing
from .answers import category_answer, product_answer
from .categories import categories
from .listing import ListQuery, Sort
from .models import ProductStatus
from .schemas import CategoryList, FullProductAnswer, ListArguments, ProductList

P = ParamSpec("P")

blp = Blueprint("catalogue", __name__, url_prefix="/api/v1", description="商品")

_pages: PageCache[str] = PageCache()
_lists = freshness.ListPages()


@blp.get("/categories")
@blp.response(200, CategoryList)
def list_categories() -> Response:
    return _answer(_pages.get("categories", version=freshness.list_version(), make=_categories))


def known_first(view: Callable[P, Response]) -> Callable[P, Response]:
    """Answer a query that was asked before in the same words without reading its fields again."""

    @functools.wraps(view)
    def run(*args: P.args, **kwargs: P.kwargs) -> Response:
        text = _lists.fresh(request.query_string)
        return view(*args, **kwargs) if text is None else _answer(text)

    return run


@blp.get("/products")
@known_first
@blp.arguments(ListArguments, location="query")
@blp.response(200, ProductList)
def list_products(data: dict[str, Any]) -> Response:
    query = list_query(data)
    if query.sort is Sort.SALES:
        text, _versions = _product_list(query)  # places change with every sale of a product not on the page
        return _answer(text)
    return _answer(_lists.keep(request.query_string, make=lambda: _product_list(query)))


@blp.get("/products/<product_id>")
@blp.response(200, FullProductAnswer)
def show_product(product_id: str) -> Response:
    version = freshness.page_version(public_id=product_id)
    if version is None or version[1] is not ProductStatus.ON_SALE:
        raise NotFound
    return _answer(_pages.get(product_id, version=version, make=lambda: _product(product_id)))


def list_query(data: dict[str, Any], **more: Any) -> ListQuery:
    """What `ListArguments` asks for."""
    return ListQuery(
        words=data["q"],
        category=data["category"],
        sort=data["sort"],
        cursor=data["cursor"],
        limit=data["limit"],
        **more,
    )


def category_ids() -> dict[int, str]:
    """Row ids to public ids."""
    return {row.row_id: row.id for row in categories(all_of_them=True)}


def _answer(text: str) -> Response:
    return Response(text, mimetype="application/json")


def _dump(answer: dict[str, Any]) -> str:
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"))


def _categories() -> str:
    return _dump({"items": [category_answer(row) for row in categories()], "next_cursor": None})


def _product_list(query: ListQuery) -> tuple[str, Sequence[tuple[int, int]]]:
    page = listing.page(query)
    known = category_ids()
    items = [product_answer(record, category_ids=known) for record in page.items]
    text = _dump({"items": items, "next_cursor": page.next_cursor})
    return text, [(record.row_id, record.version) for record in page.items]


def _product(product_id: str) -> str:
    record = found(listing.product(public_id=product_id))
    return _dump(product_answer(record, category_ids=category_ids()))
