"""What every template may use."""

from __future__ import annotations

from typing import Any

from flask import Flask
from jinja2 import ChoiceLoader, FileSystemLoader
from sqlalchemy.exc import SQLAlchemyError

from config import ROOT

from . import preferences
from .access import Permission, may
from .money import Money

PICTURES_PREFIX = "/media/"
LOGO_WIDTH = 160
THEME_PREFIX = "/theme/"
THEME_VERSION = 1  # grows with the way colours are derived
OWN_COLOR = "#E2472F"  # the style sheet's own colours come from it


def fen(amount: Money | int | None) -> str:
    """1280 -> 12.80"""
    if amount is None:
        return ""
    return str(amount if isinstance(amount, Money) else Money(amount))


def yuan_parts(amount: Money | int) -> tuple[str, str]:
    """1280 -> ("12", "80")"""
    whole, _, cents = fen(amount).partition(".")
    return whole, cents


def picture_url(file: str, width: int) -> str:
    """The address of a kept picture, scaled down to this width in pixels."""
    return f"{PICTURES_PREFIX}{file.rpartition('.')[0]}@{width}.webp"


def shop() -> dict[str, Any]:
    """How the shop presents itself; by default when the database is away, so that errors still have a page."""
    names = ("name", "hello", "logo", "brand_color", "service_phone")
    try:
        values = {name: preferences.read(f"shop.{name}") for name in names}
    except SQLAlchemyError:
        values = {name: preferences.DEFAULTS[f"shop.{name}"] for name in names}
    return {
        **values,
        "logo_url": picture_url(values["logo"], LOGO_WIDTH) if values["logo"] else "",
        "theme_url": theme_url(values["brand_color"]),
    }


def theme_url(color: str) -> str:
    """The style sheet of colours derived from the merchant's own; empty when that is the usual one."""
    if color.upper() == OWN_COLOR:
        return ""
    return f"{THEME_PREFIX}{color.removeprefix('#').lower()}-{THEME_VERSION}.css"


def init_app(app: Flask) -> None:
    areas = sorted((ROOT / "shopapp").glob("**/templates"))
    app.jinja_env.loader = ChoiceLoader([FileSystemLoader(str(folder)) for folder in areas])
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(fen=fen)
    app.jinja_env.globals.update(
        picture_url=picture_url, yuan_parts=yuan_parts, may=may, Permission=Permission
    )
    app.context_processor(lambda: {"shop": shop()})
