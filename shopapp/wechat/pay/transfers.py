"""Transfers from the merchant to a user, who confirms each in WeChat: asked for, asked about, taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from shopapp.kernel.money import Money

from .kinds import Unknown, Unreadable
from .notices import fen_of, text_of, time_of
from .wire import Wire, read

BILLS = "/v3/fund-app/mch-transfer/transfer-bills"
EVENT = "MCHTRANSFER.BILL.FINISHED"
REMARK_CHARACTERS_MAX = 32


class TransferState(StrEnum):
    """All states a transfer may have at the platform. TRANSFERING is spelt as the platform spells it."""

    ACCEPTED = "ACCEPTED"
    PROCESSING = "PROCESSING"
    WAIT_USER_CONFIRM = "WAIT_USER_CONFIRM"
    TRANSFERING = "TRANSFERING"
    SUCCESS = "SUCCESS"
    FAIL = "FAIL"
    CANCELING = "CANCELING"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """A transfer as the platform tells it.

    The answer to asking for one tells `created_at`, and `package_info` while the user has to confirm; queries and notices
    tell `mchid`, `amount` and `openid`; only queries tell `appid`.
    """

    out_bill_no: str
    transfer_bill_no: str
    state: TransferState
    package_info: str | None = None
    fail_reason: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    mchid: str | None = None
    appid: str | None = None
    amount: Money | None = None
    openid: str | None = None


@dataclass(frozen=True, kw_only=True)
class TransferRequest:
    """What is asked for. Repeated with the same number, every field must be the same.

    `reports` are the scene's own fields as (name, content of at most 32 characters), all of them, in a fixed order.
    """

    out_bill_no: str
    openid: str
    amount: Money
    scene: str
    remark: str
    reports: Sequence[tuple[str, str]]
    notify_url: str


class TransferCalls(Wire):
    """The calls about transfers."""

    def transfer(self, request: TransferRequest) -> Transfer:
        """Ask for a transfer; the same number again tells how it stands, and moves no more money.

        `amount` is 10 to 20,000 fen unless the merchant was granted other limits. An answer means taken, not paid. Raises
        `NotEnough` when the operating account holds too little, else the problems of `kinds`; no refusal shows that an
        earlier request under the same number came to nothing: ask about it.
        """
        body = {
            "appid": self.appid,
            "out_bill_no": request.out_bill_no,
            "transfer_scene_id": request.scene,
            "openid": request.openid,
            "transfer_amount": request.amount.fen,
            "transfer_remark": request.remark[:REMARK_CHARACTERS_MAX],
            "notify_url": request.notify_url,
            "transfer_scene_report_infos": [
                {"info_type": name, "info_content": content} for name, content in request.reports
            ],
        }
        return self._told(request.out_bill_no, self.call("POST", BILLS, body))

    def query_transfer(self, *, out_bill_no: str) -> Transfer:
        """The transfer as the platform knows it, for thirty days. Raises `Missing` when it knows none of that number."""
        return self._told(out_bill_no, self.call("GET", f"{BILLS}/out-bill-no/{quote(out_bill_no, safe='')}"))

    def cancel_transfer(self, *, out_bill_no: str) -> Transfer:
        """Take a transfer back before the user confirms it: its state is then CANCELING or CANCELLED.

        Raises `Refused` when it is too late, `Missing` when there is none.
        """
        target = f"{BILLS}/out-bill-no/{quote(out_bill_no, safe='')}/cancel"
        return self._told(out_bill_no, self.call("POST", target, {}))

    def transfer_request(self, *, package_info: str) -> dict[str, str]:
        """What the page hands to `requestMerchantTransfer`; no call is made."""
        return {"mchId": self.mchid, "appId": self.appid, "package": package_info}

    def _told(self, out_bill_no: str, answer: Mapping[str, Any]) -> Transfer:
        transfer = read(transfer_from, answer)
        if transfer.out_bill_no != out_bill_no:
            raise Unknown("ANSWER_ABOUT_ANOTHER", text=transfer.out_bill_no[:64])
        return transfer


def transfer_from(data: Mapping[str, Any]) -> Transfer:
    """A transfer out of an answer or a notice. Raises `Unreadable` if it does not tell what it must."""
    try:
        return Transfer(
            out_bill_no=text_of(data, "out_bill_no"),
            transfer_bill_no=text_of(data, "transfer_bill_no"),
            state=TransferState(data["state"]),
            package_info=_text_if_any(data, "package_info"),
            fail_reason=_text_if_any(data, "fail_reason"),
            created_at=time_of(data.get("create_time")),
            updated_at=time_of(data.get("update_time")),
            mchid=_text_if_any(data, "mch_id"),
            appid=_text_if_any(data, "appid"),
            amount=fen_of(data, "transfer_amount") if "transfer_amount" in data else None,
            openid=_text_if_any(data, "openid"),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise Unreadable("not a transfer") from problem


def finished_from(data: Mapping[str, Any]) -> Transfer:
    """A transfer out of a notice, which must tell whose, how much and how it ended. Raises `Unreadable`."""
    transfer = transfer_from(data)
    final = (TransferState.SUCCESS, TransferState.FAIL, TransferState.CANCELLED)
    if transfer.state not in final:
        raise Unreadable("a transfer that is not finished")
    if transfer.mchid is None or transfer.amount is None or transfer.openid is None:
        raise Unreadable("a finished transfer without its figures")
    return transfer


def _text_if_any(data: Mapping[str, Any], name: str) -> str | None:
    return text_of(data, name) or None if data.get(name) is not None else None
