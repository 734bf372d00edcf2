"""The file of an import's refused rows, to be put right and sent again: where it lies, and that it goes with the import."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection
from pathlib import Path

from shopapp.members.marketplace import correcting
from shopapp.members.marketplace.reading import Rejected
from shopapp.members.marketplace.recognising import AUTO

from . import storage


def path_of(*, public_id: str) -> Path:
    return storage.folder() / f"{public_id}.rejected.csv"


def write(*, public_id: str, source: Path, platform: str, rejected: Collection[Rejected]) -> None:
    """Keep these rows of the file, each with why it was not taken."""
    handle, temporary = tempfile.mkstemp(dir=storage.folder(), prefix=".new-")
    os.close(handle)
    try:
        correcting.write_rejected(
            path=source, rejected=rejected, to=Path(temporary), platform=platform or AUTO
        )
        Path(temporary).replace(path_of(public_id=public_id))
    finally:
        Path(temporary).unlink(missing_ok=True)


def drop(*, public_id: str) -> None:
    path_of(public_id=public_id).unlink(missing_ok=True)
