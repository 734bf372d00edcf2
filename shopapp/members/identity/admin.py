"""The console's screens of customers."""

from __future__ import annotations

from flask import Blueprint, render_template

from shopapp.kernel import audit
from shopapp.kernel.access import Permission, guard_console, may, requires
from shopapp.kernel.db import transaction
from shopapp.kernel.http import found
from shopapp.kernel.pii import mask_detail, mask_name, mask_phone
from shopapp.kernel.screens import argument, day_argument, page_number, page_of, span
from shopapp.members.addresses import queries as addresses
from shopapp.members.addresses.queries import AddressBookEntry

from . import console, queries
from .console import CustomerFilter

blp = guard_console(Blueprint("customers_admin", __name__, url_prefix="/admin/customers"))


@blp.get("", endpoint="customers")
@requires(Permission.CUSTOMERS_VIEW)
def list_customers() -> str:
    words = argument("q")
    since, _until = span(day_argument("since"), None)
    wanted = CustomerFilter(
        following=argument("following", console.FOLLOWING),
        since=since,
        row_ids=tuple(console.find_ids(words=words)) if words else None,
        sort=argument("sort", console.SORTS) or "-created",
    )
    page = page_of(console.customers_statement(wanted), number=page_number(), scalars=False)
    return render_template("customers_admin/list.html", page=page, wanted=wanted, words=words)


@blp.get("/<public_id>")
@requires(Permission.CUSTOMERS_VIEW)
def customer(public_id: str) -> str:
    """Whoever may see personal data leaves a trace of having done so."""
    person = found(queries.find(public_id=public_id))
    entries = addresses.addresses_of(customer_id=person.id)
    clear = may(Permission.CUSTOMERS_SEE_PERSONAL)
    if clear and entries:
        with transaction():
            audit.record(action="customer.see", subject_kind="customer", subject_id=public_id)
    return render_template(
        "customers_admin/customer.html",
        person=person,
        addresses=[_shown(entry, clear=clear) for entry in entries],
        accounts=console.accounts_of(customer_id=person.id),
        clear=clear,
    )


def _shown(entry: AddressBookEntry, *, clear: bool) -> dict[str, object]:
    return {
        "name": entry.name if clear else mask_name(entry.name),
        "phone": entry.phone if clear else mask_phone(entry.phone),
        "region": entry.region,
        "detail": entry.detail if clear else mask_detail(entry.detail),
        "is_default": entry.is_default,
    }
