"""The control page's calls, the page signature, settings, clock and cookies."""

import subprocess
import sys

import pytest

from sandbox import SandboxSettings, clock
from sandbox.oa import crypto
from sandbox.settings import SettingsError

PAGE = "http://localhost:8000/p/1?from=singlemessage"


def test_the_page_and_its_files_are_served_from_here_alone(shop):
    page = shop.client.get("/").get_data(as_text=True)
    assert "https://" not in page
    for name in (
        "app.js",
        "kit.js",
        "phone.js",
        "chat.js",
        "panel.js",
        "records.js",
        "control.css",
        "phone.css",
    ):
        assert shop.client.get(f"/control/static/{name}").status_code == 200
    assert "window.wx = wx" in shop.client.get("/jssdk/jweixin-1.6.0.js").get_data(as_text=True)
    assert shop.client.get("/control/static/../api.py").status_code == 404


def signed(shop, *, url: str = PAGE, origin: str = "http://localhost:8000", **changes) -> dict:
    ticket = shop.get("/cgi-bin/ticket/getticket", type="jsapi")["ticket"]
    timestamp = str(int(clock.timestamp()))
    signature = crypto.jssdk_signature(ticket=ticket, nonce="n1", timestamp=timestamp, url=PAGE)
    body = {"appId": shop.config.appid, "timestamp": timestamp, "nonceStr": "n1", "signature": signature}
    return shop.client.post(
        "/control/api/jssdk-check", json={**body, "url": url, "origin": origin, **changes}
    ).get_json()


def test_a_page_configures_itself_only_with_its_own_address(shop):
    assert signed(shop)["ok"] is True
    assert signed(shop, url=PAGE + "&x=1")["ok"] is False
    assert signed(shop, signature="0" * 40)["ok"] is False
    assert signed(shop, appId="wx1")["ok"] is False
    assert signed(shop, origin="https://evil.example.com")["ok"] is False
    evil = "https://evil.example.com/"
    assert "域名" in signed(shop, url=evil, origin="https://evil.example.com")["message"]
    clock.travel(7300)
    assert signed(shop, timestamp=str(int(clock.timestamp()) - 7300))["ok"] is False


def test_each_phone_keeps_its_own_shop_cookies(shop):
    first, second = shop.person(), shop.person("阿强")
    shop.client.post("/control/api/choose", json={"openid": first})
    shop.client.set_cookie("session", "of-first")
    shop.client.post("/control/api/choose", json={"openid": second})
    assert shop.client.get_cookie("session") is None
    shop.client.post("/control/api/choose", json={"openid": first})
    kept = shop.client.get_cookie("session")
    assert kept is not None
    assert kept.value == "of-first"
    assert kept.http_only


def test_a_page_is_passed_on_to_a_friend(shop):
    first, friend = shop.person(), shop.person("阿强")
    assert shop.act(first, "share", to=friend, link="javascript:alert(1)").status_code == 409
    assert (
        shop.act(first, "share", to=friend, link="http://localhost:8000/l/x", title="好物").status_code == 200
    )
    card = shop.chat(friend)[-1]
    assert card["content"]["articles"][0]["url"] == "http://localhost:8000/l/x"
    assert "小美" in card["content"]["from"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("users", {"nickname": ""}, 422),
        ("users", {"nickname": "小美", "balance_fen": -1}, 422),
        ("choose", {"openid": "oNOBODY"}, 409),
        ("act", {"openid": "oNOBODY", "act": "follow"}, 409),
        ("faults", {"name": "none"}, 422),
        ("faults", {"name": "api_500", "times": 0}, 422),
        ("clock", {"add": "soon"}, 422),
        ("switches", {"name": "callback_mode", "value": "open"}, 422),
        ("switches", {"name": "templates_seeded", "value": ""}, 422),
    ],
)
def test_wrong_calls_are_refused_in_words(shop, path, body, status):
    answer = shop.client.post(f"/control/api/{path}", json=body)
    assert answer.status_code == status
    assert answer.get_json()["message"]


def test_a_form_of_another_site_does_nothing(shop):
    openid = shop.person(follows=False)
    sent = shop.client.post("/control/api/act", data={"openid": openid, "act": "follow"})
    assert sent.status_code == 409
    assert shop.state(openid)["me"]["follows"] == 0


def test_a_leaver_is_not_heard_and_may_come_back(shop):
    openid = shop.person()
    shop.act(openid, "unfollow")
    assert shop.act(openid, "text", text="在吗").status_code == 409
    assert shop.act(openid, "unfollow").status_code == 409
    shop.act(openid, "follow")
    shop.tick()
    assert [p.event for p in shop.heard] == ["unsubscribe", "subscribe"]


def test_a_button_that_is_gone_is_not_tapped(shop):
    openid = shop.person()
    shop.post("/cgi-bin/menu/create", {"button": [{"type": "click", "name": "返现", "key": "k"}]})
    assert shop.act(openid, "menu", path=[0]).status_code == 200
    assert shop.act(openid, "menu", path=[1]).status_code == 409
    assert shop.act(openid, "menu", path=[]).status_code == 409


def test_the_clock_is_shared_through_its_file(tmp_path):
    file = tmp_path / "clock"
    clock.configure(file)
    try:
        assert clock.offset() == 0
        clock.travel(86400)
        assert file.read_text() == "86400"
        clock.configure(file)
        assert clock.offset() == 86400
        file.write_text("nonsense")
        clock.configure(file)
        assert clock.offset() == 0
    finally:
        clock.configure(None)


def test_settings_are_checked_and_production_is_refused():
    assert SandboxSettings.from_env({"SANDBOX_PORT": "9100"}).public_url == "http://localhost:9100"
    for wrong in (
        {"SHOP_ENV": "production"},
        {"SANDBOX_PORT": "x"},
        {"SANDBOX_CALLBACK_MODE": "open"},
        {"WX_AES_KEY": "short"},
        {"SHOP_BASE_URL": "shop"},
    ):
        with pytest.raises(SettingsError):
            SandboxSettings.from_env(wrong)


def test_in_production_the_process_ends_with_one_line(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "sandbox"],
        env={"SHOP_ENV": "production"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
