"""The merchant's side of orders: who may see what, cancel, note, and what customers are told."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shopapp.kernel import clock, preferences
from shopapp.kernel.access import Permission
from shopapp.kernel.audit import AuditEntry
from shopapp.kernel.db import db, transaction
from shopapp.kernel.jobs import registry
from shopapp.store.aftersales import services as aftersales
from shopapp.store.orders.models import OrderStatus
from shopapp.wechat.models import MessageState, OutgoingMessage
from shopapp.wechat.pay import TradeState, Unknown
from tests.support.catalogue import make_sku
from tests.support.merchant import merchant_client
from tests.support.orders import Store, count, lines_of, ship
from tests.support.people import make_person
from tests.support.queries import statements

ADMIN = "/api/v1/admin/orders"
TEMPLATES = {
    topic: {"template_id": f"T-{topic}", "fields": {"number": "character_string1", "amount": "amount2"}}
    for topic in ("order_paid", "order_refunded")
}


@pytest.fixture
def store(app: Flask) -> Store:
    return Store.open(app)


def actions() -> list[str]:
    return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_guests_and_customers_are_kept_out(store: Store) -> None:
    buyer = make_person()
    order = store.order(by=buyer)
    for path in ("", f"/{order.no}"):
        assert store.client.get(ADMIN + path).status_code == 401
        assert store.client.get(ADMIN + path, headers=buyer.headers).status_code == 401
    for act in ("cancel", "refunds", "shipments"):
        answer = store.client.post(f"{ADMIN}/{order.no}/{act}", json={}, headers=buyer.headers)
        assert answer.status_code == 401
    assert store.again(order).status is OrderStatus.UNPAID


def test_personal_data_is_masked_for_those_who_need_not_see_it(
    store: Store, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = store.order(by=make_person(name="欧阳小满"))
    analyst = merchant_client(app, monkeypatch, Permission.ORDERS_VIEW)
    seen = analyst.get(f"{ADMIN}/{order.no}").get_json()["address"]
    assert seen["name"] == "欧***"
    assert "****" in seen["phone"]
    assert "301" not in seen["detail"]
    listed = analyst.get(ADMIN).get_data(as_text=True)
    assert "小满" not in listed
    assert order.ship_phone not in listed
    warehouse = merchant_client(app, monkeypatch, Permission.ORDERS_VIEW, Permission.CUSTOMERS_SEE_PERSONAL)
    assert warehouse.get(f"{ADMIN}/{order.no}").get_json()["address"]["phone"] == order.ship_phone


def test_orders_are_found_by_number_phone_status_and_time(
    store: Store, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid, unpaid = store.paid_order(), store.order()
    client = merchant_client(app, monkeypatch)

    def found(**query: Any) -> list[str]:
        return [order["no"] for order in client.get(ADMIN, query_string=query).get_json()["items"]]

    assert found() == [unpaid.no, paid.no]
    assert found(q=paid.no) == [paid.no]
    assert found(q=unpaid.ship_phone) == [unpaid.no]
    assert found(q="1") == []
    assert found(status="paid") == [paid.no]
    assert found(since=clock.now().isoformat()) == []
    assert found(until=clock.now().isoformat(), limit=1) == [unpaid.no]
    assert client.get(ADMIN, query_string={"since": "yesterday"}).status_code == 422


def test_staff_cancel_an_unpaid_order_at_the_platform_first(
    store: Store, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    buyer = make_person()
    order = store.order(by=buyer)
    number = store.start(order, by=buyer)
    client = merchant_client(app, monkeypatch)
    store.pay.fail("close", Unknown("NO_ANSWER"))
    assert client.post(f"{ADMIN}/{order.no}/cancel").status_code == 503
    assert (store.again(order).status, actions()) == (OrderStatus.UNPAID, [])
    answer = client.post(f"{ADMIN}/{order.no}/cancel")
    assert (answer.status_code, answer.get_json()["cancel_reason"]) == (200, "staff")
    assert store.pay.orders[number].state is TradeState.CLOSED
    assert actions() == ["order.cancel"]
    paid = store.paid_order()
    refused = client.post(f"{ADMIN}/{paid.no}/cancel")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "order_paid")
    assert client.post(f"{ADMIN}/1/cancel").status_code == 404


def test_a_note_is_for_staff_alone(store: Store, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    buyer = make_person()
    order = store.order(by=buyer)
    client = merchant_client(app, monkeypatch)
    answer = client.put(f"{ADMIN}/{order.no}/note", json={"note": "老顾客，送试用装"})
    assert answer.get_json()["staff_note"] == "老顾客，送试用装"
    told = store.client.get(f"/api/v1/orders/{order.no}", headers=buyer.headers).get_data(as_text=True)
    assert "试用装" not in told
    assert actions() == ["order.note"]
    assert client.put(f"{ADMIN}/{order.no}/note", json={"note": "x" * 401}).status_code == 422


def test_pages_of_the_merchant_take_the_same_number_of_queries(
    store: Store, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = merchant_client(app, monkeypatch)
    used: list[int] = []
    for more in (1, 8):
        for number in range(more):
            order = store.paid_order(of={make_sku().public_id: 1, make_sku().public_id: 2})
            ship(order, waybill=f"SF{more}00000{number}", lines={lines_of(order)[0].public_id: 1})
        with statements() as sent:
            page = client.get(ADMIN).get_json()
        used.append(len(sent))
    assert len(page["items"]) == 9
    assert used[0] == used[1] <= 8, sent


def test_customers_are_told_of_payment_and_refund_once(store: Store) -> None:
    with transaction():
        preferences.write("wechat.templates", TEMPLATES)
    buyer = make_person()
    order = store.paid_order(by=buyer)
    ship(order, waybill="SF1000000001")
    with transaction():
        aftersales.refund_lines(
            no=order.no,
            lines={line.public_id: 1 for line in lines_of(order)},
            amount=None,
            reason="",
            now=clock.now(),
        )
    for job in ("send-refunds", "deliver-events", "deliver-events"):
        registry()[job].run(clock.now())
    queued = {message.topic: message for message in db.session.scalars(select(OutgoingMessage))}
    assert {topic: message.state for topic, message in queued.items()} == {
        "order_paid": MessageState.QUEUED,
        "order_shipped": MessageState.SKIPPED,
        "order_refunded": MessageState.QUEUED,
    }
    assert {message.openid for message in queued.values()} == {buyer.signed_in.openid}
    assert count(OutgoingMessage) == 3
    assert order.no in queued["order_paid"].body
    assert f"/orders/{order.no}" in queued["order_paid"].body


@pytest.mark.parametrize("reason", [None, "", "  ", "\u202eabc"])
def test_no_money_goes_back_without_a_reason(
    store: Store, app: Flask, monkeypatch: pytest.MonkeyPatch, reason: str | None
) -> None:
    order = store.paid_order()
    body: dict[str, Any] = {"lines": [{"line_id": lines_of(order)[0].public_id, "quantity": 1}]}
    answer = merchant_client(app, monkeypatch).post(
        f"{ADMIN}/{order.no}/refunds", json=body if reason is None else body | {"reason": reason}
    )
    assert (answer.status_code, list(answer.get_json()["details"]["fields"])) == (422, ["reason"])
    assert store.refunds(order) == []


def test_a_place_that_is_in_no_list_is_refused(
    store: Store, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, merchant = store.order(), merchant_client(app, monkeypatch)
    answer = merchant.get(f"{ADMIN}?cursor=zzz")
    assert (answer.status_code, list(answer.get_json()["details"]["fields"])) == (422, ["cursor"])
    assert merchant.get(f"{ADMIN}?cursor={order.no}").get_json()["items"] == []
