"""Addresses of front-end files: hashed names from the build's manifest, the sources themselves without a build."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from flask import Flask

from config import ROOT, VAR

BUILT = VAR / "assets"
SOURCES = {"web": ROOT / "shopapp/web/static", "admin": ROOT / "shopapp/admin/static"}
PREFIX = "/assets/"


@lru_cache(maxsize=4)
def _manifest(changed: int) -> dict[str, str]:
    found: dict[str, str] = json.loads((BUILT / "manifest.json").read_text(encoding="utf-8"))
    return found


def manifest() -> dict[str, str]:
    try:
        return _manifest((BUILT / "manifest.json").stat().st_mtime_ns)
    except FileNotFoundError:
        return {}


def asset(name: str) -> str:
    """The address of e.g. `web/shop.css`."""
    return PREFIX + manifest().get(name, name)


def has_asset(name: str) -> bool:
    return name in manifest()


@lru_cache(maxsize=1)
def regions() -> dict[str, dict[str, str]]:
    """Provinces, cities and counties by their GB/T 2260 codes; empty without a build."""
    try:
        found: dict[str, dict[str, str]] = json.loads((BUILT / "regions.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found


def whitenoise_options() -> dict[str, Any]:
    return {"root": str(BUILT) if BUILT.is_dir() else None, "prefix": PREFIX.strip("/")}


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(asset=asset, has_asset=has_asset)
