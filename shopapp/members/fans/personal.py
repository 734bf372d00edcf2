"""What the platform told of a follower, as part of what is known of the person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from shopapp.kernel.db import db, rows_changed
from shopapp.members.identity.followers import account_ids_of

from .models import WORN, Fan, FanTag, FanTagging


def export(customer_id: int) -> list[dict[str, Any]]:
    ids = account_ids_of(customer_id=customer_id)
    fans = select(Fan).where(Fan.account_id.in_(ids)).order_by(Fan.id)
    return [
        {"remark": fan.remark, "way": fan.way, "tags": _tags(fan.account_id)}
        for fan in db.session.scalars(fans).all()
    ]


def _tags(account_id: int) -> list[str]:
    worn = select(FanTag.name).join(FanTagging, FanTagging.tag_id == FanTag.id)
    mine = worn.where(FanTagging.account_id == account_id, FanTagging.state.in_(WORN))
    return list(db.session.scalars(mine.order_by(FanTag.name)))


def erase(customer_id: int, _now: datetime) -> None:
    ids = account_ids_of(customer_id=customer_id)
    for table in (FanTagging, Fan):
        rows_changed(delete(table).where(table.account_id.in_(ids)))
