"""Bounds of what staff write about customers, and when two tags are one. No database."""

from __future__ import annotations

import re
import unicodedata

from shopapp.kernel.fields import is_plain
from shopapp.kernel.i18n import _

NOTE_MAX = 1000
TASK_MAX = 200
TAG_MAX = 20
TAGS_EACH_MAX = 20
TAGS_MAX = 500
SEPARATORS = re.compile(r"[,，、;；/\\]")


def tidy(name: str) -> str:
    """A tag as it is shown: half-width letters, single blanks."""
    return " ".join(unicodedata.normalize("NFKC", name).split())


def folded(name: str) -> str:
    """What two spellings of one tag have in common."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def tag_problem(name: str) -> str | None:
    """Why this cannot be a tag; None if it can."""
    if not 1 <= len(name) <= TAG_MAX:
        return _("标签须有 1 到 %(max)s 个字。", max=TAG_MAX)
    if not is_plain(name) or SEPARATORS.search(name):
        return _("标签里不能有逗号、顿号、分号、斜线和控制字符。")
    return None


def text_problem(text: str, *, longest: int) -> str | None:
    """Why this cannot be the text of a note or a task; None if it can."""
    if not text.strip():
        return _("请填写内容。")
    if len(text) > longest:
        return _("最多 %(max)s 个字，现在有 %(now)s 个。", max=longest, now=len(text))
    return None if is_plain(text, lines=True) else _("不能有控制字符。")
