"""Files of marketplaces on their way into the shop: what came, what was recognised, how far it got, what came of it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.db import Model
from shopapp.kernel.ids import new_id
from shopapp.kernel.states import StateTable


class ImportStatus(StrEnum):
    """looked_at: somebody is shown what is in it; waiting: to be imported."""

    LOOKED_AT = "looked_at"
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    DISCARDED = "discarded"


class Origin(StrEnum):
    DESK = "desk"
    FOLDER = "folder"


_S = ImportStatus
IMPORT_MOVES = StateTable[ImportStatus](
    {
        _S.LOOKED_AT: frozenset({_S.WAITING, _S.DISCARDED}),
        _S.WAITING: frozenset({_S.RUNNING, _S.DISCARDED}),
        _S.RUNNING: frozenset({_S.DONE, _S.REFUSED}),
        _S.DONE: frozenset(),
        _S.REFUSED: frozenset(),
        _S.DISCARDED: frozenset(),
    }
)


class MarketplaceImport(Model):
    """One file. `platform` is empty where it is to be recognised; `shop` is the merchant's name for the shop there.

    `preview` and `result` are what the engine told, without anything personal. `rows_done` of `rows_total` are read.
    While it runs, `claimed_until` (by the machine's time) says until when nobody else takes it; after `tries` that ended
    in the middle it is refused. The file itself is gone at `cleared_at`. From the watched folder each content comes once.
    """

    __tablename__ = "marketplace_imports"
    __table_args__ = (
        CheckConstraint("size >= 0 AND rows_done >= 0 AND tries >= 0", "not_negative"),
        Index("ix_marketplace_imports_status", "status", "id"),
        Index(
            "uq_marketplace_imports_folder",
            "sha256",
            unique=True,
            postgresql_where=text("origin = 'folder'"),
            sqlite_where=text("origin = 'folder'"),
        ),
    )

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    origin: Mapped[Origin]
    status: Mapped[ImportStatus]
    file_name: Mapped[str] = mapped_column(String(120))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int]
    platform: Mapped[str] = mapped_column(String(16), default="")
    shop: Mapped[str] = mapped_column(String(60), default="")
    preview: Mapped[dict[str, Any]] = mapped_column(default=dict)
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)
    rows_total: Mapped[int | None]
    rows_done: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(String(40), default="")
    tries: Mapped[int] = mapped_column(default=0)
    claimed_until: Mapped[datetime | None]
    by_name: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(index=True)
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    cleared_at: Mapped[datetime | None]

    @property
    def open(self) -> bool:
        """Whether it is waiting or being worked on."""
        return self.status in (ImportStatus.WAITING, ImportStatus.RUNNING)
