"""Plans, and the wallet of one customer, in the console."""

from __future__ import annotations

from flask import Flask

from shopapp.kernel.access import Role
from shopapp.kernel.db import db
from shopapp.loyalty.wallet import queries as wallet
from tests.support.orders import Store
from tests.support.staff import desk, words_after
from tests.support.wallet import make_plan, make_saver, principal_and_gift, topped_up

PLANS = "/admin/top-ups"


def filled(**changes: str) -> dict[str, str]:
    form = {"pay_fen": "100", "gift_fen": "10", "life_count": "6", "life_unit": "M", "position": "0"}
    return form | {"active": "1"} | changes


def test_a_plan_is_added_and_changed(app: Flask) -> None:
    browser = desk(app)
    done = browser.post(f"{PLANS}/new", data=filled(ends_at="2099-12-31", per_person="3"))
    assert "储值 ¥100 送 ¥10" in words_after(browser, done)
    (plan,) = wallet.all_plans()
    assert (plan.pay.fen, plan.gift.fen, plan.life, plan.per_person) == (10_000, 1_000, "P6M", 3)
    page = browser.get(f"{PLANS}/{plan.public_id}").text
    assert 'value="2099-12-31"' in page
    changed = browser.post(f"{PLANS}/{plan.public_id}", data=filled(gift_fen="0", active=""))
    assert "停用" in words_after(browser, changed)
    db.session.rollback()
    db.session.expire_all()
    (plan,) = wallet.all_plans()
    assert (plan.gift.fen, plan.life, plan.active, plan.ends_at) == (0, "", False, None)


def test_what_cannot_be_a_plan_is_told_and_not_saved(app: Flask) -> None:
    browser = desk(app)
    for wrong in (
        {"pay_fen": "0.5"},
        {"pay_fen": "5001"},
        {"gift_fen": "x"},
        {"life_unit": "Y"},
        {"life_count": "0"},
        {"per_person": "0"},
        {"ends_at": "2026-13-01"},
        {"ends_at": "0001-01-01"},
        {"starts_at": "2026-05-02", "ends_at": "2026-05-01"},
    ):
        assert browser.post(f"{PLANS}/new", data=filled(**wrong)).status_code == 422, wrong
    assert list(wallet.all_plans()) == []


def test_free_amounts_are_bounded(app: Flask) -> None:
    browser = desk(app)
    assert browser.post(f"{PLANS}/free-amount", data={"free_from": "10", "free_to": "5"}).status_code == 422
    done = browser.post(f"{PLANS}/free-amount", data={"free_from": "10", "free_to": "500"})
    assert done.status_code == 303
    db.session.rollback()
    assert wallet.free_amount().most.fen == 50_000


def test_staff_see_a_wallet_and_give_principal_back(app: Flask) -> None:
    store, saver = Store.open(app), make_saver()
    order = topped_up(store, saver, plan=make_plan(10_000, 1_000))
    public_id = saver.signed_in.public_id
    browser, analyst = desk(app, Role.SERVICE), desk(app, Role.ANALYST)
    assert f"/admin/wallets/{public_id}" in browser.get(f"/admin/customers/{public_id}?tab=accounts").text
    fragment = browser.get(f"/admin/wallets/{public_id}").text
    assert "110.00" in fragment
    assert order.no in fragment
    assert "/refund" in fragment
    assert "/refund" not in analyst.get(f"/admin/wallets/{public_id}").text
    act = f"/admin/wallets/{public_id}/refund"
    assert analyst.post(act, data={"amount": "1", "reason": "x", "key": "k"}).status_code == 403
    browser.post(act, data={"amount": "1", "reason": "", "key": "k"})
    browser.post(act, data={"amount": "0", "reason": "x", "key": "k"})
    assert principal_and_gift(saver) == (10_000, 1_000)
    for _twice in range(2):
        done = browser.post(act, data={"amount": "40", "reason": "顾客要求", "key": "k"})
        assert "已退还本金 ¥40.00" in words_after(browser, done)
    assert principal_and_gift(saver) == (6_000, 600)
    page = browser.get(f"/admin/orders/{order.no}").text
    assert "退还本金" in page
    assert "收货" not in page.split("<main", 1)[1].split("店内备注")[0].split("历史")[0].replace(
        "顾客已收货", ""
    )
    assert 'id="refund"' not in page
    listed = browser.get("/admin/orders?kind=top_up").text
    assert order.no in listed
    assert order.no not in browser.get("/admin/orders?tab=to_ship").text
    assert order.no not in browser.get("/admin/orders/export.csv").text
