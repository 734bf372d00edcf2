"""Tokens and tickets: overlap, expiry, limits, and what a wrong one is answered."""

import pytest

from sandbox import clock, faults
from tests.sandbox.oa_shop import Shop


def stable(shop: Shop, **more) -> dict:
    return shop.client.post("/cgi-bin/stable_token", json=shop.credentials(**more)).get_json()


def classic(shop: Shop, **more) -> dict:
    return shop.client.get("/cgi-bin/token", query_string=shop.credentials(**more)).get_json()


def code_of(shop: Shop, token: str) -> int:
    answer = shop.client.get(f"/cgi-bin/tags/get?access_token={token}").get_json()
    return answer.get("errcode", 0)


def test_a_stable_token_stays_the_same_until_five_minutes_before_its_end(shop):
    first = stable(shop)
    clock.travel(6800)
    again = stable(shop)
    assert again["access_token"] == first["access_token"]
    assert 395 <= again["expires_in"] <= 400
    clock.travel(6950)
    renewed = stable(shop)
    assert renewed["access_token"] != first["access_token"]
    assert renewed["expires_in"] == 7200
    assert code_of(shop, first["access_token"]) == 0, "old and new overlap"
    clock.travel(7201)
    assert code_of(shop, first["access_token"]) == 42001
    assert code_of(shop, renewed["access_token"]) == 0


def test_a_forced_refresh_ends_the_old_token_but_not_twice_within_30_seconds(shop):
    first = stable(shop)["access_token"]
    second = stable(shop, force_refresh=True)["access_token"]
    assert second != first
    assert code_of(shop, first) == 40001
    assert stable(shop, force_refresh=True)["access_token"] == second, "too soon: nothing is refreshed"
    for number in range(2, 21):
        clock.travel(40 * number)
        stable(shop, force_refresh=True)
    used_up = stable(shop)["access_token"]
    clock.travel(40 * 30)
    assert stable(shop, force_refresh=True)["access_token"] == used_up, "20 a day"


def test_a_classic_token_lives_five_minutes_beside_the_next_one(shop):
    kept = stable(shop)["access_token"]
    first, second = classic(shop)["access_token"], classic(shop)["access_token"]
    assert first != second
    assert code_of(shop, first) == code_of(shop, second) == 0
    clock.travel(301)
    assert code_of(shop, first) == 40001
    assert code_of(shop, second) == 0
    assert code_of(shop, kept) == 0, "the two kinds don't touch each other"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"appid": "wx1"}, 40013),
        ({"secret": "no"}, 40125),
        ({"secret": ""}, 41004),
        ({"grant_type": "x"}, 40002),
    ],
)
def test_wrong_credentials_are_named(shop, change, code):
    assert stable(shop, **change)["errcode"] == code
    assert classic(shop, **change)["errcode"] == code


@pytest.mark.parametrize(("token", "code"), [("", 41001), ("abc", 40014), ("6_" + "x" * 60, 40001)])
def test_a_wrong_token_is_refused_with_http_200(shop, token, code):
    answer = shop.client.get(f"/cgi-bin/tags/get?access_token={token}")
    assert answer.status_code == 200
    assert answer.get_json()["errcode"] == code
    assert any(str(code) in reason for reason in shop.refusals())


def test_the_address_list_names_the_caller(shop):
    shop.client.post("/control/api/switches", json={"name": "ip_list", "value": "10.0.0.1"})
    answer = stable(shop)
    assert answer["errcode"] == 40164
    assert "127.0.0.1" in answer["errmsg"]


def test_the_daily_quota_ends_at_midnight_and_can_be_cleared(shop):
    shop.client.post("/control/api/switches", json={"name": "quota:/cgi-bin/tags/get", "value": "2"})
    assert [shop.get("/cgi-bin/tags/get").get("errcode", 0) for _ in range(3)] == [0, 0, 45009]
    seen = shop.post("/cgi-bin/openapi/quota/get", {"cgi_path": "/cgi-bin/tags/get"})["quota"]
    assert seen == {"daily_limit": 2, "used": 2, "remain": 0}
    assert shop.post("/cgi-bin/clear_quota", {"appid": shop.config.appid})["errcode"] == 0
    assert "errcode" not in shop.get("/cgi-bin/tags/get")


def test_the_ticket_is_kept_and_renewed(shop):
    first = shop.get("/cgi-bin/ticket/getticket", type="jsapi")
    assert first["errcode"] == 0
    assert shop.get("/cgi-bin/ticket/getticket", type="jsapi")["ticket"] == first["ticket"]
    clock.travel(7000)
    assert shop.get("/cgi-bin/ticket/getticket", type="jsapi")["ticket"] != first["ticket"]
    assert shop.get("/cgi-bin/ticket/getticket", type="other")["errcode"] == 40097


def test_faults_strike_as_often_as_armed_and_before_any_effect(shop):
    openid = shop.person()
    shop.sign_in()
    faults.arm("api_500", 2)
    remark = {"openid": openid, "remark": "老客"}
    codes = [shop.post("/cgi-bin/user/info/updateremark", remark)["errcode"] for _ in range(3)]
    assert codes == [-1, -1, 0]
    faults.arm("token_expired")
    assert shop.get("/cgi-bin/user/info", openid=openid)["errcode"] == 40001
    assert stable(shop)["access_token"] != shop.token, "the struck token is gone for good"


def test_a_lost_answer_leaves_the_effect(shop):
    openid = shop.person()
    shop.client.post("/control/api/switches", json={"name": "hang_seconds", "value": "0"})
    shop.sign_in()
    faults.arm("api_timeout_after_effect")
    answer = shop.client.post(
        f"/cgi-bin/user/info/updateremark?access_token={shop.token}",
        json={"openid": openid, "remark": "老客"},
    )
    assert answer.status_code == 504
    assert shop.get("/cgi-bin/user/info", openid=openid)["remark"] == "老客"
