"""JSON for the merchant: coupons, handing them out, and their codes."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response

from shopapp.kernel import audit, clock
from shopapp.kernel.access import Permission, guard_merchant_api, requires
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.db import db
from shopapp.kernel.errors import Invalid
from shopapp.kernel.http import found, writes
from shopapp.kernel.i18n import _
from shopapp.kernel.idempotency import once

from . import console, offering
from .answers import content_from, coupon_answer
from .content import CouponContent, code_in_groups, problems
from .schemas import (
    CodesAnswer,
    CodesInput,
    CouponAnswer,
    CouponArguments,
    CouponInput,
    CouponList,
    GrantAnswer,
    GrantInput,
)

NAMES_HERE = {"value": "value_fen", "cap": "cap_fen", "minimum": "min_spend_fen", "scope_ids": "scope"}

blp = ApiBlueprint("merchant_coupons", __name__, url_prefix="/api/v1/admin", description="商家：优惠券")
guard_merchant_api(blp)


@blp.get("/coupons")
@requires(Permission.LOYALTY_VIEW)
@blp.arguments(CouponArguments, location="query")
@blp.response(200, CouponList)
def list_coupons(data: dict[str, Any]) -> dict[str, Any]:
    rows, cursor = console.all_offered(before=data.get("cursor"), limit=data["limit"])
    return {"items": [coupon_answer(row) for row in rows], "next_cursor": cursor}


@blp.post("/coupons")
@requires(Permission.LOYALTY_EDIT)
@once
@blp.arguments(CouponInput)
@blp.response(201, CouponAnswer)
def create_coupon(data: dict[str, Any]) -> dict[str, Any]:
    coupon = offering.create_coupon(content=_content(data), now=clock.now())
    offering.set_active(public_id=coupon.public_id, active=data["active"])
    changes = {"name": coupon.name}
    audit.record(action="coupon.create", subject_kind="coupon", subject_id=coupon.public_id, changes=changes)
    return _answer(coupon.public_id)


@blp.get("/coupons/<coupon_id>")
@requires(Permission.LOYALTY_VIEW)
@blp.response(200, CouponAnswer)
def show_coupon(coupon_id: str) -> dict[str, Any]:
    return _answer(coupon_id)


@blp.put("/coupons/<coupon_id>")
@requires(Permission.LOYALTY_EDIT)
@writes
@blp.arguments(CouponInput)
@blp.response(200, CouponAnswer)
def change_coupon(data: dict[str, Any], coupon_id: str) -> dict[str, Any]:
    """Write the whole coupon anew. What customers already hold stays as it was given."""
    was = found(console.offered(public_id=coupon_id))
    content = _content(data)
    offering.change_coupon(public_id=coupon_id, content=content)
    offering.set_active(public_id=coupon_id, active=data["active"])
    changes = offering.changes_between(was.content, content)
    audit.record(action="coupon.update", subject_kind="coupon", subject_id=coupon_id, changes=changes)
    return _answer(coupon_id)


@blp.post("/coupons/<coupon_id>/grants")
@requires(Permission.COUPONS_GRANT)
@once
@blp.arguments(GrantInput)
@blp.response(201, GrantAnswer)
def hand_out(data: dict[str, Any], coupon_id: str) -> dict[str, Any]:
    """Give one piece to each of these customers. Limits hold; those who get none are told."""
    handed = offering.hand_out(public_id=coupon_id, customer_ids=data["customer_ids"], now=clock.now())
    changes = {"pieces": len(handed.given)}
    audit.record(action="coupon.grant", subject_kind="coupon", subject_id=coupon_id, changes=changes)
    refused = [{"customer_id": customer, "code": code} for customer, code in handed.refused.items()]
    return {"given": handed.given, "refused": refused}


@blp.post("/coupons/<coupon_id>/codes")
@requires(Permission.LOYALTY_EDIT)
@once
@blp.arguments(CodesInput)
@blp.response(201, CodesAnswer)
def make_codes(data: dict[str, Any], coupon_id: str) -> dict[str, Any]:
    if len(data) != 1:
        raise Invalid({"count": [_("请填写 count 或 code，二选一。")]})
    now = clock.now()
    if "code" in data:
        codes = [offering.add_shared_code(public_id=coupon_id, code=data["code"], now=now)]
    else:
        codes = offering.make_codes(public_id=coupon_id, count=data["count"], now=now)
    changes = {"pieces": len(codes)}
    audit.record(action="coupon.codes", subject_kind="coupon", subject_id=coupon_id, changes=changes)
    return {"codes": [code_in_groups(code) if "count" in data else code for code in codes]}


@blp.get("/coupons/<coupon_id>/codes")
@requires(Permission.LOYALTY_EDIT)
@blp.response(200, {"type": "string"}, content_type="text/csv")
def list_codes(coupon_id: str) -> Response:
    """All codes as a CSV file: code, shared, used_at."""
    found(console.offered(public_id=coupon_id))
    return console.codes_file(public_id=coupon_id)


def _content(data: dict[str, Any]) -> CouponContent:
    """Raises `Invalid` with the names that the fields have here."""
    content = content_from(data)
    wrong = problems(content)
    if wrong:
        raise Invalid({NAMES_HERE.get(name, name): messages for name, messages in wrong.items()})
    return content


def _answer(coupon_id: str) -> dict[str, Any]:
    db.session.expire_all()
    return coupon_answer(found(console.offered(public_id=coupon_id)))
