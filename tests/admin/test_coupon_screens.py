"""The console's screens of coupons: written as a sentence, handed out, taken back, and their codes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shopapp.admin.screens import coupon_forms
from shopapp.kernel import clock
from shopapp.kernel.access import Role
from shopapp.kernel.audit import AuditEntry
from shopapp.kernel.db import db, transaction
from shopapp.kernel.money import Money
from shopapp.kernel.screens import Form
from shopapp.loyalty.coupons import console, services
from shopapp.loyalty.coupons.content import CouponContent, CouponStatus, Giving, Moment, Period
from shopapp.loyalty.coupons.models import Coupon, CustomerCoupon
from shopapp.loyalty.coupons.rules import CouponKind, CouponTerms, Scope
from tests.support.catalogue import make_category, make_product, make_sku
from tests.support.coupons import give, hold, make_coupon, row_of
from tests.support.orders import count
from tests.support.people import make_person
from tests.support.queries import statements
from tests.support.staff import desk, words_after

FORM: dict[str, Any] = {
    "name": "满二百减三十",
    "kind": "amount",
    "minimum": "200",
    "value": "30",
    "scope": "all",
    "with_tier_price": "1",
    "giving": "claim",
    "per_person": "1",
    "validity": "days",
    "valid_days": "30",
}
PLACE = "/admin/coupons"


def acts() -> list[str]:
    db.session.rollback()
    found = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id))
    return [act for act in found if act.startswith("coupon.")]


def only() -> CouponContent:
    db.session.rollback()
    db.session.expire_all()
    return console.with_counts(db.session.scalars(select(Coupon)).all())[0].content


def test_a_coupon_is_written_seen_changed_stopped_and_started(app: Flask) -> None:
    client = desk(app, Role.OPERATOR)
    assert "还没有优惠券" in client.get(PLACE).text
    assert "顾客会看到" in client.get(f"{PLACE}/new").text
    page = words_after(client, client.post(f"{PLACE}/new", data=FORM))
    assert "满 200 元减 30 元，全店可用，可与会员价同享" in page
    content = only()
    assert content.terms == CouponTerms(
        name="满二百减三十", kind=CouponKind.AMOUNT, value=Money(3000), minimum=Money(20000)
    )
    assert (content.giving, content.per_person, content.valid_days) == (Giving.CLAIM, 1, 30)

    (coupon,) = db.session.scalars(select(Coupon.public_id))
    place = f"{PLACE}/{coupon}"
    filled = client.get(f"{place}/edit").text
    assert 'value="200"' in filled
    assert 'value="30"' in filled
    page = words_after(client, client.post(f"{place}/edit", data={**FORM, "value": "35.5"}))
    assert "满 200 元减 35.50 元" in page
    assert "已停发" in words_after(client, client.post(f"{place}/active"))
    assert db.session.scalars(select(Coupon.active)).one() is False
    assert "已启用" in words_after(client, client.post(f"{place}/active", data={"active": "1"}))
    assert acts() == ["coupon.create", "coupon.update", "coupon.deactivate", "coupon.activate"]
    changes = db.session.scalars(select(AuditEntry.changes).filter_by(action="coupon.update")).one()
    assert changes == {"value": ["30.00", "35.50"]}
    assert "金额（元）：30.00 → 35.50" in desk(app).get("/admin/audit").text


def test_every_kind_and_way_can_be_written_and_comes_back_into_the_form(app: Flask) -> None:
    client, shelf, tea = desk(app), make_category(name="茶"), make_product(title="白茶")
    sku = make_sku(title="换购杯").public_id
    many: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
        (
            {"kind": "percent", "zhe": "8.5", "cap": "50", "minimum": ""},
            {"kind": CouponKind.PERCENT, "basis_points": 8500, "cap": Money(5000), "minimum": Money(0)},
            {},
        ),
        ({"kind": "free_freight"}, {"kind": CouponKind.FREE_FREIGHT, "value": Money(0)}, {}),
        ({"kind": "gift", "sku_id": sku}, {"kind": CouponKind.GIFT, "sku_id": sku}, {}),
        (
            {"kind": "exchange", "sku_id": sku, "value": "9.9"},
            {"kind": CouponKind.EXCHANGE, "sku_id": sku, "value": Money(990)},
            {},
        ),
        (
            {"scope": "categories", "category": [shelf.public_id], "excludes": "1", "with_tier_price": ""},
            {"scope": Scope.CATEGORIES, "scope_ids": (shelf.public_id,), "excludes": True},
            {},
        ),
        (
            {"scope": "products", "products": f"https://shop.test/p/{tea.public_id}\n{tea.public_id}"},
            {"scope": Scope.PRODUCTS, "scope_ids": (tea.public_id,), "excludes": False},
            {},
        ),
        (
            {"giving": "push", "moment": "first_order", "stock": "100", "per_person": ""},
            {},
            {"giving": Giving.PUSH, "moment": Moment.FIRST_ORDER, "stock": 100, "per_person": None},
        ),
        ({"per_period": "1", "period": "week"}, {}, {"per_period": 1, "period": Period.WEEK}),
        (
            {
                "validity": "dates",
                "valid_from": "2030-01-01",
                "valid_until": "2030-01-31",
                "claim_until": "2030-01-30",
            },
            {},
            {
                "valid_from": datetime(2030, 1, 1, tzinfo=clock.SHOP_ZONE),
                "valid_until": datetime(2030, 2, 1, tzinfo=clock.SHOP_ZONE),
                "claim_until": datetime(2030, 1, 31, tzinfo=clock.SHOP_ZONE),
                "valid_days": None,
            },
        ),
    ]
    for sent, terms, rest in many:
        with transaction():
            db.session.query(Coupon).delete()
        answer = client.post(f"{PLACE}/new", data={**FORM, **sent})
        assert answer.status_code == 303, answer.text
        content = only()
        assert {name: getattr(content.terms, name) for name in terms} == terms
        assert {name: getattr(content, name) for name in rest} == rest
        assert client.get(f"{answer.location}/edit").status_code == 200
        again = Form(coupon_forms.filled_form(content).values)
        assert (coupon_forms.read(again, was=None), again.errors) == (content, {})


def test_wrong_forms_are_told_at_their_fields_and_write_nothing(app: Flask) -> None:
    client = desk(app)
    for sent, field in [
        ({"name": ""}, "name"),
        ({"value": "abc"}, "value"),
        ({"value": ""}, "value"),
        ({"kind": "percent", "zhe": "85", "cap": "10"}, "zhe"),
        ({"kind": "percent", "zhe": "8.5"}, "cap"),
        ({"kind": "gift", "sku_id": ""}, "sku_id"),
        ({"kind": "gift", "sku_id": "0123456789ab"}, "sku_id"),
        ({"kind": "nonsense"}, "kind"),
        ({"scope": "categories"}, "scope"),
        ({"scope": "products", "products": "what?"}, "scope"),
        ({"giving": "push", "moment": ""}, "moment"),
        ({"stock": "-1"}, "stock"),
        ({"per_period": "1", "period": ""}, "period"),
        ({"valid_days": ""}, "valid_days"),
        ({"validity": "dates"}, "valid_until"),
        ({"validity": "dates", "valid_until": "9999-12-31"}, "valid_until"),
        ({"validity": "dates", "valid_from": "2030-02-01", "valid_until": "2030-01-01"}, "valid_until"),
        ({"claim_from": "yesterday"}, "claim_from"),
    ]:
        answer = client.post(f"{PLACE}/new", data={**FORM, **sent})
        assert answer.status_code == 422, sent
        assert f'href="#f-{field}"' in answer.text, sent
    assert (count(Coupon), acts()) == (0, [])


def test_the_preview_follows_the_form_and_names_risky_words(app: Flask) -> None:
    client = desk(app)
    shown = client.post(f"{PLACE}/preview", data=FORM).text
    assert "满 200 元减 30 元，全店可用，可与会员价同享" in shown
    assert "领取后 30 天内有效 · 每人限领 1 张" in shown
    assert "还有没填好的地方" not in shown
    assert "还有没填好的地方" in client.post(f"{PLACE}/preview", data={**FORM, "value": ""}).text
    assert "广告法" in client.post(f"{PLACE}/preview", data={**FORM, "name": "全网最低价券"}).text
    assert client.post(f"{PLACE}/preview", data={}).status_code == 200


def test_the_list_says_what_was_given_and_used_and_can_be_narrowed(app: Flask) -> None:
    client = desk(app)
    coupon = make_coupon(name="能用的", stock=10, per_person=None)
    make_coupon(name="过去的", valid_until=clock.now() - timedelta(days=1))
    for number in range(4):
        held = give(make_person().id, coupon)
        if number == 0:
            hold(held, order_no="N1")
            with transaction():
                services.use(order_no="N1", now=clock.now())
    page = client.get(PLACE).text
    assert "4 / 10" in page
    assert "25%" in page
    assert "过去的" not in client.get(f"{PLACE}?state=active").text
    assert "能用的" not in client.get(f"{PLACE}?state=over").text
    assert "没有符合条件" in client.get(f"{PLACE}?kind=gift").text
    assert "能用的" in client.get(f"{PLACE}?state=nonsense").text


def test_it_is_handed_out_by_name_and_taken_back_one_by_one(app: Flask) -> None:
    client, person, other = desk(app, Role.SERVICE), make_person(), make_person()
    coupon = make_coupon(giving=Giving.STAFF)
    place = f"{PLACE}/{coupon}"
    names = f"{person.signed_in.public_id}，{other.signed_in.public_id}\n不认识"
    page = words_after(client, client.post(f"{place}/grants", data={"customers": names}))
    assert "已发给 2 位顾客" in page
    assert "没有发给 不认识" in page
    held = db.session.scalars(select(CustomerCoupon).filter_by(customer_id=person.id)).one().public_id
    assert person.signed_in.public_id in page
    told = words_after(client, client.post(f"{place}/holders/{held}/revoke"))
    assert "已收回" in told
    assert row_of(held).status is CouponStatus.REVOKED
    assert "不能这样操作" in words_after(client, client.post(f"{place}/holders/{held}/revoke"))
    shown = client.get(f"{place}?status=revoked").text
    assert person.signed_in.public_id in shown
    assert other.signed_in.public_id not in shown
    assert acts() == ["coupon.grant", "coupon.revoke"]
    elsewhere = f"{PLACE}/{make_coupon()}/holders/{row_of(held).public_id}/revoke"
    assert "没有找到" in words_after(client, client.post(elsewhere))


def test_codes_are_made_in_batches_and_downloaded(app: Flask) -> None:
    client = desk(app)
    coupon = make_coupon(giving=Giving.CODE)
    place = f"{PLACE}/{coupon}"
    assert "已添加 20 个兑换码" in words_after(client, client.post(f"{place}/codes", data={"count": "20"}))
    assert "SPRING26" in words_after(client, client.post(f"{place}/codes", data={"code": "spring 26"}))
    assert "整数" in words_after(client, client.post(f"{place}/codes", data={"count": "0"}))
    file = client.get(f"{place}/codes.csv")
    assert file.mimetype == "text/csv"
    assert len(file.text.splitlines()) == 22
    assert "20 个" in client.get(place).text
    assert acts() == ["coupon.codes", "coupon.codes"]


@pytest.mark.parametrize("role", [Role.SERVICE, Role.ANALYST])
def test_who_may_only_look_is_shown_no_way_to_change(app: Flask, role: Role) -> None:
    client, coupon = desk(app, role), make_coupon(giving=Giving.CODE)
    held = give(make_person().id, coupon)
    page = client.get(f"{PLACE}/{coupon}").text
    assert f"{coupon}/edit" not in page
    assert "codes.csv" not in page
    assert ("/grants" in page) is (role is Role.SERVICE)
    assert (f"{held.id}/revoke" in page) is (role is Role.SERVICE)
    assert client.get(f"{PLACE}/{coupon}/codes.csv").status_code == 403
    assert "/admin/coupons/new" not in client.get(PLACE).text


def test_screens_of_coupons_ask_no_more_for_more_rows(app: Flask) -> None:
    client, coupon = desk(app), make_coupon(per_person=None)

    def asked() -> list[int]:
        counts = []
        for path in (PLACE, f"{PLACE}/{coupon}"):
            with statements() as sent:
                assert client.get(path).status_code == 200
            counts.append(len(sent))
        return counts

    give(make_person().id, coupon)
    few = asked()
    for _ in range(5):
        give(make_person().id, coupon)
        make_coupon()
    assert asked() == few
