"""A person's own page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.i18n import _
from shopapp.members.identity.queries import SignedIn, signed_in
from shopapp.store.orders.pages import group_counts

from .sign_in import START

pages = Blueprint("me", __name__)


@pages.get("/me")
def me() -> str:
    customer = signed_in()
    counts = group_counts(customer_id=customer.customer_id) if customer else {}
    return render_template(
        "identity/me.html",
        customer=_shown(customer) if customer else None,
        states=_states(counts),
        signin_url=f"{START}?next=/me",
    )


def _shown(customer: SignedIn) -> dict[str, str]:
    since = customer.since.astimezone(SHOP_ZONE)
    return {
        "name": customer.nickname or "",
        "avatar_url": customer.picture_url or "",
        "since_text": _("%(year)s 年 %(month)s 月成为顾客", year=since.year, month=since.month),
    }


def _states(counts: dict[str, int]) -> list[dict[str, Any]]:
    shown = [
        ("unpaid", _("待付款"), "wallet"),
        ("paid", _("待发货"), "box"),
        ("shipped", _("待收货"), "truck"),
        ("completed", _("已完成"), "check"),
    ]
    return [
        {
            "label": label,
            "url": f"/orders?status={group}",
            "shape": shape,
            "count": counts.get(group, 0),
        }
        for group, label, shape in shown
    ]
