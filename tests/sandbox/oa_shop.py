"""A shop in front of the sandbox's official account: calls the API, hears the pushes, answers them."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sandbox import SandboxSettings, clock, create_sandbox, deliveries
from sandbox.oa import crypto, messages_xml

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "data" / "wechat-vectors.json").read_text())
SUCCESS = (200, b"success")


@dataclass
class Push:
    """One push as the shop saw it: query, raw body, and the fields inside."""

    query: dict[str, str]
    body: str
    fields: dict[str, Any]

    @property
    def event(self) -> str:
        return str(self.fields.get("Event", ""))


@dataclass
class Shop:
    """`heard` holds every push; `answers` are used up one by one, then `success` is said."""

    client: FlaskClient
    config: SandboxSettings
    heard: list[Push] = field(default_factory=list)
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    token: str = ""
    signed_in_at: float = 0.0

    def take(self, outgoing: deliveries.Outgoing) -> deliveries.Answer:
        query = {name: values[0] for name, values in parse_qs(urlsplit(outgoing.url).query).items()}
        body = outgoing.body.decode()
        fields = messages_xml.parse(body)
        if "Encrypt" in fields:
            fields = messages_xml.parse(
                crypto.decrypt(
                    encrypted=fields["Encrypt"], encoding_aes_key=self.config.aes_key, appid=self.config.appid
                )
            )
        self.heard.append(Push(query, body, fields))
        status, answer = self.answers.pop(0) if self.answers else SUCCESS
        return deliveries.Answer(status, answer)

    def sign_in(self) -> str:
        answer = self.client.post("/cgi-bin/stable_token", json=self.credentials()).get_json()
        self.token, self.signed_in_at = answer["access_token"], clock.timestamp()
        return self.token

    def live_token(self) -> str:
        fresh = self.token and abs(clock.timestamp() - self.signed_in_at) < 6000
        return self.token if fresh else self.sign_in()

    def credentials(self, **more: Any) -> dict[str, Any]:
        return {
            "grant_type": "client_credential",
            "appid": self.config.appid,
            "secret": self.config.secret,
            **more,
        }

    def get(self, path: str, **query: str) -> dict[str, Any]:
        token = self.live_token()
        return dict(self.client.get(path, query_string={"access_token": token, **query}).get_json())

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        token = self.live_token()
        raw = json.dumps(body, ensure_ascii=False).encode()
        return dict(self.client.post(f"{path}?access_token={token}", data=raw).get_json())

    def person(self, nickname: str = "小美", *, follows: bool = True) -> str:
        created = self.client.post("/control/api/users", json={"nickname": nickname}).get_json()
        if follows:
            self.act(created["openid"], "follow")
            self.tick()
            self.heard.clear()
        return str(created["openid"])

    def act(self, openid: str, act: str, **more: Any) -> TestResponse:
        return self.client.post("/control/api/act", json={"openid": openid, "act": act, **more})

    def tick(self) -> int:
        return int(self.client.post("/control/api/tick", json={}).get_json()["tries"])

    def later(self, seconds: float) -> None:
        clock.travel(clock.offset() + seconds)
        self.tick()

    def chat(self, openid: str) -> list[dict[str, Any]]:
        return list(self.client.get(f"/control/api/chat?openid={openid}").get_json()["items"])

    def texts(self, openid: str) -> list[str]:
        return [
            e["content"]["content"]
            for e in self.chat(openid)
            if e["kind"] == "text" and e["side"] == "account"
        ]

    def state(self, openid: str = "") -> dict[str, Any]:
        return dict(self.client.get(f"/control/api/state?openid={openid}").get_json())

    def refusals(self) -> list[str]:
        return [e["reason"] for e in self.state()["journal"] if e["verdict"] == "refused"]

    def reply(self, to: str, text: str, *, encrypted: bool = True, **changes: str) -> bytes:
        """A passive text reply as a shop would seal it; `changes` spoil parts of the envelope."""
        plain = messages_xml.build(
            {
                "ToUserName": to,
                "FromUserName": self.config.gh_id,
                "CreateTime": "1767225600",
                "MsgType": "text",
                "Content": text,
            }
        )
        if not encrypted:
            return plain.encode()
        sealed = crypto.encrypt(
            text=plain, encoding_aes_key=self.config.aes_key, appid=changes.get("appid", self.config.appid)
        )
        signature = crypto.sign(self.config.token, "1767225600", "n1", sealed)
        envelope = {"Encrypt": sealed, "MsgSignature": signature, "TimeStamp": "1767225600", "Nonce": "n1"}
        return messages_xml.build(envelope | {k: v for k, v in changes.items() if k in envelope}).encode()


def open_shop(folder: Path, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Shop:
    config = SandboxSettings(database=folder / "sandbox.db", ticker=False, **changes)
    shop = Shop(create_sandbox(config).test_client(), config)
    monkeypatch.setattr(deliveries, "transport", shop.take)
    return shop
