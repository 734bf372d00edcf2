"""Mainland mobile numbers."""

from __future__ import annotations

import re

MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)


def clean_phone(text: str) -> str:
    """A mainland mobile number without spaces, dashes and country code, as it was typed otherwise."""
    bare = re.sub(r"[\s\-()（）]", "", text)
    return re.sub(r"^(\+?86|0086)(?=1\d{10}$)", "", bare)
