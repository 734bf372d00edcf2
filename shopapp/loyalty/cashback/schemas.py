"""Shapes of claims and campaigns over the API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, fields, validate

from shopapp.kernel.fields import PlainText, YesNo, whole
from shopapp.members.marketplace.rules import PLATFORMS

from .content import (
    AMOUNT_MAX,
    BUDGET_MAX,
    HOLD_DAYS_MAX,
    INTRO_MAX,
    LIMIT_MAX,
    NAME_MAX,
    POINTS_PER_YUAN_MAX,
    WAIT_DAYS_MAX,
    WORD_LENGTH_MAX,
    WORDS_MAX,
)
from .deciding import NOTE_MAX
from .rules import WHOLE_BP
from .states import AmountMode, ClaimReason, ClaimStatus, Payout, Verdict

ID_LENGTH_MAX = 40
TEXT_MAX = 500
PAGE_MAX = 100
FIRST_MOMENT, LAST_MOMENT = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _one_of(kind: Any, **kwargs: Any) -> fields.String:
    return fields.String(validate=validate.OneOf([one.value for one in kind]), **kwargs)


def _moment(**kwargs: Any) -> fields.AwareDateTime:
    return fields.AwareDateTime(validate=validate.Range(min=FIRST_MOMENT, max=LAST_MOMENT), **kwargs)


def _limit() -> fields.Integer:
    return whole(least=1, most=LIMIT_MAX, load_default=None, allow_none=True)


class ClaimInput(Schema):
    platform = fields.String(required=True, validate=validate.OneOf(PLATFORMS))
    order_no = PlainText(
        required=True,
        least=1,
        longest=TEXT_MAX,
        lines=True,
        metadata={"description": "the number in any form, or text that it stands in"},
    )
    phone_tail = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Regexp(r"^[0-9]{4}\Z"),
        metadata={"description": "the last four digits of the receiver's phone"},
    )


class ClaimAnswer(Schema):
    """`amount_fen` is null until the order is found; `text` says where the claim stands, `reason` why it came to nothing."""

    id = fields.String()
    platform = fields.String()
    order_no = fields.String()
    status = _one_of(ClaimStatus)
    amount_fen = fields.Integer(allow_none=True)
    payout = _one_of(Payout, allow_none=True)
    reason = fields.String(allow_none=True)
    reason_code = _one_of(ClaimReason, allow_none=True)
    text = fields.String()
    submitted_at = fields.AwareDateTime()
    waits_until = fields.AwareDateTime()
    hold_until = fields.AwareDateTime(allow_none=True)
    paid_at = fields.AwareDateTime(allow_none=True)


class ClaimList(Schema):
    items = fields.List(fields.Nested(ClaimAnswer))
    next_cursor = fields.String(allow_none=True)


class ClaimPageArguments(Schema):
    cursor = PlainText(least=1, longest=ID_LENGTH_MAX)
    limit = fields.Integer(load_default=20, validate=validate.Range(min=1, max=PAGE_MAX))


class DeskArguments(ClaimPageArguments):
    status = _one_of(ClaimStatus)
    review = fields.Boolean()
    campaign_id = PlainText(least=1, longest=ID_LENGTH_MAX)


class DeskClaimAnswer(ClaimAnswer):
    """A claim with what the desk knows: the verdict, the signs that led to it, the seed of a random amount."""

    customer_id = fields.String()
    campaign_id = fields.String(allow_none=True)
    verdict = _one_of(Verdict)
    signs = fields.List(fields.String())
    review = fields.Boolean()
    note = fields.String()
    taken_back_fen = fields.Integer()
    seed = fields.String(allow_none=True)


class DeskClaimList(Schema):
    items = fields.List(fields.Nested(DeskClaimAnswer))
    next_cursor = fields.String(allow_none=True)


class ClaimDecisionInput(Schema):
    decision = fields.String(required=True, validate=validate.OneOf(["approve", "reject"]))
    reason = PlainText(load_default="", longest=NOTE_MAX)


class CashbackAmountInput(Schema):
    """fixed: `fen`; random: `from_fen`, `to_fen`; percent: `basis_points`, `cap_fen`."""

    mode = _one_of(AmountMode, required=True)
    fen = whole(least=1, most=AMOUNT_MAX.fen)
    from_fen = whole(least=1, most=AMOUNT_MAX.fen)
    to_fen = whole(least=1, most=AMOUNT_MAX.fen)
    basis_points = whole(least=1, most=WHOLE_BP)
    cap_fen = whole(least=1, most=AMOUNT_MAX.fen)


class CashbackCampaignInput(Schema):
    """The whole campaign; null is without a limit or an end."""

    name = PlainText(required=True, least=1, longest=NAME_MAX)
    intro = PlainText(load_default="", longest=INTRO_MAX, lines=True)
    platforms = fields.List(
        fields.String(validate=validate.OneOf(PLATFORMS)),
        required=True,
        validate=validate.Length(min=1, max=len(PLATFORMS)),
    )
    title_words = fields.List(
        PlainText(least=1, longest=WORD_LENGTH_MAX),
        load_default=list,
        validate=validate.Length(max=WORDS_MAX),
    )
    skus = fields.List(
        PlainText(least=1, longest=WORD_LENGTH_MAX),
        load_default=list,
        validate=validate.Length(max=WORDS_MAX),
    )
    amount = fields.Nested(CashbackAmountInput, required=True)
    budget_fen = whole(least=1, most=BUDGET_MAX.fen, required=True)
    per_person = _limit()
    per_phone = _limit()
    per_address = _limit()
    hold_days = whole(least=0, most=HOLD_DAYS_MAX, load_default=8)
    wait_days = whole(least=1, most=WAIT_DAYS_MAX, load_default=7)
    asks_tail = YesNo(load_default=False)
    payout = _one_of(Payout, load_default=Payout.WALLET.value)
    coupon_id = PlainText(least=1, longest=ID_LENGTH_MAX, load_default=None, allow_none=True)
    points_per_yuan = whole(least=1, most=POINTS_PER_YUAN_MAX, load_default=100)
    starts_at = _moment(load_default=None, allow_none=True)
    ends_at = _moment(load_default=None, allow_none=True)
    orders_paid_from = _moment(load_default=None, allow_none=True)
    require_follow = YesNo(load_default=False)
    active = YesNo(load_default=True)


class CashbackAmountAnswer(Schema):
    mode = _one_of(AmountMode)
    fen = fields.Integer()
    from_fen = fields.Integer()
    to_fen = fields.Integer()
    basis_points = fields.Integer()
    cap_fen = fields.Integer()


class WordingAnswer(Schema):
    """What the wording check says: in which field, which phrase, and what to write instead."""

    field = fields.String()
    code = fields.String()
    phrase = fields.String()
    text = fields.String()


class CashbackCampaignAnswer(Schema):
    id = fields.String()
    name = fields.String()
    intro = fields.String()
    platforms = fields.List(fields.String())
    title_words = fields.List(fields.String())
    skus = fields.List(fields.String())
    amount = fields.Nested(CashbackAmountAnswer)
    budget_fen = fields.Integer()
    reserved_fen = fields.Integer()
    paid_fen = fields.Integer()
    per_person = fields.Integer(allow_none=True)
    per_phone = fields.Integer(allow_none=True)
    per_address = fields.Integer(allow_none=True)
    hold_days = fields.Integer()
    wait_days = fields.Integer()
    asks_tail = fields.Boolean()
    payout = _one_of(Payout)
    coupon_id = fields.String(allow_none=True)
    points_per_yuan = fields.Integer()
    starts_at = fields.AwareDateTime()
    ends_at = fields.AwareDateTime(allow_none=True)
    orders_paid_from = fields.AwareDateTime(allow_none=True)
    require_follow = fields.Boolean()
    active = fields.Boolean()
    created_at = fields.AwareDateTime()
    warnings = fields.List(fields.Nested(WordingAnswer))


class CashbackCampaignList(Schema):
    items = fields.List(fields.Nested(CashbackCampaignAnswer))
    next_cursor = fields.String(allow_none=True)
