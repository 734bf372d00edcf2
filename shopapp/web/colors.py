"""From the merchant's one colour to all those that the pages need, each with the contrast that reading asks for."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

READABLE = 4.5  # WCAG 2.2, 1.4.3
NEARLY = 3.0
STEP = 0.01
WHITE, DARK_INK = (255, 255, 255), (35, 32, 29)
LIGHT_GROUND, DARK_CARD, DARK_RAISED = (246, 244, 241), (30, 28, 26), (42, 39, 37)

Rgb = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Theme:
    """Colours of buttons (`brand`, pressed, the words on them), of words (`ink`) and of soft grounds, light and dark."""

    brand: Rgb
    press: Rgb
    on_brand: Rgb
    ink: Rgb
    soft: Rgb
    dark_ink: Rgb
    dark_soft: Rgb


def theme_of(color: Rgb) -> Theme:
    """A colour that is nearly dark enough for white words is darkened a little; a light one gets dark words."""
    wants_white = contrast(color, WHITE) >= NEARLY
    brand = darkened(color, against=(WHITE,)) if wants_white else color
    soft, dark_soft = mixed(color, WHITE, 0.09), mixed(color, DARK_CARD, 0.18)
    return Theme(
        brand=brand,
        press=mixed(brand, (0, 0, 0), 0.87),
        on_brand=WHITE if wants_white else DARK_INK,
        ink=darkened(color, against=(WHITE, LIGHT_GROUND, soft)),
        soft=soft,
        dark_ink=lightened(color, against=(DARK_CARD, DARK_RAISED, dark_soft)),
        dark_soft=dark_soft,
    )


def luminance(color: Rgb) -> float:
    """Relative luminance, as WCAG 2.2 defines it."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in color)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Rgb, other: Rgb) -> float:
    """1 to 21, as WCAG 2.2 defines it."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def mixed(color: Rgb, other: Rgb, share: float) -> Rgb:
    """`share` of the first with the rest of the other."""
    red, green, blue = (round(a * share + b * (1 - share)) for a, b in zip(color, other, strict=True))
    return red, green, blue


def darkened(color: Rgb, *, against: tuple[Rgb, ...]) -> Rgb:
    return _moved(color, -STEP, against)


def lightened(color: Rgb, *, against: tuple[Rgb, ...]) -> Rgb:
    return _moved(color, STEP, against)


def _moved(color: Rgb, step: float, against: tuple[Rgb, ...]) -> Rgb:
    """The nearest lightness of the same hue that can be read on all these grounds."""
    hue, light, saturation = colorsys.rgb_to_hls(*(channel / 255 for channel in color))
    while any(contrast(color, ground) < READABLE for ground in against) and 0 <= light + step <= 1:
        light += step
        red, green, blue = (round(part * 255) for part in colorsys.hls_to_rgb(hue, light, saturation))
        color = (red, green, blue)
    return color


def from_hex(text: str) -> Rgb:
    """`e2472f` -> (226, 71, 47)"""
    return int(text[0:2], 16), int(text[2:4], 16), int(text[4:6], 16)


def to_hex(color: Rgb) -> str:
    return "#{:02X}{:02X}{:02X}".format(*color)
