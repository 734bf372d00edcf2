"""What makes an address good. Regions are those of GB/T 2260, the same file that the page's picker reads."""

from __future__ import annotations

import re

from shopapp.kernel.assets import regions
from shopapp.kernel.fields import is_plain
from shopapp.kernel.i18n import _
from shopapp.kernel.phones import MOBILE

NAME_MAX = 30
DETAIL_MIN, DETAIL_MAX = 3, 120
ADDRESSES_MAX = 20


def region_parts(code: str) -> tuple[str, str, str] | None:
    """Names of province, city and county; `None` if there is no such county."""
    known = regions()
    county = known.get("county_list", {}).get(code)
    if county is None:
        return None
    province = known["province_list"].get(code[:2] + "0000", "")
    city = known["city_list"].get(code[:4] + "00", "")
    return province, city, county


def region_name(code: str) -> str | None:
    """All three names as one text, a city with its province's name said once: 北京市 朝阳区."""
    parts = region_parts(code)
    if parts is None:
        return None
    return " ".join(dict.fromkeys(part for part in parts if part))


def problems(*, name: str, phone: str, region_code: str, detail: str) -> dict[str, list[str]]:
    """What is wrong with each field; empty when the address is good. `phone` is a cleaned one."""
    found: dict[str, list[str]] = {}
    if not 1 <= len(name) <= NAME_MAX:
        found["name"] = [_("请填写收货人姓名，不超过 30 个字。")]
    if not MOBILE.fullmatch(phone):
        found["phone"] = [_("请填写 11 位手机号码。")]
    if not re.fullmatch(r"\d{6}", region_code) or region_name(region_code) is None:
        found["region_code"] = [_("请选择省、市、区县。")]
    if not DETAIL_MIN <= len(detail) <= DETAIL_MAX:
        found["detail"] = [_("请填写 3 到 120 个字的详细地址。")]
    for field, value in (("name", name), ("detail", detail)):
        if not is_plain(value):
            found.setdefault(field, []).append(_("不能含有换行或控制字符。"))
    return found
