"""A shop to be measured: its own database, goods, people with sessions and addresses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade

from config import load_settings
from shopapp import create_app
from shopapp.kernel import clock
from shopapp.kernel.db import db, dispose_engines, transaction
from shopapp.kernel.money import Money
from shopapp.store.catalogue import services
from shopapp.store.catalogue.models import Category, Picture, Product
from shopapp.store.catalogue.rules import PictureContent, ProductContent, SkuContent
from shopapp.store.stock import services as stock
from tests.support.databases import spare_database
from tests.support.keys import test_environment
from tests.support.people import Person, make_person

PIECES = 100_000
SLUG = "all"


@dataclass(frozen=True, kw_only=True)
class Shop:
    """`products` are ids as shown outside, `skus` one of each product."""

    name: str
    app: Flask
    environment: dict[str, str]
    folder: Path
    products: list[str]
    skus: list[str]
    people: list[Person]


@contextmanager
def open_shop(kind: str, *, folder: Path, products: int, people: int, gateway: str) -> Iterator[Shop]:
    """A filled shop on `sqlite` or `postgres`, whose platform is at the address `gateway`."""
    home = folder / kind
    home.mkdir()
    with spare_database(kind, home) as url:
        environment = {
            **test_environment(home),
            "DATABASE_URL": url,
            "SHOP_RATE_LIMITS": "off",
            "FLASK_SKIP_DOTENV": "1",
            "WX_API_BASE": gateway,
            "WX_OPEN_BASE": gateway,
            "WX_MP_BASE": gateway,
            "WXPAY_BASE": gateway,
        }
        app = create_app(load_settings(environment, dotenv=None))
        with app.app_context():
            upgrade()
            made = _fill(products)
            crowd = [make_person() for _ in range(people)]
            yield Shop(
                name=kind,
                app=app,
                environment=environment,
                folder=home,
                products=[product.public_id for product in made],
                skus=[product.skus[0].public_id for product in made],
                people=crowd,
            )
            db.session.remove()
            dispose_engines()


def _fill(count: int) -> list[Product]:
    """Products with a picture and two SKUs each, all on one shelf."""
    now = clock.now()
    with transaction():
        shelf = Category(slug=SLUG, name="全部")
        pictures = [
            Picture(file=f"{number:064x}.webp", width=800, height=800, created_at=now)
            for number in range(count)
        ]
        db.session.add_all([shelf, *pictures])
        db.session.flush()
        return [_product(number, shelf, picture) for number, picture in enumerate(pictures)]


def _product(number: int, shelf: Category, picture: Picture) -> Product:
    now = clock.now()
    content = content_of(number, category=shelf.public_id, picture=picture.public_id, fen=990 + number)
    product = services.create_product(content=content, now=now)
    for sku in product.skus:
        stock.set_free(sku_id=sku.id, free=PIECES, now=now)
    services.put_on_sale(product=product, now=now)
    return product


def content_of(number: int, *, category: str, picture: str, fen: int) -> ProductContent:
    """The product of this number at a price."""
    return ProductContent(
        title=f"棉柔巾 {number} 号",
        subtitle="干湿两用，抽着用",
        description="<p>一包八十抽，纯棉，遇水不破。</p><p>放在阴凉干燥的地方。</p>",
        category=category,
        spec_names=("规格",),
        skus=(
            SkuContent(specs=("一包",), price=Money(fen), weight_grams=300),
            SkuContent(specs=("六包",), price=Money(fen + 4000), weight_grams=1800),
        ),
        pictures=(PictureContent(id=picture, alt="棉柔巾"),),
        position=number,
    )
