"""What goes back: any way of splitting a refund gives back exactly what was paid."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from shopapp.kernel.money import ZERO, Money
from shopapp.store.aftersales import rules
from shopapp.store.aftersales.rules import LineState


def line(number: int, *, quantity: int, fen: int, shipped: int = 0) -> LineState:
    return LineState(
        line_id=number,
        sku_id=number,
        quantity=quantity,
        shipped=shipped,
        refunded=0,
        pay=Money(fen),
        refunded_pay=ZERO,
    )


def after(lines: list[LineState], plan: rules.RefundPlan) -> list[LineState]:
    parts = {part.line_id: part for part in plan.parts}
    return [
        replace(
            state,
            refunded=state.refunded + parts[state.line_id].pieces,
            refunded_pay=state.refunded_pay + parts[state.line_id].amount,
        )
        if state.line_id in parts
        else state
        for state in lines
    ]


LINES = st.lists(st.tuples(st.integers(1, 20), st.integers(0, 100_000)), min_size=1, max_size=5)


@given(lines=LINES, freight=st.integers(0, 2000), seed=st.integers(0, 2**32))
def test_any_split_gives_back_what_was_paid_and_the_freight_with_the_last_piece(
    lines: list[tuple[int, int]], freight: int, seed: int
) -> None:
    chance = Random(seed)
    states = [line(number, quantity=count, fen=fen) for number, (count, fen) in enumerate(lines)]
    back, freight_back = ZERO, ZERO
    while any(state.left for state in states):
        wanted = {state.line_id: chance.randint(0, state.left) for state in states}
        plan = rules.plan(lines=states, wanted=wanted, freight=Money(freight) - freight_back)
        assert all(part.amount.fen >= 0 for part in plan.parts)
        assert all(part.unshipped == part.pieces for part in plan.parts)
        states = after(states, plan)
        assert plan.freight == (Money(freight) if not any(state.left for state in states) else ZERO)
        back += plan.total
        freight_back += plan.freight
    for state in states:
        assert state.refunded_pay == state.pay
    assert back == Money(sum(fen for _, fen in lines) + freight)


@given(lines=LINES, data=st.data())
def test_a_smaller_amount_is_split_without_a_fen_lost_or_a_line_overdrawn(
    lines: list[tuple[int, int]], data: st.DataObject
) -> None:
    states = [line(number, quantity=count, fen=fen) for number, (count, fen) in enumerate(lines)]
    wanted = {state.line_id: state.quantity for state in states}
    whole = rules.plan(lines=states, wanted=wanted, freight=Money(500))
    amount = Money(data.draw(st.integers(0, whole.total.fen)))
    cut = rules.plan(lines=states, wanted=wanted, freight=Money(500), amount=amount)
    assert cut.total == amount
    for part, full in zip(cut.parts, whole.parts, strict=True):
        assert ZERO <= part.amount <= full.amount
    assert ZERO <= cut.freight <= whole.freight


def test_a_lowered_refund_does_not_raise_the_next_one() -> None:
    states = [line(1, quantity=3, fen=1000)]
    lowered = rules.plan(lines=states, wanted={1: 1}, freight=ZERO, amount=Money(100))
    rest = rules.plan(lines=after(states, lowered), wanted={1: 2}, freight=ZERO)
    assert (lowered.total, rest.total) == (Money(100), Money(667))


def test_unshipped_pieces_go_first() -> None:
    states = [line(1, quantity=3, fen=900, shipped=2)]
    plan = rules.plan(lines=states, wanted={1: 2}, freight=Money(800))
    assert (plan.parts[0].unshipped, plan.freight, plan.total) == (1, ZERO, Money(600))
