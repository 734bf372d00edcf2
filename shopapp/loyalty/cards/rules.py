"""How long a card runs, what a plan may say, and how codes are written. No database."""

from __future__ import annotations

import secrets
import unicodedata
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from shopapp.kernel.clock import day_start, shop_day
from shopapp.kernel.fields import is_plain
from shopapp.kernel.i18n import _
from shopapp.kernel.ids import ALPHABET
from shopapp.kernel.money import ZERO, Money

NAME_MAX, WORDS_MAX, BATCH_NAME_MAX = 20, 200, 40
PRICE_MAX = Money(10_000_000)
MONTHS_MAX, DAYS_MAX, TRIAL_DAYS_MAX = 36, 1095, 90
POSITION_MAX = 999
CODES_MAX = 10_000
CODE_LENGTH, GROUP = 16, 4
LOOKALIKES = str.maketrans({"o": "0", "i": "1", "l": "1"})


class CardSource(StrEnum):
    """How somebody came to a card."""

    BOUGHT = "bought"
    CODE = "code"
    TRIAL = "trial"
    STAFF = "staff"


@dataclass(frozen=True, kw_only=True)
class PlanContent:
    """What a merchant decides about a plan; `months` or `days`, the other is 0."""

    name: str
    price: Money
    words: str = ""
    months: int = 0
    days: int = 0
    tier_code: str | None = None
    trial_days: int = 0
    position: int = 0
    active: bool = True


def problems(plan: PlanContent) -> dict[str, list[str]]:
    """What is wrong with each field; whether there is the tier is asked elsewhere."""
    found: dict[str, list[str]] = {}

    def check(right: bool, field: str, message: str) -> None:
        if not right:
            found.setdefault(field, []).append(message)

    named = 0 < len(plan.name.strip()) <= NAME_MAX and is_plain(plan.name)
    check(named, "name", _("名称须为 1 到 %(max)s 个字。", max=NAME_MAX))
    check(
        len(plan.words) <= WORDS_MAX and is_plain(plan.words),
        "words",
        _("说明最多 %(max)s 个字，不能有换行。", max=WORDS_MAX),
    )
    check(ZERO <= plan.price <= PRICE_MAX, "price_fen", _("价格须在 0 到 10 万元之间。"))
    one = (1 <= plan.months <= MONTHS_MAX and plan.days == 0) or (
        plan.months == 0 and 1 <= plan.days <= DAYS_MAX
    )
    check(
        one,
        "months",
        _(
            "有效期填 1 到 %(months)s 个月，或者 1 到 %(days)s 天，二选一。",
            months=MONTHS_MAX,
            days=DAYS_MAX,
        ),
    )
    check(
        0 <= plan.trial_days <= TRIAL_DAYS_MAX, "trial_days", _("试用最多 %(max)s 天。", max=TRIAL_DAYS_MAX)
    )
    check(0 <= plan.position <= POSITION_MAX, "position", _("排序须为 0 到 %(max)s。", max=POSITION_MAX))
    return found


def end_of(start: datetime, *, months: int = 0, days: int = 0) -> datetime:
    """The first moment at which a card that begins now is over: a beginning of a day of shop time.

    The last day is whole: a month from the noon of the 26th ends with the 26th. One that begins with a day, as a renewal
    does, has exactly that many days or months. Where a month has no such day it ends with its last one.
    """
    day = shop_day(start)
    begun = timedelta(days=0 if day_start(day) == start else 1)
    if days:
        return day_start(day + timedelta(days=days) + begun)
    count = day.year * 12 + day.month - 1 + months
    year, month = count // 12, count % 12 + 1
    length = monthrange(year, month)[1]
    if day.day > length:
        return day_start(date(year, month, length) + timedelta(days=1))
    return day_start(date(year, month, day.day) + begun)


def new_code() -> str:
    """Sixteen letters and digits, 80 random bits, in groups that can be read out."""
    letters = "".join(secrets.choice(ALPHABET) for _place in range(CODE_LENGTH)).upper()
    return "-".join(letters[place : place + GROUP] for place in range(0, CODE_LENGTH, GROUP))


def fold_code(text: str) -> str:
    """A code as it is compared: without groups, in either width or case, with the letters it has none of put right."""
    plain = unicodedata.normalize("NFKC", text).lower()
    return "".join(char for char in plain.translate(LOOKALIKES) if char in ALPHABET)[: CODE_LENGTH + 1]
