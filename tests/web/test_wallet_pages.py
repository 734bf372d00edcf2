"""The wallet in the storefront, without script."""

from __future__ import annotations

import re

from flask import Flask

from shopapp.kernel.access import Role
from shopapp.loyalty.ledger import Unit
from shopapp.store.topups.models import TopUp
from tests.support.orders import Store, count
from tests.support.people import browser_of, make_person
from tests.support.staff import desk
from tests.support.wallet import (
    make_plan,
    make_saver,
    open_free_amounts,
    order_top_up,
    principal_and_gift,
    spend,
    topped_up,
)

WALLET, TOP_UP, REFUND = "/me/wallet", "/me/wallet/top-up", "/me/wallet/refund"


def key_of(page: str) -> str:
    found = re.search(r'name="key" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def test_an_empty_wallet_invites_a_guest_to_join_and_shows_a_member_what_to_pay(app: Flask) -> None:
    make_plan(10_000, 1_000)
    guest = browser_of(app, make_person()).get(WALLET).text
    assert "/me/join" in guest
    assert "送 ¥10" not in guest
    saver = make_saver()
    page = browser_of(app, saver).get(WALLET).text
    assert "送 ¥10" in page
    assert "到账起 12 个月内有效" in page
    assert "您现在最多 ¥1000" in page
    assert "还没有余额记录" in page
    assert REFUND not in page


def test_a_form_leads_to_the_cashier_once(app: Flask) -> None:
    saver = make_saver()
    plan = make_plan(10_000, 1_000)
    browser = browser_of(app, saver)
    key = key_of(browser.get(WALLET).text)
    first = browser.post(TOP_UP, data={"key": key, "plan": plan.public_id})
    again = browser.post(TOP_UP, data={"key": key, "plan": plan.public_id})
    assert first.status_code == again.status_code == 303
    assert first.location == again.location
    assert count(TopUp) == 1
    assert "储值 ¥100 送 ¥10" in browser.get(first.location).text
    order_page = browser.get(first.location.removesuffix("/pay")).text
    assert "收货地址" not in order_page
    assert "运费" not in order_page


def test_what_is_refused_says_why_and_keeps_what_was_typed(app: Flask) -> None:
    saver = make_saver()
    open_free_amounts(1_000, 20_000)
    browser = browser_of(app, saver)
    for typed in ("", "abc", "5", "999"):
        answer = browser.post(TOP_UP, data={"key": "k", "amount": typed})
        assert answer.status_code in (409, 422), typed
        assert 'role="alert"' in answer.text
    assert 'value="999"' in answer.text
    assert count(TopUp) == 0
    assert browser.post(TOP_UP, data={"amount": "10"}).status_code == 303


def test_the_statement_is_told_by_month_and_leads_to_orders(app: Flask) -> None:
    store, saver = Store.open(app), make_saver()
    order = topped_up(store, saver, plan=make_plan(10_000, 1_000, life="P30D"))
    spend(saver, Unit.PRINCIPAL, 2_500)
    browser = browser_of(app, saver)
    page = browser.get(WALLET).text
    assert "85.00" in page
    assert "本金 ¥75.00" in page
    assert "赠金 ¥10.00" in page
    assert "前有效" in page
    assert f'href="/orders/{order.no}"' in page
    assert browser.get(f"{WALLET}?cursor=junk").status_code == 302
    assert "85.00" in browser.get("/me").text
    assert "已到账" in browser.get(f"/orders/{order.no}").text
    assert browser.get(f"/orders/{order.no}/pay").status_code == 200
    listed = browser.get("/orders?status=paid").text
    assert order.no not in listed


def test_principal_goes_back_by_a_form(app: Flask) -> None:
    store, saver = Store.open(app), make_saver()
    topped_up(store, saver, plan=make_plan(10_000, 1_000))
    browser = browser_of(app, saver)
    key = key_of(browser.get(REFUND).text)
    assert "最多可以退还 ¥100.00" in browser.post(REFUND, data={"key": key, "amount": "100.01"}).text
    assert browser.post(REFUND, data={"key": key, "amount": ""}).status_code == 422
    for _twice in range(2):
        done = browser.post(REFUND, data={"key": key, "amount": "40"})
        assert (done.status_code, done.location) == (303, f"{REFUND}?done=1")
    assert principal_and_gift(saver) == (6_000, 600)
    page = browser.get(done.location).text
    assert "退款处理中" in page
    assert "收回赠送 ¥4.00" in page
    assert browser.post(REFUND, data={"key": "other", "all": "1"}).status_code == 303
    assert principal_and_gift(saver) == (0, 0)
    assert "全部退还" not in browser.get(REFUND).text


def test_nobody_is_forgotten_while_there_is_principal(app: Flask) -> None:
    store, saver = Store.open(app), make_saver()
    topped_up(store, saver, plan=make_plan(10_000, 1_000))
    public_id = saver.signed_in.public_id
    owner = desk(app, Role.OWNER)
    answer = owner.post(f"/admin/customers/{public_id}/erasure", data={"typed": public_id})
    assert "余额里还有本金 ¥100.00" in owner.get(answer.location).text
    exported = app.test_client().get("/api/v1/me/export", headers=saver.headers).json
    assert exported is not None
    assert exported["wallet"]["principal_fen"] == 10_000
    assert len(exported["wallet"]["movements"]) == 2
    order_top_up(saver, plan=make_plan(1_000, 0))
