"""Fields of the store's JSON: text that can be stored, whole numbers, one set of bounds for purchases."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate

from shopapp.kernel.i18n import _

from .catalogue.rules import is_plain

PIECES_MAX = 99
LINES_MAX = 100
ID_LENGTH_MAX = 40


class PlainText(fields.String):
    """Text without control characters and halves of characters, which databases refuse; `lines` allows line breaks."""

    def __init__(self, *, longest: int, least: int = 0, lines: bool = False, **kwargs: Any) -> None:
        super().__init__(validate=validate.Length(min=least, max=longest), **kwargs)
        self.lines = lines

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if not is_plain(text, lines=self.lines):
            raise ValidationError(_("含有不能使用的字符。"))
        return text


def whole(*, least: int, most: int, **kwargs: Any) -> fields.Integer:
    """A whole number in bounds; text and truth values are refused."""
    return fields.Integer(strict=True, validate=validate.Range(min=least, max=most), **kwargs)


class YesNo(fields.Boolean):
    """True or false alone; numbers and words are refused."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError(_("须为 true 或 false。"))
        return value


def pieces(**kwargs: Any) -> fields.Integer:
    return whole(least=1, most=PIECES_MAX, **kwargs)
