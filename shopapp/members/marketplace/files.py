"""Opening what is uploaded as an export: what it really is, whatever its name says, and in which characters."""

from __future__ import annotations

import codecs
import csv
import gzip
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from shopapp.kernel.errors import ShopError
from shopapp.kernel.i18n import _l

from . import sheets

BYTES_MAX = 1024**3
SHEET_BYTES_MAX = 400 * 1024**2
ROWS_MAX = 2_000_000
MEMBERS_MAX = 20
CHUNK = 1024**2
HEAD = 64 * 1024
UNREADABLE_ROW = ["\ufffd"]
CHARSETS = ("utf-8", "gbk", "gb18030")
BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
OLE = bytes.fromhex("D0CF11E0")


class FileRefused(ShopError):
    """A file refused whole; nothing of it is taken. `code` is the reason."""

    status = 422


class FileEmpty(FileRefused):
    code, text = "empty", _l("文件是空的。")


class FileTooLarge(FileRefused):
    code, text = "too_large", _l("文件太大了，请按时间分成几个再导入。")


class FileLocked(FileRefused):
    code, text = "password", _l("文件有密码，打不开。请用 Excel 打开后去掉密码另存，再导入。")


class FileBroken(FileRefused):
    code, text = "broken", _l("文件坏了，可能没有下载完整。请重新导出一份。")


class CharactersUnknown(FileRefused):
    code, text = "encoding", _l("文件里的文字读不出来，不是 UTF-8，也不是 GBK。请从平台重新导出原始文件。")


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of text that can be read again and again, each time anew; `size` is about how many there are."""

    encoding: str
    size: int
    rows: Callable[[str], Iterator[list[str]]]
    """Takes how a line is split: csv, tabs or backticks; a sheet has its cells already."""


class _Packed(Protocol):
    def read(self, size: int, /) -> bytes: ...


@contextmanager
def opened(path: Path) -> Iterator[list[Table]]:
    """The tables in a file: one, or those of all sheets, or of all files in an archive. Raises `FileRefused`."""
    with tempfile.TemporaryDirectory(prefix="import-") as folder:
        yield _tables(path, folder=Path(folder), depth=2)


def _tables(path: Path, *, folder: Path, depth: int) -> list[Table]:
    size = path.stat().st_size
    if size == 0:
        raise FileEmpty
    if size > BYTES_MAX:
        raise FileTooLarge
    with path.open("rb") as file:
        head = file.read(HEAD)
    if head.startswith(b"PK"):
        return _zipped(path, folder=folder, depth=depth)
    if head.startswith(OLE):
        return _ole(path)
    if head.startswith(b"\x1f\x8b") and depth:
        return _tables(_unpacked(path, folder=folder), folder=folder, depth=depth - 1)
    encoding, lines = _charset(path, head)
    if _looks_like_html(head):
        return [_sheet("html", rows) for rows in sheets.html_tables(path, encoding=encoding, most=ROWS_MAX)]
    return [_text(path, encoding=encoding, size=lines)]


def _zipped(path: Path, *, folder: Path, depth: int) -> list[Table]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if any(member.flag_bits & 1 for member in members):
                raise FileLocked
            if any(member.filename.startswith(("xl/", "word/")) for member in members):
                if sum(member.file_size for member in members) > SHEET_BYTES_MAX:
                    raise FileTooLarge
                return _sheets("xlsx", path)
            if not depth:
                raise FileBroken
            found: list[Table] = []
            for number, member in enumerate(members[:MEMBERS_MAX]):
                part = folder / f"{depth}-{number}"
                with archive.open(member) as packed:
                    _copy(packed, part)
                if part.stat().st_size:
                    found += _tables(part, folder=folder, depth=depth - 1)
            return found
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as problem:
        raise FileBroken from problem


def _ole(path: Path) -> list[Table]:
    if path.stat().st_size > SHEET_BYTES_MAX:
        raise FileTooLarge
    if "EncryptedPackage".encode("utf-16-le") in path.read_bytes():
        raise FileLocked
    return _sheets("xls", path)


def _sheets(kind: str, path: Path) -> list[Table]:
    try:
        return [_sheet(kind, rows) for rows in sheets.workbook_tables(path)]
    except sheets.SheetLocked as problem:
        raise FileLocked from problem
    except sheets.SheetBroken as problem:
        raise FileBroken from problem


def _sheet(kind: str, rows: sheets.Rows) -> Table:
    if len(rows) > ROWS_MAX:
        raise FileTooLarge

    def copies(_splitting: str) -> Iterator[list[str]]:
        return map(list, rows)

    return Table(encoding=kind, size=len(rows), rows=copies)


def _unpacked(path: Path, *, folder: Path) -> Path:
    part = folder / "unpacked"
    try:
        with gzip.open(path) as packed:
            _copy(packed, part)
    except (OSError, EOFError, zlib.error) as problem:
        raise FileBroken from problem
    return part


def _copy(packed: _Packed, part: Path) -> None:
    """As much as is bearable, whatever the archive says its size is."""
    left = BYTES_MAX
    with part.open("wb") as file:
        while found := packed.read(CHUNK):
            left -= len(found)
            if left < 0:
                raise FileTooLarge
            file.write(found)


def _looks_like_html(head: bytes) -> bool:
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()[:2048].lower()
    return start.startswith(b"<") and (b"<table" in start or b"<html" in start)


def _charset(path: Path, head: bytes) -> tuple[str, int]:
    """The first character set in which the whole file can be read, and how many lines it has.

    A character cut off at the very end is let be: the row it stands in is looked at on its own.
    """
    marked = next((name for bom, name in BOMS if head.startswith(bom)), None)
    amazon = b"order-id" in head.split(b"\n", 1)[0]
    wanted = (marked,) if marked else ("utf-8", "latin-1") if amazon else CHARSETS
    for name in wanted:
        lines = _lines_in(path, name)
        if lines is not None:
            if lines > ROWS_MAX:
                raise FileTooLarge
            return name, lines
    raise CharactersUnknown


def _lines_in(path: Path, encoding: str) -> int | None:
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 1
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                return None
            lines += chunk.count(b"\n")
    return lines


def _text(path: Path, *, encoding: str, size: int) -> Table:
    def rows(splitting: str) -> Iterator[list[str]]:
        with path.open(encoding=encoding, errors="ignore", newline="") as file:
            first = file.readline(HEAD)
            second = file.readline(HEAD)
            file.seek(0)
            if splitting == "backticks" and second.startswith("`"):
                yield from _between_backticks(file)
            elif splitting == "tabs":
                yield from _readable(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
            else:
                delimiter = max(",\t;", key=(first + second).count)
                yield from _readable(csv.reader(file, delimiter=delimiter))

    return Table(encoding=encoding, size=size, rows=rows)


def _readable(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    """A line that cannot be split stands as one cell that nobody takes for anything."""
    while True:
        try:
            yield from rows
        except csv.Error:
            yield list(UNREADABLE_ROW)
        else:
            return


def _between_backticks(file: IO[str]) -> Iterator[list[str]]:
    """Nothing is quoted, and a field may hold commas."""
    for line in file:
        bare = line.rstrip("\r\n")
        if bare.startswith("`"):
            yield bare[1:].split(",`")
        else:
            yield bare.split(",") if bare else []
