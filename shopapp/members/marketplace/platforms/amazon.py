"""Amazon's order report: tabs, no quoting, one row an item, each marketplace in its own currency."""

from __future__ import annotations

import re

from .. import cells
from ..layouts import Columns, Kind, Layout, ReadRow, Statuses
from ..rules import CNY, Line, Status, Told

NUMBER = re.compile(r"[0-9]{3}-[0-9]{7}-[0-9]{7}")
CURRENCY = re.compile(r"[A-Z]{3}")
NO_MINOR_UNIT = {"JPY", "KRW"}
PRICES = ("item-price", "item-tax", "shipping-price", "shipping-tax")
DISCOUNTS = ("item-promotion-discount", "ship-promotion-discount")


class CurrencyWrong(cells.CellProblem):
    code, text = "bad_currency", cells.AmountWrong.text


def read_items(columns: Columns, _status_of: Statuses) -> ReadRow:
    pick = columns.pick(
        "order-id",
        "order-item-id",
        "purchase-date",
        "payments-date",
        "buyer-email",
        "sku",
        "product-name",
        "quantity-purchased",
        "currency",
        "sales-channel",
    )
    prices, discounts = columns.pick(*PRICES), columns.pick(*DISCOUNTS)

    def read(row: list[str]) -> Told:
        number, item, ordered, paid_time, buyer, sku, title, quantity, code, shop = pick(row)
        order_no = cells.order_number(number, NUMBER)
        currency = cells.bare(code).upper() or CNY
        if not CURRENCY.fullmatch(currency):
            raise CurrencyWrong(cell=currency[:40])
        decimals = 0 if currency in NO_MINOR_UNIT else 2
        paid = sum(cells.amount(cell, decimals) or 0 for cell in prices(row))
        off = sum(cells.amount(cells.bare(cell).lstrip("-"), decimals) or 0 for cell in discounts(row))
        paid_at = cells.moment(paid_time)
        line = Line(
            title=cells.words(title),
            sku=cells.words(sku)[:80],
            quantity=cells.whole(quantity),
            numbered=True,
            status=Status.UNPAID if paid_at is None else Status.PAID,
            paid=0 if paid_at is None else max(paid - off, 0),
        )
        return Told(
            order_no,
            ordered_at=cells.moment(ordered),
            paid_at=paid_at,
            currency=currency,
            buyer=cells.buyer_key(buyer),
            shop=cells.words(shop),
            lines={cells.words(item)[:64]: line},
        )

    return read


LAYOUTS = (
    Layout(
        platform="amazon",
        kind=Kind.BOTH,
        needs=(("order-id",), ("order-item-id",), ("purchase-date",), ("quantity-purchased",)),
        number=("order-id",),
        statuses={},
        reader=read_items,
        splitting="tabs",
    ),
)
