"""Imports in the shop's words."""

from __future__ import annotations

from typing import Any

from shopapp.kernel.i18n import _, _l

from .models import ImportStatus, MarketplaceImport, Origin
from .services import BROKEN, GONE

_S = ImportStatus
STATUS_NAMES: dict[ImportStatus, tuple[Any, str]] = {
    _S.LOOKED_AT: (_l("等你确认"), "warn"),
    _S.WAITING: (_l("排队中"), "note"),
    _S.RUNNING: (_l("导入中"), "note"),
    _S.DONE: (_l("导入完"), "good"),
    _S.REFUSED: (_l("没有导入"), "bad"),
    _S.DISCARDED: (_l("放弃了"), ""),
}
ORIGIN_NAMES: dict[Origin, Any] = {Origin.DESK: _l("后台上传"), Origin.FOLDER: _l("文件夹")}
KIND_NAMES: dict[str, Any] = {
    "orders": _l("订单"),
    "lines": _l("商品明细"),
    "orders+lines": _l("订单和商品明细"),
    "refunds": _l("退款"),
    "bill": _l("账单"),
}
REFUSALS: dict[str, Any] = {
    BROKEN: _l(
        "导入时几次断在中途。文件可能有问题，请重新导出再传；已经导入的订单都是完整的，再传也不会重复。"
    ),
    GONE: _l("文件不在了，请重新上传。"),
}


def standing(row: MarketplaceImport) -> tuple[Any, str]:
    """Where an import stands, with its tone; a file that looked hopeless waits for nobody's word."""
    if row.status is ImportStatus.LOOKED_AT and row.preview.get("refused"):
        return _l("读不了"), "bad"
    return STATUS_NAMES[row.status]


def refusal(row: MarketplaceImport) -> str:
    """Why a file was refused, in words; empty if it was not."""
    refused = row.result.get("refused") or row.preview.get("refused") or {}
    return str(REFUSALS.get(row.reason) or refused.get("text", ""))


def figures(row: MarketplaceImport) -> list[tuple[str, int, str]]:
    """(title, number, note) of what came of an import."""
    told = row.result
    if row.status is not ImportStatus.DONE:
        return []
    again = _("中途断过，续上前导入的算在这里") if row.tries > 1 else _("和已有的一样")
    return [
        (_("新增订单"), told["inserted"], ""),
        (_("更新订单"), told["updated"], _("状态、退款等有变化")),
        (_("没有变化"), told["unchanged"], again),
        (_("空行和合计"), told["skipped"], _("不算订单")),
        (_("没导入的行"), told["rejected_count"], ""),
    ]
