"""Bounds of purchases, the same in every part of the store."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from shopapp.kernel.fields import whole

PIECES_MAX = 99
LINES_MAX = 100
ID_LENGTH_MAX = 40


def pieces(**kwargs: Any) -> fields.Integer:
    return whole(least=1, most=PIECES_MAX, **kwargs)
