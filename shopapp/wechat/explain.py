"""What a refusal of the platform means for the merchant, in plain words."""

from __future__ import annotations

import re
from typing import Any

from shopapp.kernel.i18n import _, _l

from .api import FIELD_INVALID

TEXTS: dict[int, Any] = {
    -1: _l("微信平台繁忙，请过几分钟再试。"),
    40001: _l("微信不认可我们的凭证。请到公众平台“设置与开发 - 基本配置”核对 AppSecret，再改 WX_SECRET。"),
    40002: _l("微信不认可请求的类型，请确认公众号是已认证的服务号。"),
    40013: _l("AppID 不对：微信没有这个公众号。请核对 WX_APPID，它以 wx 开头，共 18 位。"),
    40014: _l("微信不认可我们的凭证，程序会自动重新获取。若一直出现，请核对 WX_APPID 和 WX_SECRET。"),
    40037: _l("模板 ID 不属于这个公众号。请到公众平台“模板消息”复制模板 ID，再改这里的对应关系。"),
    40125: _l("AppSecret 不对。请到公众平台“设置与开发 - 基本配置”重置 AppSecret，再改 WX_SECRET。"),
    42001: _l("凭证已过期，程序会自动重新获取。若一直出现，请检查服务器的时间。"),
    45009: _l("这个接口今天的次数用完了，明天 0 点后自动继续。"),
    45011: _l("调用太频繁，程序会自动放慢。"),
    45028: _l("群发次数已用完。"),
    48001: _l("公众号没有这个接口的权限。请确认是已认证的服务号，并在公众平台“接口权限”里开通。"),
    48004: _l("这个接口被微信封禁了，请登录公众平台查看通知。"),
    61024: _l("凭证属于第三方平台，不能用在这里。请使用公众号自己的 AppID 和 AppSecret。"),
    89503: _l("这台服务器的 IP 需要公众号管理员在微信里确认后才能使用。"),
}
ADDRESS = re.compile(r"invalid ip (?:::ffff:)?([0-9a-fA-F.:]+)")


def explain(*, code: int | None, answer: str) -> str:
    """Words for an errcode; `answer` is the platform's own text, which names the address or the field."""
    if code == 40164:
        found = ADDRESS.search(answer)
        address = found.group(1) if found else _("未知")
        return _(
            "这台服务器的 IP %(address)s 不在白名单里。请到公众平台“设置与开发 - 基本配置 - IP 白名单”加上它。",
            address=address,
        )
    if code == FIELD_INVALID:
        return _("模板的字段对不上：%(answer)s。请核对模板和字段的对应关系。", answer=answer[:100])
    if code is None:
        return _("连不上微信平台（%(answer)s）。请检查服务器能否访问外网，稍后再试。", answer=answer[:60])
    known = TEXTS.get(code)
    return (
        str(known)
        if known
        else _("微信拒绝了请求，错误码 %(code)s：%(answer)s", code=code, answer=answer[:100])
    )
