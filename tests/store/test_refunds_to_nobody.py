"""Who was forgotten has nothing more of what comes back from their orders, but for the money they paid in."""

from __future__ import annotations

import pytest
from flask import Flask

from shopapp.kernel import outbox
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import Gone
from shopapp.kernel.money import Money
from shopapp.loyalty.adjustments.services import propose
from shopapp.loyalty.ledger import jobs as ledger_jobs
from shopapp.loyalty.ledger.models import Unit
from shopapp.members.rights import services as rights
from shopapp.store.orders.jobs import close_returns
from shopapp.store.pricing.queries import Asked
from tests.store.test_rewards import gave, has, place, received, refund
from tests.support.catalogue import make_sku
from tests.support.clocks import ShopClock
from tests.support.ledger import assert_books_hold
from tests.support.members import make_member
from tests.support.orders import Store


def test_what_comes_back_after_an_erasure_ends_but_for_principal_that_the_shop_pays_out(
    app: Flask, clock: ShopClock
) -> None:
    store, anna = Store.open(app), make_member()
    public_id = anna.signed_in.public_id
    for unit, amount in ((Unit.PRINCIPAL, 300), (Unit.GIFT, 200), (Unit.POINTS, 100)):
        gave(anna, unit, amount)
    asked = Asked(points=100, wallet=Money(500))
    order = place(anna, make_sku(price_fen=3000), asked=asked)
    number = store.start(order, by=anna)
    assert store.tell_paid(store.pay.pay(number, at=clock.now())).status_code == 204
    outbox.deliver_due(now=clock.now())
    received(store.again(order), by=anna)
    with pytest.raises(rights.StillNeeded) as still, transaction():
        rights.erase(customer_id=anna.id, public_id=public_id, now=clock.now())
    assert "有订单还在售后期里，到 " in still.value.message
    clock.forward(days=8)
    assert close_returns(clock.now()) == 1
    ledger_jobs.activate_points(clock.now())
    outbox.deliver_due(now=clock.now())
    with transaction():
        rights.erase(customer_id=anna.id, public_id=public_id, now=clock.now())
    refund(store.again(order), {0: 1})
    outbox.deliver_due(now=clock.now())
    for unit in (Unit.POINTS, Unit.GIFT):
        assert (has(anna, unit).active, has(anna, unit).debt) == (0, 0)
    left = has(anna, Unit.PRINCIPAL).active
    assert 0 < left <= 300

    def change(amount: int, *, paid_out: bool) -> None:
        with transaction():
            propose(
                customer=public_id,
                unit=Unit.PRINCIPAL,
                amount=amount,
                reason="微信转账",
                paid_out=paid_out,
                now=clock.now(),
            )

    for amount, paid_out in ((left, True), (-left, False)):
        with pytest.raises(Gone):
            change(amount, paid_out=paid_out)
    change(-left, paid_out=True)
    assert has(anna, Unit.PRINCIPAL).active == 0
    assert_books_hold()
