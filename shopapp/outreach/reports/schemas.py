"""Shapes of reports over the API."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from .funnel import STEPS, Tally
from .queries import By, Funnel


class FunnelArguments(Schema):
    by = fields.String(load_default=By.CHANNEL.value, validate=validate.OneOf([one.value for one in By]))
    from_day = fields.Date(data_key="from", load_default=None, metadata={"description": "first day"})
    to_day = fields.Date(data_key="to", load_default=None, metadata={"description": "last day"})


class StepCounts(Schema):
    scanned = fields.Integer()
    followed = fields.Integer()
    claimed = fields.Integer()
    paid = fields.Integer()
    members = fields.Integer()
    first_orders = fields.Integer()
    second_orders = fields.Integer()


class FunnelRowAnswer(StepCounts):
    """The steps count people who did one and all before it."""

    key = fields.String(
        allow_none=True,
        metadata={"description": "channel or flyer id, or the day; null for the rest and in the total"},
    )
    name = fields.String()
    printed = fields.Integer(metadata={"description": "copies"})
    reached = fields.Nested(
        StepCounts, metadata={"description": "people who did a step, whatever they did before"}
    )
    cost_fen = fields.Integer(metadata={"description": "spent on channel and printing"})
    cashback_fen = fields.Integer(metadata={"description": "paid to these people"})
    net_fen = fields.Integer(metadata={"description": "kept of their own orders"})
    cost_per_member_fen = fields.Integer(
        allow_none=True, metadata={"description": "cost and cash-back by all who became members"}
    )
    payback_days = fields.Integer(
        allow_none=True,
        metadata={"description": "days after coming in which own orders made up for cost and cash-back"},
    )


class FunnelAnswer(Schema):
    by = fields.String()
    rows = fields.List(fields.Nested(FunnelRowAnswer))
    total = fields.Nested(FunnelRowAnswer)


def funnel_answer(funnel: Funnel) -> dict[str, Any]:
    return {
        "by": funnel.by.value,
        "rows": [row_answer(row) for row in funnel.rows],
        "total": row_answer(funnel.total),
    }


def row_answer(row: Tally) -> dict[str, Any]:
    per_member = row.cost_per_member
    return {
        "key": row.key,
        "name": row.name,
        "printed": row.printed,
        **{step.value: row.passed[step] for step in STEPS},
        "reached": {step.value: row.reached[step] for step in STEPS},
        "cost_fen": row.cost.fen,
        "cashback_fen": row.cashback.fen,
        "net_fen": row.net.fen,
        "cost_per_member_fen": None if per_member is None else per_member.fen,
        "payback_days": row.payback_days,
    }
