"""What a purchase costs: pure arithmetic in fen, each step leaving a row per line that says what it took.

The steps run in a fixed order: tier price, coupon, points, wallet, freight; what is earned follows from what is paid.
A line bought in the points mall begins at its price there instead; who buys there asks for no coupons and no other points.
Whoever orders keeps the result; nothing computes it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from shopapp.kernel.i18n import _
from shopapp.kernel.money import ZERO, Money
from shopapp.loyalty.coupons import rules as coupon_rules
from shopapp.loyalty.coupons.rules import Candidate, Effect, Reason, Refusal
from shopapp.loyalty.points import rules as point_rules
from shopapp.loyalty.points.rules import EarnLine, EarnTerms, RedeemTerms


@dataclass(frozen=True, kw_only=True)
class PointsPrice:
    """What one piece costs in the points mall: points, and cash beside them, which is less than its price."""

    points: int
    cash: Money = ZERO


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Pieces of one SKU; ids as shown outside. `price` is of one piece, `tier_price` what this buyer's tier pays for it.

    With a `points_price` it is bought in the points mall.
    """

    sku_id: str
    price: Money
    quantity: int
    product_id: str = ""
    category_ids: tuple[str, ...] = ()
    tier_price: Money | None = None
    points_price: PointsPrice | None = None


@dataclass(frozen=True, kw_only=True)
class Earning:
    """By what a purchase earns: the rules of points with the factor of the buyer's tier, and growth per yuan paid."""

    terms: EarnTerms
    tier_bp: int
    day: date
    birthday_month: bool
    left_today: int | None
    growth_per_yuan: int


@dataclass(frozen=True, kw_only=True)
class Means:
    """What a buyer brings to a purchase. `points` and `wallet` are what they ask to use, beside what they have.

    `coupons` are those to be used, at most one for goods and one for freight; `gifts` the SKUs that gift coupons name.
    """

    now: datetime
    tier_name: str = ""
    free_freight: bool = False
    coupons: tuple[Candidate, ...] = ()
    gifts: Mapping[str, Wanted] = field(default_factory=dict)
    points: int = 0
    points_available: int = 0
    redeem: RedeemTerms | None = None
    wallet: Money = ZERO
    wallet_available: Money = ZERO
    earning: Earning | None = None


@dataclass(frozen=True, kw_only=True)
class Reduction:
    """What one step took from a line. `kind` is tier, flash, promotion, coupon or points."""

    kind: str
    amount: Money
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class QuotedLine:
    """One line of a quote, amounts of the whole line: pay = list − Σ reductions, never below zero.

    `points_used` is the line's part of the points, `award` and `growth` what it will earn. A `gift` came with a coupon.
    What was bought `in_mall` earns nothing.
    """

    sku_id: str
    quantity: int
    list: Money
    reductions: tuple[Reduction, ...] = ()
    points_used: int = 0
    award: int = 0
    growth: int = 0
    gift: bool = False
    in_mall: bool = False

    @property
    def pay(self) -> Money:
        return self.list - Money.total(reduction.amount for reduction in self.reductions)

    def less(self, kind: str, amount: Money, note: str) -> QuotedLine:
        """The line after a step; a step that took nothing leaves no row."""
        if not amount:
            return self
        return replace(self, reductions=(*self.reductions, Reduction(kind=kind, amount=amount, note=note)))


@dataclass(frozen=True, kw_only=True)
class FreightTerms:
    """One price per order, nothing from `free_from` worth of goods on; regions by the beginning of their six digits."""

    fee: Money
    free_from: Money
    no_delivery: tuple[str, ...] = ()

    def delivers_to(self, region_code: str) -> bool:
        return not any(region_code.startswith(prefix) for prefix in self.no_delivery)


@dataclass(frozen=True, kw_only=True)
class Unmet:
    """A means that was asked for and cannot be used so."""

    code: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Quote:
    """What a purchase costs now. `total` is what is left to be paid at WeChat Pay: Σ pay + freight − wallet.

    `freight_saved` is what freight would have cost without a tier's or a coupon's word. `coupon_ids` are those that have
    an effect; a gift that is gone and freight that costs nothing anyway use up none.
    """

    lines: tuple[QuotedLine, ...]
    freight: Money
    freight_saved: Money = ZERO
    delivered: bool = True
    wallet: Money = ZERO
    tier_name: str = ""
    coupon_ids: tuple[str, ...] = ()
    unmet: tuple[Unmet, ...] = ()
    goods: Money = field(init=False)
    total: Money = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "goods", Money.total(line.pay for line in self.lines))
        object.__setattr__(self, "total", self.goods + self.freight - self.wallet)

    @property
    def points_used(self) -> int:
        return sum(line.points_used for line in self.lines)

    @property
    def points_to_earn(self) -> int:
        return sum(line.award for line in self.lines)


def quote(
    *,
    wanted: Sequence[Wanted],
    freight: FreightTerms,
    region_code: str | None = None,
    means: Means | None = None,
) -> Quote:
    """Price these lines. Without a region the freight is that of any place where the shop delivers.

    Where it does not deliver, `delivered` is false and the freight 0: such a purchase must be refused. What cannot be
    used is left out and told in `unmet`.
    """
    lines = [_begun(one, means) for one in wanted]
    unmet: list[Unmet] = []
    effects: dict[str, Effect] = {}
    if means is not None:
        lines, effects = _with_coupons(lines, wanted, means, unmet)
        lines = _with_points(lines, means, unmet)
    delivered = region_code is None or freight.delivers_to(region_code)
    goods = Money.total(line.pay for line in lines)
    fee = freight_for(goods=goods, terms=freight) if lines and delivered else ZERO
    if delivered:
        effects = _without_idle_freight_coupon(effects, fee=fee, means=means, unmet=unmet)
    free = bool(fee) and (
        (means is not None and means.free_freight) or any(one.free_freight for one in effects.values())
    )
    paid_freight = ZERO if free else fee
    wallet = _from_wallet(goods + paid_freight, means, unmet)
    if means is not None and means.earning is not None:
        lines = _with_earnings(lines, wanted, means.earning)
    return Quote(
        lines=tuple(lines),
        freight=paid_freight,
        freight_saved=fee - paid_freight,
        delivered=delivered,
        wallet=wallet,
        tier_name=means.tier_name if means else "",
        coupon_ids=tuple(effects),
        unmet=tuple(unmet),
    )


def _without_idle_freight_coupon(
    effects: dict[str, Effect], *, fee: Money, means: Means | None, unmet: list[Unmet]
) -> dict[str, Effect]:
    """A coupon for freight that costs nothing anyway is not used up."""
    if means is None or (fee and not means.free_freight):
        return effects
    kept = {coupon_id: one for coupon_id, one in effects.items() if not one.free_freight}
    if len(kept) < len(effects):
        unmet.append(_unmet(freight_is_free()))
    return kept


def lines_for_coupons(wanted: Sequence[Wanted]) -> list[coupon_rules.Line]:
    """The lines as coupons meet them, after the tier price."""
    return [_for_coupons(_at_tier_price(one, None), one) for one in wanted]


def _begun(one: Wanted, means: Means | None) -> QuotedLine:
    if one.points_price is None:
        return _at_tier_price(one, means)
    points = one.points_price.points * one.quantity
    line = QuotedLine(
        sku_id=one.sku_id,
        quantity=one.quantity,
        list=one.price * one.quantity,
        points_used=points,
        in_mall=True,
    )
    return line.less("points", (one.price - one.points_price.cash) * one.quantity, str(points))


def _at_tier_price(one: Wanted, means: Means | None) -> QuotedLine:
    line = QuotedLine(sku_id=one.sku_id, quantity=one.quantity, list=one.price * one.quantity)
    if one.tier_price is None or one.tier_price >= one.price:
        return line
    note = means.tier_name if means is not None else ""
    return line.less("tier", (one.price - one.tier_price) * one.quantity, note)


def _with_coupons(
    lines: list[QuotedLine], wanted: Sequence[Wanted], means: Means, unmet: list[Unmet]
) -> tuple[list[QuotedLine], dict[str, Effect]]:
    """The lines after the coupons, with gifts as lines of their own; each coupon looks at the lines before all of them."""
    problem = coupon_rules.stack_problem([one.terms for one in means.coupons])
    if problem is not None:
        unmet.append(Unmet(code="coupons_do_not_stack", text=problem))
        return lines, {}
    seen = [_for_coupons(line, one) for line, one in zip(lines, wanted, strict=True)]
    effects: dict[str, Effect] = {}
    for coupon in means.coupons:
        found = coupon_rules.effect(candidate=coupon, lines=seen, now=means.now)
        if isinstance(found, Refusal):
            unmet.append(_unmet(found))
            continue
        gift = means.gifts.get(found.gift_sku_id or "")
        if found.gift_sku_id is not None and gift is None:
            unmet.append(_unmet(gift_gone()))
            continue
        effects[coupon.id] = found
        lines = _reduced(lines, found, note=coupon.terms.name)
        if gift is not None:
            given = QuotedLine(sku_id=gift.sku_id, quantity=1, list=gift.price, gift=True)
            lines = [*lines, given.less("coupon", gift.price, coupon.terms.name)]
    return lines, effects


def _unmet(refusal: Refusal) -> Unmet:
    return Unmet(code=f"coupon_{refusal.code.value}", text=refusal.text)


def gift_gone() -> Refusal:
    return Refusal(code=Reason.GIFT_GONE, text=_("赠品暂时没有货，这张优惠券先留着。"))


def freight_is_free() -> Refusal:
    return Refusal(code=Reason.FREIGHT_IS_FREE, text=_("这一单本来就免运费，这张优惠券先留着。"))


def _for_coupons(line: QuotedLine, one: Wanted) -> coupon_rules.Line:
    return coupon_rules.Line(
        key=line.sku_id,
        sku_id=line.sku_id,
        product_id=one.product_id,
        category_ids=one.category_ids,
        amount=line.pay,
        quantity=line.quantity,
        is_tier_priced=bool(line.reductions),
    )


def _reduced(lines: list[QuotedLine], effect: Effect, *, note: str) -> list[QuotedLine]:
    eligible = [line.pay if line.sku_id in effect.line_keys and not line.gift else ZERO for line in lines]
    parts = spread(effect.reduction, over=eligible)
    return [line.less("coupon", part, note) for line, part in zip(lines, parts, strict=True)]


def _with_points(lines: list[QuotedLine], means: Means, unmet: list[Unmet]) -> list[QuotedLine]:
    if not means.points or means.redeem is None:
        if means.points:
            unmet.append(Unmet(code="points_unavailable", text=_("积分暂时不能使用。")))
        return lines
    pays = [line.pay for line in lines]
    most = point_rules.most_points(
        available=means.points_available, goods=Money.total(pays), terms=means.redeem
    )
    points = means.points
    if points > most or points % means.redeem.step:
        unmet.append(Unmet(code="points_too_many", text=_points_text(most, step=means.redeem.step)))
        points = min(points, most)
        points -= points % means.redeem.step
    amount = point_rules.worth(points, means.redeem)
    parts = spread(amount, over=pays)
    counts = Money(points).split([part.fen for part in parts]) if amount else [ZERO for _ in lines]
    return [
        replace(line.less("points", part, str(count.fen)), points_used=count.fen)
        for line, part, count in zip(lines, parts, counts, strict=True)
    ]


def _points_text(most: int, *, step: int) -> str:
    if not most:
        return _("这笔订单不能使用积分。")
    if step > 1:
        return _("这笔订单最多可用 %(most)s 积分，每次 %(step)s 的整数倍。", most=most, step=step)
    return _("这笔订单最多可用 %(most)s 积分。", most=most)


def _from_wallet(whole: Money, means: Means | None, unmet: list[Unmet]) -> Money:
    if means is None or not means.wallet:
        return ZERO
    if means.wallet > means.wallet_available:
        text = _("余额只有 ¥%(yuan)s。", yuan=means.wallet_available)
        unmet.append(Unmet(code="wallet_short", text=text))
    return min(means.wallet, means.wallet_available, whole)


def _with_earnings(lines: list[QuotedLine], wanted: Sequence[Wanted], earning: Earning) -> list[QuotedLine]:
    of = {one.sku_id: one for one in wanted}
    earn_lines = [
        EarnLine(
            key=line.sku_id,
            product_id=of[line.sku_id].product_id if line.sku_id in of else "",
            category_ids=frozenset(of[line.sku_id].category_ids if line.sku_id in of else ()),
            pay=line.pay,
        )
        for line in lines
    ]
    awards = point_rules.award(
        lines=earn_lines,
        terms=earning.terms,
        tier_bp=earning.tier_bp,
        day=earning.day,
        birthday_month=earning.birthday_month,
        left_today=earning.left_today,
    )
    return [
        replace(line, award=award, growth=line.pay.fen * earning.growth_per_yuan // 100)
        for line, award in zip(lines, awards, strict=True)
    ]


def freight_for(*, goods: Money, terms: FreightTerms) -> Money:
    """The freight of goods worth this much after all reductions."""
    return ZERO if goods >= terms.free_from else terms.fee


def spread(amount: Money, *, over: Sequence[Money]) -> list[Money]:
    """Split a reduction over lines in proportion to their amounts, by largest remainder.

    It is capped at the sum of the lines first, so the parts sum to min(amount, Σ lines) and none is above its line.
    """
    whole = Money.total(over)
    capped = min(amount, whole)
    if not over or not whole:
        return [ZERO for _ in over]
    return capped.split([line.fen for line in over])


def refund_share(*, pay: Money, quantity: int, refunded_before: int, pieces: int) -> Money:
    """What `pieces` of a line bring back: floor(pay × done / quantity) after less the same before.

    Refunds of a line in any split add up to exactly its paid share. Raises `ValueError` for more pieces than are left.
    """
    if pieces < 0:
        raise ValueError("pieces must not be negative")
    return pay.share(done=refunded_before + pieces, of=quantity) - pay.share(
        done=refunded_before, of=quantity
    )
