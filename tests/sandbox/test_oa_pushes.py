"""Pushes to the shop: three modes, replies, tries, faults, and one story over real HTTP."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from sandbox import clock, deliveries, faults
from sandbox.oa import crypto, messages_xml, pushes
from tests.sandbox.oa_shop import Shop, open_shop

REAL_TRANSPORT = deliveries.transport


def qr(shop: Shop, scene: str = "f.tb.0001") -> dict:
    body = {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": scene}}}
    return shop.post("/cgi-bin/qrcode/create", body)


@pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
def test_a_push_is_signed_in_every_mode(tmp_path, monkeypatch, mode):
    shop = open_shop(tmp_path, monkeypatch, callback_mode=mode)
    openid = shop.person(follows=False)
    shop.act(openid, "follow")
    shop.tick()
    push = shop.heard[0]
    query = push.query
    assert query["signature"] == crypto.sign(shop.config.token, query["timestamp"], query["nonce"])
    assert query["openid"] == openid
    outer = messages_xml.parse(push.body)
    assert ("Encrypt" in outer) == (mode != "plain")
    assert ("FromUserName" in outer) == (mode != "safe")
    if mode != "plain":
        assert query["encrypt_type"] == "aes"
        signed = crypto.sign(shop.config.token, query["timestamp"], query["nonce"], outer["Encrypt"])
        assert query["msg_signature"] == signed
    assert (push.event, push.fields["FromUserName"]) == ("subscribe", openid)


def test_scanning_follows_with_the_scene_and_later_only_scans(shop):
    openid, code = shop.person(follows=False), qr(shop)
    found = shop.act(openid, "scan", text=code["url"]).get_json()
    assert found["result"] == "profile"
    assert shop.tick() == 0, "looking at the profile pushes nothing"
    shop.act(openid, "follow", qr_url=code["url"])
    assert shop.act(openid, "scan", text=code["url"]).get_json()["result"] == "scanned"
    shop.tick()
    assert [(p.event, p.fields["EventKey"]) for p in shop.heard] == [
        ("subscribe", "qrscene_f.tb.0001"),
        ("SCAN", "f.tb.0001"),
    ]
    assert {p.fields["Ticket"] for p in shop.heard} == {code["ticket"]}
    info = shop.get("/cgi-bin/user/info", openid=openid)
    assert (info["subscribe_scene"], info["qr_scene_str"]) == ("ADD_SCENE_QR_CODE", "f.tb.0001")
    assert shop.act(openid, "follow").status_code == 409


def test_any_other_code_opens_or_is_read(shop):
    openid = shop.person()
    assert shop.act(openid, "scan", text=" http://localhost:8000/l/ab ").get_json()["result"] == "open"
    assert shop.act(openid, "scan", text="6901234567892").get_json()["result"] == "text"
    assert shop.tick() == 0


def test_an_encrypted_reply_is_opened_and_shown(shop):
    openid = shop.person()
    shop.answers = [(200, shop.reply(openid, "欢迎光临"))]
    shop.act(openid, "text", text="在吗")
    assert shop.tick() == 1
    assert shop.texts(openid) == ["欢迎光临"]
    assert shop.heard[0].fields["Content"] == "在吗"
    assert shop.heard[0].fields["MsgId"].isdigit()


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda s, o: s.reply(o, "嗨", encrypted=False), "须加密"),
        (lambda s, o: s.reply(o, "嗨", MsgSignature="0" * 40), "MsgSignature"),
        (lambda s, o: s.reply(o, "嗨", appid="wxffffffffffffffff"), "appid"),
        (lambda s, o: s.reply(o, "嗨", Encrypt="AAAA"), "MsgSignature"),
        (lambda s, o: s.reply("oOTHER", "嗨"), "对调"),
        (lambda s, o: s.reply(o, "长" * 683), "2048"),
        (lambda s, o: b"<xml><a", "XML"),
        (lambda s, o: b'<!DOCTYPE xml [<!ENTITY e "x">]><xml>&e;</xml>', "XML"),
        (lambda s, o: b"ok", "XML"),
    ],
)
def test_a_wrong_reply_is_refused_said_why_and_tried_again(shop, spoil, why):
    openid = shop.person()
    shop.answers = [(200, spoil(shop, openid))] * 3
    shop.act(openid, "text", text="在吗")
    shop.tick()
    latest = shop.state()["deliveries"][0]
    assert latest["state"] == "waiting"
    assert why in latest["verdict"]
    assert shop.texts(openid) == []


def test_a_silent_shop_is_asked_three_times_and_the_user_is_told(shop):
    openid = shop.person()
    shop.answers = [(500, b""), (0, b""), (302, b"")]
    shop.act(openid, "text", text="在吗")
    assert shop.tick() == 1
    assert shop.tick() == 0, "the next try waits five seconds"
    shop.later(5)
    shop.later(5)
    shop.later(60)
    assert len(shop.heard) == 3
    assert {p.fields["MsgId"] for p in shop.heard} == {shop.heard[0].fields["MsgId"]}
    assert len({p.query["nonce"] for p in shop.heard}) == 3
    assert shop.chat(openid)[-1]["content"]["content"] == pushes.OUT_OF_ORDER
    assert shop.state()["deliveries"][0]["state"] == "failed"


def test_a_delivery_can_be_sent_again_by_hand(shop):
    openid = shop.person()
    shop.act(openid, "text", text="在吗")
    shop.tick()
    number = shop.state()["deliveries"][0]["id"]
    assert shop.client.post(f"/control/api/deliveries/{number}/again", json={}).status_code == 200
    assert shop.tick() == 1
    assert shop.heard[0].fields == shop.heard[1].fields
    assert shop.client.post("/control/api/deliveries/999/again", json={}).status_code == 409


def test_duplicates_losses_and_overtaking(shop):
    openid = shop.person()
    faults.arm("push_duplicate")
    shop.act(openid, "text", text="一")
    shop.tick()
    assert [p.fields["Content"] for p in shop.heard] == ["一", "一"]
    assert shop.heard[0].fields["MsgId"] == shop.heard[1].fields["MsgId"]
    faults.arm("push_lost")
    shop.act(openid, "text", text="二")
    shop.later(3600)
    assert len(shop.heard) == 2
    faults.arm("push_reordered")
    shop.act(openid, "text", text="三")
    shop.act(openid, "text", text="四")
    shop.tick()
    shop.later(10)
    assert [p.fields["Content"] for p in shop.heard[2:]] == ["四", "三"]
    faults.arm("push_late")
    shop.act(openid, "text", text="五")
    assert shop.tick() == 0
    shop.later(20)
    assert shop.heard[-1].fields["Content"] == "五"


def test_a_forged_push_comes_first_and_taking_it_is_pointed_out(shop):
    openid = shop.person()
    for status, words in ((403, "正确"), (200, "应拒绝")):
        faults.arm("push_forged")
        shop.heard.clear()
        shop.answers = [(status, b"")]
        shop.act(openid, "text", text="在吗")
        assert shop.tick() == 2
        forged, genuine = shop.heard
        assert forged.query["signature"] != crypto.sign(
            shop.config.token, forged.query["timestamp"], forged.query["nonce"]
        )
        assert genuine.query["signature"] == crypto.sign(
            shop.config.token, genuine.query["timestamp"], genuine.query["nonce"]
        )
        assert any(words in d["verdict"] for d in shop.state()["deliveries"][:2])


def test_turning_the_clock_back_keeps_the_pauses(shop):
    openid = shop.person()
    clock.travel(86400)
    shop.answers = [(500, b"")]
    shop.act(openid, "text", text="在吗")
    shop.tick()
    shop.client.post("/control/api/clock", json={"offset": 0})
    shop.later(5)
    assert len(shop.heard) == 2


class Counter(BaseHTTPRequestHandler):
    """A shop of a few lines on a real socket: echoes the check, welcomes who follows."""

    config: ClassVar[Shop]
    seen: ClassVar[list[str]] = []

    def good(self) -> bool:
        query = dict(pair.split("=", 1) for pair in self.path.partition("?")[2].split("&"))
        return query["signature"] == crypto.sign(self.config.config.token, query["timestamp"], query["nonce"])

    def say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        echo = self.path.split("echostr=")[1].split("&")[0]
        self.say(200, echo.encode()) if self.good() else self.say(403, b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if not self.good():
            self.say(403, b"")
            return
        settings = self.config.config
        fields = messages_xml.parse(
            crypto.decrypt(
                encrypted=messages_xml.parse(body)["Encrypt"],
                encoding_aes_key=settings.aes_key,
                appid=settings.appid,
            )
        )
        self.seen.append(fields["Event"])
        self.say(200, self.config.reply(fields["FromUserName"], "欢迎关注"))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def counter() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Counter)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_over_real_http_the_address_is_checked_and_a_follower_welcomed(tmp_path, monkeypatch, counter):
    address = f"http://127.0.0.1:{counter.server_address[1]}"
    shop = open_shop(tmp_path, monkeypatch, shop_url=address)
    monkeypatch.setattr(deliveries, "transport", REAL_TRANSPORT)
    Counter.config, Counter.seen[:] = shop, []
    assert shop.client.post("/control/api/verify", json={}).get_json()["ok"] is True
    openid = shop.person(follows=False)
    faults.arm("push_forged")
    shop.act(openid, "follow")
    assert shop.tick() == 2
    assert Counter.seen == ["subscribe"]
    assert shop.texts(openid) == ["欢迎关注"]


def test_a_shop_that_is_away_is_said_to_be_away(tmp_path, monkeypatch):
    shop = open_shop(tmp_path, monkeypatch, shop_url="http://127.0.0.1:9")
    monkeypatch.setattr(deliveries, "transport", REAL_TRANSPORT)
    assert shop.client.post("/control/api/verify", json={}).get_json()["ok"] is False
    shop.act(shop.client.post("/control/api/users", json={"nickname": "小美"}).get_json()["openid"], "follow")
    assert shop.tick() == 1
    assert "连不上" in shop.state()["deliveries"][0]["verdict"]
