"""Carriers and waybill numbers; no database."""

from __future__ import annotations

import re

from shopapp.kernel.i18n import _l

WAYBILL = re.compile(r"[A-Z0-9]{6,32}")

CARRIERS = {
    "sf": _l("顺丰速运"),
    "jd": _l("京东快递"),
    "ems": _l("EMS"),
    "post": _l("邮政快递包裹"),
    "zto": _l("中通快递"),
    "yto": _l("圆通速递"),
    "sto": _l("申通快递"),
    "yunda": _l("韵达快递"),
    "jtexpress": _l("极兔速递"),
    "deppon": _l("德邦快递"),
    "cainiao": _l("菜鸟速递"),
    "other": _l("其他快递"),
}


def carrier_name(code: str) -> str:
    """The carrier's name; an unknown code as it is."""
    return str(CARRIERS.get(code, code))


def clean_waybill(text: str) -> str | None:
    """The number as carriers print it, without blanks and dashes, in capitals; None if it cannot be one."""
    number = re.sub(r"[\s-]", "", text).upper()
    return number if WAYBILL.fullmatch(number) else None
