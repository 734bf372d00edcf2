"""An independent client and a real socket in front of the gateway."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from wechatpayv3 import WeChatPay, WeChatPayType
from werkzeug.serving import make_server

from sandbox import deliveries, faults, pay, settings
from tests.sandbox.pay_shop import KEYS, NOTIFY, ORDERS, PASSWORD, PayShop, opened

NUMBER = "T20260101000001"


@dataclass
class Counter:
    """A shop, the address of its gateway, and the library in between."""

    shop: PayShop
    base: str
    library: Any


@pytest.fixture
def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter]:
    shop = PayShop.open(tmp_path, monkeypatch)
    server = make_server("127.0.0.1", 0, shop.client.application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    base = f"http://127.0.0.1:{server.server_port}"
    library = WeChatPay(
        wechatpay_type=WeChatPayType.JSAPI,
        mchid=KEYS["merchant_mchid"],
        private_key=KEYS["merchant_private_key_pem"],
        cert_serial_no=KEYS["merchant_serial_no"],
        apiv3_key=KEYS["apiv3_key"],
        appid=settings.current().appid,
        notify_url=NOTIFY,
        public_key=KEYS["platform_public_key_pem"],
        public_key_id=KEYS["platform_public_key_id"],
        timeout=(2, 5),
    )
    library._core._gate_way = base
    yield Counter(shop, base, library)
    server.shutdown()
    thread.join()
    server.server_close()


def place(counter: Counter, number: str = NUMBER) -> str:
    status, text = counter.library.pay(
        description="测试商品",
        out_trade_no=number,
        amount={"total": 1234},
        payer={"openid": counter.shop.openid},
    )
    assert status == 200, text
    return str(json.loads(text)["prepay_id"])


def test_the_library_sells_refunds_and_reads_the_notices(counter: Counter) -> None:
    library, shop = counter.library, counter.shop
    prepay_id = place(counter)
    assert json.loads(library.query(out_trade_no=NUMBER)[1])["trade_state"] == "NOTPAY"
    assert pay.pay(prepay_id, shop.openid, PASSWORD) is pay.Outcome.OK
    status, text = library.query(out_trade_no=NUMBER)
    order = json.loads(text)
    assert (status, order["trade_state"]) == (200, "SUCCESS")
    assert json.loads(library.query(transaction_id=order["transaction_id"])[1]) == order
    status, text = library.refund(
        out_refund_no="R1",
        out_trade_no=NUMBER,
        amount={"refund": 234, "total": 1234, "currency": "CNY"},
        notify_url=NOTIFY,
    )
    assert (status, json.loads(text)["status"]) == (200, "PROCESSING")
    shop.later(10)
    assert json.loads(library.query_refund("R1")[1])["status"] == "SUCCESS"
    events = [library.callback(dict(n.headers), n.body) for n in shop.notices]
    assert [event["event_type"] for event in events] == ["TRANSACTION.SUCCESS", "REFUND.SUCCESS"]
    assert events[0]["resource"]["transaction_id"] == order["transaction_id"]
    assert library.callback(dict(shop.notices[0].headers), shop.notices[0].body + b" ") is None


def test_the_library_closes_an_order_and_verifies_the_empty_answer(counter: Counter) -> None:
    place(counter)
    assert counter.library.close(out_trade_no=NUMBER)[0] == 204
    assert json.loads(counter.library.query(out_trade_no=NUMBER)[1])["trade_state"] == "CLOSED"


def test_the_library_refuses_a_forged_notice_and_a_probe(counter: Counter) -> None:
    for fault in ("notice_forged", "notice_signtest"):
        faults.arm(fault)
    counter.shop.answers = [401, 401]
    counter.shop.sell()
    deliveries.tick()
    read = [counter.library.callback(dict(n.headers), n.body) for n in counter.shop.notices]
    assert read[:2] == [None, None]
    assert read[2]["resource"]["out_trade_no"] == NUMBER


def test_the_librarys_page_signature_opens_the_cashier(counter: Counter) -> None:
    package = f"prepay_id={place(counter)}"
    values = [settings.current().appid, "1767225600", "nonce", package]
    params = dict(zip(["appId", "timeStamp", "nonceStr", "package"], values, strict=True))
    params |= {"signType": "RSA", "paySign": counter.library.sign(values)}
    assert pay.check_paysign(params) is None


def test_the_library_pays_a_user(counter: Counter) -> None:
    library, shop = counter.library, counter.shop
    status, text = library.mch_transfer_bills(
        out_bill_no="CB1",
        transfer_scene_id="1000",
        openid=shop.openid,
        transfer_amount=200,
        transfer_remark="晒单返现",
        user_name="张三",
        user_recv_perception="现金奖励",
        transfer_scene_report_infos=[
            {"info_type": "活动名称", "info_content": "晒单返现"},
            {"info_type": "奖励说明", "info_content": "订单返现"},
        ],
        notify_url=NOTIFY,
    )
    assert status == 200, text
    assert pay.confirm_transfer(json.loads(text)["package_info"], shop.openid) is pay.Outcome.OK
    shop.later(5)
    assert opened(shop.notices[-1])[1]["state"] == "SUCCESS"


def test_a_lost_answer_drops_the_connection_but_the_work_is_done(counter: Counter) -> None:
    faults.arm("pay_timeout_after_effect")
    target = f"{ORDERS}/jsapi"
    body = json.dumps(counter.shop.order(), ensure_ascii=False).encode()
    with pytest.raises(requests.ConnectionError):
        requests.post(
            counter.base + target, data=body, headers=counter.shop.headers("POST", target, body), timeout=5
        )
    assert counter.shop.look()["trade_state"] == "NOTPAY"
    assert place(counter, "T20260101000002")
