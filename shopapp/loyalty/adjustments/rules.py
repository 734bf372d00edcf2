"""What may be adjusted, and when a second person must agree; no database."""

from __future__ import annotations

from datetime import datetime, timedelta

from shopapp.kernel.clock import day_start, shop_day
from shopapp.kernel.i18n import _
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.ledger.rules import Life

ADJUSTABLE = (Unit.POINTS, Unit.PRINCIPAL, Unit.GIFT, Unit.GROWTH)
MONEY = frozenset({Unit.PRINCIPAL, Unit.GIFT})
EXPIRING = frozenset({Unit.POINTS, Unit.GIFT})
AMOUNT_MAX = 10**9
REASON_MAX = 200
LIFE_DAYS_MAX = 3650


def needs_second(*, amount: int, before: int, alone: int) -> bool:
    """Whether a change, with those of the same account that were made alone within a day, is above what one may do alone."""
    return before + abs(amount) > alone


def pays_out(*, unit: Unit, amount: int, paid_out: bool) -> bool:
    """Whether it is principal that its owner has back: it is theirs also once they were forgotten."""
    return paid_out and unit is Unit.PRINCIPAL and amount < 0


def problems(
    *, unit: Unit, amount: int, reason: str, expires_at: datetime | None, now: datetime
) -> dict[str, list[str]]:
    """What is wrong with a change, by field; empty if nothing is."""
    wrong: dict[str, list[str]] = {}
    if amount == 0 or abs(amount) > AMOUNT_MAX:
        wrong["amount"] = [_("数量不能是 0，也不能超过 %(max)s。", max=AMOUNT_MAX)]
    if not reason.strip():
        wrong["reason"] = [_("请写明原因，以后查账要看。")]
    if expires_at is not None:
        if amount < 0 or unit not in EXPIRING:
            wrong["expires_at"] = [_("只有加积分和加赠金可以设到期日，请留空。")]
        elif expires_at <= now or expires_at > now + timedelta(days=LIFE_DAYS_MAX):
            wrong["expires_at"] = [_("请选今天以后、十年以内的日期。")]
    return wrong


def life_until(expires_at: datetime, *, now: datetime) -> Life:
    """The life that ends with the day of shop time that `expires_at` is in, or as it begins if that is its first moment."""
    last = shop_day(expires_at)
    if day_start(last) < expires_at:
        last += timedelta(days=1)
    return Life(days=max((last - shop_day(now)).days, 1))
