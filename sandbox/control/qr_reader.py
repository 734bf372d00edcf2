"""Reading a QR code out of a clean, upright picture: a screenshot, a saved poster, a downloaded code.

Photographs would need perspective and error correction; their text can be pasted instead.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from segno import consts

from . import qr_text

Grid = list[list[bool]]
LONGEST_SIDE = 1800
FORMAT_MASK = 0b101010000010010
FORMAT_GENERATOR = 0b10100110111
ERROR_LEVELS = {
    0b01: consts.ERROR_LEVEL_L,
    0b00: consts.ERROR_LEVEL_M,
    0b11: consts.ERROR_LEVEL_Q,
    0b10: consts.ERROR_LEVEL_H,
}


class UnreadableError(Exception):
    """The text says why, and what to do instead."""


@dataclass(frozen=True)
class Finder:
    """Centre of a corner square and the width of a module, in pixels."""

    x: float
    y: float
    module: float


def read(data: bytes) -> str:
    """The text of the first code found; raises UnreadableError."""
    grid = _pixels(data)
    for top_left, top_right, bottom_left in _corners(_finders(grid)):
        try:
            return qr_text.decode(*_codewords(_modules(grid, top_left, top_right, bottom_left)))
        except (ValueError, IndexError, KeyError):
            continue
    raise UnreadableError("图片里没有找到清楚、摆正的二维码，可以粘贴二维码的内容")


def _pixels(data: bytes) -> Grid:
    from PIL import Image, UnidentifiedImageError

    try:
        image = Image.open(io.BytesIO(data))
        image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        flat = Image.new("RGB", image.size, "white")
        flat.paste(image.convert("RGBA"), mask=image.convert("RGBA").getchannel("A"))
        grey = flat.convert("L")
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise UnreadableError("这不是能打开的图片") from error
    raw = grey.tobytes()
    limit = (min(raw) + max(raw)) // 2
    width, height = grey.size
    return [[value < limit for value in raw[row * width : (row + 1) * width]] for row in range(height)]


def _crossings(line: list[bool]) -> list[tuple[float, float]]:
    """(centre, module) wherever dark and light runs stand 1 : 1 : 3 : 1 : 1."""
    edges = [0, *(i for i in range(1, len(line)) if line[i] != line[i - 1]), len(line)]
    found = []
    for at in range(len(edges) - 5):
        if not line[edges[at]]:
            continue
        runs = [edges[at + k + 1] - edges[at + k] for k in range(5)]
        module = sum(runs) / 7
        if module >= 1 and all(
            abs(run - want * module) <= module * want * 0.5 + 0.5
            for run, want in zip(runs, (1, 1, 3, 1, 1), strict=True)
        ):
            found.append(((edges[at + 2] + edges[at + 3]) / 2, module))
    return found


def _finders(grid: Grid) -> list[Finder]:
    columns: dict[int, list[tuple[float, float]]] = {}
    found: list[Finder] = []
    for row, line in enumerate(grid):
        for x, module in _crossings(line):
            if any(abs(f.x - x) < 2 * module and abs(f.y - row) < 4 * module for f in found):
                continue
            column = int(x)
            if column not in columns:
                columns[column] = _crossings([other[column] for other in grid])
            for y, upright in columns[column]:
                if abs(y - row) < 1.6 * module and abs(upright - module) < 0.5 * module:
                    found.append(Finder(x, y, (module + upright) / 2))
                    break
    return found


def _corners(finders: list[Finder]) -> list[tuple[Finder, Finder, Finder]]:
    """Triples that stand like the three corners of an upright code."""
    return [
        (a, b, c)
        for a in finders
        for b in finders
        for c in finders
        if b.x - a.x > 10 * a.module
        and c.y - a.y > 10 * a.module
        and abs(b.y - a.y) < 2 * a.module
        and abs(c.x - a.x) < 2 * a.module
        and abs((b.x - a.x) - (c.y - a.y)) < 2 * a.module
    ]


def _modules(grid: Grid, top_left: Finder, top_right: Finder, bottom_left: Finder) -> Grid:
    across, down = top_right.x - top_left.x, bottom_left.y - top_left.y
    module = (top_left.module + top_right.module + bottom_left.module) / 3
    size = 17 + 4 * round(((across + down) / 2 / module + 7 - 17) / 4)
    if not 21 <= size <= 177:
        raise ValueError(size)
    step_x, step_y = across / (size - 7), down / (size - 7)
    return [
        [
            grid[int(top_left.y + (row - 3) * step_y)][int(top_left.x + (column - 3) * step_x)]
            for column in range(size)
        ]
        for row in range(size)
    ]


def _format(modules: Grid) -> tuple[int, int]:
    """Error level and mask, from the format bits beside the upper left corner."""
    places = [(8, c) for c in (0, 1, 2, 3, 4, 5, 7, 8)] + [(r, 8) for r in (7, 5, 4, 3, 2, 1, 0)]
    bits = int("".join(str(int(modules[r][c])) for r, c in places), 2)

    def distance(data: int) -> int:
        rest = data << 10
        for shift in range(4, -1, -1):
            if rest & (1 << (shift + 10)):
                rest ^= FORMAT_GENERATOR << shift
        return (((data << 10) | rest) ^ FORMAT_MASK ^ bits).bit_count()

    best = min(range(32), key=distance)
    if distance(best) > 3:
        raise ValueError("no format")
    return ERROR_LEVELS[best >> 3], best & 7


def _reserved(size: int, version: int) -> set[tuple[int, int]]:
    taken = {(6, i) for i in range(size)} | {(i, 6) for i in range(size)}
    for rows, columns in (
        (range(9), range(9)),
        (range(9), range(size - 8, size)),
        (range(size - 8, size), range(9)),
    ):
        taken |= {(r, c) for r in rows for c in columns}
    centres = consts.ALIGNMENT_POS[version - 2] if version > 1 else ()
    corners = {(6, 6), (6, size - 7), (size - 7, 6)}
    for row, column in ((r, c) for r in centres for c in centres if (r, c) not in corners):
        taken |= {(row + i, column + j) for i in range(-2, 3) for j in range(-2, 3)}
    if version >= 7:
        taken |= {(i, size - 11 + j) for i in range(6) for j in range(3)}
        taken |= {(size - 11 + j, i) for i in range(6) for j in range(3)}
    return taken


MASKS: tuple[Callable[[int, int], bool], ...] = (
    lambda r, c: (r + c) % 2 == 0,
    lambda r, c: r % 2 == 0,
    lambda r, c: c % 3 == 0,
    lambda r, c: (r + c) % 3 == 0,
    lambda r, c: (r // 2 + c // 3) % 2 == 0,
    lambda r, c: r * c % 2 + r * c % 3 == 0,
    lambda r, c: (r * c % 2 + r * c % 3) % 2 == 0,
    lambda r, c: ((r + c) % 2 + r * c % 3) % 2 == 0,
)


def _codewords(modules: Grid) -> tuple[bytes, int]:
    """Data codewords in their order, and the version."""
    size = len(modules)
    version, (level, mask) = (size - 17) // 4, _format(modules)
    taken, flip = _reserved(size, version), MASKS[mask]
    bits = []
    upward = True
    for right in [*range(size - 1, 6, -2), 5, 3, 1]:
        for row in range(size - 1, -1, -1) if upward else range(size):
            bits += [modules[row][c] != flip(row, c) for c in (right, right - 1) if (row, c) not in taken]
        upward = not upward
    words = bytes(int("".join(str(int(b)) for b in bits[i : i + 8]), 2) for i in range(0, len(bits) - 7, 8))
    table: Any = consts.ECC
    sizes = [data for count, _, data in table[version][level] for _ in range(count)]
    blocks: list[list[int]] = [[] for _ in sizes]
    stream = iter(words)
    for place in range(max(sizes)):
        for block, length in zip(blocks, sizes, strict=True):
            if place < length:
                block.append(next(stream))
    return bytes(word for block in blocks for word in block), version
