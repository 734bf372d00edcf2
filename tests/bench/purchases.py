"""Whole purchases over HTTP, beside the bare hello; and what they left in the database."""

from __future__ import annotations

from statistics import median

from sqlalchemy import text

from shopapp.kernel.db import db

from .buyers import Round, Town
from .pounder import Load, pound
from .report import Figure, Report
from .servers import Server
from .shops import Shop

LEAST = 0.03


def speed(
    report: Report, *, shop: Shop, server: Server, hello: Server, town: Town, seconds: float, rounds: int
) -> None:
    """Paid orders per second, in turns with the hello."""
    asked = Round(
        shop=server.port,
        seconds=seconds,
        buyers=[(person.token, person.address_id) for person in shop.people],
        skus=shop.skus,
    )
    bought, _ = town.buy(Round(shop=asked.shop, seconds=0.5, buyers=asked.buyers, skus=asked.skus))
    ratios, rates = [], []
    for _ in range(rounds):
        measure = pound(Load(port=hello.port, targets=["/"], seconds=min(seconds, 2)))
        count, took = town.buy(asked)
        bought += count
        rates.append(count / took)
        ratios.append(rates[-1] / measure)
    note = f"{median(rates):.1f} orders/s"
    report.tell(Figure(name=f"whole purchase ({shop.name})", value=median(ratios), least=LEAST, note=note))
    report.tell(Figure(name=f"purchases that do not add up ({shop.name})", value=_wrong(bought), most=0))


def _wrong(bought: int) -> int:
    """By how many the database differs from what the buyers were told."""
    db.session.rollback()
    paid = _number("SELECT count(*) FROM orders WHERE status = 'paid'")
    others = _number("SELECT count(*) FROM orders WHERE status <> 'paid'")
    held = _number("SELECT sum(held) FROM stock_levels")
    sold = _number("SELECT sum(-free_change) FROM stock_movements WHERE reason = 'hold'")
    pieces = _number("SELECT sum(quantity) FROM order_lines")
    return abs(paid - bought) + others + held + abs(sold - pieces)


def _number(statement: str) -> int:
    return int(db.session.scalar(text(statement)) or 0)
