"""Shapes of orders over the API."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from shopapp.kernel.fields import PlainText, YesNo, whole
from shopapp.store.fields import ID_LENGTH_MAX
from shopapp.store.pricing.schemas import FEN_MAX, QuotedLineAnswer, QuoteInput, ReductionAnswer

from .models import OrderKind, OrderStatus

REMARK_LENGTH_MAX = 200
NOTE_LENGTH_MAX = 400
PAGE_MAX = 100
KINDS = [kind.value for kind in OrderKind]
STATUSES = [status.value for status in OrderStatus]


class OrderInput(QuoteInput):
    """The body of a quote, with where it goes; `remark` is for the shop to read."""

    address_id = PlainText(least=1, longest=ID_LENGTH_MAX, required=True)
    remark = PlainText(longest=REMARK_LENGTH_MAX, lines=True, load_default="")
    confirmed_no_return = YesNo(
        load_default=False,
        metadata={"description": "the customer knows which goods cannot be sent back without a reason"},
    )


class PageInput(Schema):
    status = fields.String(validate=validate.OneOf(STATUSES))
    cursor = PlainText(least=1, longest=ID_LENGTH_MAX)
    limit = fields.Integer(load_default=20, validate=validate.Range(min=1, max=PAGE_MAX))


class MerchantPageInput(PageInput):
    """Orders of goods alone, unless another kind is asked for."""

    kind = fields.String(validate=validate.OneOf(KINDS), load_default=OrderKind.GOODS.value)
    q = PlainText(longest=ID_LENGTH_MAX, load_default="", metadata={"description": "订单号或收货手机号"})
    since = fields.AwareDateTime()
    until = fields.AwareDateTime()


class NoteInput(Schema):
    note = PlainText(longest=NOTE_LENGTH_MAX, lines=True, required=True)


class OrderLineAnswer(QuotedLineAnswer):
    """`pay_fen` is the line's paid share; `sku_id` and `product_id` are null once the goods are gone."""

    id = fields.String()
    product_id = fields.String(allow_none=True)
    sku_id = fields.String(allow_none=True)
    title = fields.String()
    specs = fields.List(fields.String())
    picture_url = fields.String(allow_none=True)
    price_fen = fields.Integer()
    reductions = fields.List(fields.Nested(ReductionAnswer))
    shipped_quantity = fields.Integer()
    refunded_quantity = fields.Integer()
    refunded_fen = fields.Integer()
    points_used = fields.Integer()
    points_returned = fields.Integer()
    points_to_earn = fields.Integer()
    gift = fields.Boolean(metadata={"description": "came with a coupon"})
    in_mall = fields.Boolean(metadata={"description": "bought in the points mall"})
    returnable = fields.Boolean()


class OrderAddressAnswer(Schema):
    name = fields.String()
    phone = fields.String()
    region_code = fields.String()
    region = fields.String()
    detail = fields.String()


class ParcelLineAnswer(Schema):
    line_id = fields.String()
    quantity = fields.Integer()


class ParcelAnswer(Schema):
    id = fields.String()
    carrier = fields.String()
    carrier_name = fields.String()
    waybill = fields.String()
    shipped_at = fields.AwareDateTime()
    lines = fields.List(fields.Nested(ParcelLineAnswer))


class RefundAnswer(Schema):
    """state: queued, sent, done, abnormal, failed, given_up (no money moved); cause: staff, principal, late, surplus."""

    no = fields.String()
    fen = fields.Integer()
    state = fields.String()
    cause = fields.String()
    reason = fields.String()
    created_at = fields.AwareDateTime()
    done_at = fields.AwareDateTime(allow_none=True)


class OrderAnswer(Schema):
    """An order of kind top_up or card has no goods: no address, and a line without product."""

    no = fields.String()
    kind = fields.String(validate=validate.OneOf(KINDS))
    status = fields.String(validate=validate.OneOf(STATUSES))
    refund_status = fields.String(validate=validate.OneOf(["none", "part", "all"]))
    lines = fields.List(fields.Nested(OrderLineAnswer))
    goods_fen = fields.Integer()
    freight_fen = fields.Integer()
    freight_saved_fen = fields.Integer()
    coupon_ids = fields.List(fields.String())
    tier = fields.String(metadata={"description": "name of the tier whose prices hold, empty without one"})
    points_used = fields.Integer()
    wallet_fen = fields.Integer()
    total_fen = fields.Integer()
    points_to_earn = fields.Integer()
    paid_fen = fields.Integer()
    refunded_fen = fields.Integer(metadata={"description": "back through WeChat Pay"})
    wallet_refunded_fen = fields.Integer(metadata={"description": "back in the wallet"})
    points_returned = fields.Integer()
    address = fields.Nested(OrderAddressAnswer, allow_none=True)
    remark = fields.String()
    no_return_confirmed_at = fields.AwareDateTime(allow_none=True)
    shipments = fields.List(fields.Nested(ParcelAnswer))
    refunds = fields.List(fields.Nested(RefundAnswer))
    cancel_reason = fields.String(allow_none=True)
    created_at = fields.AwareDateTime()
    expires_at = fields.AwareDateTime()
    paid_at = fields.AwareDateTime(allow_none=True)
    shipped_at = fields.AwareDateTime(allow_none=True)
    completed_at = fields.AwareDateTime(allow_none=True)
    cancelled_at = fields.AwareDateTime(allow_none=True)


class CountsAnswer(Schema):
    class Meta:
        include = {status: fields.Integer() for status in STATUSES}


class OrderList(Schema):
    items = fields.List(fields.Nested(OrderAnswer))
    next_cursor = fields.String(allow_none=True)
    counts = fields.Nested(CountsAnswer)


class StepAnswer(Schema):
    what = fields.String()
    note = fields.String()
    actor = fields.String()
    at = fields.AwareDateTime()


class MerchantRefundAnswer(RefundAnswer):
    problem = fields.String(allow_none=True)


class MerchantOrderAnswer(OrderAnswer):
    """Personal data is masked for those who may not see it."""

    refunds = fields.List(fields.Nested(MerchantRefundAnswer))
    staff_note = fields.String()
    steps = fields.List(fields.Nested(StepAnswer))


class MerchantOrderList(Schema):
    items = fields.List(fields.Nested(MerchantOrderAnswer))
    next_cursor = fields.String(allow_none=True)


class ShipmentLineInput(Schema):
    line_id = PlainText(least=1, longest=ID_LENGTH_MAX, required=True)
    quantity = whole(least=1, most=FEN_MAX, required=True)


class ShipmentInput(Schema):
    carrier = PlainText(least=1, longest=32, required=True)
    waybill = PlainText(least=1, longest=60, required=True)
    lines = fields.List(
        fields.Nested(ShipmentLineInput),
        validate=validate.Length(min=1, max=100),
        metadata={"description": "left out: all that is left"},
    )


class RefundInput(Schema):
    """`fen` lowers what goes back; `returned` says that shipped pieces came back and can be sold again."""

    lines = fields.List(
        fields.Nested(ShipmentLineInput), required=True, validate=validate.Length(min=1, max=100)
    )
    fen = whole(least=1, most=FEN_MAX)
    reason = PlainText(least=1, longest=80, required=True)
    returned = YesNo(load_default=False)


class RefundResultAnswer(Schema):
    refund = fields.Nested(MerchantRefundAnswer, allow_none=True)
    order = fields.Nested(MerchantOrderAnswer)
