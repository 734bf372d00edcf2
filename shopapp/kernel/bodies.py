"""What the API is sent: read safely, and what is wrong with it told in the language of the request."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from flask import Request
from flask_smorest import Blueprint
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest

from .i18n import _


class BodyParser(FlaskParser):
    """A body that cannot be read is the sender's mistake: also a number of thousands of digits, which Python refuses."""

    def _raw_load_json(self, req: Request) -> Any:
        try:
            return super()._raw_load_json(req)
        except (json.JSONDecodeError, UnicodeDecodeError):
            raise
        except (ValueError, RecursionError) as problem:
            raise BadRequest from problem


class ApiBlueprint(Blueprint):
    """A part of the API."""

    ARGUMENTS_PARSER = BodyParser()


# What marshmallow says, by pattern; the groups are the values in it.
SENTENCES: list[tuple[re.Pattern[str], Callable[..., str]]] = [
    (re.compile(pattern), words)
    for pattern, words in (
        (r"Missing data for required field\.", lambda: _("请填写这一项。")),
        (r"Field may not be null\.", lambda: _("这一项不能为空。")),
        (r"Unknown field\.", lambda: _("没有这一项，请去掉。")),
        (r"Not a valid string\.", lambda: _("应为文字。")),
        (r"Not a valid integer\.", lambda: _("应为整数。")),
        (r"Not a valid number\.|Special numeric values .*", lambda: _("应为数字。")),
        (r"Number too large\.|Not a valid decimal\.", lambda: _("数字太大。")),
        (r"Not a valid boolean\.", lambda: _("应为 true 或 false。")),
        (r"Not a valid list\.", lambda: _("应为列表。")),
        (r"Not a valid mapping type\.|Invalid input type\.|Invalid type\.", lambda: _("内容的类型不对。")),
        (r"Not a valid (?:datetime|date|time)\.", lambda: _("应为有效的日期或时间。")),
        (r"Not a valid (?:URL|email address|UUID)\.", lambda: _("格式不对。")),
        (r"String does not match expected pattern\.", lambda: _("格式不对。")),
        (r"Must be one of: (.*)\.", lambda choices: _("只能是其中之一：%(choices)s。", choices=choices)),
        (
            r"Must be greater than or equal to (\S+) and less than or equal to (\S+)\.",
            lambda least, most: _("应在 %(least)s 到 %(most)s 之间。", least=least, most=most),
        ),
        (r"Must be greater than or equal to (\S+)\.", lambda least: _("不能小于 %(least)s。", least=least)),
        (r"Must be less than or equal to (\S+)\.", lambda most: _("不能大于 %(most)s。", most=most)),
        (
            r"Length must be between (\d+) and (\d+)\.",
            lambda least, most: _("长度应为 %(least)s 到 %(most)s。", least=least, most=most),
        ),
        (r"Length must be (\d+)\.", lambda length: _("长度应为 %(length)s。", length=length)),
        (r"Shorter than minimum length (\d+)\.", lambda least: _("长度至少 %(least)s。", least=least)),
        (r"Longer than maximum length (\d+)\.", lambda most: _("长度最多 %(most)s。", most=most)),
    )
]


def in_words(messages: Any) -> Any:
    """The messages about wrong fields, however deep, in the language of the request; what is not known stays."""
    if isinstance(messages, dict):
        return {name: in_words(inner) for name, inner in messages.items()}
    if isinstance(messages, list):
        return [in_words(inner) for inner in messages]
    text = str(messages)
    for pattern, words in SENTENCES:
        match = pattern.fullmatch(text)
        if match is not None:
            return words(*match.groups())
    return text
