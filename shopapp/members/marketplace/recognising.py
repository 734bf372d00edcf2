"""Which of the known exports a file is; and if it is none, what is likely to be wrong with it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from shopapp.kernel.i18n import _, _l

from . import cells, rules
from .files import FileEmpty, FileRefused, Table
from .layouts import HEADER_ROWS_MAX, Columns, Layout, recognise
from .platforms import LAYOUTS

AUTO = "auto"
MISSING_SHOWN_MAX = 5
MOJIBAKE = ("¶©µ¥", "璁㈠崟", "Ã¥", "è®¢å", "\ufffd", "锟斤拷", "���")


class HeaderUnknown(FileRefused):
    code, text = (
        "unknown_header",
        _l("认不出这是哪个平台的订单文件。请用平台导出的原始文件，保留标题那一行。"),
    )


class ColumnsMissing(FileRefused):
    code, text = (
        "unknown_header",
        _l("像是%(platform)s的文件，但缺少这些列：%(columns)s。请导出时勾上，再导入。"),
    )


class Garbled(FileRefused):
    code, text = (
        "mojibake",
        _l("文件里的文字已经乱码了，可能用别的程序打开又保存过。请从平台重新导出原始文件。"),
    )


@dataclass(frozen=True, kw_only=True)
class Recognised:
    """A table whose header was understood. `header_row` is counted from 0."""

    table: Table
    layout: Layout
    platform: str
    header: list[str]
    header_row: int

    def data(self) -> Iterator[list[str]]:
        rows = self.table.rows(self.layout.splitting)
        for _row in range(self.header_row + 1):
            next(rows, None)
        return rows


def find_table(tables: Collection[Table], *, platform: str = AUTO) -> Recognised:
    """The first table that is an export of this platform, or of any. Raises `FileRefused`."""
    layouts = [
        layout
        for layout in LAYOUTS
        if platform == AUTO or rules.FAMILIES.get(layout.platform, layout.platform) == _family(platform)
    ]
    heads = [head for table in tables if (head := _head(table))]
    for table in tables:
        rows = _head(table)
        found = recognise(rows, layouts)
        if found is not None:
            number, layout = found
            name = layout.platform if platform == AUTO else platform
            return Recognised(
                table=table, layout=layout, platform=name, header=rows[number], header_row=number
            )
    raise _unrecognised(heads, layouts)


def _family(platform: str) -> str:
    return rules.FAMILIES.get(platform, platform)


def _head(table: Table) -> list[list[str]]:
    found: list[list[str]] = []
    for row in table.rows("csv"):
        found.append(row)
        if len(found) == HEADER_ROWS_MAX:
            break
    return found


def _unrecognised(heads: list[list[list[str]]], layouts: Collection[Layout]) -> FileRefused:
    """What is likely to be wrong; cells are never repeated, since a file without titles begins with somebody's data."""
    if not any(cells.bare(cell) for rows in heads for row in rows for cell in row):
        return FileEmpty()
    text = "".join(cell for rows in heads for row in rows for cell in row)
    if any(mark in text for mark in MOJIBAKE):
        return Garbled()
    near: tuple[int, Layout, list[str]] | None = None
    for columns in [Columns(row) for rows in heads for row in rows]:
        for layout in layouts:
            missing = [names[0] for names in layout.needs if not columns.has(*names)]
            known = len(layout.needs) - len(missing)
            if missing and known > len(missing) and (near is None or len(missing) < near[0]):
                near = (len(missing), layout, missing[:MISSING_SHOWN_MAX])
    if near is None:
        return HeaderUnknown()
    return ColumnsMissing(platform=platform_name(near[1].platform), columns="、".join(near[2]))


def platform_name(platform: str) -> str:
    """In the language of the page."""
    names = {
        "taobao": _("淘宝"),
        "tmall": _("天猫"),
        "jd": _("京东"),
        "pdd": _("拼多多"),
        "douyin": _("抖店"),
        "amazon": _("亚马逊"),
        "youzan": _("有赞"),
        "wechatpay": _("微信支付"),
        "generic": _("通用格式"),
    }
    return names.get(platform, platform)
