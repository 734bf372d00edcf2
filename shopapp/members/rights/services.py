"""The rights of a person: to have all that is known of them, and to be forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from shopapp.kernel import audit, limits, personal
from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.errors import ShopError
from shopapp.kernel.i18n import _l
from shopapp.members.identity import former, members
from shopapp.members.identity import services as identity

EXPORTS_PER_DAY = 20


class StillNeeded(ShopError):
    status, code, text = (
        409,
        "still_needed",
        _l("现在还不能注销：%(why)s。没有任何改动，办完以后可以再来。"),
    )


def export(*, customer_id: int, now: datetime) -> dict[str, Any]:
    """All that is known of a customer, by feature, as JSON can hold it."""
    parts = {part.name: part.export(customer_id) for part in personal.parts()}
    return {"exported_at": now.astimezone(SHOP_ZONE).isoformat(), **parts}


def export_for(*, customer_id: int, public_id: str, now: datetime) -> dict[str, Any]:
    """`export` for the customer themselves; not inside a transaction. Raises `TooManyRequests`: it reads all there is."""
    limits.spend(what="export", who=public_id, limit=EXPORTS_PER_DAY, window=timedelta(days=1))
    return export(customer_id=customer_id, now=now)


def obstacles(*, customer_id: int) -> list[str]:
    """What has to be finished before a customer can be erased, in words."""
    return [words for part in personal.parts() for words in part.obstacles(customer_id)]


def erase(*, customer_id: int, public_id: str, now: datetime) -> None:
    """Forget a person, by all rows that turned out to be them, and keep the records of money without them. Told again it
    changes nothing.

    For a while keyed hashes tell which gifts they had that are given once, see `former`.

    Raises `StillNeeded` while orders are open or money is on its way back.
    """
    if not identity.lock_unerased(customer_id=customer_id):
        return
    why = obstacles(customer_id=customer_id)
    if why:
        raise StillNeeded(why="，".join(why))
    theirs = [customer_id, *(row.id for row in members.merged_into(customer_id))]
    gifts = {gift for part in personal.parts() for row_id in theirs for gift in part.given_once(row_id)}
    former.remember(customer_id=customer_id, gifts=gifts, now=now)
    for part in personal.parts():
        if part.erase is not None:
            for row_id in theirs:
                part.erase(row_id, now)
    audit.record(action="customer.erase", subject_kind="customer", subject_id=public_id)
