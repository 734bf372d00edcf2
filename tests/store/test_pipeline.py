"""The price in its fixed order: tier price, coupon, points, wallet, freight, and what is earned."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shopapp.kernel.money import ZERO, Money
from shopapp.loyalty.coupons.rules import Candidate, CouponKind, CouponTerms
from shopapp.loyalty.points.rules import EarnTerms, RedeemTerms
from shopapp.store.aftersales import rules as refund_rules
from shopapp.store.aftersales.rules import LineState, PaidFrom
from shopapp.store.pricing import rules
from shopapp.store.pricing.rules import Earning, FreightTerms, Means, PointsPrice, Quote, Wanted

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
FREIGHT = FreightTerms(fee=Money(800), free_from=Money(9900))
REDEEM = RedeemTerms(points_per_yuan=100, most_share_bp=5000, step=100, least_goods=ZERO)


def coupon(**terms: object) -> Candidate:
    return Candidate(
        id=str(terms.get("name", "券")),
        terms=CouponTerms(**{"name": "券", "kind": CouponKind.AMOUNT, **terms}),  # type: ignore[arg-type]
        valid_from=NOW - timedelta(days=1),
        valid_until=NOW + timedelta(days=1),
    )


def earning(*, tier_bp: int = 10_000) -> Earning:
    return Earning(
        terms=EarnTerms(per_hundred_yuan=100),
        tier_bp=tier_bp,
        day=date(2026, 11, 26),
        birthday_month=False,
        left_today=None,
        growth_per_yuan=1,
    )


def test_each_step_takes_from_what_the_one_before_left() -> None:
    """Two lines of 100 and 50 yuan, nine tenths for the tier, 20 off from 100 on, 300 points, 10 yuan of the wallet."""
    quote = rules.quote(
        wanted=[
            Wanted(sku_id="a", price=Money(5000), quantity=2, tier_price=Money(4500)),
            Wanted(sku_id="b", price=Money(5000), quantity=1, tier_price=Money(4500)),
        ],
        freight=FREIGHT,
        means=Means(
            now=NOW,
            tier_name="金卡",
            coupons=(coupon(value=Money(2000), minimum=Money(10_000)),),
            points=300,
            points_available=900,
            redeem=REDEEM,
            wallet=Money(1000),
            wallet_available=Money(5000),
            earning=earning(tier_bp=15_000),
        ),
    )
    a, b = quote.lines
    assert [(taken.kind, taken.amount.fen) for taken in a.reductions] == [
        ("tier", 1000),
        ("coupon", 1333),
        ("points", 200),
    ]
    assert [(taken.kind, taken.amount.fen) for taken in b.reductions] == [
        ("tier", 500),
        ("coupon", 667),
        ("points", 100),
    ]
    assert (a.pay.fen, b.pay.fen, quote.goods.fen) == (7467, 3733, 11_200)
    assert (a.points_used, b.points_used) == (200, 100)
    assert (quote.freight.fen, quote.wallet.fen, quote.total.fen) == (0, 1000, 10_200)
    assert quote.points_to_earn == 168
    assert (a.growth, b.growth) == (74, 37)
    assert quote.unmet == ()


def test_a_coupon_counts_its_minimum_after_the_tier_price() -> None:
    quote = rules.quote(
        wanted=[Wanted(sku_id="a", price=Money(10_000), quantity=1, tier_price=Money(9500))],
        freight=FREIGHT,
        means=Means(now=NOW, coupons=(coupon(value=Money(2000), minimum=Money(10_000)),)),
    )
    assert quote.lines[0].pay == Money(9500)
    assert [one.code for one in quote.unmet] == ["coupon_below_minimum"]
    assert quote.coupon_ids == ()


def test_a_gift_is_a_line_of_its_own_that_costs_nothing() -> None:
    gift = Wanted(sku_id="g", price=Money(1500), quantity=1)
    quote = rules.quote(
        wanted=[Wanted(sku_id="a", price=Money(20_000), quantity=1)],
        freight=FREIGHT,
        means=Means(
            now=NOW,
            coupons=(coupon(name="赠品券", kind=CouponKind.GIFT, sku_id="g"),),
            gifts={"g": gift},
            earning=earning(),
        ),
    )
    bought, given = quote.lines
    assert (bought.pay.fen, given.pay.fen, given.gift, given.quantity) == (20_000, 0, True, 1)
    assert given.award == 0
    assert quote.total.fen == 20_000


def test_a_coupon_whose_gift_is_gone_is_not_used_up() -> None:
    quote = rules.quote(
        wanted=[Wanted(sku_id="a", price=Money(20_000), quantity=1)],
        freight=FREIGHT,
        means=Means(now=NOW, coupons=(coupon(kind=CouponKind.GIFT, sku_id="g"),)),
    )
    assert [one.code for one in quote.unmet] == ["coupon_gift_gone"]
    assert (quote.coupon_ids, len(quote.lines), quote.total.fen) == ((), 1, 20_000)


def test_a_coupon_for_freight_that_costs_nothing_is_not_used_up() -> None:
    free = coupon(kind=CouponKind.FREE_FREIGHT)
    for price, means in (
        (20_000, Means(now=NOW, coupons=(free,))),
        (1000, Means(now=NOW, coupons=(free,), free_freight=True)),
    ):
        quote = rules.quote(
            wanted=[Wanted(sku_id="a", price=Money(price), quantity=1)], freight=FREIGHT, means=means
        )
        assert [one.code for one in quote.unmet] == ["coupon_freight_is_free"]
        assert (quote.coupon_ids, quote.total.fen) == ((), price)


def test_a_coupon_for_freight_counts_where_another_took_away_that_it_was_free() -> None:
    both = (
        coupon(name="减", value=Money(2000)),
        coupon(name="邮", kind=CouponKind.FREE_FREIGHT),
    )
    quote = rules.quote(
        wanted=[Wanted(sku_id="a", price=Money(10_000), quantity=1)],
        freight=FREIGHT,
        means=Means(now=NOW, coupons=both),
    )
    assert (quote.coupon_ids, quote.freight_saved.fen, quote.total.fen) == (("减", "邮"), 800, 8000)
    assert quote.unmet == ()


def test_freight_is_free_by_tier_or_coupon_and_what_it_saved_is_told() -> None:
    wanted = [Wanted(sku_id="a", price=Money(1000), quantity=1)]
    for means in (
        Means(now=NOW, free_freight=True),
        Means(now=NOW, coupons=(coupon(kind=CouponKind.FREE_FREIGHT),)),
    ):
        quote = rules.quote(wanted=wanted, freight=FREIGHT, means=means)
        assert (quote.freight.fen, quote.freight_saved.fen, quote.total.fen) == (0, 800, 1000)


def test_the_wallet_may_pay_everything_but_never_more() -> None:
    means = Means(now=NOW, wallet=Money(99_999), wallet_available=Money(99_999))
    quote = rules.quote(
        wanted=[Wanted(sku_id="a", price=Money(1000), quantity=1)], freight=FREIGHT, means=means
    )
    assert (quote.wallet.fen, quote.total.fen) == (1800, 0)


def test_more_than_there_is_is_told_and_not_used() -> None:
    means = Means(
        now=NOW,
        points=500,
        points_available=250,
        redeem=REDEEM,
        wallet=Money(700),
        wallet_available=Money(300),
    )
    quote = rules.quote(
        wanted=[Wanted(sku_id="a", price=Money(10_000), quantity=1)], freight=FREIGHT, means=means
    )
    assert (quote.points_used, quote.wallet.fen) == (200, 300)
    assert [one.code for one in quote.unmet] == ["points_too_many", "wallet_short"]


def test_what_is_bought_in_the_mall_costs_its_points_and_cash_and_no_tier_price() -> None:
    quote = rules.quote(
        wanted=[
            Wanted(
                sku_id="a",
                price=Money(5900),
                quantity=3,
                tier_price=Money(5000),
                points_price=PointsPrice(points=333, cash=Money(990)),
            )
        ],
        freight=FREIGHT,
        means=Means(now=NOW, tier_name="金卡"),
    )
    (line,) = quote.lines
    assert [(taken.kind, taken.amount.fen, taken.note) for taken in line.reductions] == [
        ("points", 3 * 4910, "999")
    ]
    assert (line.points_used, line.pay.fen, line.in_mall) == (999, 2970, True)
    assert (line.award, line.growth, quote.freight.fen, quote.total.fen) == (0, 0, 800, 3770)


fen = st.integers(0, 50_000)


@st.composite
def quotes_in_mall(draw: st.DrawFn) -> Quote:
    price = draw(st.integers(1, 50_000))
    wanted = Wanted(
        sku_id="a",
        price=Money(price),
        quantity=draw(st.integers(1, 9)),
        points_price=PointsPrice(
            points=draw(st.integers(1, 9999)), cash=Money(draw(st.integers(0, price - 1)))
        ),
    )
    means = Means(now=NOW, wallet=Money(draw(fen)), wallet_available=Money(draw(fen)))
    return rules.quote(wanted=[wanted], freight=FREIGHT, means=means)


@st.composite
def quotes(draw: st.DrawFn) -> Quote:
    wanted = [
        Wanted(
            sku_id=str(number),
            price=Money(price),
            quantity=draw(st.integers(1, 5)),
            tier_price=Money(price * draw(st.integers(5000, 10_000)) // 10_000),
        )
        for number, price in enumerate(draw(st.lists(fen, min_size=1, max_size=5)))
    ]
    kind = draw(st.sampled_from([CouponKind.AMOUNT, CouponKind.PERCENT, CouponKind.FREE_FREIGHT]))
    one = coupon(
        kind=kind,
        value=Money(draw(fen)),
        basis_points=draw(st.integers(0, 10_000)),
        minimum=Money(draw(fen)),
    )
    means = Means(
        now=NOW,
        coupons=draw(st.sampled_from([(), (one,)])),
        points=draw(st.integers(0, 20_000)),
        points_available=draw(st.integers(0, 20_000)),
        redeem=RedeemTerms(
            points_per_yuan=draw(st.sampled_from([1, 10, 100, 30])),
            most_share_bp=draw(st.integers(0, 10_000)),
            step=draw(st.sampled_from([1, 10, 100])),
            least_goods=Money(draw(fen)),
        ),
        wallet=Money(draw(fen)),
        wallet_available=Money(draw(fen)),
        earning=earning(tier_bp=draw(st.integers(10_000, 30_000))),
    )
    return rules.quote(wanted=wanted, freight=FREIGHT, means=means)


@given(quote=quotes() | quotes_in_mall())
def test_no_step_takes_more_than_is_there_and_all_adds_up(quote: Quote) -> None:
    for line in quote.lines:
        assert line.pay >= ZERO
        assert line.list == line.pay + Money.total(taken.amount for taken in line.reductions)
        assert all(taken.amount > ZERO for taken in line.reductions)
        assert min(line.points_used, line.award, line.growth) >= 0
    assert quote.total >= ZERO
    assert quote.total == Money.total(line.pay for line in quote.lines) + quote.freight - quote.wallet
    kinds = [[taken.kind for taken in line.reductions] for line in quote.lines]
    order = ["tier", "coupon", "points"]
    assert all(sorted(found, key=order.index) == found for found in kinds)


@given(quote=quotes() | quotes_in_mall(), data=st.data())
def test_refunds_in_any_split_give_back_money_wallet_and_points_exactly(
    quote: Quote, data: st.DataObject
) -> None:
    states = [
        LineState(
            line_id=number,
            sku_id=number,
            quantity=line.quantity,
            shipped=0,
            refunded=0,
            pay=line.pay,
            refunded_pay=ZERO,
            points=line.points_used,
        )
        for number, line in enumerate(quote.lines)
    ]
    whole, back = quote.goods + quote.freight, ZERO
    cash, wallet, points, freight = ZERO, ZERO, 0, quote.freight
    while any(state.left for state in states):
        wanted = {state.line_id: data.draw(st.integers(0, state.left)) for state in states}
        if not any(wanted.values()):
            wanted = {state.line_id: state.left for state in states}
        plan = refund_rules.plan(
            lines=states,
            wanted=wanted,
            freight=freight,
            paid_from=PaidFrom(whole=whole, wallet=quote.wallet, back=back),
        )
        assert ZERO <= plan.wallet <= plan.total
        cash, wallet, points = cash + plan.cash, wallet + plan.wallet, points + plan.points
        back, freight = back + plan.total, freight - plan.freight
        parts = {part.line_id: part for part in plan.parts}
        states = [
            LineState(
                line_id=state.line_id,
                sku_id=state.sku_id,
                quantity=state.quantity,
                shipped=0,
                refunded=state.refunded + parts[state.line_id].pieces
                if state.line_id in parts
                else state.refunded,
                pay=state.pay,
                refunded_pay=state.refunded_pay + parts[state.line_id].amount
                if state.line_id in parts
                else state.refunded_pay,
                points=state.points,
            )
            for state in states
        ]
    assert (cash, wallet, points) == (quote.total, quote.wallet, quote.points_used)
