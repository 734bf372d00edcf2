"""All pictures of the shop, drawn side by side in processes of their own."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from shopapp.store.catalogue import media
from shopapp.store.catalogue.media import PreparedPicture

from . import pictures
from .catalogue import Category, catalogue
from .layouts import SIDE, Recipe
from .people import Customer
from .pictures import BANNERS, Banner

CHUNK = 4

LOGO = "logo"
Subject = Recipe | Banner | Category | int | str


@dataclass(frozen=True, slots=True)
class Drawn:
    content: bytes
    width: int
    height: int


def subjects(people: Sequence[Customer]) -> list[Subject]:
    """Everything to be drawn: the logo, banners, icons of categories, goods, and people's pictures by their number."""
    found: list[Subject] = [LOGO, *BANNERS]
    for category in catalogue():
        found.append(category)
        for product in category.products:
            found.extend(pictures.recipes(product, palette=category.palette))
    return [*found, *sorted({face(person) for person in people})]


def face(person: Customer) -> int:
    """Different numbers may mean the same picture; this one is the least of them."""
    return person.avatar % len(pictures.AVATARS)


def draw_all(
    wanted: Sequence[Subject], *, tell: Callable[[int], object] = lambda _count: None
) -> dict[Subject, PreparedPicture]:
    """Draw these and keep the files; `tell` is called with 1 for each. Children are started afresh, so that they share no
    connection with us."""
    files: dict[Subject, PreparedPicture] = {}
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        for subject, picture in zip(wanted, pool.map(draw, wanted, chunksize=CHUNK), strict=True):
            files[subject] = media.keep(picture.content, width=picture.width, height=picture.height)
            tell(1)
    return files


def draw(subject: Subject) -> Drawn:
    """One picture, in WebP."""
    match subject:
        case Recipe():
            return Drawn(pictures.draw(subject), SIDE, SIDE)
        case Banner():
            return Drawn(pictures.banner(subject), *pictures.BANNER_SIZE)
        case Category():
            return Drawn(pictures.category_icon(subject), pictures.ICON_SIDE, pictures.ICON_SIDE)
        case int():
            return Drawn(pictures.avatar(subject), pictures.AVATAR_SIDE, pictures.AVATAR_SIDE)
        case _:
            return Drawn(pictures.logo(), pictures.LOGO_SIDE, pictures.LOGO_SIDE)
