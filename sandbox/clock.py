"""The virtual clock: real time plus the seconds in the shared clock file."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

REREAD_SECONDS = 0.4


class _State:
    file: Path | None = None
    offset = 0.0
    read_at = -1.0


def configure(file: Path | None) -> None:
    """Follow `file`; without one the offset lives in this process alone."""
    _State.file = file
    _State.offset = 0.0
    _State.read_at = -1.0


def offset() -> float:
    """Seconds added to real time; a missing or unreadable file counts as 0."""
    if _State.file is not None and time.monotonic() - _State.read_at > REREAD_SECONDS:
        _State.read_at = time.monotonic()
        try:
            _State.offset = float(_State.file.read_text().strip() or 0)
        except (OSError, ValueError):
            _State.offset = 0.0
    return _State.offset


def travel(seconds: float) -> None:
    """Set the offset to `seconds` (absolute, may be negative) for every process that follows the file."""
    _State.offset = float(seconds)
    _State.read_at = time.monotonic()
    if _State.file is not None:
        _State.file.parent.mkdir(parents=True, exist_ok=True)
        scratch = _State.file.with_suffix(".new")
        scratch.write_text(f"{seconds:.0f}")
        scratch.replace(_State.file)


def now() -> datetime:
    """Virtual time, aware, UTC."""
    return datetime.fromtimestamp(timestamp(), UTC)


def timestamp() -> float:
    """Virtual time as seconds since 1970."""
    return time.time() + offset()
