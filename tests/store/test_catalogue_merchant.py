"""The merchant's programs keep categories, products and stock."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from shopapp.kernel import clock
from shopapp.kernel.access import Permission
from shopapp.kernel.audit import AuditEntry
from shopapp.kernel.db import db, transaction
from shopapp.store.catalogue.models import Category, Product, Sku
from shopapp.store.stock import services as stock
from shopapp.store.stock.models import StockMovement
from tests.support.catalogue import make_product, make_sku, see_the_present, stock_of
from tests.support.merchant import merchant_client
from tests.support.queries import statements

API = "/api/v1/admin"
ONESIE: dict[str, Any] = {
    "title": "连体衣",
    "spec_names": ["颜色", "尺码"],
    "skus": [
        {"specs": ["米白", "73"], "price_fen": 8900, "stock": 4, "code": "onesie-1"},
        {"specs": ["米白", "80"], "price_fen": 9900},
    ],
}


@pytest.fixture
def client(app: Flask, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    return merchant_client(app, monkeypatch)


def actions() -> list[str]:
    return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def rows(table: Any) -> int:
    see_the_present()
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def add(client: FlaskClient, **fields: Any) -> dict[str, Any]:
    answer = client.post(f"{API}/products", json={**ONESIE, **fields})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json
    return found


def test_a_product_is_made_put_on_sale_and_taken_off(client: FlaskClient) -> None:
    made = add(client)
    assert (made["status"], made["price_fen"], made["in_stock"]) == ("draft", 8900, True)
    assert [(sku["specs"], sku["stock"], sku["code"]) for sku in made["skus"]] == [
        (["米白", "73"], 4, "onesie-1"),
        (["米白", "80"], 0, None),
    ]
    address = f"{API}/products/{made['id']}"
    assert client.get(address).json == made
    assert client.patch(address, json={"status": "on_sale"}).json["status"] == "on_sale"
    assert client.get(f"/api/v1/products/{made['id']}").status_code == 200
    assert client.delete(address).status_code == 204
    assert client.get(address).json["status"] == "off_sale"
    assert client.get(f"/api/v1/products/{made['id']}").status_code == 404
    assert client.patch(address, json={"status": "draft"}).status_code == 422
    assert actions() == ["product.create", "product.update", "product.remove"]


def test_a_deleted_draft_leaves_nothing(client: FlaskClient) -> None:
    made = add(client)
    assert client.delete(f"{API}/products/{made['id']}").status_code == 204
    assert client.get(f"{API}/products/{made['id']}").status_code == 404
    assert rows(Product) == rows(Sku) == rows(StockMovement) == 0


def test_the_same_request_twice_makes_one_product(client: FlaskClient) -> None:
    keyed = {"Idempotency-Key": "onesie"}
    first = client.post(f"{API}/products", json=ONESIE, headers=keyed)
    again = client.post(f"{API}/products", json=ONESIE, headers=keyed)
    other = client.post(f"{API}/products", json={**ONESIE, "title": "别的"}, headers=keyed)
    assert first.json == again.json
    assert (other.status_code, other.json["code"]) == (409, "idempotency_conflict")
    assert rows(Product) == 1


def test_specs_change_while_the_stock_stays(client: FlaskClient) -> None:
    made = add(client)
    small, large = made["skus"]
    swapped = [
        {"id": small["id"], "specs": large["specs"], "price_fen": 8900},
        {"id": large["id"], "specs": small["specs"], "price_fen": 100},
    ]
    answer = client.patch(f"{API}/products/{made['id']}", json={"skus": swapped})
    assert answer.status_code == 200, answer.text
    assert [(sku["id"], sku["specs"], sku["stock"]) for sku in answer.json["skus"]] == [
        (small["id"], ["米白", "80"], 4),
        (large["id"], ["米白", "73"], 0),
    ]
    assert answer.json["price_fen"] == 100


def test_a_choice_left_out_is_offered_no_more_and_comes_back_as_itself(client: FlaskClient) -> None:
    made = add(client)
    address = f"{API}/products/{made['id']}"
    only = client.patch(address, json={"skus": ONESIE["skus"][1:]}).json
    assert [sku["id"] for sku in only["skus"]] == [made["skus"][1]["id"]]
    assert only["in_stock"] is False
    back = client.patch(address, json={"skus": ONESIE["skus"]}).json
    assert [sku["id"] for sku in back["skus"]] == [sku["id"] for sku in made["skus"]]
    plain = client.patch(address, json={"spec_names": [], "skus": [{"price_fen": 1}]}).json
    assert (plain["spec_names"], len(plain["skus"])) == ([], 1)


def test_descriptions_lose_what_could_do_harm(client: FlaskClient) -> None:
    wild = (
        '<p onclick="x()">好<script>alert(1)</script><img src=x onerror=y><a href="javascript:z">用</a></p>'
    )
    assert add(client, description=wild)["description"] == "<p>好用</p>"
    again = add(client, skus=[{"specs": ["a", "b"], "price_fen": 1}], description="棉\n\n<3 & more")
    assert "<3" not in again["description"]
    see = client.get(f"{API}/products/{again['id']}").json["description"]
    saved = client.patch(f"{API}/products/{again['id']}", json={"description": see}).json
    assert saved["description"] == see


SKU = {"specs": ["米白", "73"], "price_fen": 1}


@pytest.mark.parametrize(
    "fields",
    [
        {"title": ""},
        {"title": "   "},
        {"title": "长" * 61},
        {"title": "a\u0000b"},
        {"title": 7},
        {"title": None},
        {"subtitle": "长" * 121},
        {"description": "x" * 20_001},
        {"category_id": "nothing"},
        {"category_id": "000000000000"},
        {"spec_names": ["一", "二", "三", "四"]},
        {"spec_names": ["颜色", "颜色"]},
        {"spec_names": ["颜色", " "]},
        {"spec_names": ["颜色"]},
        {"skus": []},
        {"skus": [SKU, SKU]},
        {"skus": [{**SKU, "specs": ["米白"]}]},
        {"skus": [{**SKU, "specs": ["米白", ""]}]},
        {"skus": [{**SKU, "specs": ["米白", "长" * 21]}]},
        {"skus": [{**SKU, "price_fen": -1}]},
        {"skus": [{**SKU, "price_fen": 100_000_000}]},
        {"skus": [{**SKU, "price_fen": 1.5}]},
        {"skus": [{**SKU, "price_fen": "1"}]},
        {"skus": [{**SKU, "price_fen": True}]},
        {"skus": [{"specs": ["米白", "73"]}]},
        {"skus": [{**SKU, "stock": -1}]},
        {"skus": [{**SKU, "stock": 1_000_001}]},
        {"skus": [{**SKU, "weight_grams": -1}]},
        {"skus": [{**SKU, "code": ""}]},
        {"skus": [{**SKU, "code": "c"}, {"specs": ["米白", "80"], "price_fen": 1, "code": "c"}]},
        {"skus": [{**SKU, "id": "000000000000"}]},
        {"skus": [{"specs": ["红", str(n)], "price_fen": 1} for n in range(201)]},
        {"skus": [{"specs": ["红", str(n)], "price_fen": 1} for n in range(31)]},
        {"pictures": [{"id": "000000000000"}]},
        {"limit_per_customer": 0},
        {"limit_per_customer": 100},
        {"position": -1},
        {"position": 2**70},
        {"returnable": "yes"},
        {"status": "sold"},
        {"colour": "red"},
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_kept(client: FlaskClient, fields: dict[str, Any]) -> None:
    answer = client.post(f"{API}/products", json={**ONESIE, **fields})
    assert answer.status_code == 422, answer.text
    assert answer.json["details"]["fields"]
    assert rows(Product) == rows(Sku) == rows(AuditEntry) == 0
    made = add(client)
    changed = client.patch(f"{API}/products/{made['id']}", json=fields)
    assert changed.status_code == 422, changed.text
    see_the_present()
    assert client.get(f"{API}/products/{made['id']}").json == made


@pytest.mark.parametrize("body", [b'{"title": "\\ud800"}', b'{"\\ud800": 1}', b'{"title": NaN}', b"[" * 5000])
def test_json_that_cannot_be_stored_is_refused(client: FlaskClient, body: bytes) -> None:
    answer = client.post(f"{API}/products", data=body, content_type="application/json")
    assert answer.status_code in (400, 422), answer.text
    assert answer.json["code"]
    assert rows(Product) == 0


def test_a_code_belongs_to_one_product(client: FlaskClient) -> None:
    add(client)
    assert client.post(f"{API}/products", json=ONESIE).status_code == 422
    assert rows(Product) == 1


def test_categories_come_and_go(client: FlaskClient) -> None:
    made = client.post(f"{API}/categories", json={"slug": "bath", "name": "洗护"}).json
    address = f"{API}/categories/{made['id']}"
    renamed = client.put(address, json={"slug": "bath", "name": "洗护清洁", "active": False})
    assert renamed.json == {**made, "name": "洗护清洁", "active": False}
    assert client.get(address).json == renamed.json
    assert [row["name"] for row in client.get(f"{API}/categories").json["items"]] == ["洗护清洁"]
    assert client.get("/api/v1/categories").json["items"] == []
    product = add(client, category_id=made["id"])
    assert (client.delete(address).status_code, rows(Category)) == (409, 1)
    client.patch(f"{API}/products/{product['id']}", json={"category_id": None})
    assert (client.delete(address).status_code, rows(Category)) == (204, 0)


@pytest.mark.parametrize(
    "fields",
    [
        {"slug": ""},
        {"slug": "Bath"},
        {"slug": "-bath"},
        {"slug": "洗护"},
        {"slug": "a" * 61},
        {"slug": "taken"},
        {"name": ""},
        {"name": "长" * 31},
        {"name": "\u0007"},
        {"position": 1.5},
        {"active": 1},
        {"picture_id": "000000000000"},
    ],
)
def test_a_wrong_category_is_refused(client: FlaskClient, fields: dict[str, Any]) -> None:
    client.post(f"{API}/categories", json={"slug": "taken", "name": "有了"})
    answer = client.post(f"{API}/categories", json={"slug": "bath", "name": "洗护", **fields})
    assert answer.status_code == 422
    assert list(answer.json["details"]["fields"]) == list(fields)
    assert rows(Category) == 1


def test_stock_is_counted_and_adjusted(client: FlaskClient) -> None:
    sku = make_sku(stock=10)
    with transaction():
        stock.hold(quantities={sku.id: 2}, subject="order", now=clock.now())
    address = f"{API}/skus/{sku.public_id}/stock"
    assert client.get(address).json == {"sku_id": sku.public_id, "stock": 8, "held": 2}
    assert client.put(address, json={"stock": 30}).json["stock"] == 30
    keyed = {"Idempotency-Key": "k"}
    for _ in range(2):
        answer = client.post(address, json={"delta": -5, "reason": "破损"}, headers=keyed)
        assert answer.json["stock"] == 25
    assert stock_of(sku) == (25, 2)
    entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(entry.action, entry.actor_name) for entry in entries] == [
        ("stock.count", "仓库系统"),
        ("stock.adjust", "仓库系统"),
    ]
    assert entries[1].changes == {"stock": [30, 25], "reason": "破损"}


@pytest.mark.parametrize(
    ("method", "body", "status"),
    [
        ("PUT", {"stock": -1}, 422),
        ("PUT", {"stock": 1_000_001}, 422),
        ("PUT", {"stock": "3"}, 422),
        ("PUT", {}, 422),
        ("POST", {"delta": 5}, 422),
        ("POST", {"delta": 5, "reason": ""}, 422),
        ("POST", {"delta": 1_000_000, "reason": "到货"}, 422),
        ("POST", {"delta": -11, "reason": "破损"}, 409),
    ],
)
def test_wrong_stock_changes_nothing(
    client: FlaskClient, method: str, body: dict[str, Any], status: int
) -> None:
    sku = make_sku(stock=10)
    answer = client.open(f"{API}/skus/{sku.public_id}/stock", method=method, json=body)
    assert answer.status_code == status
    assert stock_of(sku) == (10, 0)
    assert actions() == []
    assert client.open(f"{API}/skus/000000000000/stock", method=method, json=body).status_code in (404, 422)


READ, EDIT, STOCK = Permission.PRODUCTS_VIEW, Permission.PRODUCTS_EDIT, Permission.STOCK_EDIT
CALLS = [
    ("GET", "/products", None, READ),
    ("GET", "/products/{product}", None, READ),
    ("POST", "/products", ONESIE, EDIT),
    ("PUT", "/products/{product}", ONESIE, EDIT),
    ("PATCH", "/products/{product}", {"title": "别的"}, EDIT),
    ("DELETE", "/products/{product}", None, EDIT),
    ("GET", "/categories", None, READ),
    ("POST", "/categories", {"slug": "a", "name": "a"}, EDIT),
    ("PUT", "/categories/x", {"slug": "a", "name": "a"}, EDIT),
    ("DELETE", "/categories/x", None, EDIT),
    ("POST", "/pictures", None, EDIT),
    ("GET", "/skus/{sku}/stock", None, READ),
    ("PUT", "/skus/{sku}/stock", {"stock": 1}, STOCK),
    ("POST", "/skus/{sku}/stock", {"delta": 1, "reason": "a"}, STOCK),
]


@pytest.mark.parametrize(("method", "path", "body", "needed"), CALLS)
def test_every_call_needs_its_right(
    app: Flask, monkeypatch: pytest.MonkeyPatch, method: str, path: str, body: Any, needed: Permission
) -> None:
    product = make_product()
    address = API + path.format(product=product.public_id, sku=product.skus[0].public_id)
    others = set(Permission) - {needed}
    answer = merchant_client(app, monkeypatch, *others).open(address, method=method, json=body)
    assert (answer.status_code, answer.json["code"]) == (403, "forbidden")
    monkeypatch.setitem(app.extensions, "load_token", lambda: None)
    assert app.test_client().open(address, method=method, json=body).status_code == 401
    assert stock_of(product.skus[0]) == (10, 0)
    assert rows(Product) == 1


def test_stock_in_a_product_takes_the_right_to_stock(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client = merchant_client(app, monkeypatch, READ, EDIT)
    assert client.post(f"{API}/products", json=ONESIE).status_code == 403
    assert rows(Product) == 0
    without = {**ONESIE, "skus": [{"specs": ["米白", "73"], "price_fen": 1}]}
    assert client.post(f"{API}/products", json=without).status_code == 201


def test_staff_lists_show_every_state_in_a_fixed_number_of_queries(client: FlaskClient) -> None:
    make_product(title="在售")
    make_product(title="草稿", on_sale=False)

    def look(query: str) -> tuple[list[str], int]:
        with statements() as sent:
            answer = client.get(f"{API}/products{query}").json
        return [item["title"] for item in answer["items"]], len(sent)

    shown, queries = look("?sort=newest")
    assert shown == ["草稿", "在售"]
    assert look("?status=draft")[0] == ["草稿"]
    assert client.get(f"{API}/products?status=lost").status_code == 422
    for _ in range(10):
        make_product()
    assert look("")[1] == queries
