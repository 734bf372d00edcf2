"""Shapes of channels over the API."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from shopapp.kernel.fields import PlainText, whole

from . import rules
from .models import ChannelKind, Landing
from .queries import ChannelRow

PAGE_MAX = 100
CURSOR = r"[0-9]{1,18}"


def _one_of(kind: Any, **kwargs: Any) -> fields.String:
    return fields.String(validate=validate.OneOf([one.value for one in kind]), **kwargs)


class ChannelInput(Schema):
    name = PlainText(least=1, longest=rules.NAME_LENGTH_MAX, required=True)
    kind = _one_of(ChannelKind, load_default=ChannelKind.OTHER.value)
    platform = fields.String(load_default="", validate=validate.OneOf(["", *rules.PLATFORMS]))
    shop = PlainText(longest=rules.WORD_LENGTHS["shop"], load_default="")
    sku = PlainText(longest=rules.WORD_LENGTHS["sku"], load_default="")
    staff = PlainText(longest=rules.WORD_LENGTHS["staff"], load_default="")
    cost_fen = whole(least=0, most=rules.COST_MAX.fen, load_default=0)
    landing = _one_of(Landing, load_default=Landing.HOME.value)
    product_id = PlainText(longest=32, load_default=None, allow_none=True)
    welcome = PlainText(longest=rules.WELCOME_LENGTH_MAX, lines=True, load_default="")


class NewChannelInput(ChannelInput):
    code = PlainText(
        longest=60, load_default="", metadata={"description": "goes into the QR code; random when empty"}
    )


class WarningAnswer(Schema):
    code = fields.String()
    phrase = fields.String()
    text = fields.String()


class ChannelAnswer(Schema):
    id = fields.String()
    name = fields.String()
    kind = fields.String()
    platform = fields.String()
    shop = fields.String()
    sku = fields.String()
    staff = fields.String()
    cost_fen = fields.Integer()
    landing = fields.String()
    product_id = fields.String(allow_none=True)
    welcome = fields.String()
    scene = fields.String()
    link = fields.String()
    qr_text = fields.String(allow_none=True, metadata={"description": "what the permanent QR code holds"})
    qr_picture_url = fields.String(allow_none=True)
    follows = fields.Integer()
    scans = fields.Integer()
    link_visits = fields.Integer()
    people = fields.Integer()
    first_touches = fields.Integer()
    created_at = fields.AwareDateTime(format="iso")
    warnings = fields.List(fields.Nested(WarningAnswer), metadata={"description": "of the welcome's wording"})


class ChannelArguments(Schema):
    cursor = fields.String(validate=validate.Regexp(f"^{CURSOR}$"))
    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=PAGE_MAX))


class ChannelList(Schema):
    items = fields.List(fields.Nested(ChannelAnswer))
    next_cursor = fields.String(allow_none=True)


SAME = ("name", "platform", "shop", "sku", "staff", "product_id", "welcome", "scene", "link")
COUNTS = ("follows", "scans", "link_visits", "people", "first_touches")


def channel_answer(row: ChannelRow, warnings: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in (*SAME, *COUNTS)} | {
        "id": row.public_id,
        "kind": row.kind.value,
        "landing": row.landing.value,
        "cost_fen": row.cost.fen,
        "qr_text": row.qr_url,
        "qr_picture_url": row.picture_url,
        "created_at": row.created_at,
        "warnings": [vars(warning) for warning in warnings],
    }
