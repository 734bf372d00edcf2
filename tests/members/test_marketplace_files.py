"""Files as people really bring them: disguised, cut, locked, garbled; what is good is kept, what is not is told."""

from __future__ import annotations

import codecs
import gzip
import io
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
import xlsxwriter
from flask import Flask

from shopapp.kernel import clock
from shopapp.members.marketplace import correcting, files, importing
from shopapp.members.marketplace.files import FileRefused
from tests.support.marketplace import (
    EXPECTED,
    SAMPLES,
    as_csv,
    everything,
    generic,
    order_row,
    put,
    sample_rows,
)

TMALL = "tmall-suborders-2024.csv"
OLE = bytes.fromhex("D0CF11E0A1B11AE1")


def zipped(*parts: tuple[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts:
            archive.writestr(name, part)
    return content.getvalue()


def as_html(rows: list[list[str]]) -> bytes:
    cells = ("".join(f"<td>{cell}</td>" for cell in row) for row in rows)
    lines = "".join(f"<tr>{line}</tr>" for line in cells)
    return f"<html><meta charset=gbk><body><table>{lines}</table></body></html>".encode("gbk")


def as_sheet(rows: list[list[str]]) -> bytes:
    """A workbook whose first sheet is none of ours, and whose numbers are numbers."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        book.add_worksheet("说明").write_string(0, 0, "导出说明")
        sheet = book.add_worksheet("订单报表")
        for line, row in enumerate(rows):
            for column, cell in enumerate(row):
                if cell.replace(".", "").isdigit() and len(cell) < 12:
                    sheet.write_number(line, column, float(cell))
                else:
                    sheet.write_string(line, column, cell)
    return content.getvalue()


def disguises() -> dict[str, bytes]:
    rows = sample_rows(TMALL)
    raw = as_csv(rows)
    return {
        "utf-16": codecs.BOM_UTF16_LE + raw.decode().encode("utf-16-le"),
        "gbk": raw.decode().encode("gbk"),
        "gzip": gzip.compress(raw),
        "zip in zip": zipped(("readme.txt", b"hello"), ("orders.zip", zipped(("orders.csv", raw)))),
        "html": as_html(rows),
        "xlsx": as_sheet(rows),
        "tabs": as_csv(rows, delimiter="\t"),
        "titles above, totals below": "导出时间,2024\r\n\r\n".encode() + raw + "合计,,1\r\n\r\n".encode(),
        "columns turned round": as_csv([row[::-1] for row in rows]),
    }


@pytest.mark.parametrize("kind", list(disguises()))
def test_whatever_it_is_called_it_is_what_it_is(app: Flask, tmp_path: Path, kind: str) -> None:
    seen = importing.preview(path=put(tmp_path, disguises()[kind], "orders.xls"))
    expected = EXPECTED[TMALL]
    assert (seen.platform, seen.orders, seen.rejected) == ("tmall", expected["orders"], [])
    if kind in ("html", "xlsx", "gzip"):
        report = importing.run(path=tmp_path / "orders.xls")
        assert (report.gross_fen, report.refunded_fen) == (expected["gross_fen"], expected["refunded_fen"])


def refusals() -> dict[str, tuple[bytes, str]]:
    raw = (SAMPLES / TMALL).read_bytes()
    sheet = (SAMPLES / "tmall-suborders-2024.xlsx").read_bytes()
    header, *rows = sample_rows(TMALL)
    return {
        "empty": (b"", "empty"),
        "blank": (b"\xef\xbb\xbf\r\n,,\r\n", "empty"),
        "cut workbook": (sheet[: len(sheet) // 2], "broken"),
        "cut gzip": (gzip.compress(raw)[:500], "broken"),
        "password": (OLE + "EncryptedPackage".encode("utf-16-le") * 9, "password"),
        "not a workbook": (OLE + bytes(4096), "broken"),
        "picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, "encoding"),
        "garbled": (raw.decode("utf-8-sig").encode("gbk").decode("latin-1").encode(), "mojibake"),
        "no titles": (as_csv(rows), "unknown_header"),
        "another thing": (as_csv([["name", "price"], ["tea", "1"]]), "unknown_header"),
        "a column missing": (as_csv([[cell for cell in header if cell != "订单状态"]]), "unknown_header"),
        "bad bytes far inside": (raw[:9000] + b"\xff\xff\x81" + raw[9000:], "encoding"),
    }


@pytest.mark.parametrize("kind", list(refusals()))
def test_a_file_refused_whole_changes_nothing(app: Flask, tmp_path: Path, kind: str) -> None:
    content, reason = refusals()[kind]
    for act in (importing.preview, importing.run):
        with pytest.raises(FileRefused) as refused:
            act(path=put(tmp_path, content))
        assert refused.value.code == reason
        assert not any(row[0] in refused.value.message for row in sample_rows(TMALL)[1:])
    assert everything()["orders"] == {}


def test_of_a_platform_that_it_is_not_a_file_is_refused(app: Flask) -> None:
    with pytest.raises(FileRefused):
        importing.run(path=SAMPLES / "jd-orders.csv", platform="pdd")
    assert everything()["orders"] == {}
    assert importing.run(path=SAMPLES / "taobao-orders-gbk.csv", platform="tmall").platform == "tmall"


def test_too_much_is_refused_before_anything_is_taken(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "ROWS_MAX", 30)
    monkeypatch.setattr(files, "BYTES_MAX", 100_000)
    bomb = gzip.compress(b"0," * 10**6)
    for content in (
        (SAMPLES / TMALL).read_bytes(),
        as_html(sample_rows(TMALL)),
        bomb,
        zipped(("a.csv", bomb)),
    ):
        with pytest.raises(FileRefused) as refused:
            importing.run(path=put(tmp_path, content))
        assert refused.value.code == "too_large"
    assert everything()["orders"] == {}


def test_the_good_rows_of_a_bad_file_are_kept(app: Flask, tmp_path: Path) -> None:
    header, *rows = sample_rows("taobao-orders-gbk.csv")
    place = {name.strip(): number for number, name in enumerate(header)}

    def but(**cells: str) -> list[str]:
        row = list(rows.pop())
        for name, cell in cells.items():
            row[place[name]] = cell
        return row

    bad = [
        but(订单编号="5.11E+18"),
        but(订单编号="没有"),
        but(订单编号=""),
        but(总金额="随便", 买家实际支付金额="四十"),
        but(订单创建时间="明天"),
        but(订单创建时间="1899-01-01 00:00:00"),
        but()[:20],
        [*but(), "多", "出"],
    ]
    good = [rows.pop(), rows.pop()]
    reasons = ["number_destroyed", "bad_order_no", "no_order_no", "bad_amount", "bad_time", "bad_time"]
    path = put(tmp_path, as_csv([header, [], good[0], *bad, ["合计", "", "9"], good[1]], encoding="gbk"))
    report = importing.run(path=path)
    assert (report.orders, report.inserted, report.skipped) == (2, 2, 2)
    assert [row.reason for row in report.rejected] == [*reasons, "cut_row", "too_many_cells"]
    assert [row.row for row in report.rejected] == list(range(4, 12))
    assert len(everything()["orders"]) == 2
    # what was not taken is given back to be corrected, and taken when it is
    corrected = tmp_path / "rejected.csv"
    correcting.write_rejected(path=path, rejected=report.rejected, to=corrected)
    text = corrected.read_text(encoding="utf-8-sig")
    assert text.startswith("原因,")
    assert len(text.splitlines()) == 9
    corrected.write_text(text.replace("四十", "40").replace("明天", "2018/8/1 9:05"), encoding="utf-8")
    again = importing.run(path=corrected)
    assert (again.inserted, len(again.rejected)) == (2, 6)


def test_a_file_cut_in_the_middle_of_a_character_loses_only_its_last_row(app: Flask, tmp_path: Path) -> None:
    raw = (SAMPLES / "pdd-orders.csv").read_bytes()
    end = raw.index("暖橘".encode(), 6000) + 4
    report = importing.run(path=put(tmp_path, raw[:end]))
    assert report.encoding == "utf-8-sig"
    assert report.orders > 5
    assert [row.reason for row in report.rejected] == ["cut_row"]


def test_an_order_with_a_bad_row_is_not_taken_in_part(app: Flask, tmp_path: Path) -> None:
    header, *rows = sample_rows(TMALL)
    rows[1][header.index("购买数量")] = "三"
    assert rows[0][1] == rows[1][1]
    report = importing.run(path=put(tmp_path, as_csv([header, *rows])))
    assert [(row.row, row.reason) for row in report.rejected] == [
        (2, "order_incomplete"),
        (3, "bad_quantity"),
    ]
    assert report.orders == EXPECTED[TMALL]["orders"] - 1
    assert not any(rows[0][1] in key for key in everything()["orders"])


def test_formulas_are_only_text_and_leave_as_text(app: Flask, tmp_path: Path) -> None:
    formula = '=HYPERLINK("http://example.com","茶")'
    thing = ("B-1", "@晓", "2026-05-01T10:00:00+08:00", "paid", formula, 1, "12.5", "")
    wrong = ("B-2", "+1", "昨天", "paid", formula, 1, "12.5", "")
    path = put(tmp_path, generic(thing, wrong))
    report = importing.run(path=path)
    assert [line["title"] for line in everything()["lines"].values()] == [formula]
    to = tmp_path / "rejected.csv"
    correcting.write_rejected(path=path, rejected=report.rejected, to=to)
    assert "'=HYPERLINK" in to.read_text(encoding="utf-8-sig")
    assert "'+1" in to.read_text(encoding="utf-8-sig")
    assert ",=HYPERLINK" not in to.read_text(encoding="utf-8-sig")


def test_our_own_rows_are_held_to_what_can_be(app: Flask, tmp_path: Path) -> None:
    def row(number: str, when: str = "2026-05-01", paid: str = "9", back: str = "0") -> tuple[str, ...]:
        return (number, "", when, "done", "茶", "1", paid, back)

    soon = (clock.now() + timedelta(days=1)).strftime("%Y-%m-%d %H:%M:%S")
    late = (clock.now() + timedelta(days=4)).strftime("%Y-%m-%d %H:%M:%S")
    good = [row("A_1-x"), row('="0012"'), row("B-1", soon), row("B-2", back="9")]
    bad = {
        "number_destroyed": [row("5.11E+18"), row("5E+18")],
        "bad_order_no": [
            row(text) for text in ("=cmd|calc!A1", "=A1", "+1+2", "@SUM(1)", "订单1", "A 1/2", "A" * 41)
        ],
        "refund_above_paid": [row("C-1", back="9.01"), row("C-2", paid="", back="1")],
        "bad_time": [row("D-1", late), row("D-2", "2062-05-01")],
    }
    report = importing.run(
        path=put(tmp_path, generic(*good, *(one for rows in bad.values() for one in rows)))
    )
    assert [one.reason for one in report.rejected] == [
        reason for reason, rows in bad.items() for _row in rows
    ]
    assert {key.split()[-1] for key in everything()["orders"]} == {"A_1-x", "0012", "B-1", "B-2"}


def test_what_excel_made_of_a_file_is_understood(app: Flask, tmp_path: Path) -> None:
    header, *rows = sample_rows("jd-orders.csv")
    row = rows[0]
    row[header.index("下单时间")], row[header.index("付款确认时间")] = "2021/6/27 9:23", "44374.400393518516"
    row[header.index("应付金额")] = "￥1,158.00（系统计算中，该值仅供参考）"
    row[header.index("订单号")] = "＝418872672092".replace("＝", "=")
    report = importing.run(path=put(tmp_path, as_csv([header, row])))
    assert report.rejected == []
    order = order_row("418872672092")
    assert order.paid_fen == 115800
    assert order.ordered_at is not None
    assert order.paid_at is not None
    assert (order.ordered_at.isoformat(), order.paid_at.isoformat()) == (
        "2021-06-27T01:23:00+00:00",
        "2021-06-27T01:36:34+00:00",
    )
