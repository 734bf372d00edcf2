"""Whatever colour a merchant chooses, everything can still be read."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shopapp.kernel import preferences
from shopapp.kernel.db import transaction
from shopapp.web.colors import (
    DARK_CARD,
    DARK_RAISED,
    LIGHT_GROUND,
    READABLE,
    WHITE,
    contrast,
    from_hex,
    theme_of,
)

COLORS = [
    "000000",
    "ffffff",
    "ffcc00",
    "e2472f",
    "07c160",
    "1e90ff",
    "808080",
    "ff00ff",
    "00ffff",
    "7a0000",
    "fefefe",
]


@pytest.mark.parametrize("color", COLORS)
def test_words_can_be_read_on_and_in_the_colour(color: str) -> None:
    theme = theme_of(from_hex(color))
    pairs = {
        "on a button": (theme.on_brand, theme.brand),
        "on a pressed button": (theme.on_brand, theme.press),
        "on a card": (theme.ink, WHITE),
        "on the ground": (theme.ink, LIGHT_GROUND),
        "on the soft colour": (theme.ink, theme.soft),
        "on a dark card": (theme.dark_ink, DARK_CARD),
        "on a raised dark card": (theme.dark_ink, DARK_RAISED),
        "on the dark soft colour": (theme.dark_ink, theme.dark_soft),
    }
    assert {name: pair for name, pair in pairs.items() if contrast(*pair) < READABLE} == {}


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast((0, 0, 0), WHITE) == pytest.approx(21)
    assert contrast((119, 119, 119), WHITE) == pytest.approx(
        4.48, abs=0.005
    )  # the well-known grey just below 4.5


def test_a_colour_that_reads_well_stays_as_it_is() -> None:
    assert theme_of(from_hex("1d4ed8")).brand == from_hex("1d4ed8")


def test_the_address_of_the_style_sheet_changes_with_the_colour(app: Flask, guest: FlaskClient) -> None:
    assert "/theme/" not in guest.get("/").text  # the usual colour needs no sheet of its own
    with transaction():
        preferences.write("shop.brand_color", "#1D4ED8")
    found = re.search(r'href="(/theme/[^"]+)"', guest.get("/").text)
    assert found is not None
    sheet = guest.get(found[1])
    assert "--brand:#1D4ED8" in sheet.text
    assert sheet.mimetype == "text/css"
    assert "immutable" in sheet.headers["Cache-Control"]


@pytest.mark.parametrize("name", ["red", "12345", "1234567-1", "../x", "00ff00-2", "00FF00-1"])
def test_no_other_address_gives_a_style_sheet(guest: FlaskClient, name: str) -> None:
    assert guest.get(f"/theme/{name}.css").status_code == 404
