"""How a product picture is laid out: alone on a stand, in its package, three together, on a plate, in words."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from PIL import Image, ImageDraw

from shopapp.admin.demo import canvas, catalogue
from shopapp.admin.demo.canvas import PALETTES, Palette
from shopapp.admin.demo.packs import HEIGHT, pack

SIDE = 800
FLOOR = 640
WHITE = (255, 255, 255)
# Below this spread between its strongest and weakest channel a colour looks grey on a package.
MUDDY = 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """`layout` is one of `LAYOUTS`; `arts` are emoji, the main one first; `seed` varies small things."""

    layout: str
    arts: tuple[str, ...]
    palette: str
    pack: str = ""
    label: str = ""
    title: str = ""
    points: tuple[str, ...] = ()
    seed: str = ""


def compose(recipe: Recipe) -> Image.Image:
    """The scene of a recipe, `SIDE` pixels square. Raises KeyError for an unknown layout, palette or package."""
    return LAYOUTS[recipe.layout](recipe, PALETTES[recipe.palette], random.Random(recipe.seed))


def _room(palette: Palette, rng: random.Random) -> Image.Image:
    """A wall, a table and one large quiet shape behind the thing for sale."""
    scene = canvas.gradient((SIDE, SIDE), palette.paper, canvas.mix(palette.paper, palette.wall, 0.7))
    kind = rng.randrange(3)
    if kind == 0:
        canvas.disc(scene, (130, 70, 670, 610), palette.wall)
    elif kind == 1:
        canvas.disc(scene, (170, 60, 630, 520), palette.wall)
        ImageDraw.Draw(scene).rectangle((170, 290, 629, FLOOR), fill=(*palette.wall, 255))
    else:
        canvas.disc(scene, (-160, -220, 560, 500), palette.wall, alpha=200)
        canvas.disc(scene, (500, 60, 700, 260), palette.spark, alpha=70)
    table = canvas.gradient((SIDE, SIDE - FLOOR), canvas.mix(palette.wall, palette.main, 0.28), palette.wall)
    scene.alpha_composite(table, (0, FLOOR))
    return scene


def _hero(recipe: Recipe, palette: Palette, rng: random.Random) -> Image.Image:
    scene = _room(palette, rng)
    _podium(scene, palette)
    canvas.ground_shadow(scene, centre=(400, 628), width=330, colour=palette.ink)
    canvas.place(scene, canvas.illustration(recipe.arts[0], size=430), centre=(400, 410))
    for place, art in enumerate(recipe.arts[1:3]):
        x = 640 if place == 0 else 165
        canvas.ground_shadow(scene, centre=(x, 706), width=140, colour=palette.ink)
        canvas.place(scene, canvas.illustration(art, size=190, turn=rng.uniform(-9, 9)), centre=(x, 626))
    return scene


def _podium(scene: Image.Image, palette: Palette) -> None:
    side = canvas.mix(palette.wall, palette.main, 0.45)
    canvas.disc(scene, (150, 630, 650, 742), side)
    ImageDraw.Draw(scene).rectangle((150, 640, 649, 686), fill=(*side, 255))
    canvas.disc(scene, (150, 580, 650, 692), canvas.mix(palette.paper, WHITE, 0.5))


def _pack(recipe: Recipe, palette: Palette, rng: random.Random) -> Image.Image:
    scene = _room(palette, rng)
    goods = pack(
        recipe.pack, palette=_wrapping(palette, recipe.arts[0]), label=recipe.label, art=recipe.arts[0]
    )
    canvas.ground_shadow(scene, centre=(400, 716), width=450, colour=palette.ink)
    canvas.place(scene, goods, centre=(400, 720 - HEIGHT // 2))
    for x, turn in ((128, rng.uniform(4, 16)), (690, rng.uniform(-16, -4))):
        art = recipe.arts[-1]
        canvas.ground_shadow(scene, centre=(x, 750), width=120, colour=palette.ink)
        canvas.place(scene, canvas.illustration(art, size=156, turn=turn), centre=(x, 686))
    return scene


def _wrapping(palette: Palette, art: str) -> Palette:
    """The package takes half its colour from what is inside, kept dark enough for the light print on it."""
    colour = canvas.main_colour(art)
    if colour is None:
        return palette
    main = canvas.mix(palette.main, colour, 0.6)
    if max(main) - min(main) < MUDDY:
        return palette
    while 299 * main[0] + 587 * main[1] + 114 * main[2] > 165_000:
        main = canvas.mix(main, palette.ink, 0.08)
    return replace(palette, main=main)


def _trio(recipe: Recipe, palette: Palette, rng: random.Random) -> Image.Image:
    scene = _room(palette, rng)
    arts = [recipe.arts[place % len(recipe.arts)] for place in (1, 2, 0)]
    for (x, y, size), art in zip(((222, 470, 280), (590, 480, 260), (400, 500, 350)), arts, strict=True):
        canvas.ground_shadow(scene, centre=(x, y + size // 2 - 4), width=size * 3 // 4, colour=palette.ink)
        canvas.place(scene, canvas.illustration(art, size=size), centre=(x, y))
    return scene


def _plate(recipe: Recipe, palette: Palette, rng: random.Random) -> Image.Image:
    """Seen from above: a plate on a checked cloth."""
    scene = Image.new("RGBA", (SIDE, SIDE), (*palette.paper, 255))
    cloth = Image.new("RGBA", (SIDE, SIDE), (0, 0, 0, 0))
    lines = ImageDraw.Draw(cloth)
    for start in range(0, SIDE, 160):
        lines.rectangle((start, 0, start + 79, SIDE), fill=(*palette.wall, 120))
    scene.alpha_composite(cloth)
    scene.alpha_composite(cloth.rotate(90))
    canvas.ground_shadow(scene, centre=(400, 640), width=600, colour=palette.ink)
    canvas.disc(scene, (90, 96, 710, 716), canvas.mix(palette.main, WHITE, 0.82))
    canvas.disc(scene, (98, 90, 702, 694), (255, 255, 255))
    canvas.disc(scene, (160, 152, 640, 632), canvas.mix(palette.paper, palette.wall, 0.25))
    canvas.disc(scene, (170, 166, 630, 626), (253, 252, 250))
    count = len(recipe.arts)
    spots = {
        1: ((320, 330), (484, 350), (396, 476)),
        2: ((310, 372), (494, 410)),
        3: ((300, 330), (500, 340), (400, 486)),
    }
    for place, spot in enumerate(spots[min(count, 3)]):
        art = recipe.arts[place % count]
        size = 250 if count == 2 else 216
        canvas.ground_shadow(
            scene, centre=(spot[0], spot[1] + size // 2 - 14), width=size * 2 // 3, colour=palette.ink
        )
        canvas.place(scene, canvas.illustration(art, size=size, turn=rng.uniform(-14, 14)), centre=spot)
    return scene


def _stripes(recipe: Recipe, palette: Palette, rng: random.Random) -> Image.Image:
    scene = Image.new("RGBA", (SIDE, SIDE), (*canvas.mix(palette.wall, palette.paper, 0.35), 255))
    lines = ImageDraw.Draw(scene)
    for start in range(-SIDE, SIDE, 110):
        edge = [(start, SIDE), (start + 55, SIDE), (start + 55 + SIDE, 0), (start + SIDE, 0)]
        lines.polygon(edge, fill=(*palette.wall, 255))
    canvas.disc(scene, (110, 110, 690, 690), WHITE)
    canvas.disc(scene, (132, 132, 668, 668), palette.paper)
    canvas.ground_shadow(scene, centre=(400, 600), width=300, colour=palette.ink)
    canvas.place(scene, canvas.illustration(recipe.arts[0], size=370), centre=(400, 404))
    for place, art in enumerate(recipe.arts[1:2]):
        canvas.place(
            scene,
            canvas.illustration(art, size=180, turn=rng.uniform(-12, 12)),
            centre=(636, 190 + place * 60),
        )
    return scene


def _points(recipe: Recipe, palette: Palette, _rng: random.Random) -> Image.Image:
    """What is worth knowing, in three short lines."""
    scene = canvas.gradient((SIDE, SIDE), palette.paper, palette.wall)
    canvas.disc(scene, (430, -150, 930, 350), WHITE, alpha=150)
    canvas.place(scene, canvas.illustration(recipe.arts[0], size=270), centre=(622, 178))
    canvas.words(
        scene, recipe.title, at=(72, 150), size=_fit(recipe.title, 62, 400), colour=palette.ink, anchor="lm"
    )
    canvas.words(scene, catalogue.SHOP_NAME, at=(74, 222), size=26, colour=palette.main, anchor="lm")
    for place, point in enumerate(recipe.points):
        top = 330 + place * 144
        card = Image.new("RGBA", (SIDE, SIDE), (0, 0, 0, 0))
        ImageDraw.Draw(card).rounded_rectangle((60, top, 740, top + 118), 28, fill=(255, 255, 255, 225))
        scene.alpha_composite(card)
        canvas.disc(scene, (88, top + 29, 148, top + 89), palette.main)
        canvas.words(scene, str(place + 1), at=(118, top + 58), size=34, colour=WHITE)
        canvas.words(scene, point, at=(180, top + 58), size=42, colour=palette.ink, anchor="lm")
    return scene


def _fit(text: str, size: int, width: int) -> int:
    return min(size, int(size * width / max(canvas.words_width(text, size=size), 1)))


LAYOUTS: dict[str, Callable[[Recipe, Palette, random.Random], Image.Image]] = {
    "hero": _hero,
    "pack": _pack,
    "trio": _trio,
    "plate": _plate,
    "stripes": _stripes,
    "points": _points,
}
