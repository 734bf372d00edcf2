"""The gateway for text messages."""

from __future__ import annotations

import pytest

from sandbox import faults

PHONE = "19900001234"


def send(shop, *, key: str | None = None, to: object = PHONE, text: object = "验证码 123456"):
    bearer = shop.config.sms_key if key is None else key
    return shop.client.post(
        "/sms/messages", json={"to": to, "text": text}, headers={"Authorization": f"Bearer {bearer}"}
    )


def shown(shop) -> list[dict]:
    return shop.client.get("/control/api/state").get_json()["sms"]


def test_a_message_is_shown_on_the_control_page(shop):
    assert send(shop).status_code == 202
    assert send(shop, text="第二条").status_code == 202
    assert [(one["phone"], one["text"]) for one in shown(shop)] == [
        (PHONE, "第二条"),
        (PHONE, "验证码 123456"),
    ]


@pytest.mark.parametrize("key", ["", "wrong", "钥匙"])
def test_a_wrong_key_is_refused_and_told_in_the_journal(shop, key):
    headers = {"Authorization": f"Bearer {key}".encode().decode("latin-1")}
    answer = shop.client.post("/sms/messages", json={"to": PHONE, "text": "x"}, headers=headers)
    assert answer.status_code == 401
    assert shown(shop) == []
    entry = shop.client.get("/control/api/journal").get_json()["items"][0]
    assert (entry["face"], entry["verdict"], entry["reason"]) == ("sms", "refused", "短信网关的密钥不对")


@pytest.mark.parametrize(
    ("to", "text"),
    [("12345", "x"), (None, "x"), ([PHONE], "x"), (PHONE, ""), (PHONE, "字" * 501), (PHONE, None)],
)
def test_what_is_no_message_is_refused(shop, to, text):
    assert send(shop, to=to, text=text).status_code == 422
    assert shown(shop) == []


def test_faults_lose_the_message_or_only_the_answer(shop):
    shop.client.post("/control/api/switches", json={"name": "hang_seconds", "value": "0"})
    faults.arm("sms_500")
    assert (send(shop).status_code, shown(shop)) == (500, [])
    faults.arm("sms_timeout_after_effect")
    assert (send(shop).status_code, len(shown(shop))) == (202, 1)
    assert send(shop).status_code == 202
