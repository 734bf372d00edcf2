"""Tiers in words: why somebody has theirs, what it gives, what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shopapp.kernel.i18n import _, _l, day, last_day

from .files import MemberFile
from .line import Step, Why
from .terms import WHOLE, Benefits, Drop, Level, Mode, TierTerms

SOURCES: dict[str, Any] = {
    "order": _l("购物"),
    "marketplace": _l("其他平台的订单"),
    "task": _l("任务"),
    "merge": _l("账号合并"),
    "adjustment": _l("店家调整"),
    "adjust": _l("店家调整"),
}
OTHER_SOURCE = _l("其他")


def source_text(source: str) -> str:
    """What growth came from."""
    return str(SOURCES.get(source, OTHER_SOURCE))


def step_text(step: Step, *, before: Step | None, names: Mapping[str, str]) -> str:
    """One step of a history as a sentence."""
    values = {
        "day": day(step.since),
        "name": names.get(step.code, step.code),
        "until": last_day(step.until),
        "got": step.got,
        "needed": step.needed,
    }
    if step.why is Why.JOINED:
        return _("%(day)s 成为会员，从%(name)s开始。", **values)
    if step.why is Why.UP:
        text = _("%(day)s 升为%(name)s：成长值到了 %(got)s，升级要 %(needed)s。", **values)
    elif step.why is Why.KEPT:
        text = _("%(day)s 保住%(name)s：这一期攒了 %(got)s 成长值，保级要 %(needed)s。", **values)
    elif step.why is Why.DROPPED:
        text = _("%(day)s 变为%(name)s：这一期攒了 %(got)s 成长值，保住原来的等级要 %(needed)s。", **values)
    elif step.why is Why.REFUND and before is not None and before.code == step.code:
        text = _("%(day)s 一笔成长值因退款收回，%(name)s由其余的成长值支持。", **values)
    elif step.why is Why.REFUND:
        text = _("%(day)s 升级靠的一笔成长值因退款收回，回到%(name)s。", **values)
    elif step.why is Why.RULES:
        text = _("%(day)s 等级规则调整，现在是%(name)s。", **values)
    elif step.why is Why.OVERRIDE and step.award:
        text = _("%(day)s 随会员卡成为%(name)s。", **values)
    elif step.why is Why.OVERRIDE:
        text = _("%(day)s 店家给了%(name)s。", **values)
    elif before is not None and before.award and before.why is Why.OVERRIDE:
        text = _("%(day)s 会员卡带的等级到期，回到%(name)s。", **values)
    elif before is not None and before.until is not None and step.since < before.until:
        given = names.get(before.code, before.code)
        text = _("%(day)s 店家收回了给的%(given)s，回到%(name)s。", given=given, **values)
    else:
        text = _("%(day)s 店家给的等级到期，回到%(name)s。", **values)
    return text if step.until is None else text + _("有效期到 %(until)s。", until=values["until"])


def history_texts(file: MemberFile) -> list[str]:
    """All steps, the newest first."""
    steps = file.history.steps
    pairs = zip(steps, (None, *steps), strict=False)
    return [step_text(step, before=before, names=file.names) for step, before in pairs][::-1]


def why_texts(file: MemberFile) -> list[str]:
    """Why the member has this tier now, and what comes: the sentences of the card and the API."""
    sentences = [history_texts(file)[0], next_text(file), keep_text(file)]
    return [sentence for sentence in sentences if sentence]


def next_text(file: MemberFile) -> str:
    above = file.history.next
    if above is None:
        return ""
    return _("再攒 %(missing)s 成长值，升为%(name)s。", missing=above.missing, name=above.level.name)


def keep_text(file: MemberFile) -> str:
    """Until when the tier is held and what happens then; empty for the tier that everybody has."""
    keep, history = file.history.keep, file.history
    if keep is None:
        return ""
    until, falls_to = last_day(keep.until), file.falls_to or history.level.name
    if history.current.why is Why.OVERRIDE and history.current.award:
        return _("会员卡带的等级到 %(until)s 为止，之后按自己攒的成长值算。", until=until)
    if history.current.why is Why.OVERRIDE:
        return _("店家给的等级到 %(until)s 为止，之后按自己攒的成长值算。", until=until)
    if not keep.gap:
        return _("有效期到 %(until)s，保级要的成长值已经够了，到期后再延一期。", until=until)
    if history.grace_until is not None:
        return _(
            "等级已到期，宽限到 %(until)s：再攒 %(gap)s 成长值就能保住，否则变为%(name)s。",
            until=last_day(history.grace_until),
            gap=keep.gap,
            name=falls_to,
        )
    return _(
        "有效期到 %(until)s：到期前再攒 %(gap)s 成长值就能保住，否则 %(drops)s 起变为%(name)s。",
        until=until,
        gap=keep.gap,
        drops=day(keep.drops_at),
        name=falls_to,
    )


def benefit_texts(benefits: Benefits) -> list[str]:
    """What a level gives, as short phrases."""
    texts = []
    if benefits.discount_bp < WHOLE:
        texts.append(discount_text(benefits.discount_bp))
    if benefits.points_bp > WHOLE:
        texts.append(_("积分 %(times)s 倍", times=decimal(benefits.points_bp, WHOLE)))
    if benefits.free_freight:
        texts.append(_("每单包邮"))
    return texts


def discount_text(discount_bp: int) -> str:
    """9500 -> 会员价 9.5 折，省 5%"""
    tenths, off = decimal(discount_bp, WHOLE // 10), f"{decimal(WHOLE - discount_bp, 100)}%"
    return _("会员价 %(tenths)s 折，省 %(off)s", tenths=tenths, off=off)


def decimal(value: int, unit: int) -> str:
    """12000 of 10000 -> 1.2"""
    return f"{value / unit:.4f}".rstrip("0").rstrip(".")


def entry_text(level: Level) -> str:
    return _("成长值满 %(entry)s", entry=level.entry) if level.entry else _("加入就有")


def term_text(terms: TierTerms) -> str:
    """How long a tier lasts and what happens at its end."""
    if terms.mode is Mode.ROLLING:
        lasts = _("升级后有效 %(count)s 个月，成长值按近 %(count)s 个月算。", count=terms.length)
    elif terms.mode is Mode.DAYS:
        lasts = _("升级后有效 %(count)s 天，成长值按近 %(count)s 天算。", count=terms.length)
    else:
        lasts = _("成长值按自然年算，等级保留到下一年年底。")
    grace = _("到期有 %(days)s 天宽限。", days=terms.grace_days) if terms.grace_days else ""
    drop = _("没保住时降一级。") if terms.drop is Drop.ONE_STEP else _("没保住时按攒到的成长值重新定级。")
    return lasts + grace + drop
