"""The console's screens of customers: the list, and everything about one of them on one page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import audit, clock
from shopapp.kernel.access import Permission, guard_console, may, requires
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import Invalid
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _
from shopapp.kernel.pii import mask_name
from shopapp.kernel.screens import Form, act, argument, day_argument, page_number, page_of, span
from shopapp.loyalty.coupons import offering
from shopapp.loyalty.tiers import queries as tiers
from shopapp.members.identity import console, members, queries
from shopapp.members.identity.console import CustomerFilter
from shopapp.members.notes import queries as notes

from . import customer_tabs
from .customer_figures import figures
from .customer_tabs import Subject

blp = guard_console(Blueprint("customers_admin", __name__, url_prefix="/admin/customers"))


@blp.get("", endpoint="customers")
@requires(Permission.CUSTOMERS_VIEW)
def list_customers() -> str:
    words, tag = argument("q"), argument("tag")
    since, _until = span(day_argument("since"), None)
    wanted = CustomerFilter(
        following=argument("following", console.FOLLOWING),
        kind=argument("kind", console.KINDS),
        since=since,
        row_ids=tuple(console.find_ids(words=words)) if words else None,
        among=notes.having(tag_id=tag) if tag else None,
        sort=argument("sort", console.SORTS) or "-created",
    )
    page = page_of(console.customers_statement(wanted), number=page_number(), scalars=False)
    return render_template(
        "admin/customers/list.html",
        page=page,
        wanted=wanted,
        words=words,
        tag=tag,
        tags=notes.all_tags(),
        tier_names=tiers.names_among(customer_ids=[row.id for row in page.items]),
        called=_called,
        tags_of=notes.tags_of_many(customer_ids=[row.id for row in page.items]),
    )


def _called(row: Any) -> str:
    """What a customer of the list goes by: the name they gave, as far as the reader may know it, else their nickname."""
    if row.erased_at is not None:
        return _("已注销")
    if row.name:
        return str(row.name) if may(Permission.CUSTOMERS_SEE_PERSONAL) else mask_name(row.name)
    return row.nickname or _("微信顾客")


@blp.get("/<public_id>")
@requires(Permission.CUSTOMERS_VIEW)
def customer(public_id: str) -> str | Response:
    """Whoever sees personal data in the clear leaves a trace of having done so.

    The address of somebody who was merged leads to whom they turned out to be.
    """
    person, now = found(queries.find(public_id=public_id)), clock.now()
    if person.public_id != public_id:
        return redirect(url_for(".customer", public_id=person.public_id, tab=argument("tab") or None))
    subject = Subject(
        person=person,
        member=members.member_of(person.id),
        clear=may(Permission.CUSTOMERS_SEE_PERSONAL),
        now=now,
    )
    tabs = customer_tabs.allowed()
    chosen = argument("tab", tabs) or next(iter(tabs))
    tab = tabs[chosen]
    if subject.clear and tab.personal(subject):
        with transaction():
            audit.record(action="customer.see", subject_kind="customer", subject_id=public_id)
    return render_template(
        "admin/customers/page.html",
        person=person,
        member=subject.member,
        clear=subject.clear,
        edits=subject.clear and may(Permission.CUSTOMERS_EDIT),
        tier=tiers.tier_of(customer_id=person.id, now=now),
        tags=notes.tags_of(customer_id=person.id),
        all_tags=notes.all_tags() if may(Permission.CUSTOMERS_NOTE) else [],
        figures=figures(subject),
        tabs=tabs,
        chosen=chosen,
        tab=tab,
        parts=[part for part in customer_tabs.PARTS if part.tab == chosen],
        back=request.full_path.rstrip("?"),
        **tab.supply(subject),
    )


@blp.post("/<public_id>/coupons")
@requires(Permission.COUPONS_GRANT)
def send_coupon(public_id: str) -> Response:
    """Give one piece of a coupon to this customer."""
    found(queries.find(public_id=public_id))

    def work() -> str:
        coupon = Form.sent().value("coupon")
        handed = offering.hand_out(public_id=coupon, customer_ids=[public_id], now=clock.now())
        if not handed.given:
            raise Invalid({"coupon": [_("没有发出去：券已停发、发完，或者 TA 到了限领数量。没有任何改动。")]})
        changes: dict[str, Any] = {"coupon": coupon}
        audit.record(action="customer.coupon", subject_kind="customer", subject_id=public_id, changes=changes)
        return _("优惠券已发给 TA。")

    return act(work, back=url_for(".customer", public_id=public_id, tab="coupons"))
