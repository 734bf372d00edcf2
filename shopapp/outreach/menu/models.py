"""Menus that were sent to the account, each as it was sent."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.db import Model
from shopapp.kernel.ids import new_id
from shopapp.kernel.states import StateTable


class VersionState(StrEnum):
    """live: the account has it; doubtful: no answer came, so that nobody knows; replaced: it was live once."""

    SENDING = "sending"
    LIVE = "live"
    REFUSED = "refused"
    DOUBTFUL = "doubtful"
    REPLACED = "replaced"


_S = VersionState
VERSION_MOVES = StateTable[VersionState](
    {
        _S.SENDING: frozenset({_S.LIVE, _S.REFUSED, _S.DOUBTFUL}),
        _S.DOUBTFUL: frozenset({_S.LIVE, _S.REFUSED, _S.REPLACED}),
        _S.LIVE: frozenset({_S.REPLACED}),
        _S.REFUSED: frozenset(),
        _S.REPLACED: frozenset(),
    },
    column="state",
)


class Origin(StrEnum):
    """published: sent from here; fetched: set elsewhere and taken over from the account."""

    PUBLISHED = "published"
    FETCHED = "fetched"


class MenuVersion(Model):
    """One menu of the account. `open_key` is taken while it is being sent, so that one is sent at a time."""

    __tablename__ = "menu_versions"

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    buttons: Mapped[list[Any]]
    state: Mapped[VersionState] = mapped_column(default=VersionState.SENDING, index=True)
    origin: Mapped[Origin] = mapped_column(default=Origin.PUBLISHED)
    open_key: Mapped[str | None] = mapped_column(String(8), unique=True)
    staff_name: Mapped[str] = mapped_column(String(60))
    error_code: Mapped[int | None]
    problem: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]

    @property
    def live(self) -> bool:
        return self.state is VersionState.LIVE
