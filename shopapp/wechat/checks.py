"""The set-up page's checks: each tries one setting for real and says in plain words what is wrong.

A check opens no transaction and is not to be run inside one. Other parts add theirs to `CHECKS`.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from shopapp.kernel import preferences
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.settings import settings

from . import calls, crypto, tokens
from .api import PlatformError, client
from .explain import explain
from .jssdk.services import fetch_ticket
from .messages import TOPICS

TEMPLATES_PATH = "/cgi-bin/template/get_all_private_template"
NOTICES_PATH = "/wxaapi/newtmpl/gettemplate"
FIELD = re.compile(r"\{\{(\w+)\.DATA\}\}")
OPTIONAL_FIELDS = ("first", "remark")


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """`problems` are sentences for the merchant, empty when all is well; `notes` say what was found."""

    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.problems


@dataclass(frozen=True, kw_only=True)
class Check:
    """One line of the set-up page; `title` is put into words when shown."""

    name: str
    title: Any
    run: Callable[[datetime], CheckResult]


@dataclass(frozen=True, kw_only=True)
class Template:
    """A template of the account and its fields in order, e.g. `character_string1`, with their labels; a `notice` is sent to
    who agreed to it."""

    template_id: str
    title: str
    fields: dict[str, str]
    notice: bool = False


def check_account(now: datetime) -> CheckResult:
    """AppID, AppSecret and the list of allowed addresses: by asking for a token."""
    try:
        value, life = tokens.fetch_access_token(force=False)
    except PlatformError as problem:
        return _refused(problem)
    return CheckResult(notes=[_("已取得凭证，有效 %(count)s 分钟。", count=life // 60)] if value else [])


def check_callback(now: datetime) -> CheckResult:
    """Token and EncodingAESKey by sealing and opening, then the server address as the platform would try it."""
    config = settings()
    problems = _key_problems()
    if problems:
        return CheckResult(problems=problems)
    sealed = crypto.seal("回头", encoding_aes_key=config.wx_aes_key, appid=config.wx_appid)
    opened = crypto.unseal(sealed, encoding_aes_key=config.wx_aes_key, appid=config.wx_appid)
    if opened != "回头":
        return CheckResult(problems=[_("EncodingAESKey 不能用，请在公众平台重新生成，再改 WX_AES_KEY。")])
    return _try_callback(now)


def _key_problems() -> list[str]:
    config, problems = settings(), []
    if not re.fullmatch(r"[A-Za-z0-9]{3,32}", config.wx_token):
        problems.append(_("Token 须为 3 到 32 位字母或数字，并与公众平台填写的一致。请改 WX_TOKEN。"))
    if not re.fullmatch(r"[A-Za-z0-9]{43}", config.wx_aes_key):
        problems.append(_("EncodingAESKey 须为公众平台显示的 43 位字母和数字。请改 WX_AES_KEY。"))
    return problems


def _try_callback(now: datetime) -> CheckResult:
    config = settings()
    timestamp, nonce, echo = str(int(now.timestamp())), secrets.token_hex(5), secrets.token_hex(10)
    query = {"timestamp": timestamp, "nonce": nonce, "echostr": echo}
    signature = crypto.sign(config.wx_token, timestamp, nonce)
    address = f"{config.base_url}/wechat/callback"
    try:
        right = client().fetch(f"{address}?{urlencode(query | {'signature': signature})}")
        wrong = client().fetch(f"{address}?{urlencode(query | {'signature': '0' * 40})}")
    except PlatformError as problem:
        text = _(
            "打不开 %(address)s（%(reason)s）。请检查域名解析、证书和防火墙。",
            address=address,
            reason=problem.text,
        )
        return CheckResult(problems=[text])
    if right != (200, echo):
        text = _(
            "%(address)s 没有按微信的要求应答（状态码 %(status)s），请检查反向代理是否转发到了本店。",
            address=address,
            status=right[0],
        )
        return CheckResult(problems=[text])
    if wrong[0] == 200:
        return CheckResult(
            problems=[_("签名错误的请求也被放行了，请检查 %(address)s 前面的代理。", address=address)]
        )
    notes = [_("请在公众平台把服务器地址填为 %(address)s。", address=address)]
    if config.production and urlsplit(address).port not in (None, 80, 443):
        return CheckResult(problems=[_("微信只支持 80 和 443 端口，请修改 SHOP_BASE_URL。")])
    return CheckResult(notes=notes)


def check_ticket(now: datetime) -> CheckResult:
    """The JS-SDK ticket, without which no page can share or subscribe."""
    try:
        fetch_ticket(now=now)
    except PlatformError as problem:
        return _refused(problem)
    host = urlsplit(settings().base_url).hostname
    return CheckResult(notes=[_("请在公众平台把 %(host)s 填为 JS 接口安全域名和网页授权域名。", host=host)])


def check_templates(now: datetime) -> CheckResult:
    """Every topic has a template of this account, and every field of the template gets a value."""
    try:
        known = {template.template_id: template for template in _all_templates(now=now)}
    except PlatformError as problem:
        return _refused(problem)
    problems: list[str] = []
    mapped: dict[str, Any] = preferences.read("wechat.templates")
    for topic in sorted(set(mapped) & TOPICS):
        template = known.get(mapped[topic].get("template_id", ""))
        if template is None:
            problems.append(
                _("“%(topic)s”用的模板不在公众号的模板列表里，请重新选择。", topic=topic_name(topic))
            )
            continue
        filled = set(mapped[topic].get("fields", {}).values())
        needed = [name for name in template.fields if name not in OPTIONAL_FIELDS]
        missing = [template.fields[name] for name in needed if name not in filled]
        if missing:
            text = _(
                "“%(topic)s”的模板还有字段没有内容：%(fields)s。",
                topic=topic_name(topic),
                fields="、".join(missing),
            )
            problems.append(text)
    without = [topic_name(topic) for topic in sorted(TOPICS - set(mapped))]
    notes = [_("还没有模板、不会发送的通知：%(topics)s。", topics="、".join(without))] if without else []
    return CheckResult(problems=problems, notes=notes)


def _all_templates(*, now: datetime) -> list[Template]:
    """Those of subscription notices only where one is used: not every account may ask for them."""
    mapped: dict[str, Any] = preferences.read("wechat.templates")
    used = any(mapping.get("notice") for mapping in mapped.values())
    return [*templates(now=now), *(notice_templates(now=now) if used else [])]


def templates(*, now: datetime) -> list[Template]:
    """The account's templates. Not inside a transaction. Raises `PlatformError`."""
    answer = calls.ask("GET", TEMPLATES_PATH, now=now)
    rows = answer.get("template_list")
    return [_template(row) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def notice_templates(*, now: datetime) -> list[Template]:
    """The account's templates of subscription notices. Not inside a transaction. Raises `PlatformError`."""
    rows = calls.ask("GET", NOTICES_PATH, now=now).get("data")
    known = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return [replace(_template(row), template_id=str(row.get("priTmplId", "")), notice=True) for row in known]


def _template(row: dict[str, Any]) -> Template:
    fields: dict[str, str] = {}
    for line in str(row.get("content", "")).splitlines():
        for found in FIELD.finditer(line):
            label = line[: found.start()].strip().rstrip(":：") or found.group(1)
            fields[found.group(1)] = label
    return Template(
        template_id=str(row.get("template_id", "")), title=str(row.get("title", "")), fields=fields
    )


TOPIC_NAMES: dict[str, Any] = {
    "order_paid": _l("订单支付成功"),
    "order_shipped": _l("订单发货"),
    "order_cancelled": _l("订单取消"),
    "order_completed": _l("订单完成"),
    "order_refunded": _l("退款成功"),
    "aftersales_changed": _l("售后进度"),
    "balance_changed": _l("余额变动"),
    "points_changed": _l("积分变动"),
    "points_earned": _l("积分到账"),
    "points_expiring": _l("积分快到期"),
    "tier_changed": _l("会员等级变更"),
    "tier_up": _l("会员升级"),
    "tier_dropping": _l("会员等级即将下降"),
    "tier_dropped": _l("会员降级"),
    "membership_changed": _l("会员资格变更"),
    "coupon_expiring": _l("优惠券到期提醒"),
    "perk_granted": _l("会员权益到账提醒"),
    "cashback_waiting": _l("返现等待确认收款"),
    "cashback_paid": _l("返现到账"),
    "cashback_rejected": _l("返现登记没有通过"),
}


def topic_name(topic: str) -> str:
    """What a topic of service notices is called."""
    return str(TOPIC_NAMES[topic])


def _refused(problem: PlatformError) -> CheckResult:
    return CheckResult(problems=[explain(code=problem.code, answer=problem.text)])


CHECKS: list[Check] = [
    Check(name="account", title=_l("AppID、AppSecret 和 IP 白名单"), run=check_account),
    Check(name="callback", title=_l("服务器地址、Token 和消息加解密"), run=check_callback),
    Check(name="ticket", title=_l("JS-SDK"), run=check_ticket),
    Check(name="templates", title=_l("模板消息"), run=check_templates),
]
