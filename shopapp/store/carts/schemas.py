"""Carts over the API."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from shopapp.kernel.fields import YesNo
from shopapp.store.fields import pieces

from .queries import LineState


class CartItemInput(Schema):
    quantity = pieces(required=True)
    selected = YesNo(load_default=True)


class CartItemAnswer(Schema):
    sku_id = fields.String()
    product_id = fields.String()
    title = fields.String()
    specs = fields.List(fields.String())
    picture_url = fields.String(allow_none=True)
    price_fen = fields.Integer(metadata={"description": "of one piece, now"})
    price_seen_fen = fields.Integer(metadata={"description": "of one piece, when it was put in"})
    quantity = fields.Integer()
    quantity_max = fields.Integer(metadata={"description": "the most pieces that can be bought now"})
    total_fen = fields.Integer()
    selected = fields.Boolean()
    state = fields.String(validate=validate.OneOf([state.value for state in LineState]))


class CartSelection(Schema):
    lines = fields.Integer()
    quantity = fields.Integer()
    total_fen = fields.Integer(metadata={"description": "of the goods, without freight"})


class CartAnswer(Schema):
    items = fields.List(fields.Nested(CartItemAnswer))
    count = fields.Integer(metadata={"description": "pieces in the cart"})
    selected = fields.Nested(CartSelection, metadata={"description": "the selected lines that can be bought"})
