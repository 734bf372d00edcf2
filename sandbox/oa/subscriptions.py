"""Subscription notices: the ledger of consents, the popup's events, sending, the template shelf."""

from __future__ import annotations

from typing import Any

from .. import people, store
from . import pushes, templates
from .api import ApiError, Body, endpoint, person_of, text_of

store.register(
    """
    CREATE TABLE IF NOT EXISTS consents (
        openid TEXT NOT NULL, template_id TEXT NOT NULL, left_over INTEGER NOT NULL, PRIMARY KEY (openid, template_id)
    )
    """
)

LIBRARY: dict[str, tuple[str, list[templates.Keyword]]] = {
    "9001": (
        "新品上架通知",
        [
            ("商品名称", "thing1", "春季新茶"),
            ("上架时间", "time2", "2026年1月1日 10:00"),
            ("温馨提示", "thing3", "点击查看详情"),
        ],
    ),
    "9002": (
        "到货提醒",
        [
            ("商品名称", "thing1", "手冲咖啡豆 250g"),
            ("商品价格", "amount2", "¥88.00"),
            ("备注", "thing3", "库存有限"),
        ],
    ),
    "9003": (
        "试用结果通知",
        [
            ("活动名称", "thing1", "新品试用"),
            ("结果", "phrase2", "已入选"),
            ("公布时间", "time3", "2026年1月1日 10:00"),
        ],
    ),
}
SCENES = {"page": "1", "article": "2"}


def seed() -> None:
    if store.setting("notices_seeded", "") == "":
        for number, (title, keywords) in LIBRARY.items():
            templates.add(number, keywords, title, system="notice")
        store.set_setting("notices_seeded", "yes")


def ledger(openid: str) -> list[dict[str, Any]]:
    """Every notice template with what the user still allows."""
    held = {
        r["template_id"]: r["left_over"]
        for r in store.rows("SELECT template_id, left_over FROM consents WHERE openid = ?", (openid,))
    }
    return [
        {"template_id": t["template_id"], "title": t["title"], "left": held.get(t["template_id"], 0)}
        for t in templates.listing("notice")
    ]


def answer_popup(*, openid: str, answers: dict[str, str], scene: str = "page") -> None:
    """The user answered the popup: {template_id: accept or reject}; accept adds one message. Raises 40037."""
    with store.tx():
        for template_id, answer in answers.items():
            templates.get(template_id, system="notice")
            if answer == "accept":
                _change(openid, template_id, "left_over + 1", first=1)
        pushes.event(
            openid,
            "subscribe_msg_popup_event",
            {
                "SubscribeMsgPopupEvent": {
                    "List": [
                        {"TemplateId": t, "SubscribeStatusString": a, "PopupScene": SCENES[scene]}
                        for t, a in answers.items()
                    ]
                }
            },
            title="订阅通知：用户作答",
        )


def switch_off(*, openid: str, template_id: str) -> None:
    """The user switched a notice off in the settings; what was left is gone."""
    with store.tx():
        templates.get(template_id, system="notice")
        _change(openid, template_id, "0", first=0)
        pushes.event(
            openid,
            "subscribe_msg_change_event",
            {
                "SubscribeMsgChangeEvent": {
                    "List": [{"TemplateId": template_id, "SubscribeStatusString": "reject"}]
                }
            },
            title="订阅通知：用户在设置里关闭",
        )


def _change(openid: str, template_id: str, expression: str, *, first: int) -> None:
    store.run(
        f"INSERT INTO consents VALUES (?, ?, ?) ON CONFLICT (openid, template_id) "  # noqa: S608
        f"DO UPDATE SET left_over = {expression}",
        (openid, template_id, first),
    )


@endpoint("POST", "/cgi-bin/message/subscribe/bizsend", raw_text=True)
def send(body: Body) -> None:
    person = person_of(body.get("touser"))
    template = templates.get(body.get("template_id"), system="notice")
    card = templates.card_of(template, body.get("data"), url=str(body.get("page") or ""))
    with store.tx() as db:
        used = db.execute(
            "UPDATE consents SET left_over = left_over - 1 WHERE openid = ? AND template_id = ? AND left_over > 0",
            (person["openid"], template["template_id"]),
        )
        if used.rowcount != 1:
            raise ApiError(43101, "user refuse to accept the msg", "用户没有订阅，或次数已用完")
        people.say(openid=person["openid"], side="service", kind="template", content=card | {"notice": True})
        pushes.event(
            person["openid"],
            "subscribe_msg_sent_event",
            {
                "SubscribeMsgSentEvent": {
                    "List": [
                        {
                            "TemplateId": template["template_id"],
                            "MsgID": str(store.next_number("notice")),
                            "ErrorCode": "0",
                            "ErrorStatus": "success",
                        }
                    ]
                }
            },
            title="订阅通知：已送达",
            delay=1.0,
        )


@endpoint("GET", "/wxaapi/newtmpl/gettemplate")
def shelf(_query: Body) -> Body:
    return {
        "data": [
            {
                "priTmplId": t["template_id"],
                "title": t["title"],
                "content": t["content"],
                "example": t["example"],
                "type": 2,
            }
            for t in templates.listing("notice")
        ]
    }


@endpoint("GET", "/wxaapi/newtmpl/getcategory")
def categories(_query: Body) -> Body:
    return {"data": [{"id": 616, "name": "线下零售"}]}


@endpoint("GET", "/wxaapi/newtmpl/getpubtemplatetitles")
def public_titles(query: Body) -> Body:
    if not str(query.get("limit", "")).isdigit() or int(query["limit"]) > 30:
        raise ApiError(40035, "invalid limit", "limit 须不超过 30")
    return {
        "count": len(LIBRARY),
        "data": [
            {"tid": int(number), "title": title, "type": 2, "categoryId": "616"}
            for number, (title, _) in LIBRARY.items()
        ],
    }


@endpoint("GET", "/wxaapi/newtmpl/getpubtemplatekeywords")
def public_keywords(query: Body) -> Body:
    _, keywords = _public(str(query.get("tid", "")))
    return {
        "count": len(keywords),
        "data": [
            {"kid": i, "name": label, "example": sample, "rule": field.rstrip("0123456789")}
            for i, (label, field, sample) in enumerate(keywords, 1)
        ],
    }


def _public(number: str) -> tuple[str, list[templates.Keyword]]:
    if number not in LIBRARY:
        raise ApiError(200014, "invalid tid", f"公共库没有 {number}")
    return LIBRARY[number]


@endpoint("POST", "/wxaapi/newtmpl/addtemplate")
def add_template(body: Body) -> Body:
    number = str(body.get("tid", ""))
    title, keywords = _public(number)
    chosen = body.get("kidList")
    if (
        not isinstance(chosen, list)
        or not 2 <= len(chosen) <= 5
        or not all(isinstance(k, int) and 1 <= k <= len(keywords) for k in chosen)
    ):
        raise ApiError(200020, "invalid kidList", "关键词须选 2 到 5 个")
    if len(str(body.get("sceneDesc", ""))) > 15:
        raise ApiError(200021, "invalid sceneDesc", "场景说明超过 15 个字")
    return {"priTmplId": templates.add(number, [keywords[k - 1] for k in chosen], title, system="notice")}


@endpoint("POST", "/wxaapi/newtmpl/deltemplate")
def delete_template(body: Body) -> None:
    template = templates.get(text_of(body, "priTmplId", missing=40037), system="notice")
    store.run("DELETE FROM templates WHERE template_id = ?", (template["template_id"],))
