"""The flyer as a file for the print shop: bleed, crop marks, vector code, the typeface embedded.

The page is the trimmed card with 3 mm of bleed around it, and says so in its boxes. Black is printed with black alone.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any

from fpdf import FPDF
from fpdf.enums import TextMode
from PIL import Image

from . import fonts
from .design import BLEED, Copy
from .picture import QUIET_ZONE, code_modules, strokes
from .shapes import SERIAL, Box, Code, Disc, Logo, Rgb, Rule, Shape, Sheet, Words

FONT = "flyer"
POINTS_PER_MM = 72 / 25.4
MARK_LENGTH, MARK_THICKNESS = 2.0, 0.1
CUT_COLOR = (236, 0, 140)
DPI = 300
STROKE = 0.022
"""How much thicker bold letters are drawn, in heights of a letter."""

OVERLAP = 0.01
"""Millimetres by which modules reach over each other, so that no hairline shows between them."""


def make(
    sheet: Sheet, copies: Iterable[Copy], *, title: str, logo: bytes | None, printed_at: datetime
) -> bytes:
    """A PDF with one page for each copy; the same input gives the same bytes."""
    measures = sheet.measures
    page_size = (measures.width + 2 * BLEED, measures.height + 2 * BLEED)
    pdf = FPDF(unit="mm", format=page_size)
    pdf.set_auto_page_break(False)
    pdf.set_creation_date(printed_at)
    pdf.set_title(title)
    pdf.set_producer("Huitou")
    pdf.add_font(FONT, fname=str(fonts.file()), collection_font_number=0)
    picture = _logo_for_print(sheet, logo)
    for copy in copies:
        pdf.add_page()
        for shape in sheet.shapes:
            _draw(pdf, shape, copy=copy, logo=picture)
        _marks(pdf, sheet)
        _boxes(pdf, sheet)
    return bytes(pdf.output())


def _draw(pdf: FPDF, shape: Shape, *, copy: Copy, logo: Image.Image | None) -> None:
    match shape:
        case Box():
            _fill(pdf, shape.color)
            rounded: dict[str, Any] = (
                {"round_corners": True, "corner_radius": shape.radius} if shape.radius else {}
            )
            pdf.rect(shape.x + BLEED, shape.y + BLEED, shape.width, shape.height, style="F", **rounded)
        case Disc():
            _fill(pdf, shape.color)
            pdf.circle(shape.x + BLEED, shape.y + BLEED, shape.radius, style="F")
        case Rule():
            pdf.set_draw_color(*shape.color)
            pdf.set_line_width(shape.thickness)
            for start, end in strokes(shape):
                pdf.line(start + BLEED, shape.y + BLEED, end + BLEED, shape.y + BLEED)
        case Words():
            _write(pdf, shape, text=copy.serial if shape.role == SERIAL else shape.text)
        case Logo() if logo is not None:
            pdf.image(logo, shape.x + BLEED, shape.y + BLEED, shape.width, shape.height)
        case Code():
            _code(pdf, shape, text=copy.qr_text)


def _write(pdf: FPDF, words: Words, *, text: str) -> None:
    pdf.set_font(FONT, size=words.size * POINTS_PER_MM)
    _ink(pdf, words.color)
    with pdf.local_context():
        if words.bold:
            pdf.text_mode = TextMode.FILL_STROKE
            pdf.set_draw_color(*words.color)
            pdf.set_line_width(words.size * STROKE)
        pdf.text(words.x + BLEED, words.y + BLEED, text)


def _code(pdf: FPDF, code: Code, *, text: str) -> None:
    """Each run of dark modules in a row is one rectangle, on white."""
    left, top = code.x + BLEED, code.y + BLEED
    pdf.set_fill_color(255)
    pdf.rect(left, top, code.side, code.side, style="F")
    pdf.set_fill_color(0)
    count, runs = dark_runs(text)
    module = code.side / count
    for row, column, length in runs:
        pdf.rect(
            left + column * module,
            top + row * module,
            length * module + OVERLAP,
            module + OVERLAP,
            style="F",
        )


@lru_cache(maxsize=2)
def dark_runs(text: str) -> tuple[int, list[tuple[int, int, int]]]:
    """How many modules a side has with its quiet zone, and (row, column, length) of the runs of dark ones."""
    modules = code_modules(text)
    runs: list[tuple[int, int, int]] = []
    for row, line in enumerate(modules):
        start: int | None = None
        for column, dark in enumerate([*line, False]):
            if dark and start is None:
                start = column
            elif not dark and start is not None:
                runs.append((row + QUIET_ZONE, start + QUIET_ZONE, column - start))
                start = None
    return len(modules) + 2 * QUIET_ZONE, runs


def _marks(pdf: FPDF, sheet: Sheet) -> None:
    """Corner marks within the bleed; where corners are round, the line along which to cut."""
    measures = sheet.measures
    pdf.set_line_width(MARK_THICKNESS)
    if measures.radius:
        pdf.set_draw_color(*CUT_COLOR)
        pdf.rect(
            *(BLEED, BLEED, measures.width, measures.height),
            style="D",
            round_corners=True,
            corner_radius=measures.radius,
        )
        return
    pdf.set_draw_color(0)
    right, bottom = measures.width + 2 * BLEED, measures.height + 2 * BLEED
    for x in (BLEED, right - BLEED):
        pdf.line(x, 0, x, MARK_LENGTH)
        pdf.line(x, bottom - MARK_LENGTH, x, bottom)
    for y in (BLEED, bottom - BLEED):
        pdf.line(0, y, MARK_LENGTH, y)
        pdf.line(right - MARK_LENGTH, y, right, y)


def _boxes(pdf: FPDF, sheet: Sheet) -> None:
    """Tell the print shop's programs where the card ends and what is bleed."""
    wide, high = sheet.measures.width + 2 * BLEED, sheet.measures.height + 2 * BLEED
    pdf.pages[pdf.page].media_box = _box(0, 0, wide, high)
    page = vars(pdf.pages[pdf.page])
    page["bleed_box"] = _box(0, 0, wide, high)
    page["trim_box"] = _box(BLEED, BLEED, wide - BLEED, high - BLEED)


def _box(*corners: float) -> str:
    return f"[{' '.join(f'{corner * POINTS_PER_MM:.2f}' for corner in corners)}]"


def _fill(pdf: FPDF, color: Rgb) -> None:
    pdf.set_fill_color(*color)


def _ink(pdf: FPDF, color: Rgb) -> None:
    pdf.set_text_color(*color)


def _logo_for_print(sheet: Sheet, logo: bytes | None) -> Image.Image | None:
    """No finer than the press can show."""
    place = next((shape for shape in sheet.shapes if isinstance(shape, Logo)), None)
    if logo is None or place is None:
        return None
    with Image.open(io.BytesIO(logo)) as opened:
        picture = opened.convert("RGBA")
    most = (round(place.width / 25.4 * DPI), round(place.height / 25.4 * DPI))
    picture.thumbnail(most, Image.Resampling.LANCZOS)
    return picture
