"""The address book in the storefront. Saving goes through the API."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, render_template, request

from shopapp.kernel.assets import asset
from shopapp.kernel.http import found
from shopapp.kernel.pii import mask_phone
from shopapp.members.identity.queries import require_customer
from shopapp.members.identity.services import safe_path

from . import queries, rules
from .queries import AddressBookEntry

BOOK = "/me/addresses"
REGIONS = "regions.json"

blueprint = Blueprint("address_pages", __name__)


@blueprint.get(BOOK)
def book() -> str:
    entries = queries.addresses_of(customer_id=require_customer().customer_id)
    return render_template(
        "addresses/list.html",
        addresses=[shown(entry) for entry in entries],
        add_url=f"{BOOK}/new",
        full=len(entries) >= rules.ADDRESSES_MAX,
    )


@blueprint.get(f"{BOOK}/new")
def new_address() -> str:
    require_customer()
    return _form(None)


@blueprint.get(f"{BOOK}/<address_id>")
def change_address(address_id: str) -> str:
    customer = require_customer()
    return _form(found(queries.address_of(customer_id=customer.customer_id, public_id=address_id)))


def new_url(*, next_path: str) -> str:
    """Where an address is added on the way to something else."""
    return f"{BOOK}/new?{urlencode({'next': next_path})}"


def shown(entry: AddressBookEntry) -> dict[str, object]:
    """An address in a list; the whole phone number is seen where it is changed."""
    return {
        "id": entry.id,
        "name": entry.name,
        "phone": mask_phone(entry.phone),
        "region": entry.region,
        "detail": entry.detail,
        "is_default": entry.is_default,
        "edit_url": f"{BOOK}/{entry.id}",
    }


def _form(entry: AddressBookEntry | None) -> str:
    wanted = request.args.get("next")
    return render_template(
        "addresses/form.html",
        address=entry or {},
        next_url=safe_path(wanted) if wanted else BOOK,
        regions_url=asset(REGIONS),
    )
