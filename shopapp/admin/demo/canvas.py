"""What every drawn picture is made of: palettes, soft backgrounds, shadows, illustrations and Chinese type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont

ROOT = Path(__file__).resolve().parents[3]
ART_FOLDERS = (ROOT / "node_modules" / "@lobehub" / "fluent-emoji-3d" / "assets",)
# Font collections hold one face per region; the number picks the Simplified Chinese one.
FONTS = (
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc", 2),
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", 0),
    ("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc", 0),
    ("/System/Library/Fonts/PingFang.ttc", 0),
    ("/System/Library/Fonts/STHeiti Medium.ttc", 0),
    ("C:/Windows/Fonts/msyhbd.ttc", 0),
)
SMOOTH = 2

Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Palette:
    """Five tones of one mood: paper and wall behind, the main colour, ink for words, and a counterpoint."""

    paper: Colour
    wall: Colour
    main: Colour
    ink: Colour
    spark: Colour


PALETTES = {
    "mint": Palette((240, 248, 242), (205, 232, 216), (108, 176, 146), (38, 84, 66), (246, 178, 107)),
    "sky": Palette((238, 246, 252), (199, 224, 243), (98, 158, 208), (34, 70, 110), (255, 201, 120)),
    "lilac": Palette((246, 242, 251), (222, 211, 240), (149, 124, 196), (72, 52, 116), (247, 190, 160)),
    "rose": Palette((253, 242, 243), (247, 213, 217), (222, 126, 138), (122, 46, 60), (150, 196, 176)),
    "honey": Palette((254, 248, 232), (250, 227, 170), (232, 172, 62), (112, 74, 14), (120, 178, 196)),
    "apricot": Palette((255, 245, 236), (252, 218, 190), (240, 147, 90), (128, 62, 22), (146, 190, 120)),
    "cocoa": Palette((250, 244, 238), (234, 214, 195), (166, 112, 74), (84, 50, 28), (226, 160, 70)),
    "coral": Palette((254, 242, 238), (250, 208, 198), (230, 112, 94), (126, 44, 34), (240, 192, 110)),
}


@cache
def font_file() -> tuple[str, int] | None:
    """A font with Chinese glyphs and the face inside it, or None when the machine has none."""
    return next(((name, face) for name, face in FONTS if Path(name).is_file()), None)


@lru_cache(maxsize=64)
def font(size: int) -> ImageFont.FreeTypeFont | None:
    found = font_file()
    return ImageFont.truetype(found[0], size, index=found[1]) if found else None


def art_names(art: str) -> tuple[str, ...]:
    """File names under which an emoji may stand: the variation selector is sometimes part, sometimes not."""
    points = [f"{ord(sign):04x}" for sign in art]
    bare = [point for point in points if point != "fe0f"]
    spelled = dict.fromkeys(("-".join(points), "-".join(bare), "-".join([*bare, "fe0f"])))
    return tuple(f"{name}.webp" for name in spelled)


def art_path(art: str, *, folders: Sequence[Path] | None = None) -> Path | None:
    """The illustration of an emoji, or None when the illustrations are not installed."""
    for folder in ART_FOLDERS if folders is None else folders:
        for name in art_names(art):
            if (folder / name).is_file():
                return folder / name
    return None


def illustration(art: str, *, size: int, turn: float = 0.0) -> Image.Image:
    """The emoji as a square of `size` pixels, turned by degrees; a plain button shape stands in when missing.

    `art` may end with `@120`: then all its colours walk that many degrees round the colour wheel."""
    sign, _, hue = art.partition("@")
    path = art_path(sign)
    picture = _fitted(path, size, int(hue or 0)) if path else _stand_in(sign, size)
    return picture.rotate(turn, Image.Resampling.BICUBIC, expand=True) if turn else picture


@lru_cache(maxsize=128)
def _fitted(path: Path, size: int, hue: int) -> Image.Image:
    with Image.open(path) as raw:
        picture = raw.convert("RGBA").resize((size, size), Image.Resampling.LANCZOS)
    return _recoloured(picture, hue) if hue else picture


def _recoloured(picture: Image.Image, hue: int) -> Image.Image:
    tone, strength, light = picture.convert("RGB").convert("HSV").split()
    step = round(hue * 256 / 360)
    turned = tone.point([(value + step) % 256 for value in range(256)])
    found = Image.merge("HSV", (turned, strength, light)).convert("RGBA")
    found.putalpha(picture.getchannel("A"))
    return found


@lru_cache(maxsize=256)
def main_colour(art: str) -> Colour | None:
    """The colour that an illustration leaves in the eye, None for pale or missing ones."""
    picture = illustration(art, size=24)
    sums, weight = [0.0, 0.0, 0.0], 0.0
    raw = picture.tobytes()
    for red, green, blue, alpha in zip(raw[::4], raw[1::4], raw[2::4], raw[3::4], strict=True):
        vivid = (max(red, green, blue) - min(red, green, blue)) * alpha
        sums = [total + vivid * part for total, part in zip(sums, (red, green, blue), strict=True)]
        weight += vivid
    if weight < 24 * 24 * 255 * 12:
        return None
    red, green, blue = (round(total / weight) for total in sums)
    return red, green, blue


@lru_cache(maxsize=128)
def _stand_in(art: str, size: int) -> Image.Image:
    """Petals around a disc; shape and tint follow from the character, so that goods differ from each other."""
    moods = list(PALETTES.values())
    number = sum(ord(sign) for sign in art)
    mood = moods[number % len(moods)]
    big = size * SMOOTH
    picture = Image.new("RGBA", (big, big), (0, 0, 0, 0))
    for step in range(3 + number % 4):
        petal = Image.new("RGBA", (big, big), (0, 0, 0, 0))
        tint = (*mood.main, 150 if step % 2 else 190)
        ImageDraw.Draw(petal).ellipse((big * 0.34, big * 0.08, big * 0.66, big * 0.6), fill=tint)
        picture.alpha_composite(petal.rotate(step * 360 / (3 + number % 4), Image.Resampling.BILINEAR))
    ImageDraw.Draw(picture).ellipse((big * 0.36, big * 0.36, big * 0.64, big * 0.64), fill=mood.spark)
    return picture.resize((size, size), Image.Resampling.LANCZOS)


def gradient(size: tuple[int, int], top: Colour, bottom: Colour) -> Image.Image:
    """A vertical blend of two colours."""
    ramp = Image.linear_gradient("L").resize(size, Image.Resampling.BILINEAR)
    return Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), ramp).convert("RGBA")


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """`share` 0 gives `one`, 1 gives `other`."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def disc(scene: Image.Image, box: Box, colour: Colour, *, alpha: int = 255) -> None:
    """A smooth-edged filled ellipse, laid over the scene."""
    width, height = round(box[2] - box[0]), round(box[3] - box[1])
    layer = Image.new("RGBA", (width, height), (*colour, 0))
    layer.putalpha(_round_mask(width, height, alpha))
    scene.alpha_composite(layer, *_clip(scene, layer, round(box[0]), round(box[1])))


@lru_cache(maxsize=32)
def _round_mask(width: int, height: int, alpha: int) -> Image.Image:
    mask = Image.new("L", (width * SMOOTH, height * SMOOTH), 0)
    ImageDraw.Draw(mask).ellipse((0, 0, width * SMOOTH - 1, height * SMOOTH - 1), fill=alpha)
    return mask.reduce(SMOOTH)


def ground_shadow(scene: Image.Image, *, centre: tuple[int, int], width: int, colour: Colour) -> None:
    """The soft contact shadow of a thing standing on `centre`."""
    soft = _soft_oval(width)
    tint = Image.new("RGBA", soft.size, (*colour, 0))
    tint.putalpha(soft)
    place(scene, tint, centre=centre)


@lru_cache(maxsize=32)
def _soft_oval(width: int) -> Image.Image:
    height = max(width // 7, 12)
    margin = height * 2
    layer = Image.new("L", ((width + margin * 2) // 2, (height + margin * 2) // 2), 0)
    ImageDraw.Draw(layer).ellipse(
        (margin // 2, margin // 2, (margin + width) // 2, (margin + height) // 2), fill=120
    )
    blurred = layer.filter(ImageFilter.GaussianBlur(height / 4))
    return blurred.resize((width + margin * 2, height + margin * 2), Image.Resampling.BILINEAR)


def place(scene: Image.Image, picture: Image.Image, *, centre: tuple[int, int]) -> None:
    """Lay `picture` over the scene; what hangs over the edge is cut."""
    left, top = centre[0] - picture.width // 2, centre[1] - picture.height // 2
    scene.alpha_composite(picture, *_clip(scene, picture, left, top))


def _clip(
    scene: Image.Image, picture: Image.Image, left: int, top: int
) -> tuple[tuple[int, int], tuple[int, int, int, int]]:
    inside = (max(0, -left), max(0, -top))
    right = min(picture.width, scene.width - left)
    bottom = min(picture.height, scene.height - top)
    return (max(0, left), max(0, top)), (*inside, max(right, inside[0]), max(bottom, inside[1]))


def words(
    scene: Image.Image, text: str, *, at: tuple[float, float], size: int, colour: Colour, anchor: str = "mm"
) -> None:
    """Write one line; nothing when no Chinese font is installed, since empty boxes would look broken."""
    face = font(size)
    if face is not None and text:
        ImageDraw.Draw(scene).text(at, text, font=face, fill=(*colour, 255), anchor=anchor)


def words_width(text: str, *, size: int) -> float:
    """Pixels that a line takes; an estimate when no font is installed."""
    face = font(size)
    return face.getlength(text) if face else float(size * len(text))
