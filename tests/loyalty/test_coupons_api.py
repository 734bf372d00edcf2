"""Coupons over the API: for customers, and for the merchant's programs."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from shopapp.kernel import clock
from shopapp.kernel.access import Permission
from shopapp.kernel.audit import AuditEntry
from shopapp.kernel.db import db, transaction
from shopapp.kernel.settings import settings
from shopapp.loyalty.coupons import offering
from shopapp.loyalty.coupons.api import CODES_PER_PERSON
from shopapp.loyalty.coupons.content import Giving
from shopapp.loyalty.coupons.models import CustomerCoupon
from tests.support.coupons import give, make_coupon
from tests.support.merchant import merchant_client
from tests.support.orders import count
from tests.support.people import make_person

BODY: dict[str, Any] = {
    "name": "满百减十",
    "kind": "amount",
    "value_fen": 1000,
    "min_spend_fen": 10000,
    "giving": "claim",
    "stock": 100,
    "per_person": 1,
    "valid_days": 30,
}


def test_a_coupon_is_seen_taken_and_listed(app: Flask) -> None:
    coupon, person = make_coupon(stock=3, name="满百减五"), make_person()
    client = app.test_client()
    (offer,) = client.get("/api/v1/coupons").get_json()["items"]
    assert (offer["id"], offer["state"], offer["left"], offer["value_fen"]) == (coupon, "open", 3, 500)
    assert client.post(f"/api/v1/coupons/{coupon}/claims").status_code == 401

    taken = client.post(f"/api/v1/coupons/{coupon}/claims", headers=person.headers)
    held = taken.get_json()
    assert (taken.status_code, held["status"], held["coupon_id"]) == (201, "available", coupon)
    assert held["conditions"] == "减 5 元，没有门槛，全店可用，可与会员价同享"
    again = client.post(f"/api/v1/coupons/{coupon}/claims", headers=person.headers)
    assert (again.status_code, again.get_json()["code"]) == (409, "coupon_taken")
    (offer,) = client.get("/api/v1/coupons", headers=person.headers).get_json()["items"]
    assert (offer["state"], offer["left"], offer["mine"]) == ("taken", 2, 1)

    mine = client.get("/api/v1/me/coupons?status=available", headers=person.headers).get_json()
    assert ([one["id"] for one in mine["items"]], mine["next_cursor"]) == ([held["id"]], None)
    for status in ("used", "held", "expired", "revoked"):
        assert (
            client.get(f"/api/v1/me/coupons?status={status}", headers=person.headers).get_json()["items"]
            == []
        )
    assert client.get("/api/v1/me/coupons?status=lost", headers=person.headers).status_code == 422


def test_the_same_key_takes_one_piece(app: Flask) -> None:
    coupon, person = make_coupon(per_person=None), make_person()
    headers = {**person.headers, "Idempotency-Key": "tap-1"}
    first, again = (
        app.test_client().post(f"/api/v1/coupons/{coupon}/claims", headers=headers).get_json()
        for _ in range(2)
    )
    assert (first, count(CustomerCoupon)) == (again, 1)


def test_a_long_list_is_read_page_by_page_and_only_by_its_owner(app: Flask) -> None:
    person, other = make_person(), make_person()
    ids = [give(person.id, key=f"{number}").id for number in range(5)]
    foreign = give(other.id).id
    client, seen, cursor = app.test_client(), [], None
    while True:
        query = f"?limit=2&cursor={cursor}" if cursor else "?limit=2"
        page = client.get(f"/api/v1/me/coupons{query}", headers=person.headers).get_json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ids[::-1]
    assert (
        client.get(f"/api/v1/me/coupons?cursor={foreign}", headers=person.headers).get_json()["items"] == []
    )


def test_codes_are_typed_and_guessing_is_limited(app: Flask) -> None:
    coupon, person, guesser = make_coupon(giving=Giving.CODE), make_person(), make_person()
    with transaction():
        (code, spare) = offering.make_codes(public_id=coupon, count=2, now=clock.now())
    client = app.test_client()

    def type_in(words: str, who: Any) -> Any:
        return client.post("/api/v1/me/coupons", json={"code": words}, headers=who.headers)

    assert type_in(code.lower(), person).status_code == 201
    unknown, used = type_in("AAAA-AAAA-AAAA", guesser), type_in(code, guesser)
    assert (unknown.status_code, unknown.get_json()) == (used.status_code, used.get_json())
    assert unknown.get_json()["code"] == "code_wrong"
    if not settings().rate_limits:
        pytest.skip("limits are off in these settings")
    statuses = [type_in(f"WRONG{number:04d}", guesser).status_code for number in range(CODES_PER_PERSON)]
    assert statuses == [422] * (CODES_PER_PERSON - 2) + [429] * 2
    late = type_in(spare, guesser)
    assert (late.status_code, "Retry-After" in late.headers) == (429, True)
    assert count(CustomerCoupon) == 1
    assert client.post("/api/v1/me/coupons", json={"code": "A"}).status_code == 401


def test_the_merchant_makes_changes_and_lists_coupons(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client = merchant_client(app, monkeypatch)
    made = client.post("/api/v1/admin/coupons", json=BODY)
    assert made.status_code == 201
    coupon = made.get_json()
    assert (coupon["given"], coupon["used"], coupon["active"], coupon["stock"]) == (0, 0, True, 100)
    changed = client.put(
        f"/api/v1/admin/coupons/{coupon['id']}",
        json={**BODY, "stock": 5, "active": False, "scope": {"kind": "categories", "ids": ["0123456789ab"]}},
    ).get_json()
    assert (changed["stock"], changed["active"]) == (5, False)
    assert changed["scope"] == {"kind": "categories", "ids": ["0123456789ab"], "excludes": False}
    assert client.get(f"/api/v1/admin/coupons/{coupon['id']}").get_json() == changed
    assert client.get("/api/v1/admin/coupons").get_json() == {"items": [changed], "next_cursor": None}
    assert client.get("/api/v1/admin/coupons/nothing").status_code == 404
    assert client.put("/api/v1/admin/coupons/nothing", json=BODY).status_code == 404
    acts = [entry.action for entry in db.session.query(AuditEntry).order_by(AuditEntry.id)]
    assert acts == ["coupon.create", "coupon.update"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"value_fen": 0}, "value_fen"),
        ({"value_fen": -1}, "value_fen"),
        ({"kind": "percent", "basis_points": 8500}, "cap_fen"),
        ({"scope": {"kind": "products", "ids": ["odd"]}}, "scope"),
        ({"valid_days": None}, "valid_until"),
        ({"valid_until": "2030-01-01T00:00:00"}, "valid_until"),
        ({"valid_until": "0001-01-01T00:00:00+23:59"}, "valid_until"),
        ({"stock": 0}, "stock"),
        ({"stock": 10**20}, "stock"),
        ({"giving": "push"}, "moment"),
        ({"scope": {"kind": "products", "ids": ["\u202e"]}}, "scope"),
        ({"member": 1}, "member"),
    ],
)
def test_a_wrong_coupon_is_told_at_its_field(
    app: Flask, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], field: str
) -> None:
    answer = merchant_client(app, monkeypatch).post("/api/v1/admin/coupons", json={**BODY, **change})
    assert (answer.status_code, list(answer.get_json()["details"]["fields"])) == (422, [field])


def test_pieces_are_handed_out_and_codes_made_by_programs(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, person = merchant_client(app, monkeypatch), make_person()
    coupon = make_coupon(giving=Giving.CODE)
    path = f"/api/v1/admin/coupons/{coupon}"
    who = person.signed_in.public_id
    key = {"Idempotency-Key": "grant-1"}
    first = client.post(f"{path}/grants", json={"customer_ids": [who, "x"]}, headers=key)
    assert client.post(f"{path}/grants", json={"customer_ids": [who, "x"]}, headers=key).data == first.data
    assert first.get_json() == {"given": [who], "refused": [{"customer_id": "x", "code": "not_found"}]}
    assert count(CustomerCoupon) == 1

    made = client.post(f"{path}/codes", json={"count": 3}).get_json()["codes"]
    assert client.post(f"{path}/codes", json={"code": "spring 26"}).get_json() == {"codes": ["SPRING26"]}
    assert client.post(f"{path}/codes", json={"code": "spring26"}).status_code == 422
    assert client.post(f"{path}/codes", json={}).status_code == 422
    assert client.post(f"{path}/codes", json={"code": "ABCD", "count": 1}).status_code == 422
    file = client.get(f"{path}/codes")
    assert file.mimetype == "text/csv"
    lines = file.data.decode("utf-8-sig").splitlines()
    assert lines == ["code,shared,used_at", *[f"{code},no," for code in made], "SPRING26,yes,"]
    assert client.get("/api/v1/admin/coupons/nothing/codes").status_code == 404


def test_each_right_opens_its_own_calls(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    coupon = make_coupon(giving=Giving.CODE)
    path = f"/api/v1/admin/coupons/{coupon}"

    def statuses(*permissions: Permission) -> list[int]:
        client = merchant_client(app, monkeypatch, *permissions)
        return [
            client.get(path).status_code,
            client.put(path, json={}).status_code,
            client.post(f"{path}/codes", json={}).status_code,
            client.get(f"{path}/codes").status_code,
            client.post(f"{path}/grants", json={}).status_code,
        ]

    assert statuses(Permission.ORDERS_VIEW) == [403] * 5
    assert statuses(Permission.LOYALTY_VIEW) == [200, 403, 403, 403, 403]
    assert statuses(Permission.LOYALTY_EDIT) == [403, 422, 422, 200, 403]
    assert statuses(Permission.COUPONS_GRANT) == [403, 403, 403, 403, 422]
