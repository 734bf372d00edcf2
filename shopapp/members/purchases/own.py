"""The shop's own orders, which stand above this: how they are walked, and which numbers of payments are theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, current_app

from .rules import Bought


@dataclass(frozen=True, kw_only=True)
class OwnOrders:
    """`walk(after=row id, limit=…)` gives orders with their row ids; `paid_by(numbers=…)` the numbers of own payments."""

    walk: Callable[..., list[tuple[int, Bought]]]
    paid_by: Callable[..., set[str]]


def set_own_orders(app: Flask, own: OwnOrders) -> None:
    app.extensions["own_orders"] = own


def own_orders() -> OwnOrders:
    known: OwnOrders = current_app.extensions["own_orders"]
    return known
