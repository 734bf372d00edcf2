"""The one typeface of flyers. It comes as a package, so that a file is the same wherever it is made."""

from __future__ import annotations

from functools import cache, lru_cache
from importlib import resources
from pathlib import Path

from PIL import ImageFont

EM = 1000
CLOSING = "，。、；：！？）》」』”’,.;:!?)]}%℃"
OPENING = "（《「『“‘([{"


def file() -> Path:
    return Path(str(resources.files("paperang_p2_fonts_cjk"))) / "fonts" / "wqy-microhei.ttc"


@cache
def _ruler() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(file()), EM, index=0)


@lru_cache(maxsize=32)
def at_size(pixels: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(file()), pixels, index=0)


@cache
def _letters() -> frozenset[int]:
    from fontTools.ttLib import TTFont

    with TTFont(str(file()), fontNumber=0, lazy=True) as font:
        return frozenset(font.getBestCmap())


def unprintable(text: str) -> str:
    """The letters of a text that the typeface does not have, each once."""
    return "".join(
        dict.fromkeys(letter for letter in text if letter != "\n" and ord(letter) not in _letters())
    )


@lru_cache(maxsize=4096)
def _advance(letter: str) -> float:
    return _ruler().getlength(letter) / EM


def width_of(text: str, size: float) -> float:
    """How wide the text stands when its letters are `size` high, in the same unit."""
    return sum(map(_advance, text)) * size


def wrapped(text: str, *, width: float, size: float) -> list[str]:
    """The text in lines no wider than this; words of Latin letters stay whole, and no line begins with a closing mark."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for piece in _pieces(paragraph):
            if line and width_of(line + piece.rstrip(), size) > width:
                lines.append(line.rstrip())
                line = piece.lstrip()
            else:
                line += piece
        lines.append(line.rstrip())
    return lines


def _pieces(text: str) -> list[str]:
    """What may not be torn apart: a word, or a Chinese character with the marks that cling to it."""
    pieces: list[str] = []
    for letter in text:
        before = pieces[-1] if pieces else ""
        clings = before and (
            letter in CLOSING
            or before[-1] in OPENING
            or (letter.isascii() and letter != " " and before[-1].isascii() and before[-1] != " ")
        )
        if clings:
            pieces[-1] += letter
        else:
            pieces.append(letter)
    return pieces
