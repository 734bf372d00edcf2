"""The pure decisions of cash-back, and the whole table of a claim's moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopapp.kernel.errors import Invalid
from shopapp.kernel.money import ZERO, Money
from shopapp.loyalty.cashback import content, rules, words
from shopapp.loyalty.cashback.entry import number_in
from shopapp.loyalty.cashback.rules import AmountTerms, Bought, Fit, Traces
from shopapp.loyalty.cashback.states import (
    CLAIM_MOVES,
    COUNTED,
    RESERVED,
    WAITING,
    AmountMode,
    ClaimReason,
    ClaimStatus,
    Payout,
    Verdict,
)
from shopapp.members.marketplace.rules import PLATFORMS
from tests.support.cashback import campaign_content

NOW = datetime(2026, 11, 26, tzinfo=UTC)
SEED = "ab" * 32
GRAVITY = list(Verdict)
MOVES = {
    "submitted": {"not_found", "matched", "rejected", "expired"},
    "not_found": {"matched", "rejected", "expired"},
    "matched": {"on_hold", "rejected"},
    "on_hold": {"approved", "rejected"},
    "approved": {"paying", "rejected"},
    "paying": {"paid", "lapsed", "approved"},
    "lapsed": {"approved", "paying", "rejected"},
    "paid": set(),
    "rejected": set(),
    "expired": set(),
}

amounts = st.integers(1, 10_000_00).map(Money)


def test_a_claim_moves_as_the_table_says_and_no_other_way() -> None:
    for was, wanted in product(ClaimStatus, repeat=2):
        assert CLAIM_MOVES.allows(was, wanted) is (wanted.value in MOVES[was.value]), (was, wanted)
    assert {one for one in ClaimStatus if CLAIM_MOVES.final(one)} == {
        ClaimStatus.PAID,
        ClaimStatus.REJECTED,
        ClaimStatus.EXPIRED,
    }
    ended = {ClaimStatus.REJECTED, ClaimStatus.EXPIRED}
    assert set(COUNTED) | set(WAITING) | ended == set(ClaimStatus)
    assert set(RESERVED) | {ClaimStatus.PAID} == set(COUNTED)


def test_every_moment_reason_and_platform_has_its_words() -> None:
    assert set(words.STATUSES) == set(ClaimStatus)
    assert set(words.REASONS) == set(ClaimReason)
    assert set(words.PAYOUTS) == set(Payout)
    assert set(words.PLATFORMS) == set(words.WHERE) == set(PLATFORMS)


@given(
    amounts,
    amounts,
    st.integers(0, 10_000_00).map(Money),
    st.text("0123456789abcdef", min_size=12, max_size=12),
)
def test_an_amount_stays_in_its_bounds(one: Money, other: Money, base: Money, claim: str) -> None:
    least, most = sorted((one, other))
    random = AmountTerms(mode=AmountMode.RANDOM, least=least, most=most)
    drawn = rules.award(random, base=base, seed=SEED, claim=claim)
    assert least <= drawn <= most
    assert drawn == rules.drawn(seed=SEED, claim=claim, least=least, most=most)
    percent = AmountTerms(mode=AmountMode.PERCENT, least=ZERO, most=most, basis_points=250)
    assert rules.award(percent, base=base, seed=SEED, claim=claim) == min(
        Money(base.fen * 250 // 10_000), most
    )


@given(amounts, amounts, st.lists(st.integers(0, 10_000_00), max_size=6))
def test_refunds_in_any_split_take_back_exactly_the_award(
    award: Money, paid: Money, steps: list[int]
) -> None:
    gone = [rules.taken_back(award, refunded=Money(sum(steps[:n])), paid=paid) for n in range(len(steps) + 1)]
    assert gone == sorted(gone)
    assert ZERO <= gone[-1] <= award
    assert rules.taken_back(award, refunded=paid, paid=paid) == award


def test_a_random_amount_is_worked_out_again_from_its_seed() -> None:
    drawn = rules.drawn(seed=SEED, claim="0123456789ab", least=Money(100), most=Money(800))
    assert drawn == Money(506)
    wide = {rules.drawn(seed=SEED, claim=f"{n:012d}", least=Money(1), most=Money(3)).fen for n in range(50)}
    assert wide == {1, 2, 3}


def test_a_campaign_counts_only_what_it_is_for() -> None:
    lines = [
        Bought(title="新疆和田大枣", sku="ZAO-1", paid=Money(30_00)),
        Bought(title="核桃仁", sku="HT-9", paid=Money(50_00)),
    ]
    paid = Money(80_00)
    assert rules.basis(Fit(), paid_at=NOW, paid=paid, lines=lines) == paid
    assert rules.basis(Fit(title_words=["大枣"]), paid_at=NOW, paid=paid, lines=lines) == Money(30_00)
    assert rules.basis(Fit(skus=["HT-9"]), paid_at=NOW, paid=paid, lines=lines) == Money(50_00)
    assert rules.basis(Fit(skus=["HT-9"], title_words=["大枣"]), paid_at=NOW, paid=paid, lines=lines) == paid
    assert rules.basis(Fit(title_words=["茶"]), paid_at=NOW, paid=paid, lines=lines) is None
    silent = [Bought(title="大枣", sku="", paid=None), lines[1]]
    assert rules.basis(Fit(title_words=["大枣"]), paid_at=NOW, paid=paid, lines=silent) == Money(30_00)
    late = Fit(paid_from=NOW)
    assert rules.basis(late, paid_at=NOW, paid=paid, lines=lines) == paid
    assert rules.basis(late, paid_at=NOW - timedelta(seconds=1), paid=paid, lines=lines) is None
    assert rules.basis(late, paid_at=None, paid=paid, lines=lines) is None


@pytest.mark.parametrize(
    ("traces", "verdict", "signs"),
    [
        (Traces(), Verdict.PASS, []),
        (Traces(same_device=1, same_address=2, same_network=19), Verdict.PASS, []),
        (Traces(same_device=2), Verdict.HOLD, ["device"]),
        (Traces(same_device=5, same_address=3), Verdict.BLOCK, ["device", "address"]),
        (Traces(same_phone=1, same_buyer=True), Verdict.HOLD, ["phone", "buyer"]),
        (Traces(same_network=500), Verdict.HOLD, ["network"]),
        (Traces(guesses=["1000000001", "1000000007", "1000000009"]), Verdict.HOLD, ["in_a_row"]),
        (Traces(guesses=["1000000001", "2000000001", "3000000001"]), Verdict.PASS, []),
        (Traces(guesses=[f"{n}000000001" for n in range(1, 6)]), Verdict.HOLD, ["guesses"]),
    ],
)
def test_signs_lead_to_a_verdict(traces: Traces, verdict: Verdict, signs: list[str]) -> None:
    assert rules.judge(traces) == (verdict, signs)


def test_addresses_inside_say_nothing_about_a_network() -> None:
    assert [rules.network_of(one) for one in ("127.0.0.1", "10.2.3.4", "::1", "", None, "x")] == [None] * 6
    assert rules.network_of("114.114.114.114") == rules.network_of("114.114.114.9") == "114.114.114.0/24"
    assert rules.network_of("240e:1:2:3::9") == "240e:1:2::/48"


def test_numbers_are_understood_as_people_type_them() -> None:
    assert number_in("订单编号：３０００ 0000 0000 7919 001 ") == "3000000000007919001"
    assert number_in("A-1001") == "A-1001"
    assert [number_in(text) for text in ("", "你好", "15412345678", "好的 谢谢")] == [None] * 4


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"),
        ({"platforms": ()}, "platforms"),
        ({"payout": Payout.COUPON}, "coupon_id"),
        ({"payout": Payout.TRANSFER}, "payout"),
        ({"amount": AmountTerms(mode=AmountMode.FIXED, least=Money(0), most=Money(0))}, "most"),
        ({"amount": AmountTerms(mode=AmountMode.RANDOM, least=Money(9), most=Money(8))}, "least"),
        ({"amount": AmountTerms(mode=AmountMode.PERCENT, least=ZERO, most=Money(8))}, "basis_points"),
        ({"budget": Money(4_99)}, "budget"),
        ({"hold_days": 91}, "hold_days"),
        ({"wait_days": 0}, "wait_days"),
        ({"per_phone": 0}, "per_phone"),
        ({"skus": ("x" * 61,)}, "skus"),
        ({"starts_at": NOW, "ends_at": NOW}, "ends_at"),
    ],
)
def test_a_campaign_that_cannot_be_is_refused(wrong: dict[str, object], field: str) -> None:
    inside = (Payout.WALLET, Payout.COUPON)
    content.check(campaign_content(), platforms=PLATFORMS, payouts=inside)
    with pytest.raises(Invalid) as refused:
        content.check(campaign_content(**wrong), platforms=PLATFORMS, payouts=inside)
    assert field in refused.value.details["fields"]
