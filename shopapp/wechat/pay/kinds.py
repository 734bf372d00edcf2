"""What a call to WeChat Pay may come to: answers as records, everything else as one of a few kinds of problem."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from shopapp.kernel.money import Money


class PayProblem(Exception):
    """A call that brought no answer to go by. `code` is the platform's, or a word of ours; `status` the HTTP status."""

    def __init__(self, code: str, *, status: int | None = None, text: str = "") -> None:
        super().__init__(f"{code}: {text}" if text else code)
        self.code = code
        self.status = status
        self.text = text


class Unknown(PayProblem):
    """No answer, a server error, or an answer that cannot be trusted: it may have taken effect or not.

    Ask, or repeat with the same number.
    """


class RateLimited(PayProblem):
    """Asked too often; nothing happened. Repeat later with the same number."""


class Refused(PayProblem):
    """Refused for good: the same request will be refused again."""


class SettingsRefused(Refused):
    """Our keys, our clock or our rights are wrong; nothing will work until they are set right."""


class FollowOrder(Refused):
    """The order at the platform is paid, closed, or of other values: query it and follow what it says."""


class Missing(Refused):
    """The platform knows no order, refund or bill of that name."""


class NotEnough(Refused):
    """The merchant's account holds too little; the same request works once it is topped up."""


class NotReady(PayProblem):
    """A bill that is still being made."""


class Forged(Exception):
    """A notice or an answer whose signature, serial or time does not hold."""


class Unreadable(Exception):
    """A notice that is signed well but cannot be opened or lacks what it must tell."""


class TradeState(StrEnum):
    """`REFUND` means paid, with something sent back since."""

    SUCCESS = "SUCCESS"
    REFUND = "REFUND"
    NOTPAY = "NOTPAY"
    CLOSED = "CLOSED"
    REVOKED = "REVOKED"
    USERPAYING = "USERPAYING"
    PAYERROR = "PAYERROR"

    @property
    def paid(self) -> bool:
        return self in (TradeState.SUCCESS, TradeState.REFUND)

    @property
    def over(self) -> bool:
        """Whether nobody can pay it any more, and nobody has."""
        return self in (TradeState.CLOSED, TradeState.REVOKED)


@dataclass(frozen=True, kw_only=True)
class Trade:
    """An order as the platform tells it. `total` and the payment's own facts are there once it is paid."""

    appid: str
    mchid: str
    out_trade_no: str
    state: TradeState
    transaction_id: str | None = None
    total: Money | None = None
    currency: str | None = None
    paid_at: datetime | None = None
    openid: str | None = None


class RefundResult(StrEnum):
    SUCCESS = "SUCCESS"
    CLOSED = "CLOSED"
    PROCESSING = "PROCESSING"
    ABNORMAL = "ABNORMAL"


@dataclass(frozen=True, kw_only=True)
class RefundAnswer:
    """A refund as the platform tells it, in an answer or a notice. `mchid` comes in notices only."""

    out_refund_no: str
    out_trade_no: str
    result: RefundResult
    refund_id: str
    amount: Money
    total: Money
    done_at: datetime | None = None
    mchid: str | None = None


@dataclass(frozen=True, kw_only=True)
class Notice:
    """An authentic notice, opened. `content` is the plain JSON text, `data` the same as a mapping."""

    id: str
    event_type: str
    original_type: str
    content: str
    data: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class JsapiRequest:
    """What the page hands to `getBrandWCPayRequest`."""

    app_id: str
    time_stamp: str
    nonce: str
    package: str
    signature: str

    def as_json(self) -> dict[str, str]:
        return {
            "appId": self.app_id,
            "timeStamp": self.time_stamp,
            "nonceStr": self.nonce,
            "package": self.package,
            "signType": "RSA",
            "paySign": self.signature,
        }
