"""Tiers over the API."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from shopapp.kernel.fields import PlainText, YesNo, whole

from .terms import (
    DAYS_MAX,
    DISCOUNT_MIN,
    GRACE_MAX,
    GROWTH_MAX,
    LEVELS_MAX,
    NAME_MAX,
    PER_YUAN_MAX,
    POINTS_MAX,
    WHOLE,
    Drop,
    Mode,
)


class TierBenefitsAnswer(Schema):
    discount_bp = fields.Integer(metadata={"description": "of 10000: 9500 is 5% off, 10000 none"})
    points_bp = fields.Integer(metadata={"description": "of 10000: 12000 is ×1.2"})
    free_freight = fields.Boolean()
    texts = fields.List(fields.String())


class NextTierAnswer(Schema):
    code = fields.String()
    name = fields.String()
    entry = fields.Integer()
    missing = fields.Integer()
    by = fields.AwareDateTime(
        allow_none=True, metadata={"description": "from then on some of the growth counts no more"}
    )


class KeepTierAnswer(Schema):
    needed = fields.Integer()
    got = fields.Integer()
    gap = fields.Integer()
    until = fields.AwareDateTime()
    drops_at = fields.AwareDateTime()
    falls_to = fields.String(allow_none=True)


class TierStepAnswer(Schema):
    code = fields.String()
    name = fields.String()
    since = fields.AwareDateTime()
    until = fields.AwareDateTime(allow_none=True)
    reason = fields.String(
        metadata={"description": "joined, up, kept, dropped, refund, rules, override, override_end"}
    )
    text = fields.String()


class TierAnswer(Schema):
    code = fields.String()
    name = fields.String()
    level = fields.Integer(metadata={"description": "counted from 0"})
    since = fields.AwareDateTime()
    until = fields.AwareDateTime(allow_none=True)
    grace_until = fields.AwareDateTime(allow_none=True)
    growth = fields.Integer(metadata={"description": "the growth that counts for going up now"})
    next = fields.Nested(NextTierAnswer, allow_none=True)
    keep = fields.Nested(KeepTierAnswer, allow_none=True)
    why = fields.List(fields.String())
    benefits = fields.Nested(TierBenefitsAnswer)
    history = fields.List(fields.Nested(TierStepAnswer), metadata={"description": "the newest first"})


class TierBenefitsInput(Schema):
    discount_bp = whole(least=DISCOUNT_MIN, most=WHOLE, load_default=WHOLE)
    points_bp = whole(least=WHOLE, most=POINTS_MAX, load_default=WHOLE)
    free_freight = YesNo(load_default=False)


class TierLevelInput(Schema):
    code = PlainText(required=True, least=1, longest=16)
    name = PlainText(required=True, least=1, longest=NAME_MAX)
    entry = whole(least=0, most=GROWTH_MAX, required=True)
    keep = whole(least=0, most=GROWTH_MAX, required=True)
    benefits = fields.Nested(TierBenefitsInput, load_default=lambda: TierBenefitsInput().load({}))


class TiersInput(Schema):
    mode = fields.String(required=True, validate=validate.OneOf([mode.value for mode in Mode]))
    length = whole(least=0, most=DAYS_MAX, load_default=0)
    levels = fields.List(
        fields.Nested(TierLevelInput), required=True, validate=validate.Length(min=1, max=LEVELS_MAX)
    )
    grace_days = whole(least=0, most=GRACE_MAX, load_default=0)
    drop = fields.String(
        load_default=Drop.ONE_STEP.value, validate=validate.OneOf([drop.value for drop in Drop])
    )
    growth_per_yuan = whole(least=0, most=PER_YUAN_MAX, load_default=1)
    note = PlainText(longest=200, load_default="")
    version = whole(
        least=0,
        most=10**9,
        load_default=None,
        allow_none=True,
        metadata={"description": "the version this changes; 409 if others saved one meanwhile"},
    )


class TierPreviewInput(Schema):
    preview = fields.String(load_default="false", validate=validate.OneOf(["true", "false"]))


class TierLevelAnswer(Schema):
    code = fields.String()
    name = fields.String()
    entry = fields.Integer()
    keep = fields.Integer()
    benefits = fields.Nested(TierBenefitsAnswer)
    members = fields.Integer()


class TiersAnswer(Schema):
    version = fields.Integer()
    starts_at = fields.AwareDateTime()
    mode = fields.String()
    length = fields.Integer()
    grace_days = fields.Integer()
    drop = fields.String()
    growth_per_yuan = fields.Integer()
    levels = fields.List(fields.Nested(TierLevelAnswer))


class TierMoverAnswer(Schema):
    customer_id = fields.String()
    before = fields.String()
    after = fields.String()
    at = fields.AwareDateTime(allow_none=True, metadata={"description": "null: at once"})


class TierMovesAnswer(Schema):
    up = fields.Integer(metadata={"description": "go up at once"})
    down = fields.Integer(
        metadata={"description": "lose their tier when its term ends, by what they have today"}
    )
    same = fields.Integer()
    examples = fields.List(fields.Nested(TierMoverAnswer))


class TiersChangeAnswer(Schema):
    saved = fields.Boolean()
    version = fields.Integer(metadata={"description": "in force now"})
    preview = fields.Nested(TierMovesAnswer)


class TierOverrideInput(Schema):
    code = PlainText(required=True, least=1, longest=16)
    reason = PlainText(required=True, least=1, longest=200)
    since = fields.AwareDateTime(load_default=None, allow_none=True)
    until = fields.AwareDateTime(required=True)


class TierOverrideAnswer(Schema):
    id = fields.String(attribute="public_id")
    code = fields.String()
    reason = fields.String()
    since = fields.AwareDateTime()
    until = fields.AwareDateTime()
    ended_at = fields.AwareDateTime(allow_none=True)


class CustomerTierAnswer(Schema):
    tier = fields.Nested(TierAnswer, allow_none=True)
    overrides = fields.List(fields.Nested(TierOverrideAnswer))
