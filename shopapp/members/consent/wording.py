"""The history of consents in words."""

from __future__ import annotations

from typing import Any

from shopapp.kernel.i18n import _l

from .queries import ConsentWord

WORDS: dict[tuple[str, bool], Any] = {
    ("privacy", True): _l("同意隐私说明"),
    ("privacy", False): _l("收回对隐私说明的同意"),
    ("marketing", True): _l("同意接收营销消息"),
    ("marketing", False): _l("不再接收营销消息"),
}
SOURCES: dict[str, Any] = {
    "join": _l("入会时"),
    "account": _l("在账号页"),
    "api": _l("经接口"),
    "erased": _l("注销时"),
    "import": _l("导入"),
    "demo": _l("示例店铺"),
}


def in_words(word: ConsentWord) -> str:
    return str(WORDS[word.kind.value, word.given])


def source_in_words(word: ConsentWord) -> str:
    return str(SOURCES.get(word.source, word.source))
