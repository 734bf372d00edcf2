"""Shapes of flyers over the API."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from shopapp.kernel.fields import PlainText, YesNo, whole

from .design import COLOR, COST_MAX, PREFIX, QUANTITY_MAX, TEXT_LENGTHS
from .models import FlyerSize, FlyerTemplate, QrTarget
from .queries import FlyerRow

PAGE_MAX = 100
CURSOR = r"[0-9]{1,18}"


def _one_of(kind: Any, **kwargs: Any) -> fields.String:
    return fields.String(validate=validate.OneOf([one.value for one in kind]), **kwargs)


class FlyerInput(Schema):
    channel_id = PlainText(least=1, longest=32, required=True)
    name = PlainText(least=1, longest=TEXT_LENGTHS["name"], required=True)
    template = _one_of(FlyerTemplate, load_default=FlyerTemplate.SUNRISE.value)
    size = _one_of(FlyerSize, load_default=FlyerSize.A6.value)
    headline = PlainText(least=1, longest=TEXT_LENGTHS["headline"], required=True)
    body = PlainText(longest=TEXT_LENGTHS["body"], lines=True, load_default="")
    hint = PlainText(longest=TEXT_LENGTHS["hint"], lines=True, load_default="")
    footnote = PlainText(longest=TEXT_LENGTHS["footnote"], lines=True, load_default="")
    color = fields.String(load_default="#E2472F", validate=validate.Regexp(f"^{COLOR.pattern}$"))
    target = _one_of(
        QrTarget,
        load_default=QrTarget.PLATFORM.value,
        metadata={"description": "platform: the channel's code at WeChat; link: its short link"},
    )
    quantity = whole(least=1, most=QUANTITY_MAX, required=True)
    serials = YesNo(load_default=False)
    prefix = fields.String(
        load_default="",
        validate=validate.Regexp(f"^({PREFIX.pattern})?$"),
        metadata={"description": "of the copies' numbers; random when empty"},
    )
    cost_fen = whole(least=0, most=COST_MAX.fen, load_default=0)


class FlyerWarning(Schema):
    code = fields.String()
    phrase = fields.String()
    text = fields.String()


class FlyerAnswer(Schema):
    id = fields.String()
    channel_id = fields.String()
    name = fields.String()
    template = fields.String()
    size = fields.String()
    headline = fields.String()
    body = fields.String()
    hint = fields.String()
    footnote = fields.String()
    color = fields.String()
    target = fields.String()
    quantity = fields.Integer()
    serials = fields.Boolean()
    prefix = fields.String()
    cost_fen = fields.Integer()
    status = fields.String(metadata={"description": "draft, making or ready"})
    parts = fields.Integer(metadata={"description": "PDFs of the file"})
    parts_made = fields.Integer()
    qr_text = fields.String(allow_none=True)
    scanned = fields.Integer(
        allow_none=True, metadata={"description": "copies that somebody came by; null without numbers"}
    )
    printed_at = fields.AwareDateTime(format="iso", allow_none=True)
    created_at = fields.AwareDateTime(format="iso")
    warnings = fields.List(fields.Nested(FlyerWarning), metadata={"description": "of the wording"})


class FlyerArguments(Schema):
    cursor = fields.String(validate=validate.Regexp(f"^{CURSOR}$"))
    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=PAGE_MAX))


class FlyerList(Schema):
    items = fields.List(fields.Nested(FlyerAnswer))
    next_cursor = fields.String(allow_none=True)


OF_DESIGN = ("name", "headline", "body", "hint", "footnote", "color", "quantity", "serials", "prefix")
OF_ROW = ("channel_id", "parts", "parts_made", "qr_text", "scanned", "printed_at", "created_at")


def flyer_answer(row: FlyerRow, warnings: Any) -> dict[str, Any]:
    answer = {name: getattr(row.design, name) for name in OF_DESIGN}
    answer |= {name: getattr(row, name) for name in OF_ROW}
    answer |= {name: getattr(row.design, name).value for name in ("template", "size", "target")}
    return answer | {
        "id": row.public_id,
        "cost_fen": row.design.cost.fen,
        "status": row.status.value,
        "warnings": [vars(warning) for warning in warnings],
    }
