"""What the console's screens share: sent forms, pages of a list, acts with a word on how they went, CSV files."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Generic, TypeVar

from flask import flash, make_response, redirect, request, url_for
from sqlalchemy import Select, func, select
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from . import clock
from .db import db, transaction
from .errors import Invalid, ShopError
from .fields import is_plain
from .i18n import _
from .money import Money

T = TypeVar("T")

PAGE_SIZE = 25
PAGES_MAX = 10_000
CSV_ROWS_MAX = 50_000
YUAN = re.compile(r"[0-9]{1,9}(\.[0-9]{1,2})?")
YEARS = range(2000, 2200)
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class Form:
    """The fields of a sent form, read one by one; wrong ones are collected, so that all are told at once."""

    def __init__(self, values: MultiDict[str, str] | None = None) -> None:
        self.values: MultiDict[str, str] = values if values is not None else MultiDict()
        self.errors: dict[str, list[str]] = {}

    @classmethod
    def sent(cls) -> Form:
        return cls(MultiDict(request.form))

    @classmethod
    def filled(cls, values: dict[str, Any]) -> Form:
        """A form as it is first shown."""
        return cls(MultiDict({name: "" if value is None else value for name, value in values.items()}))

    def value(self, name: str, default: str = "") -> str:
        return str(self.values.get(name, default))

    def ticked(self, name: str) -> bool:
        return self.values.get(name) in ("1", "on", "true", True)

    def wrong(self, name: str, message: str) -> None:
        self.errors.setdefault(name, []).append(message)

    def refuse(self, problem: ShopError) -> None:
        """Take over what a service found wrong."""
        fields: dict[str, Any] = problem.details.get("fields", {}) if isinstance(problem, Invalid) else {}
        for name, messages in fields.items():
            for message in messages if isinstance(messages, list) else [messages]:
                self.wrong(name, str(message))
        if not fields:
            self.wrong("_", problem.message)

    def text(self, name: str, *, longest: int, needed: bool = False) -> str:
        value = self.value(name).replace("\r\n", "\n").strip()
        if needed and not value:
            self.wrong(name, _("请填写这一项。"))
        elif len(value) > longest:
            self.wrong(name, _("最多 %(max)s 个字，现在有 %(now)s 个。", max=longest, now=len(value)))
        elif not is_plain(value, lines=True):
            self.wrong(name, _("不能有控制字符。"))
        return value

    def whole(self, name: str, *, least: int, most: int) -> int:
        """A whole number; `least` stands in for a wrong one."""
        value = half_width(self.value(name))
        if re.fullmatch(r"-?\d{1,12}", value, re.ASCII) and least <= int(value) <= most:
            return int(value)
        self.wrong(name, _("请填写 %(least)s 到 %(most)s 的整数。", least=least, most=most))
        return least

    def yuan(self, name: str) -> Money:
        """An amount in yuan with at most two decimals; zero stands in for a wrong one."""
        try:
            return yuan(self.value(name))
        except ValueError:
            self.wrong(name, _("请填写金额，单位元，最多两位小数，例如 12.80。"))
            return Money(0)

    def day(self, name: str, *, before: datetime | None = None, last: bool = False) -> datetime | None:
        """The first moment of a day, or with `last` the first one after it; None where nothing is written.

        `before` is kept to the second while its day stays as it was.
        """
        text = self.value(name).strip()
        if text == (last_day(before) if last else first_day(before)):
            return before
        if not text:
            return None
        try:
            day = date.fromisoformat(text)
        except ValueError:
            day = date.min
        if day.year not in YEARS:
            self.wrong(name, _("请选择日期。"))
            return None
        return clock.day_start(day + timedelta(days=1) if last else day)

    def choice(self, name: str, choices: Collection[str]) -> str:
        value = self.value(name)
        if value not in choices:
            self.wrong(name, _("请选择一项。"))
        return value

    def check(self) -> None:
        """Raises `Invalid` if any field read so far was wrong."""
        if self.errors:
            raise Invalid(self.errors)


def first_day(since: datetime | None) -> str:
    """The day of shop time in which something begins, as a form holds it; empty without a beginning."""
    return clock.shop_day(since).isoformat() if since else ""


def last_day(until: datetime | None) -> str:
    """The last day on which something is there that ends before this moment; empty without an end."""
    return clock.shop_day(until - timedelta(seconds=1)).isoformat() if until else ""


def half_width(words: str) -> str:
    """１２ -> 12: a Chinese keyboard types either."""
    return unicodedata.normalize("NFKC", words).strip()


def yuan(words: str) -> Money:
    """12.8 -> 1280 fen. Raises `ValueError`."""
    value = half_width(words).removeprefix("¥").replace(",", "").strip()
    if not YUAN.fullmatch(value):
        raise ValueError(words)
    whole, _dot, cents = value.partition(".")
    return Money(int(whole) * 100 + int(cents.ljust(2, "0") or 0))


def save(form: Form, work: Callable[[], T]) -> T | None:
    """Do the work of a form in one transaction; None when it was refused, with the reasons in the form."""
    try:
        with transaction():
            return work()
    except ShopError as problem:
        if not (isinstance(problem, Invalid) and form.errors):
            form.refuse(problem)
        return None


def act(work: Callable[[], str], *, back: str) -> Response:
    """Do one act in one transaction and go back with its words, or with why it was refused."""
    try:
        with transaction():
            words = work()
    except ShopError as problem:
        flash(in_words(problem), "danger")
    else:
        flash(words, "success")
    return redirect(back, 303)


def in_words(problem: ShopError) -> str:
    """The message of an error, with those of its fields."""
    if not isinstance(problem, Invalid):
        return problem.message
    messages = [str(message) for found in problem.details["fields"].values() for message in _listed(found)]
    return " ".join(dict.fromkeys(messages)) or problem.message


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]


def back_to(default: str) -> str:
    """The screen that the form names in its field `back`, if it is one of ours."""
    wanted = request.form.get("back", "")
    return wanted if is_console_path(wanted) else default


def is_console_path(path: str) -> bool:
    ours = path == "/admin" or path.startswith(("/admin/", "/admin?"))
    return ours and "\\" not in path and path.isprintable()


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    """One page of a list; `number` counts from 1."""

    items: Sequence[T]
    total: int
    number: int = 1
    size: int = PAGE_SIZE

    @property
    def last(self) -> int:
        return max((self.total + self.size - 1) // self.size, 1)


def page_number() -> int:
    wanted = request.args.get("page", "1")
    return min(max(int(wanted), 1), PAGES_MAX) if re.fullmatch(r"\d{1,6}", wanted, re.ASCII) else 1


def page_of(statement: Select[Any], *, number: int, size: int = PAGE_SIZE, scalars: bool = True) -> Page[Any]:
    """Count what the statement finds, and read one page of it: two queries. Past the end, the last page is shown."""
    total = db.session.scalar(select(func.count()).select_from(statement.order_by(None).subquery())) or 0
    number = min(number, max((total + size - 1) // size, 1))
    found = db.session.execute(statement.limit(size).offset((number - 1) * size))
    items = found.unique().scalars().all() if scalars else found.all()
    return Page(items=items, total=total, number=number, size=size)


def here(**changes: Any) -> str:
    """This screen's address with some of its query changed; an empty value is left out."""
    query: dict[str, Any] = {name: values for name, values in request.args.lists() if name != "page"}
    query |= changes
    kept = {name: value for name, value in query.items() if value not in (None, "", [], [""])}
    return url_for(request.endpoint or "", **(request.view_args or {}), **kept)


def argument(name: str, choices: Collection[str] | None = None, *, longest: int = 60) -> str:
    """A word of the address's query, without what could not be meant; empty if it is not among the choices."""
    value = request.args.get(name, "").strip()[:longest]
    if not value.isprintable() or (choices is not None and value not in choices):
        return ""
    return value


def day_argument(name: str) -> date | None:
    try:
        return date.fromisoformat(argument(name))
    except ValueError:
        return None


def span(first: date | None, last: date | None) -> tuple[datetime | None, datetime | None]:
    """From the start of the first day to the end of the last, in shop time."""
    since = clock.day_start(first) if first else None
    until = clock.day_start(last + timedelta(days=1)) if last and last < date.max else None
    return since, until


def csv_file(*, name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """A CSV for spreadsheets: with a byte-order mark, and no cell that a program would take for a formula."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    for number, row in enumerate(rows):
        if number >= CSV_ROWS_MAX:
            break
        writer.writerow([harmless(cell) for cell in row])
    response = make_response(text.getvalue().encode("utf-8-sig"))
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def harmless(cell: Any) -> Any:
    """Text that begins like a formula gets an apostrophe before it; a number stays a number."""
    if not isinstance(cell, str):
        return "" if cell is None else cell
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
