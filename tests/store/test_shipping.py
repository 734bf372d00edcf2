"""Parcels: several per order, parts of a line in each."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from shopapp.kernel.access import Permission
from shopapp.kernel.errors import Invalid
from shopapp.store.orders.models import OrderStatus
from shopapp.store.shipping.models import Shipment
from shopapp.store.shipping.services import NotShippable, WaybillUsed
from tests.support.catalogue import make_sku
from tests.support.merchant import merchant_client
from tests.support.orders import Store, count, events, lines_of, ship
from tests.support.people import make_person


@pytest.fixture
def store(app: Flask) -> Store:
    return Store.open(app)


def test_parts_of_lines_leave_in_several_parcels(store: Store) -> None:
    order = store.paid_order(of={make_sku().public_id: 3, make_sku().public_id: 1})
    milk, soap = lines_of(order)
    first = ship(order, waybill="sf 1000-000001", lines={milk.public_id: 2})
    assert (first.waybill, first.carrier_name) == ("SF1000000001", "顺丰速运")
    assert store.again(order).status is OrderStatus.PARTLY_SHIPPED
    assert store.again(order).shipped_at is None
    ship(order, waybill="SF1000000002", lines={soap.public_id: 1})
    assert store.again(order).status is OrderStatus.PARTLY_SHIPPED
    last = ship(order, waybill="SF1000000003")
    assert last.lines == ((milk.id, 1),)
    order = store.again(order)
    assert order.status is OrderStatus.SHIPPED
    assert order.shipped_at is not None
    assert len(events("OrderShipped")) == 3


def test_more_than_is_left_is_refused_and_nothing_leaves(store: Store) -> None:
    order, other = store.paid_order(pieces=2), store.paid_order()
    (line,), (stranger,) = lines_of(order), lines_of(other)
    for lines in ({line.public_id: 3}, {line.public_id: 0}, {stranger.public_id: 1}, {}):
        with pytest.raises(Invalid):
            ship(order, waybill="SF1000000001", lines=lines)
    ship(order, waybill="SF1000000001", lines={line.public_id: 1})
    with pytest.raises(Invalid):
        ship(order, waybill="SF1000000002", lines={line.public_id: 2})
    assert count(Shipment) == 1


@pytest.mark.parametrize("waybill", ["", "12345", "SF 1", "运单号运单号", "A" * 33, "SF-100-000\x00"])
def test_a_waybill_that_cannot_be_one_is_refused(store: Store, waybill: str) -> None:
    with pytest.raises(Invalid) as refused:
        ship(store.paid_order(), waybill=waybill)
    assert "waybill" in refused.value.details["fields"]


def test_an_unknown_carrier_and_a_used_number_are_refused(store: Store) -> None:
    order = store.paid_order(pieces=2)
    (line,) = lines_of(order)
    with pytest.raises(Invalid):
        ship(order, waybill="SF1000000001", carrier="pigeon")
    ship(order, waybill="SF1000000001", lines={line.public_id: 1})
    with pytest.raises(WaybillUsed):
        ship(order, waybill="SF1000000001")


def test_only_a_paid_order_is_shipped(store: Store) -> None:
    unpaid, shipped = store.order(), store.paid_order()
    ship(shipped, waybill="SF1000000001")
    for order in (unpaid, shipped):
        with pytest.raises(NotShippable):
            ship(order, waybill="SF1000000009")
    assert store.again(unpaid).status is OrderStatus.UNPAID


def test_the_warehouse_ships_over_the_api(store: Store, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    buyer = make_person()
    order = store.paid_order(by=buyer)
    (line,) = lines_of(order)
    url = f"/api/v1/admin/orders/{order.no}/shipments"
    body: dict[str, Any] = {
        "carrier": "zto",
        "waybill": "75000000001",
        "lines": [{"line_id": line.public_id, "quantity": 1}],
    }
    reader = merchant_client(app, monkeypatch, Permission.ORDERS_VIEW)
    assert reader.post(url, json=body).status_code == 403
    warehouse = merchant_client(app, monkeypatch, Permission.ORDERS_VIEW, Permission.ORDERS_SHIP)
    first = warehouse.post(url, json=body, headers={"Idempotency-Key": "s1"})
    second = warehouse.post(url, json=body, headers={"Idempotency-Key": "s1"})
    assert (first.status_code, first.get_json()) == (201, second.get_json())
    assert first.get_json()["lines"] == [{"line_id": line.public_id, "quantity": 1}]
    told = store.client.get(f"/api/v1/orders/{order.no}", headers=buyer.headers).get_json()
    assert (told["status"], told["shipments"]) == ("shipped", [first.get_json()])
    twice = body | {"lines": body["lines"] * 2}
    assert warehouse.post(url, json=twice).status_code == 422
    assert warehouse.post("/api/v1/admin/orders/1/shipments", json=body).status_code == 404
