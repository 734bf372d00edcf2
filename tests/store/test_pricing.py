"""What a purchase costs: arithmetic that loses no fen."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from shopapp.kernel import preferences
from shopapp.kernel.db import transaction
from shopapp.kernel.money import ZERO, Money
from shopapp.store.pricing import rules
from shopapp.store.pricing.rules import FreightTerms, Wanted
from tests.support.catalogue import make_product, make_sku
from tests.support.people import make_person
from tests.support.queries import statements

TERMS = FreightTerms(fee=Money(800), free_from=Money(9900), no_delivery=("65", "5401"))
amounts = st.integers(0, 10**9).map(Money)


@given(amount=amounts, lines=st.lists(amounts, max_size=30))
def test_a_spread_reduction_sums_up_and_stays_within_its_lines(amount: Money, lines: list[Money]) -> None:
    parts = rules.spread(amount, over=lines)
    assert len(parts) == len(lines)
    assert Money.total(parts) == min(amount, Money.total(lines))
    assert all(ZERO <= part <= line for part, line in zip(parts, lines, strict=True))


@given(
    pay=amounts,
    split=st.lists(st.integers(1, 9), min_size=1, max_size=12),
)
def test_refunds_in_any_split_add_up_to_the_paid_share(pay: Money, split: list[int]) -> None:
    quantity, before, back = sum(split), 0, []
    for pieces in split:
        back.append(rules.refund_share(pay=pay, quantity=quantity, refunded_before=before, pieces=pieces))
        before += pieces
    assert Money.total(back) == pay
    assert all(share >= ZERO for share in back)


def test_no_more_pieces_come_back_than_were_bought() -> None:
    for before, pieces in ((2, 2), (0, 4), (0, -1)):
        with pytest.raises(ValueError):
            rules.refund_share(pay=Money(100), quantity=3, refunded_before=before, pieces=pieces)


@given(wanted=st.lists(st.tuples(st.integers(0, 10**8), st.integers(1, 99)), max_size=20))
def test_a_total_is_its_lines_and_the_freight(wanted: list[tuple[int, int]]) -> None:
    lines = [
        Wanted(sku_id=str(number), price=Money(fen), quantity=pieces)
        for number, (fen, pieces) in enumerate(wanted)
    ]
    quote = rules.quote(wanted=lines, freight=TERMS)
    assert quote.goods.fen == sum(fen * pieces for fen, pieces in wanted)
    assert quote.total == quote.goods + quote.freight
    assert all(line.pay == line.list for line in quote.lines)
    assert quote.freight == (ZERO if not wanted or quote.goods >= TERMS.free_from else TERMS.fee)


@pytest.mark.parametrize(("fen", "freight"), [(9899, 800), (9900, 0), (9901, 0), (0, 800)])
def test_freight_is_free_from_the_bound_on(fen: int, freight: int) -> None:
    assert rules.freight_for(goods=Money(fen), terms=TERMS).fen == freight


@pytest.mark.parametrize(
    ("code", "delivered"), [("330106", True), ("650102", False), ("540102", False), ("540202", True)]
)
def test_some_regions_get_no_parcels(code: str, delivered: bool) -> None:
    wanted = [Wanted(sku_id="a", price=Money(100), quantity=1)]
    quote = rules.quote(wanted=wanted, freight=TERMS, region_code=code)
    assert (quote.delivered, quote.freight.fen) == (delivered, 800 if delivered else 0)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def test_a_guest_is_quoted_without_an_address(client: FlaskClient) -> None:
    lotion, blocks = make_sku(price_fen=3000), make_sku(price_fen=1250)
    items = [
        {"sku_id": lotion.public_id, "quantity": 2},
        {"sku_id": blocks.public_id, "quantity": 3},
    ]
    answer = client.post("/api/v1/quotes", json={"items": items})
    assert answer.json == {
        "lines": [
            {"sku_id": lotion.public_id, "quantity": 2, "list_fen": 6000, "reductions": [], "pay_fen": 6000},
            {"sku_id": blocks.public_id, "quantity": 3, "list_fen": 3750, "reductions": [], "pay_fen": 3750},
        ],
        "freight_fen": 800,
        "points_used": 0,
        "wallet_fen": 0,
        "total_fen": 10550,
        "points_to_earn": 0,
        "refusals": [],
    }


def refused(client: FlaskClient, body: dict[str, object], **more: object) -> list[str]:
    answer = client.post("/api/v1/quotes", json=body, **more)
    assert answer.status_code == 200, answer.text
    return [refusal["code"] for refusal in answer.json["refusals"]]


def test_what_stands_in_the_way_is_told(client: FlaskClient) -> None:
    few, none = make_sku(stock=1), make_sku(stock=0)
    draft = make_product(on_sale=False).skus[0]
    items = [
        {"sku_id": few.public_id, "quantity": 2},
        {"sku_id": none.public_id, "quantity": 1},
        {"sku_id": draft.public_id, "quantity": 1},
        {"sku_id": "unknown", "quantity": 1},
    ]
    answer = client.post("/api/v1/quotes", json={"items": items}).json
    assert [refusal["code"] for refusal in answer["refusals"]] == ["short", "sold_out", "gone", "gone"]
    assert [line["sku_id"] for line in answer["lines"]] == [few.public_id, none.public_id]


def test_a_limit_counts_all_choices_of_a_product(client: FlaskClient) -> None:
    product = make_product(limit_per_customer=2, spec_names=["色"], skus=[(["红"], 100, 9), (["蓝"], 100, 9)])
    red, blue = ({"sku_id": sku.public_id, "quantity": 1} for sku in product.skus)
    assert refused(client, {"items": [red, blue]}) == []
    assert refused(client, {"items": [red, {**blue, "quantity": 2}]}) == ["limit_per_customer"]


def test_means_that_somebody_does_not_have_are_refused(client: FlaskClient) -> None:
    items = [{"sku_id": make_sku().public_id, "quantity": 1}]
    assert refused(client, {"items": items, "coupon_ids": [], "points": 0, "wallet_fen": 0}) == []
    body = {"items": items, "coupon_ids": ["c"], "points": 5, "wallet_fen": 1}
    assert refused(client, body) == ["points_unavailable", "wallet_short", "coupon_unknown"]


def test_an_address_of_ones_own_decides_on_delivery(app: Flask, client: FlaskClient) -> None:
    buyer, stranger = make_person(), make_person()
    with transaction():
        preferences.write("freight.no_delivery_regions", ["33"])
    items = [{"sku_id": make_sku().public_id, "quantity": 1}]
    body = {"items": items, "address_id": buyer.address_id}
    assert refused(client, body, headers=buyer.headers) == ["no_delivery"]
    answer = client.post("/api/v1/quotes", json=body, headers=stranger.headers)
    assert answer.status_code == 422
    assert list(answer.json["details"]["fields"]) == ["address_id"]
    assert client.post("/api/v1/quotes", json=body).status_code == 401


GOOD = {"sku_id": "0000000000aa", "quantity": 1}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"items": []}, "items"),
        ({"items": [GOOD, GOOD]}, "items"),
        ({"items": [{**GOOD, "sku_id": f"{n:012}"} for n in range(101)]}, "items"),
        ({"items": [{**GOOD, "quantity": 0}]}, "items"),
        ({"items": [{**GOOD, "quantity": 100}]}, "items"),
        ({"items": [{**GOOD, "quantity": True}]}, "items"),
        ({"items": [{**GOOD, "quantity": "1"}]}, "items"),
        ({"items": [{**GOOD, "quantity": 1.5}]}, "items"),
        ({"items": [{**GOOD, "price_fen": 1}]}, "items"),
        ({"items": [{"sku_id": "\u0000", "quantity": 1}]}, "items"),
        ({"items": None}, "items"),
        ({"items": "all"}, "items"),
        ({"items": [GOOD], "points": -1}, "points"),
        ({"items": [GOOD], "wallet_fen": 0.5}, "wallet_fen"),
        ({"items": [GOOD], "coupon_ids": "c"}, "coupon_ids"),
        ({"items": [GOOD], "address_id": 7}, "address_id"),
        ({"items": [GOOD], "total_fen": 1}, "total_fen"),
    ],
)
def test_a_wrong_field_of_a_quote_is_named(client: FlaskClient, body: dict[str, object], field: str) -> None:
    answer = client.post("/api/v1/quotes", json=body)
    assert answer.status_code == 422
    assert list(answer.json["details"]["fields"]) == [field]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff"])
def test_a_body_that_is_no_object_is_refused(client: FlaskClient, body: bytes) -> None:
    answer = client.post("/api/v1/quotes", data=body, content_type="application/json")
    assert answer.status_code in (200, 400, 422)
    assert answer.status_code != 200 or answer.json["lines"] == []


def test_the_number_of_queries_of_a_quote_is_fixed(client: FlaskClient) -> None:
    items = [{"sku_id": make_sku().public_id, "quantity": 1} for _ in range(12)]

    def queries(count: int) -> int:
        with statements() as sent:
            client.post("/api/v1/quotes", json={"items": items[:count]})
        return len(sent)

    assert queries(1) == queries(12) <= 2
