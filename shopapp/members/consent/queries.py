"""Reading the history of consents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.db import db

from .models import ConsentEntry, ConsentKind, KeptPrivacyText


@dataclass(frozen=True, kw_only=True)
class ConsentWord:
    """One entry of the history."""

    kind: ConsentKind
    given: bool
    version: str
    at: datetime
    source: str


def history(*, customer_id: int) -> list[ConsentWord]:
    """All that a customer agreed to and took back, the latest first."""
    statement = select(ConsentEntry).filter_by(customer_id=customer_id).order_by(ConsentEntry.id.desc())
    return [
        ConsentWord(kind=row.kind, given=row.given, version=row.version, at=row.at, source=row.source)
        for row in db.session.scalars(statement)
    ]


def text_of(*, version: str) -> str | None:
    """The privacy text of this version, as markup; None if nobody ever agreed to it."""
    return db.session.scalar(select(KeptPrivacyText.text).filter_by(version=version))


def export(customer_id: int) -> dict[str, Any]:
    """The history with the texts that it names."""
    words = history(customer_id=customer_id)
    versions = {word.version for word in words}
    return {
        "history": [
            {
                "kind": word.kind.value,
                "given": word.given,
                "version": word.version,
                "at": word.at.astimezone(SHOP_ZONE).isoformat(),
                "source": word.source,
            }
            for word in words
        ],
        "texts": {row.version: row.text for row in _texts(sorted(versions))},
    }


def _texts(versions: Sequence[str]) -> Sequence[KeptPrivacyText]:
    statement = select(KeptPrivacyText).where(KeptPrivacyText.version.in_(versions))
    return db.session.scalars(statement.order_by(KeptPrivacyText.id)).all()
