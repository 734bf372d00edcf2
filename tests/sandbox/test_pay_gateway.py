"""Who may speak to the gateway, and what its answers and faults look like."""

import json
from pathlib import Path

import pytest

from sandbox import clock, faults, journal
from tests.sandbox.pay_shop import KEYS, ORDERS, PayShop, refusal, signature_holds

CERTIFICATES = "/v3/certificates"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PayShop:
    return PayShop.open(tmp_path, monkeypatch)


def test_a_well_signed_request_is_answered_signed(shop: PayShop) -> None:
    answer = shop.get(CERTIFICATES)
    assert answer.json == {"data": []}
    assert answer.headers["Wechatpay-Signature-Type"] == "WECHATPAY2-SHA256-RSA2048"
    assert abs(int(answer.headers["Wechatpay-Timestamp"]) - clock.timestamp()) < 5
    assert not signature_holds(answer.headers, answer.data + b" ")


@pytest.mark.parametrize(
    "changes",
    [
        {"serial_no": "4A1F00000000000000000000000000000000BEEF"},
        {"serial_no": KEYS["merchant_serial_no"].lower()},
        {"mchid": "1900000002"},
        {"signature": "AAAA"},
        {"signature": "WECHATPAY/SIGNTEST/AAAA"},
        {"signature": ""},
        {"nonce_str": ""},
        {"timestamp": "soon"},
    ],
)
def test_a_request_with_a_wrong_part_is_refused(shop: PayShop, changes: dict[str, str]) -> None:
    answer = shop.call("GET", CERTIFICATES, **changes)
    assert refusal(answer) == (401, "SIGN_ERROR")
    assert "Wechatpay-Signature" not in answer.headers


@pytest.mark.parametrize(("off", "status"), [(-301, 401), (-298, 200), (298, 200), (302, 401)])
def test_the_clock_may_be_five_minutes_off(shop: PayShop, off: int, status: int) -> None:
    timestamp = str(int(clock.timestamp()) + off)
    assert shop.call("GET", CERTIFICATES, timestamp=timestamp).status_code == status


def test_the_window_follows_the_virtual_clock(shop: PayShop) -> None:
    old = str(int(clock.timestamp()))
    shop.later(600)
    assert refusal(shop.call("GET", CERTIFICATES, timestamp=old)) == (401, "SIGN_ERROR")
    assert shop.get(CERTIFICATES).status_code == 200


def test_a_repeated_nonce_is_a_replay(shop: PayShop) -> None:
    assert shop.call("GET", CERTIFICATES, nonce_str="once").status_code == 200
    assert refusal(shop.call("GET", CERTIFICATES, nonce_str="once")) == (401, "SIGN_ERROR")


def test_the_signed_bytes_must_be_the_sent_bytes(shop: PayShop) -> None:
    target = f"{ORDERS}/jsapi"
    body = json.dumps(shop.order(), ensure_ascii=False).encode()
    other = json.dumps(shop.order(), ensure_ascii=True).encode()
    answer = shop.client.post(target, data=other, headers=shop.headers("POST", target, body))
    assert refusal(answer) == (401, "SIGN_ERROR")
    told = answer.json["detail"]["sign_information"]
    assert (told["method"], told["url"]) == ("POST", target)
    assert told["sign_message"].endswith(other.decode() + "\n")
    assert told["sign_message"].startswith(f"POST\n{target}\n")
    assert told["sign_message_length"] == len(told["sign_message"].encode())
    missing = shop.get(f"{ORDERS}/out-trade-no/T20260101000001?mchid={KEYS['merchant_mchid']}")
    assert refusal(missing) == (404, "ORDER_NOT_EXIST")


def test_the_path_is_signed_as_it_was_percent_encoded(shop: PayShop) -> None:
    sent = f"{ORDERS}/out-trade-no/T%7C20260101?mchid={KEYS['merchant_mchid']}"
    assert refusal(shop.get(sent)) == (404, "ORDER_NOT_EXIST")
    headers = shop.headers("GET", sent.replace("%7C", "|"), b"")
    assert refusal(shop.client.get(sent, headers=headers)) == (401, "SIGN_ERROR")


def test_the_query_and_the_method_are_signed(shop: PayShop) -> None:
    headers = shop.headers("GET", CERTIFICATES, b"")
    assert refusal(shop.client.get(CERTIFICATES + "?a=1", headers=headers)) == (401, "SIGN_ERROR")
    headers = shop.headers("get", CERTIFICATES, b"")
    assert refusal(shop.client.get(CERTIFICATES, headers=headers)) == (401, "SIGN_ERROR")


def test_an_unsigned_request_is_refused_and_shown_in_the_journal(shop: PayShop) -> None:
    answer = shop.client.get(CERTIFICATES, headers={"User-Agent": "shop"})
    assert refusal(answer) == (401, "SIGN_ERROR")
    entry = journal.listing()[0]
    assert (entry["face"], entry["verdict"]) == ("pay", "refused")
    assert "SIGN_ERROR" in entry["reason"]


@pytest.mark.parametrize("serial", ["", "PUB_KEY_ID_9999", KEYS["platform_certificate_serial_no"]])
def test_every_request_names_the_platform_key(shop: PayShop, serial: str) -> None:
    assert refusal(shop.call("GET", CERTIFICATES, wechatpay_serial=serial)) == (400, "PARAM_ERROR")


def test_an_unknown_address_and_the_closed_transfer_are_refused(shop: PayShop) -> None:
    assert refusal(shop.get("/v3/nothing/here")) == (404, "RESOURCE_NOT_EXISTS")
    assert refusal(shop.post("/v3/transfer/batches", {})) == (403, "NO_AUTH")


@pytest.mark.parametrize("body", ["[]", "{", "1", '"x"'])
def test_a_body_that_is_no_object_is_a_parameter_error(shop: PayShop, body: str) -> None:
    target = f"{ORDERS}/jsapi"
    headers = shop.headers("POST", target, body.encode())
    assert refusal(shop.client.post(target, data=body, headers=headers)) == (400, "PARAM_ERROR")


@pytest.mark.parametrize(
    ("fault", "expected"),
    [("pay_429", (429, "FREQUENCY_LIMITED")), ("pay_500", (500, "SYSTEM_ERROR"))],
)
def test_a_busy_platform_does_nothing(shop: PayShop, fault: str, expected: tuple[int, str]) -> None:
    faults.arm(fault)
    assert refusal(shop.post(f"{ORDERS}/jsapi", shop.order())) == expected
    query = f"{ORDERS}/out-trade-no/T20260101000001?mchid={KEYS['merchant_mchid']}"
    assert shop.get(query).status_code == 404
    assert shop.place()


def test_an_answer_may_be_lost_after_the_work_was_done(shop: PayShop) -> None:
    faults.arm("pay_timeout_after_effect")
    answer = shop.post(f"{ORDERS}/jsapi", shop.order())
    assert (answer.status_code, answer.data) == (504, b"")
    assert "Wechatpay-Signature" not in answer.headers
    assert shop.look()["trade_state"] == "NOTPAY"


def test_a_slow_answer_is_still_a_good_one(shop: PayShop) -> None:
    faults.arm("pay_slow")
    assert shop.get(CERTIFICATES).status_code == 200
    assert not any(fault["armed"] for fault in faults.listing())


def test_a_forged_answer_does_not_verify(shop: PayShop) -> None:
    faults.arm("pay_answer_forged")
    answer = shop.client.get(CERTIFICATES, headers=shop.headers("GET", CERTIFICATES, b""))
    assert answer.status_code == 200
    assert not signature_holds(answer.headers, answer.data)
