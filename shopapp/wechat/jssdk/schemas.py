"""Shapes of the JS-SDK signature."""

from __future__ import annotations

from marshmallow import Schema, fields, validate


class PageQuery(Schema):
    url = fields.Str(required=True, validate=validate.Length(min=1, max=2048))


class PageSignatureAnswer(Schema):
    app_id = fields.Str(data_key="appId")
    timestamp = fields.Int()
    nonce = fields.Str(data_key="nonceStr")
    signature = fields.Str()
