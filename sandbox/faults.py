"""Faults on demand: switches that make the platform misbehave for the next N cases or for good."""

from __future__ import annotations

from . import store

store.register("CREATE TABLE IF NOT EXISTS faults (name TEXT PRIMARY KEY, remaining INTEGER)")

KNOWN: dict[str, str] = {
    "push_duplicate": "消息推送：同一条推送发两次",
    "push_late": "消息推送：迟到 20 秒",
    "push_lost": "消息推送：丢失",
    "push_reordered": "消息推送：被后一条超过",
    "push_forged": "消息推送：先来一条伪造签名的",
    "notice_duplicate": "支付通知：同一条通知发两次",
    "notice_late": "支付通知：迟到 20 秒",
    "notice_lost": "支付通知：丢失",
    "notice_reordered": "支付通知：被后一条超过",
    "notice_forged": "支付通知：先来一条伪造签名的",
    "notice_signtest": "支付通知：先来一条验签探测",
    "api_timeout_after_effect": "公众号接口：已生效但不应答",
    "api_429": "公众号接口：调用过于频繁（45011）",
    "api_quota": "公众号接口：当日额度用完（45009）",
    "api_500": "公众号接口：系统繁忙（-1）",
    "token_expired": "公众号接口：凭证突然失效（40001）",
    "ip_refused": "公众号接口：来源 IP 不在白名单（40164）",
    "template_failed": "模板消息：送达失败（failed: system failed）",
    "pay_timeout_after_effect": "支付接口：已生效但不应答",
    "pay_429": "支付接口：频率超限（429）",
    "pay_500": "支付接口：系统错误（500）",
    "pay_slow": "支付接口：应答很慢",
    "refund_abnormal": "退款：异常（ABNORMAL）",
    "refund_not_enough": "退款：商户余额不足（NOT_ENOUGH）",
    "refund_slow": "退款：处理很慢",
    "sms_500": "短信网关：系统错误（500）",
    "sms_timeout_after_effect": "短信网关：已发送但不应答",
    "transfer_slow": "转账：受理后久不推进",
    "transfer_fail": "转账：失败",
    "transfer_not_enough": "转账：运营账户余额不足",
}


def arm(name: str, times: int | None = 1) -> None:
    """Switch a fault on for `times` cases; None keeps it on until `disarm`. Raises KeyError if unknown."""
    if name not in KNOWN:
        raise KeyError(name)
    store.run(
        "INSERT INTO faults (name, remaining) VALUES (?, ?) "
        "ON CONFLICT (name) DO UPDATE SET remaining = excluded.remaining",
        (name, times),
    )


def disarm(name: str) -> None:
    store.run("DELETE FROM faults WHERE name = ?", (name,))


def take(name: str) -> bool:
    """True if the fault strikes now; uses up one of its cases."""
    if store.row("SELECT 1 FROM faults WHERE name = ?", (name,)) is None:
        return False
    with store.tx() as db:
        found = db.execute("SELECT remaining FROM faults WHERE name = ?", (name,)).fetchone()
        if found is None:
            return False
        if found["remaining"] is not None and found["remaining"] <= 1:
            db.execute("DELETE FROM faults WHERE name = ?", (name,))
        elif found["remaining"] is not None:
            db.execute("UPDATE faults SET remaining = remaining - 1 WHERE name = ?", (name,))
        return True


def listing() -> list[dict[str, object]]:
    """Every known fault: name, title in words, armed, remaining cases (None = until switched off)."""
    armed = {r["name"]: r["remaining"] for r in store.rows("SELECT name, remaining FROM faults")}
    return [
        {"name": name, "title": title, "armed": name in armed, "remaining": armed.get(name)}
        for name, title in KNOWN.items()
    ]
