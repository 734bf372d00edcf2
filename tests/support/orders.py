"""A shop with a fake WeChat Pay, and what customers do in it: order, pay, get notices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from shopapp.kernel import clock
from shopapp.kernel.db import db, transaction
from shopapp.kernel.outbox import StoredEvent
from shopapp.store.orders import services
from shopapp.store.orders.models import Order, OrderLine
from shopapp.store.payments import exchanges
from shopapp.store.payments.models import Payment, Refund
from shopapp.store.shipping import services as shipping
from shopapp.store.shipping.queries import Parcel
from shopapp.wechat.pay import FakePay, Trade

from .catalogue import make_sku
from .pay import fake_pay, payment_notice, signed_headers
from .people import Person, make_person

NOTICE = "/wechat/pay/notice/"


@dataclass
class Store:
    """One shop; `pay` is the platform, which tells nothing unless a test lets it."""

    app: Flask
    pay: FakePay

    @classmethod
    def open(cls, app: Flask) -> Store:
        return cls(app, fake_pay(app))

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()

    def order(self, *, by: Person | None = None, of: dict[str, int] | None = None, **goods: Any) -> Order:
        """An unpaid order; without `of` (pieces by SKU id) of `pieces` of one new SKU."""
        buyer = by or make_person()
        pieces = goods.pop("pieces", 1)
        wanted = of or {make_sku(**goods).public_id: pieces}
        with transaction():
            return services.place_order(
                customer=buyer.signed_in,
                items=list(wanted.items()),
                address_id=buyer.address_id,
                remark="",
                now=clock.now(),
            )

    def start(self, order: Order, *, by: Person) -> str:
        """Get ready to pay; the number of the attempt."""
        exchanges.start_payment(no=order.no, customer=by.signed_in, now=clock.now())
        return self.attempts(order)[-1].out_trade_no

    def attempts(self, order: Order) -> list[Payment]:
        db.session.rollback()
        return list(db.session.scalars(select(Payment).filter_by(order_id=order.id).order_by(Payment.id)))

    def refunds(self, order: Order) -> list[Refund]:
        db.session.rollback()
        return list(db.session.scalars(select(Refund).filter_by(order_id=order.id).order_by(Refund.id)))

    def tell(self, body: bytes, *, kind: str = "payment", **headers: str) -> TestResponse:
        """A notice arrives."""
        return self.client.post(
            f"{NOTICE}{kind}",
            data=body,
            headers=signed_headers(body, now=clock.now(), **headers),
            content_type="application/json",
        )

    def tell_paid(self, trade: Trade, **changes: Any) -> TestResponse:
        return self.tell(payment_notice(trade, **changes))

    def paid_order(
        self, *, by: Person | None = None, of: dict[str, int] | None = None, **goods: Any
    ) -> Order:
        """An order that was paid and of which the shop was told."""
        buyer = by or make_person()
        order = self.order(by=buyer, of=of, **goods)
        number = self.start(order, by=buyer)
        assert self.tell_paid(self.pay.pay(number, at=clock.now())).status_code == 204
        return self.again(order)

    def again(self, order: Order) -> Order:
        """The order as the database has it now."""
        db.session.rollback()
        db.session.expire_all()
        return db.session.get_one(Order, order.id)


def events(name: str) -> list[dict[str, Any]]:
    """The payloads of all events of a name, the oldest first."""
    statement = select(StoredEvent.payload).filter_by(name=name).order_by(StoredEvent.id)
    return list(db.session.scalars(statement))


def count(table: type[Any]) -> int:
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def lines_of(order: Order) -> list[OrderLine]:
    return list(db.session.scalars(select(OrderLine).filter_by(order_id=order.id).order_by(OrderLine.id)))


def ship(order: Order, *, waybill: str, carrier: str = "sf", lines: dict[str, int] | None = None) -> Parcel:
    """A parcel leaves; with all that is left unless `lines` (pieces by line id) says otherwise."""
    with transaction():
        return shipping.ship(no=order.no, carrier=carrier, waybill=waybill, lines=lines, now=clock.now())
