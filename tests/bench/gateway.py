"""The least of a WeChat Pay that a purchase needs: prepay answered and signed, and a payment notice, signed and sealed.

It shares nothing with the shop: keys and layouts are those that the platform publishes.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.support.keys import vectors

PREPAY = "POST /v3/pay/transactions/jsapi"
ORIGINAL_TYPE = "transaction"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the shop asked to be paid."""

    out_trade_no: str
    appid: str
    mchid: str
    openid: str
    fen: int


class Gateway:
    """Answers on loopback; `asked` holds each prepay by its id."""

    def __init__(self) -> None:
        keys = vectors()["keys"]
        private = load_pem_private_key(keys["platform_private_key_pem"].encode(), password=None)
        if not isinstance(private, RSAPrivateKey):
            raise TypeError("the platform's key is an RSA key")
        self.private = private
        self.serial: str = keys["platform_public_key_id"]
        self.sealer = AESGCM(keys["apiv3_key"].encode())
        self.asked: dict[str, Asked] = {}
        self.numbers = itertools.count(1)

    async def serve(self, port: int) -> asyncio.Server:
        return await asyncio.start_server(self._connected, "127.0.0.1", port)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                lengths = [
                    int(line.split(":", 1)[1])
                    for line in head.split("\r\n")
                    if line.lower().startswith("content-length:")
                ]
                body = await reader.readexactly(lengths[0]) if lengths else b""
                writer.write(self._answer(head, body))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _answer(self, head: str, body: bytes) -> bytes:
        if not head.startswith(PREPAY):
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        order = json.loads(body)
        prepay_id = f"wx{next(self.numbers):034d}"
        self.asked[prepay_id] = Asked(
            out_trade_no=order["out_trade_no"],
            appid=order["appid"],
            mchid=order["mchid"],
            openid=order["payer"]["openid"],
            fen=order["amount"]["total"],
        )
        answer = json.dumps({"prepay_id": prepay_id}).encode()
        return response(200, answer, self.signed(answer))

    def signed(self, body: bytes) -> dict[str, str]:
        """Headers with the platform's signature over time, nonce and body, each line ended."""
        timestamp, nonce = str(int(time.time())), secrets.token_hex(16)
        message = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
        signature = self.private.sign(message, PKCS1v15(), hashes.SHA256())
        return {
            "Wechatpay-Timestamp": timestamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature": base64.b64encode(signature).decode(),
            "Wechatpay-Serial": self.serial,
            "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        }

    def notice(self, prepay_id: str) -> tuple[bytes, dict[str, str]]:
        """Body and headers of the notice that this prepay was paid."""
        asked, number = self.asked.pop(prepay_id), next(self.numbers)
        trade = {
            "appid": asked.appid,
            "mchid": asked.mchid,
            "out_trade_no": asked.out_trade_no,
            "transaction_id": f"4200{number:024d}",
            "trade_type": "JSAPI",
            "trade_state": "SUCCESS",
            "trade_state_desc": "支付成功",
            "bank_type": "OTHERS",
            "attach": "",
            "success_time": time.strftime("%Y-%m-%dT%H:%M:%S+08:00", time.gmtime(time.time() + 8 * 3600)),
            "payer": {"openid": asked.openid},
            "amount": {
                "total": asked.fen,
                "payer_total": asked.fen,
                "currency": "CNY",
                "payer_currency": "CNY",
            },
        }
        body = json.dumps(self._envelope(trade, number)).encode()
        return body, self.signed(body)

    def _envelope(self, trade: dict[str, Any], number: int) -> dict[str, Any]:
        nonce = secrets.token_hex(6)
        sealed = self.sealer.encrypt(nonce.encode(), json.dumps(trade).encode(), ORIGINAL_TYPE.encode())
        return {
            "id": f"bench-{number}",
            "create_time": trade["success_time"],
            "resource_type": "encrypt-resource",
            "event_type": "TRANSACTION.SUCCESS",
            "summary": "支付成功",
            "resource": {
                "original_type": ORIGINAL_TYPE,
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": base64.b64encode(sealed).decode(),
                "associated_data": ORIGINAL_TYPE,
                "nonce": nonce,
            },
        }


def response(status: int, body: bytes, headers: dict[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{lines}\r\n"
    return head.encode() + body
