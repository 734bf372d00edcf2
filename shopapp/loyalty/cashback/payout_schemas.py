"""The shape of a confirmation."""

from __future__ import annotations

from marshmallow import Schema, fields


class TransferRequestSchema(Schema):
    """Handed as it is to `WeixinJSBridge.invoke('requestMerchantTransfer', …)`."""

    mchId = fields.String(required=True)  # noqa: N815 - the names of the page's call
    appId = fields.String(required=True)  # noqa: N815
    package = fields.String(required=True)


class ConfirmationSchema(Schema):
    """Without a `transfer` there is nothing to confirm now: it has come, is on its way, or is being prepared."""

    status = fields.String(required=True, metadata={"description": "The status of the claim."})
    transfer = fields.Nested(TransferRequestSchema, required=True, allow_none=True)
    expires_at = fields.AwareDateTime(required=True, allow_none=True)
