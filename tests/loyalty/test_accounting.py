"""Statements of customers and what the shop owes, as accounting takes them."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import datetime

import pytest
from flask import Flask

from shopapp.kernel.access import Permission, Role
from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.db import transaction
from shopapp.loyalty.accounting import queries
from shopapp.loyalty.accounting.months import Month
from shopapp.loyalty.ledger import jobs, services
from shopapp.loyalty.ledger.models import Kind, Unit
from shopapp.loyalty.ledger.rules import Life
from shopapp.loyalty.ledger.writing import purse
from tests.support.ledger import earn, spend, take_back
from tests.support.merchant import merchant_client
from tests.support.people import Person, make_person
from tests.support.staff import desk

NOVEMBER = Month(2026, 11)


def at(month: int, day: int, hour: int = 12) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=SHOP_ZONE)


def adjust(person: Person, amount: int, *, unit: Unit, reason: str, key: str, now: datetime) -> None:
    with transaction():
        services.earn(
            purse=purse(customer_id=person.id, unit=unit),
            amount=amount,
            key=key,
            subject="adjustment:1",
            reason=reason,
            kind=Kind.ADJUST,
            now=now,
        )


def told(person: Person) -> None:
    """Points from October to December, and a principal."""
    mine = purse(customer_id=person.id, unit=Unit.POINTS)
    earn(mine, 100, key=f"oct {person.id}", life=Life(days=30), at=at(10, 20))
    earn(mine, 50, key=f"nov {person.id}", at=at(11, 1, 0))
    spend(mine, 30, key=f"spent {person.id}", at=at(11, 10))
    jobs.expire_points(at(11, 25))
    adjust(person, 7, unit=Unit.POINTS, reason="=1+1", key=f"adj {person.id}", now=at(11, 30, 23))
    earn(mine, 1000, key=f"dec {person.id}", at=at(12, 1, 0))
    adjust(person, 12_345, unit=Unit.PRINCIPAL, reason="", key=f"p {person.id}", now=at(11, 2))


def test_a_month_is_told_from_what_there_was_to_what_there_is(app: Flask) -> None:
    person = make_person()
    told(person)
    november = queries.statement(customer_id=person.id, unit=Unit.POINTS, month=NOVEMBER)
    assert (november.opening.active, november.closing.active) == (100, 57)
    assert [(line.kind, line.active, line.balance) for line in november.lines] == [
        (Kind.EARN, 50, 150),
        (Kind.SPEND, -30, 120),
        (Kind.EXPIRE, -70, 50),
        (Kind.ADJUST, 7, 57),
    ]
    december = queries.statement(customer_id=person.id, unit=Unit.POINTS, month=NOVEMBER.moved(1))
    assert (december.opening.active, december.closing.active, len(december.lines)) == (57, 1057, 1)
    assert queries.statement(customer_id=person.id, unit=Unit.GROWTH, month=NOVEMBER).lines == []


def test_what_is_owed_moves_from_month_to_month_without_a_gap(app: Flask) -> None:
    told(make_person())
    other = make_person()
    mine = purse(customer_id=other.id, unit=Unit.POINTS)
    earn(mine, 10, key="x", at=at(11, 3))
    spend(mine, 10, key="y", at=at(11, 4))
    take_back("x", refunded=1, paid=1, key="z")
    rows = queries.liabilities(last=Month(2026, 12), count=3)
    points = {month: row for month, row in rows if row.unit is Unit.POINTS}
    november = points[NOVEMBER]
    assert (november.opening, november.issued, november.spent, november.expired) == (100, 60, 40, 70)
    assert (november.adjusted, november.closing) == (7, 57 - november.reversed)
    for month, row in points.items():
        moved = row.issued - row.spent - row.expired - row.reversed + row.waived + row.adjusted
        assert row.closing == row.opening + moved
        following = points.get(month.moved(1))
        assert following is None or following.opening == row.closing
    (principal,) = [row for month, row in rows if row.unit is Unit.PRINCIPAL and month == NOVEMBER]
    assert (principal.opening, principal.adjusted, principal.closing) == (0, 12_345, 12_345)


def test_files_hold_numbers_and_no_formula(app: Flask) -> None:
    person, client = make_person(), desk(app)
    told(person)
    path = f"/admin/accounts/of/{person.signed_in.public_id}/export"
    answer = client.get(f"{path}.csv?month=2026-11&unit=points")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert rows[0] == queries.STATEMENT_HEADER
    assert [row[4] for row in rows[1:]] == ["100", "50", "-30", "-70", "7", "57"]
    assert rows[5][3] == "'=1+1"
    assert rows[1][0] == "2026-11-01 00:00"
    principal = client.get(f"{path}.csv?month=2026-11&unit=principal").data.decode("utf-8-sig")
    assert "123.45" in principal
    sheet = client.get(f"{path}.xlsx?month=2026-11&unit=points")
    with zipfile.ZipFile(io.BytesIO(sheet.data)) as book:
        cells = book.read("xl/worksheets/sheet1.xml").decode()
        texts = book.read("xl/sharedStrings.xml").decode()
    assert "<v>-70</v>" in cells
    assert "<f>" not in cells
    assert "=1+1" in texts
    assert client.get(f"{path}.pdf").status_code == 404


def test_the_report_of_what_is_owed_is_a_screen_and_a_file(app: Flask) -> None:
    told(make_person())
    client = desk(app, Role.ANALYST)
    page = client.get("/admin/accounts?month=2026-11&span=3").text
    assert "储值本金" in page
    assert "¥123.45" in page
    rows = list(
        csv.reader(
            io.StringIO(
                client.get("/admin/accounts/export.csv?month=2026-11&span=1").data.decode("utf-8-sig")
            )
        )
    )
    assert rows[0] == queries.LIABILITY_HEADER
    assert [row[:2] for row in rows[1:]] == [["2026-11", "积分"], ["2026-11", "储值本金"]]
    assert rows[2][-1] == "123.45"
    sheet = client.get("/admin/accounts/export.xlsx?month=2026-11").data
    with zipfile.ZipFile(io.BytesIO(sheet)) as book:
        assert "<v>123.45</v>" in book.read("xl/worksheets/sheet1.xml").decode()
    assert client.get("/admin/accounts?month=x&span=99").status_code == 200
    assert desk(app, Role.WAREHOUSE).get("/admin/accounts").status_code == 403


def test_the_statement_is_a_screen_of_the_customer(app: Flask) -> None:
    person, client = make_person(), desk(app)
    told(person)
    public_id = person.signed_in.public_id
    page = client.get(f"/admin/accounts/of/{public_id}?month=2026-11&unit=points").text
    for words in ("期初", "期末", "−70", "=1+1", "手工调整"):
        assert words in page
    assert (
        f"/admin/adjustments/of/{public_id}" in client.get(f"/admin/customers/{public_id}?tab=accounts").text
    )
    assert client.get("/admin/accounts/of/nobody").status_code == 404


def test_a_program_reads_a_statement_or_takes_it_as_a_file(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = make_person()
    told(person)
    program = merchant_client(app, monkeypatch, Permission.LEDGER_VIEW)
    path = f"/api/v1/admin/customers/{person.signed_in.public_id}/statement"
    answer = program.get(f"{path}?month=2026-11&unit=points").json
    assert (answer["opening"]["active"], answer["closing"]["active"]) == (100, 57)
    assert [one["amount"] for one in answer["items"]] == [50, -30, -70, 7]
    assert program.get(f"{path}?month=2026-11&unit=points&format=csv").mimetype == "text/csv"
    assert program.get(f"{path}?month=2026-11&unit=points&format=xlsx").data[:2] == b"PK"
    for wrong in (
        "",
        "?month=2026-13&unit=points",
        "?month=2026-11&unit=budget",
        "?month=2026-11&unit=points&format=pdf",
    ):
        assert program.get(path + wrong).status_code == 422
    assert (
        program.get(
            f"{path.replace(person.signed_in.public_id, 'nobody')}?month=2026-11&unit=points"
        ).status_code
        == 404
    )
    assert merchant_client(app, monkeypatch, Permission.CUSTOMERS_VIEW).get(path).status_code == 403


def test_months_go_over_the_years(app: Flask) -> None:
    assert str(Month(2026, 1).moved(-1)) == "2025-12"
    assert str(Month(2026, 12).moved(13)) == "2028-01"
    assert Month(2026, 12).until == datetime(2027, 1, 1, tzinfo=SHOP_ZONE)
    with pytest.raises(ValueError):
        Month.read("2026-00")
