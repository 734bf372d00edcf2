"""The form of a campaign: how it is filled, and what it says."""

from __future__ import annotations

from datetime import datetime

from werkzeug.datastructures import MultiDict

from shopapp.kernel.i18n import _
from shopapp.kernel.money import ZERO
from shopapp.kernel.screens import Form, first_day, half_width, last_day
from shopapp.members.marketplace.rules import PLATFORMS

from .content import (
    HOLD_DAYS_MAX,
    INTRO_MAX,
    LIMIT_MAX,
    NAME_MAX,
    POINTS_PER_YUAN_MAX,
    WAIT_DAYS_MAX,
    CampaignContent,
)
from .rules import AmountTerms
from .states import AmountMode, Payout

LIMITS = ("per_person", "per_phone", "per_address")
LIST_LENGTH_MAX = 4000


def blank() -> Form:
    values = {
        "mode": AmountMode.FIXED.value,
        "payout": Payout.WALLET.value,
        "hold_days": 8,
        "wait_days": 7,
        "points_per_yuan": 100,
        "per_person": 1,
        "active": "1",
    }
    return Form.filled(values)


def filled(content: CampaignContent, *, active: bool) -> Form:
    amount = content.amount
    values: list[tuple[str, str]] = [
        ("name", content.name),
        ("intro", content.intro),
        ("title_words", "\n".join(content.title_words)),
        ("skus", "\n".join(content.skus)),
        ("mode", amount.mode.value),
        ("fen", str(amount.most) if amount.mode is AmountMode.FIXED else ""),
        ("least", str(amount.least) if amount.mode is AmountMode.RANDOM else ""),
        ("most", str(amount.most) if amount.mode is AmountMode.RANDOM else ""),
        ("percent", f"{amount.basis_points / 100:g}" if amount.mode is AmountMode.PERCENT else ""),
        ("cap", str(amount.most) if amount.mode is AmountMode.PERCENT else ""),
        ("budget", str(content.budget)),
        *((name, str(getattr(content, name) or "")) for name in LIMITS),
        ("hold_days", str(content.hold_days)),
        ("wait_days", str(content.wait_days)),
        ("asks_tail", "1" if content.asks_tail else ""),
        ("payout", content.payout.value),
        ("coupon_id", content.coupon_id or ""),
        ("points_per_yuan", str(content.points_per_yuan)),
        ("starts_at", first_day(content.starts_at)),
        ("ends_at", last_day(content.ends_at)),
        ("orders_paid_from", first_day(content.orders_paid_from)),
        ("require_follow", "1" if content.require_follow else ""),
        ("active", "1" if active else ""),
        *(("platforms", name) for name in content.platforms),
    ]
    return Form(MultiDict(values))


def content_in(form: Form, *, was: CampaignContent | None, now: datetime) -> CampaignContent:
    """What the form says; wrong fields are noted in it. A campaign without a first day begins now."""
    payout = Payout(form.choice("payout", [one.value for one in Payout]) or Payout.WALLET.value)
    limits = {name: _limit(form, name) for name in LIMITS}
    return CampaignContent(
        name=form.text("name", longest=NAME_MAX, needed=True),
        intro=form.text("intro", longest=INTRO_MAX),
        platforms=tuple(name for name in PLATFORMS if name in form.values.getlist("platforms")),
        title_words=_lines(form, "title_words"),
        skus=_lines(form, "skus"),
        amount=_amount(form),
        budget=form.yuan("budget"),
        hold_days=form.whole("hold_days", least=0, most=HOLD_DAYS_MAX),
        wait_days=form.whole("wait_days", least=1, most=WAIT_DAYS_MAX),
        asks_tail=form.ticked("asks_tail"),
        payout=payout,
        coupon_id=(form.value("coupon_id") or None) if payout is Payout.COUPON else None,
        points_per_yuan=_points(form) if payout is Payout.POINTS else 100,
        starts_at=form.day("starts_at", before=was.starts_at if was else None) or now,
        ends_at=form.day("ends_at", before=was.ends_at if was else None, last=True),
        orders_paid_from=form.day("orders_paid_from", before=was.orders_paid_from if was else None),
        require_follow=form.ticked("require_follow"),
        **limits,
    )


def _points(form: Form) -> int:
    return form.whole("points_per_yuan", least=1, most=POINTS_PER_YUAN_MAX)


def _limit(form: Form, name: str) -> int | None:
    if not half_width(form.value(name)):
        return None
    return form.whole(name, least=1, most=LIMIT_MAX)


def _lines(form: Form, name: str) -> tuple[str, ...]:
    lines = form.text(name, longest=LIST_LENGTH_MAX).splitlines()
    return tuple(dict.fromkeys(line.strip() for line in lines if line.strip()))


def _amount(form: Form) -> AmountTerms:
    mode = AmountMode(form.choice("mode", [one.value for one in AmountMode]) or AmountMode.FIXED.value)
    if mode is AmountMode.RANDOM:
        return AmountTerms(mode=mode, least=form.yuan("least"), most=form.yuan("most"))
    if mode is AmountMode.PERCENT:
        return AmountTerms(mode=mode, least=ZERO, most=form.yuan("cap"), basis_points=_percent(form))
    fixed = form.yuan("fen")
    return AmountTerms(mode=mode, least=fixed, most=fixed)


def _percent(form: Form) -> int:
    """5 or 2.5 as basis points; 0 stands in for a wrong one."""
    whole, _dot, part = half_width(form.value("percent")).removesuffix("%").partition(".")
    if (
        whole.isascii()
        and whole.isdigit()
        and len(whole) <= 3
        and (not part or part.isdigit())
        and len(part) <= 2
    ):
        return int(whole) * 100 + int(part.ljust(2, "0") or 0)
    form.wrong("percent", _("请填写百分之几，最多两位小数，例如 5 或 2.5。"))
    return 0
