"""Fields of JSON bodies: text that can be stored and shown, whole numbers, true or false."""

from __future__ import annotations

import unicodedata
from typing import Any

from marshmallow import ValidationError, fields, validate

from .i18n import _

# Marks that turn the direction of writing, so that a name can look like another one.
TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_plain(text: str, *, lines: bool = False) -> bool:
    """Whether the text can be stored and reads as it is: no control characters, halves of characters, turning marks.

    Line breaks and tabs only with `lines`.
    """
    allowed = "\n\r\t" if lines else ""
    return not any(
        char in TURNING or (unicodedata.category(char) in ("Cc", "Cs") and char not in allowed)
        for char in text
    )


class PlainText(fields.String):
    """Plain text of a bounded length; `lines` allows line breaks. With a `least`, blanks alone do not count as text."""

    def __init__(self, *, longest: int, least: int = 0, lines: bool = False, **kwargs: Any) -> None:
        super().__init__(validate=validate.Length(min=least, max=longest), **kwargs)
        self.least, self.lines = least, lines

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if not is_plain(text, lines=self.lines):
            raise ValidationError(_("含有不能使用的字符。"))
        if self.least and not text.strip():
            raise ValidationError(_("请填写内容。"))
        return text


def whole(*, least: int, most: int, **kwargs: Any) -> fields.Integer:
    """A whole number in bounds; text and truth values are refused."""
    return fields.Integer(strict=True, validate=validate.Range(min=least, max=most), **kwargs)


class YesNo(fields.Boolean):
    """True or false alone; numbers and words are refused."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value
