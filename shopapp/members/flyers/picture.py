"""The flyer as a picture for the screen, and logos as they are kept."""

from __future__ import annotations

import io
from contextlib import closing

import segno
from PIL import Image, ImageDraw

from shopapp.kernel.errors import ShopError
from shopapp.kernel.heavy import heavy_work
from shopapp.kernel.i18n import _l

from . import fonts
from .shapes import SERIAL, Box, Code, Disc, Logo, Rule, Shape, Sheet, Words

PIXELS_PER_MM = 8
LOGO_BYTES_MAX = 5 * 1024 * 1024
LOGO_PIXELS_MAX = 30_000_000
LOGO_SIDE_MIN, LOGO_SIDE_KEPT_MAX = 100, 900
LOGO_RATIO_MAX = 8
QUIET_ZONE = 4


class BadLogo(ShopError):
    status, code, text = (
        422,
        "bad_logo",
        _l(
            "这个文件不能当店标，没有任何改动。请上传 5 MB 以内的 PNG、JPEG 或 WebP，宽和高至少 100 像素，不要太长太扁。"
        ),
    )


def kept_logo(raw: bytes) -> bytes:
    """Decode an upload and write it anew as a PNG without metadata. Raises `BadLogo`."""
    if len(raw) > LOGO_BYTES_MAX:
        raise BadLogo
    try:
        with heavy_work(), closing(Image.open(io.BytesIO(raw), formats=("PNG", "JPEG", "WEBP"))) as opened:
            wide, high = opened.size
            fine = min(wide, high) >= LOGO_SIDE_MIN and max(wide, high) <= LOGO_RATIO_MAX * min(wide, high)
            if wide * high > LOGO_PIXELS_MAX or not fine:
                raise BadLogo
            picture = opened.convert("RGBA")
            picture.thumbnail((LOGO_SIDE_KEPT_MAX, LOGO_SIDE_KEPT_MAX), Image.Resampling.LANCZOS)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise BadLogo from None
    out = io.BytesIO()
    Image.frombytes(picture.mode, picture.size, picture.tobytes()).save(out, "PNG")
    return out.getvalue()


def ratio_of(logo: bytes | None) -> float | None:
    if logo is None:
        return None
    with closing(Image.open(io.BytesIO(logo))) as picture:
        return picture.width / picture.height


def draw(sheet: Sheet, *, logo: bytes | None, qr_text: str, serial: str) -> bytes:
    """A PNG of the trimmed card as it will look in the hand."""
    scale, measures = PIXELS_PER_MM, sheet.measures
    size = (round(measures.width * scale), round(measures.height * scale))
    canvas = Image.new("RGB", size, "white")
    for shape in sheet.shapes:
        _draw(canvas, shape, logo=logo, qr_text=qr_text, serial=serial)
    if measures.radius:
        mask = Image.new("L", size, 0)
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), measures.radius * scale, 255)
        canvas.putalpha(mask)
    out = io.BytesIO()
    canvas.save(out, "PNG")
    return out.getvalue()


def _draw(canvas: Image.Image, shape: Shape, *, logo: bytes | None, qr_text: str, serial: str) -> None:
    pen, scale = ImageDraw.Draw(canvas), PIXELS_PER_MM
    match shape:
        case Box():
            corners = (
                shape.x * scale,
                shape.y * scale,
                (shape.x + shape.width) * scale - 1,
                (shape.y + shape.height) * scale - 1,
            )
            pen.rounded_rectangle(corners, shape.radius * scale, shape.color)
        case Disc():
            pen.circle((shape.x * scale, shape.y * scale), shape.radius * scale, shape.color)
        case Rule():
            for start, end in strokes(shape):
                thick = max(round(shape.thickness * scale), 1)
                pen.line((start * scale, shape.y * scale, end * scale, shape.y * scale), shape.color, thick)
        case Words():
            pen.text(
                (shape.x * scale, shape.y * scale),
                serial if shape.role == SERIAL else shape.text,
                shape.color,
                fonts.at_size(round(shape.size * scale)),
                anchor="ls",
                stroke_width=1 if shape.bold else 0,
                stroke_fill=shape.color,
            )
        case Logo() if logo is not None:
            with closing(Image.open(io.BytesIO(logo))) as opened:
                side = (round(shape.width * scale), round(shape.height * scale))
                picture = opened.convert("RGBA").resize(side, Image.Resampling.LANCZOS)
            canvas.paste(picture, (round(shape.x * scale), round(shape.y * scale)), picture)
        case Code():
            modules = code_modules(qr_text)
            count = len(modules) + 2 * QUIET_ZONE
            small = Image.new("L", (count, count), 255)
            for row, line in enumerate(modules):
                for column, dark in enumerate(line):
                    if dark:
                        small.putpixel((column + QUIET_ZONE, row + QUIET_ZONE), 0)
            side = (round(shape.side * scale),) * 2
            canvas.paste(
                small.resize(side, Image.Resampling.NEAREST), (round(shape.x * scale), round(shape.y * scale))
            )


def strokes(rule: Rule) -> list[tuple[float, float]]:
    """(start, end) of each stroke of a line."""
    if not rule.dash:
        return [(rule.x, rule.x + rule.width)]
    count = int(rule.width / (2 * rule.dash))
    return [(rule.x + n * 2 * rule.dash, rule.x + (n * 2 + 1) * rule.dash) for n in range(count)]


def code_modules(text: str) -> list[list[bool]]:
    """Dark and light of a QR code, without its quiet zone; a seventh of it may be damaged."""
    return [[bool(module) for module in row] for row in segno.make(text, error="m", micro=False).matrix]
