"""The wallet over the API, to its owner and to the merchant."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from shopapp.kernel import clock
from shopapp.kernel.access import SCOPES, Permission
from shopapp.loyalty.ledger import Unit
from tests.support.merchant import merchant_client
from tests.support.orders import Store
from tests.support.people import Person, make_person
from tests.support.wallet import (
    deliver,
    make_plan,
    make_saver,
    open_free_amounts,
    principal_and_gift,
    spend,
    topped_up,
)

WALLET = "/api/v1/me/wallet"


def get(app: Flask, person: Person, path: str) -> Any:
    response = app.test_client().get(path, headers=person.headers)
    assert response.status_code == 200, response.text
    return response.json


def post(app: Flask, person: Person, path: str, key: str | None = None, **body: Any) -> TestResponse:
    headers = person.headers | ({"Idempotency-Key": key} if key else {})
    return app.test_client().post(path, json=body, headers=headers)


def test_a_customer_tops_up_pays_and_reads_the_wallet(app: Flask) -> None:
    store, saver = Store.open(app), make_saver()
    plan = make_plan(10_000, 1_000)
    before = get(app, saver, WALLET)
    assert (before["principal_fen"], before["limit_fen"], before["can_top_up"]) == (0, 100_000, True)
    assert before["free_amount"] is None
    assert [one["id"] for one in before["plans"]] == [plan.public_id]
    assert before["plans"][0]["gift_life"] == "P12M"
    made = post(app, saver, f"{WALLET}/top-ups", key="one", plan_id=plan.public_id)
    assert made.status_code == 201
    order = made.json
    assert order is not None
    assert (order["kind"], order["status"], order["address"], order["total_fen"]) == (
        "top_up",
        "unpaid",
        None,
        10_000,
    )
    assert (order["lines"][0]["product_id"], order["lines"][0]["sku_id"]) == (None, None)
    repeated = post(app, saver, f"{WALLET}/top-ups", key="one", plan_id=plan.public_id)
    assert repeated.json == order
    started = post(app, saver, f"/api/v1/orders/{order['no']}/payment")
    assert started.status_code == 200
    number = next(iter(store.pay.orders))
    assert store.tell_paid(store.pay.pay(number, at=clock.now())).status_code == 204
    deliver()
    after = get(app, saver, WALLET)
    assert {name: after[name] for name in ("principal_fen", "gift_fen", "available_fen", "held_fen")} == {
        "principal_fen": 10_000,
        "gift_fen": 1_000,
        "available_fen": 11_000,
        "held_fen": 0,
    }
    assert [end["amount_fen"] for end in after["gift_expiring"]] == [1_000]
    assert get(app, saver, f"/api/v1/orders/{order['no']}")["status"] == "completed"
    page = get(app, saver, f"{WALLET}/entries?limit=1")
    assert [entry["words"] for entry in page["items"]] == ["储值赠送"]
    rest = get(app, saver, f"{WALLET}/entries?limit=1&cursor={page['next_cursor']}")
    assert rest["next_cursor"] is None
    assert rest["items"][0] == {
        "unit": "principal",
        "words": "储值",
        "amount_fen": 10_000,
        "balance_fen": 10_000,
        "order_no": order["no"],
        "at": rest["items"][0]["at"],
    }


def test_what_cannot_be_topped_up_is_refused_with_nothing_changed(app: Flask) -> None:
    guest, saver = make_person(), make_saver()
    plan = make_plan(100_000, 0)
    assert post(app, guest, f"{WALLET}/top-ups", plan_id=plan.public_id).status_code == 409
    for body in (
        {},
        {"plan_id": plan.public_id, "amount_fen": 100},
        {"amount_fen": "100"},
        {"amount_fen": 0},
    ):
        assert post(app, saver, f"{WALLET}/top-ups", **body).status_code == 422
    for body in ({"amount_fen": 100}, {"plan_id": "unknown"}):
        refused = post(app, saver, f"{WALLET}/top-ups", **body)
        assert (refused.status_code, refused.json and refused.json["code"]) == (409, "amount_not_offered")
    assert post(app, saver, f"{WALLET}/top-ups", plan_id=plan.public_id).status_code == 201
    over = post(app, saver, f"{WALLET}/top-ups", plan_id=plan.public_id)
    assert (over.status_code, over.json and over.json["code"]) == (409, "wallet_limit")
    assert get(app, saver, "/api/v1/orders")["counts"]["unpaid"] == 1


def test_a_customer_has_principal_back_once(app: Flask) -> None:
    store, saver = Store.open(app), make_saver()
    open_free_amounts()
    order = topped_up(store, saver, amount=5_000)
    made = post(app, saver, f"{WALLET}/refunds", key="r", fen=2_000)
    assert made.status_code == 201
    assert made.json is not None
    assert (made.json["fen"], made.json["state"]) == (2_000, "sent")
    assert made.json["parts"] == [{"order_no": order.no, "fen": 2_000, "gift_fen": 0, "state": "sent"}]
    assert post(app, saver, f"{WALLET}/refunds", key="r", fen=2_000).json == made.json
    assert principal_and_gift(saver) == (3_000, 0)
    assert post(app, saver, f"{WALLET}/refunds", fen=3_001).status_code == 409
    spend(saver, Unit.PRINCIPAL, 1_000)
    assert post(app, saver, f"{WALLET}/refunds").json["fen"] == 2_000  # type: ignore[index]
    listed = get(app, saver, f"{WALLET}/refunds")
    assert [one["fen"] for one in listed["items"]] == [2_000, 2_000]
    assert listed["refundable_fen"] == 0
    assert get(app, make_saver(), f"{WALLET}/refunds")["items"] == []


def test_the_merchant_writes_plans_and_refunds_principal(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    store, saver = Store.open(app), make_saver()
    program = merchant_client(app, monkeypatch, *SCOPES["loyalty:write"])
    plans = "/api/v1/admin/top-up-plans"
    made = program.post(plans, json={"pay_fen": 20_000, "gift_fen": 3_000, "gift_life": "P6M"})
    assert made.status_code == 201, made.text
    assert made.json is not None
    changed = program.put(f"{plans}/{made.json['id']}", json={"pay_fen": 20_000, "active": False})
    assert changed.json is not None
    assert (changed.json["gift_fen"], changed.json["gift_life"], changed.json["active"]) == (0, "", False)
    assert program.get(plans).json["items"] == [changed.json]  # type: ignore[index]
    for wrong in (
        {"pay_fen": 99},
        {"pay_fen": 500_001},
        {"pay_fen": 100, "gift_fen": -1},
        {"pay_fen": 100, "gift_life": "P0M"},
        {"pay_fen": 100, "gift_life": "often"},
        {"pay_fen": 100, "starts_at": "2026-02-01T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z"},
    ):
        assert program.post(plans, json=wrong).status_code == 422, wrong
    topped_up(store, saver, plan=make_plan(10_000, 1_000))
    refunds = f"/api/v1/admin/customers/{saver.signed_in.public_id}/principal-refunds"
    assert program.post(refunds, json={"fen": 1_000}).status_code == 422
    back = program.post(refunds, json={"fen": 1_000, "reason": "顾客要求"})
    assert back.status_code == 201
    assert program.get(refunds).json["refundable_fen"] == 9_000  # type: ignore[index]
    assert principal_and_gift(saver) == (9_000, 900)
    assert (
        program.post("/api/v1/admin/customers/nobody/principal-refunds", json={"reason": "x"}).status_code
        == 404
    )
    reader = merchant_client(app, monkeypatch, *SCOPES["loyalty:read"])
    assert reader.post(refunds, json={"reason": "x"}).status_code == 403
    assert reader.post(plans, json={"pay_fen": 100}).status_code == 403
    assert reader.get(plans).status_code == 200


def test_programs_that_list_orders_see_goods_unless_they_ask(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, saver = Store.open(app), make_saver()
    top_up = topped_up(store, saver, plan=make_plan(10_000, 0))
    goods = store.paid_order()
    program = merchant_client(app, monkeypatch, Permission.ORDERS_VIEW, Permission.ORDERS_REFUND)
    listed = program.get("/api/v1/admin/orders").json
    assert listed is not None
    assert [one["no"] for one in listed["items"]] == [goods.no]
    asked = program.get("/api/v1/admin/orders?kind=top_up").json
    assert asked is not None
    assert [(one["no"], one["address"]) for one in asked["items"]] == [(top_up.no, None)]
    line = asked["items"][0]["lines"][0]["id"]
    refused = program.post(
        f"/api/v1/admin/orders/{top_up.no}/refunds",
        json={"lines": [{"line_id": line, "quantity": 1}], "reason": "x"},
    )
    assert (refused.status_code, refused.json and refused.json["code"]) == (409, "top_up_refund")
