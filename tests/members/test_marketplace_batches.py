"""The next portion of a file is read beside the writing of the one before: nothing is lost, and no failure hidden."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from shopapp.members.marketplace.batches import ahead


def numbers(seen: list[int], *, broken_at: int = 100) -> Iterator[int]:
    for number in range(6):
        if number == broken_at:
            raise ValueError("cannot be read")
        seen.append(number)
        yield number


def test_everything_comes_in_its_order_and_a_failure_comes_after_what_was_read_before_it(app: Flask) -> None:
    assert list(ahead(numbers([]))) == [0, 1, 2, 3, 4, 5]
    coming = ahead(numbers([], broken_at=3))
    assert [next(coming) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="cannot be read"):
        next(coming)


def test_whoever_stops_has_read_one_more_at_most(app: Flask) -> None:
    seen: list[int] = []
    coming = ahead(numbers(seen))
    assert next(coming) == 0
    coming.close()
    assert seen in ([0], [0, 1])
