"""What the law and the shop allow of a wallet; no database.

The shop's wallet is a prepaid card of one merchant (单用途商业预付卡): one that is registered to a person may hold 5,000 yuan,
one that is not 1,000. Registered principal never ends and can be had back; a gift was not paid for and may end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shopapp.kernel.errors import Invalid, ShopError
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.money import Money
from shopapp.loyalty.ledger.rules import Life

REGISTERED_MAX = Money(500_000)
UNREGISTERED_MAX = Money(100_000)
GIFT_MAX = Money(500_000)
POSITION_MAX = 9999
PER_PERSON_MAX = 999


class OverLimit(ShopError):
    status, code, text = (
        409,
        "wallet_limit",
        _l("按规定，余额里的本金最多 ¥%(limit)s，您现在最多还能充 ¥%(room)s，没有任何改动。"),
    )


class AmountNotOffered(ShopError):
    status, code, text = 409, "amount_not_offered", _l("现在不能充这个金额，没有任何改动。请刷新后重选。")


class WalletInUse(ShopError):
    status, code, text = (
        409,
        "wallet_in_use",
        _l("有待付款的订单正占用着余额，没有任何改动。请先付款或取消那张订单，再来退。"),
    )


@dataclass(frozen=True, kw_only=True)
class PlanContent:
    """What staff decide of a plan. `life` is ISO 8601, "" for ever."""

    pay: Money
    gift: Money
    life: str
    active: bool
    position: int
    per_person: int | None
    starts_at: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class FreeAmount:
    """Which amounts can be topped up beside the plans, without a gift; 0 to 0 for none."""

    least: Money
    most: Money

    @property
    def offered(self) -> bool:
        return self.most.fen > 0

    def allows(self, amount: Money) -> bool:
        return self.offered and self.least <= amount <= self.most


def limit_of(*, registered: bool) -> Money:
    """How much principal a customer may hold; registered is who has a verified phone."""
    return REGISTERED_MAX if registered else UNREGISTERED_MAX


def check_room(*, amount: Money, principal: Money, coming: Money, limit: Money) -> None:
    """`principal` is there, `coming` waits to be paid. Raises `OverLimit`."""
    room = limit - principal - coming
    if amount > room:
        raise OverLimit(limit=str(limit), room=str(max(room, Money(0))))


def check_content(content: PlanContent) -> None:
    """Raises `Invalid` for a plan that cannot be."""
    wrong: dict[str, list[str]] = {}
    if not 100 <= content.pay.fen <= REGISTERED_MAX.fen:
        wrong["pay_fen"] = [_("储值金额须在 1 元到 %(max)s 元之间。", max=REGISTERED_MAX.fen // 100)]
    if not 0 <= content.gift.fen <= GIFT_MAX.fen:
        wrong["gift_fen"] = [_("赠送金额须在 0 元到 %(max)s 元之间。", max=GIFT_MAX.fen // 100)]
    if not _is_life(content.life):
        wrong["gift_life"] = [_("有效期须是 1 到 120 个月或 1 到 3650 天，例如 P12M、P30D，留空为长期有效。")]
    if content.starts_at and content.ends_at and content.starts_at >= content.ends_at:
        wrong["ends_at"] = [_("结束须晚于开始。")]
    if wrong:
        raise Invalid(wrong)


def check_free_amount(free: FreeAmount) -> None:
    """Raises `Invalid` for bounds that cannot be."""
    if free.least.fen == 0 == free.most.fen:
        return
    if not 100 <= free.least.fen <= free.most.fen <= REGISTERED_MAX.fen:
        words = _(
            "须从 1 元起，到 %(max)s 元为止，且不小于前一个；都填 0 就是不开放。",
            max=REGISTERED_MAX.fen // 100,
        )
        raise Invalid({"free_to": [words]})


def _is_life(text: str) -> bool:
    try:
        life = Life.parse(text)
    except ValueError:
        return False
    return not text or 1 <= life.months <= 120 or 1 <= life.days <= 3650


def gift_due(*, gift: Money, refunded: Money, paid: Money) -> Money:
    """How much of a gift goes once so much of what came with it was paid back, both counted from the first refund on."""
    return gift.share(done=refunded.fen, of=paid.fen)
