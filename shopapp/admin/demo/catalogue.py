"""The goods of the demo shop, read from `goods/*.toml` into plain records. No database here."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product as combinations
from pathlib import Path
from typing import Any

GOODS = Path(__file__).resolve().parent / "goods"
SPECS_MAX = 3
OPTION_SEPARATOR = " / "

SHOP_NAME = "小满母婴零食铺"
SHOP_SHORT_NAME = "小满"
SHOP_SLOGAN = "给孩子，也给自己，小小的满足"
SHOP_COLOUR = "#E2472F"


class BadGoodsError(ValueError):
    """A file under `goods/` contradicts itself; the message names the product."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One dimension to choose from, such as a colour; `options` in the order shown."""

    name: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sku:
    """One thing that can be put in a cart. `options` names one option per spec of its product, in their order."""

    code: str
    options: tuple[str, ...]
    price_fen: int
    weight_g: int
    stock: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """`copy` holds paragraphs; `lasts_days` is how long one piece is used, 0 for things bought once;
    `no_return` says why the seven-day return does not apply, empty when it does; `limit` 0 means none;
    `popularity` is a relative weight, not a rank. `pictures` are recipes for `pictures.draw`."""

    slug: str
    category: str
    title: str
    subtitle: str
    copy: tuple[str, ...]
    specs: tuple[Spec, ...]
    skus: tuple[Sku, ...]
    limit: int
    on_sale: bool
    no_return: str
    lasts_days: int
    popularity: int
    pack: str
    label: str
    points: tuple[str, ...]
    pictures: tuple[str, ...]

    @property
    def price_from_fen(self) -> int:
        return min(sku.price_fen for sku in self.skus)


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    slug: str
    name: str
    art: str
    palette: str
    products: tuple[Product, ...]


@cache
def catalogue() -> tuple[Category, ...]:
    """All categories with their products, in the order of the shop. Raises `BadGoodsError`."""
    categories = tuple(read_category(path) for path in sorted(GOODS.glob("*.toml")))
    slugs = [product.slug for category in categories for product in category.products]
    if len(slugs) != len(set(slugs)):
        raise BadGoodsError("two products share a slug")
    return categories


def products() -> Iterator[Product]:
    """Every product of every category."""
    for category in catalogue():
        yield from category.products


def read_category(path: Path) -> Category:
    """One file of goods. Raises `BadGoodsError` when it contradicts itself."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    slug = str(raw["slug"])
    return Category(
        slug=slug,
        name=raw["name"],
        art=raw["art"],
        palette=raw["palette"],
        products=tuple(_product(item, category=slug) for item in raw["product"]),
    )


def _product(raw: Mapping[str, Any], *, category: str) -> Product:
    specs = tuple(Spec(name=spec["name"], options=tuple(spec["options"])) for spec in raw.get("specs", ()))
    if len(specs) > SPECS_MAX:
        raise BadGoodsError(f"{raw['slug']}: more than {SPECS_MAX} specs")
    return Product(
        slug=raw["slug"],
        category=category,
        title=raw["title"],
        subtitle=raw["subtitle"],
        copy=tuple(part.strip() for part in raw["copy"].split("\n\n") if part.strip()),
        specs=specs,
        skus=tuple(_skus(raw, specs=specs)),
        limit=raw.get("limit", 0),
        on_sale=raw.get("on_sale", True),
        no_return=raw.get("no_return", ""),
        lasts_days=raw["lasts_days"],
        popularity=raw["popularity"],
        pack=raw.get("pack", ""),
        label=raw.get("label", ""),
        points=tuple(raw.get("points", ())),
        pictures=tuple(raw["pictures"]),
    )


def _skus(raw: Mapping[str, Any], *, specs: Sequence[Spec]) -> Iterator[Sku]:
    """Every combination of options. One spec at most carries prices and weights; else the product does."""
    sold_out = set(raw.get("sold_out", ()))
    for place, chosen in enumerate(combinations(*(range(len(spec.options)) for spec in specs))):
        options = tuple(spec.options[index] for spec, index in zip(specs, chosen, strict=True))
        name = OPTION_SEPARATOR.join(options)
        gone = name in sold_out
        sold_out.discard(name)
        yield Sku(
            code="-".join([raw["slug"], *(str(index + 1) for index in chosen)]),
            options=options,
            price_fen=_of_option(raw, "price_fen", chosen),
            weight_g=_of_option(raw, "weight_g", chosen),
            stock=0 if gone else _stock(raw["stock"], place=place),
        )
    if sold_out:
        raise BadGoodsError(f"{raw['slug']}: no such option: {', '.join(sorted(sold_out))}")


def _of_option(raw: Mapping[str, Any], field: str, chosen: Sequence[int]) -> int:
    for spec, index in zip(raw.get("specs", ()), chosen, strict=True):
        if field in spec:
            return int(spec[field][index])
    return int(raw[field])


def _stock(base: int, *, place: int) -> int:
    """The stated stock, a little uneven between options, as on real shelves."""
    return base - base * (place * 7 % 5) // 12
