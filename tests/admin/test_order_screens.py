"""Orders in the console: found, shipped, refunded, cancelled; personal data only for those who need it."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shopapp.kernel import clock
from shopapp.kernel.access import Role
from shopapp.kernel.audit import AuditEntry
from shopapp.kernel.db import db, transaction
from shopapp.store.orders.models import Order, OrderStatus, RefundStatus
from shopapp.store.payments.models import Refund, RefundState
from shopapp.wechat.worklist.models import NoticeState, PayNotice
from tests.support.catalogue import make_sku, stock_of
from tests.support.clocks import ShopClock
from tests.support.orders import Store, lines_of
from tests.support.people import make_person
from tests.support.queries import statements
from tests.support.staff import desk, words_after


@pytest.fixture
def store(app: Flask) -> Store:
    return Store.open(app)


def line_fields(order: Order, pieces: int) -> dict[str, str]:
    return {f"line.{line.public_id}": str(pieces) for line in lines_of(order)}


def acts_on(order: Order) -> list[str]:
    statement = select(AuditEntry.action).filter_by(subject_id=order.no).order_by(AuditEntry.id)
    return list(db.session.scalars(statement))


def test_orders_are_found_by_number_phone_customer_and_state(store: Store) -> None:
    buyer, other = make_person(), make_person()
    paid, unpaid = store.paid_order(by=buyer), store.order(by=other)
    client = desk(store.app, Role.SERVICE)

    def shown(query: str) -> set[str]:
        text = client.get(f"/admin/orders?{query}").text
        return {order.no for order in (paid, unpaid) if order.no in text}

    both = {paid.no, unpaid.no}
    assert shown("") == both
    assert shown(f"q={paid.no}") == {paid.no}
    assert shown(f"q={paid.no[:-1]}") == {paid.no}
    assert shown(f"q={paid.ship_phone}") == {paid.no}
    assert shown(f"q={paid.ship_phone[-4:]}") == set()
    assert shown(f"customer={other.signed_in.public_id}") == {unpaid.no}
    assert shown("tab=to_ship") == {paid.no}
    assert shown("tab=unpaid") == {unpaid.no}
    assert shown("from=2000-01-01&to=2000-01-02") == set()
    assert shown("tab=nonsense&sort=nonsense&page=-7&from=nonsense") == both


def test_part_of_an_order_is_shipped_then_the_rest(store: Store) -> None:
    order = store.paid_order(pieces=3)
    client = desk(store.app, Role.WAREHOUSE)
    path = f"/admin/orders/{order.no}/ship"
    first = {"carrier": "sf", "waybill": "sf 1234 5678"} | line_fields(order, 2)
    assert "SF12345678" in words_after(client, client.post(path, data=first))
    assert store.again(order).status is OrderStatus.PARTLY_SHIPPED
    client.post(path, data={"carrier": "zto", "waybill": "7712345678"} | line_fields(order, 1))
    assert store.again(order).status is OrderStatus.SHIPPED
    assert acts_on(order) == ["order.ship", "order.ship"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"waybill": "1"}, "运单号须为"),
        ({"carrier": "pigeon"}, "没有这家快递公司"),
        ({"pieces": "9"}, "超过了还没有发出的数量"),
        ({"pieces": "0"}, "请至少填写一件"),
        ({"pieces": "-1"}, "数量须为整数"),
    ],
)
def test_a_parcel_that_cannot_be_keeps_what_was_typed(
    store: Store, fields: dict[str, str], words: str
) -> None:
    order = store.paid_order(pieces=2)
    data = {"carrier": "sf", "waybill": "SF123456"} | fields
    data |= line_fields(order, int(data.pop("pieces", "1")))
    answer = desk(store.app).post(f"/admin/orders/{order.no}/ship", data=data)
    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{data["waybill"]}"' in answer.text
    assert store.again(order).status is OrderStatus.PAID


def test_a_refund_is_worked_out_before_it_is_made(store: Store) -> None:
    sku = make_sku(price_fen=1000, stock=10)
    order = store.paid_order(of={sku.public_id: 3})
    client = desk(store.app, Role.SERVICE)
    shown = client.post(f"/admin/orders/{order.no}/refund/preview", data=line_fields(order, 2))
    assert "将退 ¥20.00" in shown.text
    assert "2 件未发，放回库存" in shown.text
    assert store.refunds(order) == []
    answer = client.post(f"/admin/orders/{order.no}/refund", data=line_fields(order, 2) | {"reason": "少发"})
    assert "退款已提交" in words_after(client, answer)
    assert [refund.amount.fen for refund in store.refunds(order)] == [2000]
    assert store.again(order).refund_status is RefundStatus.PART
    assert stock_of(sku) == (9, 0)
    assert acts_on(order) == ["order.refund"]


def test_less_than_the_whole_can_be_refunded_but_never_more(store: Store) -> None:
    order = store.paid_order(price_fen=1000)
    client = desk(store.app)
    fields = line_fields(order, 1) | {"reason": "压坏一角"}
    path = f"/admin/orders/{order.no}/refund"
    assert client.post(path, data=fields | {"amount": "9999"}).status_code == 422
    assert client.post(path, data=fields | {"amount": "abc"}).status_code == 422
    assert client.post(path, data=fields | {"reason": ""}).status_code == 422
    assert store.refunds(order) == []
    assert client.post(path, data=fields | {"amount": "3.5"}).status_code == 303
    assert [refund.amount.fen for refund in store.refunds(order)] == [350]


def test_shipped_goods_go_back_on_the_shelf_only_when_somebody_looked_at_them(store: Store) -> None:
    sku = make_sku(price_fen=1000, stock=10)
    order = store.paid_order(of={sku.public_id: 2})
    client = desk(store.app)
    data = {"carrier": "sf", "waybill": "SF123456"} | line_fields(order, 2)
    client.post(f"/admin/orders/{order.no}/ship", data=data)
    refund = line_fields(order, 1) | {"reason": "退货"}
    client.post(f"/admin/orders/{order.no}/refund", data=refund)
    assert stock_of(sku) == (8, 0)
    client.post(f"/admin/orders/{order.no}/refund", data=refund | {"returned": "1"})
    assert stock_of(sku) == (9, 0)


def test_cancelling_frees_the_stock(store: Store) -> None:
    sku = make_sku(stock=5)
    order = store.order(of={sku.public_id: 2})
    client = desk(store.app, Role.SERVICE)
    assert "订单已取消" in words_after(client, client.post(f"/admin/orders/{order.no}/cancel"))
    assert store.again(order).status is OrderStatus.CANCELLED
    assert stock_of(sku) == (5, 0)
    assert acts_on(order) == ["order.cancel"]


def test_an_order_paid_a_moment_ago_is_not_cancelled(store: Store) -> None:
    buyer = make_person()
    order = store.order(by=buyer)
    store.pay.pay(store.start(order, by=buyer), at=clock.now())
    client = desk(store.app)
    assert "刚刚付了款" in words_after(client, client.post(f"/admin/orders/{order.no}/cancel"))
    assert store.again(order).status is OrderStatus.PAID


def test_who_packs_sees_the_address_and_who_answers_questions_does_not(store: Store) -> None:
    order = store.paid_order(by=make_person(name="林知夏"))
    for path in (f"/admin/orders/{order.no}", "/admin/orders", "/admin/orders/export.csv"):
        packer = desk(store.app, Role.WAREHOUSE).get(path).text
        assert order.ship_name in packer
        assert order.ship_phone in packer
        for role in (Role.SERVICE, Role.ANALYST):
            text = desk(store.app, role).get(path).text
            assert order.ship_name not in text
            assert order.ship_phone not in text
            assert order.ship_detail not in text


def test_buttons_are_for_those_who_may_press_them(store: Store) -> None:
    order = store.paid_order()
    path = f"/admin/orders/{order.no}"
    packer, helper, reader = (
        desk(store.app, role).get(path).text for role in (Role.WAREHOUSE, Role.SERVICE, Role.ANALYST)
    )
    assert ('id="ship"' in packer, 'id="refund"' in packer) == (True, False)
    assert ('id="ship"' in helper, 'id="refund"' in helper) == (False, True)
    assert ('id="ship"' in reader, 'id="refund"' in reader) == (False, False)


def test_the_export_holds_what_the_filter_shows_and_no_formula(store: Store) -> None:
    paid = store.paid_order(of={make_sku(title="=1+1", price_fen=1250).public_id: 2})
    store.order()
    client = desk(store.app)
    answer = client.get("/admin/orders/export.csv?tab=to_ship")
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert len(rows) == 1
    assert rows[0]["order_no"].strip() == paid.no
    assert rows[0]["paid_yuan"] == str(paid.paid)
    assert rows[0]["items"] == "'=1+1 ×2"
    assert db.session.scalars(select(AuditEntry).filter_by(action="order.export")).one()


def test_a_list_of_orders_asks_no_more_the_longer_it_is(store: Store) -> None:
    client = desk(store.app)
    sku = make_sku(stock=100)
    numbers = []
    for more in (2, 8):
        for _ in range(more):
            store.order(by=make_person(), of={sku.public_id: 1})
        with statements() as sent:
            assert client.get("/admin/orders").status_code == 200
        numbers.append(len(sent))
    assert numbers[0] == numbers[1] <= 14


def test_notes_are_for_staff_alone(store: Store) -> None:
    buyer = make_person()
    order = store.paid_order(by=buyer)
    client = desk(store.app, Role.WAREHOUSE)
    client.post(f"/admin/orders/{order.no}/note", data={"note": "易碎，多垫一层"})
    assert "易碎，多垫一层" in client.get(f"/admin/orders/{order.no}").text
    assert "易碎" not in store.client.get(f"/api/v1/orders/{order.no}", headers=buyer.headers).text
    assert client.post(f"/admin/orders/{order.no}/note", data={"note": "长" * 401}).status_code == 303
    assert store.again(order).staff_note == "易碎，多垫一层"


def test_a_failed_refund_goes_once_more_with_its_number(store: Store) -> None:
    order = store.paid_order()
    client = desk(store.app)
    client.post(f"/admin/orders/{order.no}/refund", data=line_fields(order, 1) | {"reason": "退"})
    with transaction():
        refund = db.session.scalars(select(Refund)).one()
        refund.state = RefundState.FAILED
    number = refund.out_refund_no
    assert number in client.get("/admin/refunds?tab=trouble").text
    assert number in words_after(client, client.post(f"/admin/refunds/{number}/retry"))
    db.session.expire_all()
    again = store.refunds(order)
    assert [(row.out_refund_no, row.state) for row in again] == [(number, RefundState.QUEUED)]
    assert "当前状态不能这样操作" in words_after(client, client.post(f"/admin/refunds/{number}/retry"))


def test_a_payment_nobody_knows_stays_on_the_list_until_somebody_looked(store: Store) -> None:
    values: dict[str, Any] = {"notice_id": "n1", "kind": "TRANSACTION.SUCCESS", "number": "4200000001"}
    with transaction():
        db.session.add(
            PayNotice(
                **values, state=NoticeState.UNKNOWN_ORDER, problem="?", content="{}", received_at=clock.now()
            )
        )
    notice = db.session.scalars(select(PayNotice)).one()
    client = desk(store.app)
    assert "4200000001" in client.get("/admin/pay-notices").text
    client.post(f"/admin/pay-notices/{notice.id}/seen")
    assert "4200000001" not in client.get("/admin/pay-notices").text
    assert "4200000001" in client.get("/admin/pay-notices?seen=1").text
    again = client.post(f"/admin/pay-notices/{notice.id}/seen")
    assert "刚刚变了" in words_after(client, again)


def test_the_overview_counts_by_days_of_the_shop(store: Store, clock: ShopClock) -> None:
    store.paid_order(price_fen=10_000)
    client = desk(store.app)
    assert "100.00" in client.get("/admin/?days=1").text
    clock.forward(days=1)
    assert "100.00" not in client.get("/admin/?days=1").text.split("近 30 天净销售额")[0]
    assert "100.00" in client.get("/admin/?days=7").text.split("近 30 天净销售额")[0]


def test_unknown_orders_are_not_found(store: Store) -> None:
    client = desk(store.app)
    assert client.get("/admin/orders/0").status_code == 404
    for act in ("ship", "refund", "cancel"):
        assert client.post(f"/admin/orders/0/{act}", data={"line.x": "1", "reason": "x"}).status_code == 404
