"""Members with wallets: plans, top-ups that are paid, principal that goes back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update

from shopapp.kernel import clock, outbox
from shopapp.kernel.db import db, transaction
from shopapp.kernel.ids import new_id
from shopapp.kernel.money import Money
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.ledger import services as books
from shopapp.loyalty.ledger.writing import purse
from shopapp.loyalty.wallet import queries as wallet
from shopapp.loyalty.wallet import services as plans
from shopapp.loyalty.wallet.models import TopUpPlan
from shopapp.loyalty.wallet.queries import WalletBalance
from shopapp.loyalty.wallet.rules import FreeAmount, PlanContent
from shopapp.members.identity.models import Customer
from shopapp.members.identity.queries import by_session
from shopapp.store.orders.models import Order
from shopapp.store.payments import jobs as payment_jobs
from shopapp.store.topups import services as topups
from shopapp.store.topups.models import PrincipalRefund

from .members import make_member
from .orders import Store
from .people import Person, make_person


def make_saver(*, registered: bool = False, openid: str | None = None) -> Person:
    """A member; with a verified phone if `registered`, and known to WeChat as `openid` if that matters."""
    person = make_member(make_person(openid=openid) if openid else None)
    if registered:
        with transaction():
            db.session.execute(update(Customer).filter_by(id=person.id).values(phone="19900001234"))
    signed_in = by_session(token=person.token, now=clock.now())
    assert signed_in is not None
    return Person(signed_in=signed_in, token=person.token, address_id=person.address_id)


def make_plan(
    pay: int = 10_000,
    gift: int = 1_000,
    *,
    life: str = "P12M",
    active: bool = True,
    per_person: int | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> TopUpPlan:
    """A plan, amounts in fen."""
    content = PlanContent(
        pay=Money(pay),
        gift=Money(gift),
        life=life,
        active=active,
        position=0,
        per_person=per_person,
        starts_at=starts_at,
        ends_at=ends_at,
    )
    with transaction():
        return plans.save_plan(row=None, content=content, now=clock.now())


def open_free_amounts(least: int = 100, most: int = 500_000) -> None:
    with transaction():
        plans.set_free_amount(free=FreeAmount(least=Money(least), most=Money(most)))


def order_top_up(
    by: Person, *, plan: TopUpPlan | None = None, amount: int | None = None, key: str | None = None
) -> Order:
    """An unpaid top-up."""
    with transaction():
        order_id = topups.place(
            customer=by.signed_in,
            plan_id=None if plan is None else plan.public_id,
            amount=None if amount is None else Money(amount),
            key=key or new_id(),
            now=clock.now(),
        )
    return again(order_id)


def pay_top_up(store: Store, order: Order, *, by: Person) -> Order:
    """It is paid, and the shop is told."""
    number = store.start(order, by=by)
    assert store.tell_paid(store.pay.pay(number, at=clock.now())).status_code == 204
    deliver()
    return again(order.id)


def deliver() -> None:
    """What happened reaches its handlers."""
    db.session.rollback()
    outbox.deliver_due(now=clock.now())
    db.session.rollback()


def topped_up(store: Store, by: Person, *, plan: TopUpPlan | None = None, amount: int | None = None) -> Order:
    return pay_top_up(store, order_top_up(by, plan=plan, amount=amount), by=by)


def refund(
    by: Person, amount: int | None = None, *, key: str | None = None, reason: str = ""
) -> PrincipalRefund:
    with transaction():
        return topups.refund_principal(
            customer_id=by.id,
            amount=None if amount is None else Money(amount),
            reason=reason,
            key=key or new_id(),
            now=clock.now(),
        )


def send_refunds() -> None:
    db.session.rollback()
    payment_jobs.send_refunds(clock.now())
    deliver()
    db.session.expire_all()


def spend(by: Person, unit: Unit, amount: int) -> str:
    """Spend as a paid order would; the key of it."""
    key = f"test:{new_id()}"
    with transaction():
        books.spend(
            purse=purse(customer_id=by.id, unit=unit),
            amount=amount,
            key=key,
            subject="order:1",
            now=clock.now(),
        )
    return key


def wallet_of(person: Person) -> WalletBalance:
    db.session.rollback()
    return wallet.balance(customer_id=person.id, now=clock.now())


def principal_and_gift(person: Person) -> tuple[int, int]:
    own = wallet_of(person)
    return own.principal.fen, own.gift.fen


def again(order_id: int) -> Order:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Order, order_id)
