"""What a flyer is made of: shapes and words in millimetres from the upper left corner of the trimmed card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .design import Measures
from .fonts import width_of, wrapped

Rgb = tuple[int, int, int]

WHITE: Rgb = (255, 255, 255)
INK: Rgb = (38, 36, 34)
QUIET: Rgb = (112, 108, 104)
LINE_HEIGHT = 1.45
ASCENT = 0.86
"""The baseline below the top of a line, in heights of a letter."""

LEFT_OVER_MAX = 2
SERIAL = "serial"


@dataclass(frozen=True)
class Area:
    """Room for a text."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, kw_only=True)
class Box:
    """A filled rectangle, with `radius` at its corners."""

    x: float
    y: float
    width: float
    height: float
    color: Rgb
    radius: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Disc:
    x: float
    y: float
    radius: float
    color: Rgb


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A level line, `dash` long strokes and gaps if it is broken."""

    x: float
    y: float
    width: float
    thickness: float
    color: Rgb
    dash: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Words:
    """One line of text by its baseline; `role` serial stands for the number of the copy."""

    x: float
    y: float
    text: str
    size: float
    color: Rgb
    bold: bool = False
    role: str = ""


@dataclass(frozen=True, kw_only=True)
class Logo:
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, kw_only=True)
class Code:
    """The QR code with its quiet zone."""

    x: float
    y: float
    side: float


Shape = Box | Disc | Rule | Words | Logo | Code


@dataclass
class Sheet:
    """A card's shapes from the back to the front; `too_long` names the texts that have no room at a readable size."""

    measures: Measures
    shapes: list[Shape] = field(default_factory=list)
    too_long: list[str] = field(default_factory=list)

    def add(self, *shapes: Shape) -> None:
        self.shapes.extend(shapes)

    def block(
        self,
        name: str,
        text: str,
        area: Area,
        *,
        sizes: Sequence[float],
        color: Rgb,
        bold: bool = False,
        centred: bool = False,
        bottom: bool = False,
    ) -> float:
        """Set a text as large as it fits; returns where it ends, or with `bottom` where it begins."""
        x, y, width, height = area.x, area.y, area.width, area.height
        if not text:
            return y + height if bottom else y
        fitting = [
            (size, lines)
            for size in sizes
            if _fits(lines := wrapped(text, width=width, size=size), width=width, height=height, size=size)
        ]
        if fitting:
            size, lines = next((one for one in fitting if not _ends_alone(one[1])), fitting[0])
        else:
            self.too_long.append(name)
            size = sizes[-1]
            lines = wrapped(text, width=width, size=size)[: max(int(height / (size * LINE_HEIGHT)), 1)]
        tall = len(lines) * size * LINE_HEIGHT
        top = y + height - tall if bottom else y
        for place, line in enumerate(lines):
            left = x + (width - width_of(line, size)) / 2 if centred else x
            base = top + place * size * LINE_HEIGHT + size * (ASCENT + (LINE_HEIGHT - 1) / 2)
            self.add(Words(x=left, y=base, text=line, size=size, color=color, bold=bold))
        return top if bottom else top + tall


def _fits(lines: Sequence[str], *, width: float, height: float, size: float) -> bool:
    within = all(width_of(line, size) <= width + 0.01 for line in lines)
    return within and len(lines) * size * LINE_HEIGHT <= height + 0.01


def _ends_alone(lines: Sequence[str]) -> bool:
    """Whether a letter or two were left over for a line of their own."""
    return len(lines) > 1 and any(0 < len(line) <= LEFT_OVER_MAX for line in lines)


def parse(color: str) -> Rgb:
    """#E2472F -> (226, 71, 47)"""
    value = int(color.removeprefix("#"), 16)
    return value >> 16, value >> 8 & 255, value & 255


def mixed(front: Rgb, back: Rgb, share: float) -> Rgb:
    red, green, blue = (round(f * share + b * (1 - share)) for f, b in zip(front, back, strict=True))
    return red, green, blue


def on(color: Rgb) -> Rgb:
    """White or ink: what is easier to read on this colour."""
    red, green, blue = color
    return INK if 0.299 * red + 0.587 * green + 0.114 * blue > 170 else WHITE
