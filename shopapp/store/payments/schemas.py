"""Shapes of paying."""

from __future__ import annotations

from marshmallow import Schema, fields

JSAPI_NAMES = ("appId", "timeStamp", "nonceStr", "package", "signType", "paySign")


class JsapiSchema(Schema):
    """What the page hands to WeChat's cashier."""

    class Meta:
        include = {name: fields.String(required=True) for name in JSAPI_NAMES}


class PaymentStartSchema(Schema):
    """`paid` when nothing is left to pay, else what opens the cashier and until when the order may be paid."""

    paid = fields.Boolean()
    jsapi = fields.Nested(JsapiSchema)
    expires_at = fields.AwareDateTime()
