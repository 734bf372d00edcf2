"""Placing orders, and what their customers see of them."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from shopapp.kernel import clock, preferences
from shopapp.kernel.db import db, transaction
from shopapp.kernel.jobs import registry
from shopapp.kernel.money import Money
from shopapp.kernel.states import IllegalMove
from shopapp.members.identity.queries import SignedIn
from shopapp.store.carts import queries as carts
from shopapp.store.carts import services as cart_services
from shopapp.store.carts.queries import CartOwner
from shopapp.store.catalogue.models import Picture, Product, Sku
from shopapp.store.catalogue.rules import PictureContent
from shopapp.store.orders.models import ORDER_MOVES, Order, OrderLine, OrderStatus, OrderStep
from tests.support.catalogue import change_price, make_product, make_sku, stock_of
from tests.support.clocks import ShopClock
from tests.support.orders import Store, count, events, lines_of, ship
from tests.support.people import Person, browser_of, make_person
from tests.support.queries import statements


@pytest.fixture
def store(app: Flask) -> Store:
    return Store.open(app)


@pytest.fixture
def buyer(app: Flask) -> Person:
    return make_person()


def ask(store: Store, buyer: Person, **body: Any) -> Any:
    """POST /orders, to the buyer's address unless told otherwise."""
    return store.client.post(
        "/api/v1/orders", json={"address_id": buyer.address_id} | body, headers=buyer.headers
    )


def items(*wanted: tuple[Sku, int]) -> list[dict[str, Any]]:
    return [{"sku_id": sku.public_id, "quantity": pieces} for sku, pieces in wanted]


def put_in_cart(buyer: Person, sku: Sku, pieces: int, *, selected: bool = True) -> None:
    with transaction():
        cart_services.put_item(
            of=CartOwner(customer_id=buyer.id),
            sku_public_id=sku.public_id,
            quantity=pieces,
            selected=selected,
            now=clock.now(),
        )


def test_the_selected_lines_of_the_cart_become_an_order(store: Store, buyer: Person) -> None:
    milk, soap = make_sku(price_fen=1290, stock=9), make_sku(price_fen=500)
    put_in_cart(buyer, milk, 2)
    put_in_cart(buyer, soap, 1, selected=False)
    answer = ask(store, buyer, remark="周末送")
    assert answer.status_code == 201, answer.text
    told = answer.get_json()
    assert (told["status"], told["refund_status"], told["remark"]) == ("unpaid", "none", "周末送")
    assert [(line["sku_id"], line["quantity"], line["pay_fen"]) for line in told["lines"]] == [
        (milk.public_id, 2, 2580)
    ]
    assert (told["freight_fen"], told["total_fen"], told["paid_fen"]) == (800, 3380, 0)
    assert carts.selected_items(customer_id=buyer.id) == []
    assert [line.sku.public_id for line in carts.lines(of=CartOwner(customer_id=buyer.id))] == [
        soap.public_id
    ]
    assert stock_of(milk) == (7, 2)
    assert stock_of(soap) == (10, 0)
    (placed,) = events("OrderPlaced")
    assert placed["total_fen"] == 3380
    again = store.client.get(f"/api/v1/orders/{told['no']}", headers=buyer.headers).get_json()
    assert again == told


def test_an_order_keeps_what_was_bought_as_it_was_then(store: Store, buyer: Person) -> None:
    sku = make_sku(price_fen=1290, title="奶瓶", spec_names=["颜色"], skus=[(["蓝"], 1290, 5)])
    order = store.order(by=buyer, of={sku.public_id: 1})
    change_price(sku, 9900)
    with transaction():
        db.session.get_one(Product, sku.product_id).title = "别的"
    (line,) = lines_of(order)
    assert (line.title, line.specs, line.price, line.pay) == ("奶瓶", ["蓝"], Money(1290), Money(1290))
    assert store.again(order).total == Money(1290 + 800)


def test_a_line_shows_its_picture_and_its_specs(store: Store, buyer: Person) -> None:
    with transaction():
        picture = Picture(file=f"{7:064x}.webp", width=800, height=800, created_at=clock.now())
        db.session.add(picture)
    sku = make_sku(
        spec_names=["颜色", "容量"],
        skus=[(["蓝 / 白", "150 ml"], 1290, 5)],
        pictures=(PictureContent(id=picture.public_id),),
    )
    told = ask(store, buyer, items=items((sku, 1), (make_sku(), 1))).get_json()
    with_picture, without = told["lines"]
    assert with_picture["specs"] == ["蓝 / 白", "150 ml"]
    assert with_picture["picture_url"] == f"/media/{7:064x}@750.webp"
    assert (without["specs"], without["picture_url"]) == ([], None)
    assert "picture" not in with_picture
    page = browser_of(store.app, buyer).get(f"/orders/{told['no']}").text
    assert "蓝 / 白 / 150 ml" in page


def test_who_and_where_is_unreadable_in_the_database(store: Store) -> None:
    buyer = make_person(name="欧阳小满")
    store.order(by=buyer)
    (row,) = db.session.execute(text("SELECT * FROM orders")).mappings()
    for name, value in row.items():
        assert "欧阳" not in str(value), name
        assert "1990000" not in str(value), name
        assert "文三路" not in str(value), name


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"items": []}, 422, "invalid"),
        ({"items": [{"sku_id": "nothing", "quantity": 1}]}, 422, "invalid"),
        ({"items": [{"sku_id": "0123456789ab", "quantity": 1}]}, 422, "invalid"),
        ({"quantity": 0}, 422, "invalid"),
        ({"quantity": -1}, 422, "invalid"),
        ({"quantity": 1.5}, 422, "invalid"),
        ({"quantity": "1"}, 422, "invalid"),
        ({"quantity": True}, 422, "invalid"),
        ({"quantity": 10**12}, 422, "invalid"),
        ({"quantity": 11}, 409, "sold_out"),
        ({"address_id": "nowhere"}, 422, "invalid"),
        ({"address_id": None}, 422, "invalid"),
        ({"remark": "x" * 201}, 422, "invalid"),
        ({"remark": "a\x00b"}, 422, "invalid"),
        ({"points": 5}, 409, "means_refused"),
        ({"wallet_fen": 5}, 409, "means_refused"),
        ({"coupon_ids": ["a"]}, 409, "means_refused"),
        ({"total_fen": 1}, 422, "invalid"),
    ],
    ids=str,
)
def test_a_wrong_order_is_refused_and_changes_nothing(
    store: Store, buyer: Person, change: dict[str, Any], status: int, code: str
) -> None:
    sku = make_sku(stock=10)
    body: dict[str, Any] = {"items": items((sku, change.get("quantity", 1)))} | change
    body.pop("quantity", None)
    answer = ask(store, buyer, **body)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code), answer.text
    assert (count(Order), count(OrderStep)) == (0, 0)
    assert stock_of(sku) == (10, 0)


def test_a_guest_and_a_stranger_s_address_are_refused(store: Store, buyer: Person) -> None:
    sku, stranger = make_sku(), make_person()
    body = {"address_id": buyer.address_id, "items": items((sku, 1))}
    assert store.client.post("/api/v1/orders", json=body).status_code == 401
    assert ask(store, stranger, address_id=buyer.address_id, items=items((sku, 1))).status_code == 422
    assert count(Order) == 0


def test_an_empty_cart_makes_no_order(store: Store, buyer: Person) -> None:
    assert ask(store, buyer).get_json()["code"] == "nothing_to_order"


def test_goods_off_sale_cannot_be_ordered(store: Store, buyer: Person) -> None:
    sku = make_sku(on_sale=False)
    assert ask(store, buyer, items=items((sku, 1))).get_json()["code"] == "not_on_sale"


def test_where_the_shop_does_not_deliver_nothing_is_ordered(store: Store, buyer: Person) -> None:
    with transaction():
        preferences.write("freight.no_delivery_regions", ["33"])
    answer = ask(store, buyer, items=items((make_sku(), 1)))
    assert answer.get_json()["code"] == "no_delivery"
    assert "浙江" in answer.get_json()["message"]


def test_a_sold_out_line_leaves_the_other_line_untouched(store: Store, buyer: Person) -> None:
    plenty, scarce = make_sku(stock=10), make_sku(stock=1)
    answer = ask(store, buyer, items=items((plenty, 2), (scarce, 2)))
    assert answer.status_code == 409
    assert answer.get_json()["details"]["sku_id"] == scarce.public_id
    assert stock_of(plenty) == (10, 0)


def test_a_limit_counts_what_was_bought_before_over_all_skus(store: Store, buyer: Person) -> None:
    product = make_product(spec_names=["色"], skus=[(["红"], 100, 9), (["蓝"], 100, 9)], limit_per_customer=3)
    red, blue = product.skus
    first = ask(store, buyer, items=items((red, 2)))
    assert first.status_code == 201
    answer = ask(store, buyer, items=items((red, 1), (blue, 1)))
    assert (answer.status_code, answer.get_json()["code"]) == (409, "purchase_limit")
    wanted = {"items": items((red, 1), (blue, 1))}
    for who, told in ((buyer.headers, ["limit_per_customer"]), ({}, [])):
        quote = store.client.post("/api/v1/quotes", json=wanted, headers=who).get_json()
        assert [refusal["code"] for refusal in quote["refusals"]] == told
    store.client.post(f"/api/v1/orders/{first.get_json()['no']}/cancel", headers=buyer.headers)
    assert ask(store, buyer, items=items((red, 1), (blue, 2))).status_code == 201


def test_a_sixth_unpaid_order_has_to_wait(store: Store, buyer: Person) -> None:
    sku = make_sku(stock=99)
    orders = [store.order(by=buyer, of={sku.public_id: 1}) for _ in range(5)]
    answer = ask(store, buyer, items=items((sku, 1)))
    assert (answer.status_code, answer.get_json()["code"]) == (409, "too_many_unpaid")
    store.tell_paid(store.pay.pay(store.start(orders[0], by=buyer), at=clock.now()))
    assert ask(store, buyer, items=items((sku, 1))).status_code == 201
    assert ask(store, buyer, items=items((sku, 1))).status_code == 409
    store.client.post(f"/api/v1/orders/{orders[1].no}/cancel", headers=buyer.headers)
    assert ask(store, buyer, items=items((sku, 1))).status_code == 201


def test_the_same_key_places_one_order(store: Store, buyer: Person) -> None:
    sku = make_sku(stock=10)
    headers = {**buyer.headers, "Idempotency-Key": "order-1"}
    body = {"address_id": buyer.address_id, "items": items((sku, 1))}
    first, second = (store.client.post("/api/v1/orders", json=body, headers=headers) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.get_json() == second.get_json()
    assert stock_of(sku) == (9, 1)
    other = store.client.post("/api/v1/orders", json=body | {"remark": "x"}, headers=headers)
    assert other.get_json()["code"] == "idempotency_conflict"


def test_orders_are_listed_newest_first_in_pages_and_by_status(store: Store, buyer: Person) -> None:
    sku = make_sku(stock=99)
    with transaction():
        preferences.write("orders.unpaid_max", 99)
    orders = [store.order(by=buyer, of={sku.public_id: 1}) for _ in range(5)]
    store.order(by=make_person(), of={sku.public_id: 1})
    store.client.post(f"/api/v1/orders/{orders[2].no}/cancel", headers=buyer.headers)
    found: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = store.client.get("/api/v1/orders", query_string=query, headers=buyer.headers).get_json()
        found += [order["no"] for order in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == [order.no for order in reversed(orders)]
    assert page["counts"] == {"unpaid": 4, "cancelled": 1}
    unpaid = store.client.get("/api/v1/orders?status=unpaid", headers=buyer.headers).get_json()
    assert len(unpaid["items"]) == 4
    for wrong in ("status=lost", "limit=0", "limit=101", "limit=x"):
        assert store.client.get(f"/api/v1/orders?{wrong}", headers=buyer.headers).status_code == 422


@pytest.mark.parametrize("cursor", ["zzz", "202601010000000000", "%F0%9F%8D%BC"])
def test_a_place_that_is_in_no_list_of_theirs_is_refused(store: Store, buyer: Person, cursor: str) -> None:
    own, other = store.order(by=buyer), store.order()
    for strange in (cursor, other.no):
        answer = store.client.get(f"/api/v1/orders?cursor={strange}", headers=buyer.headers)
        assert (answer.status_code, list(answer.get_json()["details"]["fields"])) == (422, ["cursor"])
    answer = store.client.get(f"/api/v1/orders?cursor={own.no}", headers=buyer.headers)
    assert (answer.status_code, answer.get_json()["items"]) == (200, [])


@pytest.mark.parametrize("wanted", OrderStatus)
@pytest.mark.parametrize("was", OrderStatus)
def test_the_state_table_pair_by_pair(store: Store, was: OrderStatus, wanted: OrderStatus) -> None:
    allowed = {
        ("unpaid", "paid"),
        ("unpaid", "cancelled"),
        ("paid", "partly_shipped"),
        ("paid", "shipped"),
        ("paid", "completed"),
        ("paid", "cancelled"),
        ("partly_shipped", "shipped"),
        ("shipped", "completed"),
    }
    order = store.order()
    with transaction():
        db.session.execute(text("UPDATE orders SET status = :was").bindparams(was=was.value))
    order = store.again(order)
    with transaction():
        if (was.value, wanted.value) in allowed:
            ORDER_MOVES.move(order, wanted)
        else:
            with pytest.raises(IllegalMove):
                ORDER_MOVES.move(order, wanted)
    expected = wanted if (was.value, wanted.value) in allowed else was
    assert store.again(order).status is expected


def test_a_move_from_a_state_that_others_changed_is_refused(store: Store) -> None:
    order = store.order()
    stale = store.again(order)
    with transaction():
        db.session.execute(text("UPDATE orders SET status = 'cancelled'"))
        assert not ORDER_MOVES.try_move(stale, OrderStatus.PAID)
    assert store.again(order).status is OrderStatus.CANCELLED


def test_receipt_needs_all_parcels_and_is_told_once(store: Store, buyer: Person) -> None:
    order = store.paid_order(by=buyer, pieces=2, stock=5)
    (line,) = lines_of(order)
    url = f"/api/v1/orders/{order.no}/receipt"
    assert store.client.post(url, headers=buyer.headers).get_json()["code"] == "not_receivable"
    ship(order, waybill="SF1000000001", lines={line.public_id: 1})
    assert store.client.post(url, headers=buyer.headers).status_code == 409
    ship(order, waybill="SF1000000002")
    for _ in range(2):
        answer = store.client.post(url, headers=buyer.headers)
        assert (answer.status_code, answer.get_json()["status"]) == (200, "completed")
    assert len(events("OrderCompleted")) == 1


def test_what_was_shipped_14_days_ago_counts_as_received(store: Store, clock: ShopClock) -> None:
    early, late = store.paid_order(), store.paid_order()
    ship(early, waybill="SF1000000001")
    clock.forward(days=1)
    ship(late, waybill="SF1000000002")
    clock.forward(days=12, hours=23)
    job = registry()["complete-orders"]
    assert job.run(clock.now()) == 0
    clock.forward(hours=2)
    assert job.run(clock.now()) == 1
    assert job.run(clock.now()) == 0
    assert store.again(early).status is OrderStatus.COMPLETED
    assert store.again(late).status is OrderStatus.SHIPPED
    assert [event["order_id"] for event in events("OrderCompleted")] == [early.id]


def test_the_history_tells_what_happened(store: Store, buyer: Person) -> None:
    order = store.paid_order(by=buyer)
    statement = select(OrderStep.what).filter_by(order_id=order.id).order_by(OrderStep.id)
    assert list(db.session.scalars(statement)) == ["placed", "paid"]


def test_pages_of_orders_take_the_same_number_of_queries(store: Store, buyer: Person) -> None:
    with transaction():
        preferences.write("orders.unpaid_max", 99)
    used: list[int] = []
    for more in (1, 12):
        for _ in range(more):
            store.order(by=buyer, of={make_sku().public_id: 1, make_sku().public_id: 2})
        with statements() as counted:
            page = store.client.get("/api/v1/orders", headers=buyer.headers).get_json()
        used.append(len(counted))
    assert len(page["items"]) == 13
    assert used[0] == used[1] <= 9


def test_an_order_takes_few_statements(store: Store, buyer: Person) -> None:
    skus = [make_sku() for _ in range(6)]
    used: list[int] = []
    for chosen in (skus[:1], skus[1:]):
        with statements() as counted:
            assert ask(store, buyer, items=items(*((sku, 1) for sku in chosen))).status_code == 201
        used.append(len(counted))
    assert used[0] <= 18, used
    assert db.session.scalar(select(OrderLine.id).limit(1)) is not None
    assert isinstance(buyer.signed_in, SignedIn)
