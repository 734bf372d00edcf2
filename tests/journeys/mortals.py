"""Processes of the shop that can be killed at a chosen border, and a customer who buys there."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import select

from shopapp.kernel import clock
from shopapp.kernel.db import db, transaction
from shopapp.kernel.outbox import Delivery, StoredEvent
from shopapp.store.aftersales import services as aftersales
from shopapp.store.orders import queries as orders
from shopapp.store.orders.models import Order, OrderStatus
from shopapp.store.payments.models import Refund, RefundState
from shopapp.wechat.models import OutgoingMessage
from tests.journeys import mortal
from tests.journeys.books import (
    assert_paid_once,
    platform_rows,
    until,
)
from tests.support.people import Person, make_person
from tests.support.servers import Town

WEB = [sys.executable, "-m", "gunicorn", "-c", "tests/journeys/mortal_gunicorn.py", "wsgi:app"]
FOREMAN = [sys.executable, "-m", "tests.journeys.mortal"]
BORDERS_MAX = 60
PIECES = 500
PURSE_FEN = 100_000_000
GATEWAY = (502, 503, 504)
_keys = count(1)


@dataclass
class Mortals:
    """A shop whose web processes and jobs die when told to."""

    town: Town
    foreman: subprocess.Popen[str]
    sku: str
    at_first: dict[int, int] = field(default_factory=dict)

    def tell(self, order: str, border: int) -> None:
        Path(self.town.environment[order]).write_text(str(border))

    def told(self, order: str) -> bool:
        """Whether somebody is still to die."""
        return Path(self.town.environment[order]).exists()

    def forget(self, order: str) -> None:
        Path(self.town.environment[order]).unlink(missing_ok=True)

    def job(self, name: str, *, dies_at: int = 0) -> bool:
        """Run a job; whether it lived to its end."""
        if dies_at:
            self.tell(mortal.JOB_ORDER, dies_at)
        assert self.foreman.stdin is not None
        assert self.foreman.stdout is not None
        self.foreman.stdin.write(f"{name}\n")
        self.foreman.stdin.flush()
        ended = self.foreman.stdout.readline().strip()
        assert ended in ("done", "killed"), (self.town.folder / "jobs.log").read_text()[-3000:]
        self.forget(mortal.JOB_ORDER)
        return ended == "done"

    def later(self, seconds: float) -> None:
        self.town.control("clock", add=seconds)
        self.town.control("tick")

    def buyer(self) -> Buyer:
        made = requests.post(
            f"{self.town.sandbox}/control/api/users",
            json={"nickname": "小满", "balance_fen": PURSE_FEN},
            timeout=30,
        ).json()
        with self.town.app.app_context():
            person = make_person(openid=made["openid"])
            db.session.remove()
        return Buyer(mortals=self, openid=made["openid"], person=person)

    def web_again(self) -> None:
        self.town.processes["web"].kill()
        self.town.start("web", WEB)


@dataclass
class Buyer:
    """A customer whose page asks again with the same key when no answer comes."""

    mortals: Mortals
    openid: str
    person: Person
    no: str = ""
    jsapi: dict[str, str] = field(default_factory=dict)

    def ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {**self.person.headers, "Idempotency-Key": f"kill-{next(_keys)}"}

        def look() -> requests.Response | None:
            try:
                answer = requests.post(
                    f"{self.mortals.town.shop}/api/v1{path}", json=body, headers=headers, timeout=15
                )
            except requests.ConnectionError:
                return None
            return None if answer.status_code in GATEWAY else answer

        answer = until(lambda: [found] if (found := look()) is not None else None, what=path)[0]
        assert answer.status_code in (200, 201), answer.text
        found: dict[str, Any] = answer.json()
        return found

    def place(self, *, pieces: int = 1) -> None:
        items = [{"sku_id": self.mortals.sku, "quantity": pieces}]
        self.no = self.ask("/orders", {"items": items, "address_id": self.person.address_id})["no"]

    def get_ready(self) -> None:
        self.jsapi = self.ask(f"/orders/{self.no}/payment", {})["jsapi"]

    def pay(self) -> None:
        answer = requests.post(
            f"{self.mortals.town.sandbox}/cashier/pay",
            json={"params": self.jsapi, "password": "135790"},
            cookies={"sandbox_user": self.openid},
            timeout=30,
        )
        assert answer.json()["outcome"] == "ok", answer.text

    def buy(self, *, pieces: int = 1) -> None:
        self.place(pieces=pieces)
        self.get_ready()
        self.pay()
        self.hear()

    def hear(self) -> None:
        """Let the platform tell of the payment until somebody listens."""
        self.mortals.town.control("tick")

        def look() -> bool:
            paid = self.status() is OrderStatus.PAID
            if not paid:
                self.mortals.later(16)
            return paid

        until(look, what="paid")

    def _order(self) -> Order:
        db.session.rollback()
        found = orders.order_by_no(no=self.no)
        assert found is not None
        return found

    def status(self) -> OrderStatus:
        with self.mortals.town.app.app_context():
            found = self._order().status
            db.session.remove()
            return found

    def all_told(self) -> bool:
        """Whether every handler had its turn with everything that has happened."""
        with self.mortals.town.app.app_context():
            db.session.rollback()
            waiting = db.session.scalar(select(Delivery.id).where(Delivery.done_at.is_(None)))
            db.session.remove()
            return waiting is None

    def take_back(self) -> int:
        """Staff refund one piece; the refund's row id."""
        with self.mortals.town.app.app_context():
            (line,) = self._order().lines
            with transaction():
                refund_id = aftersales.refund_lines(
                    no=self.no, lines={line.public_id: 1}, amount=None, reason="", now=clock.now()
                )
            db.session.remove()
        assert refund_id is not None
        return refund_id

    def refund(self, refund_id: int) -> Refund:
        with self.mortals.town.app.app_context():
            db.session.rollback()
            found = db.session.get_one(Refund, refund_id)
            db.session.remove()
            return found

    def until_refunded(self, refund_id: int) -> None:
        def look() -> bool:
            if self.refund(refund_id).state is RefundState.DONE:
                return True
            self.mortals.job("send-refunds")
            self.mortals.later(31)
            return False

        until(look, what="refunded")

    def told_of(self, name: str) -> int:
        """How many events of this name there are about the order."""
        with self.mortals.town.app.app_context():
            order_id = self._order().id
            told = db.session.scalars(select(StoredEvent).where(StoredEvent.name == name)).all()
            db.session.remove()
            return sum(event.payload["order_id"] == order_id for event in told)

    def assert_refunded_once(self, refund_id: int) -> None:
        refund = self.refund(refund_id)
        (taken,) = platform_rows(
            self.mortals.town, "SELECT * FROM pay_refunds WHERE out_refund_no = ?", refund.out_refund_no
        )
        assert (taken["state"], taken["refund"]) == ("SUCCESS", refund.amount.fen)
        with self.mortals.town.app.app_context():
            told = db.session.scalars(select(StoredEvent).where(StoredEvent.name == "OrderRefunded")).all()
            db.session.remove()
        assert sum(event.payload["refund_id"] == refund_id for event in told) == 1

    def assert_all_came_back(self) -> None:
        """The purse holds what it held, but for what the order still costs; the platform gave back no more."""
        with self.mortals.town.app.app_context():
            order = self._order()
            costs, refunded = order.total.fen - order.refunded.fen, order.refunded.fen
            db.session.remove()
        (purse,) = platform_rows(self.mortals.town, "SELECT * FROM people WHERE openid = ?", self.openid)
        assert purse["balance_fen"] == PURSE_FEN - costs
        given = platform_rows(
            self.mortals.town,
            "SELECT SUM(refund) AS fen FROM pay_refunds JOIN pay_orders USING (out_trade_no) WHERE openid = ?",
            self.openid,
        )
        assert given == [{"fen": refunded}]

    def assert_bought_once(self) -> None:
        town = self.mortals.town
        assert_paid_once(town, no=self.no)
        assert len(platform_rows(town, "SELECT * FROM pay_orders WHERE openid = ?", self.openid)) == 1
        with town.app.app_context():
            order = self._order()
            assert sum(orders.counts(customer_id=order.customer_id).values()) == 1
            told = db.session.scalars(select(OutgoingMessage).filter_by(openid=self.openid)).all()
            assert [message.topic for message in told] == ["order_paid"]
            db.session.remove()
