"""Template messages: the account's templates, the public library, sending, the result event."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from .. import faults, people, store
from . import fields, pushes
from .api import ApiError, Body, endpoint, now, person_of, text_of

store.register(
    """
    CREATE TABLE IF NOT EXISTS templates (
        template_id TEXT PRIMARY KEY, system TEXT NOT NULL, number TEXT NOT NULL, title TEXT NOT NULL,
        content TEXT NOT NULL, example TEXT NOT NULL, choices TEXT NOT NULL, created_at INTEGER NOT NULL
    );
    CREATE TABLE IF NOT EXISTS template_sends (
        msgid INTEGER PRIMARY KEY, openid TEXT NOT NULL, template_id TEXT NOT NULL, client_msg_id TEXT NOT NULL,
        at INTEGER NOT NULL
    );
    """
)

MOST_IN_USE = 25
SAME_MESSAGE_SECONDS = 600
RESULT_DELAY_SECONDS = 1.0
Keyword = tuple[str, str, str]

LIBRARY: dict[str, tuple[str, list[Keyword]]] = {
    "43216": (
        "订单支付成功通知",
        [
            ("订单编号", "character_string1", "T20260101000001"),
            ("商品名称", "thing2", "手冲咖啡豆 250g"),
            ("支付金额", "amount3", "¥88.00"),
            ("支付时间", "time4", "2026年1月1日 15:01"),
        ],
    ),
    "43217": (
        "订单发货通知",
        [
            ("订单编号", "character_string1", "T20260101000001"),
            ("商品名称", "thing2", "手冲咖啡豆 250g"),
            ("快递公司", "thing3", "顺丰速运"),
            ("快递单号", "character_string4", "SF1234567890"),
            ("发货时间", "time5", "2026年1月1日 15:01"),
        ],
    ),
    "43218": (
        "退款成功通知",
        [
            ("订单编号", "character_string1", "T20260101000001"),
            ("退款金额", "amount2", "¥88.00"),
            ("退款去向", "thing3", "原路退回"),
            ("退款时间", "time4", "2026年1月1日 15:01"),
        ],
    ),
    "43219": (
        "关注成功通知",
        [
            ("用户名称", "thing1", "微信用户"),
            ("关注时间", "time2", "2026年1月1日 15:01"),
            ("状态", "phrase3", "已关注"),
        ],
    ),
    "43220": (
        "会员等级变更通知",
        [
            ("会员等级", "thing1", "银卡会员"),
            ("变更原因", "thing2", "成长值达标"),
            ("变更时间", "time3", "2026年1月1日 15:01"),
        ],
    ),
    "43221": (
        "账户余额变动通知",
        [
            ("变动类型", "phrase1", "充值"),
            ("变动金额", "amount2", "¥100.00"),
            ("账户余额", "amount3", "¥128.00"),
            ("变动时间", "time4", "2026年1月1日 15:01"),
        ],
    ),
    "43222": (
        "积分变动通知",
        [
            ("变动原因", "thing1", "订单完成"),
            ("变动积分", "number2", "88"),
            ("可用积分", "number3", "1288"),
            ("变动时间", "time4", "2026年1月1日 15:01"),
        ],
    ),
    "43223": (
        "售后进度通知",
        [
            ("售后单号", "character_string1", "A20260101000001"),
            ("当前状态", "const2", "已同意"),
            ("更新时间", "time3", "2026年1月1日 15:01"),
            ("温馨提示", "thing4", "请在 7 天内寄回"),
        ],
    ),
    "43224": (
        "订单取消通知",
        [
            ("订单编号", "character_string1", "T20260101000001"),
            ("商品名称", "thing2", "手冲咖啡豆 250g"),
            ("取消原因", "thing3", "超时未支付"),
            ("取消时间", "time4", "2026年1月1日 15:01"),
        ],
    ),
    "43225": (
        "返现到账通知",
        [
            ("订单编号", "character_string1", "T20260101000001"),
            ("到账金额", "amount2", "¥5.00"),
            ("到账方式", "thing3", "微信零钱"),
            ("到账时间", "time4", "2026年1月1日 15:01"),
        ],
    ),
    "43226": (
        "会员升级通知",
        [
            ("会员等级", "thing1", "银卡会员"),
            ("原等级", "thing2", "普通会员"),
            ("升级时间", "time3", "2026年1月1日 15:01"),
            ("有效期至", "thing4", "2027年1月1日"),
            ("等级权益", "thing5", "会员价 9.5 折"),
        ],
    ),
    "43227": (
        "会员降级通知",
        [
            ("会员等级", "thing1", "普通会员"),
            ("原等级", "thing2", "银卡会员"),
            ("变更时间", "time3", "2026年1月1日 15:01"),
            ("温馨提示", "thing4", "成长值满 1000 可再升级"),
        ],
    ),
    "43228": (
        "会员等级到期提醒",
        [
            ("会员等级", "thing1", "银卡会员"),
            ("到期时间", "time2", "2026年1月1日"),
            ("还差成长值", "number3", "120"),
            ("温馨提示", "thing4", "再攒 120 成长值就能保住"),
        ],
    ),
    "43229": (
        "积分到账通知",
        [
            ("到账积分", "number1", "88"),
            ("可用积分", "number2", "1288"),
            ("到账日期", "time3", "2026年1月1日"),
        ],
    ),
    "43230": (
        "积分到期提醒",
        [
            ("到期积分", "number1", "88"),
            ("可用积分", "number2", "1288"),
            ("到期日期", "time3", "2026年1月1日"),
        ],
    ),
    "43231": (
        "优惠券到期提醒",
        [
            ("优惠券名称", "thing1", "新客券"),
            ("优惠内容", "thing2", "满 99 元减 10 元"),
            ("数量", "number3", "1"),
            ("到期日期", "time4", "2026年1月1日"),
        ],
    ),
    "43232": (
        "会员权益到账通知",
        [
            ("权益名称", "thing1", "生日礼"),
            ("权益内容", "thing2", "100 积分"),
            ("领取截止", "thing3", "2026年1月1日"),
        ],
    ),
    "43233": (
        "返现到账通知",
        [
            ("订单编号", "character_string1", "3000000000007919001"),
            ("返现金额", "amount2", "5.00元"),
            ("到账方式", "thing3", "店内余额"),
            ("到账时间", "time4", "2026年1月1日 15:01"),
        ],
    ),
    "43234": (
        "登记结果通知",
        [
            ("订单编号", "character_string1", "3000000000007919001"),
            ("原因", "thing2", "订单已退款或关闭，不能返现。"),
            ("时间", "time3", "2026年1月1日 15:01"),
        ],
    ),
    "43235": (
        "收款提醒",
        [
            ("订单编号", "character_string1", "3000000000007919001"),
            ("收款金额", "amount2", "5.00元"),
            ("截止时间", "time3", "2026年1月2日 15:01"),
        ],
    ),
}
CHOICES: dict[str, dict[str, list[str]]] = {
    "43223": {"const2": ["已申请", "已同意", "已拒绝", "已寄回", "已收货", "已退款", "已换货", "已取消"]}
}


def private_id(number: str, *, system: str = "template") -> str:
    """Stable 43-character id of a library template, so that settings survive a new database."""
    return "SBX" + hashlib.sha256(f"{system}:{number}".encode()).hexdigest()[:40]


def add(number: str, keywords: list[Keyword], title: str, *, system: str = "template") -> str:
    """Put a template with these keywords in the account's list; adding it twice changes nothing."""
    content = "\n".join(f"{label}:{{{{{field}.DATA}}}}" for label, field, _ in keywords)
    example = "\n".join(f"{label}:{sample}" for label, _, sample in keywords)
    template_id = private_id(number, system=system)
    store.run(
        "INSERT OR REPLACE INTO templates VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (template_id, system, number, title, content, example, json.dumps(CHOICES.get(number, {})), now()),
    )
    return template_id


def seed() -> None:
    """An account has every template of the library in use, once; what was deleted from it stays so."""
    known = store.setting("templates_seeded", "").split()
    for number, (title, keywords) in LIBRARY.items():
        if number not in known:
            add(number, keywords, title)
    store.set_setting("templates_seeded", " ".join(LIBRARY))


def listing(system: str = "template") -> list[store.Row]:
    return store.rows("SELECT * FROM templates WHERE system = ? ORDER BY number", (system,))


def get(template_id: Any, *, system: str) -> store.Row:
    """Raises 40037 if this account has no such template in this system."""
    found = store.row("SELECT * FROM templates WHERE template_id = ? AND system = ?", (template_id, system))
    if found is None:
        raise ApiError(
            40037, "invalid template_id", f"模板 {template_id!r} 不在本公众号的{_system_name(system)}里"
        )
    return found


def _system_name(system: str) -> str:
    return "模板库" if system == "template" else "订阅通知模板库"


def card_of(template: store.Row, data: Any, *, url: str) -> Body:
    """The card that the chat shows; raises 47003 naming the field that is out of bounds."""
    pairs = re.findall(r"(?m)^(.*?):\{\{(\w+)\.DATA\}\}$", template["content"])
    values = fields.checked([name for _, name in pairs], data, choices=json.loads(template["choices"]))
    return {"title": template["title"], "rows": [[label, values[name]] for label, name in pairs], "url": url}


@endpoint("POST", "/cgi-bin/message/template/send", raw_text=True)
def send(body: Body) -> Body:
    person = person_of(body.get("touser"))
    template = get(body.get("template_id"), system="template")
    if not person["follows"]:
        raise ApiError(43004, "require subscribe", "用户没有关注")
    client_id = body.get("client_msg_id") or ""
    card = card_of(template, body.get("data"), url=_target(body))
    with store.tx():
        held = store.row(
            "SELECT msgid FROM template_sends WHERE openid = ? AND client_msg_id = ? AND client_msg_id != '' AND at > ?",
            (person["openid"], client_id, now() - SAME_MESSAGE_SECONDS),
        )
        if held is not None:
            return {"msgid": held["msgid"]}
        msgid = store.insert(
            "template_sends",
            msgid=4_000_000_000_000_000_000 + store.next_number("msgid"),
            openid=person["openid"],
            template_id=template["template_id"],
            client_msg_id=client_id,
            at=now(),
        )
        _deliver(person, card, msgid)
    return {"msgid": msgid}


def _target(body: Body) -> str:
    mini = body.get("miniprogram")
    if isinstance(mini, dict) and mini.get("appid"):
        return f"小程序 {mini['appid']}：{mini.get('pagepath', '')}"
    return str(body.get("url") or "")


def _deliver(person: store.Row, card: Body, msgid: int) -> None:
    if person["blocked"]:
        status = "failed:user block"
    elif faults.take("template_failed"):
        status = "failed: system failed"
    else:
        status = "success"
        people.say(openid=person["openid"], side="service", kind="template", content=card)
    pushes.event(
        person["openid"],
        "TEMPLATESENDJOBFINISH",
        {"MsgID": str(msgid), "Status": status},
        title=f"模板消息结果：{status}",
        delay=RESULT_DELAY_SECONDS,
    )


@endpoint("GET", "/cgi-bin/template/get_all_private_template", coded=False)
def all_private(_query: Body) -> Body:
    return {
        "template_list": [
            {
                "template_id": t["template_id"],
                "title": t["title"],
                "primary_industry": "",
                "deputy_industry": "",
                "content": t["content"] + "\n",
                "example": t["example"] + "\n",
            }
            for t in listing()
        ]
    }


@endpoint("POST", "/cgi-bin/template/api_add_template")
def add_template(body: Body) -> Body:
    number = text_of(body, "template_id_short", missing=40037)
    if number not in LIBRARY:
        raise ApiError(40037, "invalid template_id_short", f"公共模板库没有 {number}")
    title, keywords = LIBRARY[number]
    wanted = body.get("keyword_name_list")
    by_label = {label: (label, field, sample) for label, field, sample in keywords}
    if not isinstance(wanted, list) or not wanted or any(name not in by_label for name in wanted):
        raise ApiError(40246, "invalid keyword_name_list", f"关键词只能从 {'、'.join(by_label)} 里选")
    if len(listing()) >= MOST_IN_USE and not any(t["number"] == number for t in listing()):
        raise ApiError(45026, "template num exceeds limit", "在用模板已有 25 个")
    return {"template_id": add(number, [by_label[name] for name in wanted], title)}


@endpoint("POST", "/cgi-bin/template/del_private_template")
def delete_template(body: Body) -> None:
    template = get(body.get("template_id"), system="template")
    store.run("DELETE FROM templates WHERE template_id = ?", (template["template_id"],))
