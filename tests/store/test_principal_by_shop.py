"""Principal that WeChat can't give back: the customer is sent to the shop, and the shop books what it paid out."""

from __future__ import annotations

import re

from flask import Flask

from shopapp.kernel import clock as shop_clock
from shopapp.kernel import preferences
from shopapp.kernel.access import Role
from shopapp.kernel.db import transaction
from shopapp.loyalty.adjustments.services import propose
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.ledger import services as books
from shopapp.loyalty.ledger.writing import purse
from tests.support.ledger import assert_books_hold
from tests.support.orders import Store
from tests.support.people import browser_of
from tests.support.staff import desk, words_after
from tests.support.wallet import make_plan, make_saver, principal_and_gift, refund, topped_up


def test_principal_that_staff_gave_is_paid_out_by_the_shop_and_both_sides_say_so(app: Flask) -> None:
    store, saver = Store.open(app), make_saver()
    public_id = saver.signed_in.public_id
    with transaction():
        propose(customer=public_id, unit=Unit.PRINCIPAL, amount=1_000, reason="补偿", now=shop_clock.now())
    client, phone = app.test_client(), browser_of(app, saver)
    told = client.post("/api/v1/me/wallet/refunds", json={}, headers=saver.headers)
    assert (told.status_code, told.get_json()["code"]) == (409, "refund_by_shop")
    assert "这 ¥10.00 由店里退，请联系客服" in told.get_json()["message"]
    listed = client.get("/api/v1/me/wallet/refunds", headers=saver.headers).get_json()
    assert (listed["refundable_fen"], listed["by_shop_fen"]) == (0, 1_000)
    assert "有 ¥10.00 不能原路退回微信，由店里退，请联系客服" in phone.get("/me/wallet/refund").text
    assert "余额里还有本金 ¥10.00，由店里退，请联系客服" in phone.get("/me/erase").text
    topped_up(store, saver, plan=make_plan(2_000, 0))
    more = client.post("/api/v1/me/wallet/refunds", json={"fen": 3_000}, headers=saver.headers).get_json()
    assert "最多可以原路退还 ¥20.00，另外 ¥10.00 由店里退" in more["message"]
    assert "余额里还有本金 ¥30.00，其中 ¥10.00 由店里退，请联系客服" in phone.get("/me/erase").text
    assert refund(saver).amount.fen == 2_000

    service, owner = desk(app, Role.SERVICE), desk(app)
    act = f"/admin/wallets/{public_id}/paid-out"
    assert "/paid-out" not in service.get(f"/admin/wallets/{public_id}").text
    assert service.post(act, data={"amount": "10", "reason": "x", "key": "k"}).status_code == 403
    page = owner.get(f"/admin/wallets/{public_id}").text
    assert "/paid-out" in page
    assert "由店里退" in page
    for wrong in (
        {"amount": "10", "reason": ""},
        {"amount": "0", "reason": "x"},
        {"amount": "10.01", "reason": "x"},
    ):
        owner.post(act, data={**wrong, "key": "wrong"})
        assert principal_and_gift(saver) == (1_000, 0)
    for _twice in range(2):
        done = owner.post(act, data={"amount": "10", "reason": "微信转账", "key": "k"})
        assert "已记下线下退还本金 ¥10.00" in words_after(owner, done)
    assert principal_and_gift(saver) == (0, 0)
    assert "/paid-out" not in owner.get(f"/admin/wallets/{public_id}").text
    statement = phone.get("/me/wallet").text
    assert "店家线下退还本金" in statement
    assert "微信转账" not in statement
    assert "补偿" not in statement
    assert "还有本金" not in phone.get("/me/erase").text
    assert_books_hold()


def test_above_the_limit_a_second_person_agrees_to_what_was_paid_out(app: Flask) -> None:
    saver = make_saver()
    public_id, now = saver.signed_in.public_id, shop_clock.now()
    with transaction():
        preferences.write("adjustments.principal_alone", 1_000)
        books.earn(
            purse=purse(customer_id=saver.id, unit=Unit.PRINCIPAL),
            amount=2_000,
            key="h",
            subject="adjustment:1",
            now=now,
        )
    owner, other = desk(app), desk(app)
    done = owner.post(
        f"/admin/wallets/{public_id}/paid-out", data={"amount": "20", "reason": "现金", "key": "k"}
    )
    assert "要另一位同事批准" in words_after(owner, done)
    assert principal_and_gift(saver) == (2_000, 0)
    listed = other.get("/admin/adjustments").text
    assert "线下退还" in listed
    decision = re.search(r"/admin/adjustments/(\w+)/decision", listed)
    assert decision is not None
    owner.post(decision[0], data={"decision": "approve"})
    assert principal_and_gift(saver) == (2_000, 0)
    other.post(decision[0], data={"decision": "approve"})
    assert principal_and_gift(saver) == (0, 0)
