"""Users, tags, QR codes, short keys and menus."""

import io

import pytest
from PIL import Image

from sandbox import clock

VIEW = {"type": "view", "name": "商城", "url": "http://localhost:8000/"}


def scene(text: str, **more) -> dict:
    return {"action_name": "QR_LIMIT_STR_SCENE", "action_info": {"scene": {"scene_str": text}}, **more}


def test_user_info_tells_no_name_and_little_of_a_stranger(shop):
    follower, stranger = shop.person(), shop.person("阿强", follows=False)
    known = shop.get("/cgi-bin/user/info", openid=follower)
    assert known["subscribe"] == 1
    assert known["nickname"] == known["headimgurl"] == ""
    assert known["subscribe_scene"] == "ADD_SCENE_SEARCH"
    assert set(shop.get("/cgi-bin/user/info", openid=stranger)) == {"subscribe", "openid", "unionid"}
    shop.client.post("/control/api/switches", json={"name": "unionid", "value": "off"})
    assert "unionid" not in shop.get("/cgi-bin/user/info", openid=follower)
    assert shop.get("/cgi-bin/user/info", openid="oNOBODY")["errcode"] == 40003
    listed = shop.get("/cgi-bin/user/get")
    assert listed["data"]["openid"] == [follower]
    assert shop.get("/cgi-bin/user/get", next_openid=follower)["count"] == 0


def test_tags_have_limits_and_go_with_the_follow(shop):
    openid = shop.person()
    tag = shop.post("/cgi-bin/tags/create", {"tag": {"name": "老客"}})["tag"]["id"]
    assert tag >= 100
    assert shop.post("/cgi-bin/tags/create", {"tag": {"name": "老客"}})["errcode"] == 45157
    assert shop.post("/cgi-bin/tags/create", {"tag": {"name": "长" * 31}})["errcode"] == 45158
    many = {"openid_list": [openid] * 51, "tagid": tag}
    assert shop.post("/cgi-bin/tags/members/batchtagging", many)["errcode"] == 40032
    assert (
        shop.post("/cgi-bin/tags/members/batchtagging", {"openid_list": [openid], "tagid": tag})["errcode"]
        == 0
    )
    assert shop.post("/cgi-bin/tags/getidlist", {"openid": openid})["tagid_list"] == [tag]
    assert shop.post("/cgi-bin/user/tag/get", {"tagid": tag})["data"]["openid"] == [openid]
    assert shop.post("/cgi-bin/tags/delete", {"tag": {"id": 2}})["errcode"] == 45058
    shop.act(openid, "unfollow")
    assert shop.post("/cgi-bin/user/tag/get", {"tagid": tag})["count"] == 0


def test_a_permanent_code_is_the_same_when_asked_again_and_its_picture_is_a_jpeg(shop):
    first = shop.post("/cgi-bin/qrcode/create", scene("f.tb.0001"))
    assert shop.post("/cgi-bin/qrcode/create", scene("f.tb.0001")) == first
    assert "expire_seconds" not in first
    picture = shop.client.get("/cgi-bin/showqrcode", query_string={"ticket": first["ticket"]})
    assert Image.open(io.BytesIO(picture.data)).format == "JPEG"
    unencoded = shop.client.get(f"/cgi-bin/showqrcode?ticket={first['ticket']}")
    assert unencoded.status_code == 404, "the ticket holds + and must be encoded"


@pytest.mark.parametrize(
    "body",
    [
        scene(""),
        scene("x" * 65),
        {"action_name": "QR_NONE", "action_info": {"scene": {"scene_str": "a"}}},
        {"action_name": "QR_SCENE", "action_info": {"scene": {"scene_id": 0}}},
        {"action_name": "QR_LIMIT_SCENE", "action_info": {"scene": {"scene_id": 100_001}}},
        {"action_name": "QR_STR_SCENE", "expire_seconds": 59, "action_info": {"scene": {"scene_str": "a"}}},
        {
            "action_name": "QR_STR_SCENE",
            "expire_seconds": 2_592_001,
            "action_info": {"scene": {"scene_str": "a"}},
        },
    ],
)
def test_codes_out_of_bounds_are_refused(shop, body):
    assert shop.post("/cgi-bin/qrcode/create", body)["errcode"] in (40052, 40053, 40054)
    assert shop.state()["qrcodes"] == []


def test_a_temporary_code_ends(shop):
    openid = shop.person(follows=False)
    body = {
        "action_name": "QR_STR_SCENE",
        "expire_seconds": 600,
        "action_info": {"scene": {"scene_str": "t"}},
    }
    code = shop.post("/cgi-bin/qrcode/create", body)
    clock.travel(601)
    refused = shop.act(openid, "scan", text=code["url"])
    assert refused.status_code == 409
    assert shop.client.get("/cgi-bin/showqrcode", query_string={"ticket": code["ticket"]}).status_code == 404
    assert shop.state(openid)["me"]["follows"] == 0


def test_short_keys(shop):
    key = shop.post("/cgi-bin/shorten/gen", {"long_data": "客服信息", "expire_seconds": 100})["short_key"]
    assert len(key) == 15
    assert shop.post("/cgi-bin/shorten/fetch", {"short_key": key})["long_data"] == "客服信息"
    assert shop.post("/cgi-bin/shorten/gen", {"long_data": "长" * 1366})["errcode"] == 45002
    clock.travel(101)
    assert shop.post("/cgi-bin/shorten/fetch", {"short_key": key})["errcode"] != 0


def test_a_menu_is_set_shown_by_tag_and_deleted(shop):
    openid = shop.person()
    assert shop.get("/cgi-bin/menu/get")["errcode"] == 46003
    assert shop.post("/cgi-bin/menu/create", {"button": [VIEW]})["errcode"] == 0
    tag = shop.post("/cgi-bin/tags/create", {"tag": {"name": "金卡"}})["tag"]["id"]
    gold = {"button": [{**VIEW, "name": "金卡"}], "matchrule": {"tag_id": str(tag)}}
    number = shop.post("/cgi-bin/menu/addconditional", gold)["menuid"]
    assert shop.post("/cgi-bin/menu/trymatch", {"user_id": openid})["button"][0]["name"] == "商城"
    shop.post("/cgi-bin/tags/members/batchtagging", {"openid_list": [openid], "tagid": tag})
    assert shop.state(openid)["phone"]["menu"][0]["name"] == "金卡"
    assert shop.get("/cgi-bin/menu/get")["conditionalmenu"][0]["menuid"] == int(number)
    assert shop.get("/cgi-bin/menu/delete")["errcode"] == 0
    assert shop.state(openid)["phone"]["menu"] == []


@pytest.mark.parametrize(
    ("button", "code"),
    [
        ([], 40016),
        ([VIEW] * 4, 40016),
        ([{**VIEW, "name": "长" * 6}], 40018),
        ([{**VIEW, "url": ""}], 40020),
        ([{**VIEW, "url": "/relative"}], 40055),
        ([{"type": "click", "name": "a", "key": "k" * 129}], 40019),
        ([{"type": "none", "name": "a"}], 40017),
        ([{"name": "a", "sub_button": [VIEW] * 6}], 40023),
        ([{"name": "a", "sub_button": [{**VIEW, "name": "长" * 21}]}], 40025),
        ([{"name": "a", "sub_button": [{"name": "b", "sub_button": [VIEW]}]}], 40022),
    ],
)
def test_menus_out_of_bounds_are_refused(shop, button, code):
    assert shop.post("/cgi-bin/menu/create", {"button": button})["errcode"] == code
    assert shop.get("/cgi-bin/menu/get")["errcode"] == 46003


def test_escaped_chinese_reaches_the_users_as_escapes(shop):
    openid = shop.person()
    raw = shop.client.post(
        f"/cgi-bin/menu/create?access_token={shop.sign_in()}",
        data=b'{"button": [{"type": "click", "name": "\\u5e97", "key": "k"}]}',
    )
    assert raw.get_json()["errcode"] == 0
    assert shop.state(openid)["phone"]["menu"][0]["name"] == "\\u5e97"
