"""An empty shop is filled: everything fits together, nothing is due, and the rows are those the services would leave."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from sandbox.oa import fields, templates
from shopapp.admin.demo import drawing, loader, pictures, presentation, rows
from shopapp.admin.demo.followers import NOBODYS_APPID
from shopapp.admin.demo.people import people
from shopapp.admin.screens.templates import FIELDS
from shopapp.kernel import clock, jobs, outbox, preferences
from shopapp.kernel.db import db, transaction
from shopapp.kernel.settings import settings
from shopapp.members.identity import queries as identity
from shopapp.store.catalogue import listing
from shopapp.store.catalogue.media import PreparedPicture
from shopapp.wechat.messages import queue_template
from shopapp.wechat.models import MessageState, OutgoingMessage
from tests.support.catalogue import make_product

SEED = 5
PEOPLE, ORDERS = 60, 160


@cache
def stand_ins() -> dict[Any, PreparedPicture]:
    """A file name for everything that would be drawn."""
    wanted = drawing.subjects(people(seed=SEED, customers=PEOPLE))
    return {
        subject: PreparedPicture(file=f"{number:064x}.webp", width=800, height=800)
        for number, subject in enumerate(wanted)
    }


def fill(*, until: datetime, seed: int = SEED, orders: int = ORDERS) -> None:
    wish = loader.Wish(seed=seed, people=people(seed=seed, customers=PEOPLE), orders=orders, until=until)
    with transaction():
        loader.load(wish, files=stand_ins())


def ask(statement: str, **values: Any) -> list[Any]:
    return list(db.session.execute(text(statement), values).all())


def one(statement: str, **values: Any) -> Any:
    return ask(statement, **values)[0][0]


@pytest.fixture
def shop(app: Flask) -> Flask:
    """A filled shop."""
    fill(until=clock.now())
    return app


def test_the_shop_has_all_that_a_visitor_looks_for(shop: Flask) -> None:
    shown = listing.page(listing.ListQuery(limit=100)).items
    assert len(shown) >= 60
    assert all(item.pictures and item.subtitle for item in shown)
    assert len({item.category_row_id for item in shown[:8]}) == 8
    assert one("SELECT count(*) FROM products WHERE status = 'off_sale'") == 2
    assert one("SELECT count(*) FROM categories") == 8
    assert one("SELECT count(*) FROM customers") == PEOPLE
    assert preferences.read("shop.name") == "小满母婴零食铺"
    assert [banner["href"] for banner in preferences.read("shop.banners")] == [
        "/c/babyfood",
        "/c/nappies",
        "/c/snacks",
    ]

    menu_is_good()
    every_state_is_there()


def every_state_is_there() -> None:
    states = dict(ask("SELECT status, count(*) FROM orders WHERE kind = 'goods' GROUP BY status"))
    assert set(states) == {"unpaid", "paid", "shipped", "completed", "cancelled"}
    assert sum(states.values()) == ORDERS
    assert set(dict(ask("SELECT refund_status, 1 FROM orders"))) == {"none", "part", "all"}


def test_the_books_balance(shop: Flask) -> None:
    amounts_add_up()
    stock_is_what_its_movements_say()
    times_follow_one_another()
    personal_data_are_not_in_the_clear()


def amounts_add_up() -> None:
    assert not ask(
        "SELECT o.no FROM orders o JOIN order_lines l ON l.order_id = o.id GROUP BY o.id, o.no, o.goods, o.freight,"
        " o.total, o.refunded, o.freight_refunded HAVING sum(l.pay) <> o.goods OR o.goods + o.freight <> o.total"
        " OR sum(l.refunded) + o.freight_refunded <> o.refunded"
    )
    assert not ask("SELECT no FROM orders WHERE paid <> CASE WHEN paid_at IS NULL THEN 0 ELSE total END")
    assert not ask(
        "SELECT no FROM orders WHERE kind = 'goods' AND freight <> CASE WHEN goods >= 9900 THEN 0 ELSE 800 END"
    )
    paid = "SELECT count(*) FROM orders WHERE paid_at IS NOT NULL"
    settled = "SELECT count(*) FROM payments p JOIN orders o ON o.id = p.order_id WHERE p.settles AND p.amount = o.paid"
    assert one(paid) == one(settled) == one("SELECT count(*) FROM payments")
    back = "SELECT count(*) FROM refunds r JOIN orders o ON o.id = r.order_id WHERE r.state = 'done' AND r.amount = o.refunded"
    assert one(back) == one("SELECT count(*) FROM refunds") > 0


def stock_is_what_its_movements_say() -> None:
    assert not ask(
        "SELECT s.sku_id FROM stock_levels s JOIN stock_movements m ON m.sku_id = s.sku_id GROUP BY s.sku_id, s.free,"
        " s.held HAVING sum(m.free_change) <> s.free OR sum(m.held_change) <> s.held"
    )
    held = one("SELECT sum(held) FROM stock_levels")
    unpaid = "SELECT sum(l.quantity) FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE o.status = 'unpaid'"
    assert held == one(unpaid) > 0
    free: Counter[int] = Counter()
    for sku_id, change in ask("SELECT sku_id, free_change FROM stock_movements ORDER BY at, id DESC"):
        free[sku_id] += change
        assert free[sku_id] >= 0
    sold = "SELECT coalesce(sum(l.quantity), 0) FROM order_lines l JOIN orders o ON o.id = l.order_id WHERE o.paid_at IS NOT NULL AND o.kind = 'goods'"
    assert one("SELECT sum(sold) FROM products") == one(sold)
    assert one("SELECT count(*) FROM products WHERE NOT in_stock") >= 1


def times_follow_one_another() -> None:
    now = clock.now()
    assert not ask(
        "SELECT c.id FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id, c.created_at,"
        " c.last_seen_at HAVING c.last_seen_at <> coalesce(max(o.created_at), c.created_at)"
    )
    assert one("SELECT count(*) FROM customers WHERE last_seen_at IS NULL") == 0
    for name, column in [("orders", "created_at"), ("order_steps", "at"), ("stock_movements", "at")]:
        target = rows.table(name)
        assert db.session.scalar(select(func.max(target.c[column]))) <= now + timedelta(minutes=1)
    assert not ask(
        "SELECT no FROM orders WHERE paid_at < created_at OR shipped_at < paid_at OR completed_at < shipped_at"
    )
    assert not ask(
        "SELECT o.no FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.created_at < c.created_at"
    )


def test_nothing_is_due_and_nobody_is_written_to(shop: Flask) -> None:
    for name in ("deliver-events", "send-messages", "complete-orders", "query-payments", "send-refunds"):
        if name in jobs.registry():
            assert jobs.registry()[name].run(clock.now()) == 0, name
    assert not db.session.scalar(select(func.count()).select_from(outbox.StoredEvent))
    assert not db.session.scalar(select(func.count()).select_from(OutgoingMessage))
    people_cannot_be_reached()


def people_cannot_be_reached() -> None:
    accounts = rows.table("wechat_accounts")
    following = list(db.session.scalars(select(accounts.c.customer_id).where(accounts.c.following)))
    assert len(following) > PEOPLE / 2
    appid = settings().wx_appid
    assert appid != NOBODYS_APPID
    assert not any(identity.following_openid(customer_id=row_id, appid=appid) for row_id in following)


def personal_data_are_not_in_the_clear() -> None:
    names = {person.name for person in people(seed=SEED, customers=PEOPLE)}
    kept = ask("SELECT ship_name, ship_phone, ship_detail FROM orders")
    assert not names & {value for row in kept for value in row}
    assert not any("199000" in value for row in kept for value in row)


def shown_outside() -> list[str]:
    """The tables that the demo fills with things that have an id of their own."""
    kept = [target.name for target in db.metadata.sorted_tables if "public_id" in target.c]
    return [name for name in kept if one(f"SELECT count(*) FROM {name}")]


def test_the_same_seed_gives_the_same_shop(app: Flask) -> None:
    def told() -> list[Any]:
        return [
            ask(
                "SELECT o.status, o.refund_status, o.total, o.refunded, o.openid, l.title, l.specs, l.quantity"
                " FROM orders o JOIN order_lines l ON l.order_id = o.id ORDER BY o.id, l.id"
            ),
            ask("SELECT title, price, sold, position FROM products ORDER BY position"),
            {name: ask(f"SELECT public_id FROM {name} ORDER BY id") for name in shown_outside()},
        ]

    until = clock.now()
    shops = []
    for seed in (SEED, SEED, SEED + 1):
        empty_again()
        fill(until=until, seed=seed, orders=60)
        shops.append(told())
    assert shops[0] == shops[1] != shops[2]
    one_shop, other = shops[0][2], shops[2][2]
    assert all(one_shop[name] != other[name] for name in one_shop.keys() & other.keys())


def test_a_shop_with_goods_is_left_alone(app: Flask) -> None:
    make_product(title="自己的商品")
    with pytest.raises(loader.NotEmpty):
        fill(until=clock.now())
    result = app.test_cli_runner().invoke(args=["demo", "load"])
    assert result.exit_code == 1
    assert len(result.output.strip().splitlines()) == 1
    assert one("SELECT count(*) FROM products") == 1
    assert one("SELECT count(*) FROM orders") == 0


def test_a_failure_leaves_the_shop_empty(app: Flask) -> None:
    def fail(_count: int) -> None:
        raise KeyboardInterrupt

    wish = loader.Wish(
        seed=SEED, people=people(seed=SEED, customers=PEOPLE), orders=ORDERS, until=clock.now()
    )
    with pytest.raises(KeyboardInterrupt), transaction():
        loader.load(wish, files=stand_ins(), tell=fail)
    assert [one(f"SELECT count(*) FROM {name}") for name in ("products", "customers", "orders")] == [0, 0, 0]


def menu_is_good() -> None:
    assert preferences.read("wechat.menu") == presentation.MENU
    assert preferences.read("wechat.templates") == {}, (
        "templates of the sandbox are none of the real platform's"
    )


def test_each_topic_names_a_template_of_the_sandbox_and_its_fields() -> None:
    for topic, mapping in presentation.sandbox_templates().items():
        number, _fields = presentation.TEMPLATES[topic]
        assert mapping["template_id"] == templates.private_id(number)
        assert set(mapping["fields"].values()) == {field for _label, field, _ in templates.LIBRARY[number][1]}


LOYALTY_NOTICES = {
    "tier_up": {"tier": "金卡会员", "before": "银卡会员", "time": "2026年1月1日 15:01", "until": "长期", "note": "每单包邮"},
    "tier_dropped": {"tier": "银卡会员", "before": "金卡会员", "time": "2026年1月1日 15:01", "until": "2027年1月1日", "note": "成长值满 300 可再升级"},
    "tier_dropping": {"tier": "金卡会员", "until": "2026年1月1日", "gap": "120", "note": "再攒 120 成长值就能保住"},
    "points_earned": {"points": "88", "balance": "1288", "time": "2026年1月1日"},
    "points_expiring": {"points": "88", "balance": "1288", "time": "2026年1月1日"},
    "coupon_expiring": {"coupon": "新客券", "promise": "满 99 元减 10 元", "count": "1", "time": "2026年1月1日"},
    "perk_granted": {"perk": "生日礼", "gift": "100 积分", "time": "自动到账"},
    "cashback_paid": {"number": "3000000000007919001", "amount": "5.00元", "way": "店内余额", "time": "2026年1月1日 15:01"},
    "cashback_rejected": {"number": "3000000000007919001", "reason": "订单已退款或关闭，不能返现。", "time": "2026年1月1日 15:01"},
}  # fmt: skip


def test_notices_of_loyalty_come_as_messages_of_the_sandbox(app: Flask) -> None:
    with transaction():
        preferences.write("wechat.templates", presentation.sandbox_templates())
    preferences.forget_read()
    for topic, data in LOYALTY_NOTICES.items():
        assert set(data) == set(FIELDS[topic])
        with transaction():
            queue_template(key=topic, openid="o1", topic=topic, data=data, path="/me", now=clock.now())
    queued = db.session.scalars(select(OutgoingMessage).order_by(OutgoingMessage.id)).all()
    assert [(one.topic, one.state) for one in queued] == [
        (topic, MessageState.QUEUED) for topic in LOYALTY_NOTICES
    ]
    for one in queued:
        number, _places = presentation.TEMPLATES[one.topic]
        names = [field for _label, field, _sample in templates.LIBRARY[number][1]]
        assert set(fields.checked(names, json.loads(one.body)["data"], choices={})) == set(names)


def test_pictures_are_drawn_in_other_processes_and_kept(app: Flask) -> None:
    told: list[int] = []
    files = drawing.draw_all([drawing.LOGO, pictures.BANNERS[0], 3], tell=told.append)
    assert [files[subject].width for subject in files] == [320, 1125, 160]
    assert told == [1, 1, 1]


def empty_again() -> None:
    from tests.conftest import empty_database

    empty_database()
