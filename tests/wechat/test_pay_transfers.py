"""Transfers to users as the client asks for them, and what it believes of answers and notices."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from shopapp.kernel.money import Money
from shopapp.wechat.pay import (
    Missing,
    NotEnough,
    PayClient,
    Refused,
    TransferRequest,
    TransferState,
    Unknown,
    Unreadable,
    notices,
)
from shopapp.wechat.pay.transfers import finished_from, transfer_from
from tests.support.keys import vectors
from tests.support.pay import APPID, KEYS, pay_keys
from tests.support.pay_platform import Platform

PUBLISHED = next(v for v in vectors()["pay_resource_aead"] if v["associated_data"] == "mch_payment")
FINISHED: dict[str, Any] = json.loads(PUBLISHED["plaintext"])
REQUEST = TransferRequest(
    out_bill_no="CB20260101000001",
    openid="oTEST",
    amount=Money(200),
    scene="1000",
    remark="长" * 40,
    reports=(("活动名称", "返现"), ("奖励说明", "购物返现")),
    notify_url="https://shop.example.com/wechat/pay/notice/transfer",
)
TAKEN = {
    "out_bill_no": "CB20260101000001",
    "transfer_bill_no": "1330000000000002026010100000001",
    "create_time": "2026-01-01T12:00:00+08:00",
    "state": "WAIT_USER_CONFIRM",
    "package_info": "affffddafdfafddffda==",
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


def test_a_transfer_says_to_whom_how_much_and_why_and_the_page_gets_its_package(
    pay: PayClient, platform: Platform
) -> None:
    platform.will_answer(TAKEN)
    told = pay.transfer(REQUEST)
    ((method, path, _headers, body),) = platform.asked
    assert (method, path) == ("POST", "/v3/fund-app/mch-transfer/transfer-bills")
    assert json.loads(body) == {
        "appid": APPID,
        "out_bill_no": "CB20260101000001",
        "transfer_scene_id": "1000",
        "openid": "oTEST",
        "transfer_amount": 200,
        "transfer_remark": "长" * 32,
        "notify_url": "https://shop.example.com/wechat/pay/notice/transfer",
        "transfer_scene_report_infos": [
            {"info_type": "活动名称", "info_content": "返现"},
            {"info_type": "奖励说明", "info_content": "购物返现"},
        ],
    }
    assert (told.state, told.created_at) == (
        TransferState.WAIT_USER_CONFIRM,
        datetime(2026, 1, 1, 4, 0, tzinfo=UTC),
    )
    assert told.package_info is not None
    assert pay.transfer_request(package_info=told.package_info) == {
        "mchId": KEYS["merchant_mchid"],
        "appId": APPID,
        "package": "affffddafdfafddffda==",
    }


def test_a_query_and_a_cancel_name_the_number(pay: PayClient, platform: Platform) -> None:
    platform.will_answer(FINISHED | {"appid": APPID, "transfer_remark": "返现"})
    told = pay.query_transfer(out_bill_no="CB20260101000001")
    assert (told.state, told.amount, told.appid) == (TransferState.SUCCESS, Money(200), APPID)
    platform.will_answer({**TAKEN, "state": "CANCELING", "update_time": "2026-01-01T12:00:02+08:00"})
    assert pay.cancel_transfer(out_bill_no="CB20260101000001").state is TransferState.CANCELING
    base = "/v3/fund-app/mch-transfer/transfer-bills/out-bill-no/CB20260101000001"
    assert [(method, path) for method, path, _, _ in platform.asked] == [
        ("GET", base),
        ("POST", f"{base}/cancel"),
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"state": "TRANSFERRING"},
        {"state": None},
        {"out_bill_no": "CB2"},
        {"out_bill_no": 7},
        {"transfer_bill_no": None},
        {"create_time": "2026-01-01T12:00:00"},
        {"package_info": 7},
        {"transfer_amount": "200"},
        {"transfer_amount": -1},
        {"transfer_amount": True},
    ],
    ids=str,
)
def test_an_answer_that_is_signed_but_odd_is_an_unknown_outcome(
    pay: PayClient, platform: Platform, change: dict[str, Any]
) -> None:
    platform.will_answer(TAKEN | change)
    with pytest.raises(Unknown):
        pay.transfer(REQUEST)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(403, "NOT_ENOUGH", NotEnough), (404, "NOT_FOUND", Missing), (400, "INVALID_REQUEST", Refused)],
)
def test_refusals_of_transfers(
    pay: PayClient, platform: Platform, status: int, code: str, kind: type[Exception]
) -> None:
    platform.will_answer({"code": code, "message": "x"}, status=status, sign=False)
    with pytest.raises(kind) as raised:
        pay.transfer(REQUEST)
    assert raised.type is kind


def test_the_published_notice_opens_and_is_read() -> None:
    sent = PUBLISHED["full_notify"]
    now = datetime.fromtimestamp(int(sent["headers"]["Wechatpay-Timestamp"]), UTC)
    notice = notices.read_notice(
        headers=sent["headers"], body=sent["body"].encode(), now=now, keys=pay_keys()
    )
    told = finished_from(notice.data)
    assert (told.out_bill_no, told.state, told.amount, told.openid, told.mchid) == (
        "CB20260101000001",
        TransferState.SUCCESS,
        Money(200),
        "oTEST_openid_000000000000001",
        "1900000001",
    )
    assert told.fail_reason is None


@pytest.mark.parametrize(
    "change",
    [
        {"state": "WAIT_USER_CONFIRM"},
        {"mch_id": None},
        {"openid": ""},
        {"mch_id": 1},
        {"transfer_amount": 2.0},
    ],
    ids=str,
)
def test_a_notice_must_tell_how_it_ended_for_whom_and_how_much(change: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        finished_from(FINISHED | change)
    with pytest.raises(Unreadable):
        finished_from({name: value for name, value in FINISHED.items() if name != "transfer_amount"})


@pytest.mark.parametrize("state", TransferState)
def test_every_state_of_the_platform_is_known(state: TransferState) -> None:
    assert transfer_from(FINISHED | {"state": state.value}).state is state


FLOW = (
    "\ufeff记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),"
    "资金变更提交申请人,备注,业务凭证号\r\n"
    "`2026-01-01 12:00:00,`133000,`1001,`商家转账,`商家转账,`支出,`2.00,`98.00,`system,`返现,`CB1\r\n"
    "`2026-01-02 12:00:00,`133000,`1002,`商家转账退回,`商家转账,`收入,`2.00,`100.00,`system,`超时,`CB1\r\n"
    "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\r\n`2,`1,`2.00,`1,`2.00\r\n"
)


def offer(platform: Platform, content: bytes) -> None:
    link = f"{platform.base}/v3/billdownload/file?token=abc"
    sha1 = hashlib.sha1(content).hexdigest()
    platform.will_answer({"hash_type": "SHA1", "hash_value": sha1, "download_url": link})
    platform.will_answer(gzip.compress(content), sign=False)


def test_the_fund_flow_of_the_operating_account_tells_what_went_and_what_came_back(
    pay: PayClient, platform: Platform
) -> None:
    offer(platform, FLOW.encode())
    went, came = pay.operating_flow(day=date(2026, 1, 1))
    assert platform.asked[0][1] == (
        "/v3/bill/fundflowbill?bill_date=2026-01-01&account_type=OPERATION&tar_type=GZIP"
    )
    assert (went.voucher, went.business_no, went.amount) == ("CB1", "133000", Money(-200))
    assert came.amount == Money(200)
    offer(platform, FLOW.replace("`支出", "`冻结").encode())
    with pytest.raises(Unknown):
        pay.operating_flow(day=date(2026, 1, 1))
    platform.will_answer({"code": "NO_STATEMENT_EXIST"}, status=400, sign=False)
    assert pay.operating_flow(day=date(2026, 1, 1)) == []
