"""Goods for tests: `make_product(title="奶瓶", price_fen=5900, stock=10)` is on sale with one SKU at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import count
from typing import Any

from sqlalchemy import select

from shopapp.kernel import clock
from shopapp.kernel.db import db, in_transaction, transaction
from shopapp.kernel.money import Money
from shopapp.store.catalogue import services
from shopapp.store.catalogue.models import Category, Product, Sku
from shopapp.store.catalogue.rules import ProductContent, SkuContent
from shopapp.store.stock import services as stock
from shopapp.store.stock.models import StockLevel

_numbers = count(1)


@contextmanager
def writing() -> Iterator[None]:
    """The open transaction, or one of its own."""
    with nullcontext() if in_transaction() else transaction():
        yield


def make_category(*, name: str = "洗护清洁", slug: str | None = None, position: int = 0) -> Category:
    with writing():
        row = Category(name=name, slug=slug or f"shelf-{next(_numbers)}", position=position)
        db.session.add(row)
        db.session.flush()
        return row


def product_content(**wanted: Any) -> ProductContent:
    """One SKU of 59.00 yuan without specs, but for what is named."""
    wanted.setdefault("title", f"婴儿润肤乳 {next(_numbers)} 号")
    wanted.setdefault("skus", (SkuContent(price=Money(5900), weight_grams=240),))
    return ProductContent(**wanted)


def make_product(
    *,
    price_fen: int = 5900,
    stock: int = 10,
    on_sale: bool = True,
    spec_names: Sequence[str] = (),
    skus: Sequence[tuple[Sequence[str], int, int]] = (),
    category: Category | None = None,
    weight_grams: int = 240,
    **content: Any,
) -> Product:
    """A product with its stock. `skus` holds (specs, price in fen, stock) for each, instead of `price_fen`, `stock`."""
    choices = list(skus) or [((), price_fen, stock)]
    with writing():
        product = services.create_product(
            content=product_content(
                spec_names=tuple(spec_names),
                skus=tuple(
                    SkuContent(specs=tuple(specs), price=Money(fen), weight_grams=weight_grams)
                    for specs, fen, _ in choices
                ),
                category=category.public_id if category else None,
                **content,
            ),
            now=clock.now(),
        )
        for sku, (_, _, pieces) in zip(product.skus, choices, strict=True):
            put_in_stock(sku, pieces)
        if on_sale:
            services.put_on_sale(product=product, now=clock.now())
        return product


def make_sku(**wanted: Any) -> Sku:
    """The first SKU of a new product."""
    return make_product(**wanted).skus[0]


def put_in_stock(sku: Sku, pieces: int) -> None:
    with writing():
        stock.set_free(sku_id=sku.id, free=pieces, now=clock.now())


def change_price(sku: Sku, fen: int) -> None:
    """As the merchant would: the product is written anew with another price of this SKU."""
    with writing():
        product = db.session.get_one(Product, sku.product_id)
        services.update_product(
            product=product,
            content=product_content(
                title=product.title,
                spec_names=tuple(product.spec_names),
                skus=tuple(
                    SkuContent(
                        id=other.public_id,
                        specs=tuple(other.specs),
                        price=Money(fen) if other.id == sku.id else other.price,
                    )
                    for other in product.skus
                    if other.active
                ),
            ),
            now=clock.now(),
        )


def see_the_present() -> None:
    """Let go of what was read before, unless a transaction is open."""
    if not in_transaction():
        db.session.rollback()
        db.session.expire_all()


def stock_of(sku: Sku) -> tuple[int, int]:
    """(free, held) as the database has them now."""
    see_the_present()
    statement = select(StockLevel.free, StockLevel.held).where(StockLevel.sku_id == sku.id)
    free, held = db.session.execute(statement).one()
    return free, held
