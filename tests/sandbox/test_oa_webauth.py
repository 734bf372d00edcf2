"""Web authorisation: who is asked, what a code is worth, what a snapshot hides."""

from urllib.parse import parse_qs, quote, urlsplit

import pytest

from sandbox import clock
from tests.sandbox.oa_shop import VECTORS, open_shop

BACK = "http://localhost:8000/auth/wechat/callback?next=/me"


def page(shop, *, scope: str = "snsapi_base", back: str = BACK, **more) -> str:
    query = {
        "appid": shop.config.appid,
        "redirect_uri": back,
        "response_type": "code",
        "scope": scope,
        "state": "st8",
        **more,
    }
    return "/connect/oauth2/authorize?" + "&".join(f"{k}={quote(v, safe='')}" for k, v in query.items())


def hold_phone(shop, openid: str) -> None:
    shop.client.post("/control/api/choose", json={"openid": openid})


def code_in(answer) -> str:
    return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]


def exchange(shop, code: str) -> dict:
    query = {
        "appid": shop.config.appid,
        "secret": shop.config.secret,
        "code": code,
        "grant_type": "authorization_code",
    }
    return shop.client.get("/sns/oauth2/access_token", query_string=query).get_json()


def test_base_is_silent_and_tells_the_openid_alone(shop):
    openid = shop.person(follows=False)
    hold_phone(shop, openid)
    answer = shop.client.get(page(shop))
    target = urlsplit(answer.headers["Location"])
    assert answer.status_code == 302
    assert parse_qs(target.query)["next"] == ["/me"]
    assert parse_qs(target.query)["state"] == ["st8"]
    grant = exchange(shop, code_in(answer))
    assert grant["openid"] == openid
    assert "unionid" not in grant
    assert "is_snapshotuser" not in grant
    info = {"access_token": grant["access_token"], "openid": openid}
    assert shop.client.get("/sns/userinfo", query_string=info).get_json()["errcode"] == 48001


def test_a_code_is_good_once_and_for_five_minutes(shop):
    openid = shop.person()
    first = shop.client.post("/control/api/codes", json={"openid": openid}).get_json()["code"]
    second = shop.client.post("/control/api/codes", json={"openid": openid}).get_json()["code"]
    assert exchange(shop, first)["openid"] == openid
    assert exchange(shop, first)["errcode"] == 40163
    clock.travel(301)
    assert exchange(shop, second)["errcode"] == 40029
    assert exchange(shop, "made-up")["errcode"] == 40029


def test_userinfo_asks_and_refusing_gives_no_code(shop):
    openid = shop.person(follows=False)
    hold_phone(shop, openid)
    asked = shop.client.get(page(shop, scope="snsapi_userinfo"))
    assert asked.status_code == 200
    assert "小美" in asked.get_data(as_text=True)
    refused = shop.client.post(page(shop, scope="snsapi_userinfo"), data={"decision": "refuse"})
    assert refused.status_code == 200
    assert "Location" not in refused.headers
    agreed = shop.client.post(page(shop, scope="snsapi_userinfo"), data={"decision": "agree"})
    grant = exchange(shop, code_in(agreed))
    info = shop.client.get(
        "/sns/userinfo", query_string={"access_token": grant["access_token"], "openid": openid}
    ).get_json()
    assert info["nickname"] == "小美"
    assert info["unionid"] == grant["unionid"]
    assert info["headimgurl"].endswith("/132")
    assert shop.client.get(urlsplit(info["headimgurl"]).path).mimetype == "image/png"


def test_a_snapshot_is_a_virtual_person(shop):
    openid = shop.person()
    hold_phone(shop, openid)
    answer = shop.client.post(page(shop, scope="snsapi_userinfo"), data={"decision": "snapshot"})
    grant = exchange(shop, code_in(answer))
    assert grant["is_snapshotuser"] == 1
    assert grant["openid"] != openid
    info = {"access_token": grant["access_token"], "openid": grant["openid"]}
    assert shop.client.get("/sns/userinfo", query_string=info).get_json()["nickname"] == "微信用户"


def test_a_follower_from_the_chat_is_not_asked_unless_the_page_insists(shop):
    openid = shop.person()
    hold_phone(shop, openid)
    assert shop.client.get(page(shop, scope="snsapi_userinfo")).status_code == 200
    shop.client.set_cookie("sandbox_entry", "chat")
    assert shop.client.get(page(shop, scope="snsapi_userinfo")).status_code == 302
    assert shop.client.get(page(shop, scope="snsapi_userinfo", forcePopup="true")).status_code == 200


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"back": "https://evil.example.com/x"}, "10003"),
        ({"scope": "snsapi_all"}, "10005"),
        ({"appid": "wx1"}, "10004"),
        ({"back": ""}, "10010"),
        ({"state": "a b"}, "10013"),
    ],
)
def test_a_wrong_address_gets_a_page_and_no_code(shop, changes, shown):
    hold_phone(shop, shop.person())
    answer = shop.client.get(page(shop, **changes))
    assert answer.status_code == 200
    assert shown in answer.get_data(as_text=True)
    assert any(shown in reason for reason in shop.refusals())


def test_without_a_phone_in_hand_one_is_chosen_first(shop):
    openid = shop.person()
    asked = shop.client.get(page(shop))
    assert "小美" in asked.get_data(as_text=True)
    chosen = shop.client.post(page(shop), data={"decision": "choose", "openid": openid})
    assert chosen.status_code == 302
    assert exchange(shop, code_in(shop.client.get(chosen.headers["Location"])))["openid"] == openid


def test_tokens_end_are_refreshed_and_checked(shop):
    openid = shop.person()
    code = shop.client.post(
        "/control/api/codes", json={"openid": openid, "scope": "snsapi_userinfo"}
    ).get_json()
    grant = exchange(shop, code["code"])
    info = {"access_token": grant["access_token"], "openid": openid}
    assert shop.client.get("/sns/auth", query_string=info).get_json()["errcode"] == 0
    assert shop.client.get("/sns/auth", query_string={**info, "openid": "x"}).get_json()["errcode"] == 40003
    clock.travel(7201)
    assert shop.client.get("/sns/userinfo", query_string=info).get_json()["errcode"] == 42001
    refresh = {
        "appid": shop.config.appid,
        "grant_type": "refresh_token",
        "refresh_token": grant["refresh_token"],
    }
    assert shop.client.get("/sns/oauth2/refresh_token", query_string=refresh).get_json()["openid"] == openid
    assert shop.client.get("/sns/userinfo", query_string=info).get_json()["openid"] == openid
    clock.travel(31 * 86400)
    assert shop.client.get("/sns/oauth2/refresh_token", query_string=refresh).get_json()["errcode"] == 42002


@pytest.mark.parametrize("case", VECTORS["oauth_authorize_url"], ids=lambda c: c["id"])
def test_the_published_address_is_understood(tmp_path, monkeypatch, case):
    shop = open_shop(tmp_path, monkeypatch, appid=case["appid"], shop_url="https://shop.example.com")
    hold_phone(shop, shop.person())
    target = urlsplit(case["url"])
    answer = shop.client.post(f"{target.path}?{target.query}", data={"decision": "agree"})
    location = answer.headers["Location"]
    assert location.startswith(case["redirect_uri"].split("?")[0])
    assert parse_qs(urlsplit(location).query)["state"] == [case["state"]]


def test_withdrawing_ends_the_tokens_and_tells_the_shop(shop):
    openid = shop.person()
    code = shop.client.post(
        "/control/api/codes", json={"openid": openid, "scope": "snsapi_userinfo"}
    ).get_json()
    grant = exchange(shop, code["code"])
    shop.act(openid, "revoke")
    shop.tick()
    info = {"access_token": grant["access_token"], "openid": openid}
    assert shop.client.get("/sns/userinfo", query_string=info).get_json()["errcode"] == 40001
    assert shop.heard[-1].event == "user_authorization_revoke"
