"""The settings of this shop as the set-up page tells them: a secret only by whether it is there and looks right."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config import Settings
from shopapp.kernel.i18n import _, _l


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One setting. `shown` is its value, or of a secret only how long it is; `problem` says what form it should have."""

    name: str
    title: str
    shown: str
    secret: bool
    problem: str


@dataclass(frozen=True, kw_only=True)
class _Rule:
    name: str
    title: Any
    value: Callable[[Settings], str]
    form: str = ".+"
    told: Any = ""
    secret: bool = False
    file: bool = False


ACCOUNT = [
    _Rule(
        name="WX_APPID",
        title="AppID",
        value=lambda config: config.wx_appid,
        form=r"wx[0-9a-f]{16}",
        told=_l("应以 wx 开头，后面 16 位。"),
    ),
    _Rule(
        name="WX_SECRET",
        title="AppSecret",
        value=lambda config: config.wx_secret,
        form=r"[0-9a-f]{32}",
        told=_l("应为 32 位小写字母和数字。"),
        secret=True,
    ),
    _Rule(
        name="WX_TOKEN",
        title="Token",
        value=lambda config: config.wx_token,
        form=r"[A-Za-z0-9]{3,32}",
        told=_l("应为 3 到 32 位字母和数字。"),
        secret=True,
    ),
    _Rule(
        name="WX_AES_KEY",
        title="EncodingAESKey",
        value=lambda config: config.wx_aes_key,
        form=r"[A-Za-z0-9]{43}",
        told=_l("应为 43 位字母和数字。"),
        secret=True,
    ),
]
PAY = [
    _Rule(
        name="WXPAY_MCHID",
        title=_l("商户号"),
        value=lambda config: config.wxpay_mchid,
        form=r"\d{8,10}",
        told=_l("应为 8 到 10 位数字。"),
    ),
    _Rule(
        name="WXPAY_SERIAL",
        title=_l("商户证书序列号"),
        value=lambda config: config.wxpay_serial,
        form=r"[0-9A-F]{40}",
        told=_l("应为 40 位大写字母和数字。"),
    ),
    _Rule(
        name="WXPAY_PRIVATE_KEY_FILE",
        title=_l("商户私钥文件"),
        value=lambda config: config.wxpay_private_key_file,
        told=_l("文件不存在或打不开。"),
        file=True,
    ),
    _Rule(
        name="WXPAY_APIV3_KEY",
        title=_l("APIv3 密钥"),
        value=lambda config: config.wxpay_apiv3_key,
        form=r".{32}",
        told=_l("应为 32 位。"),
        secret=True,
    ),
    _Rule(
        name="WXPAY_PUBLIC_KEY_ID",
        title=_l("微信支付公钥 ID"),
        value=lambda config: config.wxpay_public_key_id,
        form=r"PUB_KEY_ID_\w+",
        told=_l("应以 PUB_KEY_ID_ 开头。"),
    ),
    _Rule(
        name="WXPAY_PUBLIC_KEY_FILE",
        title=_l("微信支付公钥文件"),
        value=lambda config: config.wxpay_public_key_file,
        told=_l("文件不存在或打不开。"),
        file=True,
    ),
]
SHOP = [
    _Rule(
        name="SHOP_BASE_URL",
        title=_l("店铺地址"),
        value=lambda config: config.base_url,
        told=_l("还没有填写。"),
    )
]


def setting_groups(config: Settings) -> list[tuple[str, list[Fact]]]:
    """(group, its settings), for people."""
    groups: list[tuple[Any, list[_Rule]]] = [
        (_l("店铺"), SHOP),
        (_l("公众号"), ACCOUNT),
        (_l("微信支付"), PAY),
    ]
    return [(str(title), [_fact(rule, config) for rule in rules]) for title, rules in groups]


def _fact(rule: _Rule, config: Settings) -> Fact:
    value = rule.value(config)
    right = Path(value).is_file() if rule.file else re.fullmatch(rule.form, value) is not None
    shown = value
    if rule.secret:
        shown = _("已填写，%(count)s 位", count=len(value)) if value else ""
    elif rule.file:
        shown = Path(value).name
    problem = "" if right else str(rule.told)
    return Fact(name=rule.name, title=str(rule.title), shown=shown, secret=rule.secret, problem=problem)
