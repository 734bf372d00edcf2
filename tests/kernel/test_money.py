"""Money is whole fen, and splitting it loses nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopapp.kernel.money import Money

amounts = st.integers(0, 10**9)
weights = st.lists(st.integers(0, 10**7), min_size=1, max_size=30)


@given(amounts, weights)
def test_parts_add_up_and_stay_within_one_fen_of_their_share(fen: int, shares: list[int]) -> None:
    parts = [part.fen for part in Money(fen).split(shares)]
    assert sum(parts) == fen
    assert min(parts) >= 0
    whole = sum(shares)
    if whole:
        assert all(abs(part * whole - fen * share) < whole for part, share in zip(parts, shares, strict=True))


@given(amounts, st.integers(1, 200), st.data())
def test_steps_of_a_share_add_up_to_the_whole(fen: int, pieces: int, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, pieces), max_size=6)))
    taken, before = 0, 0
    for cut in [*cuts, pieces]:
        taken += Money(fen).share(done=cut, of=pieces).fen - Money(fen).share(done=before, of=pieces).fen
        before = cut
    assert taken == fen


def test_the_largest_remainder_gets_the_odd_fen() -> None:
    assert [part.fen for part in Money(100).split([1, 1, 1])] == [34, 33, 33]
    assert [part.fen for part in Money(10).split([5, 3, 2, 0])] == [5, 3, 2, 0]


@pytest.mark.parametrize("wrong", [1.0, "1", True, None])
def test_only_whole_numbers_are_money(wrong: object) -> None:
    with pytest.raises(TypeError):
        Money(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fen", "text"), [(0, "0.00"), (5, "0.05"), (123456, "1234.56"), (-5, "-0.05"), (-100, "-1.00")]
)
def test_it_reads_as_yuan(fen: int, text: str) -> None:
    assert str(Money(fen)) == text
