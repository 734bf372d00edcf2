"""Which kind of device somebody signs in from: a word to recognise it by, never the whole of what a browser tells."""

from __future__ import annotations

from typing import Any

from shopapp.kernel.i18n import _, _l

WECHAT = "wechat"
NAMES: dict[str, Any] = {
    "iphone": _l("iPhone"),
    "ipad": _l("iPad"),
    "android": _l("安卓手机"),
    "harmony": _l("鸿蒙手机"),
    "windows": _l("Windows 电脑"),
    "mac": _l("Mac 电脑"),
    "other": _l("其他设备"),
    "program": _l("程序"),
}
# the first that is found tells; Android's name stands in what HarmonyOS says too
SIGNS = (
    ("iphone", "iPhone"),
    ("ipad", "iPad"),
    ("harmony", "HarmonyOS"),
    ("harmony", "OpenHarmony"),
    ("android", "Android"),
    ("windows", "Windows"),
    ("mac", "Macintosh"),
)


def kind_of(user_agent: str) -> str:
    """`iphone+wechat`, `windows`, …"""
    kind = next((kind for kind, sign in SIGNS if sign in user_agent), "other")
    return f"{kind}+{WECHAT}" if "MicroMessenger" in user_agent else kind


def in_words(device: str | None) -> str:
    """iPhone · 微信"""
    kind, _plus, inside = (device or "").partition("+")
    name = str(NAMES.get(kind, NAMES["other"]))
    return f"{name} · {_('微信')}" if inside == WECHAT else name
