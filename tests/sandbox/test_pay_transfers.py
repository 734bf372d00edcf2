"""Merchant transfers: what may be sent, the user's tap, the eight states."""

from pathlib import Path
from typing import Any

import pytest

from sandbox import deliveries, faults, pay, settings, store
from sandbox.pay import crypto
from sandbox.pay.moments import DAY
from tests.sandbox.pay_shop import MERCHANT, PLATFORM_PUBLIC, TRANSFERS, PayShop, opened, refusal

NOTIFY = "https://shop.example.com/pay/transfer"
REPORTS = [
    {"info_type": "活动名称", "info_content": "晒单返现"},
    {"info_type": "奖励说明", "info_content": "订单返现"},
]
Outcome = pay.Outcome


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PayShop:
    return PayShop.open(tmp_path, monkeypatch)


def request_for(shop: PayShop, number: str = "CB1", **changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "appid": settings.current().appid,
        "out_bill_no": number,
        "transfer_scene_id": "1000",
        "openid": shop.openid,
        "transfer_amount": 200,
        "transfer_remark": "晒单返现",
        "notify_url": NOTIFY,
        "transfer_scene_report_infos": REPORTS,
    }
    return {name: value for name, value in (body | changes).items() if value is not None}


def send(shop: PayShop, number: str = "CB1", **changes: Any) -> dict[str, Any]:
    answer = shop.post(TRANSFERS, request_for(shop, number, **changes))
    assert answer.status_code == 200, answer.text
    taken: dict[str, Any] = answer.json
    return taken


def look(shop: PayShop, number: str = "CB1") -> dict[str, Any]:
    found: dict[str, Any] = shop.get(f"{TRANSFERS}/out-bill-no/{number}").json
    return found


def sealed(name: str) -> str:
    return crypto.seal_field(key=PLATFORM_PUBLIC, plaintext=name)


def test_the_user_taps_and_the_money_arrives(shop: PayShop) -> None:
    before = pay.merchant_balance("OPERATION")
    taken = send(shop)
    assert taken["state"] == "WAIT_USER_CONFIRM"
    assert pay.merchant_balance("OPERATION") == before - 200
    assert shop.purse() == 500_000
    assert [t["out_bill_no"] for t in pay.open_transfers(shop.openid)] == ["CB1"]
    assert pay.confirm_transfer(taken["package_info"], shop.openid) is Outcome.OK
    assert look(shop)["state"] == "TRANSFERING"
    shop.later(5)
    found = look(shop)
    assert (found["state"], found["fail_reason"], found["mch_id"]) == ("SUCCESS", "", "1900000001")
    assert shop.purse() == 500_200
    notice, resource = opened(shop.notices[-1])
    assert shop.notices[-1].url == NOTIFY
    assert (notice["event_type"], notice["resource"]["associated_data"]) == (
        "MCHTRANSFER.BILL.FINISHED",
        "mch_payment",
    )
    assert (resource["state"], resource["transfer_amount"], resource["openid"]) == (
        "SUCCESS",
        200,
        shop.openid,
    )
    assert pay.confirm_transfer(taken["package_info"], shop.openid) is Outcome.ALREADY_DONE
    shop.later(2 * DAY)
    assert (shop.purse(), len(shop.notices)) == (500_200, 1)
    assert look(shop)["state"] == "SUCCESS"


def test_only_the_payee_can_receive(shop: PayShop) -> None:
    package = send(shop)["package_info"]
    assert pay.confirm_transfer(package, "oStranger") is Outcome.NOT_YOURS
    assert pay.confirm_transfer("no-such-package", shop.openid) is Outcome.UNKNOWN
    shop.later(5)
    assert look(shop)["state"] == "WAIT_USER_CONFIRM"
    assert shop.notices == []


@pytest.mark.parametrize(
    "changes",
    [
        {"out_bill_no": "CB-1"},
        {"out_bill_no": "C" * 33},
        {"out_bill_no": None},
        {"openid": "oOfAnotherAccount"},
        {"transfer_scene_id": "9999"},
        {"transfer_scene_id": None},
        {"transfer_remark": None},
        {"transfer_remark": "长" * 33},
        {"transfer_amount": "200"},
        {"notify_url": NOTIFY + "?a=1"},
        {"user_name": "张三"},
        {"transfer_scene_report_infos": None},
        {"transfer_scene_report_infos": REPORTS[:1]},
        {"transfer_scene_report_infos": [*REPORTS, REPORTS[0]]},
        {"transfer_scene_report_infos": [REPORTS[0], {"info_type": "说明", "info_content": "x"}]},
        {"transfer_scene_report_infos": [REPORTS[0], REPORTS[1] | {"info_content": "长" * 33}]},
        {"transfer_scene_report_infos": [REPORTS[0], REPORTS[1] | {"info_content": ""}]},
        {"transfer_scene_id": "1011"},
    ],
)
def test_a_transfer_with_a_wrong_field_is_refused(shop: PayShop, changes: dict[str, Any]) -> None:
    assert refusal(shop.post(TRANSFERS, request_for(shop, **changes))) == (400, "PARAM_ERROR")
    assert pay.open_transfers(shop.openid) == []


@pytest.mark.parametrize(("fen", "status"), [(9, 400), (10, 200), (20_000, 200), (20_001, 400)])
def test_amounts_have_a_range(shop: PayShop, fen: int, status: int) -> None:
    answer = shop.post(TRANSFERS, request_for(shop, transfer_amount=fen))
    assert answer.status_code == status
    if status == 400:
        assert answer.json["code"] == "INVALID_REQUEST"


@pytest.mark.parametrize(
    ("scene", "reports", "perception", "status"),
    [
        ("1000", ["活动名称", "奖励说明"], "现金奖励", 200),
        ("1000", ["活动名称", "奖励说明"], "退款", 400),
        ("1005", ["岗位类型", "报酬说明"], "劳务报酬", 200),
        ("1011", ["赔付原因"], "商家赔付", 200),
        ("1011", ["赔付原因"], "活动奖励", 400),
    ],
)
def test_each_scene_has_its_own_words(
    shop: PayShop, scene: str, reports: list[str], perception: str, status: int
) -> None:
    infos = [{"info_type": name, "info_content": "说明"} for name in reports]
    body = request_for(
        shop, transfer_scene_id=scene, transfer_scene_report_infos=infos, user_recv_perception=perception
    )
    assert shop.post(TRANSFERS, body).status_code == status


def test_a_scene_must_be_granted(shop: PayShop) -> None:
    store.set_setting("pay_transfer_scenes", "1005")
    assert refusal(shop.post(TRANSFERS, request_for(shop))) == (403, "NO_AUTH")


def test_the_user_name_is_sealed_and_bound_to_amounts(shop: PayShop) -> None:
    small = request_for(shop, transfer_amount=29, user_name=sealed("张三"))
    assert refusal(shop.post(TRANSFERS, small)) == (400, "PARAM_ERROR")
    store.set_setting("pay_transfer_most_fen", "500000")
    large = request_for(shop, transfer_amount=200_000)
    assert refusal(shop.post(TRANSFERS, large)) == (400, "PARAM_ERROR")
    send(shop, transfer_amount=200_000, user_name=sealed("张三"))
    assert send(shop, transfer_amount=200_000, user_name=sealed("张三"))["out_bill_no"] == "CB1"
    other = request_for(shop, transfer_amount=200_000, user_name=sealed("李四"))
    assert refusal(shop.post(TRANSFERS, other)) == (400, "INVALID_REQUEST")
    assert crypto.unseal_field(key=MERCHANT, ciphertext=look(shop)["user_name"]) == "张三"


def test_a_wrong_name_fails_after_the_tap(shop: PayShop) -> None:
    store.set_setting(f"pay_real_name:{shop.openid}", "李四")
    before = pay.merchant_balance("OPERATION")
    package = send(shop, user_name=sealed("张三"))["package_info"]
    pay.confirm_transfer(package, shop.openid)
    shop.later(5)
    assert (look(shop)["state"], look(shop)["fail_reason"]) == ("FAIL", "NAME_NOT_CORRECT")
    assert pay.merchant_balance("OPERATION") == before
    assert shop.purse() == 500_000


def test_the_same_number_pays_once(shop: PayShop) -> None:
    first, second = send(shop), send(shop)
    assert first == second
    body = request_for(shop, transfer_amount=300)
    assert refusal(shop.post(TRANSFERS, body)) == (400, "INVALID_REQUEST")
    pay.confirm_transfer(first["package_info"], shop.openid)
    shop.later(5)
    again = send(shop)
    assert again["state"] == "SUCCESS"
    assert "package_info" not in again
    assert shop.purse() == 500_200


def test_unconfirmed_money_returns_after_a_day(shop: PayShop) -> None:
    before = pay.merchant_balance("OPERATION")
    package = send(shop)["package_info"]
    shop.later(DAY - 60)
    assert look(shop)["state"] == "WAIT_USER_CONFIRM"
    assert shop.notices == []
    shop.later(120)
    assert (look(shop)["state"], look(shop)["fail_reason"]) == ("FAIL", "OVERDUE_CLOSE")
    assert opened(shop.notices[-1])[1]["state"] == "FAIL"
    assert pay.merchant_balance("OPERATION") == before
    assert pay.confirm_transfer(package, shop.openid) is Outcome.EXPIRED
    assert send(shop, "CB2")["state"] == "WAIT_USER_CONFIRM"


def test_a_tap_after_the_day_is_too_late_even_before_the_books_are_closed(shop: PayShop) -> None:
    package = send(shop)["package_info"]
    store.run("UPDATE pay_transfers SET created_at = created_at - ?", (DAY + 1,))
    assert pay.confirm_transfer(package, shop.openid) is Outcome.EXPIRED


def test_cancelling_before_the_tap_takes_it_back(shop: PayShop) -> None:
    before = pay.merchant_balance("OPERATION")
    package = send(shop)["package_info"]
    cancel = f"{TRANSFERS}/out-bill-no/CB1/cancel"
    assert shop.post(cancel).json["state"] == "CANCELING"
    assert pay.confirm_transfer(package, shop.openid) is Outcome.CLOSED
    assert shop.post(cancel, {}).json["state"] == "CANCELING"
    assert shop.notices == []
    shop.later(5)
    assert shop.post(cancel).json["state"] == "CANCELLED"
    assert opened(shop.notices[-1])[1]["state"] == "CANCELLED"
    assert pay.merchant_balance("OPERATION") == before
    assert shop.purse() == 500_000
    assert refusal(shop.post(f"{TRANSFERS}/out-bill-no/CB9/cancel")) == (404, "NOT_FOUND")


def test_cancelling_after_the_tap_loses_the_race(shop: PayShop) -> None:
    pay.confirm_transfer(send(shop)["package_info"], shop.openid)
    cancel = f"{TRANSFERS}/out-bill-no/CB1/cancel"
    assert refusal(shop.post(cancel)) == (400, "INVALID_REQUEST")
    shop.later(5)
    assert refusal(shop.post(cancel)) == (400, "INVALID_REQUEST")
    assert look(shop)["state"] == "SUCCESS"


def test_an_empty_operating_account_holds_the_transfer(shop: PayShop) -> None:
    pay.set_merchant_balance("OPERATION", 199)
    taken = send(shop)
    assert taken["state"] == "PROCESSING"
    assert "package_info" not in taken
    shop.later(60)
    assert look(shop)["state"] == "PROCESSING"
    pay.set_merchant_balance("OPERATION", 200)
    shop.later(1)
    assert send(shop)["package_info"]
    assert pay.merchant_balance("OPERATION") == 0


def test_a_transfer_never_covered_fails_without_touching_the_account(shop: PayShop) -> None:
    pay.set_merchant_balance("OPERATION", 0)
    send(shop)
    shop.later(DAY + 1)
    assert look(shop)["state"] == "FAIL"
    assert pay.merchant_balance("OPERATION") == 0


def test_faults_refuse_hold_and_fail(shop: PayShop) -> None:
    faults.arm("transfer_not_enough")
    assert refusal(shop.post(TRANSFERS, request_for(shop))) == (403, "NOT_ENOUGH")
    assert refusal(shop.get(f"{TRANSFERS}/out-bill-no/CB1")) == (404, "NOT_FOUND")
    faults.arm("transfer_slow")
    assert send(shop)["state"] == "ACCEPTED"
    shop.later(3_700)
    faults.arm("transfer_fail")
    assert pay.confirm_transfer(send(shop)["package_info"], shop.openid) is Outcome.OK
    shop.later(5)
    assert (look(shop)["state"], look(shop)["fail_reason"]) == ("FAIL", "PAYEE_ACCOUNT_ABNORMAL")
    assert shop.purse() == 500_000


def test_a_user_receives_so_much_a_day(shop: PayShop) -> None:
    store.set_setting("pay_transfer_user_day_fen", "300")
    for number in ("CB1", "CB2"):
        pay.confirm_transfer(send(shop, number)["package_info"], shop.openid)
    shop.later(5)
    assert look(shop, "CB1")["state"] == "SUCCESS"
    assert look(shop, "CB2")["fail_reason"] == "DAY_RECEIVED_QUOTA_EXCEED"
    assert shop.purse() == 500_200


def test_queries_go_by_both_numbers_for_thirty_days(shop: PayShop) -> None:
    number = send(shop)["transfer_bill_no"]
    by_bill = f"{TRANSFERS}/transfer-bill-no/{number}"
    assert shop.get(by_bill).json == look(shop)
    shop.later(30 * DAY + 60)
    assert refusal(shop.get(by_bill)) == (404, "NOT_FOUND")


def test_the_receiving_sheet(shop: PayShop) -> None:
    package = send(shop)["package_info"]
    shop.client.set_cookie("sandbox_user", shop.openid)
    page = shop.client.get("/cashier/transfer", query_string={"package": package})
    assert "活动奖励" in page.text
    assert "data-confirm" in page.text
    wrong = shop.client.get("/cashier/transfer", query_string={"package": package, "mchId": "1"})
    assert "data-confirm" not in wrong.text
    assert shop.client.post("/cashier/transfer/confirm", json={"package": package}).json["outcome"] == "ok"
    deliveries.tick()
    assert "data-confirm" not in shop.client.get("/cashier/transfer", query_string={"package": package}).text
