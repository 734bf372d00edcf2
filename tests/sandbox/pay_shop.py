"""A shop in front of the sandbox's Pay gateway: signs its calls, keeps the notices it gets, opens them."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sandbox import SandboxSettings, clock, create_sandbox, deliveries, pay, people, settings
from sandbox.pay import crypto, moments

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "data" / "wechat-vectors.json").read_text())
KEYS: dict[str, str] = VECTORS["keys"]
MERCHANT = crypto.private_key(KEYS["merchant_private_key_pem"].encode())
PLATFORM_PUBLIC = crypto.public_key(KEYS["platform_public_key_pem"].encode())
NOTIFY = "https://shop.example.com/pay/notify"
ORDERS = "/v3/pay/transactions"
REFUNDS = "/v3/refund/domestic/refunds"
TRANSFERS = "/v3/fund-app/mch-transfer/transfer-bills"
PASSWORD = "123456"


def pay_settings(folder: Path, **changes: Any) -> SandboxSettings:
    """Settings of a sandbox that lives in `folder`, with the published test keys and no ticker."""
    merchant, platform = folder / "merchant.pem", folder / "platform.pem"
    merchant.write_text(KEYS["merchant_public_key_pem"])
    platform.write_text(KEYS["platform_private_key_pem"])
    told: dict[str, Any] = {
        "database": folder / "sandbox.db",
        "ticker": False,
        "mchid": KEYS["merchant_mchid"],
        "merchant_serial": KEYS["merchant_serial_no"],
        "apiv3_key": KEYS["apiv3_key"],
        "platform_key_id": KEYS["platform_public_key_id"],
        "merchant_public_key_file": merchant,
        "platform_private_key_file": platform,
    }
    return SandboxSettings(**(told | changes))


@dataclass
class PayShop:
    """One merchant and its customer; `notices` holds every try that reached it, `answers` what it says to each."""

    client: FlaskClient
    openid: str
    notices: list[deliveries.Outgoing] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    @classmethod
    def open(cls, folder: Path, monkeypatch: pytest.MonkeyPatch) -> "PayShop":
        app = create_sandbox(pay_settings(folder))
        app.testing = True
        app.config.update(PAY_HOLD_SECONDS=0, PAY_SLOW_SECONDS=0)
        openid = people.create(nickname="小林", balance_fen=500_000)["openid"]
        shop = cls(app.test_client(), openid)
        monkeypatch.setattr(deliveries, "transport", shop._receive)
        return shop

    def _receive(self, outgoing: deliveries.Outgoing) -> deliveries.Answer:
        self.notices.append(outgoing)
        return deliveries.Answer(self.answers.pop(0) if self.answers else 204, b"")

    def headers(self, method: str, target: str, body: bytes, **changes: str) -> dict[str, str]:
        """Signed headers; `changes` replace what is signed or sent: timestamp, nonce_str, serial_no, mchid, key id."""
        told = {
            "mchid": KEYS["merchant_mchid"],
            "nonce_str": secrets.token_hex(16),
            "timestamp": str(int(clock.timestamp())),
            "serial_no": KEYS["merchant_serial_no"],
        } | {name: value for name, value in changes.items() if name != "wechatpay_serial"}
        if "signature" not in told:
            content = crypto.message(method, target, told["timestamp"], told["nonce_str"], body)
            told["signature"] = crypto.sign(key=MERCHANT, content=content)
        parts = ",".join(f'{name}="{value}"' for name, value in told.items())
        return {
            "Authorization": f"WECHATPAY2-SHA256-RSA2048 {parts}",
            "User-Agent": "shop",
            "Content-Type": "application/json",
            "Wechatpay-Serial": changes.get("wechatpay_serial", KEYS["platform_public_key_id"]),
        }

    def call(self, method: str, target: str, body: object = None, **changes: str) -> TestResponse:
        """One signed request; a 2xx answer must carry a good signature."""
        content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = self.headers(method, target, content, **changes)
        answer = self.client.open(target, method=method, data=content, headers=headers)
        if 200 <= answer.status_code < 300 and "/billdownload/" not in target:
            assert signature_holds(answer.headers, answer.data)
        return answer

    def get(self, target: str) -> TestResponse:
        return self.call("GET", target)

    def post(self, target: str, body: object = None) -> TestResponse:
        return self.call("POST", target, body)

    def order(self, number: str = "T20260101000001", **changes: Any) -> dict[str, Any]:
        """The body of an order over 12.34 yuan."""
        body: dict[str, Any] = {
            "appid": settings.current().appid,
            "mchid": KEYS["merchant_mchid"],
            "description": "测试商品",
            "out_trade_no": number,
            "notify_url": NOTIFY,
            "amount": {"total": 1234, "currency": "CNY"},
            "payer": {"openid": self.openid},
        }
        return {name: value for name, value in (body | changes).items() if value is not None}

    def place(self, number: str = "T20260101000001", **changes: Any) -> str:
        """Place an order and return its prepay_id."""
        answer = self.post(f"{ORDERS}/jsapi", self.order(number, **changes))
        assert answer.status_code == 200, answer.text
        return str(answer.json["prepay_id"])

    def sell(self, number: str = "T20260101000001", **changes: Any) -> dict[str, Any]:
        """Place an order, have it paid, and return it as the query tells it."""
        assert pay.pay(self.place(number, **changes), self.openid, PASSWORD) is pay.Outcome.OK
        return self.look(number)

    def look(self, number: str = "T20260101000001") -> dict[str, Any]:
        answer = self.get(f"{ORDERS}/out-trade-no/{number}?mchid={KEYS['merchant_mchid']}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json
        return found

    def purse(self) -> int:
        return int(people.get(self.openid)["balance_fen"])

    def later(self, seconds: float) -> None:
        """Let time pass and everything due happen."""
        clock.travel(clock.offset() + seconds)
        deliveries.tick()

    def travel_to(self, text: str) -> None:
        """Go to a moment in Beijing time, such as `2026-03-02T11:00:00`."""
        wanted = moments.datetime.fromisoformat(text + "+08:00").timestamp()
        clock.travel(clock.offset() + wanted - clock.timestamp())


def signature_holds(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether the platform's five headers stand for `body`."""
    if headers["Wechatpay-Serial"] != KEYS["platform_public_key_id"]:
        return False
    content = crypto.message(headers["Wechatpay-Timestamp"], headers["Wechatpay-Nonce"], body)
    return crypto.verifies(key=PLATFORM_PUBLIC, content=content, signature=headers["Wechatpay-Signature"])


def opened(outgoing: deliveries.Outgoing) -> tuple[dict[str, Any], dict[str, Any]]:
    """A notice and its decrypted resource, the signature checked first."""
    assert signature_holds(outgoing.headers, outgoing.body)
    notice = json.loads(outgoing.body)
    sealed = notice["resource"]
    plain = crypto.unseal(
        key=KEYS["apiv3_key"],
        nonce=sealed["nonce"],
        associated_data=sealed["associated_data"],
        ciphertext=sealed["ciphertext"],
    )
    return notice, json.loads(plain)


def refusal(answer: TestResponse) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, str(answer.json["code"])
