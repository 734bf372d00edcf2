"""The JS-SDK file that the shop's pages load, and the check of what they hand to `wx.config`."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Response, jsonify, request, send_from_directory

from .. import clock, journal
from ..oa import crypto, tokens
from ..settings import current
from .blueprint import blueprint, body
from .pages import STATIC

SAME_CLOCK_SECONDS = 3600


@blueprint.get("/jssdk/jweixin-1.6.0.js")
def script() -> Response:
    return send_from_directory(STATIC, "jweixin.js", max_age=0)


@blueprint.get("/jssdk/bridge")
def bridge() -> Response:
    return send_from_directory(STATIC, "bridge.html", max_age=0)


@blueprint.post("/control/api/jssdk-check")
def check() -> Response:
    """{appId, timestamp, nonceStr, signature, url, origin} → {ok, message}; refusals go into the journal."""
    problem = config_problem(body())
    page = str(body().get("url", ""))
    journal.record(
        face="page",
        method="JS",
        path=f"wx.config {page}",
        verdict="refused" if problem else "ok",
        reason=problem,
        sent=request.get_data(as_text=True),
    )
    return jsonify(ok=not problem, message=problem)


def config_problem(sent: dict[str, object]) -> str:
    """What is wrong with a page's `wx.config`, in words; "" if nothing is."""
    page, origin = str(sent.get("url", "")), str(sent.get("origin", ""))
    parts = urlsplit(page)
    if f"{parts.scheme}://{parts.netloc}" != origin or parts.hostname not in current().trusted_hosts:
        return f"invalid url domain：{parts.hostname} 不是 JS 接口安全域名"
    if sent.get("appId") != current().appid:
        return "invalid appid"
    timestamp, nonce = str(sent.get("timestamp", "")), str(sent.get("nonceStr", ""))
    if not timestamp.isdigit() or not nonce:
        return "invalid timestamp or nonceStr"
    if abs(clock.timestamp() - int(timestamp)) > SAME_CLOCK_SECONDS:
        return "invalid timestamp：与现在相差超过 1 小时"
    live = tokens.live_tickets()
    if not live:
        return "invalid signature：现在没有有效的 jsapi_ticket"
    for ticket in live:
        good = crypto.jssdk_signature(ticket=ticket, nonce=nonce, timestamp=timestamp, url=page)
        if crypto.same(good, str(sent.get("signature", ""))):
            return ""
    return "invalid signature：签名与当前页面地址不符"
