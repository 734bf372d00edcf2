"""What stands in one cell of an export: text, order number, amount, time, phone; without the wrappers around it."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.errors import ShopError
from shopapp.kernel.i18n import _l
from shopapp.kernel.phones import MOBILE, clean_phone

TEXT_LENGTH_MAX = 200
YEARS = range(2000, 2100)
NOTHING = {"", "-", "--", "null", "NULL", "无退款申请", "无"}
SUMMARIES = ("合计", "总计", "小计", "总交易单数", "共计")

_AROUND = " =\"'`\t\r\n"
_WRAPPED = re.compile(r'="([^"]*)"|=(\d+)')
_AMOUNT = re.compile(r"[¥￥]?(-?[0-9][0-9,]*(?:\.[0-9]+)?)元?(?:\(.*\))?")
_TIME = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.\d+)?)?)?"
)
_EXCEL_DAYS = re.compile(r"[2-7]\d{4}(\.\d+)?")
_SCIENTIFIC = re.compile(r"\d(\.\d+)?[eE]\+?\d+")
_TAIL = re.compile(r"\*(\d{4})")
_BEIJING_AHEAD = timedelta(hours=8)
_EXCEL_EPOCH = datetime(1899, 12, 30, tzinfo=SHOP_ZONE)


class CellProblem(ShopError):
    """A row that cannot be taken, and why; `code` is the reason, `message` the words."""

    status = 422


class NumberMissing(CellProblem):
    code, text = "no_order_no", _l("这一行没有订单号。")


class NumberDestroyed(CellProblem):
    code, text = (
        "number_destroyed",
        _l("订单号 %(cell)s 被 Excel 改成了科学计数，已经认不出来。请用原始文件，或把这一列设为文本再导出。"),
    )


class NumberWrong(CellProblem):
    code, text = "bad_order_no", _l("订单号 %(cell)s 不是这个平台的写法。")


class AmountWrong(CellProblem):
    code, text = "bad_amount", _l("金额 %(cell)s 看不懂。")


class TimeWrong(CellProblem):
    code, text = "bad_time", _l("时间 %(cell)s 看不懂。")


class CountWrong(CellProblem):
    code, text = "bad_quantity", _l("数量 %(cell)s 看不懂。")


class StatusUnknown(CellProblem):
    code, text = "unknown_status", _l("还不认识订单状态“%(cell)s”，这一单先放着。请告诉系统它是什么意思。")


def bare(cell: str) -> str:
    """The text without blanks around it and without what spreadsheets and platforms wrap it in. Formulas stay as text."""
    cell = cell.strip(" \t\r\n\u3000\ufeff")
    if not cell:
        return cell
    if cell[0] == "=":
        wrapped = _WRAPPED.fullmatch(cell)
        return (wrapped[1] or wrapped[2] or "").strip() if wrapped else cell
    return cell[1:].strip() if cell[0] in "'`" else cell


@lru_cache(maxsize=4000)
def words(cell: str) -> str:
    """Text as it is kept: bounded, without characters that a database refuses. The same titles come again and again."""
    text = bare(cell)
    return text.replace("\x00", "")[:TEXT_LENGTH_MAX] if text else text


def half_width(cell: str) -> str:
    text = bare(cell)
    return text if text.isascii() else unicodedata.normalize("NFKC", text).strip()


def order_number(cell: str, shape: re.Pattern[str]) -> str:
    """Raises `NumberMissing`, `NumberDestroyed`, `NumberWrong`."""
    number = cell.strip(_AROUND)
    if shape.fullmatch(number):
        return number
    number = half_width(cell).replace(" ", "")
    if shape.fullmatch(number):
        return number
    if not number:
        raise NumberMissing
    shown = number[:40]
    raise NumberDestroyed(cell=shown) if _SCIENTIFIC.fullmatch(number) else NumberWrong(cell=shown)


@lru_cache(maxsize=20_000)
def amount(cell: str, decimals: int = 2) -> int | None:
    """In the smallest unit; None where nothing is told. A remark in brackets after the number is let be.

    Raises `AmountWrong`, for less than nothing and for parts of the smallest unit as well.
    """
    text = half_width(cell).replace(" ", "")
    if text in NOTHING:
        return None
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise AmountWrong(cell=text[:40])
    whole, _dot, part = found[1].replace(",", "").partition(".")
    if len(whole) > 12 or part[decimals:].strip("0") or whole.startswith("-"):
        raise AmountWrong(cell=text[:40])
    return int(whole + part[:decimals].ljust(decimals, "0"))


@lru_cache(maxsize=1000)
def moment(cell: str) -> datetime | None:
    """Beijing time, whatever Excel made of it, or a time with its zone; None for an empty cell. Raises `TimeWrong`."""
    try:
        if len(cell) == 19 and cell[4] == "-" and cell.startswith("20"):
            # the way nearly all of them are written, without more ado
            return datetime.fromisoformat(f"{cell}+00:00") - _BEIJING_AHEAD
        return _moment(half_width(cell))
    except ValueError:
        raise TimeWrong(cell=bare(cell)[:40]) from None


def _moment(text: str) -> datetime | None:
    if text in NOTHING:
        return None
    found = _TIME.fullmatch(text)
    if found:
        parts = [int(part or 0) for part in found.groups()]
        year, month, day, hour, minute, second = parts
        return _checked(datetime(year, month, day, hour, minute, second, tzinfo=SHOP_ZONE))
    if _EXCEL_DAYS.fullmatch(text):
        return _checked(_EXCEL_EPOCH + timedelta(seconds=round(float(text) * 86400)))
    told = datetime.fromisoformat(text)
    return _checked(told if told.tzinfo else told.replace(tzinfo=SHOP_ZONE))


def _checked(told: datetime) -> datetime:
    if told.year not in YEARS:
        raise ValueError(told)
    return told.astimezone(UTC)


def whole(cell: str) -> int:
    """A quantity; 0 for an empty cell. Raises `CountWrong`."""
    text = half_width(cell).removesuffix(".00").removesuffix(".0").replace(",", "")
    if text in NOTHING:
        return 0
    if not text.isdecimal() or len(text) > 6:
        raise CountWrong(cell=text[:40])
    return int(text)


def phone(cell: str) -> tuple[str | None, str | None]:
    """A mainland mobile number that is shown whole, and its last four digits where those are shown.

    A virtual number with an extension belongs to nobody for long: it tells neither.
    """
    text = cell.strip(_AROUND)
    if not text:
        return None, None
    if MOBILE.fullmatch(text):
        return text, text[-4:]
    text = clean_phone(half_width(cell))
    if MOBILE.fullmatch(text):
        return text, text[-4:]
    shown = _TAIL.search(text)
    return None, shown[1] if shown and text.endswith(shown[1]) else None


def buyer_key(cell: str) -> str | None:
    """What a platform calls a buyer by, unless it is masked or sealed."""
    key = bare(cell).replace("\x00", "")[:TEXT_LENGTH_MAX]
    return None if not key or "*" in key or key in NOTHING or key.startswith(("##", "$$", "~")) else key


def is_summary(row: list[str]) -> bool:
    """Whether a row adds up others instead of telling of one."""
    return any(bare(cell).startswith(SUMMARIES) for cell in row[:3])


def digest(*parts: str) -> str:
    """32 hex digits of what a thing is, where the platform gives it no number."""
    return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()
