"""Shape of buying a card over the API."""

from __future__ import annotations

from marshmallow import Schema

from shopapp.kernel.fields import PlainText
from shopapp.store.fields import ID_LENGTH_MAX


class CardPurchaseInput(Schema):
    plan_id = PlainText(required=True, least=1, longest=ID_LENGTH_MAX)
