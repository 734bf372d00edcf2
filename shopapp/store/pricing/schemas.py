"""Quotes over the API."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates

from shopapp.kernel.fields import PlainText, whole
from shopapp.kernel.i18n import _
from shopapp.store.fields import ID_LENGTH_MAX, LINES_MAX, pieces

FEN_MAX = 10**11
COUPONS_MAX = 20


class ItemInput(Schema):
    sku_id = PlainText(required=True, least=1, longest=ID_LENGTH_MAX)
    quantity = pieces(required=True)


class QuoteInput(Schema):
    items = fields.List(
        fields.Nested(ItemInput),
        validate=validate.Length(min=1, max=LINES_MAX),
        metadata={"description": "left out: the selected lines of the cart"},
    )
    address_id = PlainText(least=1, longest=ID_LENGTH_MAX, allow_none=True)
    coupon_ids = fields.List(
        PlainText(least=1, longest=ID_LENGTH_MAX),
        load_default=list,
        validate=validate.Length(max=COUPONS_MAX),
    )
    points = whole(least=0, most=FEN_MAX, load_default=0)
    wallet_fen = whole(least=0, most=FEN_MAX, load_default=0)

    @validates("items")
    def each_sku_once(self, items: list[dict[str, Any]], **_kwargs: Any) -> None:
        named = [item["sku_id"] for item in items if "sku_id" in item]  # wrong ones were taken out before
        if len(set(named)) < len(named):
            raise ValidationError(_("同一款商品只能出现一次，请合并数量。"))


class ReductionAnswer(Schema):
    kind = fields.String()
    fen = fields.Integer()
    note = fields.String()


class QuotedLineAnswer(Schema):
    sku_id = fields.String()
    quantity = fields.Integer()
    list_fen = fields.Integer()
    reductions = fields.List(fields.Nested(ReductionAnswer))
    pay_fen = fields.Integer()


class RefusalAnswer(Schema):
    code = fields.String()
    text = fields.String()
    sku_id = fields.String(allow_none=True)


class QuoteAnswer(Schema):
    lines = fields.List(fields.Nested(QuotedLineAnswer))
    freight_fen = fields.Integer()
    points_used = fields.Integer()
    wallet_fen = fields.Integer()
    total_fen = fields.Integer()
    points_to_earn = fields.Integer()
    refusals = fields.List(fields.Nested(RefusalAnswer))
