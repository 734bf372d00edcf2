"""Shapes of the JS-SDK signature."""

from __future__ import annotations

from marshmallow import Schema, fields

from shopapp.kernel.fields import PlainText


class PageQuery(Schema):
    url = PlainText(required=True, least=1, longest=2048)


class PageSignatureAnswer(Schema):
    app_id = fields.Str(data_key="appId")
    timestamp = fields.Int()
    nonce = fields.Str(data_key="nonceStr")
    signature = fields.Str()
