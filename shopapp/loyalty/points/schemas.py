"""Shapes of points over the API."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from shopapp.kernel.fields import PlainText

PAGE_MAX = 100
CURSOR = r"[0-9]{1,18}"
MONTH = r"(20[0-9]{2})-(0[1-9]|1[0-2])"


class ExpiringAnswer(Schema):
    amount = fields.Integer()
    at = fields.AwareDateTime()


class PointsAnswer(Schema):
    """`available` can be used now, `pending` once the after-sales window is over, `held` is in unpaid orders; `debt` is
    what the next points repay."""

    available = fields.Integer()
    pending = fields.Integer()
    held = fields.Integer()
    debt = fields.Integer()
    expiring = fields.List(fields.Nested(ExpiringAnswer))
    worth_fen = fields.Integer(metadata={"description": "what the available points pay"})


class EntriesInput(Schema):
    cursor = PlainText(least=1, longest=18)
    limit = fields.Integer(load_default=20, validate=validate.Range(min=1, max=PAGE_MAX))


class EntryAnswer(Schema):
    """`amount` is what the available points changed by, `pending` what the pending ones did; `balance` is after it."""

    kind = fields.String()
    amount = fields.Integer()
    pending = fields.Integer()
    balance = fields.Integer()
    text = fields.String()
    order_no = fields.String(allow_none=True)
    at = fields.AwareDateTime()


class EntryList(Schema):
    items = fields.List(fields.Nested(EntryAnswer))
    next_cursor = fields.String(allow_none=True)


class CheckInAnswer(Schema):
    day = fields.Date()
    streak = fields.Integer(metadata={"description": "days in a row, this one included"})
    points = fields.Integer()


class MonthInput(Schema):
    month = fields.String(
        validate=validate.Regexp(f"{MONTH}$"), metadata={"description": "2026-11; this month if left out"}
    )


class CheckInDayAnswer(Schema):
    day = fields.Date()
    points = fields.Integer()


class CheckInMonthAnswer(Schema):
    """`streak` is the days in a row up to today or yesterday; `points_today` what today's check-in gives or gave."""

    month = fields.String()
    items = fields.List(fields.Nested(CheckInDayAnswer))
    streak = fields.Integer()
    checked_in = fields.Boolean()
    points_today = fields.Integer()
