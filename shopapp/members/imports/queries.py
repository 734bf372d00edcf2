"""Reads of imports."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Select, select

from shopapp.kernel.db import db

from .models import ImportStatus, MarketplaceImport, Origin

SHOPS_SHOWN = 100


def imports_statement(*, status: str = "") -> Select[MarketplaceImport]:
    """The newest first; without those that were given up, unless they are asked for."""
    statement = select(MarketplaceImport)
    if status:
        statement = statement.where(MarketplaceImport.status == ImportStatus(status))
    else:
        statement = statement.where(MarketplaceImport.status != ImportStatus.DISCARDED)
    return statement.order_by(MarketplaceImport.id.desc())


def find(*, public_id: str) -> MarketplaceImport | None:
    statement = select(MarketplaceImport).filter_by(public_id=public_id)
    return db.session.scalar(statement.execution_options(populate_existing=True))


def from_folder(*, sha256: str) -> MarketplaceImport | None:
    """The import of this content that came by the watched folder."""
    statement = select(MarketplaceImport).filter_by(sha256=sha256, origin=Origin.FOLDER)
    return db.session.scalar(statement.execution_options(populate_existing=True))


def imported_before(*, sha256: str, but: str) -> datetime | None:
    """When this content was imported last by another import; None if it never was."""
    statement = select(MarketplaceImport.ended_at).where(
        MarketplaceImport.sha256 == sha256,
        MarketplaceImport.status == ImportStatus.DONE,
        MarketplaceImport.public_id != but,
    )
    return db.session.scalar(statement.order_by(MarketplaceImport.id.desc()).limit(1))


def needed(*, sha256s: Collection[str]) -> set[str]:
    """Those of these contents whose files an import still has."""
    statement = select(MarketplaceImport.sha256).where(
        MarketplaceImport.sha256.in_(sha256s), MarketplaceImport.cleared_at.is_(None)
    )
    return set(db.session.scalars(statement))


def shops() -> Sequence[str]:
    """The merchant's names of shops that files were imported for."""
    statement = select(MarketplaceImport.shop).where(MarketplaceImport.shop != "").distinct()
    return db.session.scalars(statement.order_by(MarketplaceImport.shop).limit(SHOPS_SHOWN)).all()
