"""Products in the console: written, pictured, counted, put on sale, found, exported."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from shopapp.kernel.access import Role
from shopapp.kernel.audit import AuditEntry
from shopapp.kernel.db import db
from shopapp.store.catalogue.models import Category, Product, ProductStatus
from tests.support.catalogue import make_category, make_product, stock_of
from tests.support.pictures import drawn
from tests.support.queries import statements
from tests.support.staff import desk, words_after

Row = tuple[list[str], str, str]


def product_fields(*rows: Row, **more: Any) -> MultiDict[str, str]:
    """The form as the page sends it: (specs, yuan, stock) for each choice."""
    fields: MultiDict[str, str] = MultiDict(
        {"title": "玻璃奶瓶", "position": "0", "returnable": "1"}
        | {k: v for k, v in more.items() if isinstance(v, str)}
    )
    for name, values in more.items():
        if not isinstance(values, str):
            fields.setlist(name, values)
    for specs, yuan, stock in rows or [([], "59", "10")]:
        fields.add("sku_id", "")
        fields.add("sku_specs", json.dumps(specs, ensure_ascii=False))
        fields.add("sku_price", yuan)
        fields.add("sku_code", "")
        fields.add("sku_weight", "0")
        fields.add("sku_stock", stock)
        fields.add("sku_stock_was", "")
    return fields


def the_product() -> Product:
    db.session.expire_all()
    return db.session.scalars(select(Product)).one()


def test_a_product_with_two_specs_is_written_and_put_on_sale_at_once(app: Flask) -> None:
    client = desk(app)
    rows = [([size, colour], "59.9", "3") for size in ("大", "小") for colour in ("红", "蓝")]
    fields = product_fields(*rows, spec_name=["容量", "颜色"], publish="1")
    answer = client.post("/admin/products/new", data=fields)
    assert "已保存" in words_after(client, answer)
    product = the_product()
    assert product.status is ProductStatus.ON_SALE
    assert product.price.fen == 5990
    assert [sku.specs for sku in product.skus] == [["大", "红"], ["大", "蓝"], ["小", "红"], ["小", "蓝"]]
    assert [stock_of(sku) for sku in product.skus] == [(3, 0)] * 4
    page = app.test_client().get(f"/p/{product.public_id}")
    assert "玻璃奶瓶" in page.text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (product_fields(title=""), "请填写内容"),
        (product_fields(([], "1.234", "1")), "每个款式都要填写价格"),
        (product_fields(([], "", "1")), "每个款式都要填写价格"),
        (product_fields(([], "1", "many")), "库存须为 0 到"),
        (product_fields((["红"], "1", "1")), "规格值个数须与规格名称相同"),
        (product_fields((["红"], "1", "1"), (["红"], "2", "1"), spec_name=["颜色"]), "规格组合不能重复"),
        (product_fields(limit_per_customer="0"), "请填写 1 到"),
        (product_fields(category="000000000000"), "没有这个分类"),
        (product_fields(picture=["000000000000"], alt=["x"]), "有图片不存在"),
    ],
)
def test_a_wrong_field_is_told_and_nothing_is_written(
    app: Flask, fields: MultiDict[str, str], words: str
) -> None:
    answer = desk(app).post("/admin/products/new", data=fields)
    assert answer.status_code == 422
    assert words in answer.text
    assert db.session.scalars(select(Product)).all() == []


def test_specs_that_are_no_list_are_refused(app: Flask) -> None:
    fields = product_fields()
    for nonsense in ("{", '{"a": 1}', "[1]", "[" * 5000):
        fields.setlist("sku_specs", [nonsense])
        answer = desk(app).post("/admin/products/new", data=fields)
        assert (answer.status_code, "规格读不出来" in answer.text) == (422, True)


def test_an_edit_changes_what_was_changed_and_leaves_its_trace(app: Flask) -> None:
    product = make_product(title="奶瓶", price_fen=5900, stock=7)
    client = desk(app)
    shown = client.get(f"/admin/products/{product.public_id}").text
    assert 'value="59.00"' in shown
    fields = product_fields(([], "49", "7"), title="奶瓶 240 ml")
    fields["sku_id"], fields["sku_stock_was"] = product.skus[0].public_id, "7"
    assert client.post(f"/admin/products/{product.public_id}", data=fields).status_code == 303
    changed = the_product()
    assert (changed.title, changed.price.fen) == ("奶瓶 240 ml", 4900)
    assert changed.skus[0].id == product.skus[0].id
    changes = db.session.scalars(select(AuditEntry.changes).filter_by(action="product.update")).one()
    assert changes["title"] == ["奶瓶", "奶瓶 240 ml"]
    assert db.session.scalars(select(AuditEntry).filter_by(action="stock.count")).all() == []


def test_stock_that_somebody_bought_meanwhile_is_not_written_back(app: Flask) -> None:
    product = make_product(stock=7)
    client = desk(app)
    fields = product_fields(([], "59", "7"), title="新名字")
    fields["sku_id"], fields["sku_stock_was"] = product.skus[0].public_id, "7"
    client.post(
        f"/admin/products/{product.public_id}/stock", data={f"stock.{product.skus[0].public_id}": "2"}
    )
    client.post(f"/admin/products/{product.public_id}", data=fields)
    assert stock_of(the_product().skus[0]) == (2, 0)


def test_the_warehouse_counts_but_does_not_write(app: Flask) -> None:
    product = make_product(stock=7)
    sku = product.skus[0]
    client = desk(app, Role.WAREHOUSE)
    path = f"/admin/products/{product.public_id}/stock"
    answer = client.post(
        path, data={f"stock.{sku.public_id}": "１２", f"was.{sku.public_id}": "7", "note": "到货"}
    )
    assert "到货" in words_after(client, answer)
    assert stock_of(sku) == (12, 0)
    assert client.post(path, data={f"stock.{sku.public_id}": "-1"}).status_code == 422
    assert stock_of(sku) == (12, 0)
    assert client.get(f"/admin/products/{product.public_id}").status_code == 403
    reader = desk(app, Role.ANALYST)
    assert f'name="stock.{sku.public_id}"' not in reader.get(path).text
    assert reader.post(path, data={}).status_code == 403


def test_many_are_taken_off_sale_at_once(app: Flask) -> None:
    products = [make_product() for _ in range(3)]
    ids = [product.public_id for product in products]
    client = desk(app)
    answer = client.post("/admin/products/bulk", data={"act": "off_sale", "id": ids[:2]})
    assert "2 件商品已下架" in words_after(client, answer)
    answer = client.post("/admin/products/bulk", data={"act": "off_sale", "id": ids})
    assert "1 件商品已下架" in words_after(client, answer)
    assert "0 件商品已下架" in words_after(
        client, client.post("/admin/products/bulk", data={"act": "off_sale"})
    )
    answer = client.post("/admin/products/bulk", data={"act": "burn", "id": ids})
    assert "请选择一项" in words_after(client, answer)
    statuses = db.session.scalars(select(Product.status)).all()
    assert set(statuses) == {ProductStatus.OFF_SALE}


def test_products_are_found_by_words_state_category_and_stock(app: Flask) -> None:
    shelf = make_category(name="喂养")
    make_product(title="宽口奶瓶", category=shelf, stock=0)
    make_product(title="婴儿湿巾", stock=3)
    make_product(title="旧款童鞋", on_sale=False, stock=90)
    client = desk(app, Role.ANALYST)

    def shown(query: str) -> set[str]:
        text = client.get(f"/admin/products?{query}").text
        return {title for title in ("宽口奶瓶", "婴儿湿巾", "旧款童鞋") if title in text}

    assert shown("q=奶瓶") == {"宽口奶瓶"}
    assert shown("status=draft") == {"旧款童鞋"}
    assert shown(f"category={shelf.public_id}") == {"宽口奶瓶"}
    assert shown("category=-") == {"婴儿湿巾", "旧款童鞋"}
    assert shown("stock=out") == {"宽口奶瓶"}
    assert shown("stock=low") == {"宽口奶瓶", "婴儿湿巾"}
    assert shown("sort=-price&page=99999") == {"宽口奶瓶", "婴儿湿巾", "旧款童鞋"}


def test_a_list_of_products_asks_no_more_the_longer_it_is(app: Flask) -> None:
    client = desk(app)
    numbers = []
    for more in (2, 10):
        for _ in range(more):
            make_product()
        with statements() as sent:
            assert client.get("/admin/products").status_code == 200
        numbers.append(len(sent))
    assert numbers[0] == numbers[1] <= 10


def test_the_export_has_a_row_for_each_choice_and_no_formula(app: Flask) -> None:
    make_product(title="@奶瓶", spec_names=["色"], skus=[(["红"], 100, 1), (["蓝"], 200, 2)])
    answer = desk(app).get("/admin/products/export.csv")
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert [(row["title"], row["specs"], row["price_yuan"], row["stock"]) for row in rows] == [
        ("'@奶瓶", "红", "1.00", "1"),
        ("'@奶瓶", "蓝", "2.00", "2"),
    ]


def test_pictures_are_uploaded_and_put_into_the_product(app: Flask) -> None:
    client = desk(app)
    sent = client.post("/admin/products/pictures", data={"file": (io.BytesIO(drawn()), "a.png")})
    assert sent.status_code == 201
    fields = product_fields(picture=[sent.json["id"]], alt=["一只圆"])  # type: ignore[index]
    assert client.post("/admin/products/new", data=fields).status_code == 303
    assert 'value="一只圆"' in client.get(f"/admin/products/{the_product().public_id}").text
    refused = client.post("/admin/products/pictures", data={"file": (io.BytesIO(b"no picture"), "a.png")})
    assert refused.status_code == 422
    assert "不是可以使用的图片" in refused.json["message"]  # type: ignore[index]


def test_a_draft_can_be_thrown_away_a_product_that_was_on_sale_cannot(app: Flask) -> None:
    draft, sold = make_product(on_sale=False), make_product()
    client = desk(app)
    assert "已删除" in words_after(client, client.post(f"/admin/products/{draft.public_id}/delete"))
    assert "只有草稿可以删除" in words_after(client, client.post(f"/admin/products/{sold.public_id}/delete"))
    assert the_product().id == sold.id


def test_categories_are_kept(app: Flask) -> None:
    client = desk(app)
    fields = {"name": "喂养", "slug": "feeding", "position": "10", "active": "1"}
    assert client.post("/admin/categories/new", data=fields).status_code == 303
    row = db.session.scalars(select(Category)).one()
    assert client.post("/admin/categories/new", data=fields).status_code == 422
    path = f"/admin/categories/{row.public_id}"
    assert client.post(path, data=fields | {"name": "喂养用品", "slug": "F!"}).status_code == 422
    assert client.post(path, data=fields | {"name": "喂养用品"}).status_code == 303
    make_product(category=row)
    assert "还有商品" in words_after(client, client.post(f"{path}/delete"))
    db.session.refresh(row)
    assert row.name == "喂养用品"
