"""Stock over the API: counted, or adjusted by a number of pieces."""

from __future__ import annotations

from typing import Any

from shopapp.kernel import audit, clock
from shopapp.kernel.access import Permission, guard_merchant_api, requires
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.http import found, writes
from shopapp.kernel.idempotency import once
from shopapp.store.catalogue import queries as catalogue

from . import queries, services
from .schemas import AdjustmentInput, CountInput, StockAnswer

blp = ApiBlueprint("merchant_stock", __name__, url_prefix="/api/v1/admin", description="商家：库存")
guard_merchant_api(blp)


@blp.get("/skus/<sku_id>/stock")
@requires(Permission.PRODUCTS_VIEW)
@blp.response(200, StockAnswer)
def show_stock(sku_id: str) -> dict[str, Any]:
    return _answer(sku_id, row_id=_row_id(sku_id))


@blp.put("/skus/<sku_id>/stock")
@writes
@requires(Permission.STOCK_EDIT)
@blp.arguments(CountInput)
@blp.response(200, StockAnswer)
def count_stock(data: dict[str, Any], sku_id: str) -> dict[str, Any]:
    row_id = _row_id(sku_id)
    change = services.set_free(sku_id=row_id, free=data["stock"], note=data["reason"], now=clock.now())
    audit.record(
        action="stock.count",
        subject_kind="sku",
        subject_id=sku_id,
        changes={"stock": [data["stock"] - change, data["stock"]], "reason": data["reason"]},
    )
    return _answer(sku_id, row_id=row_id)


@blp.post("/skus/<sku_id>/stock")
@once
@requires(Permission.STOCK_EDIT)
@blp.arguments(AdjustmentInput)
@blp.response(200, StockAnswer)
def adjust_stock(data: dict[str, Any], sku_id: str) -> dict[str, Any]:
    row_id = _row_id(sku_id)
    free = services.adjust(sku_id=row_id, delta=data["delta"], note=data["reason"], now=clock.now())
    audit.record(
        action="stock.adjust",
        subject_kind="sku",
        subject_id=sku_id,
        changes={"stock": [free - data["delta"], free], "reason": data["reason"]},
    )
    return _answer(sku_id, row_id=row_id)


def _row_id(sku_id: str) -> int:
    return found(catalogue.sellable(sku_ids=[sku_id]).get(sku_id)).sku_id


def _answer(sku_id: str, *, row_id: int) -> dict[str, Any]:
    free, held = queries.levels(sku_ids=[row_id]).get(row_id, (0, 0))
    return {"sku_id": sku_id, "stock": free, "held": held}
