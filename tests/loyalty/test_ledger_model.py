"""The plain model that the books are held against knows the worked examples of the rules itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.loyalty.ledger_model import CHINA, Model

START = datetime(2025, 12, 30, 9, 30, tzinfo=CHINA)


def test_the_model_knows_the_examples_of_the_rules() -> None:
    model, day = Model(), START
    model.earn(0, "a", 100, life=(0, 30), waits=False, adjust=False, now=day)
    model.earn(0, "b", 50, life=(0, 30), waits=False, adjust=False, now=day + timedelta(days=14))
    model.spend(0, "s", 80, adjust=False)
    model.pass_time(day + timedelta(days=29))
    assert model.available(0) == 70
    model.pass_time(day + timedelta(days=30))
    assert (model.available(0), model.lots["a"].expired) == (50, 20)
    model.earn(1, "c", 10, life=(1, 0), waits=False, adjust=False, now=datetime(2026, 1, 31, 3, tzinfo=UTC))
    assert model.lots["c"].ends == datetime(2026, 3, 1, tzinfo=CHINA)
