"""The marketplace side of the demo shop: what each screen says follows from the rows, and nothing is left to be done."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select

from shopapp.admin.demo import drawing, loader
from shopapp.admin.demo.people import people
from shopapp.kernel import clock, jobs
from shopapp.kernel.db import db, transaction
from shopapp.kernel.money import Money
from shopapp.loyalty.cashback import growth, queries, rules
from shopapp.loyalty.cashback.models import CashbackCampaign, CashbackClaim
from shopapp.loyalty.cashback.states import COUNTED, RESERVED, ClaimStatus
from shopapp.loyalty.wallet import queries as wallet
from shopapp.members.flyers.models import FlyerBatch, FlyerStatus
from shopapp.members.imports.models import MarketplaceImport
from shopapp.members.marketplace.models import MarketplaceLine, MarketplaceOrder
from shopapp.members.marketplace.numbers import understood
from shopapp.members.marketplace.rules import Line, Status, Told, settle
from shopapp.members.merging import pairs
from shopapp.members.purchases import services as purchases
from shopapp.members.purchases.models import Purchase
from shopapp.outreach.reports.funnel import STEPS, Step
from shopapp.outreach.reports.queries import By, channel_funnel
from shopapp.store.catalogue.media import PreparedPicture
from tests.conftest import empty_database

from .test_demo_load import PEOPLE, ask, fill, one


@pytest.fixture
def shop(app: Flask) -> Flask:
    """A filled shop."""
    fill(until=clock.now())
    return app


def test_everything_agrees(shop: Flask) -> None:
    imports_agree_with_their_rows()
    orders_follow_from_what_was_told()
    budgets_are_those_of_the_claims()
    claims_hold_what_their_states_say()
    the_funnel_falls()
    there_is_something_to_look_at()
    nothing_is_left_to_be_done()


def imports_agree_with_their_rows() -> None:
    files = db.session.scalars(select(MarketplaceImport)).all()
    assert len({file.platform for file in files}) == 5
    counted = 0
    for file in files:
        orders = db.session.scalars(
            select(MarketplaceOrder).filter_by(platform=file.platform, created_at=file.started_at)
        ).all()
        counted += len(orders)
        told = file.result
        ids = [order.id for order in orders]
        lines = db.session.scalars(select(MarketplaceLine.id).where(MarketplaceLine.order_id.in_(ids))).all()
        assert (told["orders"], told["inserted"], told["lines"]) == (len(ids), len(ids), len(lines))
        assert told["buyers"] == len({order.buyer_id for order in orders})
        assert told["paid_orders"] == sum(order.paid_at is not None for order in orders)
        assert told["gross_fen"] == sum(order.paid_fen for order in orders)
        assert told["refunded_fen"] == sum(order.refunded_fen for order in orders)
        assert told["net_fen"] == sum(order.paid_fen - order.refunded_fen for order in orders)
        assert told["rejected_count"] == len(told["rejected"])
        assert file.cleared_at is not None
    assert counted == one("SELECT count(*) FROM marketplace_orders") > PEOPLE


def orders_follow_from_what_was_told() -> None:
    lines: dict[int, dict[str, Line]] = {}
    for line in db.session.scalars(select(MarketplaceLine)):
        lines.setdefault(line.order_id, {})[line.key] = Line(
            title=line.title,
            sku=line.sku,
            quantity=line.quantity,
            numbered=line.numbered,
            status=line.status,
            paid=line.paid_fen,
            refunded=line.refunded_fen,
        )
    statuses = set()
    for order in db.session.scalars(select(MarketplaceOrder)):
        told = Told(
            order.order_no,
            order.stated_status,
            paid_at=order.paid_at,
            paid=order.stated_paid_fen,
            refunded=order.stated_refunded_fen,
            lines=lines[order.id],
        )
        assert settle(told) == (order.status, order.paid_fen, order.refunded_fen)
        assert [number for _platform, number in understood(order.order_no)] == [order.order_no]
        statuses.add(order.status)
    assert {Status.SHIPPED, Status.DONE, Status.CLOSED} <= statuses


def budgets_are_those_of_the_claims() -> None:
    campaigns = db.session.scalars(select(CashbackCampaign)).all()
    assert len(campaigns) == 2
    assert len(queries.running(now=clock.now())) == 1
    for campaign in campaigns:
        claims = db.session.scalars(select(CashbackClaim).filter_by(campaign_id=campaign.id)).all()
        assert campaign.reserved == Money.total(claim.due for claim in claims if claim.status in RESERVED)
        assert campaign.paid == Money.total(claim.paid_amount for claim in claims if claim.paid_amount)
        assert campaign.paid
        for claim in claims:
            order = db.session.get_one(MarketplaceOrder, claim.order_id)
            terms = queries.amount_of(campaign)
            assert claim.amount == rules.award(terms, base=Money(order.paid_fen), seed="", claim="")


def claims_hold_what_their_states_say() -> None:
    claims = db.session.scalars(select(CashbackClaim)).all()
    found = {claim.status for claim in claims}
    assert {ClaimStatus.PAID, ClaimStatus.ON_HOLD, ClaimStatus.REJECTED, ClaimStatus.NOT_FOUND} <= found
    assert [claim.signs for claim in claims if claim.review] == [["buyer"]]
    for claim in claims:
        counts, waits = claim.status in COUNTED, claim.ended_at is None
        assert (claim.number_key != claim.public_id) == (counts or waits)
        assert (claim.taken_key is not None) == counts == (claim.order_id is not None)
        order = db.session.get(MarketplaceOrder, claim.order_id or 0)
        assert order is None or order.customer_id == claim.customer_id
        if claim.status is ClaimStatus.PAID:
            key = f"claim:{claim.public_id}"
            assert (
                one("SELECT earned FROM ledger_lots WHERE award = :key", key=key)
                == (claim.paid_amount or Money(0)).fen
            )
            assert wallet.balance(customer_id=claim.customer_id, now=clock.now()).gift >= (
                claim.paid_amount or Money(0)
            )
    bound = {claim.customer_id for claim in claims if claim.order_id is not None}
    members = one("SELECT count(*) FROM customers WHERE member_since IS NOT NULL")
    assert 0.2 < len(bound) / members < 0.5


def the_funnel_falls() -> None:
    funnel = channel_funnel(by=By.CHANNEL)
    steps = [funnel.total.passed[step] for step in STEPS]
    assert steps == sorted(steps, reverse=True)
    assert steps[0] > steps[STEPS.index(Step.JOINED)] > 0
    assert sum(row.reached[STEPS[0]] > 0 for row in funnel.rows) >= 6
    assert funnel.total.printed > steps[0]


def there_is_something_to_look_at() -> None:
    waiting = pairs.waiting_pairs(limit=10)
    assert [pair.reasons for pair in waiting] == [["buyer"], ["address"]]
    states = set(db.session.scalars(select(FlyerBatch.status)))
    assert states == {FlyerStatus.DRAFT, FlyerStatus.MAKING}


def nothing_is_left_to_be_done() -> None:
    """The services and jobs find it all as they would have left it; only the flyers' files are still to be made."""
    bound = select(MarketplaceOrder.id).where(MarketplaceOrder.customer_id.is_not(None))
    order_ids = db.session.scalars(bound).all()
    before = one("SELECT count(*) FROM ledger_postings"), one("SELECT count(*) FROM purchases")
    with transaction():
        purchases.walk_anew()
        for order_id in order_ids:
            growth.follow(order_id=order_id, now=clock.now())
    for name in ("match-claims", "pay-claims", "find-duplicates", "rebuild-facts", "import-files"):
        assert jobs.registry()[name].run(clock.now()) == 0, name
    assert (one("SELECT count(*) FROM ledger_postings"), one("SELECT count(*) FROM purchases")) == before
    sources = set(db.session.scalars(select(Purchase.source)))
    assert {"own", "tmall"} < sources
    while jobs.registry()["make-flyers"].run(clock.now()):
        continue
    assert not ask("SELECT id FROM flyer_batches WHERE status = 'making'")


def statements_of(*, customers: int) -> int:
    counted = 0

    def count(*_args: Any) -> None:
        nonlocal counted
        counted += 1

    empty_database()
    crowd = people(seed=3, customers=customers)
    files = {
        subject: PreparedPicture(file=f"{number:064x}.webp", width=800, height=800)
        for number, subject in enumerate(drawing.subjects(crowd))
    }
    event.listen(db.engine, "before_execute", count)
    try:
        with transaction():
            loader.load(loader.Wish(seed=3, people=crowd, orders=20, until=clock.now()), files=files)
    finally:
        event.remove(db.engine, "before_execute", count)
    return counted - len(files)


def test_more_people_take_few_statements_more(app: Flask) -> None:
    few, many = statements_of(customers=50), statements_of(customers=300)
    assert many - few < 150
