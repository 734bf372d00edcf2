"""Addresses over the API."""

from __future__ import annotations

from marshmallow import Schema, fields, validate


class AddressInput(Schema):
    name = fields.String(required=True, validate=validate.Length(max=60))
    phone = fields.String(required=True, validate=validate.Length(max=30))
    region_code = fields.String(required=True, validate=validate.Length(max=6))
    detail = fields.String(required=True, validate=validate.Length(max=240))
    is_default = fields.Boolean(load_default=False)


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
