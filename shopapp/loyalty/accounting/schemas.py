"""Shapes of statements over the API."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from shopapp.kernel.sheets import FORMATS
from shopapp.loyalty.adjustments.rules import ADJUSTABLE

from .months import MONTH


class StatementInput(Schema):
    month = fields.String(
        required=True, validate=validate.Regexp(f"(?:{MONTH.pattern})$"), metadata={"description": "2026-11"}
    )
    unit = fields.String(required=True, validate=validate.OneOf([unit.value for unit in ADJUSTABLE]))
    format = fields.String(load_default="json", validate=validate.OneOf(["json", *FORMATS]))


class StateAnswer(Schema):
    active = fields.Integer()
    pending = fields.Integer()
    debt = fields.Integer()


class MovementAnswer(Schema):
    """`amount` is the change of what is active, `balance` what was active after it."""

    kind = fields.String()
    subject = fields.String()
    reason = fields.String()
    amount = fields.Integer()
    pending = fields.Integer()
    debt = fields.Integer()
    balance = fields.Integer()
    at = fields.AwareDateTime()


class StatementAnswer(Schema):
    """Fen for principal and gift. All movements of the month, the oldest first."""

    customer_id = fields.String()
    unit = fields.String()
    month = fields.String()
    opening = fields.Nested(StateAnswer)
    items = fields.List(fields.Nested(MovementAnswer))
    closing = fields.Nested(StateAnswer)
