"""Descriptions: a small set of tags that cannot do harm; everything else is taken out."""

from __future__ import annotations

import re

import nh3

TAGS = {
    "p",
    "br",
    "strong",
    "em",
    "ul",
    "ol",
    "li",
    "h3",
    "h4",
    "blockquote",
    "table",
    "tbody",
    "tr",
    "th",
    "td",
}


def clean(text: str) -> str:
    """The text with only harmless tags and no attributes left; text without any tag becomes paragraphs.

    Cleaning what was cleaned before changes nothing.
    """
    cleaned = nh3.clean(text, tags=TAGS, attributes={}, link_rel=None).strip()
    return cleaned if "<" in cleaned else _paragraphs(cleaned)


def _paragraphs(text: str) -> str:
    blocks = [
        block.strip().replace("\n", "<br>") for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n"))
    ]
    return "\n".join(f"<p>{block}</p>" for block in blocks if block)
