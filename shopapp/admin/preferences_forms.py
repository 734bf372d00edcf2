"""What the merchant may set: read from a form, checked, and written with a trace of each change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import nh3

from shopapp.kernel import audit, clock, preferences
from shopapp.kernel.assets import regions
from shopapp.kernel.clock import shop_day
from shopapp.kernel.i18n import _
from shopapp.kernel.screens import Form

NAME_MAX = 20
HELLO_MAX = 30
PRIVACY_MAX = 20_000
GUESTS_KEPT_MONTHS_MAX = 120
MARKS_KEPT_MONTHS_MAX = 36
BANNER_WORDS_MAX = 40
ALONE_MAX = 1_000_000
COLOR = re.compile(r"#[0-9A-Fa-f]{6}")
PHONE = re.compile(r"[0-9+() -]{5,24}")
CONTRAST_LEAST = 3.0
TEXT_TAGS = {"h2", "h3", "p", "br", "ul", "ol", "li", "strong", "em", "table", "tbody", "tr", "th", "td"}
AUDITED_MAX = 200
LONG = {"shop.privacy_text"}


def write(values: Mapping[str, Any]) -> int:
    """Write those that differ, each with its entry in the audit trail; returns how many."""
    changes: dict[str, Any] = {}
    for name, value in values.items():
        before = preferences.read(name)
        if before == value:
            continue
        preferences.write(name, value)
        changes[name] = "…" if name in LONG else [str(before)[:AUDITED_MAX], str(value)[:AUDITED_MAX]]
    if changes:
        audit.record(action="settings.update", subject_kind="settings", subject_id="shop", changes=changes)
    return len(changes)


def shop_values(form: Form) -> dict[str, Any]:
    """Raises `Invalid`."""
    color = form.value("brand_color").strip().upper()
    if not COLOR.fullmatch(color):
        form.wrong("brand_color", _("请填写 # 加 6 位颜色代码，例如 #E2472F。"))
    elif contrast_with_white(color) < CONTRAST_LEAST:
        form.wrong("brand_color", _("这个颜色太浅，白字写在上面看不清。请选深一些的。"))
    phone = form.value("service_phone").strip()
    if phone and not PHONE.fullmatch(phone):
        form.wrong("service_phone", _("请填写电话号码，只用数字、空格、横线和括号。"))
    values = {
        "shop.name": form.text("name", longest=NAME_MAX, needed=True),
        "shop.hello": form.text("hello", longest=HELLO_MAX),
        "shop.brand_color": color,
        "shop.service_phone": phone,
    }
    form.check()
    return values


def selling_values(form: Form) -> dict[str, Any]:
    """Raises `Invalid`."""
    provinces = province_names()
    chosen = form.values.getlist("no_delivery")
    if any(code not in provinces for code in chosen):
        form.wrong("no_delivery", _("请从列表里选择省份。"))
    values = {
        "orders.pay_within_minutes": form.whole("pay_within_minutes", least=5, most=1440),
        "orders.receipt_after_days": form.whole("receipt_after_days", least=7, most=60),
        "orders.aftersales_days": form.whole("aftersales_days", least=7, most=90),
        "orders.unpaid_max": form.whole("unpaid_max", least=1, most=50),
        "freight.fen": form.yuan("freight").fen,
        "freight.free_from_fen": form.yuan("free_from").fen,
        "freight.no_delivery_regions": sorted(prefix_of(code) for code in chosen if code in provinces),
    }
    form.check()
    return values


def adjusting_values(form: Form) -> dict[str, Any]:
    """What one member of the staff may change in a balance alone; 0 has each change approved. Raises `Invalid`."""
    values = {
        "adjustments.points_alone": form.whole("points_alone", least=0, most=ALONE_MAX),
        "adjustments.growth_alone": form.whole("growth_alone", least=0, most=ALONE_MAX),
        "adjustments.principal_alone": form.yuan("principal_alone").fen,
        "adjustments.gift_alone": form.yuan("gift_alone").fen,
    }
    form.check()
    return values


def privacy_values(form: Form) -> dict[str, Any]:
    """Plain text becomes paragraphs; of markup only harmless tags are left. Another text gets the date of today.

    Raises `Invalid`.
    """
    text = form.text("privacy_text", longest=PRIVACY_MAX)
    months = form.whole("guests_kept_months", least=0, most=GUESTS_KEPT_MONTHS_MAX)
    marks = form.whole("marks_kept_months", least=0, most=MARKS_KEPT_MONTHS_MAX)
    form.check()
    if text and "<" not in text:
        text = "".join(f"<p>{line.strip()}</p>" for line in text.splitlines() if line.strip())
    kept = nh3.clean(text, tags=TEXT_TAGS, attributes={}, link_rel=None).strip()
    values = {
        "shop.privacy_text": kept,
        "members.guests_kept_months": months,
        "members.marks_kept_months": marks,
    }
    if kept != preferences.read("shop.privacy_text"):
        values["shop.privacy_date"] = shop_day(clock.now()).isoformat() if kept else ""
    return values


def banner_values(form: Form, *, picture: Mapping[str, Any] | None) -> dict[str, Any]:
    """The one banner of the front page; none without a picture. Raises `Invalid`."""
    href = form.value("href").strip() or "/"
    if not href.startswith("/") or href.startswith("//") or not href.isprintable():
        form.wrong("href", _("请填写店内页面，以 / 开头，例如 /c/feeding。"))
    alt = form.text("alt", longest=BANNER_WORDS_MAX, needed=picture is not None)
    form.check()
    return {"shop.banners": [] if picture is None else [{**picture, "alt": alt, "href": href}]}


def prefix_of(code: str) -> str:
    """440000 -> 44: what the region codes of a province begin with."""
    return code[:2]


def province_names() -> dict[str, str]:
    """Provinces by their six-digit codes; empty without a build of the front-end files."""
    return dict(regions().get("province_list", {}))


def contrast_with_white(color: str) -> float:
    """The contrast ratio of WCAG 2 between this colour and white, from 1 to 21."""
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return 1.05 / (luminance + 0.05)
