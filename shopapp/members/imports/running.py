"""One import from claim to end. Killed at any moment it is taken up again: what was imported changes nothing then."""

from __future__ import annotations

import dataclasses
from typing import Any

import structlog

from shopapp.kernel import clock, jobs
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import ShopError
from shopapp.members.marketplace import importing
from shopapp.members.marketplace.importing import Report
from shopapp.members.marketplace.recognising import AUTO
from shopapp.members.marketplace.writing import Busy

from . import rejects, services, storage
from .services import Claimed

log = structlog.get_logger(__name__)

REJECTED_KEPT = 100
"""So many refused rows are kept to be shown; all of them stand in the file of the refused."""


class Interrupted(Exception):
    """The worker is asked to stop."""


def run(claimed: Claimed) -> None:
    """Import a claimed file in transactions of the engine's own, and write down what came of it."""
    path = storage.path_of(sha256=claimed.sha256)
    if claimed.tries > services.TRIES_MAX:
        _refuse(claimed, reason=services.BROKEN, text="")
        return
    if not path.is_file():
        _refuse(claimed, reason=services.GONE, text="")
        return

    def heard(done: int, total: int) -> None:
        with transaction():
            services.note_rows(row_id=claimed.id, done=done, total=total, real_now=clock.real_now())
        if not jobs.breathe():
            raise Interrupted

    try:
        report = importing.run(
            path=path, platform=claimed.platform or AUTO, shop=claimed.shop, progress=heard
        )
    except (Interrupted, Busy):
        with transaction():
            services.give_back(row_id=claimed.id, real_now=clock.real_now())
        return
    except ShopError as problem:
        _refuse(claimed, reason=problem.code, text=problem.message)
        return
    _finish(claimed, report)


def _refuse(claimed: Claimed, *, reason: str, text: str) -> None:
    with transaction():
        services.refuse(
            row_id=claimed.id,
            reason=reason,
            result={"refused": {"reason": reason, "text": text}},
            now=clock.now(),
        )
    log.info("import refused", import_id=claimed.public_id, reason=reason)


def _finish(claimed: Claimed, report: Report) -> None:
    if report.rejected:
        rejects.write(
            public_id=claimed.public_id,
            source=storage.path_of(sha256=claimed.sha256),
            platform=claimed.platform,
            rejected=report.rejected,
        )
    with transaction():
        services.finish(row_id=claimed.id, result=_told(report), now=clock.now())


def _told(report: Report) -> dict[str, Any]:
    rejected = [dataclasses.asdict(row) for row in report.rejected[:REJECTED_KEPT]]
    held = {row.order_no for row in report.rejected if row.reason == "unknown_status"}
    found = {**report.dump(), "rejected": rejected, "rejected_count": report.rejected_count}
    return {**found, "unclear": report.unclear, "held": len(held)}
