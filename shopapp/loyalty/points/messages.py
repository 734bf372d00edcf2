"""What members are told about their points in WeChat, by jobs that may run again: each thing is told once.

Whoever does not follow the account can't be told; nothing is queued for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from shopapp.kernel.clock import day_start, shop_day
from shopapp.kernel.db import db, transaction
from shopapp.kernel.i18n import _l
from shopapp.kernel.settings import settings
from shopapp.loyalty.ledger import Unit, due
from shopapp.loyalty.ledger import queries as ledger
from shopapp.members.identity import queries as identity
from shopapp.wechat.messages import day_text, queue_template

from . import queries

PAGE = "/me/points"
AT_ONCE = 200
DAYS_TOLD = 2
FIELDS: dict[str, dict[str, Any]] = {
    "points_earned": {"points": _l("到账积分"), "balance": _l("可用积分"), "time": _l("到账日期")},
    "points_expiring": {"points": _l("到期积分"), "balance": _l("可用积分"), "time": _l("到期日期")},
}

Notice = tuple[int, str, dict[str, str]]
"""Whom to tell, the key of the message, and its data."""


def tell_expiring(now: datetime) -> int:
    """Tell members what ends within the days that the rules say, once per member and date; how many messages were new."""
    days = queries.terms(now).notice_days
    until = day_start(shop_day(now) + timedelta(days=days))
    ending = list(due.ending(unit=Unit.POINTS, since=now, until=until)) if days else []
    return _tell(
        "points_expiring",
        (
            (
                one.customer_id,
                f"points_expiring:{one.customer_id}:{shop_day(one.at)}",
                # the last day on which they can be used
                {"points": str(one.amount), "time": day_text(one.at - timedelta(days=1))},
            )
            for one in ending
        ),
        now=now,
    )


def tell_earned(now: datetime) -> int:
    """Tell members what became active on each of the last days, once per member and day; how many messages were new."""
    return _tell("points_earned", _earned(now), now=now)


def _earned(now: datetime) -> Iterator[Notice]:
    for back in range(1, DAYS_TOLD + 1):
        day = shop_day(now) - timedelta(days=back)
        since, until = day_start(day), day_start(day + timedelta(days=1))
        for customer_id, amount in due.activated(unit=Unit.POINTS, since=since, until=until):
            data = {"points": str(amount), "time": day_text(since)}
            yield customer_id, f"points_earned:{customer_id}:{day}", data


def _tell(topic: str, notices: Iterable[Notice], *, now: datetime) -> int:
    """A batch is one transaction, so that a run that is cut off is taken up by the next."""
    known = list(notices)
    db.session.rollback()
    done = 0
    for start in range(0, len(known), AT_ONCE):
        with transaction():
            done += sum(_queue(topic, notice, now=now) for notice in known[start : start + AT_ONCE])
    return done


def _queue(topic: str, notice: Notice, *, now: datetime) -> bool:
    customer_id, key, data = notice
    openid = identity.following_openid(customer_id=customer_id, appid=settings().wx_appid)
    if openid is None:
        return False
    balance = ledger.balance(purse=queries.points_purse(customer_id), now=now)
    return queue_template(
        key=key,
        openid=openid,
        topic=topic,
        data={**data, "balance": str(balance.available)},
        path=PAGE,
        now=now,
    )
