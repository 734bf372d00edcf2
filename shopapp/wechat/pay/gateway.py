"""The calls to WeChat Pay v3. Each is made once, within set times, and ends in an answer or in one kind of problem."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from urllib.parse import quote

from shopapp.kernel import clock
from shopapp.kernel.money import Money

from . import bills, notices, signing
from .kinds import JsapiRequest, Missing, Notice, RefundAnswer, Trade, Unknown
from .transfers import TransferCalls
from .wire import READ_SECONDS, cut, problem_of, read, rfc3339

DESCRIPTION_BYTES_MAX = 127
REASON_BYTES_MAX = 80


class PayClient(TransferCalls):
    """One merchant at WeChat Pay: payments, refunds, bills and transfers."""

    def prepay(
        self,
        *,
        out_trade_no: str,
        amount: Money,
        description: str,
        openid: str,
        notify_url: str,
        expires_at: datetime,
    ) -> str:
        """Place a JSAPI order and return its prepay id, good for two hours; the same values again give a fresh one.

        `amount` is at least 1 fen. Raises `FollowOrder` when the number is paid, closed or used with other values, else
        the problems of `kinds`.
        """
        answer = self.call(
            "POST",
            "/v3/pay/transactions/jsapi",
            {
                "appid": self.appid,
                "mchid": self.mchid,
                "description": cut(description, bytes_max=DESCRIPTION_BYTES_MAX),
                "out_trade_no": out_trade_no,
                "time_expire": rfc3339(expires_at),
                "notify_url": notify_url,
                "amount": {"total": amount.fen, "currency": "CNY"},
                "payer": {"openid": openid},
            },
        )
        prepay_id = answer.get("prepay_id")
        if not isinstance(prepay_id, str) or not prepay_id:
            raise Unknown("NO_PREPAY_ID")
        return prepay_id

    def jsapi_request(self, *, prepay_id: str, now: datetime) -> JsapiRequest:
        """What the page needs to open the cashier, signed; no call is made."""
        return signing.jsapi_request(
            appid=self.appid,
            prepay_id=prepay_id,
            timestamp=int(now.timestamp()),
            nonce=signing.nonce(),
            keys=self.keys,
        )

    def query(self, *, out_trade_no: str) -> Trade:
        """The order as the platform knows it. Raises `Missing` when it knows none of that number."""
        number = quote(out_trade_no, safe="")
        answer = self.call("GET", f"/v3/pay/transactions/out-trade-no/{number}?mchid={self.mchid}")
        return read(notices.trade_from, answer)

    def probe(self, *, out_trade_no: str) -> bool:
        """Ask for an order, whether there is one or not: an answer proves that the platform takes our signature.

        Tells whether the answer was signed, too: the platform need not sign a 404. Raises `Forged` when its signature does
        not hold, else the problems of `kinds` but for `Missing`.
        """
        target = f"/v3/pay/transactions/out-trade-no/{quote(out_trade_no, safe='')}?mchid={self.mchid}"
        answer = self.send("GET", self.base + target, target=target, text="", seconds=READ_SECONDS)
        if not 200 <= answer.status_code < 300 and not isinstance(problem := problem_of(answer), Missing):
            raise problem
        if "Wechatpay-Signature" not in answer.headers:
            return False
        signing.verify(headers=answer.headers, body=answer.content, now=clock.now(), keys=self.keys)
        return True

    def close(self, *, out_trade_no: str) -> None:
        """Close an unpaid order. Raises `FollowOrder` when it is paid or closed, `Missing` when it is not known."""
        number = quote(out_trade_no, safe="")
        self.call("POST", f"/v3/pay/transactions/out-trade-no/{number}/close", {"mchid": self.mchid})

    def refund(
        self,
        *,
        out_trade_no: str,
        out_refund_no: str,
        amount: Money,
        total: Money,
        reason: str,
        notify_url: str,
    ) -> RefundAnswer:
        """Ask for money to go back; the same number again tells how the first request stands.

        `total` is what the order was paid with. An answer means accepted, not done: look at its `result`.
        """
        body = {
            "out_trade_no": out_trade_no,
            "out_refund_no": out_refund_no,
            "notify_url": notify_url,
            "amount": {"refund": amount.fen, "total": total.fen, "currency": "CNY"},
        }
        if reason:
            body["reason"] = cut(reason, bytes_max=REASON_BYTES_MAX)
        return read(notices.refund_from, self.call("POST", "/v3/refund/domestic/refunds", body))

    def query_refund(self, *, out_refund_no: str) -> RefundAnswer:
        """The refund as the platform knows it. Raises `Missing`."""
        number = quote(out_refund_no, safe="")
        return read(notices.refund_from, self.call("GET", f"/v3/refund/domestic/refunds/{number}"))

    def trade_bill(self, *, day: date) -> list[bills.BillRow]:
        """All payments and refunds of a day of shop time; a day without any is empty.

        The bill of yesterday is there from 10:00, older ones for three months. Raises `NotReady` before that, `Unknown`
        when the file is not the one whose SHA-1 was told.
        """
        target = f"/v3/bill/tradebill?bill_date={day.isoformat()}&bill_type=ALL&tar_type=GZIP"
        content = self._bill(target)
        return [] if content is None else read(bills.rows, content)

    def operating_flow(self, *, day: date) -> list[bills.FlowRow]:
        """All that moved on the operating account on a day of shop time: transfers to users are paid from it.

        There when the trade bill is; a day on which nothing moved is empty. Raises `NotReady`, `Unknown`.
        """
        content = self._bill(
            f"/v3/bill/fundflowbill?bill_date={day.isoformat()}&account_type=OPERATION&tar_type=GZIP"
        )
        return [] if content is None else read(bills.flow_rows, content)

    def _bill(self, target: str) -> bytes | None:
        """The file that this call offers, unpacked; None when the platform says that there is none of that day."""
        try:
            offer = self.call("GET", target)
        except Missing:
            return None
        link, sha1 = offer.get("download_url"), offer.get("hash_value")
        if not isinstance(link, str) or not isinstance(sha1, str) or offer.get("hash_type") != "SHA1":
            raise Unknown("NO_BILL_LINK")
        return bills.unpack(self.download(link), sha1=sha1)

    def read_notice(self, *, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        """Verify and open a notice. Raises `Forged` or `Unreadable`."""
        return notices.read_notice(headers=headers, body=body, now=now, keys=self.keys)
