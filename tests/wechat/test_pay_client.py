"""The client against a platform of its own over real HTTP: what it sends, what it believes, how it ends."""

from __future__ import annotations

import gzip
import hashlib
import json
import socket
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3.utils import rsa_verify

from shopapp.kernel import clock
from shopapp.kernel.money import Money
from shopapp.wechat.pay import (
    FollowOrder,
    Missing,
    NotEnough,
    NotReady,
    PayClient,
    RateLimited,
    RefundResult,
    Refused,
    SettingsRefused,
    TradeState,
    Unknown,
    wire,
)
from tests.support.keys import vectors
from tests.support.pay import APPID, KEYS, pay_keys, sealed_notice, signed_headers
from tests.support.pay_platform import Platform

PREPAY: dict[str, Any] = {
    "out_trade_no": "202601010000000001",
    "amount": Money(1234),
    "description": "测试商品",
    "openid": "oTEST",
    "notify_url": "https://shop.example.com/wechat/pay/notice/payment",
    "expires_at": datetime(2026, 1, 1, 4, 30, tzinfo=UTC),
}


@pytest.fixture
def platform() -> Iterator[Platform]:
    platform = Platform()
    yield platform
    platform.server.shutdown()
    platform.server.server_close()


@pytest.fixture
def pay(platform: Platform) -> PayClient:
    return PayClient(base=platform.base, appid=APPID, keys=pay_keys())


def test_a_prepay_says_what_is_sold_to_whom_and_is_signed_over_the_sent_bytes(
    pay: PayClient, platform: Platform
) -> None:
    platform.will_answer({"prepay_id": "wx1"})
    assert pay.prepay(**PREPAY) == "wx1"
    ((method, path, headers, body),) = platform.asked
    assert json.loads(body) == {
        "appid": APPID,
        "mchid": KEYS["merchant_mchid"],
        "description": "测试商品",
        "out_trade_no": "202601010000000001",
        "time_expire": "2026-01-01T12:30:00+08:00",
        "notify_url": "https://shop.example.com/wechat/pay/notice/payment",
        "amount": {"total": 1234, "currency": "CNY"},
        "payer": {"openid": "oTEST"},
    }
    assert headers["Wechatpay-Serial"] == KEYS["platform_public_key_id"]
    assert headers["User-Agent"]
    told = dict(part.split("=", 1) for part in headers["Authorization"].split(" ", 1)[1].split(","))
    told = {name: value.strip('"') for name, value in told.items()}
    lines = "\n".join((method, path, told["timestamp"]))
    public = load_pem_public_key(KEYS["merchant_public_key_pem"].encode())
    assert rsa_verify(lines, told["nonce_str"], body.decode(), told["signature"], public)
    assert not rsa_verify(lines, told["nonce_str"], body.decode() + " ", told["signature"], public)


def test_a_query_tells_the_trade(pay: PayClient, platform: Platform) -> None:
    platform.will_answer(json.loads(vectors()["pay_resource_aead"][0]["plaintext"]))
    trade = pay.query(out_trade_no="T20260101000001")
    assert (trade.state, trade.total, trade.openid) == (
        TradeState.SUCCESS,
        Money(1234),
        "oTEST_openid_000000000000001",
    )
    assert platform.asked[0][1] == "/v3/pay/transactions/out-trade-no/T20260101000001?mchid=1900000001"


def test_a_close_is_answered_without_a_body_and_still_verified(pay: PayClient, platform: Platform) -> None:
    platform.will_answer(status=204)
    pay.close(out_trade_no="T1")
    platform.will_answer(status=204, sign=False)
    with pytest.raises(Unknown):
        pay.close(out_trade_no="T1")


def test_a_refund_says_what_it_was_and_what_goes_back(pay: PayClient, platform: Platform) -> None:
    told = json.loads(vectors()["pay_resource_aead"][1]["plaintext"])
    told["status"] = told.pop("refund_status")
    platform.will_answer(told)
    platform.will_answer(told)
    asked = pay.refund(
        out_trade_no="T1",
        out_refund_no="R1",
        amount=Money(234),
        total=Money(1234),
        reason="",
        notify_url="https://x/n",
    )
    assert json.loads(platform.asked[0][3])["amount"] == {"refund": 234, "total": 1234, "currency": "CNY"}
    assert asked == pay.query_refund(out_refund_no="R1")
    assert (asked.result, asked.amount) == (RefundResult.SUCCESS, Money(234))


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "PARAM_ERROR", Refused),
        (400, "INVALID_REQUEST", Refused),
        (403, "RULE_LIMIT", Refused),
        (403, "NO_AUTH", SettingsRefused),
        (401, "SIGN_ERROR", SettingsRefused),
        (400, "APPID_MCHID_NOT_MATCH", SettingsRefused),
        (403, "OUT_TRADE_NO_USED", FollowOrder),
        (400, "ORDERPAID", FollowOrder),
        (400, "ORDER_CLOSED", FollowOrder),
        (404, "ORDER_NOT_EXIST", Missing),
        (404, "RESOURCE_NOT_EXISTS", Missing),
        (403, "NOT_ENOUGH", NotEnough),
        (429, "FREQUENCY_LIMITED", RateLimited),
        (429, "RATELIMIT_EXCEEDED", RateLimited),
        (429, "SOMETHING_NEW", RateLimited),
        (500, "SYSTEM_ERROR", Unknown),
        (502, "BANK_ERROR", Unknown),
        (503, "PARAM_ERROR", Unknown),
        (302, "MOVED", Unknown),
        (418, "SOMETHING_NEW", Refused),
    ],
)
def test_an_error_is_of_one_kind_whatever_its_words(
    pay: PayClient, platform: Platform, status: int, code: str, kind: type[Exception]
) -> None:
    platform.will_answer({"code": code, "message": "订单已支付"}, status=status, sign=False)
    with pytest.raises(kind) as raised:
        pay.prepay(**PREPAY)
    assert raised.type is kind
    assert len(platform.asked) == 1


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null"])
def test_an_error_without_json_goes_by_its_status(pay: PayClient, platform: Platform, body: bytes) -> None:
    platform.will_answer(body, status=404, sign=False)
    with pytest.raises(Missing):
        pay.query(out_trade_no="T1")


@pytest.mark.parametrize(
    ("body", "sign"),
    [({"prepay_id": "wx1"}, False), (b"", True), (b"[1]", True), ({"prepay_id": 7}, True), ({}, True)],
    ids=str,
)
def test_a_good_answer_that_cannot_be_trusted_is_an_unknown_outcome(
    pay: PayClient, platform: Platform, body: Any, sign: bool
) -> None:
    platform.will_answer(body, sign=sign)
    with pytest.raises(Unknown):
        pay.prepay(**PREPAY)


def test_no_answer_is_an_unknown_outcome_and_nothing_is_repeated(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf = PayClient(base="http://127.0.0.1:9", appid=APPID, keys=pay_keys())
    with pytest.raises(Unknown):
        deaf.prepay(**PREPAY)
    monkeypatch.setattr(wire, "READ_SECONDS", 0.05)
    slow = socket.create_server(("127.0.0.1", 0))
    with slow, pytest.raises(Unknown):
        PayClient(base=f"http://127.0.0.1:{slow.getsockname()[1]}", appid=APPID, keys=pay_keys()).prepay(
            **PREPAY
        )
    assert platform.asked == []


def test_long_words_are_cut_between_characters() -> None:
    assert wire.cut("奶" * 60, bytes_max=127) == "奶" * 42
    assert wire.cut("abc", bytes_max=127) == "abc"


def offer(platform: Platform, content: bytes, *, sha1: str | None = None) -> None:
    platform.will_answer(
        {
            "hash_type": "SHA1",
            "hash_value": sha1 or hashlib.sha1(content).hexdigest(),
            "download_url": f"{platform.base}/v3/billdownload/file?token=abc%2Fd",
        }
    )
    platform.will_answer(gzip.compress(content), sign=False)


def test_a_bill_is_fetched_and_read(pay: PayClient, platform: Platform) -> None:
    offer(platform, vectors()["bill_hash"][0]["content"].encode())
    rows = pay.trade_bill(day=date(2026, 1, 1))
    assert [row.amount.fen for row in rows] == [1234, 234]
    assert platform.asked[0][1] == "/v3/bill/tradebill?bill_date=2026-01-01&bill_type=ALL&tar_type=GZIP"
    assert platform.asked[1][1] == "/v3/billdownload/file?token=abc%2Fd"


def test_a_bill_with_another_hash_or_cut_short_is_not_believed(pay: PayClient, platform: Platform) -> None:
    offer(platform, b"x", sha1="0" * 40)
    with pytest.raises(Unknown):
        pay.trade_bill(day=date(2026, 1, 1))
    offer(platform, b"x" * 1000)
    status, content, sign = platform.answers.pop()
    platform.answers.append((status, content[:-9], sign))
    with pytest.raises(Unknown):
        pay.trade_bill(day=date(2026, 1, 1))


def test_a_day_without_trade_has_an_empty_bill_and_a_bill_in_the_making_is_not_empty(
    pay: PayClient, platform: Platform
) -> None:
    platform.will_answer({"code": "NO_STATEMENT_EXIST"}, status=400, sign=False)
    assert pay.trade_bill(day=date(2026, 1, 1)) == []
    platform.will_answer({"code": "STATEMENT_CREATING"}, status=400, sign=False)
    with pytest.raises(NotReady):
        pay.trade_bill(day=date(2026, 1, 1))


def test_the_outside_library_reads_the_notices_that_our_tests_seal() -> None:
    body = sealed_notice(
        event_type="TRANSACTION.SUCCESS", original_type="transaction", data={"a": "中"}, notice_id="1"
    )
    outside = WeChatPay(
        wechatpay_type=WeChatPayType.JSAPI,
        mchid=KEYS["merchant_mchid"],
        private_key=KEYS["merchant_private_key_pem"],
        cert_serial_no=KEYS["merchant_serial_no"],
        appid=APPID,
        apiv3_key=KEYS["apiv3_key"],
        public_key=KEYS["platform_public_key_pem"],
        public_key_id=KEYS["platform_public_key_id"],
    )
    opened = outside.callback(signed_headers(body, now=clock.now()), body)
    assert opened["resource"] == {"a": "中"}
