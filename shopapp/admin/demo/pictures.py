"""Draws every picture of the demo shop. The same recipe gives the same picture; no network, no database.

Illustrations come from an openly licensed emoji package when it is installed (`pictures.txt` lists the
files used); without it, and without a Chinese font, plain shapes stand in."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from shopapp.admin.demo import canvas, catalogue
from shopapp.admin.demo.canvas import PALETTES
from shopapp.admin.demo.layouts import WHITE, Recipe, compose

BANNER_SIZE = (1125, 480)
ICON_SIDE = 160
LOGO_SIDE = 320
AVATAR_SIDE = 160
QUALITY = 84
AVATARS = tuple("👩👨👧👶🐱🐰🐻🐼🐨🦊🐯🐸🐥🐳🌻🌸🍓🍑🍊🌈🌙⭐🧸🎈")


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """A wide picture for the home page; `link` is a category slug."""

    slug: str
    title: str
    subtitle: str
    palette: str
    arts: tuple[str, ...]
    link: str


BANNERS = (
    Banner(
        slug="welcome",
        title="小满，刚刚好",
        subtitle="母婴日用和小零食，下单后 48 小时内寄出",
        palette="apricot",
        arts=("🧸", "🍼", "🍪"),
        link="babyfood",
    ),
    Banner(
        slug="nappies",
        title="囤尿裤，看尺码",
        subtitle="整箱更省，换码前记得看体重",
        palette="sky",
        arts=("👶", "☁️", "🧻"),
        link="nappies",
    ),
    Banner(
        slug="snacks",
        title="大人也有零食",
        subtitle="每日坚果、甘栗仁、现烤曲奇",
        palette="cocoa",
        arts=("🥜", "🌰", "🍫"),
        link="snacks",
    ),
)


def recipes(product: catalogue.Product, *, palette: str) -> tuple[Recipe, ...]:
    """The pictures of one product, the cover first."""
    found = []
    for place, line in enumerate(product.pictures):
        layout, *arts = line.split()
        found.append(
            Recipe(
                layout=layout,
                arts=tuple(arts),
                palette=palette,
                pack=product.pack,
                label=product.label,
                title=product.label or product.title.split(" ")[0],
                points=product.points,
                seed=f"{product.slug}:{place}",
            )
        )
    return tuple(found)


def draw(recipe: Recipe) -> bytes:
    """A square WebP of 800 pixels. Raises KeyError for an unknown layout or palette."""
    return _webp(compose(recipe))


def banner(plan: Banner) -> bytes:
    """A WebP of 1125 × 480 with words on the left and things on the right."""
    palette = PALETTES[plan.palette]
    scene = canvas.gradient(BANNER_SIZE, palette.paper, palette.wall)
    canvas.disc(scene, (640, -60, 1240, 540), WHITE, alpha=110)
    canvas.disc(scene, (520, 380, 1300, 620), palette.main, alpha=60)
    spots = ((700, 330, 200), (1030, 310, 220), (868, 250, 320))
    for (x, y, size), art in zip(spots, (*plan.arts[1:], plan.arts[0]), strict=True):
        canvas.ground_shadow(scene, centre=(x, y + size // 2 - 6), width=size * 3 // 4, colour=palette.ink)
        canvas.place(scene, canvas.illustration(art, size=size), centre=(x, y))
    canvas.words(scene, plan.title, at=(72, 190), size=68, colour=palette.ink, anchor="lm")
    canvas.words(scene, plan.subtitle, at=(74, 274), size=27, colour=palette.ink, anchor="lm")
    canvas.words(
        scene, catalogue.SHOP_NAME, at=(74, BANNER_SIZE[1] - 62), size=24, colour=palette.main, anchor="lm"
    )
    return _webp(scene)


def category_icon(category: catalogue.Category) -> bytes:
    """A round WebP of 160 pixels on a transparent ground."""
    palette = PALETTES[category.palette]
    scene = Image.new("RGBA", (ICON_SIDE, ICON_SIDE), (0, 0, 0, 0))
    canvas.disc(scene, (0, 0, ICON_SIDE, ICON_SIDE), palette.wall)
    canvas.disc(scene, (16, 10, 132, 126), palette.paper, alpha=150)
    canvas.place(scene, canvas.illustration(category.art, size=104), centre=(80, 82))
    return _webp(scene)


def logo() -> bytes:
    """The sign of the shop, 320 pixels square: a full bowl over the name."""
    scene = canvas.gradient((LOGO_SIDE, LOGO_SIDE), (255, 244, 234), (255, 221, 196))
    canvas.disc(scene, (60, 26, 260, 226), WHITE, alpha=170)
    canvas.place(scene, canvas.illustration("🍚", size=168), centre=(160, 122))
    canvas.words(scene, catalogue.SHOP_SHORT_NAME, at=(160, 264), size=70, colour=(200, 58, 36))
    return _webp(scene)


def avatar(number: int) -> bytes:
    """A customer's picture, 160 pixels square; the same number gives the same picture."""
    names = sorted(PALETTES)
    palette = PALETTES[names[number % len(names)]]
    scene = canvas.gradient((AVATAR_SIDE, AVATAR_SIDE), palette.paper, palette.wall)
    art = AVATARS[number * 7 % len(AVATARS)]
    canvas.place(scene, canvas.illustration(art, size=112), centre=(80, 84))
    return _webp(scene)


def arts_used() -> tuple[str, ...]:
    """Every illustration that the demo shop may need, in a fixed order."""
    used = {"🍚", *AVATARS}
    used.update(art for plan in BANNERS for art in plan.arts)
    for category in catalogue.catalogue():
        used.add(category.art)
        lines = [line for product in category.products for line in product.pictures]
        used.update(art.partition("@")[0] for line in lines for art in line.split()[1:])
    return tuple(sorted(used))


def _webp(scene: Image.Image) -> bytes:
    out = BytesIO()
    opaque = scene.getchannel("A").getextrema() == (255, 255)
    (scene.convert("RGB") if opaque else scene).save(out, "WEBP", quality=QUALITY, method=2)
    return out.getvalue()
