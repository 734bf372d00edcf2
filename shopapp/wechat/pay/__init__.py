"""WeChat Pay v3 for a direct merchant: what the shop asks of it, what it tells the shop, and a fake that remembers.

The client knows nothing of orders: it is handed numbers, amounts and times, makes one call, and says how it ended.
"""

from __future__ import annotations

from flask import current_app

from shopapp.kernel.settings import settings

from .bills import BillRow, FlowRow
from .fake import FakePay
from .gateway import PayClient
from .kinds import (
    FollowOrder,
    Forged,
    JsapiRequest,
    Missing,
    NotEnough,
    Notice,
    NotReady,
    PayProblem,
    RateLimited,
    RefundAnswer,
    RefundResult,
    Refused,
    SettingsRefused,
    Trade,
    TradeState,
    Unknown,
    Unreadable,
)
from .signing import keys_from
from .transfers import Transfer, TransferRequest, TransferState

__all__ = [
    "BillRow",
    "FakePay",
    "FlowRow",
    "FollowOrder",
    "Forged",
    "JsapiRequest",
    "Missing",
    "NotEnough",
    "NotReady",
    "Notice",
    "PayClient",
    "PayProblem",
    "RateLimited",
    "RefundAnswer",
    "RefundResult",
    "Refused",
    "SettingsRefused",
    "Trade",
    "TradeState",
    "Transfer",
    "TransferRequest",
    "TransferState",
    "Unknown",
    "Unreadable",
    "client",
]


def client() -> PayClient:
    """The application's client, made from the settings when first asked for; its keys stay loaded."""
    found: PayClient | None = current_app.extensions.get("pay")
    if found is None:
        found = PayClient(base=settings().wxpay_base, appid=settings().wx_appid, keys=keys_from(settings()))
        current_app.extensions["pay"] = found
    return found
