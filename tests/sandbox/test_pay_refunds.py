"""Refunds: taken once, done later, bounded by the order, and told to the shop."""

from pathlib import Path
from typing import Any

import pytest

from sandbox import deliveries, faults, pay
from sandbox.pay import crypto
from sandbox.pay.moments import DAY
from tests.sandbox.pay_shop import KEYS, NOTIFY, PLATFORM_PUBLIC, REFUNDS, PayShop, opened, refusal

NUMBER = "T20260101000001"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PayShop:
    return PayShop.open(tmp_path, monkeypatch)


def request_for(number: str = "R1", fen: int = 234, **changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "out_trade_no": NUMBER,
        "out_refund_no": number,
        "reason": "少件",
        "notify_url": NOTIFY,
        "amount": {"refund": fen, "total": 1234, "currency": "CNY"},
    }
    return {name: value for name, value in (body | changes).items() if value is not None}


def state_of(shop: PayShop, number: str = "R1") -> str:
    return str(shop.get(f"{REFUNDS}/{number}").json["status"])


def test_a_refund_is_taken_now_and_done_later(shop: PayShop) -> None:
    order = shop.sell()
    deliveries.tick()
    merchant = pay.merchant_balance("BASIC")
    taken = shop.post(REFUNDS, request_for()).json
    assert taken["status"] == "PROCESSING"
    assert "success_time" not in taken
    assert taken["amount"]["payer_refund"] == 234
    assert pay.merchant_balance("BASIC") == merchant - 234 + 1
    assert shop.purse() == 500_000 - 1234
    assert shop.look()["trade_state"] == "REFUND"
    shop.later(10)
    assert shop.purse() == 500_000 - 1000
    done = shop.get(f"{REFUNDS}/R1").json
    assert (done["status"], done["refund_id"]) == ("SUCCESS", taken["refund_id"])
    notice, resource = opened(shop.notices[-1])
    assert (notice["event_type"], notice["resource"]["associated_data"]) == ("REFUND.SUCCESS", "refund")
    assert resource["refund_status"] == "SUCCESS"
    assert resource["transaction_id"] == order["transaction_id"]
    assert resource["amount"] == {"total": 1234, "refund": 234, "payer_total": 1234, "payer_refund": 234}
    shop.later(10)
    assert len(shop.notices) == 2
    assert shop.purse() == 500_000 - 1000


def test_the_same_refund_again_pays_nothing_more(shop: PayShop) -> None:
    order = shop.sell()
    first = shop.post(REFUNDS, request_for()).json
    assert shop.post(REFUNDS, request_for()).json["refund_id"] == first["refund_id"]
    shop.later(10)
    assert shop.post(REFUNDS, request_for()).json["status"] == "SUCCESS"
    assert refusal(shop.post(REFUNDS, request_for(fen=235))) == (400, "INVALID_REQUEST")
    by_id = request_for(out_trade_no=None, transaction_id=order["transaction_id"])
    assert refusal(shop.post(REFUNDS, by_id)) == (400, "INVALID_REQUEST")
    shop.later(10)
    assert shop.purse() == 500_000 - 1000


def test_refunds_never_exceed_the_order(shop: PayShop) -> None:
    shop.sell()
    assert shop.post(REFUNDS, request_for("R1", 1000)).status_code == 200
    assert refusal(shop.post(REFUNDS, request_for("R2", 235))) == (400, "INVALID_REQUEST")
    assert shop.post(REFUNDS, request_for("R3", 234)).status_code == 200
    assert refusal(shop.post(REFUNDS, request_for("R4", 1))) == (400, "INVALID_REQUEST")
    shop.later(10)
    assert shop.purse() == 500_000


@pytest.mark.parametrize(
    "changes",
    [
        {"out_refund_no": None},
        {"out_refund_no": "R" * 65},
        {"out_refund_no": "退1"},
        {"reason": "长" * 81},
        {"notify_url": "http://shop.example.com/refund"},
        {"out_trade_no": None},
        {"amount": {"refund": 0, "total": 1234, "currency": "CNY"}},
        {"amount": {"refund": 1, "currency": "CNY"}},
        {"amount": {"refund": 1, "total": 1234}},
        {"amount": {"refund": "1", "total": 1234, "currency": "CNY"}},
        {"funds_account": "SAVINGS"},
    ],
)
def test_a_refund_with_a_wrong_field_is_refused(shop: PayShop, changes: dict[str, Any]) -> None:
    shop.sell()
    assert refusal(shop.post(REFUNDS, request_for(**changes))) == (400, "PARAM_ERROR")
    assert shop.look()["trade_state"] == "SUCCESS"


def test_what_was_not_paid_or_does_not_match_is_not_refunded(shop: PayShop) -> None:
    assert refusal(shop.post(REFUNDS, request_for())) == (404, "RESOURCE_NOT_EXISTS")
    shop.place()
    assert refusal(shop.post(REFUNDS, request_for())) == (400, "INVALID_REQUEST")
    shop.sell("T20260101000002")
    other = {"out_trade_no": "T20260101000002"}
    wrong_total = {"amount": {"refund": 1, "total": 9999, "currency": "CNY"}}
    assert refusal(shop.post(REFUNDS, request_for(**other, **wrong_total))) == (400, "INVALID_REQUEST")
    assert refusal(shop.get(f"{REFUNDS}/R1")) == (404, "RESOURCE_NOT_EXISTS")


def test_too_little_money_leaves_no_refund_behind(shop: PayShop) -> None:
    shop.sell()
    faults.arm("refund_not_enough")
    assert refusal(shop.post(REFUNDS, request_for())) == (403, "NOT_ENOUGH")
    assert shop.get(f"{REFUNDS}/R1").status_code == 404
    pay.set_merchant_balance("BASIC", 232)
    assert refusal(shop.post(REFUNDS, request_for())) == (403, "NOT_ENOUGH")
    pay.set_merchant_balance("BASIC", 233)
    assert shop.post(REFUNDS, request_for()).status_code == 200
    assert pay.merchant_balance("BASIC") == 0


def test_a_year_after_the_payment_it_is_too_late(shop: PayShop) -> None:
    shop.sell()
    shop.later(365 * DAY - 60)
    assert shop.post(REFUNDS, request_for("R1", 1)).status_code == 200
    shop.later(120)
    assert refusal(shop.post(REFUNDS, request_for("R2", 1))) == (400, "INVALID_REQUEST")


def test_an_order_has_fifty_refunds_at_most(shop: PayShop) -> None:
    shop.sell()
    for count in range(50):
        assert shop.post(REFUNDS, request_for(f"R{count}", 1)).status_code == 200
    assert refusal(shop.post(REFUNDS, request_for("R50", 1))) == (400, "INVALID_REQUEST")
    assert shop.post(REFUNDS, request_for("R49", 1)).status_code == 200


def test_an_abnormal_refund_ends_on_a_bank_card(shop: PayShop) -> None:
    shop.sell()
    faults.arm("refund_abnormal")
    refund_id = shop.post(REFUNDS, request_for()).json["refund_id"]
    act = f"{REFUNDS}/{refund_id}/apply-abnormal-refund"
    card = {"out_refund_no": "R1", "type": "MERCHANT_BANK_CARD"}
    assert refusal(shop.post(act, card)) == (400, "INVALID_REQUEST")
    shop.later(10)
    assert state_of(shop) == "ABNORMAL"
    assert opened(shop.notices[-1])[0]["event_type"] == "REFUND.ABNORMAL"
    assert refusal(shop.post(act, card | {"type": "CASH"})) == (400, "PARAM_ERROR")
    assert refusal(shop.post(act, card | {"out_refund_no": "R2"})) == (404, "RESOURCE_NOT_EXISTS")
    other = f"{REFUNDS}/50300/apply-abnormal-refund"
    assert refusal(shop.post(other, card)) == (404, "RESOURCE_NOT_EXISTS")
    user = card | {
        "type": "USER_BANK_CARD",
        "bank_type": "ICBC_DEBIT",
        "bank_account": "6222",
        "real_name": "张三",
    }
    assert refusal(shop.post(act, user)) == (400, "PARAM_ERROR")
    for name in ("bank_account", "real_name"):
        user[name] = crypto.seal_field(key=PLATFORM_PUBLIC, plaintext=user[name])
    assert shop.post(act, user).json["status"] == "PROCESSING"
    shop.later(10)
    assert state_of(shop) == "SUCCESS"
    assert shop.purse() == 500_000 - 1234


def test_a_closed_refund_gives_the_merchant_its_money_back(shop: PayShop) -> None:
    shop.sell()
    merchant = pay.merchant_balance("BASIC")
    faults.arm("refund_closed")
    shop.post(REFUNDS, request_for())
    shop.later(10)
    assert state_of(shop) == "CLOSED"
    assert opened(shop.notices[-1])[0]["event_type"] == "REFUND.CLOSED"
    assert pay.merchant_balance("BASIC") == merchant
    assert shop.post(REFUNDS, request_for("R2", 1234)).status_code == 200


def test_a_slow_refund_takes_days(shop: PayShop) -> None:
    shop.sell()
    faults.arm("refund_slow")
    shop.post(REFUNDS, request_for())
    shop.later(2 * DAY)
    assert state_of(shop) == "PROCESSING"
    shop.later(2 * DAY)
    assert state_of(shop) == "SUCCESS"


def test_without_an_address_nobody_is_told(shop: PayShop) -> None:
    shop.sell()
    deliveries.tick()
    shop.post(REFUNDS, request_for(notify_url=None))
    shop.later(10)
    assert state_of(shop) == "SUCCESS"
    assert len(shop.notices) == 1


def test_a_lost_answer_is_repeated_under_the_same_number(shop: PayShop) -> None:
    shop.sell()
    faults.arm("pay_timeout_after_effect")
    assert shop.post(REFUNDS, request_for()).status_code == 504
    assert shop.post(REFUNDS, request_for()).json["out_refund_no"] == "R1"
    shop.later(10)
    assert shop.purse() == 500_000 - 1000
    assert KEYS["merchant_mchid"] == opened(shop.notices[-1])[1]["mchid"]
