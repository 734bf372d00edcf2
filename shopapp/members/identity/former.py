"""Gifts that a person gets once, also if they have themselves forgotten in between and come back as somebody new.

What tells it is a keyed hash over the gift and an openid, unionid or verified phone: it can be recognised, not read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from shopapp.kernel import preferences
from shopapp.kernel.db import db, insert_once, rows_changed, transaction
from shopapp.kernel.pii import lookup_hash, lookup_hashes

from .models import Customer, FormerMark, WeChatAccount

DAYS_OF_YEAR = 365
MONTHS_OF_YEAR = 12


def remember(*, customer_id: int, gifts: Collection[str], now: datetime) -> None:
    """Mark which gifts a customer had who is about to be forgotten; nothing if the shop keeps marks for 0 months."""
    months: int = preferences.read("members.marks_kept_months")
    if not months or not gifts:
        return
    until = now + timedelta(days=months * DAYS_OF_YEAR // MONTHS_OF_YEAR)
    for _customer, identity in _identities([customer_id]):
        for gift in sorted(gifts):
            mark = lookup_hash(_text(gift, identity))
            if not insert_once(FormerMark, mark=mark, gift=gift, until=until):
                rows_changed(update(FormerMark).where(FormerMark.mark == mark).values(until=until))


def had_before(*, customer_id: int, gift: str, now: datetime) -> bool:
    """Whether this customer had the gift as somebody who has been forgotten since."""
    return bool(had_before_among(customer_ids=[customer_id], gift=gift, now=now))


def had_before_among(*, customer_ids: Collection[int], gift: str, now: datetime) -> set[int]:
    """Those of these customers who had the gift before. One query where nobody ever had it."""
    valid = select(FormerMark.mark).where(FormerMark.gift == gift, FormerMark.until > now)
    if not customer_ids or db.session.scalar(valid.limit(1)) is None:
        return set()
    whose = {
        mark: customer_id
        for customer_id, identity in _identities(customer_ids)
        for mark in lookup_hashes(_text(gift, identity))
    }
    return {whose[mark] for mark in db.session.scalars(valid.where(FormerMark.mark.in_(whose)))}


def times_before(*, customer_id: int, gift: str, most: int, now: datetime) -> int:
    """How often this customer had a gift before that `most` may be had of, by the marks that `gifts_counted` names."""
    times = 0
    while times < most and had_before(customer_id=customer_id, gift=_counted(gift, times + 1), now=now):
        times += 1
    return times


def gifts_counted(*, gift: str, times: int) -> set[str]:
    """What to remember of a gift that somebody had so many times and gets a certain number of times."""
    return {_counted(gift, number) for number in range(1, times + 1)}


def _counted(gift: str, number: int) -> str:
    return f"{gift}:{number}"


def forget_old(*, now: datetime) -> int:
    """Delete the marks whose time is over."""
    with transaction():
        return rows_changed(delete(FormerMark).where(FormerMark.until <= now))


def _identities(customer_ids: Collection[int]) -> Iterator[tuple[int, str]]:
    """What these customers can be recognised by, each with their row id."""
    accounts = select(
        WeChatAccount.customer_id, WeChatAccount.appid, WeChatAccount.openid, WeChatAccount.unionid
    )
    for row in db.session.execute(accounts.where(WeChatAccount.customer_id.in_(customer_ids))):
        yield row.customer_id, f"openid:{row.appid}:{row.openid}"
        if row.unionid:
            yield row.customer_id, f"unionid:{row.unionid}"
    phones = select(Customer.id, Customer.phone).where(
        Customer.id.in_(customer_ids), Customer.phone.is_not(None)
    )
    for customer_id, phone in db.session.execute(phones):
        yield customer_id, f"phone:{phone}"


def _text(gift: str, identity: str) -> str:
    return f"former:{gift}:{identity}"
