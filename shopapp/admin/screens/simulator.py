"""The console's simulator: who, what, when and by what means, all in the address; nothing is written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, render_template, request
from werkzeug.datastructures import MultiDict

from shopapp.kernel import clock
from shopapp.kernel.access import Permission, guard_console, require, requires
from shopapp.kernel.assets import regions
from shopapp.kernel.clock import SHOP_ZONE, day_start, shop_day
from shopapp.kernel.i18n import _
from shopapp.kernel.money import ZERO
from shopapp.kernel.screens import Form, half_width, page_of
from shopapp.loyalty.adjustments import queries as balances
from shopapp.loyalty.adjustments.wording import amount_text
from shopapp.loyalty.coupons import console as coupon_console
from shopapp.loyalty.coupons import queries as coupons
from shopapp.loyalty.coupons import words as coupon_words
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.tiers import outlook
from shopapp.loyalty.tiers import queries as tiers
from shopapp.members.addresses import queries as addresses
from shopapp.members.identity import members, queries
from shopapp.members.identity.queries import CustomerRow
from shopapp.store.catalogue import listing
from shopapp.store.catalogue import queries as catalogue
from shopapp.store.catalogue.listing import ListQuery
from shopapp.store.fields import LINES_MAX, PIECES_MAX

from .. import simulation
from ..simulation import Wish

blp = guard_console(Blueprint("simulator_admin", __name__, url_prefix="/admin/simulator"))

GUEST, CUSTOMER, TIER = "guest", "customer", "tier."
QUANTITY = "quantity."
POINTS_MAX = 10**9
FOUND_MAX, COUPONS_OFFERED = 6, 200
YEARS_AHEAD = timedelta(days=3 * 366)


@blp.get("")
@requires(Permission.LOYALTY_VIEW)
def simulate() -> str:
    form = Form(MultiDict(request.args))
    read = _read(form)
    result = simulation.simulate(read.wish) if read.wish.items and not form.errors else None
    skus = catalogue.sellable(sku_ids=[sku_id for sku_id, _pieces in read.wish.items])
    return render_template(
        "admin/simulator/page.html",
        form=form,
        wish=read.wish,
        result=result,
        skus=skus,
        found=_found(form.value("q")),
        who=_choices(),
        quantity=QUANTITY,
        templates=_templates(read.wish.at),
        held=read.held,
        conditions=coupon_words.conditions,
        has=_has(read.wish),
        places=_places(read.wish.customer),
        pieces_max=PIECES_MAX,
        amount_text=amount_text,
    )


@dataclass(frozen=True, kw_only=True)
class _Read:
    wish: Wish
    held: list[coupons.Holding]


def _read(form: Form) -> _Read:
    now = clock.now()
    at = _at(form, now=now)
    who = form.value("who") or GUEST
    customer = _customer(form) if who == CUSTOMER else None
    tier = outlook.view_of(code=who.removeprefix(TIER), since=at) if who.startswith(TIER) else None
    held = coupons.usable(customer_id=customer.id, now=at) if customer else []
    chosen = set(form.values.getlist("coupon"))
    points = form.whole("points", least=0, most=POINTS_MAX) if form.value("points").strip() else 0
    wallet = form.yuan("wallet") if form.value("wallet").strip() else ZERO
    wish = Wish(
        at=at,
        customer=customer,
        tier=tier,
        items=_items(form),
        coupon_ids=tuple(one.id for one in held if one.id in chosen),
        template=form.value("template"),
        points=points,
        wallet=wallet,
        region_code=form.value("region") or None,
    )
    return _Read(wish=wish, held=held)


def _at(form: Form, *, now: datetime) -> datetime:
    """The moment that is written, in shop time; the present if none is."""
    text = form.value("at").strip()
    if not text:
        return now
    try:
        at = datetime.fromisoformat(text)
        local = at.replace(tzinfo=SHOP_ZONE) if at.tzinfo is None else at
        if day_start(shop_day(now)) <= local <= now + YEARS_AHEAD:
            return local
    except (ValueError, OverflowError):
        pass
    form.wrong("at", _("请选今天到三年以内的时间。"))
    return now


def _customer(form: Form) -> CustomerRow | None:
    """Who has this membership number or id. Phone numbers are not looked for: they would stand in the address."""
    require(Permission.CUSTOMERS_VIEW)
    text = half_width(form.value("number")).replace(" ", "")
    if not text:
        form.wrong("number", _("请填写会员号或编号。"))
        return None
    row_id = members.customer_id_of(text) if re.fullmatch(r"[0-9a-z]{1,32}", text) else None
    person = queries.by_ids(customer_ids=[row_id]).get(row_id) if row_id is not None else None
    if person is None or person.erased_at is not None:
        form.wrong("number", _("没有这位顾客，请核对会员号或编号。"))
        return None
    return person


def _items(form: Form) -> list[tuple[str, int]]:
    """Pieces by public id, in the order of the address; the one just added last."""
    pieces: dict[str, int] = {}
    for name, value in form.values.items():
        sku_id = name.removeprefix(QUANTITY)
        if not name.startswith(QUANTITY) or not catalogue.is_public_id(sku_id):
            continue
        written = half_width(value)
        if re.fullmatch(r"\d{1,3}", written, re.ASCII) and int(written) <= PIECES_MAX:
            pieces[sku_id] = int(written)
        else:
            form.wrong(name, _("请填写 %(least)s 到 %(most)s 的整数。", least=0, most=PIECES_MAX))
            pieces[sku_id] = 1
    added = form.value("add")
    if catalogue.is_public_id(added):
        pieces[added] = min(pieces.get(added, 0) + 1, PIECES_MAX)
    return [(sku_id, count) for sku_id, count in pieces.items() if count][:LINES_MAX]


def _found(words: str) -> list[tuple[str, str, Any]]:
    """(id, what it is called, price) of the SKUs of goods on sale that these words find."""
    if not words.strip():
        return []
    page = listing.page(ListQuery(words=words[:60], limit=FOUND_MAX))
    return [
        (sku.id, " ".join([record.title, *sku.specs]), sku.price)
        for record in page.items
        for sku in record.skus
    ]


def _choices() -> list[tuple[str, str]]:
    levels = tiers.terms_now().levels
    return [
        (GUEST, _("游客")),
        *((f"{TIER}{level.code}", _("一位%(name)s", name=level.name)) for level in levels),
        (CUSTOMER, _("指定的顾客")),
    ]


def _templates(at: datetime) -> list[tuple[str, str]]:
    statement = coupon_console.coupons_statement(state="active", kind="", now=at)
    return [(row.public_id, row.name) for row in page_of(statement, number=1, size=COUPONS_OFFERED).items]


def _has(wish: Wish) -> dict[str, str]:
    """What the customer can use: {points, wallet} in words."""
    if wish.customer is None:
        return {}
    have = balances.balances(customer_id=wish.customer.id, now=wish.at)
    wallet = have[Unit.PRINCIPAL].available + have[Unit.GIFT].available
    return {
        "points": amount_text(have[Unit.POINTS].available, Unit.POINTS),
        "wallet": amount_text(wallet, Unit.PRINCIPAL),
    }


def _places(customer: CustomerRow | None) -> list[tuple[str, str]]:
    """(code, name) of the regions of the customer's addresses, then of all provinces."""
    own = addresses.addresses_of(customer_id=customer.id) if customer else []
    mine = dict.fromkeys((entry.region_code, entry.region) for entry in own)
    provinces = regions().get("province_list", {})
    return [*((code, _("TA 的地址：%(region)s", region=region)) for code, region in mine), *provinces.items()]
