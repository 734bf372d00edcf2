"""Points in words: the rules, the movements, what waits."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from shopapp.kernel.clock import shop_day
from shopapp.kernel.i18n import _, _l, month_day
from shopapp.loyalty.ledger import Kind
from shopapp.loyalty.ledger.queries import StatementLine, Waiting
from shopapp.loyalty.ledger.rules import Life

from .rules import ONCE, EarnTerms, PointsTerms, RedeemTerms, TaskTerms

WEEKDAYS: list[Any] = [_l("周一"), _l("周二"), _l("周三"), _l("周四"), _l("周五"), _l("周六"), _l("周日")]
SUBJECTS: dict[str, Any] = {
    "order": _l("购物"),
    "mall": _l("积分商城"),
    "check_in": _l("签到"),
    "first_order": _l("首单奖励"),
    "review": _l("评价奖励"),
    "task:joining": _l("入会奖励"),
    "task:profile": _l("完善资料奖励"),
    "claim": _l("购物返现"),
    "perk": _l("会员权益"),
    "adjustment": _l("店家调整"),
    "expiry": _l("积分到期"),
    "erasure": _l("注销账号"),
}
KINDS: dict[Kind, Any] = {
    Kind.EARN: _l("获得积分"),
    Kind.ACTIVATE: _l("积分到账"),
    Kind.SPEND: _l("使用积分"),
    Kind.RETURN: _l("退回积分"),
    Kind.REPAY: _l("抵扣之前欠的积分"),
    Kind.EXPIRE: _l("积分到期"),
    Kind.REVERSE: _l("退款扣回"),
    Kind.ADJUST: _l("店家调整"),
    Kind.MOVE: _l("账户合并"),
}
TOLD_BY_SUBJECT = {Kind.EARN}
INSTANT = timedelta(microseconds=1)


def entry_text(line: StatementLine) -> str:
    """A movement as its owner reads it; staff's own reasons stay with the staff."""
    subject = subject_text(line.subject)
    if line.kind in TOLD_BY_SUBJECT and subject:
        perk = line.subject.startswith("perk:") and line.reason
        return _("%(what)s：%(name)s", what=subject, name=line.reason) if perk else subject
    words = str(KINDS[line.kind])
    if line.debt > 0:
        return _("%(what)s，欠 %(n)s 分，以后得到的积分先补上", what=words, n=f"{line.debt:,}")
    tells_more = line.kind in (Kind.ACTIVATE, Kind.SPEND, Kind.RETURN, Kind.REVERSE) and subject
    return _("%(what)s（%(of)s）", what=words, of=subject) if tells_more else words


def subject_text(subject: str) -> str:
    """`order:2026…` -> 购物; empty for what has no words."""
    words = SUBJECTS.get(subject) or SUBJECTS.get(subject.partition(":")[0])
    return "" if words is None else str(words)


def order_no(subject: str) -> str | None:
    """The number of the order that a movement is about; its subject is `order:<number>`."""
    kind, _colon, number = subject.partition(":")
    return number if kind in ("order", "first_order") and number else None


def waiting_text(waiting: Waiting) -> str:
    """Until when it is pending, in words."""
    what = subject_text(waiting.subject) or _("积分")
    if waiting.at is None:
        return _("%(what)s，售后期过后到账", what=what)
    return _("%(what)s，%(day)s到账", what=what, day=month_day(waiting.at))


def factor_text(bp: int) -> str:
    """15000 -> 1.5"""
    return f"{bp / ONCE:.4f}".rstrip("0").rstrip(".")


def life_text(life: Life) -> str:
    if life.months:
        return _("积分到账后 %(n)s 个月有效，过期作废。", n=life.months)
    if life.days:
        return _("积分到账后 %(n)s 天有效，过期作废。", n=life.days)
    return _("积分长期有效。")


def rules_text(terms: PointsTerms, *, names: dict[str, str]) -> list[str]:
    """The rules as sentences for members; `names` are the categories' by their ids."""
    return [
        *earning_text(terms.earn, names=names),
        *redeeming_text(terms.redeem),
        *tasks_text(terms.tasks),
        life_text(terms.life),
    ]


def earning_text(terms: EarnTerms, *, names: dict[str, str]) -> list[str]:
    """How orders earn, one sentence each."""
    told = [_("购物每付 100 元得 %(n)s 分，按实付算，运费不算；售后期过后到账。", n=terms.per_hundred_yuan)]
    factors = [
        *(
            _("%(name)s ×%(factor)s", name=names[key], factor=factor_text(bp))
            for key, bp in terms.category_bp.items()
            if key in names
        ),
        *(
            _("%(day)s ×%(factor)s", day=WEEKDAYS[int(key)], factor=factor_text(bp))
            for key, bp in sorted(terms.weekday_bp.items())
        ),
        *(
            _("%(day)s ×%(factor)s", day=date.fromisoformat(key).isoformat(), factor=factor_text(bp))
            for key, bp in sorted(terms.date_bp.items())
        ),
    ]
    if terms.birthday_month_bp is not None:
        factors.append(_("生日当月 ×%(factor)s", factor=factor_text(terms.birthday_month_bp)))
    if factors:
        told.append(_("加倍：%(list)s。几个同时有时取高的，再乘会员等级的倍数。", list=_("、").join(factors)))
    excluded = [names[key] for key in terms.excluded if key in names]
    if excluded:
        told.append(_("这些分类不积分：%(names)s。", names=_("、").join(excluded)))
    caps = _caps(terms)
    return [*told, caps] if caps else told


def _caps(terms: EarnTerms | TaskTerms) -> str:
    caps = [
        (getattr(terms, "most_per_order", None), _l("每单最多 %(n)s 分")),
        (terms.most_per_day, _l("每天最多 %(n)s 分")),
        (terms.most_per_month, _l("每月最多 %(n)s 分")),
    ]
    told = [str(words) % {"n": cap} for cap, words in caps if cap is not None]
    return _("%(caps)s。", caps=_("，").join(told)) if told else ""


def redeeming_text(terms: RedeemTerms) -> list[str]:
    if not terms.most_share_bp:
        return [_("积分暂时不能抵现。")]
    told = [
        _(
            "%(points)s 分抵 1 元，最多抵商品金额的 %(share)s%%，每次用 %(step)s 分的整数倍。",
            points=terms.points_per_yuan,
            share=factor_text(terms.most_share_bp * 100),
            step=terms.step,
        )
    ]
    if terms.least_goods:
        told.append(_("商品满 %(yuan)s 元才能用积分。", yuan=terms.least_goods))
    return told


def tasks_text(terms: TaskTerms) -> list[str]:
    given = [
        (terms.joining, _l("入会得 %(n)s 分")),
        (terms.profile, _l("完善资料得 %(n)s 分")),
        (terms.first_order, _l("首单得 %(n)s 分")),
        (terms.review, _l("每条评价得 %(n)s 分")),
    ]
    told = [str(words) % {"n": points} for points, words in given if points]
    sentences = [_("%(tasks)s。", tasks=_("，").join(told))] if told else []
    if any(terms.check_in):
        sentences.append(check_in_text(terms))
    caps = _caps(terms)
    if caps and sentences:
        sentences.append(_("任务和签到合计：%(caps)s", caps=caps))
    return sentences


def check_in_text(terms: TaskTerms) -> str:
    """One round of check-ins: what its days give, and what a day left out does."""
    days = _("、").join(str(points) for points in terms.check_in)
    return _(
        "每天签到，连续 %(n)s 天依次得 %(days)s 分，满 %(n)s 天再从头算；断一天也从头算。",
        n=len(terms.check_in),
        days=days,
    )


def until_text(at: datetime, *, now: datetime) -> str:
    """The last day on which points that end at `at` can be used, in words; with its year if that is not this one."""
    last = at - INSTANT
    same_year = shop_day(last).year == shop_day(now).year
    if same_year:
        return _("%(day)s到期", day=month_day(last))
    return _("%(day)s 到期", day=shop_day(last).isoformat())
