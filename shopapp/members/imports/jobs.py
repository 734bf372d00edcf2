"""What moves imports on: reading files, the watched folder, and letting go of files that were kept long enough."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from shopapp.kernel import clock
from shopapp.kernel.db import transaction

from . import folder, queries, running, services, storage

log = structlog.get_logger(__name__)

CLEARED_AT_ONCE = 100


def watch_folder(now: datetime) -> int:
    """Take files out of `SHOP_IMPORT_FOLDER`; how many were dealt with."""
    return folder.watch(now)


def import_files(now: datetime) -> int:
    """Import the file that has waited longest; 1 if there was one."""
    with transaction():
        claimed = services.claim(now=now, real_now=clock.real_now())
    if claimed is None:
        return 0
    running.run(claimed)
    return 1


def forget_files(now: datetime) -> int:
    """Delete files that were kept long enough; how many imports lost theirs."""
    with transaction():
        old = services.to_clear(now=now, limit=CLEARED_AT_ONCE)
        for row in old:
            services.clear(row=row, now=now)
    before = clock.real_now() - services.FILES_KEPT - timedelta(days=1)
    left = storage.left_behind(before=before, limit=CLEARED_AT_ONCE)
    needed = queries.needed(sha256s=[path.name for path in left])
    for path in left:
        if path.name not in needed:
            path.unlink(missing_ok=True)
    return len(old)
