"""Customer-service messages, template messages, subscription notices, mass messages, contents."""

import io

import pytest

from sandbox import clock, faults
from sandbox.oa.templates import private_id

SHIPPED = private_id("43217")
NOTICE = private_id("9002", system="notice")


def text(openid: str, words: str = "您好") -> dict:
    return {"touser": openid, "msgtype": "text", "text": {"content": words}}


def shipped(**changes: str) -> dict:
    values = {
        "character_string1": "H20260101000001",
        "thing2": "婴儿纯棉连体衣",
        "thing3": "顺丰速运",
        "character_string4": "SF1234567890",
        "time5": "2026年1月1日 15:01",
        **changes,
    }
    return {name: {"value": value} for name, value in values.items()}


def send(shop, body: dict) -> int:
    return shop.post("/cgi-bin/message/custom/send", body)["errcode"]


def template(shop, openid: str, **more) -> dict:
    return shop.post(
        "/cgi-bin/message/template/send",
        {"touser": openid, "template_id": SHIPPED, "data": shipped(), **more},
    )


def test_a_follow_opens_three_messages_for_one_minute(shop):
    openid = shop.person()
    assert [send(shop, text(openid, f"第 {n} 条")) for n in range(4)] == [0, 0, 0, 45047]
    clock.travel(61)
    assert send(shop, text(openid)) == 45015
    assert shop.texts(openid) == ["第 0 条", "第 1 条", "第 2 条"]


def test_a_message_opens_five_for_48_hours_and_the_next_message_renews_them(shop):
    openid = shop.person()
    clock.travel(61)
    shop.act(openid, "text", text="在吗")
    assert [send(shop, text(openid)) for _ in range(6)] == [0] * 5 + [45047]
    shop.act(openid, "text", text="还在吗")
    clock.travel(61 + 47 * 3600)
    assert send(shop, text(openid)) == 0
    clock.travel(61 + 49 * 3600)
    assert send(shop, text(openid)) == 45015


def test_only_click_and_scan_open_the_menu_window(shop):
    openid = shop.person()
    menu = [
        {"type": "view", "name": "商城", "url": "http://localhost:8000/"},
        {"type": "click", "name": "返现", "key": "cashback"},
    ]
    shop.post("/cgi-bin/menu/create", {"button": menu})
    clock.travel(61)
    assert shop.act(openid, "menu", path=[0]).get_json() == {
        "result": "open",
        "url": "http://localhost:8000/",
    }
    assert send(shop, text(openid)) == 45015
    shop.act(openid, "menu", path=[1])
    assert send(shop, text(openid)) == 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"msgtype": "text", "text": {"content": "长" * 683}}, 45002),
        ({"msgtype": "fax"}, 40008),
        ({"msgtype": "news", "news": {"articles": [{"title": "a"}, {"title": "b"}]}}, 45008),
        ({"msgtype": "image", "image": {"media_id": "none"}}, 40007),
    ],
)
def test_a_message_out_of_bounds_is_refused_and_uses_nothing_up(shop, body, code):
    openid = shop.person()
    assert send(shop, {"touser": openid, **body}) == code
    assert shop.state(openid)["phone"]["windows"][0]["left"] == 3


def test_nobody_and_leavers_get_no_message(shop):
    assert send(shop, text("oNOBODY")) == 40003
    openid = shop.person()
    shop.act(openid, "unfollow")
    assert send(shop, text(openid)) == 45015
    assert shop.texts(openid) == []


def test_typing_needs_a_fresh_exchange_and_is_not_said_twice(shop):
    openid = shop.person()
    path, body = "/cgi-bin/message/custom/typing", {"touser": openid, "command": "Typing"}
    assert [shop.post(path, body)["errcode"] for _ in range(2)] == [0, 45081]
    assert shop.post(path, {**body, "command": "CancelTyping"})["errcode"] == 0
    clock.travel(31)
    assert shop.post(path, body)["errcode"] == 45080


def test_a_template_message_is_shown_and_its_result_comes_by_push(shop):
    openid = shop.person()
    answer = template(shop, openid, url="http://localhost:8000/orders/1")
    assert answer["errcode"] == 0
    card = shop.chat(openid)[-1]
    assert card["content"]["title"] == "订单发货通知"
    assert ["快递公司", "顺丰速运"] in card["content"]["rows"]
    shop.later(1)
    assert shop.heard[-1].event == "TEMPLATESENDJOBFINISH"
    assert shop.heard[-1].fields["MsgID"] == str(answer["msgid"])
    assert shop.heard[-1].fields["Status"] == "success"


def test_the_same_client_message_is_sent_once_within_ten_minutes(shop):
    openid, other = shop.person(), shop.person("阿强")
    first = template(shop, openid, client_msg_id="order-1-shipped")
    assert template(shop, openid, client_msg_id="order-1-shipped")["msgid"] == first["msgid"]
    assert template(shop, other, client_msg_id="order-1-shipped")["msgid"] != first["msgid"]
    cards = [e for e in shop.chat(openid) if e["kind"] == "template"]
    assert len(cards) == 1
    clock.travel(601)
    assert template(shop, openid, client_msg_id="order-1-shipped")["msgid"] != first["msgid"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("thing2", "一二三四五六七八九十一二三四五六七八九十一"),
        ("thing2", ""),
        ("character_string1", "订单1"),
        ("character_string4", "x" * 33),
        ("time5", "昨天下午"),
    ],
)
def test_a_field_out_of_bounds_is_named_and_nothing_is_sent(shop, field, value):
    openid = shop.person()
    answer = template(shop, openid, data=shipped(**{field: value}))
    assert answer["errcode"] == 47003
    assert f"data.{field}.value" in answer["errmsg"]
    assert [e for e in shop.chat(openid) if e["kind"] == "template"] == []


@pytest.mark.parametrize(
    ("number", "field", "good", "bad"),
    [
        ("43221", "phrase1", "充值", "充值到账成功"),
        ("43221", "amount2", "¥100.00", "一百元"),
        ("43221", "amount2", "100.5元", "¥12345678901"),
        ("43222", "number2", "-88.5", "88 分"),
        ("43223", "const2", "已同意", "同意了"),
        ("43221", "time4", "2026-11-22 15:01~2026-11-23 15:01", "尽快"),
    ],
)
def test_each_type_of_field_has_its_bounds(shop, number, field, good, bad):
    openid = shop.person()
    listed = shop.get("/cgi-bin/template/get_all_private_template")["template_list"]
    found = next(t for t in listed if t["template_id"] == private_id(number))
    names = [line.split("{{")[1].split(".")[0] for line in found["content"].split()]
    samples = [line.split(":", 1)[1] for line in found["example"].strip().split("\n")]
    data = {n: {"value": s} for n, s in zip(names, samples, strict=True)}
    body = {"touser": openid, "template_id": private_id(number), "data": data}
    for value, code in ((good, 0), (bad, 47003)):
        data[field] = {"value": value}
        assert shop.post("/cgi-bin/message/template/send", body)["errcode"] == code, value


def test_template_messages_go_to_followers_who_let_them_in(shop):
    stranger, blocker = shop.person(follows=False), shop.person("阿强")
    assert template(shop, stranger)["errcode"] == 43004
    assert template(shop, "oNOBODY")["errcode"] == 40003
    assert template(shop, blocker, template_id=NOTICE)["errcode"] == 40037, "notices live in another list"
    shop.act(blocker, "block", blocked=True)
    assert template(shop, blocker)["errcode"] == 0
    shop.later(1)
    assert shop.heard[-1].fields["Status"] == "failed:user block"
    assert [e for e in shop.chat(blocker) if e["kind"] == "template"] == []


def test_a_template_is_added_with_chosen_keywords(shop):
    path = "/cgi-bin/template/api_add_template"
    assert shop.post(path, {"template_id_short": "43216", "keyword_name_list": []})["errcode"] == 40246
    assert shop.post(path, {"template_id_short": "43216", "keyword_name_list": ["星座"]})["errcode"] == 40246
    added = shop.post(path, {"template_id_short": "43216", "keyword_name_list": ["订单编号", "支付金额"]})
    listed = shop.get("/cgi-bin/template/get_all_private_template")["template_list"]
    content = next(t["content"] for t in listed if t["template_id"] == added["template_id"])
    assert content == "订单编号:{{character_string1.DATA}}\n支付金额:{{amount3.DATA}}\n"


def test_a_failed_delivery_is_told_afterwards(shop):
    openid = shop.person()
    faults.arm("template_failed")
    assert template(shop, openid)["errcode"] == 0
    shop.later(1)
    assert shop.heard[-1].fields["Status"] == "failed: system failed"


def test_a_notice_needs_one_consent_each_and_reaches_strangers(shop):
    openid = shop.person(follows=False)
    data = {"thing1": {"value": "奶粉"}, "amount2": {"value": "¥88.00"}, "thing3": {"value": "库存有限"}}
    body = {"touser": openid, "template_id": NOTICE, "page": "http://localhost:8000/p/1", "data": data}
    path = "/cgi-bin/message/subscribe/bizsend"
    assert shop.post(path, body)["errcode"] == 43101
    shop.act(openid, "notice_answer", answers={NOTICE: "accept"})
    shop.tick()
    popup = shop.heard[-1].fields["SubscribeMsgPopupEvent"]["List"]
    assert popup == {"TemplateId": NOTICE, "SubscribeStatusString": "accept", "PopupScene": "1"}
    assert [shop.post(path, body)["errcode"] for _ in range(2)] == [0, 43101]
    shop.act(openid, "notice_answer", answers={NOTICE: "accept"})
    shop.act(openid, "notice_off", template_id=NOTICE)
    assert shop.post(path, body)["errcode"] == 43101
    assert len([e for e in shop.chat(openid) if e["kind"] == "template"]) == 1


def test_a_user_gets_four_mass_messages_a_month(shop):
    first, second = shop.person(), shop.person("阿强")
    tag = shop.post("/cgi-bin/tags/create", {"tag": {"name": "老客"}})["tag"]["id"]
    shop.post("/cgi-bin/tags/members/batchtagging", {"openid_list": [first], "tagid": tag})
    body = {"filter": {"is_to_all": False, "tag_id": tag}, "msgtype": "text", "text": {"content": "上新了"}}
    for _ in range(5):
        assert shop.post("/cgi-bin/message/mass/sendall", body)["errcode"] == 0
    assert len(shop.texts(first)) == 4
    assert shop.texts(second) == []
    shop.later(1)
    results = [p.fields["SentCount"] for p in shop.heard if p.event == "MASSSENDJOBFINISH"]
    assert results == ["1", "1", "1", "1", "0"]


def test_to_all_is_once_a_day_and_a_repeat_names_the_first(shop):
    shop.person()
    body = {
        "filter": {"is_to_all": True},
        "msgtype": "text",
        "text": {"content": "上新了"},
        "clientmsgid": "m1",
    }
    first = shop.post("/cgi-bin/message/mass/sendall", body)
    again = shop.post("/cgi-bin/message/mass/send", {**body, "touser": ["a", "b"]})
    assert again["errcode"] == 40003
    assert shop.post("/cgi-bin/message/mass/sendall", {**body, "clientmsgid": "m2"})["errcode"] == 45028
    clock.travel(86400)
    repeat = shop.post("/cgi-bin/message/mass/sendall", body)
    assert (repeat["errcode"], repeat["msg_id"]) == (45065, first["msg_id"])
    assert shop.post("/cgi-bin/message/mass/get", {"msg_id": first["msg_id"]})["msg_status"] == "SEND_SUCCESS"


def test_a_picture_a_draft_and_its_publication(shop):
    shop.sign_in()
    upload = shop.client.post(
        f"/cgi-bin/material/add_material?type=image&access_token={shop.token}",
        data={"media": (io.BytesIO(b"picture"), "a.png")},
    ).get_json()
    article = {"title": "新品", "content": "<p>正文</p>", "thumb_media_id": upload["media_id"]}
    assert (
        shop.post("/cgi-bin/draft/add", {"articles": [{**article, "thumb_media_id": "x"}]})["errcode"]
        == 40007
    )
    draft = shop.post("/cgi-bin/draft/add", {"articles": [article]})
    assert shop.get("/cgi-bin/draft/count")["total_count"] == 1
    published = shop.post("/cgi-bin/freepublish/submit", {"media_id": draft["media_id"]})
    shop.later(1)
    told = shop.heard[-1].fields["PublishEventInfo"]
    assert (told["publish_id"], told["publish_status"]) == (published["publish_id"], "0")
    assert shop.get("/cgi-bin/draft/count")["total_count"] == 0
    page = shop.client.get(f"/control/articles/{told['article_id']}").get_data(as_text=True)
    assert "&lt;p&gt;正文" in page
