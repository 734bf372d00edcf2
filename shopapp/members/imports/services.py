"""An import from its file to its end. Who claims one works on it alone; one that was left in the middle is taken again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select, update

from shopapp.kernel.db import db, insert_once, rows_changed
from shopapp.kernel.errors import ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _l
from shopapp.kernel.ids import new_id

from . import rejects, storage
from .models import IMPORT_MOVES, ImportStatus, MarketplaceImport, Origin
from .storage import StoredFile

LEASE = timedelta(minutes=5)
"""For so long nobody else takes an import of which nothing was heard; each batch is a sign of life."""
TRIES_MAX = 5
FILES_KEPT = timedelta(days=7)
NAME_MAX = 120
BROKEN, GONE = "broken_off", "file_gone"


class NotOpen(ShopError):
    status, code, text = 409, "import_not_open", _l("这次导入已经开始或结束，没有任何改动。请刷新查看。")


def receive(
    *,
    stored: StoredFile,
    file_name: str,
    platform: str,
    shop: str,
    preview: dict[str, Any],
    by_name: str,
    now: datetime,
) -> str:
    """A file came to the desk and was looked at; the public id under which it waits for a word."""
    public_id = new_id()
    insert_once(
        MarketplaceImport,
        public_id=public_id,
        origin=Origin.DESK,
        status=ImportStatus.LOOKED_AT,
        file_name=shown_name(file_name),
        sha256=stored.sha256,
        size=stored.size,
        platform=platform,
        shop=shop,
        preview=preview,
        by_name=by_name,
        created_at=now,
    )
    return public_id


def shown_name(file_name: str) -> str:
    """The end of a file's name, as it can be kept and shown."""
    told = file_name.encode("utf-8", "replace").decode()
    return "".join(sign if sign.isprintable() else "?" for sign in told)[-NAME_MAX:]


def take_from_folder(*, stored: StoredFile, file_name: str, shop: str, now: datetime) -> bool:
    """A file came by the watched folder and is to be imported; False if this content came before."""
    return insert_once(
        MarketplaceImport,
        public_id=new_id(),
        origin=Origin.FOLDER,
        status=ImportStatus.WAITING,
        file_name=shown_name(file_name),
        sha256=stored.sha256,
        size=stored.size,
        shop=shop,
        by_name="",
        created_at=now,
    )


def choose(*, public_id: str, platform: str, shop: str, preview: dict[str, Any]) -> None:
    """Look at it as another platform's or shop's. Raises `NotFound`, `NotOpen`."""
    row = _row(public_id)
    if row.status is not ImportStatus.LOOKED_AT:
        raise NotOpen
    row.platform, row.shop, row.preview = platform, shop, preview
    db.session.flush()


def start(*, public_id: str) -> MarketplaceImport:
    """Have a file that was looked at imported. Raises `NotFound`, `NotOpen`; also for one that looked hopeless."""
    row = _row(public_id)
    if row.preview.get("refused") or not IMPORT_MOVES.try_move(row, ImportStatus.WAITING):
        raise NotOpen
    return row


def discard(*, public_id: str, now: datetime) -> MarketplaceImport:
    """Let go of a file that nobody works on yet. Raises `NotFound`, `NotOpen`."""
    row = _row(public_id)
    if not IMPORT_MOVES.try_move(row, ImportStatus.DISCARDED, ended_at=now):
        raise NotOpen
    return row


def _row(public_id: str) -> MarketplaceImport:
    statement = select(MarketplaceImport).filter_by(public_id=public_id).with_for_update()
    return found(db.session.scalar(statement.execution_options(populate_existing=True)))


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """An import that is the caller's alone; `tries` counts this one."""

    id: int
    public_id: str
    sha256: str
    platform: str
    shop: str
    tries: int


def claim(*, now: datetime, real_now: datetime) -> Claimed | None:
    """The import that has waited longest, or one that was left in the middle."""
    oldest = select(MarketplaceImport.id).where(_free(real_now)).order_by(MarketplaceImport.id).limit(1)
    row_id = db.session.scalar(oldest)
    table = MarketplaceImport
    taken = (
        update(table)
        .where(table.id == row_id, _free(real_now))
        .values(
            status=ImportStatus.RUNNING,
            claimed_until=real_now + LEASE,
            started_at=func.coalesce(table.started_at, now),
            tries=table.tries + 1,
        )
        .returning(table.id, table.public_id, table.sha256, table.platform, table.shop, table.tries)
        .execution_options(synchronize_session=False)
    )
    row = db.session.execute(taken).first() if row_id is not None else None
    return Claimed(**row._asdict()) if row else None


def give_back(*, row_id: int, real_now: datetime) -> None:
    """The one who had it stops in the middle, of their own accord: somebody else may take it at once."""
    running = update(MarketplaceImport).where(
        MarketplaceImport.id == row_id, MarketplaceImport.status == ImportStatus.RUNNING
    )
    rows_changed(running.values(claimed_until=real_now))


def _free(real_now: datetime) -> Any:
    left = and_(MarketplaceImport.status == ImportStatus.RUNNING, MarketplaceImport.claimed_until <= real_now)
    return or_(MarketplaceImport.status == ImportStatus.WAITING, left)


def note_rows(*, row_id: int, done: int, total: int | None, real_now: datetime) -> None:
    """So many rows are read; a sign of life."""
    running = update(MarketplaceImport).where(
        MarketplaceImport.id == row_id, MarketplaceImport.status == ImportStatus.RUNNING
    )
    rows_changed(running.values(rows_done=done, rows_total=total, claimed_until=real_now + LEASE))


def finish(*, row_id: int, result: dict[str, Any], now: datetime) -> bool:
    """It is imported. False if somebody else ended it."""
    return _end(row_id, ImportStatus.DONE, result=result, ended_at=now)


def refuse(*, row_id: int, reason: str, result: dict[str, Any], now: datetime) -> bool:
    """It cannot be imported. False if somebody else ended it."""
    return _end(row_id, ImportStatus.REFUSED, reason=reason, result=result, ended_at=now)


def _end(row_id: int, status: ImportStatus, **values: Any) -> bool:
    row = db.session.get_one(MarketplaceImport, row_id, populate_existing=True)
    return IMPORT_MOVES.try_move(row, status, claimed_until=None, **values)


def to_clear(*, now: datetime, limit: int) -> list[MarketplaceImport]:
    """Imports whose files have been kept long enough; those that nobody confirmed too."""
    ended = (ImportStatus.DONE, ImportStatus.REFUSED, ImportStatus.DISCARDED, ImportStatus.LOOKED_AT)
    statement = select(MarketplaceImport).where(
        MarketplaceImport.cleared_at.is_(None),
        MarketplaceImport.created_at < now - FILES_KEPT,
        MarketplaceImport.status.in_(ended),
    )
    return list(db.session.scalars(statement.order_by(MarketplaceImport.id).limit(limit)))


def clear(*, row: MarketplaceImport, now: datetime) -> None:
    """Its file goes, unless another import needs the same content still."""
    if row.status is ImportStatus.LOOKED_AT:
        IMPORT_MOVES.try_move(row, ImportStatus.DISCARDED, ended_at=now)
    row.cleared_at = now
    db.session.flush()
    rejects.drop(public_id=row.public_id)
    still = select(MarketplaceImport.id).where(
        MarketplaceImport.sha256 == row.sha256, MarketplaceImport.cleared_at.is_(None)
    )
    if db.session.scalar(still.limit(1)) is None:
        storage.drop(sha256=row.sha256)
