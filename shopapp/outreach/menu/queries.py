"""Versions of the menu as the console lists them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from shopapp.kernel.db import db

from .models import MenuVersion, VersionState

SHOWN = 20


def history(*, limit: int = SHOWN) -> Sequence[MenuVersion]:
    """The newest first."""
    return db.session.scalars(select(MenuVersion).order_by(MenuVersion.id.desc()).limit(limit)).all()


def version(*, public_id: str) -> MenuVersion | None:
    return db.session.scalar(select(MenuVersion).filter_by(public_id=public_id))


def live() -> MenuVersion | None:
    """The menu that the account has as far as we know."""
    statement = select(MenuVersion).filter_by(state=VersionState.LIVE)
    return db.session.scalar(statement.order_by(MenuVersion.id.desc()).limit(1))
