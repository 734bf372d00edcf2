"""Events happen once for each handler, whatever fails in between."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from shopapp.kernel import outbox
from shopapp.kernel.db import db, transaction
from shopapp.kernel.limits import RateCount
from shopapp.kernel.outbox import Delivery, StoredEvent
from tests.support.clocks import ShopClock


@dataclass(frozen=True, kw_only=True)
class KettleBoiled:
    kettle_id: int
    at: datetime


class Kitchen:
    """Two handlers; the second can be told to fail."""

    def __init__(self) -> None:
        self.poured: list[KettleBoiled] = []
        self.fail_times = 0

    def pour(self, event: KettleBoiled) -> None:
        self.poured.append(event)

    def note(self, event: KettleBoiled) -> None:
        db.session.add(RateCount(key=f"boiled-{event.kettle_id}", window_start=event.at, count=1))
        db.session.flush()
        if self.fail_times:
            self.fail_times -= 1
            raise RuntimeError("the pen is empty")


@pytest.fixture
def kitchen(app: Flask) -> Iterator[Kitchen]:
    kitchen, before = Kitchen(), app.extensions["outbox"]
    registry = outbox.Registry()
    registry.add(KettleBoiled, kitchen.pour)
    registry.add(KettleBoiled, kitchen.note)
    app.extensions["outbox"] = registry
    yield kitchen
    app.extensions["outbox"] = before


def notes() -> int:
    return db.session.scalar(select(func.count()).select_from(RateCount)) or 0


def test_every_handler_gets_the_event_after_the_commit_and_once(kitchen: Kitchen, clock: ShopClock) -> None:
    event = KettleBoiled(kettle_id=7, at=clock.now())
    with transaction():
        outbox.publish(event)
        assert kitchen.poured == []
    assert kitchen.poured == [event]
    assert outbox.deliver_due(now=clock.forward(hours=1)) == 0
    assert (kitchen.poured, notes()) == ([event], 1)


def test_an_event_of_a_failed_transaction_never_happened(kitchen: Kitchen, clock: ShopClock) -> None:
    def boil_and_fail() -> None:
        with transaction():
            outbox.publish(KettleBoiled(kettle_id=1, at=clock.now()))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        boil_and_fail()
    assert outbox.deliver_due(now=clock.forward(hours=1)) == 0
    assert (kitchen.poured, db.session.scalar(select(func.count()).select_from(StoredEvent))) == ([], 0)


def test_a_failing_handler_leaves_nothing_and_is_tried_again_alone(
    kitchen: Kitchen, clock: ShopClock
) -> None:
    kitchen.fail_times = 1
    with transaction():
        outbox.publish(KettleBoiled(kettle_id=7, at=clock.now()))
    assert (len(kitchen.poured), notes()) == (1, 0)
    assert outbox.deliver_due(now=clock.now()) == 0
    assert outbox.deliver_due(now=clock.forward(seconds=6)) == 1
    assert (len(kitchen.poured), notes()) == (1, 1)


def test_after_twelve_failures_it_waits_for_somebody(kitchen: Kitchen, clock: ShopClock) -> None:
    kitchen.fail_times = 100
    with transaction():
        outbox.publish(KettleBoiled(kettle_id=7, at=clock.now()))
    for _ in range(20):
        outbox.deliver_due(now=clock.forward(hours=2))
    row = db.session.scalars(select(Delivery).where(Delivery.given_up)).one()
    assert (row.tries, row.error) == (12, "RuntimeError: the pen is empty")
    kitchen.fail_times = 0
    with transaction():
        outbox.try_again(delivery_id=row.id, now=clock.now())
    assert outbox.deliver_due(now=clock.now()) == 1
    assert notes() == 1


def test_deliverers_that_race_run_each_handler_once(app: Flask, kitchen: Kitchen, clock: ShopClock) -> None:
    outbox_after_commit = []
    with transaction():
        outbox.publish(KettleBoiled(kettle_id=7, at=clock.now()))
        outbox_after_commit += db.session.info.pop("published")
    assert kitchen.poured == []
    gate = threading.Barrier(8)

    def deliver() -> None:
        with app.app_context():
            gate.wait()
            outbox.deliver(turns=outbox_after_commit)

    threads = [threading.Thread(target=deliver) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(kitchen.poured), notes()) == (1, 1)


def test_publishing_outside_of_a_transaction_is_refused(kitchen: Kitchen, clock: ShopClock) -> None:
    with pytest.raises(RuntimeError):
        outbox.publish(KettleBoiled(kettle_id=1, at=clock.now() + timedelta()))
    assert kitchen.poured == []
