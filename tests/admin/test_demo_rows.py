"""The rows of the past are those that the services leave when they do the same."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from shopapp.kernel import clock
from shopapp.kernel.db import transaction
from shopapp.store.aftersales.services import refund_lines
from shopapp.store.orders import services as orders
from shopapp.store.orders.models import Order
from shopapp.store.payments import exchanges
from tests.support.catalogue import make_sku
from tests.support.orders import Store, lines_of, ship
from tests.support.people import make_person

from .test_demo_load import ask, fill

OF_REFUND = "refund_id IN (SELECT id FROM refunds WHERE order_id = :id)"
OF_PARCEL = "shipment_id IN (SELECT id FROM shipments WHERE order_id = :id)"
OF_STOCK = "subject = (SELECT 'order:' || no FROM orders WHERE id = :id)"
TABLES = {
    "orders": "id = :id",
    "order_lines": "order_id = :id",
    "order_steps": "order_id = :id",
    "payments": "order_id = :id",
    "shipments": "order_id = :id",
    "shipment_lines": OF_PARCEL,
    "refunds": "order_id = :id",
    "refund_lines": OF_REFUND,
    "stock_movements": OF_STOCK,
}
TOLD_EXACTLY = {"status", "refund_status", "state", "cause", "what", "settles", "restocked", "cancel_reason"}
# The calls to the platform are not part of the past: what they were answered, how often it was asked. Time passed since.
LEFT_OUT = {
    "id",
    "remark",
    "no_return_confirmed_at",
    "final_at",
    "prepay_id",
    "prepay_until",
    "queries",
    "tries",
    "note",
    "specs",
    "picture",
    "actor",
}


def shape(order_id: int) -> dict[str, set[tuple[tuple[str, Any], ...]]]:
    """What kinds of rows an order has: states in words, numbers by their sign, everything else by whether it is there."""
    return {
        name: {
            tuple(
                (column, told(name, column, value))
                for column, value in row._mapping.items()
                if column not in LEFT_OUT
            )
            for row in ask(f"SELECT * FROM {name} WHERE {condition}", id=order_id)
        }
        for name, condition in TABLES.items()
    }


def told(name: str, column: str, value: Any) -> Any:
    if column in TOLD_EXACTLY or (name, column) == ("stock_movements", "reason"):
        return value
    if column in ("free_change", "held_change"):
        return (value > 0) - (value < 0)
    return value is not None


def in_the_past(condition: str) -> int:
    """An order of the filled shop with goods for less than free delivery."""
    found = ask(f"SELECT id FROM orders WHERE {condition} AND freight > 0 ORDER BY id LIMIT 1")
    row_id: int = found[0][0]
    return row_id


@pytest.fixture
def store(app: Flask) -> Store:
    fill(until=clock.now(), orders=400)
    return Store.open(app)


def give_back(store: Store, order: Order, *, pieces: int) -> None:
    """Staff send this many pieces of each line back, and the money arrives."""
    wanted = {line.public_id: pieces for line in lines_of(order)}
    with transaction():
        refund = refund_lines(no=order.no, lines=wanted, amount=None, reason="包装破损", now=clock.now())
    assert refund is not None
    exchanges.send_refund(refund_id=refund, now=clock.now())
    assert store.refunds(order)[-1].state.value == "done"


def finished_and_partly_given_back(store: Store) -> None:
    buyer = make_person()
    order = store.paid_order(by=buyer, of={make_sku(price_fen=1500).public_id: 2})
    ship(order, waybill="ZTO123456789012", carrier="zto")
    with transaction():
        orders.confirm_receipt(no=order.no, customer_id=buyer.id, now=clock.now())
    give_back(store, order, pieces=1)
    past = in_the_past(
        "status = 'completed' AND refund_status = 'part' AND id IN (SELECT order_id FROM order_steps WHERE"
        " what = 'received') AND (SELECT count(*) FROM order_lines l WHERE l.order_id = orders.id) = 1"
    )
    assert shape(past) == shape(order.id)


def refunded_before_it_was_shipped(store: Store) -> None:
    order = store.paid_order(of={make_sku(price_fen=1500).public_id: 2})
    give_back(store, order, pieces=2)
    assert store.again(order).status.value == "cancelled"
    assert shape(in_the_past("cancel_reason = 'refunded'")) == shape(order.id)


def paid_just_now(store: Store) -> None:
    order = store.paid_order(of={make_sku(price_fen=1500).public_id: 2})
    past = in_the_past("status = 'paid'")
    assert shape(past) == shape(order.id)


def cancelled(store: Store, reason: str) -> None:
    order = store.order(of={make_sku(price_fen=1500).public_id: 2})
    exchanges.cancel_order(order_id=order.id, reason=reason, now=clock.now())
    assert shape(in_the_past(f"cancel_reason = '{reason}'")) == shape(order.id)


def test_the_past_looks_as_if_it_had_been_lived(store: Store) -> None:
    finished_and_partly_given_back(store)
    refunded_before_it_was_shipped(store)
    paid_just_now(store)
    cancelled(store, "timeout")
    cancelled(store, "customer")
