"""Shapes of paid cards over the API."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from shopapp.kernel.fields import PlainText, YesNo, whole

from . import rules
from .rules import CardSource

ID_MAX, CODE_MAX = 40, 60


class CardPlanInput(Schema):
    """The whole plan. `months` or `days`, the other 0."""

    name = PlainText(required=True, least=1, longest=rules.NAME_MAX)
    words = PlainText(longest=rules.WORDS_MAX, load_default="")
    price_fen = whole(required=True, least=0, most=rules.PRICE_MAX.fen)
    months = whole(least=0, most=rules.MONTHS_MAX, load_default=0)
    days = whole(least=0, most=rules.DAYS_MAX, load_default=0)
    tier_code = PlainText(
        longest=16,
        load_default=None,
        allow_none=True,
        metadata={"description": "the tier that the holder has at least, while the card runs"},
    )
    trial_days = whole(least=0, most=rules.TRIAL_DAYS_MAX, load_default=0)
    position = whole(least=0, most=rules.POSITION_MAX, load_default=0)
    active = YesNo(load_default=True)


class CardPlanAnswer(CardPlanInput):
    id = fields.String()
    holders = fields.Integer(metadata={"description": "people who hold it now"})


class CardPlanList(Schema):
    items = fields.List(fields.Nested(CardPlanAnswer))
    next_cursor = fields.String(allow_none=True)


class CardBatchInput(Schema):
    name = PlainText(required=True, least=1, longest=rules.BATCH_NAME_MAX)
    count = whole(required=True, least=1, most=rules.CODES_MAX)
    expires_on = fields.Date(
        load_default=None, allow_none=True, metadata={"description": "the last day they can be used"}
    )


class CardBatchAnswer(Schema):
    id = fields.String()
    name = fields.String()
    count = fields.Integer()
    used = fields.Integer()
    expires_at = fields.AwareDateTime(allow_none=True)
    exported_at = fields.AwareDateTime(allow_none=True)
    created_at = fields.AwareDateTime()


class CardBatchList(Schema):
    items = fields.List(fields.Nested(CardBatchAnswer))
    next_cursor = fields.String(allow_none=True)


class CardCodesAnswer(Schema):
    codes = fields.List(fields.String())


class CardCodeInput(Schema):
    code = PlainText(required=True, least=1, longest=CODE_MAX)


class CardTrialInput(Schema):
    plan_id = PlainText(required=True, least=1, longest=ID_MAX)


class CardAnswer(Schema):
    id = fields.String()
    plan_id = fields.String()
    name = fields.String()
    source = fields.String(validate=validate.OneOf([one.value for one in CardSource]))
    starts_at = fields.AwareDateTime()
    ends_at = fields.AwareDateTime()


class OfferedPlanAnswer(Schema):
    id = fields.String()
    name = fields.String()
    words = fields.String()
    price_fen = fields.Integer()
    months = fields.Integer()
    days = fields.Integer()
    trial_days = fields.Integer()


class MyCardList(Schema):
    """The customer's cards, the latest first, and the plans on offer."""

    items = fields.List(fields.Nested(CardAnswer))
    next_cursor = fields.String(allow_none=True)
    plans = fields.List(fields.Nested(OfferedPlanAnswer))
    can_try = fields.Boolean()
