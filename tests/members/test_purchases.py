"""One history of purchases: it says what the orders say, after any sequence of what can happen to them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from shopapp.kernel import clock, outbox
from shopapp.kernel.access import Role
from shopapp.kernel.db import db, rows_changed, transaction
from shopapp.kernel.money import Money
from shopapp.loyalty.ledger.models import Unit
from shopapp.loyalty.ledger.writing import purse
from shopapp.members.purchases import jobs, personal, queries, rules, services
from shopapp.members.purchases.models import Purchase
from shopapp.members.purchases.rules import Bought, Thing
from shopapp.store.aftersales import services as aftersales
from shopapp.store.orders import services as orders
from shopapp.store.orders.models import Order
from shopapp.store.pricing.queries import Asked
from tests.support.catalogue import make_sku
from tests.support.ledger import earn
from tests.support.members import make_member
from tests.support.orders import Store, count, lines_of
from tests.support.people import make_person
from tests.support.staff import desk

Row = tuple[str, int, str, int, int, int]


def history() -> list[Row]:
    """(order, line, title, pieces, paid, refunded) of everything that is kept."""
    db.session.rollback()
    columns = (Purchase.order_ref, Purchase.line_no, Purchase.title, Purchase.quantity)
    statement = select(*columns, Purchase.paid, Purchase.refunded).order_by(*columns[:2])
    return [(*row[:4], row.paid.fen, row.refunded.fen) for row in db.session.execute(statement)]


def rebuilt() -> list[Row]:
    """The history after everything was walked again from the first order."""
    with transaction():
        services.walk_anew()
    jobs.rebuild_facts(clock.now())
    return history()


def told() -> None:
    outbox.deliver_due(now=clock.now())


def sums(ref: str) -> tuple[int, int]:
    found = [(row[4], row[5]) for row in history() if row[0] == ref]
    return sum(paid for paid, _back in found), sum(back for _paid, back in found)


def refund(order: Order, line: int, pieces: int, *, fen: int | None = None) -> None:
    with transaction():
        aftersales.refund_lines(
            no=order.no,
            lines={lines_of(order)[line].public_id: pieces},
            amount=Money(fen) if fen else None,
            reason="七天无理由",
            now=clock.now(),
        )


def test_own_orders_enter_when_paid_and_follow_every_refund(app: Flask) -> None:
    store, person = Store.open(app), make_person()
    tea, cup = make_sku(price_fen=3333), make_sku(price_fen=1000)
    store.order(by=person)
    told()
    assert history() == [], "nothing was paid"
    order = store.paid_order(by=person, of={tea.public_id: 3, cup.public_id: 1})
    told()
    ref = f"own:{order.no}"
    kept = db.session.scalars(select(Purchase).where(Purchase.order_ref == ref)).all()
    assert {row.product_id for row in kept} == {tea.product_id, cup.product_id}
    assert [row.customer_id for row in kept] == [person.id] * 2
    assert sums(ref) == (order.paid.fen, 0)
    for line, pieces, fen in ((0, 1, None), (1, 1, 999), (0, 2, None)):
        refund(order, line, pieces, fen=fen)
        now = store.again(order)
        assert sums(ref) == (now.paid.fen, now.refunded.fen)
    assert rebuilt() == history()
    assert len(history()) == 2, "a refund takes no purchase out of the history"


def test_what_the_wallet_paid_counts_and_its_refund_is_seen_at_once(app: Flask) -> None:
    """Nothing goes through WeChat Pay, so no notice tells of either."""
    person, sku = make_member(), make_sku(price_fen=2000)
    earn(purse(customer_id=person.id, unit=Unit.PRINCIPAL), 9000, key="fill", subject="test")
    with transaction():
        order = orders.place_order(
            customer=person.signed_in,
            items=[(sku.public_id, 2)],
            address_id=person.address_id,
            remark="",
            asked=Asked(wallet=Money(9000)),
            now=clock.now(),
        )
    told()
    assert order.total.fen == 0
    assert sums(f"own:{order.no}") == (order.wallet.fen, 0)
    refund(order, 0, 1)
    again = db.session.get_one(Order, order.id, populate_existing=True)
    assert sums(f"own:{order.no}") == (again.wallet.fen, again.wallet_refunded.fen)
    assert again.wallet_refunded.fen > 0


def test_a_shop_that_had_orders_before_gets_its_history_by_walking(app: Flask) -> None:
    store, person = Store.open(app), make_person()
    ordered = [store.paid_order(by=person) for _ in range(3)]
    told()
    whole = history()
    with transaction():
        rows_changed(delete(Purchase))
        rows_changed(update(Order).where(Order.id == ordered[0].id).values(refunded=1, paid=Order.paid))
    jobs.rebuild_facts(clock.now())
    assert [row[:5] for row in history()] == [row[:5] for row in whole]
    assert sums(f"own:{ordered[0].no}")[1] == 1
    assert jobs.rebuild_facts(clock.now()) == 0


money = st.integers(0, 10**7)
things = st.lists(
    st.builds(
        Thing,
        title=st.just("茶"),
        quantity=st.integers(1, 9),
        paid=st.none() | st.builds(Money, money),
        refunded=st.none() | st.builds(Money, money),
    ),
    min_size=1,
    max_size=6,
)


@given(paid=money, refunded=money, bought=things)
def test_the_lines_of_an_order_always_add_up_to_it(paid: int, refunded: int, bought: list[Thing]) -> None:
    order = Bought(
        ref="market:1",
        source="jd",
        order_no="1",
        customer_id=1,
        purchased_at=datetime(2026, 11, 1, tzinfo=UTC),
        paid=Money(paid),
        refunded=Money(refunded),
        things=bought,
    )
    parts = rules.shares(order)
    assert sum(part.fen for part, _back in parts) == paid
    assert sum(part.fen - back.fen for part, back in parts) == max(paid - refunded, 0)
    assert all(0 <= back.fen <= part.fen for part, back in parts)


def elsewhere(person_id: int, **wanted: Any) -> Bought:
    """A paid order of a marketplace."""
    values: dict[str, Any] = {
        "ref": "market:1",
        "source": "jd",
        "order_no": "100000000001",
        "purchased_at": clock.now(),
        "paid": Money(500),
        "refunded": Money(0),
        "things": [Thing(title="茶杯")],
    }
    return Bought(customer_id=person_id, **{**values, **wanted})


def test_forgotten_is_what_was_bought_elsewhere(app: Flask) -> None:
    store, person = Store.open(app), make_person()
    store.paid_order(by=person)
    told()
    with transaction():
        services.record(orders=[elsewhere(person.id)])
    assert [one["source"] for one in personal.export(person.id)] == ["own", "jd"]
    assert personal.binds([person.id, 10**6]) == {person.id}
    with transaction():
        personal.erase(person.id, clock.now())
        personal.erase(person.id, clock.now())
    assert [total.source for total in queries.totals(customer_id=person.id)] == ["own"]
    assert count(Purchase) == 1


def test_the_desk_sees_all_of_a_customer_on_one_tab(app: Flask) -> None:
    store, person, client = Store.open(app), make_person(), desk(app, Role.SERVICE)
    address = f"/admin/customers/{person.signed_in.public_id}?tab=purchases"
    assert "TA 还没有买过东西" in client.get(address).text
    order = store.paid_order(by=person, of={make_sku(price_fen=4000, title="婴儿湿巾").public_id: 1})
    told()
    with transaction():
        services.record(orders=[elsewhere(person.id, shop="旗舰店", refunded=Money(200))])
    whole, one = client.get(address).text, client.get(f"{address}&source=jd").text
    assert order.no in whole
    assert "婴儿湿巾" in whole
    assert f"¥{order.paid + Money(300)}" in whole, "net of both"
    assert "旗舰店" in one
    assert "¥3.00" in one
    assert "婴儿湿巾" not in one.split("<table", 1)[1]
    assert desk(app, Role.WAREHOUSE).get(address).status_code == 403
