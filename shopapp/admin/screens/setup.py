"""Setting the shop up with WeChat and WeChat Pay: what to paste where, what is set here, and each part tried for real."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import audit, clock, preferences
from shopapp.kernel.access import Permission, guard_console, requires
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import NotFound
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.screens import Form
from shopapp.kernel.settings import settings
from shopapp.store.payments import queries as payments
from shopapp.wechat import checks as wechat_checks
from shopapp.wechat import problems
from shopapp.wechat.checks import Check, CheckResult
from shopapp.wechat.pay import checks as pay_checks

from .. import facts
from ..work import problem_words

blp = guard_console(Blueprint("wechat_admin", __name__, url_prefix="/admin/setup"))


def _pay_keys(_now: datetime) -> CheckResult:
    return pay_checks.check_keys()


def _pay_platform(_now: datetime) -> CheckResult:
    return pay_checks.check_platform(known=payments.latest_number())


CHECKS: list[Check] = [
    *wechat_checks.CHECKS,
    Check(name="pay_keys", title=_l("微信支付：密钥文件和编号"), run=_pay_keys),
    Check(name="pay_platform", title=_l("微信支付：签名和应答"), run=_pay_platform),
]


@dataclass(frozen=True, kw_only=True)
class Pasted:
    """A value that has to stand in WeChat's own settings; `copied` tells whether it is to be copied as it is."""

    title: str
    value: str
    where: str
    copied: bool = True


@blp.get("")
@requires(Permission.WECHAT_SETUP)
def checks() -> str:
    last: dict[str, Any] = preferences.read("wechat.checks")
    lines = [(check, _shown(last.get(check.name))) for check in CHECKS]
    return render_template(
        "admin/setup/checks.html",
        lines=lines,
        passed=sum(1 for _check, shown in lines if shown and shown["ok"]),
        pasted=_pasted(),
        groups=facts.setting_groups(settings()),
        warnings=_address_problems(),
        problems=problems.listing(),
        problem_words=problem_words,
        practice=not settings().on_real_platform,
    )


def _shown(last: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if last is None else {**last, "at": datetime.fromisoformat(last["at"])}


@blp.post("/check")
@requires(Permission.WECHAT_SETUP)
def send_check() -> Response:
    """Try one part, or all of them without a name, and keep what came of it."""
    name = Form.sent().value("name")
    wanted = [check for check in CHECKS if name in ("", check.name)]
    if not wanted:
        raise NotFound
    now = clock.now()
    results = {check.name: check.run(now) for check in wanted}
    with transaction():
        _keep(results, now=now)
    bad = [str(check.title) for check in wanted if not results[check.name].ok]
    if bad:
        flash(_("要改的地方：%(names)s。下面写了怎么改。", names="、".join(bad)), "danger")
    else:
        flash(_("检查了 %(count)s 项，都没有问题。", count=len(wanted)), "success")
    return redirect(url_for("wechat_admin.checks", _anchor=f"check-{name}" if name else None), 303)


def _keep(results: dict[str, CheckResult], *, now: datetime) -> None:
    kept = dict(preferences.read("wechat.checks"))
    for name, result in results.items():
        kept[name] = {
            "ok": result.ok,
            "problems": result.problems,
            "notes": result.notes,
            "at": now.isoformat(),
        }
    preferences.write("wechat.checks", kept)
    changes = {name: "ok" if result.ok else "wrong" for name, result in results.items()}
    audit.record(action="wechat.check", subject_kind="wechat", subject_id="setup", changes=changes)


def _pasted() -> list[tuple[str, list[Pasted]]]:
    """Group by group, what has to stand where."""
    base = settings().base_url
    host = urlsplit(base).hostname or ""
    basic = _("公众平台 - 设置与开发 - 基本配置")
    features = _("公众平台 - 设置与开发 - 账号设置 - 功能设置")
    account = [
        Pasted(title=_("服务器地址（URL）"), value=f"{base}/wechat/callback", where=basic),
        Pasted(title="Token", value=_("和 WX_TOKEN 一样"), where=basic, copied=False),
        Pasted(title="EncodingAESKey", value=_("和 WX_AES_KEY 一样"), where=basic, copied=False),
        Pasted(title=_("消息加解密方式"), value=_("安全模式"), where=basic, copied=False),
        Pasted(
            title=_("IP 白名单"),
            value=_("这台服务器的出口 IP；不在名单里时，检查会报出来"),
            where=basic,
            copied=False,
        ),
        Pasted(title=_("网页授权域名"), value=host, where=features),
        Pasted(title=_("JS 接口安全域名"), value=host, where=features),
    ]
    pay = [
        Pasted(
            title=_("JSAPI 支付授权目录"),
            value=f"{base}/",
            where=_("微信支付商户平台 - 产品中心 - 开发配置"),
        ),
        Pasted(
            title=_("关联的 AppID"),
            value=settings().wx_appid,
            where=_("微信支付商户平台 - 产品中心 - AppID 账号管理"),
        ),
    ]
    return [(_("公众号"), account), (_("微信支付"), pay)]


def _address_problems() -> list[str]:
    """What the platform would not take about our own address; nothing matters to the sandbox."""
    if not settings().on_real_platform:
        return []
    parts = urlsplit(settings().base_url)
    rules: list[tuple[Callable[[], bool], Any]] = [
        (lambda: parts.scheme != "https", _l("店铺地址不是 https，微信支付和网页授权都不能用。")),
        (lambda: parts.port not in (None, 80, 443), _l("店铺地址带端口，微信只认 80 和 443。")),
        (
            lambda: parts.hostname in ("localhost", "127.0.0.1", "::1"),
            _l("店铺地址是本机，微信访问不到。请改 SHOP_BASE_URL。"),
        ),
    ]
    return [str(words) for wrong, words in rules if wrong()]
