"""Order numbers as people type and paste them."""

from __future__ import annotations

import re
import unicodedata

NUMBERS_MAX = 20
LENGTH_MAX = 2000

_SHAPES: tuple[tuple[str | None, re.Pattern[str]], ...] = (
    ("amazon", re.compile(r"(?<![0-9-])[0-9]{3}-[0-9]{7}-[0-9]{7}(?![0-9-])")),
    ("pdd", re.compile(r"(?<![0-9-])[0-9]{6}\s?-+\s?[0-9]{15}(?![0-9-])")),
    ("youzan", re.compile(r"(?<![0-9A-Za-z])[Ee][0-9]{20,26}(?![0-9])")),
    ("pdd", re.compile(r"(?<![0-9-])2[0-9](?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{15}(?![0-9-])")),
    (None, re.compile(r"(?<![0-9A-Za-z-])[0-9]{10,20}(?![0-9A-Za-z-])")),
)
_OWN = re.compile(r"[^0-9A-Za-z]*([A-Za-z0-9](?=[^ ]*[0-9])[A-Za-z0-9_-]{3,39})[^0-9A-Za-z]*")
_PHONE = re.compile(r"1[3-9][0-9]{9}")
_DASHES = re.compile(r"[‐‑‒–—―－−]")
_GAP = r"(?:[ \t\u200b]+|[ \t]*\r?\n[ \t]*)"
_HYPHENED = re.compile(rf"(?<![0-9])[0-9]+(?:{_GAP}?-+{_GAP}?[0-9]+(?:{_GAP}[0-9]+)*)+")
_GROUP = r"(?<![0-9A-Za-z-])(?<![0-9][.:/])[Ee]?[0-9]+(?![0-9A-Za-z:/-]|\.[0-9]|[元件个年月日号])"
_RUN = re.compile(rf"{_GROUP}(?:{_GAP}{_GROUP})+")
_PIECE_MAX = 27
_WHOLE = re.compile(
    r"[0-9]{12}|[0-9]{18,19}|1[3-9][0-9]{9}|[Ee][0-9]{20,26}"
    r"|2[0-9](?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{15}"
)
"""Numbers of today's orders, and phones: a piece of this length is hardly a part of something."""
_OLDER = re.compile(r"[0-9]{10}|[0-9]{14,17}")
_ODD = re.compile(r"[0-9]{11}|[0-9]{13}|[0-9]{20}")
_NAMES = (
    ("tmall", ("天猫", "tmall")),
    ("taobao", ("淘宝", "taobao")),
    ("jd", ("京东", "jd")),
    ("pdd", ("拼多多", "pdd")),
    ("douyin", ("抖音", "抖店", "douyin")),
    ("youzan", ("有赞", "youzan")),
    ("amazon", ("亚马逊", "amazon")),
)


def understood(text: str) -> list[tuple[str | None, str]]:
    """Order numbers in a typed or pasted text, as exports write them, each with its platform where the text tells it.

    Full-width characters, labels, blanks and line breaks inside a number are seen through; a Pinduoduo number may lack
    its hyphen.
    A name of a platform before a number says whose it is where the number's shape does not. Phones are not numbers. A
    single word of letters and digits that is none of these may be a number of a file of the shop's own making.
    """
    plain = _DASHES.sub("-", unicodedata.normalize("NFKC", text[:LENGTH_MAX]))
    plain = _RUN.sub(lambda run: "\n".join(_pieces(run[0].split())), plain.replace("\u200b", " "))
    found = _numbers(plain) or _numbers(_HYPHENED.sub(lambda one: "".join(one[0].split()), plain))
    told: dict[str, str | None] = {}
    for _place, platform, number in sorted(found, key=lambda one: one[0]):
        told.setdefault(number, platform)
    if not told and (own := _OWN.fullmatch(plain)) and not _PHONE.fullmatch(own[1]):
        return [("generic", own[1])]
    return [(platform, number) for number, platform in told.items()][:NUMBERS_MAX]


def _pieces(groups: list[str]) -> list[str]:
    """Groups of digits that stand beside one another, put together where that makes better numbers of them.

    The least doubtful reading of all, of equals the one that puts the fewest together: two whole numbers stay two.
    """
    best: list[tuple[int, int, list[str]]] = [(0, 0, [])]
    for end in range(1, len(groups) + 1):
        readings = []
        for start in range(end - 1, -1, -1):
            piece = "".join(groups[start:end])
            if len(piece) > _PIECE_MAX and start < end - 1:
                break
            doubt = _doubt(groups[start:end], piece)
            if doubt is not None:
                before, fewer, pieces = best[start]
                readings.append((before + doubt, fewer - 1, [*pieces, piece]))
        best.append(min(readings))
    return best[-1][2]


def _doubt(groups: list[str], piece: str) -> int | None:
    """How much speaks against this being one number; None if it cannot be."""
    if _WHOLE.fullmatch(piece) and not any(map(_PHONE.fullmatch, groups[1:] and groups)):
        return 0
    if len(groups) == 1:
        return 2 if _ODD.fullmatch(piece) else 1
    if any(map(_PHONE.fullmatch, groups)):
        return None
    if _OLDER.fullmatch(piece):
        return 1
    return 2 if _ODD.fullmatch(piece) else None


def _numbers(text: str) -> list[tuple[int, str | None, str]]:
    found: list[tuple[int, str | None, str]] = []
    for platform, shape in _SHAPES:
        for match in shape.finditer(text):
            number = "".join(match[0].split()).upper()
            if platform is None and _PHONE.fullmatch(number):
                continue
            found.append(
                (match.start(), platform or _named(text[: match.start()]), _written(platform, number))
            )
        text = shape.sub(lambda match: " " * len(match[0]), text)
    return found


def _written(platform: str | None, number: str) -> str:
    if platform != "pdd":
        return number
    digits = number.replace("-", "")
    return f"{digits[:6]}-{digits[6:]}"


def _named(before: str) -> str | None:
    """The platform named last."""
    places = {
        platform: max((before.lower().rfind(name) for name in names), default=-1)
        for platform, names in _NAMES
    }
    platform = max(places, key=lambda name: places[name])
    return platform if places[platform] >= 0 else None
