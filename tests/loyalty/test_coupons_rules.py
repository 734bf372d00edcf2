"""What a coupon takes off: never more than there is, never less for more goods, and the best of several is found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopapp.kernel.money import ZERO, Money
from shopapp.loyalty.coupons import rules
from shopapp.loyalty.coupons.rules import (
    Candidate,
    CouponKind,
    CouponTerms,
    Effect,
    Line,
    Reason,
    Refusal,
    Scope,
)
from tests.support.coupons import coupon_terms

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TEA, SHELF, CUP = "0000000000ta", "0000000000sf", "0000000000cp"

amounts = st.integers(0, 10_000_000).map(Money)
scopes = st.sampled_from(list(Scope))


@st.composite
def lines(draw: st.DrawFn) -> list[Line]:
    return [
        Line(
            key=str(number),
            sku_id=draw(st.sampled_from(["s1", "s2", "s3"])),
            product_id=draw(st.sampled_from(["p1", "p2", "p3"])),
            category_ids=tuple(draw(st.sets(st.sampled_from(["c1", "c2"])))),
            amount=draw(amounts),
            quantity=draw(st.integers(1, 9)),
            is_tier_priced=draw(st.booleans()),
        )
        for number in range(draw(st.integers(0, 5)))
    ]


@st.composite
def terms(draw: st.DrawFn) -> CouponTerms:
    kind = draw(st.sampled_from(list(CouponKind)))
    return CouponTerms(
        name="券",
        kind=kind,
        value=draw(amounts),
        basis_points=draw(st.integers(0, 10_000)),
        cap=draw(st.integers(1, 10_000_000).map(Money)) if kind is CouponKind.PERCENT else None,
        sku_id="s1" if kind in (CouponKind.GIFT, CouponKind.EXCHANGE) else None,
        minimum=draw(amounts),
        scope=(scope := draw(scopes)),
        scope_ids=() if scope is Scope.ALL else tuple(draw(st.sets(st.sampled_from(["p1", "p2", "c1"]), min_size=1))),
        excludes=draw(st.booleans()),
        with_tier_price=draw(st.booleans()),
    )  # fmt: skip


def line(fen: int, *, key: str = "1", sku: str = "s1", product: str = TEA, shelf: str = SHELF, pieces: int = 1, tier: bool = False) -> Line:  # fmt: skip
    return Line(
        key=key,
        sku_id=sku,
        product_id=product,
        category_ids=(shelf,),
        amount=Money(fen),
        quantity=pieces,
        is_tier_priced=tier,
    )


def of(wanted: CouponTerms, *goods: Line) -> Effect | Refusal:
    return rules.effect_of(terms=wanted, lines=goods)


def off(wanted: CouponTerms, *goods: Line) -> int:
    done = of(wanted, *goods)
    assert isinstance(done, Effect), done
    return done.reduction.fen


def why(wanted: CouponTerms, *goods: Line) -> Reason:
    done = of(wanted, *goods)
    assert isinstance(done, Refusal), done
    return done.code


@given(terms(), lines())
def test_no_reduction_is_negative_or_above_the_goods_it_stands_on(
    wanted: CouponTerms, goods: list[Line]
) -> None:
    done = rules.effect_of(terms=wanted, lines=goods)
    if isinstance(done, Refusal):
        assert done.text
        return
    eligible = [one for one in goods if one.key in done.line_keys]
    assert ZERO <= done.reduction <= Money.total(one.amount for one in eligible)
    assert wanted.with_tier_price or not any(one.is_tier_priced for one in eligible)
    assert done.reduction == ZERO or wanted.kind in (
        CouponKind.AMOUNT,
        CouponKind.PERCENT,
        CouponKind.EXCHANGE,
    )
    if wanted.kind is CouponKind.PERCENT:
        assert done.reduction <= (wanted.cap or ZERO)
    if wanted.kind is not CouponKind.EXCHANGE:
        assert all(wanted.covers(one) for one in eligible)
        assert Money.total(one.amount for one in eligible) >= wanted.minimum


@given(terms(), lines(), st.data())
def test_more_goods_never_take_less_off(wanted: CouponTerms, goods: list[Line], data: st.DataObject) -> None:
    less = rules.effect_of(terms=wanted, lines=goods)
    if not goods or isinstance(less, Refusal) or wanted.kind is CouponKind.EXCHANGE:
        return
    place = data.draw(st.integers(0, len(goods) - 1))
    dearer = [
        Line(**{**vars_of(one), "amount": one.amount + data.draw(amounts)}) if number == place else one
        for number, one in enumerate(goods)
    ]
    more = rules.effect_of(terms=wanted, lines=dearer)
    assert isinstance(more, Effect)
    assert more.reduction >= less.reduction


def vars_of(one: Line) -> dict[str, object]:
    return {name: getattr(one, name) for name in Line.__dataclass_fields__}


@given(terms())
def test_terms_come_back_from_json_as_they_went(wanted: CouponTerms) -> None:
    assert CouponTerms.load(wanted.dump()) == wanted


@given(st.lists(terms(), max_size=5), lines(), amounts, amounts)
def test_the_best_choice_is_never_beaten_by_another_one(
    offers: list[CouponTerms], goods: list[Line], fee: Money, free_from: Money
) -> None:
    held = [candidate(one, str(number)) for number, one in enumerate(offers)]
    total = Money.total(one.amount for one in goods)

    def freight(reduction: Money) -> Money:
        return ZERO if total - reduction >= free_from else fee

    choice = rules.best(candidates=held, lines=goods, freight=freight, now=NOW)
    assert choice.pay <= total + freight(ZERO)
    for one in held:
        done = rules.effect(candidate=one, lines=goods, now=NOW)
        if isinstance(done, Effect):
            alone = total - done.reduction + (ZERO if done.free_freight else freight(done.reduction))
            assert choice.pay <= alone
    chosen = [one.terms for one in (choice.goods, choice.freight) if one is not None]
    assert rules.stack_problem(chosen) is None


def candidate(wanted: CouponTerms, name: str = "a", *, days: int = 30) -> Candidate:
    return Candidate(
        id=name,
        terms=wanted,
        valid_from=NOW - timedelta(days=1),
        valid_until=NOW + timedelta(days=days),
    )


def test_30_off_from_200_counts_the_goods_it_covers_alone() -> None:
    wanted = coupon_terms(value=Money(3000), minimum=Money(20000), scope=Scope.PRODUCTS, scope_ids=(TEA,))
    assert off(wanted, line(20000)) == 3000
    short = of(wanted, line(19999), line(90000, key="2", product=CUP))
    assert isinstance(short, Refusal)
    assert (short.code, short.short, "再买 0.01 元" in short.text) == (Reason.BELOW_MINIMUM, Money(1), True)
    assert why(wanted, line(90000, product=CUP)) is Reason.NO_GOODS


def test_a_coupon_worth_more_than_the_goods_takes_the_goods_and_no_more() -> None:
    assert off(coupon_terms(value=Money(9900)), line(500)) == 500
    assert why(coupon_terms(value=Money(9900)), line(0)) is Reason.NOTHING_TO_REDUCE


@pytest.mark.parametrize(
    ("fen", "basis_points", "cap", "reduction"),
    [(10000, 8500, 99999, 1500), (999, 8500, 99999, 150), (1, 9900, 99999, 1), (100000, 8500, 5000, 5000)],
)
def test_a_percentage_leaves_the_floor_to_pay_and_stops_at_its_cap(
    fen: int, basis_points: int, cap: int, reduction: int
) -> None:
    wanted = coupon_terms(kind=CouponKind.PERCENT, basis_points=basis_points, cap=Money(cap))
    assert off(wanted, line(fen)) == reduction


def test_goods_at_a_member_price_count_only_where_the_coupon_says_so() -> None:
    alone = coupon_terms(value=Money(500), minimum=Money(1000), with_tier_price=False)
    assert why(alone, line(5000, tier=True)) is Reason.TIER_PRICE
    assert why(alone, line(5000, tier=True), line(999, key="2")) is Reason.BELOW_MINIMUM
    done = of(alone, line(5000, tier=True), line(1000, key="2"))
    assert isinstance(done, Effect)
    assert done.line_keys == ("2",)
    assert off(coupon_terms(value=Money(500)), line(5000, tier=True)) == 500


def test_categories_are_taken_in_or_left_out() -> None:
    only = coupon_terms(scope=Scope.CATEGORIES, scope_ids=(SHELF,))
    but = coupon_terms(scope=Scope.CATEGORIES, scope_ids=(SHELF,), excludes=True)
    assert (off(only, line(900)), off(but, line(900, shelf="other"))) == (500, 500)
    assert why(only, line(900, shelf="other")) is why(but, line(900)) is Reason.NO_GOODS


def test_a_gift_and_free_freight_take_nothing_off_the_goods() -> None:
    gift = of(coupon_terms(kind=CouponKind.GIFT, sku_id="s9", minimum=Money(100)), line(100))
    free = of(coupon_terms(kind=CouponKind.FREE_FREIGHT), line(100))
    assert gift == Effect(line_keys=("1",), gift_sku_id="s9")
    assert free == Effect(line_keys=("1",), free_freight=True)
    assert why(coupon_terms(kind=CouponKind.GIFT, sku_id="s9", minimum=Money(101)), line(100)) is (
        Reason.BELOW_MINIMUM
    )


def test_an_exchange_prices_one_piece_which_does_not_count_to_its_own_minimum() -> None:
    wanted = coupon_terms(kind=CouponKind.EXCHANGE, sku_id="s1", value=Money(990), minimum=Money(5000))
    cup = line(9000, pieces=3)
    assert why(wanted, line(5000, key="2", sku="s2")) is Reason.GOODS_MISSING
    assert why(wanted, line(5000)) is Reason.BELOW_MINIMUM
    done = of(wanted, cup)
    assert done == Effect(reduction=Money(2010), line_keys=("1",))
    assert why(wanted, line(900), line(9000, key="2", sku="s2")) is Reason.NOTHING_TO_REDUCE
    free = coupon_terms(kind=CouponKind.EXCHANGE, sku_id="s1", value=ZERO)
    assert off(free, line(1000, pieces=3)) == 333


def test_dates_are_looked_at_first() -> None:
    held = candidate(coupon_terms())
    codes = [
        getattr(rules.effect(candidate=held, lines=[line(900)], now=now), "code", None)
        for now in (
            held.valid_from - timedelta(seconds=1),
            held.valid_from,
            held.valid_until - timedelta(seconds=1),
            held.valid_until,
        )
    ]
    assert codes == [Reason.NOT_YET, None, None, Reason.EXPIRED]


def test_one_goods_coupon_and_one_freight_coupon_stand_together_and_no_others() -> None:
    five, free = coupon_terms(), coupon_terms(kind=CouponKind.FREE_FREIGHT)
    assert rules.stack_problem([five, free]) is rules.stack_problem([]) is None
    assert rules.stack_problem([five, five]) is not None
    assert rules.stack_problem([free, free]) is not None


def test_the_best_spares_a_freight_coupon_where_freight_is_free() -> None:
    five = candidate(coupon_terms(value=Money(500)), "five")
    ten = candidate(coupon_terms(value=Money(1000), minimum=Money(9900)), "ten", days=9)
    free = candidate(coupon_terms(kind=CouponKind.FREE_FREIGHT), "free")

    def choose(fen: int) -> list[str]:
        return rules.best(
            candidates=[five, ten, free],
            lines=[line(fen)],
            freight=lambda reduction: ZERO if fen - reduction.fen >= 9900 else Money(800),
            now=NOW,
        ).ids

    assert choose(20000) == ["ten"]
    assert choose(5000) == ["five", "free"]
    assert choose(10000) == ["ten", "free"]
    assert choose(400) == ["five", "free"]


def test_among_equals_the_one_that_ends_first_is_used_and_a_gift_is_taken_along() -> None:
    late, soon = candidate(coupon_terms(), "a", days=9), candidate(coupon_terms(), "b", days=2)
    gift = candidate(coupon_terms(kind=CouponKind.GIFT, sku_id="s9"), "gift")

    def choose(*held: Candidate) -> list[str]:
        return rules.best(candidates=held, lines=[line(900)], freight=lambda _: ZERO, now=NOW).ids

    assert choose(late, soon, gift) == ["b"]
    assert choose(gift) == ["gift"]
    assert choose() == []
