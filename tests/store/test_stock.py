"""Pieces of goods: taken, given back, sold, counted."""

from __future__ import annotations

import threading

import pytest
from flask import Flask
from sqlalchemy import func, select

from shopapp.kernel import clock
from shopapp.kernel.db import db, transaction
from shopapp.kernel.errors import Invalid
from shopapp.store.catalogue import queries as catalogue
from shopapp.store.catalogue.models import Product
from shopapp.store.stock import services as stock
from shopapp.store.stock.models import StockMovement, StockReason
from tests.support.catalogue import make_sku, see_the_present, stock_of


def movements(sku_id: int) -> list[tuple[str, int, int]]:
    statement = select(StockMovement).filter_by(sku_id=sku_id).order_by(StockMovement.id)
    rows = db.session.scalars(statement).all()
    return [(row.reason.value, row.free_change, row.held_change) for row in rows]


def product_of(sku_id: int) -> Product:
    see_the_present()
    return db.session.scalars(select(Product).where(Product.skus.any(id=sku_id))).one()


def test_held_pieces_are_sold_or_come_back(app: Flask) -> None:
    sku = make_sku(stock=10)
    with transaction():
        stock.hold(quantities={sku.id: 3}, subject="order:1", now=clock.now())
        stock.hold(quantities={sku.id: 2}, subject="order:2", now=clock.now())
    assert stock_of(sku) == (5, 5)
    with transaction():
        stock.settle(quantities={sku.id: 3}, subject="order:1", now=clock.now())
        stock.release(quantities={sku.id: 2}, subject="order:2", now=clock.now())
    assert stock_of(sku) == (7, 0)
    assert movements(sku.id) == [
        ("count", 10, 0),
        ("hold", -3, 3),
        ("hold", -2, 2),
        ("sale", 0, -3),
        ("release", 2, -2),
    ]
    assert product_of(sku.id).sold == 3


def test_of_two_skus_one_too_few_leaves_both_untouched(app: Flask) -> None:
    plenty, scarce = make_sku(stock=10), make_sku(stock=1, title="木制积木")
    with pytest.raises(stock.SoldOut) as refused, transaction():
        stock.hold(quantities={scarce.id: 2, plenty.id: 2}, subject="order:1", now=clock.now())
    assert refused.value.details == {"sku_id": scarce.public_id, "title": "木制积木", "left": 1}
    assert "只剩 1 件" in refused.value.message
    assert stock_of(plenty) == (10, 0)
    assert stock_of(scarce) == (1, 0)
    assert len(movements(plenty.id)) == 1


def test_200_buyers_of_50_pieces_get_50(app: Flask) -> None:
    sku = make_sku(stock=50)
    won: list[bool] = []
    start = threading.Barrier(20)

    def ten_buyers() -> None:
        with app.app_context():
            start.wait()
            for number in range(10):
                try:
                    with transaction():
                        stock.hold(quantities={sku.id: 1}, subject=f"order:{number}", now=clock.now())
                    won.append(True)
                except stock.SoldOut:
                    won.append(False)
            db.session.remove()

    threads = [threading.Thread(target=ten_buyers) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (won.count(True), won.count(False)) == (50, 150)
    assert stock_of(sku) == (0, 50)
    held = select(func.count()).select_from(StockMovement).filter_by(sku_id=sku.id, reason=StockReason.HOLD)
    assert db.session.scalar(held) == 50
    assert product_of(sku.id).in_stock is False


def test_buyers_of_the_same_two_things_never_wait_in_a_ring(app: Flask) -> None:
    first, second = make_sku(stock=1000), make_sku(stock=1000)
    failures: list[BaseException] = []

    def buy(order: tuple[int, int]) -> None:
        with app.app_context():
            try:
                for _ in range(10):
                    with transaction():
                        quantities = dict.fromkeys(order, 1)
                        stock.hold(quantities=quantities, subject="order", now=clock.now())
                        stock.settle(quantities=quantities, subject="order", now=clock.now())
            except BaseException as problem:
                failures.append(problem)
            db.session.remove()

    both = (first.id, second.id)
    threads = [threading.Thread(target=buy, args=(both[:: 1 if n % 2 else -1],)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert stock_of(first) == stock_of(second) == (920, 0)
    assert product_of(first.id).sold == product_of(second.id).sold == 80


def test_what_is_not_held_cannot_be_released_or_settled(app: Flask) -> None:
    sku = make_sku(stock=5)
    for leave in (stock.release, stock.settle):
        with pytest.raises(stock.OutOfStep), transaction():
            leave(quantities={sku.id: 1}, subject="order:1", now=clock.now())
    assert stock_of(sku) == (5, 0)


def test_counting_leaves_held_pieces_alone_and_says_the_difference(app: Flask) -> None:
    sku = make_sku(stock=5)
    with transaction():
        stock.hold(quantities={sku.id: 2}, subject="order:1", now=clock.now())
        assert stock.set_free(sku_id=sku.id, free=40, note="盘点", now=clock.now()) == 37
        assert stock.set_free(sku_id=sku.id, free=40, now=clock.now()) == 0
    assert stock_of(sku) == (40, 2)
    assert movements(sku.id)[-1] == ("count", 37, 0)


def test_adjusting_stays_within_bounds(app: Flask) -> None:
    sku = make_sku(stock=5)
    with transaction():
        assert stock.adjust(sku_id=sku.id, delta=-5, note="破损", now=clock.now()) == 0
    with pytest.raises(stock.TooFew), transaction():
        stock.adjust(sku_id=sku.id, delta=-1, note="破损", now=clock.now())
    with pytest.raises(Invalid), transaction():
        stock.adjust(sku_id=sku.id, delta=stock.FREE_MAX + 1, note="到货", now=clock.now())
    with pytest.raises(Invalid), transaction():
        stock.set_free(sku_id=sku.id, free=-1, now=clock.now())
    assert stock_of(sku) == (0, 0)


def test_pieces_that_come_back_are_taken_even_above_what_may_be_counted(app: Flask) -> None:
    sku = make_sku(stock=5)
    with transaction():
        stock.hold(quantities={sku.id: 2}, subject="order:1", now=clock.now())
        stock.settle(quantities={sku.id: 2}, subject="order:1", now=clock.now())
        stock.set_free(sku_id=sku.id, free=1_000_000, now=clock.now())
        stock.restock(quantities={sku.id: 2}, subject="refund:1", now=clock.now())
    assert stock_of(sku) == (1_000_002, 0)
    assert sum(free for _reason, free, _held in movements(sku.id)) == 1_000_002
    with transaction():
        stock.set_free(sku_id=sku.id, free=10, now=clock.now())
    assert stock_of(sku) == (10, 0)


def test_the_last_piece_makes_the_product_sold_out_and_its_return_undoes_it(app: Flask) -> None:
    sku = make_sku(stock=1)
    before = product_of(sku.id)
    version = before.version
    assert before.in_stock is True
    with transaction():
        stock.hold(quantities={sku.id: 1}, subject="order:1", now=clock.now())
    sold_out = product_of(sku.id)
    assert (sold_out.in_stock, sold_out.version > version) == (False, True)
    with transaction():
        stock.release(quantities={sku.id: 1}, subject="order:1", now=clock.now())
    assert product_of(sku.id).in_stock is True


def test_what_can_be_bought_is_told_in_one_record(app: Flask) -> None:
    sku = make_sku(
        title="连体衣",
        spec_names=["颜色", "尺码"],
        skus=[(["米白", "73"], 8900, 4), (["米白", "80"], 9900, 0)],
        limit_per_customer=2,
    )
    found = catalogue.sellable(sku_ids=[sku.public_id, "nothing", "\x00"])
    assert list(found) == [sku.public_id]
    one = found[sku.public_id]
    assert (one.title, one.specs_text, one.price.fen, one.free) == ("连体衣", "米白 / 73", 8900, 4)
    assert (one.on_sale, one.limit_per_customer, one.returnable, one.picture) == (True, 2, True, None)
