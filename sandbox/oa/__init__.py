"""The official-account face: API, pages, pushes to the shop."""

from __future__ import annotations

from .. import store
from . import (
    contents,
    masses,
    menus,
    messages,
    pushes,
    qrcodes,
    subscriptions,
    templates,
    tokens,
    users,
    webauth,
)
from .api import blueprint

__all__ = [
    "blueprint",
    "contents",
    "install",
    "masses",
    "menus",
    "messages",
    "qrcodes",
    "subscriptions",
    "templates",
    "tokens",
    "users",
    "webauth",
]


def install() -> None:
    """After the store is open: kinds of delivery, and what a new account starts with."""
    pushes.install()
    with store.tx():
        templates.seed()
        subscriptions.seed()
