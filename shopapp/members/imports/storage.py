"""Where the files of imports lie meanwhile: named by their content, readable by the shop alone."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO

from shopapp.kernel.errors import ShopError
from shopapp.kernel.i18n import _l
from shopapp.kernel.settings import data_folder

CHUNK = 1024 * 1024


class FileTooLarge(ShopError):
    status, code, text = (
        413,
        "file_too_large",
        _l("文件太大，没有导入。每个最大 %(mib)s MB，可以按月份分几个文件导出，或压缩成 zip、gz 再传。"),
    )


class EmptyFile(ShopError):
    status, code, text = 422, "empty_file", _l("文件是空的，没有导入。请重新导出后再试。")


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    sha256: str
    size: int


def folder() -> Path:
    """Hosts that share a database must share it too."""
    return data_folder() / "imports"


def path_of(*, sha256: str) -> Path:
    return folder() / sha256


def put(source: IO[bytes], *, bytes_max: int) -> StoredFile:
    """Keep what can be read from here. Raises `FileTooLarge`, `EmptyFile` and keeps nothing then."""
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(dir=folder(), prefix=".new-")
    digest, size = hashlib.sha256(), 0
    try:
        with os.fdopen(handle, "wb") as kept:
            while chunk := source.read(CHUNK):
                size += len(chunk)
                if size > bytes_max:
                    raise FileTooLarge(mib=bytes_max // CHUNK)
                digest.update(chunk)
                kept.write(chunk)
        if not size:
            raise EmptyFile
        Path(temporary).replace(path_of(sha256=digest.hexdigest()))
    finally:
        Path(temporary).unlink(missing_ok=True)
    return StoredFile(sha256=digest.hexdigest(), size=size)


def digest_of(path: Path) -> str:
    """The name under which this content would be kept."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def drop(*, sha256: str) -> None:
    path_of(sha256=sha256).unlink(missing_ok=True)


def left_behind(*, before: datetime, limit: int) -> list[Path]:
    """Files that nobody touched since then (machine's time): of uploads that were cut off, and of imports still to end."""
    if not folder().is_dir():
        return []
    old = (path for path in folder().iterdir() if path.stat().st_mtime < before.timestamp())
    return list(islice(old, limit))
