"""Shapes of the points mall over the API."""

from __future__ import annotations

from datetime import UTC, datetime

from marshmallow import Schema, fields, validate

from shopapp.kernel.fields import PlainText, YesNo, whole
from shopapp.loyalty.coupons.schemas import CouponHeldAnswer, TermsAnswer
from shopapp.store.fields import ID_LENGTH_MAX, pieces
from shopapp.store.orders.schemas import OrderAnswer

from .rules import CASH_MAX, COUNT_MAX, POINTS_MAX, POSITION_MAX, TITLE_MAX, MallKind, Standing

PAGE_MAX = 100
TIER_LENGTH_MAX = 16
FIRST_MOMENT, LAST_MOMENT = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
SHOWN = [standing.value for standing in Standing if standing is not Standing.CLOSED]
KINDS = [kind.value for kind in MallKind]


class MallArguments(Schema):
    cursor = PlainText(least=1, longest=ID_LENGTH_MAX)
    limit = fields.Integer(load_default=20, validate=validate.Range(min=1, max=PAGE_MAX))


class MallOfferAnswer(Schema):
    """One piece costs `points` and `cash_fen`. `left` is for everybody, `allowed` what the limits leave the asker; null is
    any number. `missing_points` is null for who is no member."""

    id = fields.String()
    kind = fields.String(validate=validate.OneOf(KINDS))
    title = fields.String()
    picture_url = fields.String(allow_none=True)
    points = fields.Integer()
    cash_fen = fields.Integer()
    price_fen = fields.Integer(allow_none=True, metadata={"description": "of goods: the list price"})
    product_id = fields.String(allow_none=True)
    sku_id = fields.String(allow_none=True)
    specs = fields.List(fields.String())
    coupon = fields.Nested(TermsAnswer, allow_none=True)
    state = fields.String(validate=validate.OneOf(SHOWN))
    left = fields.Integer(allow_none=True)
    allowed = fields.Integer(allow_none=True)
    missing_points = fields.Integer(allow_none=True)
    min_tier = fields.String()
    min_tier_name = fields.String()
    starts_at = fields.AwareDateTime(allow_none=True)
    ends_at = fields.AwareDateTime(allow_none=True)


class MallOfferList(Schema):
    items = fields.List(fields.Nested(MallOfferAnswer))
    next_cursor = fields.String(allow_none=True)


class RedemptionInput(Schema):
    """Goods need an address; of a coupon one piece at a time is taken."""

    quantity = pieces(load_default=1)
    address_id = PlainText(least=1, longest=ID_LENGTH_MAX, load_default=None, allow_none=True)


class RedemptionAnswer(Schema):
    """Of `order` and `coupon` the one that came of it is there."""

    id = fields.String()
    item_id = fields.String()
    quantity = fields.Integer()
    points = fields.Integer()
    cash_fen = fields.Integer()
    order = fields.Nested(OrderAnswer, allow_none=True)
    coupon = fields.Nested(CouponHeldAnswer, allow_none=True)


class MallItemInput(Schema):
    """The whole item: goods have a `sku_id`, a coupon a `coupon_id`. Null is without a limit."""

    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    sku_id = PlainText(least=1, longest=ID_LENGTH_MAX, load_default=None, allow_none=True)
    coupon_id = PlainText(least=1, longest=ID_LENGTH_MAX, load_default=None, allow_none=True)
    points = whole(least=1, most=POINTS_MAX, required=True)
    cash_fen = whole(least=0, most=CASH_MAX.fen, load_default=0)
    title = PlainText(longest=TITLE_MAX, load_default="")
    stock = whole(least=1, most=COUNT_MAX, load_default=None, allow_none=True)
    per_person = whole(least=1, most=COUNT_MAX, load_default=None, allow_none=True)
    per_month = whole(least=1, most=COUNT_MAX, load_default=None, allow_none=True)
    min_tier = PlainText(longest=TIER_LENGTH_MAX, load_default="")
    starts_at = fields.AwareDateTime(
        load_default=None, allow_none=True, validate=validate.Range(min=FIRST_MOMENT, max=LAST_MOMENT)
    )
    ends_at = fields.AwareDateTime(
        load_default=None, allow_none=True, validate=validate.Range(min=FIRST_MOMENT, max=LAST_MOMENT)
    )
    active = YesNo(load_default=True)
    position = whole(least=0, most=POSITION_MAX, load_default=0)


class MallItemAnswer(Schema):
    id = fields.String()
    kind = fields.String(validate=validate.OneOf(KINDS))
    sku_id = fields.String(allow_none=True)
    coupon_id = fields.String(allow_none=True)
    points = fields.Integer()
    cash_fen = fields.Integer()
    title = fields.String()
    stock = fields.Integer(allow_none=True)
    given = fields.Integer()
    per_person = fields.Integer(allow_none=True)
    per_month = fields.Integer(allow_none=True)
    min_tier = fields.String()
    starts_at = fields.AwareDateTime(allow_none=True)
    ends_at = fields.AwareDateTime(allow_none=True)
    active = fields.Boolean()
    position = fields.Integer()
    created_at = fields.AwareDateTime()


class MallItemList(Schema):
    items = fields.List(fields.Nested(MallItemAnswer))
    next_cursor = fields.String(allow_none=True)
