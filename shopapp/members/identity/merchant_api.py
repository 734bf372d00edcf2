"""JSON for the merchant: the people."""

from __future__ import annotations

from typing import Any

from shopapp.kernel import audit
from shopapp.kernel.access import Permission, guard_merchant_api, may, requires
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.db import transaction
from shopapp.kernel.http import found
from shopapp.kernel.pii import mask_name, mask_phone

from . import console
from .console import KnownCustomer
from .membership import birthday_of
from .schemas import CustomerPageInput, MerchantCustomerAnswer, MerchantCustomerList

blp = ApiBlueprint("merchant_customers", __name__, url_prefix="/api/v1/admin", description="商家：会员")
guard_merchant_api(blp)


@blp.get("/customers")
@requires(Permission.CUSTOMERS_VIEW)
@blp.arguments(CustomerPageInput, location="query")
@blp.response(200, MerchantCustomerList)
def list_customers(data: dict[str, Any]) -> dict[str, Any]:
    """The newest first; `q` finds a membership number, an id, a whole phone number, or part of a nickname."""
    people, cursor = console.page(
        words=data["q"], kind=data["kind"], before=data.get("cursor"), limit=data["limit"]
    )
    return {"items": [_answer(each) for each in people], "next_cursor": cursor}


@blp.get("/customers/<customer_id>")
@requires(Permission.CUSTOMERS_VIEW)
@blp.response(200, MerchantCustomerAnswer)
def show_customer(customer_id: str) -> dict[str, Any]:
    """Whoever may see personal data leaves a trace of having done so."""
    known = found(console.known(public_id=customer_id))
    if may(Permission.CUSTOMERS_SEE_PERSONAL):
        with transaction():
            audit.record(action="customer.see", subject_kind="customer", subject_id=customer_id)
    return _answer(known)


def _answer(known: KnownCustomer) -> dict[str, Any]:
    row, clear = known.customer, may(Permission.CUSTOMERS_SEE_PERSONAL)
    birthday = birthday_of(row)
    return {
        "public_id": row.public_id,
        "nickname": row.nickname,
        "picture_url": row.picture_url,
        "since": row.created_at,
        "last_seen_at": row.last_seen_at,
        "following": known.following,
        "is_member": row.member_since is not None,
        "member_no": row.member_no,
        "member_since": row.member_since,
        "name": row.name if clear or row.name is None else mask_name(row.name),
        "phone": row.phone if clear or row.phone is None else mask_phone(row.phone),
        "birthday": birthday.isoformat() if clear and birthday else None,
        "marketing": row.marketing_since is not None,
        "erased_at": row.erased_at,
    }
