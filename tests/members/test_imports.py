"""Files of marketplaces at the desk and in the folder: looked at, imported once, told of, and forgotten."""

from __future__ import annotations

import contextvars
import dataclasses
import io
import json
import os
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from shopapp.kernel import clock as shop_clock
from shopapp.kernel import jobs as kernel_jobs
from shopapp.kernel.access import ROLES, Permission, Role
from shopapp.kernel.audit import AuditEntry
from shopapp.kernel.db import db, transaction
from shopapp.members.imports import folder, jobs, queries, services, storage
from shopapp.members.imports.models import IMPORT_MOVES, ImportStatus, MarketplaceImport
from shopapp.members.marketplace import services as marketplace
from shopapp.members.marketplace.models import MarketplaceOrder
from tests.store.test_orders_race import at_once
from tests.support.clocks import ShopClock
from tests.support.imports import imported_order, table
from tests.support.orders import count
from tests.support.people import make_person
from tests.support.staff import desk, words_after

BUYER = "欧阳小满的旺旺"
GOOD = [
    f"A1001,{BUYER},2026-11-01 10:00:00,done,=SUM(1)盖碗,1,120.00,0.00",
    f"A1002,{BUYER},2026-11-02 10:00:00,paid,公道杯,2,60.00,10.00",
]
SOME = [f"B{number},x,2026-11-01 10:00:00,done,茶,1,1.00,0.00" for number in range(12)]
BAD = "A1003,别人,2026-11-03 10:00:00,paid,茶席,1,六十,0.00"
UNKNOWN = "A1004,别人,2026-11-04 10:00:00,在路上,茶针,1,9.90,0.00"


def send(client: FlaskClient, content: bytes, *, name: str = "订单.csv", **fields: str) -> str:
    """Upload a file; the address of its page."""
    file = {"file": (io.BytesIO(content), name)}
    answer = client.post("/admin/imports", data={"platform": "", "shop": "", **fields, **file})
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def work() -> int:
    return jobs.import_files(shop_clock.now())


def imported(client: FlaskClient, content: bytes, **fields: str) -> str:
    address = send(client, content, **fields)
    words_after(client, client.post(f"{address}/start"))
    assert work() == 1
    return address


def row_at(address: str) -> MarketplaceImport:
    db.session.rollback()
    row = queries.find(public_id=address.rsplit("/", 1)[1])
    assert row is not None
    return row


def test_a_file_is_looked_at_then_imported_and_says_what_came_of_it(app: Flask) -> None:
    client = desk(app, Role.OPERATOR)
    address = send(client, table(*GOOD, BAD, UNKNOWN), shop="茶铺")
    seen = client.get(address).text
    for words in ("通用表格", "A1001", "¥120.00", "这些行不会导入", "金额 六十 看不懂"):
        assert words in seen, words
    assert BUYER not in seen, "who bought is nobody's business here"
    assert count(MarketplaceOrder) == 0, "nothing is imported before somebody says so"
    assert work() == 0
    client.post(f"{address}/start")
    assert "排队" in client.get(address).text
    assert client.get(f"{address}/progress").status_code == 200
    work()
    assert client.get(f"{address}/progress").headers["HX-Refresh"] == "true"
    done = client.get(address).text
    told = row_at(address).result
    assert (told["inserted"], told["updated"], told["rejected_count"], told["held"]) == (2, 0, 2, 1)
    assert "¥180.00" in done
    assert "不认识" in done
    rejected = client.get(f"{address}/rejected.csv")
    lines = rejected.data.decode("utf-8-sig").splitlines()
    assert [line.split(",")[1] for line in lines[1:]] == ["A1003", "A1004"]
    assert "六十" in lines[1]
    assert "导入过" in client.get(send(client, table(*GOOD, BAD, UNKNOWN))).text
    again = imported(client, table(*GOOD), shop="茶铺")
    assert row_at(again).result["unchanged"] == 2
    assert count(MarketplaceOrder) == 2
    acts = Counter(db.session.scalars(select(AuditEntry.action).where(AuditEntry.action.like("import.%"))))
    assert acts == {"import.upload": 3, "import.start": 2, "import.download": 1}


def test_what_was_put_right_in_the_download_is_imported_then(app: Flask) -> None:
    client = desk(app)
    address = imported(client, table(*GOOD, BAD), shop="茶铺")
    text = client.get(f"{address}/rejected.csv").data.decode("utf-8-sig").replace("六十", "60.00")
    second = imported(client, text.encode("utf-8-sig"), shop="茶铺")
    assert row_at(second).result["inserted"] == 1
    assert row_at(second).result["rejected_count"] == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "文件是空的"),
        (b"\x00\x01\x02junk", "导入不了"),
        ("姓名,电话\n王,15400000000\n".encode(), "导入不了"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words_and_changes_nothing(
    app: Flask, content: bytes, words: str
) -> None:
    client = desk(app)
    file = {"file": (io.BytesIO(content), "x.csv")}
    answer = client.post("/admin/imports", data={"platform": "", "shop": "", **file})
    if answer.status_code == 422:
        assert words in answer.text
        assert count(MarketplaceImport) == 0
        return
    page = words_after(client, answer)
    assert words in page
    assert "15400000000" not in page
    client.post(f"{answer.location}/start")
    assert row_at(answer.location).status is ImportStatus.LOOKED_AT, "hopeless files cannot be started"
    client.post(f"{answer.location}/discard")
    assert work() == 0


def test_a_worker_that_died_is_taken_over_and_nothing_is_counted_twice(app: Flask) -> None:
    client = desk(app)
    address = send(client, table(*SOME), shop="茶铺")
    client.post(f"{address}/start")
    real = shop_clock.real_now()
    with transaction():
        claimed = services.claim(now=shop_clock.now(), real_now=real)
    assert claimed is not None
    imported_order(*SOME[:5])
    with transaction():
        soon = real + timedelta(minutes=1)
        assert services.claim(now=shop_clock.now(), real_now=soon) is None, "it may live still"
    assert work() == 0
    with transaction():
        dead = real - services.LEASE - timedelta(seconds=1)
        services.note_rows(row_id=claimed.id, done=5, total=len(SOME), real_now=dead)
    assert work() == 1
    row = row_at(address)
    assert (row.status, row.tries, count(MarketplaceOrder)) == (ImportStatus.DONE, 2, len(SOME))
    assert (row.result["orders"], row.result["net_fen"]) == (len(SOME), len(SOME) * 100)
    assert (row.result["inserted"], row.result["unchanged"]) == (len(SOME) - 5, 5)
    assert "断过" in client.get(address).text


def test_a_worker_that_is_asked_to_stop_leaves_the_file_to_the_next(app: Flask) -> None:
    """It stops between two steps; what they wrote stays."""
    client = desk(app)
    address = send(client, table(*SOME), shop="茶铺")
    client.post(f"{address}/start")

    def one_worker() -> None:
        kernel_jobs.begin_shift(kernel_jobs.Shift(name="TEST", stop=lambda: count(MarketplaceOrder) > 0))
        work()

    contextvars.copy_context().run(one_worker)
    assert (row_at(address).status, row_at(address).result) == (ImportStatus.RUNNING, {})
    assert row_at(address).rows_done > 0
    assert work() == 1, "at once, not when the lease is over"
    assert (row_at(address).status, count(MarketplaceOrder)) == (ImportStatus.DONE, len(SOME))


def test_a_file_on_which_workers_keep_dying_is_given_up(app: Flask) -> None:
    client = desk(app)
    address = send(client, table(*GOOD))
    client.post(f"{address}/start")
    for _ in range(services.TRIES_MAX):
        with transaction():
            claimed = services.claim(now=shop_clock.now(), real_now=shop_clock.real_now())
            assert claimed is not None
            services.give_back(row_id=claimed.id, real_now=shop_clock.real_now())
    work()
    assert row_at(address).status is ImportStatus.REFUSED
    assert "断在中途" in client.get(address).text


def test_many_workers_and_one_file(app: Flask) -> None:
    client = desk(app)
    address = send(client, table(*GOOD))
    client.post(f"{address}/start")
    taken: list[int] = []

    def claim() -> None:
        with transaction():
            found = services.claim(now=shop_clock.now(), real_now=shop_clock.real_now())
            if found is not None:
                taken.append(found.id)

    at_once(app, [claim] * 8, threads=8)
    assert len(taken) == 1
    assert row_at(address).tries == 1


def test_the_table_of_moves() -> None:
    allowed = {
        ("looked_at", "waiting"),
        ("looked_at", "discarded"),
        ("waiting", "running"),
        ("waiting", "discarded"),
        ("running", "done"),
        ("running", "refused"),
    }
    for was in ImportStatus:
        for wanted in ImportStatus:
            assert IMPORT_MOVES.allows(was, wanted) is ((was.value, wanted.value) in allowed)


@pytest.fixture
def watched(app: Flask, tmp_path: Path) -> Iterator[Path]:
    """The folder that the shop watches."""
    before = app.extensions["settings"]
    app.extensions["settings"] = dataclasses.replace(before, import_folder=str(tmp_path))
    yield tmp_path
    app.extensions["settings"] = before


def drop(place: Path, content: bytes, *, seconds_ago: float = 60) -> None:
    place.write_bytes(content)
    moment = shop_clock.real_now().timestamp() - seconds_ago
    os.utime(place, (moment, moment))


def test_the_folder_takes_each_file_once_and_puts_it_away_with_a_report(app: Flask, watched: Path) -> None:
    watch = partial(jobs.watch_folder, shop_clock.now())
    drop(watched / "a.csv", table(*GOOD))
    drop(watched / "broken.csv", b"what is this")
    (watched / "小满茶铺").mkdir()
    drop(watched / "小满茶铺" / "c.csv", table(GOOD[0].replace("A1001", "C1")))
    drop(watched / "empty.csv", b"")
    drop(watched / "new.csv", table(*GOOD), seconds_ago=0)
    drop(watched / "b.csv.part", table(*GOOD))
    (watched / "link.csv").symlink_to(watched / "a.csv")
    for _ in range(5):
        watch()
        work()
    assert sorted(path.name for path in watched.iterdir()) == [
        "b.csv.part",
        "done",
        "link.csv",
        "new.csv",
        "refused",
        "小满茶铺",
    ]
    assert sorted(path.name for path in (watched / "done").iterdir()) == ["a.csv", "a.csv.report.json"]
    assert json.loads((watched / "done/a.csv.report.json").read_text())["inserted"] == 2
    shop = db.session.scalars(select(MarketplaceOrder.shop).filter_by(order_no="C1")).one()
    assert (shop, (watched / "小满茶铺/done/c.csv").exists()) == ("小满茶铺", True)
    refused = json.loads((watched / "refused/broken.csv.report.json").read_text())["refused"]
    assert refused["text"]
    assert (watched / "refused/empty.csv").exists()
    drop(watched / "new.csv", table(*GOOD))
    for _ in range(3):
        watch()
        work()
    assert (watched / "done/new.csv").exists(), "put away, and not imported again"
    assert count(MarketplaceImport) == 3
    drop(watched / "a.csv", table(*GOOD))
    watch()
    assert (watched / "done/a (2).csv").exists(), "nothing is overwritten"


def test_no_folder_no_work_and_a_large_file_is_left_out(
    app: Flask, watched: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "BYTES_MAX", 100)
    drop(watched / "large.csv", table(*GOOD))
    assert jobs.watch_folder(shop_clock.now()) == 1
    assert (watched / "refused/large.csv").exists()
    app.extensions["settings"] = dataclasses.replace(app.extensions["settings"], import_folder=None)
    assert jobs.watch_folder(shop_clock.now()) == 0


def test_files_are_forgotten_after_a_week_but_not_what_they_said(app: Flask, clock: ShopClock) -> None:
    client = desk(app)
    address = imported(client, table(*GOOD, BAD))
    unsaid = send(client, table(GOOD[0]))
    shared, alone = row_at(address).sha256, row_at(unsaid).sha256
    clock.forward(days=8)
    later = send(client, table(*GOOD, BAD))
    assert jobs.forget_files(clock.now()) == 2
    assert storage.path_of(sha256=shared).exists(), "somebody else looks at the same content"
    assert not storage.path_of(sha256=alone).exists()
    assert row_at(unsaid).status is ImportStatus.DISCARDED
    assert client.get(f"{address}/rejected.csv").status_code == 404
    assert "A1003" in client.get(address).text
    assert row_at(later).status is ImportStatus.LOOKED_AT
    clock.forward(days=8)
    jobs.forget_files(clock.now())
    assert not storage.path_of(sha256=shared).exists()


def test_what_an_upload_that_was_cut_off_left_behind_goes_too(app: Flask) -> None:
    kept = row_at(send(desk(app), table(*GOOD))).sha256
    cut = storage.folder() / ".new-cut"
    cut.write_bytes(b"half")
    long_ago = (shop_clock.real_now() - timedelta(days=30)).timestamp()
    for path in (cut, storage.path_of(sha256=kept)):
        os.utime(path, (long_ago, long_ago))
    jobs.forget_files(shop_clock.now())
    assert not cut.exists()
    assert storage.path_of(sha256=kept).exists(), "its import still waits for a word"


def test_imported_orders_are_found_by_number_and_show_no_buyer(app: Flask) -> None:
    client, person = desk(app, Role.SERVICE), make_person()
    imported(desk(app), table(*GOOD), shop="茶铺")
    order = db.session.scalars(select(MarketplaceOrder).filter_by(order_no="A1002")).one()
    with transaction():
        marketplace.bind(order_id=order.id, customer_id=person.id, now=shop_clock.now())
    found = client.get("/admin/market-orders?q=A1002").text
    assert order.public_id in found
    assert "A1001" not in found
    assert person.signed_in.public_id in found, "who claimed it"
    for narrowed, there in (
        ("platform=jd", False),
        ("shop=茶铺", True),
        ("status=done", False),
        ("bound=yes", True),
    ):
        assert (order.public_id in client.get(f"/admin/market-orders?{narrowed}").text) is there, narrowed
    page = client.get(f"/admin/market-orders/{order.public_id}").text
    for words in ("公道杯", "¥60.00", "¥10.00", "¥50.00", "欧***"):
        assert words in page, words
    assert BUYER not in page
    assert client.get("/admin/market-orders/nothing").status_code == 404
    long = imported_order("35100000000000001,k,2026-11-01 10:00:00,done,茶,1,1.00,0.00")
    assert long in client.get("/admin/search?q=订单编号：35100000000000001").text, "the search knows it too"


def test_a_status_that_nobody_knew_is_explained_once(app: Flask) -> None:
    client = desk(app)
    imported(client, table(UNKNOWN, UNKNOWN.replace("A1004", "A1005")))
    assert count(MarketplaceOrder) == 0
    shown = client.get("/admin/market-orders/unknown-statuses").text
    assert "在路上" in shown
    assert "A1004" in shown
    known = {"family": "generic", "text": "在路上"}
    address = "/admin/market-orders/unknown-statuses"
    assert "请选择" in words_after(client, client.post(address, data={**known, "status": "?"}))
    assert "2 个订单" in words_after(client, client.post(address, data={**known, "status": "shipped"}))
    assert {order.status.value for order in db.session.scalars(select(MarketplaceOrder))} == {"shipped"}
    assert "没有不认识的状态" in client.get(address).text
    assert row_at(imported(client, table(UNKNOWN.replace("A1004", "A1006")))).result["inserted"] == 1


def test_a_file_in_another_currency_tells_no_yuan(app: Flask) -> None:
    header = "order-id\torder-item-id\tpurchase-date\tpayments-date\tbuyer-email\tbuyer-name\tsku\tproduct-name\tquantity-purchased\tcurrency\titem-price\titem-tax\tshipping-price\tshipping-tax"
    row = "113-1234567-1234567\t1\t2026-11-01T10:00:00+00:00\t2026-11-01T10:00:00+00:00\tx@marketplace.invalid\tX\tS1\tTea\t1\tUSD\t10.00\t0.00\t0.00\t0.00"
    client = desk(app)
    address = imported(client, f"{header}\n{row}\n".encode())
    page = client.get(address)
    assert page.status_code == 200
    assert "USD" in page.text


@pytest.mark.parametrize("role", Role)
def test_a_role_reaches_what_its_rights_name(app: Flask, role: Role) -> None:
    address = imported(desk(app), table(*GOOD, BAD))
    client, rights = desk(app, role), ROLES[role]
    for page in ("/admin/imports", address, f"{address}/progress", "/admin/market-orders"):
        assert (client.get(page).status_code == 200) is (Permission.ORDERS_VIEW in rights), page
    edits = Permission.IMPORTS_EDIT in rights
    assert (client.get(f"{address}/rejected.csv").status_code == 200) is edits
    assert ("上传并预览" in client.get("/admin/imports").text) is edits
    waiting = send(desk(app), table(*GOOD))
    for act in ("start", "discard", "platform"):
        assert (client.post(f"{waiting}/{act}", data={"platform": ""}).status_code != 403) is edits, act
    file = {"file": (io.BytesIO(table(*GOOD)), "x.csv")}
    assert (client.post("/admin/imports", data=file).status_code == 403) is not edits
