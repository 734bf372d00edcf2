"""Shapes of the wallet over the API."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from shopapp.kernel.fields import PlainText, YesNo, whole

from .rules import GIFT_MAX, PER_PERSON_MAX, POSITION_MAX, REGISTERED_MAX

CURSOR_LENGTH_MAX = 24
PAGE_MAX = 100


class TopUpPlanAnswer(Schema):
    """A top-up plan; `gift_life` as ISO 8601 (P12M, P30D), empty for ever; `per_person` how often one person may."""

    id = fields.String()
    pay_fen = fields.Integer()
    gift_fen = fields.Integer()
    gift_life = fields.String()
    gift_life_text = fields.String()
    per_person = fields.Integer(allow_none=True)
    ends_at = fields.AwareDateTime(allow_none=True)


class FreeAmountAnswer(Schema):
    from_fen = fields.Integer()
    to_fen = fields.Integer()


class GiftEndAnswer(Schema):
    amount_fen = fields.Integer()
    at = fields.AwareDateTime()


class WalletAnswer(Schema):
    """`principal_fen` and `gift_fen` are what there is, `held_fen` of both is kept by unpaid orders.

    available = principal + gift − held. `limit_fen` is how much principal this customer may hold. What of it can be had
    back now stands in `/me/wallet/refunds`.
    """

    principal_fen = fields.Integer()
    gift_fen = fields.Integer()
    available_fen = fields.Integer()
    held_fen = fields.Integer()
    limit_fen = fields.Integer()
    gift_expiring = fields.List(fields.Nested(GiftEndAnswer))
    can_top_up = fields.Boolean(metadata={"description": "members alone can"})
    free_amount = fields.Nested(FreeAmountAnswer, allow_none=True)
    plans = fields.List(fields.Nested(TopUpPlanAnswer))


class WalletEntriesInput(Schema):
    cursor = PlainText(least=1, longest=CURSOR_LENGTH_MAX)
    limit = fields.Integer(load_default=20, validate=validate.Range(min=1, max=PAGE_MAX))


class WalletEntryAnswer(Schema):
    """A movement; `balance_fen` is what there was of its unit afterwards."""

    unit = fields.String(validate=validate.OneOf(["principal", "gift"]))
    words = fields.String()
    amount_fen = fields.Integer()
    balance_fen = fields.Integer()
    order_no = fields.String(allow_none=True)
    at = fields.AwareDateTime()


class WalletEntryList(Schema):
    items = fields.List(fields.Nested(WalletEntryAnswer))
    next_cursor = fields.String(allow_none=True)


class TopUpPlanInput(Schema):
    pay_fen = whole(least=100, most=REGISTERED_MAX.fen, required=True)
    gift_fen = whole(least=0, most=GIFT_MAX.fen, load_default=0)
    gift_life = PlainText(longest=6, load_default="")
    active = YesNo(load_default=True)
    position = whole(least=0, most=POSITION_MAX, load_default=0)
    per_person = whole(least=1, most=PER_PERSON_MAX, allow_none=True, load_default=None)
    starts_at = fields.AwareDateTime(allow_none=True, load_default=None)
    ends_at = fields.AwareDateTime(allow_none=True, load_default=None)


class MerchantTopUpPlanAnswer(TopUpPlanAnswer):
    active = fields.Boolean()
    position = fields.Integer()
    starts_at = fields.AwareDateTime(allow_none=True)
    created_at = fields.AwareDateTime()


class MerchantTopUpPlanList(Schema):
    items = fields.List(fields.Nested(MerchantTopUpPlanAnswer))
    next_cursor = fields.String(allow_none=True)
