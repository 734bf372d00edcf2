"""Packaging drawn from simple solids: pouch, box, bale, can, jar, bucket, bottle, pump, tube, wipes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PIL import Image, ImageChops, ImageDraw

from shopapp.admin.demo import canvas
from shopapp.admin.demo.canvas import SMOOTH, Colour, Palette

WIDTH, HEIGHT = 520, 600
BRAND = "小满"
CYLINDER = (0.72, 0.92, 1.06, 1.1, 1.02, 0.94, 0.84, 0.7)
FOIL = (0.86, 1.04, 0.98, 1.02, 1.0, 0.97, 1.05, 0.86)
CARD = (1.03, 1.0, 0.98, 0.96)
CREAM: Colour = (255, 252, 246)
WOOD: Colour = (214, 172, 120)

Polygon = Sequence[tuple[float, float]]


def pack(kind: str, *, palette: Palette, label: str, art: str) -> Image.Image:
    """One package of `WIDTH` × `HEIGHT` pixels standing on its lower edge, with `label` and `art` on its front.

    Raises KeyError for a kind that is not drawn here."""
    sheet = Image.new("RGBA", (WIDTH * SMOOTH, HEIGHT * SMOOTH), (0, 0, 0, 0))
    front = KINDS[kind](sheet, palette)
    picture = sheet.reduce(SMOOTH)
    front(picture, label, art)
    return picture


Front = Callable[[Image.Image, str, str], None]


def _solid(sheet: Image.Image, mask: Image.Image, colour: Colour, light: Sequence[float]) -> None:
    """Fill the mask with the colour, lit from the side by `light`, factors from the left edge to the right."""
    box = mask.getbbox()
    if box is None:
        return
    width, height = box[2] - box[0], box[3] - box[1]
    row = Image.new("RGB", (len(light), 1))
    row.putdata([_lit(colour, factor) for factor in light])
    body = row.resize((width, height), Image.Resampling.BICUBIC).convert("RGBA")
    body.putalpha(mask.crop(box))
    sheet.alpha_composite(body, box[:2])


def _lit(colour: Colour, factor: float) -> Colour:
    return (
        canvas.mix(colour, (255, 255, 255), factor - 1)
        if factor > 1
        else canvas.mix((0, 0, 0), colour, factor)
    )


def _mask(sheet: Image.Image) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    mask = Image.new("L", sheet.size, 0)
    return mask, ImageDraw.Draw(mask)


def _scaled(points: Polygon) -> list[tuple[float, float]]:
    return [(x * SMOOTH, y * SMOOTH) for x, y in points]


def _polygon(sheet: Image.Image, points: Polygon, colour: Colour, light: Sequence[float]) -> None:
    mask, draw = _mask(sheet)
    draw.polygon(_scaled(points), fill=255)
    _solid(sheet, mask, colour, light)


def _rounded(
    sheet: Image.Image, box: canvas.Box, radius: float, colour: Colour, light: Sequence[float]
) -> None:
    mask, draw = _mask(sheet)
    draw.rounded_rectangle([edge * SMOOTH for edge in box], radius * SMOOTH, fill=255)
    _solid(sheet, mask, colour, light)


def _ellipse(
    sheet: Image.Image, box: canvas.Box, colour: Colour, light: Sequence[float] = (1.0, 1.0)
) -> None:
    mask, draw = _mask(sheet)
    draw.ellipse([edge * SMOOTH for edge in box], fill=255)
    _solid(sheet, mask, colour, light)


def _tapered(
    sheet: Image.Image, box: canvas.Box, *, inset: float, bow: float, colour: Colour, light: Sequence[float]
) -> None:
    """A round wall seen slightly from above: narrower by `inset` at the foot, both rims bowed by `bow`."""
    left, top, right, bottom = box
    mask, draw = _mask(sheet)
    draw.polygon(
        _scaled([(left, top), (right, top), (right - inset, bottom), (left + inset, bottom)]), fill=255
    )
    foot = (left + inset, bottom - bow, right - inset, bottom + bow)
    draw.ellipse([edge * SMOOTH for edge in foot], fill=255)
    _solid(sheet, mask, colour, light)


def _front(
    palette: Palette,
    *,
    centre: tuple[int, int],
    art_at: int,
    art_size: int,
    words_at: int,
    size: int = 52,
    ink: Colour | None = None,
    brand_at: int | None = None,
) -> Front:
    """A printed front: brand, picture and name on the middle line `centre[0]`."""

    def prints(picture: Image.Image, label: str, art: str) -> None:
        x = centre[0]
        if art_size:
            canvas.place(picture, canvas.illustration(art, size=art_size), centre=(x, art_at))
        colour = ink or palette.ink
        canvas.words(picture, label, at=(x, words_at), size=size, colour=colour)
        if brand_at is not None:
            canvas.words(picture, BRAND, at=(x, brand_at), size=26, colour=colour)

    return prints


def _pouch(sheet: Image.Image, palette: Palette) -> Front:
    mask, draw = _mask(sheet)
    outline = [
        (92, 40),
        (428, 40),
        (436, 130),
        (446, 330),
        (450, 520),
        (440, 566),
        (80, 566),
        (70, 520),
        (74, 330),
        (84, 130),
    ]
    draw.polygon(_scaled(outline), fill=255)
    draw.ellipse([edge * SMOOTH for edge in (80, 536, 440, 594)], fill=255)
    _solid(sheet, mask, palette.main, FOIL)
    lower, draw = _mask(sheet)
    draw.ellipse([edge * SMOOTH for edge in (-120, 400, 640, 1100)], fill=255)
    _solid(sheet, ImageChops.multiply(mask, lower), canvas.mix(palette.main, palette.ink, 0.22), FOIL)
    _rounded(sheet, (92, 40, 428, 82), 4, canvas.mix(palette.main, (255, 255, 255), 0.25), FOIL)
    for line in range(46, 80, 9):
        ImageDraw.Draw(sheet).line(
            _scaled([(94, line), (426, line)]), fill=(*palette.main, 160), width=SMOOTH
        )
    _ellipse(sheet, (122, 160, 398, 436), CREAM)
    return _front(
        palette, centre=(260, 0), art_at=298, art_size=216, words_at=500, size=60, ink=CREAM, brand_at=120
    )


def _box(sheet: Image.Image, palette: Palette) -> Front:
    _polygon(
        sheet,
        [(60, 110), (110, 62), (478, 62), (420, 110)],
        canvas.mix(palette.main, (255, 255, 255), 0.45),
        CARD,
    )
    _polygon(
        sheet,
        [(420, 110), (478, 62), (478, 540), (420, 590)],
        canvas.mix(palette.main, palette.ink, 0.4),
        CARD,
    )
    _polygon(sheet, [(60, 110), (420, 110), (420, 590), (60, 590)], CREAM, CARD)
    _polygon(sheet, [(60, 110), (420, 110), (420, 196), (60, 196)], palette.main, CARD)
    _polygon(sheet, [(60, 560), (420, 560), (420, 590), (60, 590)], palette.main, CARD)
    _ellipse(sheet, (116, 214, 364, 462), canvas.mix(palette.wall, palette.paper, 0.3))

    def prints(picture: Image.Image, label: str, art: str) -> None:
        canvas.words(picture, BRAND, at=(240, 152), size=40, colour=CREAM)
        canvas.place(picture, canvas.illustration(art, size=196), centre=(240, 338))
        canvas.words(picture, label, at=(240, 510), size=52, colour=palette.ink)

    return prints


def _bale(sheet: Image.Image, palette: Palette) -> Front:
    _rounded(sheet, (190, 48, 330, 150), 40, canvas.mix(palette.main, palette.ink, 0.25), FOIL)
    _rounded(sheet, (214, 72, 306, 150), 26, palette.wall, FOIL)
    _rounded(sheet, (20, 100, 500, 592), 54, palette.main, FOIL)
    _rounded(sheet, (20, 452, 500, 592), 54, canvas.mix(palette.main, palette.ink, 0.22), FOIL)
    _rounded(sheet, (20, 440, 500, 520), 4, canvas.mix(palette.main, palette.ink, 0.22), FOIL)
    _ellipse(sheet, (126, 150, 394, 418), CREAM)
    return _front(
        palette, centre=(260, 0), art_at=284, art_size=206, words_at=514, size=68, ink=CREAM, brand_at=124
    )


def _can(sheet: Image.Image, palette: Palette) -> Front:
    _tapered(sheet, (84, 120, 436, 556), inset=0, bow=36, colour=palette.main, light=CYLINDER)
    _tapered(sheet, (84, 214, 436, 470), inset=0, bow=36, colour=CREAM, light=CYLINDER)
    _cut(sheet, (84, 178, 436, 250), palette.main, CYLINDER)
    _tapered(sheet, (78, 74, 442, 122), inset=0, bow=36, colour=palette.spark, light=CYLINDER)
    _ellipse(sheet, (78, 38, 442, 110), canvas.mix(palette.spark, (255, 255, 255), 0.4))
    return _front(
        palette,
        centre=(260, 0),
        art_at=340,
        art_size=176,
        words_at=462,
        size=46,
        brand_at=190,
        ink=palette.ink,
    )


def _cut(sheet: Image.Image, box: canvas.Box, colour: Colour, light: Sequence[float]) -> None:
    """Bow the upper rim of a printed band, so that it follows the round wall above it."""
    _ellipse(sheet, box, colour, light)


def _jar(sheet: Image.Image, palette: Palette) -> Front:
    _rounded(sheet, (74, 150, 446, 592), 64, canvas.mix(palette.wall, palette.main, 0.25), CYLINDER)
    _rounded(sheet, (88, 166, 432, 578), 54, canvas.mix(palette.wall, (255, 255, 255), 0.35), CYLINDER)
    _tapered(sheet, (96, 84, 424, 146), inset=0, bow=26, colour=WOOD, light=CYLINDER)
    _ellipse(sheet, (96, 58, 424, 110), canvas.mix(WOOD, (255, 255, 255), 0.35))
    _rounded(sheet, (112, 232, 408, 536), 24, CREAM, CARD)
    return _front(palette, centre=(260, 0), art_at=352, art_size=178, words_at=486, size=50, brand_at=254)


def _bucket(sheet: Image.Image, palette: Palette) -> Front:
    _tapered(sheet, (66, 96, 454, 560), inset=62, bow=30, colour=CREAM, light=CYLINDER)
    for stripe in range(5):
        left, foot = 66 + stripe * 77.6, 128 + stripe * 52.8
        if stripe % 2 == 0:
            _polygon(
                sheet,
                [(left, 110), (left + 77.6, 110), (foot + 52.8, 574), (foot, 574)],
                palette.main,
                (0.98, 1.0),
            )
    _ellipse(sheet, (66, 58, 454, 134), canvas.mix(palette.main, palette.ink, 0.3))
    _ellipse(sheet, (82, 66, 438, 126), canvas.mix(palette.spark, CREAM, 0.5))
    _ellipse(sheet, (120, 206, 400, 486), CREAM)
    return _front(palette, centre=(260, 0), art_at=316, art_size=168, words_at=432, size=46)


def _bottle(sheet: Image.Image, palette: Palette) -> Front:
    _rounded(sheet, (196, 26, 324, 132), 18, palette.spark, CYLINDER)
    _polygon(sheet, [(180, 118), (340, 118), (430, 206), (90, 206)], palette.wall, CYLINDER)
    _rounded(sheet, (84, 170, 436, 594), 60, palette.wall, CYLINDER)
    _rounded(sheet, (108, 262, 412, 548), 26, palette.main, FOIL)
    _ellipse(sheet, (170, 280, 350, 460), CREAM)
    return _front(
        palette, centre=(260, 0), art_at=370, art_size=144, words_at=504, size=52, ink=CREAM, brand_at=226
    )


def _pump(sheet: Image.Image, palette: Palette) -> Front:
    _rounded(sheet, (150, 30, 300, 62), 14, palette.ink, (0.95, 1.2, 0.9))
    _rounded(sheet, (246, 40, 276, 120), 4, palette.ink, CYLINDER)
    _rounded(sheet, (206, 104, 316, 164), 12, palette.ink, CYLINDER)
    _rounded(sheet, (112, 152, 408, 594), 58, palette.main, CYLINDER)
    _rounded(sheet, (136, 250, 384, 552), 22, CREAM, CARD)
    return _front(palette, centre=(260, 0), art_at=370, art_size=180, words_at=504, size=46, brand_at=276)


def _tube(sheet: Image.Image, palette: Palette) -> Front:
    _polygon(sheet, [(118, 26), (402, 26), (372, 500), (148, 500)], palette.main, CYLINDER)
    _polygon(
        sheet, [(116, 20), (404, 20), (402, 52), (118, 52)], canvas.mix(palette.main, palette.ink, 0.3), FOIL
    )
    _rounded(sheet, (142, 494, 378, 594), 16, CREAM, CYLINDER)
    _ellipse(sheet, (168, 118, 352, 302), CREAM)
    return _front(
        palette, centre=(260, 0), art_at=210, art_size=148, words_at=374, size=52, ink=CREAM, brand_at=440
    )


def _wipes(sheet: Image.Image, palette: Palette) -> Front:
    _rounded(sheet, (6, 232, 514, 592), 46, palette.main, FOIL)
    _polygon(
        sheet, [(6, 272), (24, 260), (24, 566), (6, 552)], canvas.mix(palette.main, palette.ink, 0.2), FOIL
    )
    _polygon(
        sheet,
        [(514, 272), (496, 260), (496, 566), (514, 552)],
        canvas.mix(palette.main, palette.ink, 0.2),
        FOIL,
    )
    _rounded(sheet, (122, 186, 398, 262), 30, CREAM, CYLINDER)
    _rounded(sheet, (142, 196, 378, 236), 20, palette.wall, CARD)
    _ellipse(sheet, (46, 310, 246, 510), CREAM)

    def prints(picture: Image.Image, label: str, art: str) -> None:
        canvas.place(picture, canvas.illustration(art, size=150), centre=(146, 410))
        canvas.words(picture, label, at=(372, 420), size=54, colour=CREAM)
        canvas.words(picture, BRAND, at=(372, 352), size=28, colour=CREAM)

    return prints


KINDS: dict[str, Callable[[Image.Image, Palette], Front]] = {
    "pouch": _pouch,
    "box": _box,
    "bale": _bale,
    "can": _can,
    "jar": _jar,
    "bucket": _bucket,
    "bottle": _bottle,
    "pump": _pump,
    "tube": _tube,
    "wipes": _wipes,
}
