"""Addresses over the API."""

from __future__ import annotations

from marshmallow import Schema, fields

from shopapp.kernel.fields import PlainText, YesNo


class AddressInput(Schema):
    name = PlainText(required=True, longest=60)
    phone = PlainText(required=True, longest=30)
    region_code = PlainText(required=True, longest=6)
    detail = PlainText(required=True, longest=240)
    is_default = YesNo(load_default=False)


class AddressAnswer(Schema):
    id = fields.String()
    name = fields.String()
    phone = fields.String()
    region_code = fields.String()
    region = fields.String()
    detail = fields.String()
    is_default = fields.Boolean()


class AddressList(Schema):
    items = fields.List(fields.Nested(AddressAnswer))
    next_cursor = fields.String(allow_none=True)
