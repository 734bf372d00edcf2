"""Shapes of top-ups and refunds of principal over the API."""

from __future__ import annotations

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from shopapp.kernel.fields import PlainText, whole
from shopapp.kernel.i18n import _
from shopapp.loyalty.wallet.rules import REGISTERED_MAX
from shopapp.store.fields import ID_LENGTH_MAX

REASON_LENGTH_MAX = 80


class TopUpInput(Schema):
    """Either a plan or, where the shop allows it, an amount of one's own."""

    plan_id = PlainText(least=1, longest=ID_LENGTH_MAX)
    amount_fen = whole(least=1, most=REGISTERED_MAX.fen)

    @validates_schema
    def one_of_both(self, data: dict[str, object], **_kwargs: object) -> None:
        if ("plan_id" in data) == ("amount_fen" in data):
            raise ValidationError(_("方案和金额请只填一个。"), "plan_id")


class PrincipalRefundInput(Schema):
    """`fen` left out: all that can go back."""

    fen = whole(least=1, most=REGISTERED_MAX.fen * 10)


class MerchantPrincipalRefundInput(PrincipalRefundInput):
    reason = PlainText(least=1, longest=REASON_LENGTH_MAX, required=True)


class PrincipalRefundPartAnswer(Schema):
    order_no = fields.String()
    fen = fields.Integer()
    gift_fen = fields.Integer(metadata={"description": "taken back with it, spent or not"})
    state = fields.String(validate=validate.OneOf(["sent", "done", "put_back"]))


class PrincipalRefundAnswer(Schema):
    """state: sent, done, put_back (back in the wallet), part (only some of it arrived)."""

    id = fields.String()
    fen = fields.Integer()
    state = fields.String(validate=validate.OneOf(["sent", "done", "put_back", "part"]))
    reason = fields.String()
    created_at = fields.AwareDateTime()
    parts = fields.List(fields.Nested(PrincipalRefundPartAnswer))


class PrincipalRefundList(Schema):
    """`refundable_fen` is what can go back now, `by_shop_fen` what only the shop itself can pay out."""

    items = fields.List(fields.Nested(PrincipalRefundAnswer))
    next_cursor = fields.String(allow_none=True)
    refundable_fen = fields.Integer()
    by_shop_fen = fields.Integer()
