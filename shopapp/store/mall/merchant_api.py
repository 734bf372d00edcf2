"""JSON for the merchant: the items of the points mall."""

from __future__ import annotations

from typing import Any

from shopapp.kernel import audit, clock
from shopapp.kernel.access import Permission, guard_merchant_api, requires
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.errors import Invalid
from shopapp.kernel.http import found, writes
from shopapp.kernel.idempotency import once
from shopapp.kernel.money import Money

from . import console, offering, queries, rules
from .models import MallItem
from .rules import MallContent, MallKind
from .schemas import MallArguments, MallItemAnswer, MallItemInput, MallItemList

blp = ApiBlueprint("merchant_mall", __name__, url_prefix="/api/v1/admin", description="商家：积分商城")
guard_merchant_api(blp)


@blp.get("/mall-items")
@requires(Permission.LOYALTY_VIEW)
@blp.arguments(MallArguments, location="query")
@blp.response(200, MallItemList)
def list_items(data: dict[str, Any]) -> dict[str, Any]:
    rows, cursor = console.items_after(before=data.get("cursor"), limit=data["limit"])
    return {"items": [_answer(row) for row in rows], "next_cursor": cursor}


@blp.post("/mall-items")
@requires(Permission.LOYALTY_EDIT)
@once
@blp.arguments(MallItemInput)
@blp.response(201, MallItemAnswer)
def create_item(data: dict[str, Any]) -> dict[str, Any]:
    item = offering.create_item(content=_content(data), now=clock.now())
    changes = {"points": item.points}
    audit.record(action="mall.create", subject_kind="mall", subject_id=item.public_id, changes=changes)
    return _answer(item)


@blp.put("/mall-items/<item_id>")
@requires(Permission.LOYALTY_EDIT)
@writes
@blp.arguments(MallItemInput)
@blp.response(200, MallItemAnswer)
def change_item(data: dict[str, Any], item_id: str) -> dict[str, Any]:
    """Write the whole item anew; what was redeemed stays as it was. The thing itself cannot be changed for another."""
    was = queries.content_of(found(console.item(public_id=item_id)))
    content = _content(data)
    item = offering.change_item(public_id=item_id, content=content, now=clock.now())
    changes = offering.changes_between(was, content)
    audit.record(action="mall.update", subject_kind="mall", subject_id=item_id, changes=changes)
    return _answer(item)


def _content(data: dict[str, Any]) -> MallContent:
    """Raises `Invalid` with the names that the fields have here."""
    named = {name: value for name, value in data.items() if name not in ("kind", "cash_fen")}
    content = MallContent(kind=MallKind(data["kind"]), cash=Money(data["cash_fen"]), **named)
    wrong = rules.problems(content)
    if wrong:
        raise Invalid({"cash_fen" if name == "cash" else name: texts for name, texts in wrong.items()})
    return content


def _answer(row: MallItem) -> dict[str, Any]:
    content = queries.content_of(row)
    plain = {name: getattr(content, name) for name in MallContent.__dataclass_fields__}
    return {
        **plain,
        "id": row.public_id,
        "kind": row.kind.value,
        "cash_fen": row.cash.fen,
        "given": row.given,
        "created_at": row.created_at,
    }
