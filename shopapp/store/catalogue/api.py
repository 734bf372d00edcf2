"""The catalogue over the API: the same answers for everybody, kept while they are fresh."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
from typing import Any

from flask import Response, request

from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.errors import NotFound
from shopapp.kernel.http import found
from shopapp.kernel.kept import Personal, asking, keep
from shopapp.store.viewers import tier_reader

from . import freshness, listing
from .answers import category_answer, product_answer
from .categories import categories
from .listing import ListQuery, ProductPage, Sort
from .models import ProductStatus
from .queries import is_public_id
from .schemas import CategoryList, FullProductAnswer, ListArguments, ProductList
from .tier_prices import tier_price

blp = ApiBlueprint("catalogue", __name__, url_prefix="/api/v1", description="商品")


@blp.get("/categories")
@blp.response(200, CategoryList)
def list_categories() -> Response:
    ask = freshness.ask_lists()
    return keep(_answer(_categories()), version=ask(), ask=ask)


@blp.get("/products")
@blp.arguments(ListArguments, location="query")
@blp.response(200, ProductList)
def list_products(data: dict[str, Any]) -> Response:
    query = list_query(data)
    lists = freshness.ask_lists()() or ()
    page = listing.page(query)
    answer = _answer(_product_list(page))
    if query.sort is Sort.SALES:
        return answer  # places change with every sale of a product not on the page
    version = (*lists, sum(product.version for product in page.items))
    return _kept(answer, version=version, ask=freshness.ask_list_of(page.items))


@blp.get("/products/<product_id>")
@blp.response(200, FullProductAnswer)
def show_product(product_id: str) -> Response:
    if not is_public_id(product_id):
        raise NotFound
    ask = freshness.ask_product(public_id=product_id)
    version = ask()
    if version is None or version[1] != ProductStatus.ON_SALE.value:
        raise NotFound
    return _kept(_answer(_product(product_id)), version=version, ask=ask)


def _kept(answer: Response, *, version: Hashable, ask: Callable[[], Hashable]) -> Response:
    """Kept for each tier, whose prices it tells."""
    personal = Personal(read=tier_reader(), shown=_tier())
    return keep(answer, version=version, ask=ask, personal=personal)


def _tier() -> str | None:
    return tier_reader()(asking(request.environ))


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


def _product_list(page: ProductPage) -> str:
    known = category_ids()
    tier = tier_price(_tier())
    items = [product_answer(record, category_ids=known, tier=tier) for record in page.items]
    return _dump({"items": items, "next_cursor": page.next_cursor})


def _product(product_id: str) -> str:
    record = found(listing.product(public_id=product_id))
    return _dump(product_answer(record, category_ids=category_ids(), tier=tier_price(_tier())))
