"""What a merchant decides about a campaign, and what can be wrong with that."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from shopapp.kernel.errors import Invalid
from shopapp.kernel.fields import is_plain
from shopapp.kernel.i18n import _
from shopapp.kernel.money import ZERO, Money

from .rules import WHOLE_BP, AmountTerms, Fit
from .states import AmountMode, Payout

NAME_MAX, INTRO_MAX = 40, 300
TRANSFERS = (Money(10), Money(200_00))
"""What WeChat pays at least and at most in one transfer, unless the merchant was granted more."""
AMOUNT_MAX = Money(10_000_00)
BUDGET_MAX = Money(100_000_000_00)
HOLD_DAYS_MAX, WAIT_DAYS_MAX = 90, 60
LIMIT_MAX = 10_000
WORDS_MAX, WORD_LENGTH_MAX = 50, 60
POINTS_PER_YUAN_MAX = 100_000


@dataclass(frozen=True, kw_only=True)
class CampaignContent:
    """Everything a merchant decides. None for a limit means none, for `ends_at` without an end.

    A claim counts that comes from `starts_at` on and before `ends_at`; its order was paid at `orders_paid_from` or later.
    With `asks_tail` the last four digits of the phone are asked for where the export shows them. A coupon counts against
    the budget with the fixed amount; points are given as `points_per_yuan` for each yuan of the amount.
    """

    name: str
    intro: str = ""
    platforms: tuple[str, ...]
    title_words: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    amount: AmountTerms
    budget: Money
    per_person: int | None = None
    per_phone: int | None = None
    per_address: int | None = None
    hold_days: int = 8
    wait_days: int = 7
    asks_tail: bool = False
    payout: Payout = Payout.WALLET
    coupon_id: str | None = None
    points_per_yuan: int = 100
    starts_at: datetime
    ends_at: datetime | None = None
    orders_paid_from: datetime | None = None
    require_follow: bool = False

    @property
    def fit(self) -> Fit:
        return Fit(title_words=self.title_words, skus=self.skus, paid_from=self.orders_paid_from)

    @property
    def texts(self) -> dict[str, str]:
        """What customers read, by field: what the wording check looks at."""
        return {"name": self.name, "intro": self.intro}


@dataclass
class _Wrong:
    found: dict[str, list[str]] = field(default_factory=dict)

    def unless(self, good: bool, name: str, text: str) -> None:
        if not good:
            self.found.setdefault(name, []).append(text)


def check(
    content: CampaignContent,
    *,
    platforms: tuple[str, ...],
    payouts: tuple[Payout, ...],
    transfers: tuple[Money, Money] = TRANSFERS,
) -> None:
    """`platforms` and `payouts` are those there are, `transfers` the least and the most of one. Raises `Invalid` with all that is wrong."""
    wrong = _Wrong()
    named = bool(content.name.strip()) and len(content.name) <= NAME_MAX and is_plain(content.name)
    wrong.unless(named, "name", _("名称须为 1 到 %(max)s 个字。", max=NAME_MAX))
    plain = len(content.intro) <= INTRO_MAX and is_plain(content.intro, lines=True)
    wrong.unless(plain, "intro", _("说明最多 %(max)s 个字。", max=INTRO_MAX))
    known = bool(content.platforms) and set(content.platforms) <= set(platforms)
    wrong.unless(known, "platforms", _("请选择至少一个平台。"))
    _check_amount(content, wrong, transfers)
    wrong.unless(content.payout in payouts, "payout", _("这种发放方式现在不能用，请选择另一种。"))
    coupon = (content.payout is Payout.COUPON) == (content.coupon_id is not None)
    wrong.unless(coupon, "coupon_id", _("返优惠券时请选择一张优惠券。"))
    good = 1 <= content.points_per_yuan <= POINTS_PER_YUAN_MAX
    wrong.unless(good, "points_per_yuan", _("请填写每元换多少积分。"))
    _check_bounds(content, wrong)
    if wrong.found:
        raise Invalid(wrong.found)


def _check_amount(content: CampaignContent, wrong: _Wrong, transfers: tuple[Money, Money]) -> None:
    terms = content.amount
    wrong.unless(
        ZERO < terms.most <= AMOUNT_MAX,
        "most",
        _("金额须大于 0，不超过 %(yuan)s 元。", yuan=AMOUNT_MAX.fen // 100),
    )
    if terms.mode is AmountMode.RANDOM:
        wrong.unless(ZERO < terms.least <= terms.most, "least", _("最低金额须大于 0，且不高于最高金额。"))
    if terms.mode is AmountMode.PERCENT:
        wrong.unless(1 <= terms.basis_points <= WHOLE_BP, "basis_points", _("比例须在 0.01% 到 100% 之间。"))
    if content.payout is Payout.COUPON:
        wrong.unless(terms.mode is AmountMode.FIXED, "mode", _("返优惠券时，请用固定金额计入预算。"))
    if content.payout is Payout.TRANSFER:
        least = terms.most if terms.mode is AmountMode.FIXED else terms.least
        lowest, highest = transfers
        whole = terms.mode is AmountMode.PERCENT or least >= lowest
        bounds = whole and terms.most <= highest
        limits = _("微信转账每笔须在 %(least)s 元到 %(most)s 元之间。", least=lowest, most=highest)
        wrong.unless(bounds, "most", limits)
    budget = terms.most <= content.budget <= BUDGET_MAX
    wrong.unless(budget, "budget", _("预算须够付一笔最高的返现，不超过 1 亿元。"))


def _check_bounds(content: CampaignContent, wrong: _Wrong) -> None:
    for name in ("per_person", "per_phone", "per_address"):
        limit = getattr(content, name)
        wrong.unless(limit is None or 1 <= limit <= LIMIT_MAX, name, _("次数须为 1 到 10000，留空不限。"))
    hold = 0 <= content.hold_days <= HOLD_DAYS_MAX
    wrong.unless(hold, "hold_days", _("须为 0 到 %(max)s 天。", max=HOLD_DAYS_MAX))
    wait = 1 <= content.wait_days <= WAIT_DAYS_MAX
    wrong.unless(wait, "wait_days", _("须为 1 到 %(max)s 天。", max=WAIT_DAYS_MAX))
    after = content.ends_at is None or content.starts_at < content.ends_at
    wrong.unless(after, "ends_at", _("结束时间须晚于开始时间。"))
    for name in ("title_words", "skus"):
        words = getattr(content, name)
        short = all(1 <= len(word) <= WORD_LENGTH_MAX and is_plain(word) for word in words)
        wrong.unless(
            len(words) <= WORDS_MAX and short, name, _("最多 %(max)s 个，每个不超过 60 字。", max=WORDS_MAX)
        )
