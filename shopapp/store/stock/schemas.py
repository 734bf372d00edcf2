"""Stock over the API."""

from __future__ import annotations

from marshmallow import Schema, fields

from shopapp.kernel.fields import PlainText, whole

from .services import FREE_MAX

REASON_MAX = 120


class CountInput(Schema):
    stock = whole(least=0, most=FREE_MAX, required=True, metadata={"description": "free pieces"})
    reason = PlainText(longest=REASON_MAX, load_default="")


class AdjustmentInput(Schema):
    delta = whole(least=-FREE_MAX, most=FREE_MAX, required=True)
    reason = PlainText(least=1, longest=REASON_MAX, required=True)


class StockAnswer(Schema):
    sku_id = fields.String()
    stock = fields.Integer(metadata={"description": "free pieces"})
    held = fields.Integer(metadata={"description": "pieces held by unpaid orders"})
