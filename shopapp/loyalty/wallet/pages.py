"""The wallet in the storefront: what is there, until when, what moved, and what can be topped up.

Topping up and having principal back are plain forms, which the store answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from shopapp.kernel import clock
from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.errors import Invalid
from shopapp.kernel.i18n import _, day, daytime
from shopapp.kernel.ids import new_id
from shopapp.members.identity.queries import SignedIn, require_customer

from . import queries, wording
from .queries import WalletEntry

PAGE_SIZE = 20
WALLET = "/me/wallet"

blueprint = Blueprint("wallet_pages", __name__)


@blueprint.get(WALLET)
def wallet() -> str | Response:
    """An address whose place in the statement is gone leads to its beginning."""
    try:
        return show(require_customer())
    except Invalid:
        return redirect(WALLET)


def show(customer: SignedIn, *, problem: str = "", amount: str = "") -> str:
    """The page, with why a top-up was refused and the `amount` that was typed. Raises `Invalid` for a wrong cursor."""
    now = clock.now()
    entries, cursor = queries.entries(
        customer_id=customer.customer_id, cursor=request.args.get("cursor"), limit=PAGE_SIZE
    )
    free = queries.free_amount()
    return render_template(
        "wallet/wallet.html",
        balance=queries.balance(customer_id=customer.customer_id, now=now),
        limit_text=wording.yuan_text(queries.limit_of(customer_id=customer.customer_id)),
        gift_ends=[
            {"amount_fen": end.amount, "text": _("%(day)s 前有效", day=day(end.at))}
            for end in queries.gift_ends(customer_id=customer.customer_id, now=now)
        ],
        member=customer.is_member,
        plans=[wording.plan_view(plan) for plan in queries.plans_on_offer(now=now)],
        free=free if free.offered else None,
        yuan_text=wording.yuan_text,
        key=new_id(),
        problem=problem,
        amount=amount,
        months=_months(entries),
        next_url=f"{WALLET}?cursor={cursor}" if cursor else None,
    )


def _months(entries: Sequence[WalletEntry]) -> list[dict[str, Any]]:
    """The movements under the months of shop time in which they were."""

    def month(entry: WalletEntry) -> str:
        local = entry.line.at.astimezone(SHOP_ZONE)
        return _("%(year)s 年 %(month)s 月", year=local.year, month=local.month)

    return [
        {"title": title, "lines": [_line(entry) for entry in group]}
        for title, group in groupby(entries, key=month)
    ]


def _line(entry: WalletEntry) -> dict[str, Any]:
    number = wording.order_no(entry)
    return {
        "text": wording.movement(entry),
        "unit": wording.unit_text(entry.unit),
        "amount_fen": entry.line.active,
        "balance_fen": entry.line.balance,
        "time": daytime(entry.line.at),
        "url": f"/orders/{number}" if number else "",
    }
