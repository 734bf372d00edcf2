"""What the set-up page tries about WeChat Pay: the keys on this machine, then a harmless call that must be signed right.

A check opens no transaction and is not to be run inside one.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from config import Settings
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.settings import settings
from shopapp.wechat.checks import CheckResult

from . import client
from .kinds import Forged, PayProblem, RateLimited, SettingsRefused, Unknown

KEY_BITS = 2048
APIV3_KEY_BYTES = 32
SERIAL = re.compile(r"[0-9A-F]{40}")
MCHID = re.compile(r"\d{8,10}")
PUBLIC_KEY_ID = re.compile(r"PUB_KEY_ID_\w+")
NOT_ANSWERED = "NO_ANSWER"

FORGERIES: dict[str, Any] = {
    "unknown serial": _l(
        "应答是用另一把密钥签的。请把 WXPAY_PUBLIC_KEY_ID 改成商户平台“API 安全 - 微信支付公钥”里的公钥 ID。"
    ),
    "signature": _l("应答的签名验不过。请从商户平台重新下载微信支付公钥，再改 WXPAY_PUBLIC_KEY_FILE。"),
    "timestamp too far from ours": _l("这台服务器的时间和微信支付差了 5 分钟以上，请打开自动对时（NTP）。"),
}
REFUSALS: dict[str, Any] = {
    "SIGN_ERROR": _l(
        "微信支付不认可我们的签名：商户私钥、证书序列号、商户号三者对不上。"
        "请核对 WXPAY_PRIVATE_KEY_FILE、WXPAY_SERIAL、WXPAY_MCHID，它们须属于同一张商户 API 证书。"
    ),
    "MCH_NOT_EXISTS": _l("微信支付没有这个商户号，请核对 WXPAY_MCHID。"),
    "NO_AUTH": _l("这个商户号没有 JSAPI 支付的权限，请在商户平台“产品中心”开通。"),
}


def check_keys() -> CheckResult:
    """The key files, the numbers that go with them and the APIv3 key, without any call."""
    config = settings()
    private = _load(config.wxpay_private_key_file, lambda pem: load_pem_private_key(pem, password=None))
    public = _load(config.wxpay_public_key_file, load_pem_public_key)
    problems = [*_private_problems(private), *_public_problems(public, private), *_text_problems(config)]
    notes = [] if problems else [_("私钥和公钥都能读取，长度都是 %(bits)s 位以上。", bits=KEY_BITS)]
    return CheckResult(problems=problems, notes=notes)


def _load(path: str, load: Callable[[bytes], Any]) -> Any:
    """The key in this file; None without one that can be read."""
    try:
        return load(Path(path).read_bytes())
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        return None


def _private_problems(key: Any) -> list[str]:
    if isinstance(key, RSAPrivateKey) and key.key_size >= KEY_BITS:
        return []
    return [
        _("商户私钥读不出来。WXPAY_PRIVATE_KEY_FILE 须指向商户 API 证书里的 apiclient_key.pem，不带密码。")
    ]


def _public_problems(key: Any, private: Any) -> list[str]:
    if not isinstance(key, RSAPublicKey) or key.key_size < KEY_BITS:
        return [
            _(
                "微信支付公钥读不出来。WXPAY_PUBLIC_KEY_FILE 须指向商户平台“API 安全 - 微信支付公钥”下载的 pub_key.pem，"
                "不是证书。"
            )
        ]
    if isinstance(private, RSAPrivateKey) and private.public_key().public_numbers() == key.public_numbers():
        return [
            _("WXPAY_PUBLIC_KEY_FILE 里是商户自己的公钥。请换成从商户平台下载的微信支付公钥 pub_key.pem。")
        ]
    return []


def _text_problems(config: Settings) -> list[str]:
    problems = []
    if not MCHID.fullmatch(config.wxpay_mchid):
        problems.append(_("商户号须为 8 到 10 位数字。请改 WXPAY_MCHID。"))
    if not SERIAL.fullmatch(config.wxpay_serial):
        problems.append(
            _(
                "证书序列号须为 40 位大写字母和数字，在商户平台“API 安全 - 商户 API 证书”里能看到。请改 WXPAY_SERIAL。"
            )
        )
    if not PUBLIC_KEY_ID.fullmatch(config.wxpay_public_key_id):
        problems.append(_("公钥 ID 以 PUB_KEY_ID_ 开头，和公钥在同一页。请改 WXPAY_PUBLIC_KEY_ID。"))
    if len(config.wxpay_apiv3_key.encode()) != APIV3_KEY_BYTES or len(set(config.wxpay_apiv3_key)) < 2:
        problems.append(
            _("APIv3 密钥须为 32 位，是你在商户平台“API 安全”里自己设的那个。请改 WXPAY_APIV3_KEY。")
        )
    return problems


def check_platform(*, known: str | None) -> CheckResult:
    """Ask for an order: the answer proves our keys and, where the platform signs it, its own.

    `known` is the number of an order that the platform has, whose answer is always signed; without one a number that no
    order has is asked for.
    """
    try:
        signed = client().probe(out_trade_no=known or f"CHECK{secrets.token_hex(10)}")
    except (OSError, ValueError, TypeError):
        return CheckResult(problems=[_("密钥文件读不出来，先按上一项改好。")])
    except Forged as problem:
        words = FORGERIES.get(str(problem))
        return CheckResult(problems=[str(words) if words else _refusal_words(str(problem))])
    except PayProblem as problem:
        return CheckResult(problems=[_problem_words(problem)])
    notes = [_("微信支付认可了我们的商户号、证书序列号和私钥。")]
    if signed:
        notes.append(_("它的应答用微信支付公钥验签通过。"))
    else:
        notes.append(_("这次的应答没有签名，微信支付公钥要等第一笔付款后再检查一次才能验证。"))
    return CheckResult(notes=notes)


def _problem_words(problem: PayProblem) -> str:
    if isinstance(problem, RateLimited):
        return _("微信支付说请求太频繁，请过一分钟再检查。")
    if isinstance(problem, Unknown):
        if problem.code == NOT_ANSWERED:
            return _("连不上微信支付。请检查服务器能否访问 api.mch.weixin.qq.com，稍后再试。")
        return _("微信支付没有给出明确的应答（%(code)s），请过几分钟再试。", code=problem.code)
    if isinstance(problem, SettingsRefused) and problem.code not in REFUSALS:
        return str(REFUSALS["SIGN_ERROR"])
    words = REFUSALS.get(problem.code)
    return str(words) if words else _refusal_words(f"{problem.code} {problem.text}".strip())


def _refusal_words(answer: str) -> str:
    return _("微信支付拒绝了请求：%(answer)s", answer=answer[:100])
