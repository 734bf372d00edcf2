"""What a demo customer puts in the basket: by the stage of life, what ran out, and how often they came before."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate

from shopapp.admin.demo.catalogue import Product, Sku, products
from shopapp.admin.demo.people import Customer, Source, Stage
from shopapp.admin.demo.rhythm import DAYS

# Pieces in the first, second, third and every later order.
DEPTH = (1.1, 1.6, 2.5, 4.0)
PIECES_MAX = 12
RUNNING_OUT = 0.7
SAME_AGAIN_SHARE = 0.55
ANOTHER_OF_THE_SAME_SHARE = 0.15
DEAL_PRICE_FEN_MAX = 2600
# How likely each stage buys from each category, beside the popularity of a product.
TASTES: dict[Stage, dict[str, float]] = {
    Stage.EXPECTING: {"mothers": 6, "nappies": 1.5, "feeding": 1.5, "bath": 1, "snacks": 1.6, "clothes": 0.8},
    Stage.NEWBORN: {"nappies": 5, "feeding": 2.5, "bath": 2.2, "mothers": 2, "clothes": 1, "snacks": 0.8},
    Stage.BABY: {
        "babyfood": 4,
        "nappies": 3.5,
        "feeding": 2,
        "bath": 1.6,
        "toys": 1,
        "clothes": 1,
        "snacks": 0.6,
    },
    Stage.TODDLER: {"babyfood": 3, "toys": 2.2, "clothes": 2, "nappies": 2, "snacks": 1.2, "bath": 1.2},
    Stage.CHILD: {"toys": 3, "clothes": 2.4, "snacks": 2.6, "bath": 1.2, "babyfood": 0.8},
    Stage.GROWN: {"snacks": 6, "bath": 0.6, "toys": 0.5, "mothers": 0.3},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedLine:
    """`price_fen` is for one piece; `refunded` counts pieces given back."""

    product: str
    sku: str
    quantity: int
    price_fen: int
    refunded: int = 0


@dataclass(slots=True)
class Past:
    """What a customer bought so far: the last SKU and when (share of the year), and pieces of limited goods."""

    orders: int = 0
    last: dict[str, tuple[str, float]] = field(default_factory=dict)
    pieces: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Shelf:
    goods: tuple[Product, ...]
    reached: tuple[float, ...]

    def pick(self, rng: random.Random) -> Product:
        return rng.choices(self.goods, cum_weights=self.reached)[0]


def fill(rng: random.Random, *, customer: Customer, past: Past, share: float) -> dict[tuple[str, str], int]:
    """Pieces by (product, SKU) for an order placed at `share` of the year. `past` is only read."""
    pieces = _depth(rng, past.orders, deals=customer.source is Source.DEALS)
    basket: dict[tuple[str, str], int] = {}
    due = _running_out(past, share)
    for _ in range(pieces):
        chosen = _next_piece(rng, customer=customer, past=past, due=due, basket=basket)
        if not _over_limit(chosen[0], past, basket):
            basket[chosen] = basket.get(chosen, 0) + 1
    if not basket:
        spare = _unlimited().pick(rng)
        basket[spare.slug, _choose_sku(rng, spare, first=True).code] = 1
    return basket


def lines(basket: dict[tuple[str, str], int]) -> tuple[PlannedLine, ...]:
    """The basket with today's prices."""
    return tuple(
        PlannedLine(product=product, sku=sku, quantity=count, price_fen=_skus()[sku].price_fen)
        for (product, sku), count in basket.items()
    )


def remember(past: Past, basket: dict[tuple[str, str], int], *, share: float) -> None:
    """Note a paid order in the customer's past."""
    past.orders += 1
    for (product, sku), count in basket.items():
        past.last[product] = (sku, share)
        past.pieces[product] = past.pieces.get(product, 0) + count


def _depth(rng: random.Random, orders: int, *, deals: bool) -> int:
    if deals:
        return 1
    mean = DEPTH[min(orders, len(DEPTH) - 1)] - 1
    # Knuth's way of drawing a Poisson number; the means are small.
    floor, product, count = math.exp(-mean), rng.random(), 0
    while product > floor and count < PIECES_MAX - 1:
        product *= rng.random()
        count += 1
    return count + 1


def _next_piece(
    rng: random.Random, *, customer: Customer, past: Past, due: list[str], basket: dict[tuple[str, str], int]
) -> tuple[str, str]:
    if basket and rng.random() < ANOTHER_OF_THE_SAME_SHARE:
        return rng.choice(list(basket))
    if due and rng.random() < SAME_AGAIN_SHARE:
        slug = due.pop(rng.randrange(len(due)))
        return slug, past.last[slug][0]
    shelf = _deals() if customer.source is Source.DEALS else _shelf(customer.stage)
    product = shelf.pick(rng)
    if product.slug in past.last and product.lasts_days == 0:
        product = shelf.pick(rng)
    return product.slug, _choose_sku(rng, product, first=past.orders == 0).code


def _choose_sku(rng: random.Random, product: Product, *, first: bool) -> Sku:
    """Newcomers try the small pack, regulars take the larger ones too."""
    if first and rng.random() < 0.7:
        cheap = [sku for sku in product.skus if sku.price_fen == product.price_from_fen]
        return rng.choice(cheap)
    return rng.choice(product.skus)


def _running_out(past: Past, share: float) -> list[str]:
    goods = _goods()
    return [
        slug
        for slug, (_, bought) in past.last.items()
        if goods[slug].lasts_days and (share - bought) * DAYS >= goods[slug].lasts_days * RUNNING_OUT
    ]


def _over_limit(slug: str, past: Past, basket: dict[tuple[str, str], int]) -> bool:
    limit = _goods()[slug].limit
    if not limit:
        return False
    now = sum(count for (product, _), count in basket.items() if product == slug)
    return past.pieces.get(slug, 0) + now >= limit


@cache
def _goods() -> dict[str, Product]:
    return {product.slug: product for product in products()}


@cache
def _skus() -> dict[str, Sku]:
    return {sku.code: sku for product in products() for sku in product.skus}


@cache
def _shelf(stage: Stage) -> _Shelf:
    tastes = TASTES[stage]
    return _shelf_of(
        {product: product.popularity * tastes.get(product.category, 0.15) for product in products()}
    )


@cache
def _deals() -> _Shelf:
    cheap = [product for product in products() if product.price_from_fen <= DEAL_PRICE_FEN_MAX]
    return _shelf_of({product: float(product.popularity) for product in cheap})


@cache
def _unlimited() -> _Shelf:
    return _shelf_of({product: float(product.popularity) for product in products() if not product.limit})


def _shelf_of(weights: dict[Product, float]) -> _Shelf:
    return _Shelf(tuple(weights), tuple(accumulate(weights.values())))
