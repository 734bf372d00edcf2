"""The imports of the demo shop: files of marketplaces that came in the past, with figures that agree with their orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from typing import Any

from shopapp.kernel.clock import SHOP_ZONE

from . import rows
from .marketplaces import File, Market, Sale
from .rows import Row
from .ways import SHOPS

BY = "店主"
KIND = "orders+lines"
ENCODINGS = {
    "tmall": "gb18030",
    "taobao": "gb18030",
    "jd": "gb18030",
    "pdd": "utf-8-sig",
    "douyin": "utf-8-sig",
}
UNREADABLE = {"pdd": (("12.8.0", 15), ("免单", 42))}
"""Amounts that no program can read, and their rows."""
LASTS, KEPT = timedelta(seconds=3), timedelta(days=7)


def write(market: Market) -> None:
    """One import for each file, ended; the files themselves are gone."""
    rows.add("marketplace_imports", [_import(market, file) for file in market.files])


def _import(market: Market, file: File) -> Row:
    day = f"{file.at.astimezone(SHOP_ZONE):%Y%m%d}"
    name = f"{SHOPS[file.platform]}-订单-{day}.csv"
    told = figures([sale for sale in market.sales if sale.file is file], platform=file.platform)
    read = told["orders"] + told["rejected_count"] + told["skipped"]
    return {
        "public_id": market.ids.of("import", file.place),
        "origin": "desk",
        "status": "done",
        "file_name": name,
        "sha256": sha256(f"{market.ids.seed}:{name}".encode()).hexdigest(),
        "size": 180 + 310 * read,
        "platform": file.platform,
        "shop": SHOPS[file.platform],
        "preview": {},
        "result": told,
        "rows_total": read,
        "rows_done": read,
        "tries": 1,
        "by_name": BY,
        "created_at": file.at - timedelta(minutes=1),
        "started_at": file.at,
        "ended_at": file.at + LASTS,
        "cleared_at": min(file.at + KEPT, market.until),
    }


def figures(sales: Sequence[Sale], *, platform: str) -> dict[str, Any]:
    """What an import of these orders says that it found."""
    unreadable = [
        {
            "row": row,
            "order_no": "",
            "reason": "bad_amount",
            "text": f"金额 {amount} 看不懂。",
            "status_text": "",
        }
        for amount, row in UNREADABLE.get(platform, ())
    ]
    gross, refunded = sum(sale.paid_fen for sale in sales), sum(sale.refunded_fen for sale in sales)
    return {
        "platform": platform,
        "kind": KIND,
        "encoding": ENCODINGS[platform],
        "orders": len(sales),
        "lines": sum(len(sale.goods) for sale in sales),
        "buyers": len({sale.buyer for sale in sales}),
        "gross_fen": gross,
        "refunded_fen": refunded,
        "net_fen": gross - refunded,
        "paid_orders": sum(sale.paid for sale in sales),
        "inserted": len(sales),
        "updated": 0,
        "unchanged": 0,
        "skipped": 1,
        "unclear": 0,
        "held": 0,
        "rejected": unreadable,
        "rejected_count": len(unreadable),
        "other_currencies": {},
    }
