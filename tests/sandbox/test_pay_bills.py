"""Bills as the platform writes them, by the published sample and by the day's trade."""

import gzip
import hashlib
from pathlib import Path
from typing import Any

import pytest

from sandbox import faults, settings
from sandbox.pay import bills, moments, payments
from tests.sandbox.pay_shop import REFUNDS, TRANSFERS, VECTORS, PayShop, refusal

TRADE = "/v3/bill/tradebill"
FLOW = "/v3/bill/fundflowbill"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PayShop:
    opened = PayShop.open(tmp_path, monkeypatch)
    opened.travel_to("2027-03-01T12:00:00")
    return opened


def refund(shop: PayShop, number: str, fen: int, of: str = "T20260101000001") -> None:
    amount = {"refund": fen, "total": 1234, "currency": "CNY"}
    body = {"out_trade_no": of, "out_refund_no": number, "amount": amount}
    assert shop.post(REFUNDS, body).status_code == 200


def fetch(shop: PayShop, target: str) -> list[str]:
    """Ask for a bill, download it, check its hash, return its lines."""
    offer = shop.get(target).json
    link = offer["download_url"].removeprefix(settings.current().public_url)
    answer = shop.get(link)
    assert "Wechatpay-Signature" not in answer.headers
    content = gzip.decompress(answer.data) if "GZIP" in target else answer.data
    assert offer["hash_type"] == "SHA1"
    assert offer["hash_value"] == hashlib.sha1(content).hexdigest()
    text = content.decode()
    assert text.startswith("\ufeff")
    assert text.endswith("\r\n")
    return text.removeprefix("\ufeff").split("\r\n")[:-1]


def cells(header: str, line: str) -> dict[str, str]:
    values = line.split(",")
    assert all(value.startswith("`") for value in values)
    return dict(zip(header.split(","), (value[1:] for value in values), strict=True))


def test_the_published_bill_comes_out_byte_for_byte(shop: PayShop) -> None:
    sample = VECTORS["bill_hash"][0]
    paid: dict[str, Any] = {
        "at": moments.datetime.fromisoformat("2026-01-01T10:00:00+08:00").timestamp(),
        "transaction_id": "4200000000202601010000000001",
        "out_trade_no": "T20260101000001",
        "openid": "oTEST_openid_000000000000001",
        "total": 1234,
        "description": "测试商品",
        "attach": "",
        "fee": 7,
        "out_refund_no": "",
        "refund_id": "",
        "refund": 0,
        "channel": "",
        "refund_state": "",
        "done_at": None,
    }
    returned = paid | {
        "at": paid["at"] + 3_600,
        "fee": -1,
        "out_refund_no": "R20260101000001",
        "refund_id": "50000000002026010100000001",
        "refund": 234,
        "channel": "ORIGINAL",
        "refund_state": "SUCCESS",
    }
    made = bills.trade_bill([paid, returned])
    assert made.decode() == sample["content"]
    assert hashlib.sha1(made).hexdigest() == sample["hash_value"]


def test_a_days_trade_is_in_its_bill(shop: PayShop) -> None:
    order = shop.sell(attach="cart,7")
    refund(shop, "R1", 234)
    shop.place("T20260101000009")
    shop.travel_to("2027-03-02T11:00:00")
    shop.sell("T20260101000002")
    target = f"{TRADE}?bill_date=2027-03-01&bill_type=ALL&tar_type=GZIP"
    header, paid, returned, summary, totals = fetch(shop, target)
    assert len(header.split(",")) == 27
    row = cells(header, paid)
    assert row["交易时间"].startswith("2027-03-01 12:00")
    assert (row["微信订单号"], row["交易状态"], row["订单金额"]) == (
        order["transaction_id"],
        "SUCCESS",
        "12.34",
    )
    assert (row["商户数据包"], row["手续费"], row["费率"]) == ("cart 7", "0.07000", "0.60%")
    row = cells(header, returned)
    assert (row["交易状态"], row["商户退款单号"], row["申请退款金额"]) == ("REFUND", "R1", "2.34")
    assert cells(summary, totals) == {
        "总交易单数": "2",
        "应结订单总金额": "12.34",
        "退款总金额": "2.34",
        "充值券退款总金额": "0.00",
        "手续费总金额": "0.06000",
        "订单总金额": "12.34",
        "申请退款总金额": "2.34",
    }


def test_success_and_refund_bills_have_their_own_columns(shop: PayShop) -> None:
    shop.sell()
    refund(shop, "R1", 234)
    shop.later(10)
    shop.travel_to("2027-03-02T11:00:00")
    success = fetch(shop, f"{TRADE}?bill_date=2027-03-01&bill_type=SUCCESS")
    assert len(success) == 4
    assert "商户退款单号" not in success[0]
    returned = fetch(shop, f"{TRADE}?bill_date=2027-03-01&bill_type=REFUND")
    assert len(returned) == 4
    assert cells(returned[0], returned[1])["退款成功时间"].startswith("2027-03-01")


def test_midnight_in_beijing_parts_the_days(shop: PayShop) -> None:
    shop.travel_to("2027-03-01T23:59:50")
    shop.sell("T20260101000001")
    shop.later(20)
    shop.sell("T20260101000002")
    shop.travel_to("2027-03-03T11:00:00")
    for day, number in (("01", "T20260101000001"), ("02", "T20260101000002")):
        lines = fetch(shop, f"{TRADE}?bill_date=2027-03-{day}")
        assert len(lines) == 4
        assert cells(lines[0], lines[1])["商户订单号"] == number


@pytest.mark.parametrize("target", [TRADE, FLOW])
def test_a_bill_has_its_time(shop: PayShop, target: str) -> None:
    shop.sell()
    ask = f"{target}?bill_date=2027-03-01"
    assert refusal(shop.get(ask)) == (400, "PARAM_ERROR")
    shop.travel_to("2027-03-02T09:59:00")
    assert refusal(shop.get(ask)) == (400, "STATEMENT_CREATING")
    shop.travel_to("2027-03-02T10:00:01")
    assert shop.get(ask).status_code == 200
    assert refusal(shop.get(f"{target}?bill_date=2027-02-28")) == (400, "NO_STATEMENT_EXIST")
    assert refusal(shop.get(f"{target}?bill_date=2026-11-01")) == (400, "PARAM_ERROR")
    for wrong in ("tar_type=GZIP", "bill_date=1.3.2027", "bill_date=2027-03-01&tar_type=ZIP"):
        assert refusal(shop.get(f"{target}?{wrong}")) == (400, "PARAM_ERROR")


def test_unknown_kinds_of_bill_are_refused(shop: PayShop) -> None:
    shop.travel_to("2027-03-03T11:00:00")
    assert refusal(shop.get(f"{TRADE}?bill_date=2027-03-01&bill_type=MOST"))[0] == 400
    assert refusal(shop.get(f"{FLOW}?bill_date=2027-03-01&account_type=MOST"))[0] == 400


def test_a_download_link_lives_five_minutes_and_is_signed_for(shop: PayShop) -> None:
    shop.sell()
    shop.travel_to("2027-03-02T11:00:00")
    offer = shop.get(f"{TRADE}?bill_date=2027-03-01").json
    link = offer["download_url"].removeprefix(settings.current().public_url)
    assert refusal(shop.client.get(link, headers={"User-Agent": "shop"})) == (401, "SIGN_ERROR")
    assert refusal(shop.get(link + "x")) == (400, "PARAM_ERROR")
    assert shop.get(link).status_code == 200
    shop.later(301)
    assert refusal(shop.get(link)) == (400, "INVALID_REQUEST")


def test_the_fund_flow_tells_every_movement(shop: PayShop) -> None:
    shop.sell()
    refund(shop, "R1", 234)
    transfer = {
        "appid": settings.current().appid,
        "out_bill_no": "CB1",
        "transfer_scene_id": "1011",
        "openid": shop.openid,
        "transfer_amount": 200,
        "transfer_remark": "赔付",
        "transfer_scene_report_infos": [{"info_type": "赔付原因", "info_content": "破损"}],
    }
    assert shop.post(TRANSFERS, transfer).status_code == 200
    shop.travel_to("2027-03-02T11:00:00")
    header, *rows, summary, totals = fetch(
        shop, f"{FLOW}?bill_date=2027-03-01&account_type=BASIC&tar_type=GZIP"
    )
    moved = [(cells(header, row)["业务名称"], cells(header, row)["收支金额(元)"]) for row in rows]
    assert moved == [("交易", "12.34"), ("扣除交易手续费", "0.07"), ("退款", "2.33")]
    assert list(cells(summary, totals).values()) == ["3", "1", "12.34", "2", "2.40"]
    header, row, *_ = fetch(shop, f"{FLOW}?bill_date=2027-03-01&account_type=OPERATION")
    paid_out = cells(header, row)
    assert (paid_out["收支类型"], paid_out["收支金额(元)"], paid_out["业务凭证号"]) == ("支出", "2.00", "CB1")
    assert refusal(shop.get(f"{FLOW}?bill_date=2027-03-01&account_type=FEES")) == (400, "NO_STATEMENT_EXIST")


@pytest.mark.parametrize(
    ("fault", "numbers", "paid"),
    [
        ("bill_missing_row", ["T20260101000002"], "12.34"),
        ("bill_extra_row", ["T20260101000001", "T20260101000002", "UNKNOWN-0001"], "25.68"),
        ("bill_wrong_amount", ["T20260101000001", "T20260101000002"], "24.69"),
    ],
)
def test_differences_can_be_planted(shop: PayShop, fault: str, numbers: list[str], paid: str) -> None:
    shop.sell("T20260101000001")
    shop.sell("T20260101000002")
    shop.travel_to("2027-03-02T11:00:00")
    faults.arm(fault)
    header, *rows, summary, totals = fetch(shop, f"{TRADE}?bill_date=2027-03-01")
    assert [cells(header, row)["商户订单号"] for row in rows] == numbers
    assert cells(summary, totals)["订单总金额"] == paid
    assert len(fetch(shop, f"{TRADE}?bill_date=2027-03-01")) == 5


@pytest.mark.parametrize(("fen", "text"), [(0, "0.00"), (5, "0.05"), (-1, "-0.01"), (123456, "1234.56")])
def test_fen_are_written_as_yuan(fen: int, text: str) -> None:
    assert payments.yuan(fen) == text
