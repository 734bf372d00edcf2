"""The watched folder: what is put there is imported once, then moved beside it with a report of how it went."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path

import structlog

from shopapp.kernel import clock
from shopapp.kernel.db import transaction
from shopapp.kernel.settings import settings
from shopapp.members.marketplace.rules import SHOP_LENGTH_MAX

from . import queries, services, storage
from .models import ImportStatus, MarketplaceImport
from .storage import EmptyFile, FileTooLarge

log = structlog.get_logger(__name__)

STILL_SECONDS = 5
"""A file that changed less long ago is still being written."""
FILES_MAX = 50
BYTES_MAX = 512 * 1024 * 1024
ENDS = {ImportStatus.DONE: "done", ImportStatus.REFUSED: "refused"}
UNFINISHED = (".part", ".tmp", ".crdownload", ".download")


def watch(now: datetime) -> int:
    """Take what lies there still, and move away what is ended; how many files were dealt with.

    What lies in a folder inside is of the shop that this folder is named after.
    """
    wanted = settings().import_folder
    if wanted is None:
        return 0
    found = islice(_all_still(Path(wanted)), FILES_MAX)
    return sum(_deal_with(path, shop=shop, now=now) for path, shop in found)


def _all_still(folder: Path) -> Iterator[tuple[Path, str]]:
    """The files that nobody is writing any more, each with its shop."""
    for path in _still(folder):
        yield path, ""
    for inside in sorted(folder.iterdir()):
        named = inside.name not in ENDS.values() and not inside.name.startswith(".")
        if named and inside.is_dir() and not inside.is_symlink() and len(inside.name) <= SHOP_LENGTH_MAX:
            for path in _still(inside):
                yield path, inside.name


def _still(folder: Path) -> Iterator[Path]:
    """Links and hidden files are none of ours."""
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or not path.is_file() or path.name.startswith((".", "~$")):
            continue
        if path.suffix.lower() in UNFINISHED:
            continue
        if clock.real_now().timestamp() - path.stat().st_mtime >= STILL_SECONDS:
            yield path


def _deal_with(path: Path, *, shop: str, now: datetime) -> bool:
    """One file that cannot be read or moved keeps no other waiting."""
    try:
        known = queries.from_folder(sha256=storage.digest_of(path))
        if known is None:
            return _take(path, shop=shop, now=now)
        if known.status in ENDS:
            _move(path, ENDS[known.status], _told(known))
            return True
    except OSError as problem:
        log.warning("file left alone", file=path.name, problem=str(problem.strerror))
    return False


def _take(path: Path, *, shop: str, now: datetime) -> bool:
    try:
        with path.open("rb") as source:
            stored = storage.put(source, bytes_max=BYTES_MAX)
    except (FileTooLarge, EmptyFile) as problem:
        _move(path, "refused", {"refused": {"reason": problem.code, "text": problem.message}})
        return True
    with transaction():
        return services.take_from_folder(stored=stored, file_name=path.name, shop=shop, now=now)


def _told(known: MarketplaceImport) -> dict[str, object]:
    return {"file": known.file_name, "import": known.public_id, **known.result}


def _move(path: Path, end: str, report: dict[str, object]) -> None:
    """The report stands beside the file before the file is moved, so that none is without; nothing is overwritten."""
    target = path.parent / end
    target.mkdir(exist_ok=True)
    place = target / path.name
    number = 1
    while place.exists():
        number += 1
        place = target / f"{path.stem} ({number}){path.suffix}"
    words = json.dumps(report, ensure_ascii=False, indent=2)
    place.with_name(f"{place.name}.report.json").write_text(words, encoding="utf-8")
    path.rename(place)
