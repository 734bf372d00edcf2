"""Tables as files for spreadsheets, CSV or XLSX, from the same rows: text, whole numbers, `Money` and times."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask import make_response
from werkzeug.wrappers import Response

from .i18n import daytime
from .money import Money
from .screens import CSV_ROWS_MAX, csv_file

FORMATS = ("csv", "xlsx")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
COLUMN_WIDTH = 16


def table_file(*, name: str, kind: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """`name`.`kind` with a first row of titles; money stands in it as a number of yuan. `kind` is one of `FORMATS`."""
    if kind == "xlsx":
        return _xlsx_file(name=f"{name}.xlsx", header=header, rows=rows)
    return csv_file(name=f"{name}.csv", header=header, rows=([_cell(cell) for cell in row] for row in rows))


def _cell(cell: Any) -> Any:
    if isinstance(cell, Money):
        return Decimal(cell.fen).scaleb(-2)
    return daytime(cell) if isinstance(cell, datetime) else cell


def _xlsx_file(*, name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    import xlsxwriter

    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        bold, yuan = book.add_format({"bold": True}), book.add_format({"num_format": "0.00"})
        sheet.set_column(0, len(header) - 1, COLUMN_WIDTH)
        sheet.freeze_panes(1, 0)
        for column, title in enumerate(header):
            sheet.write_string(0, column, title, bold)
        for line, row in enumerate(rows, start=1):
            if line > CSV_ROWS_MAX:
                break
            for column, cell in enumerate(_cell(cell) for cell in row):
                if isinstance(cell, Decimal):
                    sheet.write_number(line, column, cell, yuan)
                elif isinstance(cell, int):
                    sheet.write_number(line, column, cell)
                elif cell is not None:
                    # never as a formula, whatever the text begins with
                    sheet.write_string(line, column, str(cell))
    response = make_response(content.getvalue())
    response.headers["Content-Type"] = XLSX
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
