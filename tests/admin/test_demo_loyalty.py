"""The demo shop's loyalty: valid books, tiers that follow from them, and something of everything."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, text

from shopapp.admin.demo import programme
from shopapp.kernel import clock, jobs
from shopapp.kernel.db import db, transaction
from shopapp.loyalty.ledger import queries as ledger
from shopapp.loyalty.ledger.verify import verify
from shopapp.loyalty.points import services as points
from shopapp.loyalty.tiers import queries as tiers
from shopapp.loyalty.tiers.line import Growth
from shopapp.loyalty.tiers.replay import replay
from shopapp.loyalty.tiers.rules import evaluate
from shopapp.loyalty.wallet import queries as wallet
from shopapp.members.identity.models import Customer
from shopapp.store.aftersales.services import refund_lines
from shopapp.store.orders import rewards
from shopapp.store.orders import services as orders
from shopapp.store.orders.models import Order
from tests.conftest import empty_database

from .test_demo_load import ORDERS, ask, fill, one


@pytest.fixture
def shop(app: Flask) -> Flask:
    """A filled shop."""
    fill(until=clock.now())
    return app


def test_the_books_hold_and_the_tiers_follow_from_them(shop: Flask) -> None:
    report = verify()
    assert report.ok, report.problems
    assert report.checked > 4 * ORDERS
    again = replay()
    assert again.ok, again.differences
    assert again.checked == one("SELECT count(*) FROM customers WHERE member_since IS NOT NULL")


def test_every_tier_has_members_and_every_kind_of_points_is_there(shop: Flask) -> None:
    assert set(tiers.counts()) == {level.code for level in programme.TIERS.levels}
    kinds = "SELECT p.kind, count(*) FROM ledger_postings p JOIN ledger_accounts a ON a.id = p.account_id"
    found = dict(ask(f"{kinds} WHERE a.unit = 'points' GROUP BY p.kind"))
    assert set(found) == {"earn", "activate", "spend", "expire", "reverse"}
    states = dict(ask("SELECT state, count(*) FROM ledger_lots GROUP BY state"))
    assert set(states) == {"pending", "active", "cancelled"}
    held = dict(ask("SELECT status, count(*) FROM customer_coupons GROUP BY status"))
    assert set(held) == {"available", "used", "expired"}
    for name in (
        "mall_redemptions",
        "perk_grants",
        "check_ins",
        "customer_tags",
        "customer_notes",
        "customer_tasks",
    ):
        assert one(f"SELECT count(*) FROM {name}") > 0, name
    assert one("SELECT count(*) FROM mall_items") == len(programme.MALL)
    assert one("SELECT count(*) FROM card_codes") == programme.CODES


def test_what_lines_say_they_earn_is_what_the_books_earned(shop: Flask) -> None:
    members = "JOIN customers c ON c.id = o.customer_id WHERE o.paid_at IS NOT NULL"
    for column, unit in (("award", "points"), ("growth", "growth")):
        on_lines = one(
            f"SELECT sum(l.{column}) FROM order_lines l JOIN orders o ON o.id = l.order_id {members}"
        )
        in_books = one(
            "SELECT sum(t.earned) FROM ledger_lots t JOIN ledger_accounts a ON a.id = t.account_id"
            f" WHERE a.unit = '{unit}' AND t.award LIKE 'order:%'"
        )
        assert on_lines == in_books > 0
    guests = (
        "SELECT coalesce(sum(l.award + l.growth), 0) FROM order_lines l JOIN orders o ON o.id = l.order_id"
    )
    assert one(f"{guests} JOIN customers c ON c.id = o.customer_id WHERE c.member_since IS NULL") == 0


def test_orders_earn_by_the_tier_that_the_buyer_had(shop: Flask) -> None:
    """Worked out anew from the books, as of the moment at which each order was placed."""
    members = "FROM orders o JOIN customers c ON c.id = o.customer_id JOIN order_lines l ON l.order_id = o.id"
    rows = db.session.execute(
        text(
            f"SELECT o.id, o.customer_id, o.created_at, c.member_since, c.birthday, sum(l.pay), sum(l.award) {members}"
            " WHERE o.kind = 'goods' AND c.member_since <= o.created_at"
            " GROUP BY o.id, o.customer_id, o.created_at, c.member_since, c.birthday ORDER BY o.id"
        ).columns(Order.id, Order.customer_id, Order.created_at, Customer.member_since, Customer.birthday)
    ).all()
    growth = ledger.qualifying(customer_ids=[row.customer_id for row in rows])
    factors = set()
    for row in rows:
        history = evaluate(
            growth=[Growth(amount=one.amount, at=one.at, award=one.award) for one in growth[row.customer_id]],
            versions=tiers.versions(),
            joined_at=row.member_since,
            now=row.created_at,
        )
        factor = history.level.benefits.points_bp
        month = row.created_at.astimezone(clock.SHOP_ZONE).month
        if row.birthday is not None and int(row.birthday[:2]) == month:
            factor *= 2
        assert row[6] == row[5] * factor // 1_000_000
        factors.add(factor)
    assert len(factors) > 2


def test_nothing_of_the_programme_is_due(shop: Flask) -> None:
    for name in (
        *("close-returns", "activate-points", "expire-points", "expire-coupons", "announce-coupon-ends"),
        *("evaluate-tiers", "grant-perks", "put-back-principal"),
    ):
        assert jobs.registry()[name].run(clock.now()) == 0, name


def test_a_service_that_is_told_of_the_past_again_changes_nothing(shop: Flask) -> None:
    """Keys and bodies are those of the services: what was refunded or checked in counts once."""
    before = one("SELECT count(*) FROM ledger_postings")
    refunded = ask(
        "SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.refunded > 0"
        " AND c.member_since < o.created_at"
    )
    assert refunded
    with transaction():
        for (order_id,) in refunded:
            rewards.take_back(order=orders.lock(order_id=order_id))
        for customer_id, day in ask(
            "SELECT customer_id, max(checked_at) FROM check_ins GROUP BY customer_id"
        ):
            now = datetime.fromisoformat(day).replace(tzinfo=UTC) if isinstance(day, str) else day
            assert points.check_in(customer_id=customer_id, now=now).repeated
        for (customer_id,) in ask("SELECT id FROM customers WHERE member_since IS NOT NULL ORDER BY id"):
            assert points.grant_joining(customer_id=customer_id, now=clock.now()) == 0
    assert one("SELECT count(*) FROM ledger_postings") == before


def test_a_refund_of_a_past_order_takes_its_award_back(shop: Flask) -> None:
    no, line_id = ask(
        "SELECT o.no, l.public_id FROM orders o JOIN order_lines l ON l.order_id = o.id"
        " WHERE o.status = 'completed' AND o.refunded = 0 AND l.award > 0 AND o.final_at IS NULL"
        " ORDER BY o.id LIMIT 1"
    )[0]
    quantity = one("SELECT quantity FROM order_lines WHERE public_id = :id", id=line_id)
    with transaction():
        refund_lines(no=no, lines={line_id: quantity}, amount=None, reason="不合适", now=clock.now())
    lot = ask(
        "SELECT taken_back, earned FROM ledger_lots WHERE award = :key", key=f"order:{no}:{line_id}:points"
    )
    assert lot[0].taken_back == lot[0].earned > 0
    assert verify().ok


def test_coupons_add_up(shop: Flask) -> None:
    assert not ask(
        "SELECT c.id FROM coupons c LEFT JOIN customer_coupons h ON h.coupon_id = c.id"
        " GROUP BY c.id, c.given HAVING c.given <> count(h.id)"
    )
    used = ask("SELECT order_no FROM customer_coupons WHERE status = 'used' ORDER BY id")
    for (no,) in used:
        taken = "SELECT sum(l.list - l.pay) FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE o.no = :no"
        assert one(taken, no=no) == programme.COUPONS["welcome"].terms.value.fen


def test_top_ups_are_in_the_wallets(shop: Flask) -> None:
    topped = ask(
        "SELECT o.customer_id, o.paid, t.gift FROM top_ups t JOIN orders o ON o.id = t.order_id ORDER BY o.id"
    )
    assert topped
    for customer_id, paid, gift in topped:
        balance = wallet.balance(customer_id=customer_id, now=clock.now())
        claimed = one(
            "SELECT coalesce(sum(paid_amount), 0) FROM cashback_claims WHERE customer_id = :id",
            id=customer_id,
        )
        assert (balance.principal.fen, balance.gift.fen) == (paid, gift + claimed)


def balances() -> list[Any]:
    return [
        ask(
            "SELECT c.public_id, a.unit, a.active, a.pending, a.seq FROM ledger_accounts a"
            " JOIN customers c ON c.id = a.owner_id ORDER BY a.id"
        ),
        ask(
            "SELECT c.public_id, t.code, t.steps FROM member_tiers t JOIN customers c ON c.id = t.customer_id ORDER BY c.id"
        ),
        ask("SELECT public_id, status FROM customer_coupons ORDER BY id"),
        ask("SELECT public_id, points FROM mall_redemptions ORDER BY id"),
    ]


def test_the_same_seed_gives_the_same_balances(app: Flask) -> None:
    until, seen = clock.now(), []
    for _ in range(2):
        empty_database()
        fill(until=until)
        seen.append(balances())
    assert seen[0] == seen[1]


def statements_of(*, orders: int) -> int:
    counted = 0

    def count(*_args: Any) -> None:
        nonlocal counted
        counted += 1

    empty_database()
    event.listen(db.engine, "before_execute", count)
    try:
        fill(until=clock.now(), orders=orders)
    finally:
        event.remove(db.engine, "before_execute", count)
    return counted


def test_more_orders_take_few_statements_more(app: Flask) -> None:
    """Loading stays quick: rows are written many at a time."""
    few, many = statements_of(orders=100), statements_of(orders=400)
    assert many - few < 300
