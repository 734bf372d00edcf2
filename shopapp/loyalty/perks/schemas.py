"""Shapes of perks over the API."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from shopapp.kernel.fields import PlainText, YesNo, whole

from . import rules
from .rules import DEFINED, GrantStatus, Period, PerkKind

ID_MAX = 40


def one_of(values: Any, **kwargs: Any) -> fields.String:
    return fields.String(validate=validate.OneOf([one.value for one in values]), **kwargs)


def ids(**kwargs: Any) -> fields.List[str]:
    return fields.List(
        PlainText(least=1, longest=ID_MAX),
        load_default=list,
        validate=validate.Length(max=rules.TARGETS_MAX),
        **kwargs,
    )


class PerkPieces(Schema):
    coupon_id = PlainText(required=True, least=1, longest=ID_MAX)
    pieces = whole(least=1, most=rules.PIECES_MAX, load_default=1)


class PerkContact(Schema):
    name = PlainText(required=True, least=1, longest=rules.CONTACT_NAME_MAX)
    text = PlainText(
        required=True,
        least=1,
        longest=rules.CONTACT_TEXT_MAX,
        metadata={"description": "WeChat id, or the link that the QR code holds"},
    )


class PerkInput(Schema):
    """The whole perk. What the tier itself gives (price, points, freight) is set with the tiers."""

    name = PlainText(required=True, least=1, longest=rules.NAME_MAX)
    how = PlainText(
        longest=rules.HOW_MAX, load_default="", metadata={"description": "how to use it, in one sentence"}
    )
    kind = one_of(DEFINED, required=True)
    period = one_of(Period, required=True)
    tiers = ids(metadata={"description": "codes of tiers"})
    card_plans = ids(metadata={"description": "ids of card plans"})
    points = whole(least=0, most=rules.POINTS_MAX, load_default=0)
    points_months = whole(
        least=0, most=rules.LIFE_MONTHS_MAX, load_default=12, metadata={"description": "0: for ever"}
    )
    worth_fen = whole(
        least=0,
        most=rules.WORTH_MAX.fen,
        load_default=0,
        metadata={"description": "what the gift counts for in what membership saved, coupons left out"},
    )
    coupons = fields.List(
        fields.Nested(PerkPieces), load_default=list, validate=validate.Length(max=rules.COUPONS_MAX)
    )
    days_before = whole(least=0, most=rules.DAYS_BEFORE_MAX, load_default=0)
    claim_days = whole(least=1, most=rules.CLAIM_DAYS_MAX, load_default=None, allow_none=True)
    automatic = YesNo(load_default=False, metadata={"description": "given without being asked for"})
    contact = fields.Nested(PerkContact, load_default=None, allow_none=True)
    position = whole(least=0, most=rules.POSITION_MAX, load_default=0)
    active = YesNo(load_default=True)


class PerkAnswer(PerkInput):
    id = fields.String()
    grants = fields.Dict(
        keys=fields.String(), values=fields.Integer(), metadata={"description": "how many grants by status"}
    )


class PerkList(Schema):
    items = fields.List(fields.Nested(PerkAnswer))
    next_cursor = fields.String(allow_none=True)


class PerkGaveAnswer(Schema):
    points = fields.Integer()
    coupons = fields.List(fields.String(), metadata={"description": "ids of the customer's own coupons"})


class PerkGrantAnswer(Schema):
    id = fields.String()
    perk_id = fields.String()
    period = fields.String()
    status = one_of(GrantStatus)
    granted_at = fields.AwareDateTime()
    seen_at = fields.AwareDateTime(allow_none=True)
    valid_until = fields.AwareDateTime(allow_none=True)
    redeemed_at = fields.AwareDateTime(allow_none=True)
    gave = fields.Nested(PerkGaveAnswer, allow_none=True)


class MyPerkAnswer(Schema):
    """`id` is null for what the tier gives by itself: it needs no redeeming."""

    id = fields.String(allow_none=True)
    kind = one_of(PerkKind)
    name = fields.String()
    gives = fields.String()
    how = fields.String()
    period = one_of(Period, allow_none=True)
    can_redeem = fields.Boolean()
    grant = fields.Nested(PerkGrantAnswer, allow_none=True)
    contact = fields.Nested(PerkContact, allow_none=True)


class PerkTierAnswer(Schema):
    code = fields.String()
    name = fields.String()
    level = fields.Integer()
    until = fields.AwareDateTime(allow_none=True)


class PerkNextTier(Schema):
    name = fields.String()
    missing = fields.Integer(metadata={"description": "growth"})
    perks = fields.List(fields.Nested(MyPerkAnswer))


class HeldCardAnswer(Schema):
    plan_id = fields.String()
    name = fields.String()
    until = fields.AwareDateTime()


class MyPerkList(Schema):
    """What the customer's membership gives; `tier` is null for who is no member."""

    items = fields.List(fields.Nested(MyPerkAnswer))
    next_cursor = fields.String(allow_none=True)
    tier = fields.Nested(PerkTierAnswer, allow_none=True)
    next_tier = fields.Nested(PerkNextTier, allow_none=True)
    cards = fields.List(fields.Nested(HeldCardAnswer))
    saved_fen = fields.Integer()
    saved_this_year_fen = fields.Integer()
