"""Membership numbers, and what makes the particulars of a member good."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import date

from shopapp.kernel.fields import is_plain
from shopapp.kernel.i18n import _
from shopapp.kernel.phones import MOBILE, clean_phone

NAME_MAX = 30
AGE_MAX = 120
MEMBER_NO = re.compile(r"[1-9]\d{9}", re.ASCII)
BIRTHDAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Particulars:
    """What somebody tells of themselves, cleaned; empty or None where they told nothing."""

    name: str = ""
    phone: str = ""
    birthday: date | None = None


def new_member_no() -> str:
    """Ten digits: nine random ones that do not begin with 0, then the check digit."""
    body = str(secrets.randbelow(9 * 10**8) + 10**8)
    return body + check_digit(body)


def check_digit(body: str) -> str:
    """Luhn's: every single wrong digit and nearly every swapped pair is noticed."""
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(body))]
    return str(-sum(number // 10 + number % 10 for number in doubled) % 10)


def is_member_no(text: str) -> bool:
    """Whether this can be a membership number: ten digits whose last one fits."""
    return MEMBER_NO.fullmatch(text) is not None and check_digit(text[:-1]) == text[-1]


def spaced(member_no: str) -> str:
    """1234567897 -> 1234 567 897, as it is read out."""
    return f"{member_no[:4]} {member_no[4:7]} {member_no[7:]}"


def read_birthday(text: str, *, today: date) -> date | None:
    """The day that `text` (1990-02-28) names; None if there is no such day, or nobody alive was born on it."""
    try:
        day = date.fromisoformat(text) if BIRTHDAY.fullmatch(text) else None
    except ValueError:
        return None
    if day is None or day > today or age(day, today=today) > AGE_MAX:
        return None
    return day


def age(birthday: date, *, today: date) -> int:
    """Whole years; who was born on 29 February is a year older from 28 February on in other years."""
    kept = (birthday.month, birthday.day)
    if kept == (2, 29) and not is_leap(today.year):
        kept = (2, 28)
    return today.year - birthday.year - ((today.month, today.day) < kept)


def is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def read_particulars(
    *, name: str, phone: str, birthday: str, today: date
) -> tuple[Particulars, dict[str, list[str]]]:
    """What was told, cleaned, and what is wrong with each field."""
    name, phone, birthday = name.strip(), clean_phone(phone), birthday.strip()
    wrong: dict[str, list[str]] = {}
    day = read_birthday(birthday, today=today) if birthday else None
    if len(name) > NAME_MAX or not is_plain(name):
        wrong["name"] = [_("姓名不超过 30 个字，不能有换行或控制字符。")]
    if phone and not MOBILE.fullmatch(phone):
        wrong["phone"] = [_("请填写 11 位手机号码。")]
    if birthday and day is None:
        wrong["birthday"] = [_("请填写真实的生日，例如 1990-02-28。")]
    return Particulars(name=name, phone=phone, birthday=day), wrong
