"""The address book over the API."""

from __future__ import annotations

from typing import Any

from shopapp.kernel import clock
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.http import found, writes
from shopapp.kernel.idempotency import once
from shopapp.members.identity.queries import require_customer

from . import queries, services
from .queries import AddressBookEntry
from .schemas import AddressAnswer, AddressInput, AddressList

blp = ApiBlueprint("addresses", __name__, url_prefix="/api/v1", description="收货地址")


@blp.get("/addresses")
@blp.response(200, AddressList)
def list_addresses() -> dict[str, Any]:
    return {"items": queries.addresses_of(customer_id=require_customer().customer_id), "next_cursor": None}


@blp.post("/addresses")
@once
@blp.arguments(AddressInput)
@blp.response(201, AddressAnswer)
def add_address(data: dict[str, Any]) -> AddressBookEntry:
    customer = require_customer()
    row = services.save_address(customer_id=customer.customer_id, public_id=None, now=clock.now(), **data)
    return queries.entry(row)


@blp.get("/addresses/<address_id>")
@blp.response(200, AddressAnswer)
def show_address(address_id: str) -> AddressBookEntry:
    customer = require_customer()
    return found(queries.address_of(customer_id=customer.customer_id, public_id=address_id))


@blp.put("/addresses/<address_id>")
@writes
@blp.arguments(AddressInput)
@blp.response(200, AddressAnswer)
def change_address(data: dict[str, Any], address_id: str) -> AddressBookEntry:
    customer = require_customer()
    row = services.save_address(
        customer_id=customer.customer_id, public_id=address_id, now=clock.now(), **data
    )
    return queries.entry(row)


@blp.delete("/addresses/<address_id>")
@writes
@blp.response(204)
def remove_address(address_id: str) -> None:
    customer = require_customer()
    services.remove_address(customer_id=customer.customer_id, public_id=address_id, now=clock.now())
