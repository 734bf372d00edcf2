"""SIGKILL between any two steps of a purchase, in real processes: nothing is lost, nothing happens twice.

The n-th border of an act is before or after a commit, or before or after a call to the platform; each act is walked from its
first border to its last, with a new purchase every time.
"""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import requests
from sqlalchemy import select

from config import ROOT
from shopapp.events import AccountFollowed
from shopapp.kernel import clock, outbox
from shopapp.kernel.db import db, dispose_engines, transaction
from shopapp.kernel.outbox import Delivery, StoredEvent
from shopapp.members.identity.models import WeChatAccount
from shopapp.store.orders.models import OrderStatus
from shopapp.store.payments.models import RefundState
from tests.journeys import mortal
from tests.journeys.books import (
    assert_books_agree,
    assert_stock_adds_up,
    platform_rows,
    stock,
    until,
)
from tests.journeys.mortals import (
    BORDERS_MAX,
    FOREMAN,
    PIECES,
    WEB,
    Mortals,
)
from tests.support.catalogue import make_sku
from tests.support.databases import connect, postgres_server, temporary_postgres
from tests.support.servers import running_town


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def mortals(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mortals]:
    folder = tmp_path_factory.mktemp("mortals")
    if request.param == "sqlite":
        with shop_of_mortals(folder, None) as found:
            yield found
        return
    if postgres_server() is None:
        pytest.skip("no PostgreSQL server")
    with temporary_postgres("kills") as url, shop_of_mortals(folder, url) as found:
        yield found


@contextmanager
def shop_of_mortals(folder: Path, database_url: str | None) -> Iterator[Mortals]:
    orders_to_die = {mortal.WEB_ORDER: str(folder / "web-dies"), mortal.JOB_ORDER: str(folder / "job-dies")}
    with running_town(folder, database_url=database_url, SANDBOX_TICKER="off", **orders_to_die) as town:
        with town.app.app_context():
            sku = make_sku(price_fen=100, stock=PIECES).public_id
            db.session.remove()
        town.start("sandbox")
        town.start("web", WEB)
        with (folder / "jobs.log").open("w") as said:
            foreman = subprocess.Popen(
                FOREMAN,
                cwd=ROOT,
                env=town.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
            )
        try:
            until(lambda: answers(f"{town.sandbox}/control/api/state"), what="sandbox")
            until(lambda: answers(f"{town.shop}/healthz"), what="web")
            assert foreman.stdout is not None
            assert foreman.stdout.readline().strip() == "ready"
            yield Mortals(town=town, foreman=foreman, sku=sku, at_first=stock(town))
            with town.app.app_context():
                db.session.remove()
                dispose_engines()
        finally:
            assert foreman.stdin is not None
            foreman.stdin.close()
            foreman.wait(10)


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False


@pytest.fixture(autouse=True)
def add_up(mortals: Mortals) -> Iterator[None]:
    """After each walk the books of shop and platform agree, and so does the shelf."""
    yield
    assert_books_agree(mortals.town)
    assert_stock_adds_up(mortals.town, at_first=mortals.at_first)


def walk(act: Callable[[int], bool], *, least: int) -> None:
    """Let an act die at its first border, at its second and so on, until one lives; there must be at least so many."""
    for border in range(1, BORDERS_MAX):
        if act(border):
            assert border > least, f"only {border - 1} borders"
            return
    raise AssertionError(f"more than {BORDERS_MAX} borders")


def test_the_web_process_dies_in_a_purchase(mortals: Mortals) -> None:
    """Placing, getting ready to pay, hearing of the payment, telling the handlers."""

    def purchase(border: int) -> bool:
        buyer = mortals.buyer()
        mortals.tell(mortal.WEB_ORDER, border)
        buyer.buy()
        until(lambda: buyer.all_told() or not mortals.told(mortal.WEB_ORDER), what="told or dead")
        lived = mortals.told(mortal.WEB_ORDER)
        mortals.forget(mortal.WEB_ORDER)
        if not buyer.all_told():
            mortals.job("deliver-events")
        buyer.assert_bought_once()
        return lived

    walk(purchase, least=12)


def test_the_worker_dies_asking_for_a_payment(mortals: Mortals) -> None:
    def ask(border: int) -> bool:
        buyer = mortals.buyer()
        buyer.place()
        buyer.get_ready()
        mortals.town.control("faults", name="notice_lost", armed=True, times=1)
        buyer.pay()
        mortals.later(16)
        lived = mortals.job("query-payments", dies_at=border)
        mortals.later(31)
        mortals.job("query-payments")
        mortals.job("deliver-events")
        buyer.assert_bought_once()
        return lived

    walk(ask, least=6)


def test_the_worker_dies_sending_money_back(mortals: Mortals) -> None:
    """Half of the time the platform's notice of the refund is lost as well, and the job has to ask."""
    buyer = mortals.buyer()
    buyer.buy(pieces=BORDERS_MAX)
    for notice_lost in (False, True):

        def give_back(border: int, notice_lost: bool = notice_lost) -> bool:
            refund_id = buyer.take_back()
            if notice_lost:
                mortals.town.control("faults", name="notice_lost", armed=True, times=1)
            lived = mortals.job("send-refunds", dies_at=border)
            buyer.until_refunded(refund_id)
            buyer.assert_refunded_once(refund_id)
            return lived

        walk(give_back, least=5)
    buyer.assert_all_came_back()


def test_the_web_process_dies_hearing_of_a_refund(mortals: Mortals) -> None:
    buyer = mortals.buyer()
    buyer.buy(pieces=BORDERS_MAX)

    def hear(border: int) -> bool:
        refund_id = buyer.take_back()
        mortals.job("send-refunds")
        mortals.tell(mortal.WEB_ORDER, border)
        mortals.later(4)
        until(lambda: buyer.all_told() or not mortals.told(mortal.WEB_ORDER), what="told or dead")
        lived = mortals.told(mortal.WEB_ORDER)
        mortals.forget(mortal.WEB_ORDER)
        mortals.later(16)
        assert buyer.refund(refund_id).state is RefundState.DONE
        mortals.job("deliver-events")
        buyer.assert_refunded_once(refund_id)
        return lived

    walk(hear, least=3)
    buyer.assert_all_came_back()


def test_the_worker_dies_delivering_events(mortals: Mortals) -> None:
    """The process that published them died before it could; each handler acts once all the same."""

    def deliver(border: int) -> bool:
        openid = f"oKILLED{border:022d}"
        with mortals.town.app.app_context():
            with transaction():
                outbox.publish(AccountFollowed(openid=openid, scene=None, at=clock.now()))
                db.session.info.pop("published")
            lived = mortals.job("deliver-events", dies_at=border)
            mortals.job("deliver-events")
            db.session.rollback()
            accounts = db.session.scalars(select(WeChatAccount).where(WeChatAccount.openid == openid)).all()
            assert [account.following for account in accounts] == [True]
            told = db.session.scalars(select(StoredEvent).order_by(StoredEvent.id.desc()).limit(1)).one()
            turns = db.session.scalars(select(Delivery).where(Delivery.event_id == told.id)).all()
            assert len(turns) == len(outbox.registry().handlers["AccountFollowed"])
            assert all(turn.done_at is not None and turn.tries == 1 for turn in turns)
            db.session.remove()
        return lived

    walk(deliver, least=4)


def test_all_web_processes_die_while_wechat_pay_is_asked(mortals: Mortals) -> None:
    """Master and workers at once, with the call under way; the platform does its part without them."""
    buyer = mortals.buyer()
    buyer.place()
    mortals.town.control("faults", name="pay_slow", armed=True, times=1)
    with ThreadPoolExecutor(1) as pool:
        ready = pool.submit(buyer.get_ready)
        until(lambda: not armed(mortals, "pay_slow"), what="the platform was asked")
        mortals.web_again()
        ready.result()
    buyer.pay()
    buyer.hear()
    mortals.job("deliver-events")
    buyer.assert_bought_once()


def test_all_web_processes_die_in_the_middle_of_a_notice(mortals: Mortals) -> None:
    """The order's row is held by somebody else, so the notice waits inside its transaction when the end comes."""
    buyer = mortals.buyer()
    buyer.place()
    buyer.get_ready()
    buyer.pay()
    with ThreadPoolExecutor(1) as pool, held_back(mortals, buyer.no) as waits:
        notice = pool.submit(mortals.town.control, "tick")
        until(lambda: waits() or notice.done(), what="the notice waits")
        assert not notice.done()
        mortals.town.processes["web"].kill()
        notice.result()
    assert buyer.status() is OrderStatus.UNPAID
    mortals.town.start("web", WEB)
    until(lambda: answers(f"{mortals.town.shop}/healthz"), what="web")
    buyer.hear()
    mortals.job("deliver-events")
    buyer.assert_bought_once()


def test_the_worker_itself_dies_while_money_goes_back(mortals: Mortals) -> None:
    """The real worker, killed inside a claimed run of its schedule; the next one goes on without waiting for that."""
    buyer = mortals.buyer()
    buyer.buy(pieces=2)
    mortals.town.control("faults", name="pay_slow", armed=True, times=1)
    refund_id = buyer.take_back()
    try:
        mortals.town.start("worker")
        until(lambda: not armed(mortals, "pay_slow"), what="the platform was asked")
        mortals.town.processes["worker"].kill()
        mortals.town.start("worker")

        def look() -> bool:
            mortals.later(10)
            return buyer.refund(refund_id).state is RefundState.DONE

        until(look, what="refunded")
        until(buyer.all_told, what="told")
    finally:
        mortals.town.processes.pop("worker").stop()
    buyer.assert_refunded_once(refund_id)
    buyer.assert_all_came_back()


def test_the_worker_dies_closing_orders(mortals: Mortals) -> None:
    """The platform is asked before goods are given away; of these orders the later ones were paid, without a notice."""
    unpaid, paid = [mortals.buyer() for _ in range(4)], [mortals.buyer() for _ in range(4)]
    for buyer in (*unpaid, *paid):
        buyer.place()
        buyer.get_ready()
    for buyer in paid:
        mortals.town.control("faults", name="notice_lost", armed=True, times=1)
        buyer.pay()
    mortals.later(31 * 60)
    for group in (unpaid, paid):
        borders = 0
        while any(buyer.status() is OrderStatus.UNPAID for buyer in group):
            borders += 1
            assert borders < BORDERS_MAX
            mortals.job("close-unpaid-orders", dies_at=borders)
        assert borders > 6
    mortals.job("deliver-events")
    for buyer in unpaid:
        assert buyer.status() is OrderStatus.CANCELLED
        assert (buyer.told_of("OrderCancelled"), buyer.told_of("OrderPaid")) == (1, 0)
        (trade,) = platform_rows(mortals.town, "SELECT * FROM pay_orders WHERE openid = ?", buyer.openid)
        assert trade["state"] == "CLOSED"
    for buyer in paid:
        assert buyer.status() is OrderStatus.PAID
        assert buyer.told_of("OrderCancelled") == 0
        buyer.assert_bought_once()


def armed(mortals: Mortals, name: str) -> bool:
    known = requests.get(f"{mortals.town.sandbox}/control/api/state", timeout=30).json()["faults"]
    return any(fault["armed"] for fault in known if fault["name"] == name)


@contextmanager
def held_back(mortals: Mortals, no: str) -> Iterator[Callable[[], bool]]:
    """Keep the order from everybody else; gives a look at whether somebody waits for it."""
    url = mortals.town.environment["DATABASE_URL"]
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield lambda: sending(mortals)
        return
    with connect(url) as holder, connect(url) as watcher, holder.transaction():
        holder.execute("SELECT 1 FROM orders WHERE no = %s FOR UPDATE", (no,))
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

        def waits() -> bool:
            row = watcher.execute(waiting).fetchone()
            return row is not None and row[0] > 0

        yield waits


def sending(mortals: Mortals) -> bool:
    return bool(platform_rows(mortals.town, "SELECT 1 FROM deliveries WHERE state = 'sending'"))
