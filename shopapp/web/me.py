"""A person's own page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from shopapp.kernel import clock
from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.i18n import _
from shopapp.loyalty.coupons.queries import count_usable
from shopapp.loyalty.perks import offers as perks
from shopapp.loyalty.points import queries as points
from shopapp.loyalty.tiers import card as tiers
from shopapp.loyalty.wallet.queries import balance
from shopapp.members.identity.members import member_of
from shopapp.members.identity.queries import SignedIn, signed_in
from shopapp.store.orders.pages import group_counts

from .sign_in import START

pages = Blueprint("me", __name__)


@pages.get("/me")
def me() -> str:
    customer = signed_in()
    now = clock.now()
    counts = group_counts(customer_id=customer.customer_id) if customer else {}
    member_id = customer.customer_id if customer and customer.is_member else None
    return render_template(
        "identity/me.html",
        customer=_shown(customer) if customer else None,
        member=None if member_id is None else member_of(member_id),
        card=None if member_id is None else tiers.card(customer_id=member_id, now=now),
        points=None if member_id is None else points.summary(member_id, now),
        states=_states(counts),
        coupons=count_usable(customer_id=customer.customer_id, now=now) if customer else 0,
        wallet_fen=balance(customer_id=customer.customer_id, now=now).available.fen if customer else 0,
        perks=None if member_id is None else perks.summary(customer_id=member_id, now=now),
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
