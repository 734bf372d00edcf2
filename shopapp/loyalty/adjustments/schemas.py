"""Shapes of adjustments over the API."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from shopapp.kernel.fields import PlainText, whole

from .rules import ADJUSTABLE, AMOUNT_MAX, REASON_MAX

ID_MAX = 32
PAGE_MAX = 100


class BalanceAdjustmentInput(Schema):
    unit = fields.String(required=True, validate=validate.OneOf([unit.value for unit in ADJUSTABLE]))
    amount = whole(
        required=True,
        least=-AMOUNT_MAX,
        most=AMOUNT_MAX,
        metadata={"description": "fen for principal and gift; below 0 takes away"},
    )
    reason = PlainText(required=True, least=1, longest=REASON_MAX)
    expires_at = fields.AwareDateTime(
        load_default=None, allow_none=True, metadata={"description": "for points and gift that are given"}
    )


class AdjustmentPageInput(Schema):
    cursor = PlainText(least=1, longest=ID_MAX)
    limit = fields.Integer(load_default=20, validate=validate.Range(min=1, max=PAGE_MAX))


class AdjustmentAnswer(Schema):
    """`state` is posted if it is in the books, proposed while it waits for a second person."""

    id = fields.String()
    customer_id = fields.String()
    unit = fields.String()
    amount = fields.Integer()
    reason = fields.String()
    paid_out = fields.Boolean(metadata={"description": "principal that the shop gave back outside of WeChat"})
    expires_at = fields.AwareDateTime(allow_none=True)
    state = fields.String()
    proposed_by = fields.String()
    decided_by = fields.String(allow_none=True)
    note = fields.String()
    created_at = fields.AwareDateTime()
    decided_at = fields.AwareDateTime(allow_none=True)


class AdjustmentList(Schema):
    items = fields.List(fields.Nested(AdjustmentAnswer))
    next_cursor = fields.String(allow_none=True)


class DecisionInput(Schema):
    decision = fields.String(required=True, validate=validate.OneOf(["approve", "refuse"]))
    note = PlainText(load_default="", longest=REASON_MAX)
