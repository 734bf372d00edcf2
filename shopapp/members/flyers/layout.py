"""Where everything of a flyer stands, by template and size.

One layout is drawn twice, as the picture on the screen and as the file for the print shop.
"""

from __future__ import annotations

from .design import BLEED, SIZES, Design
from .fonts import width_of
from .models import FlyerTemplate
from .shapes import (
    INK,
    QUIET,
    SERIAL,
    WHITE,
    Area,
    Box,
    Code,
    Disc,
    Logo,
    Rgb,
    Rule,
    Sheet,
    Words,
    mixed,
    on,
    parse,
)


def lay_out(design: Design, *, shop_name: str, logo_ratio: float | None) -> Sheet:
    """`logo_ratio` is width by height of the logo, None without one: then the shop's name stands in its place."""
    measures = SIZES[design.size]
    sheet = Sheet(measures=measures)
    color = parse(design.color)
    if measures.small:
        _sticker(sheet, design, color, shop_name)
    elif design.template is FlyerTemplate.SUNRISE:
        _sunrise(sheet, design, color, shop_name, logo_ratio)
    elif design.template is FlyerTemplate.TICKET:
        _ticket(sheet, design, color, shop_name, logo_ratio)
    else:
        _letter(sheet, design, color, shop_name, logo_ratio)
    return sheet


def _sunrise(sheet: Sheet, design: Design, color: Rgb, shop_name: str, ratio: float | None) -> None:
    width, height = sheet.measures.width, sheet.measures.height
    band, edge, over = height * 0.37, 8.0, on(color)
    _ground(sheet, WHITE)
    sheet.add(
        Box(x=-BLEED, y=-BLEED, width=width + 2 * BLEED, height=band + BLEED, color=color),
        Disc(x=width - 9, y=7, radius=27, color=mixed(color, WHITE, 0.88)),
        Disc(x=width - 5, y=4, radius=17, color=mixed(color, WHITE, 0.78)),
        Box(x=-BLEED, y=band, width=width + 2 * BLEED, height=1.2, color=mixed(color, WHITE, 0.45)),
    )
    _brand(sheet, shop_name, ratio, x=edge, y=9, color=over, plate=True)
    sheet.block(
        "headline",
        design.headline,
        Area(edge, 24, width - 2 * edge, band - 30),
        sizes=(9.4, 8.4, 7.4, 6.4, 5.6),
        color=over,
        bold=True,
        bottom=True,
    )
    low = height - 66
    sheet.block(
        "body",
        design.body,
        Area(edge, band + 7, width - 2 * edge, low - band - 9),
        sizes=(4.3, 4.0, 3.6, 3.2, 2.9),
        color=INK,
    )
    sheet.add(
        Box(
            x=edge - 1,
            y=low,
            width=width - 2 * edge + 2,
            height=46,
            color=mixed(color, WHITE, 0.09),
            radius=4,
        ),
        Box(x=edge + 2, y=low + 3, width=40, height=40, color=WHITE, radius=2.5),
        Code(x=edge + 3, y=low + 4, side=38),
    )
    beside = edge + 47
    _call(sheet, design, color, x=beside, y=low + 6, width=width - edge - beside - 2, height=36)
    _foot(sheet, design, x=edge, width=width - 2 * edge)


def _ticket(sheet: Sheet, design: Design, color: Rgb, shop_name: str, ratio: float | None) -> None:
    width, height = sheet.measures.width, sheet.measures.height
    edge, tear = 7.0, height * 0.475
    ground = mixed(color, WHITE, 0.92)
    _ground(sheet, ground)
    inner = width - 2 * edge
    sheet.add(
        Box(x=edge, y=edge, width=inner, height=height - 2 * edge, color=WHITE, radius=5),
        Box(x=edge + 26, y=edge, width=inner - 52, height=1.6, color=mixed(color, WHITE, 0.6), radius=0.8),
        Disc(x=edge, y=tear, radius=4, color=ground),
        Disc(x=width - edge, y=tear, radius=4, color=ground),
        Rule(
            x=edge + 6,
            y=tear,
            width=inner - 12,
            thickness=0.4,
            color=mixed(color, WHITE, 0.5),
            dash=1.8,
        ),
    )
    left, room = edge + 7, inner - 14
    _brand(sheet, shop_name, ratio, x=left, y=edge + 7, color=color, centre=width / 2)
    end = sheet.block(
        "headline",
        design.headline,
        Area(left, edge + 20, room, 25),
        sizes=(8.4, 7.4, 6.4, 5.6, 5.0),
        color=color,
        bold=True,
        centred=True,
    )
    sheet.block(
        "body",
        design.body,
        Area(left, end + 2, room, tear - end - 5),
        sizes=(3.8, 3.5, 3.2, 2.9, 2.6),
        color=INK,
        centred=True,
    )
    side = 38.0
    sheet.add(Code(x=(width - side) / 2, y=tear + 4, side=side))
    below = sheet.block(
        "call",
        _scan_words(),
        Area(left, tear + side + 4, room, 7),
        sizes=(4.4,),
        color=color,
        bold=True,
        centred=True,
    )
    sheet.block(
        "hint",
        design.hint,
        Area(left, below, room, 9.4),
        sizes=(2.9, 2.6, 2.3),
        color=QUIET,
        centred=True,
    )
    _foot(sheet, design, x=left, width=room, up=edge + 2.5)


def _letter(sheet: Sheet, design: Design, color: Rgb, shop_name: str, ratio: float | None) -> None:
    width, height = sheet.measures.width, sheet.measures.height
    edge = 10.0
    _ground(sheet, WHITE)
    sheet.add(
        Box(x=-BLEED, y=-BLEED, width=3.2 + BLEED, height=height + 2 * BLEED, color=color),
        Box(x=edge, y=30, width=14, height=1.1, color=color),
    )
    _brand(sheet, shop_name, ratio, x=edge, y=11, color=INK)
    room = width - edge - 8
    end = sheet.block(
        "headline",
        design.headline,
        Area(edge, 35, room, 27),
        sizes=(8.8, 7.8, 6.8, 5.8, 5.0),
        color=INK,
        bold=True,
    )
    low = height - 61
    sheet.block(
        "body",
        design.body,
        Area(edge, end + 2.5, room, low - end - 5),
        sizes=(4.2, 3.9, 3.5, 3.2, 2.9, 2.6),
        color=INK,
    )
    sheet.add(
        Rule(x=edge, y=low, width=room, thickness=0.3, color=mixed(INK, WHITE, 0.2)),
        Code(x=width - 8 - 40, y=low + 4, side=40),
    )
    _call(sheet, design, color, x=edge, y=low + 6, width=width - 8 - 44 - edge, height=36)
    _foot(sheet, design, x=edge, width=room)


def _sticker(sheet: Sheet, design: Design, color: Rgb, shop_name: str) -> None:
    """A sticker has room for a line, the code and a hint; the shop's name takes the place of the body."""
    width, height = sheet.measures.width, sheet.measures.height
    bright = design.template is FlyerTemplate.SUNRISE
    ground, over = (color, on(color)) if bright else (WHITE, INK)
    _ground(sheet, ground)
    if design.template is FlyerTemplate.TICKET:
        _ground(sheet, mixed(color, WHITE, 0.92))
        sheet.add(Box(x=2, y=2, width=width - 4, height=height - 4, color=WHITE, radius=3))
        over = color
    if design.template is FlyerTemplate.LETTER:
        sheet.add(Box(x=-BLEED, y=-BLEED, width=width + 2 * BLEED, height=1.8 + BLEED, color=color))
    edge = 4.0
    tall = height > width
    side = 31.0 if tall else 25.0
    room = width - 2 * edge
    top = 4.2 if tall else 3.2
    end = sheet.block(
        "headline",
        design.headline,
        Area(edge, top, room, 10.8 if tall else 9.4),
        sizes=(4.6, 4.0, 3.6, 3.2, 2.8),
        color=over,
        bold=True,
        centred=True,
    )
    at = max(end + 0.6, top + 6)
    if bright:
        sheet.add(
            Box(
                x=(width - side) / 2 - 0.6,
                y=at - 0.6,
                width=side + 1.2,
                height=side + 1.2,
                color=WHITE,
                radius=2,
            )
        )
    sheet.add(Code(x=(width - side) / 2, y=at, side=side))
    below = at + side + (1.0 if bright else 0.2)
    bottom = height - (5.4 if design.serials else 3.2)
    sheet.block(
        "hint",
        design.hint or shop_name,
        Area(edge, below, room, bottom - below),
        sizes=(2.7, 2.4, 2.1, 1.9),
        color=over if bright else QUIET,
        centred=True,
    )
    if design.serials:
        text = "0" * (len(design.prefix) + 7)
        left = (width - width_of(text, 2.0)) / 2
        sheet.add(
            Words(x=left, y=height - 3.0, text="", size=2.0, color=over if bright else QUIET, role=SERIAL)
        )


def _ground(sheet: Sheet, color: Rgb) -> None:
    width, height = sheet.measures.width, sheet.measures.height
    sheet.add(
        Box(x=-BLEED, y=-BLEED, width=width + 2 * BLEED, height=height + 2 * BLEED, color=color),
    )


def _brand(
    sheet: Sheet,
    shop_name: str,
    ratio: float | None,
    *,
    x: float,
    y: float,
    color: Rgb,
    plate: bool = False,
    centre: float | None = None,
) -> None:
    """The logo no higher than 12 and no wider than 40 mm, else the shop's name."""
    if ratio is None:
        size = 4.6
        left = x if centre is None else centre - width_of(shop_name, size) / 2
        sheet.add(Words(x=left, y=y + 6, text=shop_name, size=size, color=color, bold=True))
        return
    height = min(12.0, 40.0 / ratio)
    width = height * ratio
    left = x if centre is None else centre - width / 2
    if plate:
        sheet.add(Box(x=left, y=y, width=width + 3, height=height + 3, color=WHITE, radius=2))
        left, y = left + 1.5, y + 1.5
    sheet.add(Logo(x=left, y=y, width=width, height=height))


def _call(
    sheet: Sheet, design: Design, color: Rgb, *, x: float, y: float, width: float, height: float
) -> None:
    end = sheet.block(
        "call",
        _scan_words(),
        Area(x, y, width, 14),
        sizes=(5.0, 4.4, 3.8),
        color=color,
        bold=True,
    )
    sheet.block(
        "hint",
        design.hint,
        Area(x, end + 1.5, width, y + height - end - 1.5),
        sizes=(3.3, 3.0, 2.7, 2.4),
        color=INK,
    )


def _scan_words() -> str:
    return "微信扫一扫"


def _foot(sheet: Sheet, design: Design, *, x: float, width: float, up: float = 5.0) -> None:
    height = sheet.measures.height
    numbered = width_of("0" * (len(design.prefix) + 7), 2.5) + 3 if design.serials else 0.0
    sheet.block(
        "footnote",
        design.footnote,
        Area(x, height - up - 9.6, width - numbered, 9.6),
        sizes=(2.5, 2.3, 2.1),
        color=QUIET,
        bottom=True,
    )
    if design.serials:
        left = x + width - numbered + 3
        sheet.add(Words(x=left, y=height - up - 1.1, text="", size=2.5, color=QUIET, role=SERIAL))
