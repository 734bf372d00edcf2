"""Shapes of coupons over the API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, fields, validate

from shopapp.kernel.fields import PlainText, YesNo, whole

from .content import (
    COUNT_MAX,
    DAYS_MAX,
    NAME_MAX,
    SCOPE_IDS_MAX,
    VALUE_MAX,
    CouponStatus,
    Giving,
    Moment,
    Period,
)
from .offering import CODES_AT_ONCE_MAX, NAMED_AT_ONCE_MAX
from .queries import PAGE_MAX, OfferState
from .rules import WHOLE_BP, CouponKind, Scope

ID_LENGTH_MAX = 40
CODE_LENGTH_MAX = 60
FIRST_MOMENT, LAST_MOMENT = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
BP_WORDS = "of 10,000, what remains to be paid: 8500 takes 15 % off"


def _one_of(kind: Any, **kwargs: Any) -> fields.String:
    return fields.String(validate=validate.OneOf([one.value for one in kind]), **kwargs)


def _fen(**kwargs: Any) -> fields.Integer:
    return whole(least=0, most=VALUE_MAX.fen, **kwargs)


def _count(most: int = COUNT_MAX, **kwargs: Any) -> fields.Integer:
    return whole(least=1, most=most, load_default=None, allow_none=True, **kwargs)


def _moment() -> fields.AwareDateTime:
    bounds = validate.Range(min=FIRST_MOMENT, max=LAST_MOMENT)
    return fields.AwareDateTime(load_default=None, allow_none=True, validate=bounds)


class ScopeInput(Schema):
    kind = _one_of(Scope, required=True)
    ids = fields.List(
        PlainText(least=1, longest=ID_LENGTH_MAX),
        load_default=list,
        validate=validate.Length(max=SCOPE_IDS_MAX),
    )
    excludes = YesNo(load_default=False, metadata={"description": "all goods but these"})


class CouponInput(Schema):
    """The whole coupon. One of `valid_until` and `valid_days` is needed; null is without a limit."""

    name = PlainText(required=True, least=1, longest=NAME_MAX)
    kind = _one_of(CouponKind, required=True)
    value_fen = _fen(
        load_default=0, metadata={"description": "amount: taken off; exchange: what the piece costs"}
    )
    basis_points = whole(least=0, most=WHOLE_BP, load_default=WHOLE_BP, metadata={"description": BP_WORDS})
    cap_fen = _fen(
        load_default=None, allow_none=True, metadata={"description": "percent: the most taken off"}
    )
    sku_id = PlainText(
        longest=ID_LENGTH_MAX,
        load_default=None,
        allow_none=True,
        metadata={"description": "gift and exchange: the SKU"},
    )
    min_spend_fen = _fen(load_default=0, metadata={"description": "what the eligible goods must come to"})
    scope = fields.Nested(ScopeInput, load_default=lambda: {"kind": "all", "ids": [], "excludes": False})
    with_tier_price = YesNo(load_default=True, metadata={"description": "also for goods at a member price"})
    giving = _one_of(Giving, required=True)
    moment = _one_of(Moment, load_default=None, allow_none=True, metadata={"description": "of push"})
    stock = _count()
    per_person = _count()
    per_period = _count()
    period = _one_of(Period, load_default=None, allow_none=True)
    claim_from = _moment()
    claim_until = _moment()
    valid_from = _moment()
    valid_until = _moment()
    valid_days = _count(most=DAYS_MAX)
    active = YesNo(load_default=True)


class ScopeAnswer(Schema):
    kind = fields.String()
    ids = fields.List(fields.String())
    excludes = fields.Boolean()


class TermsAnswer(Schema):
    name = fields.String()
    kind = _one_of(CouponKind)
    value_fen = fields.Integer()
    basis_points = fields.Integer(metadata={"description": BP_WORDS})
    cap_fen = fields.Integer(allow_none=True)
    sku_id = fields.String(allow_none=True)
    min_spend_fen = fields.Integer()
    scope = fields.Nested(ScopeAnswer)
    with_tier_price = fields.Boolean()
    conditions = fields.String(metadata={"description": "in one sentence"})


class CouponHeldAnswer(TermsAnswer):
    """A coupon that somebody holds, on the terms of the moment it was given."""

    id = fields.String()
    coupon_id = fields.String()
    status = _one_of(CouponStatus)
    source = _one_of(Giving)
    valid_from = fields.AwareDateTime()
    valid_until = fields.AwareDateTime(metadata={"description": "the first moment after"})
    order_no = fields.String(allow_none=True)
    given_at = fields.AwareDateTime()
    used_at = fields.AwareDateTime(allow_none=True)


class CouponHeldList(Schema):
    items = fields.List(fields.Nested(CouponHeldAnswer))
    next_cursor = fields.String(allow_none=True)


class CouponHeldArguments(Schema):
    status = _one_of(CouponStatus)
    cursor = PlainText(least=1, longest=ID_LENGTH_MAX)
    limit = fields.Integer(load_default=20, validate=validate.Range(min=1, max=PAGE_MAX))


class CodeInput(Schema):
    code = PlainText(required=True, least=1, longest=CODE_LENGTH_MAX)


class OfferAnswer(TermsAnswer):
    """A coupon of the coupon centre; `left` is null without a limit, `mine` is how many the asker was given."""

    id = fields.String()
    state = _one_of(OfferState)
    left = fields.Integer(allow_none=True)
    mine = fields.Integer()
    claim_from = fields.AwareDateTime(allow_none=True)
    claim_until = fields.AwareDateTime(allow_none=True)
    valid_from = fields.AwareDateTime(allow_none=True)
    valid_until = fields.AwareDateTime(allow_none=True)
    valid_days = fields.Integer(allow_none=True)


class OfferList(Schema):
    items = fields.List(fields.Nested(OfferAnswer))
    next_cursor = fields.String(allow_none=True)


class CouponAnswer(TermsAnswer):
    id = fields.String()
    giving = _one_of(Giving)
    moment = _one_of(Moment, allow_none=True)
    stock = fields.Integer(allow_none=True)
    given = fields.Integer()
    used = fields.Integer()
    per_person = fields.Integer(allow_none=True)
    per_period = fields.Integer(allow_none=True)
    period = _one_of(Period, allow_none=True)
    claim_from = fields.AwareDateTime(allow_none=True)
    claim_until = fields.AwareDateTime(allow_none=True)
    valid_from = fields.AwareDateTime(allow_none=True)
    valid_until = fields.AwareDateTime(allow_none=True)
    valid_days = fields.Integer(allow_none=True)
    active = fields.Boolean()
    created_at = fields.AwareDateTime()


class CouponList(Schema):
    items = fields.List(fields.Nested(CouponAnswer))
    next_cursor = fields.String(allow_none=True)


class CouponArguments(Schema):
    cursor = PlainText(least=1, longest=ID_LENGTH_MAX)
    limit = fields.Integer(load_default=20, validate=validate.Range(min=1, max=PAGE_MAX))


class GrantInput(Schema):
    customer_ids = fields.List(
        PlainText(least=1, longest=ID_LENGTH_MAX),
        required=True,
        validate=validate.Length(min=1, max=NAMED_AT_ONCE_MAX),
    )


class RefusedGrant(Schema):
    customer_id = fields.String()
    code = fields.String()


class GrantAnswer(Schema):
    """Who got one, and why the others did not."""

    given = fields.List(fields.String())
    refused = fields.List(fields.Nested(RefusedGrant))


class CodesInput(Schema):
    """`count` codes for one use each, or one `code` that everybody may use."""

    count = whole(least=1, most=CODES_AT_ONCE_MAX)
    code = PlainText(least=1, longest=CODE_LENGTH_MAX)


class CodesAnswer(Schema):
    codes = fields.List(fields.String())
