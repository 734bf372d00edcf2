"""Signing in over the API, and the person's own page."""

from __future__ import annotations

from marshmallow import Schema, fields

from shopapp.kernel.fields import PlainText


class SessionInput(Schema):
    code = PlainText(required=True, least=1, longest=512)


class CustomerAnswer(Schema):
    id = fields.String(attribute="public_id")
    nickname = fields.String(allow_none=True)
    picture_url = fields.String(allow_none=True)
    since = fields.AwareDateTime()


class SessionAnswer(Schema):
    token = fields.String()
    expires_at = fields.AwareDateTime()
    customer = fields.Nested(CustomerAnswer)


class PrivacyAnswer(Schema):
    version = fields.String()
    title = fields.String()
    url = fields.String()
    text_sha256 = fields.String()
