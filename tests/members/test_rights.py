"""The rights of a person: all that is known, handed over; the person forgotten, the money kept."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text

from shopapp.events import AccountFollowed, AccountUnfollowed
from shopapp.kernel import clock as shop_clock
from shopapp.kernel import outbox, personal, preferences
from shopapp.kernel.audit import AuditEntry
from shopapp.kernel.db import db, transaction
from shopapp.kernel.idempotency import StoredAnswer
from shopapp.kernel.settings import settings
from shopapp.kernel.sms import FakeSms
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.ledger.writing import purse
from shopapp.members.channels import services as channels
from shopapp.members.identity import services as identity
from shopapp.members.identity.models import Customer, CustomerSession, WeChatAccount
from shopapp.members.rights import jobs, services
from shopapp.members.rights.services import StillNeeded
from shopapp.store.aftersales.services import refund_lines
from shopapp.store.carts import services as carts
from shopapp.store.carts.queries import CartOwner
from shopapp.store.orders import services as orders
from shopapp.store.orders.models import Order
from shopapp.store.payments import exchanges
from shopapp.store.payments.models import Payment
from shopapp.wechat.messages import queue_template
from shopapp.wechat.models import OutgoingMessage, Push
from tests.store.test_orders_race import at_once
from tests.support.catalogue import make_sku
from tests.support.clocks import ShopClock
from tests.support.coupons import give
from tests.support.ledger import earn
from tests.support.members import (
    PHONE,
    ask_code,
    code_in,
    consent_words,
    make_member,
    register,
    row_of,
)
from tests.support.orders import Store, count, events, lines_of, ship
from tests.support.people import Person, make_person

NAME = "欧阳小满"
NICKNAME = "下雨天"
WORDS = "想问问尿不湿"
SECRETS = (PHONE, NAME, NICKNAME, WORDS, "文三路 1 号 2 幢 301", "1990-02-28")


def erase(person: Person) -> None:
    with transaction():
        services.erase(customer_id=person.id, public_id=person.signed_in.public_id, now=shop_clock.now())


def a_full_life(app: Flask, gateway: FakeSms) -> tuple[Person, Order]:
    """A member with everything there can be of them: order, cart, messages, visit, kept answers."""
    store, person = Store.open(app), make_person(name=NAME)
    openid, now = person.signed_in.openid, shop_clock.now()
    with transaction():
        identity.set_profile(customer_id=person.id, nickname=NICKNAME, picture_url="https://x.invalid/1.jpg")
        channel = channels.create_channel(name="柜台", code="counter", now=now)
        outbox.publish(AccountFollowed(openid=openid, scene=channel.scene, at=now))
    ask_code(app, person)
    register(
        app,
        person,
        name=NAME,
        phone=PHONE,
        phone_code=code_in(gateway),
        birthday="1990-02-28",
        marketing=True,
    )
    order = store.paid_order(by=person, price_fen=8_800)
    ship(order, waybill="SF1234567890")
    with transaction():
        orders.confirm_receipt(no=order.no, customer_id=person.id, now=now)
    give(person.id, name="新人券")
    earn(purse(customer_id=person.id, unit=Unit.GROWTH), 88, key="TEST-growth", at=now)
    sku = make_sku().public_id
    with transaction():
        carts.put_item(of=CartOwner(customer_id=person.id), sku_public_id=sku, quantity=2, now=now)
        db.session.add(
            Push(
                dedup_key="TEST-1", openid=openid, kind="text", content=WORDS, created_at=now, received_at=now
            )
        )
        queue_template(
            key="TEST-1",
            openid=openid,
            topic="order_paid",
            data={"number": order.no},
            path="/orders",
            now=now,
        )
    app.test_client().post(
        "/api/v1/addresses",
        json={"name": NAME, "phone": PHONE, "region_code": "330106", "detail": "文三路 2 号"},
        headers={**person.headers, "Idempotency-Key": "TEST-key"},
    )
    return person, store.again(order)


def test_an_export_holds_all_that_is_known_by_feature(app: Flask, gateway: FakeSms) -> None:
    person, order = a_full_life(app, gateway)
    outbox.deliver_due(now=shop_clock.now())
    answer = app.test_client().get("/api/v1/me/export", headers=person.headers)
    known = answer.get_json()
    assert answer.status_code == 200
    assert set(known) == {part.name for part in personal.parts()} | {"exported_at"}
    for secret in SECRETS:
        assert secret in json.dumps(known, ensure_ascii=False)
    assert known["person"]["phone"] == PHONE
    assert [each["no"] for each in known["orders"]] == [order.no]
    assert known["orders"][0]["paid_fen"] == order.paid.fen
    assert [word["kind"] for word in known["consents"]["history"]] == ["marketing", "privacy"]
    assert len(known["consents"]["texts"]) == 1
    assert [visit["channel"] for visit in known["visits"]] == ["柜台"]
    assert WORDS in [message["content"] for message in known["messages"]]
    assert [line["quantity"] for line in known["cart"]] == [2]
    assert known["tier"]["tier"] == "普通会员"
    assert [line["amount"] for line in known["tier"]["growth"]] == [88]
    assert [one["name"] for one in known["coupons"]] == ["新人券"]


def test_an_export_is_ones_own_alone(app: Flask, gateway: FakeSms) -> None:
    person, order = a_full_life(app, gateway)
    other = app.test_client().get("/api/v1/me/export", headers=make_person().headers)
    assert order.no not in other.text
    assert NICKNAME not in other.text
    assert app.test_client().get("/api/v1/me/export").status_code == 401
    assert PHONE in app.test_client().get("/api/v1/me/export", headers=person.headers).text


def everything() -> str:
    """All rows of all tables in the clear, but events and audit, which name no person."""
    told = []
    for table in db.metadata.sorted_tables:
        told += [str(tuple(row)) for row in db.session.execute(select(table))]
    return "\n".join(told)


def test_erasure_forgets_the_person_everywhere_and_leaves_the_money_as_it_was(
    app: Flask, gateway: FakeSms
) -> None:
    person, order = a_full_life(app, gateway)
    openid = person.signed_in.openid
    money = (order.no, order.total, order.paid, order.refunded, order.status, order.paid_at)
    lines = [(line.title, line.quantity, line.pay) for line in lines_of(order)]
    assert all(secret in everything() for secret in (PHONE, NAME, NICKNAME))
    assert (
        app.test_client()
        .post("/api/v1/me/erasure", json={"confirm": True}, headers=person.headers)
        .status_code
        == 204
    )
    left = db.session.get_one(Order, order.id, populate_existing=True)
    assert (left.no, left.total, left.paid, left.refunded, left.status, left.paid_at) == money
    assert [(line.title, line.quantity, line.pay) for line in lines_of(left)] == lines
    assert (left.ship_name, left.ship_phone, left.ship_detail, left.openid, left.remark) == (
        "",
        "",
        "",
        "",
        None,
    )
    payment = db.session.scalars(select(Payment)).one()
    assert (payment.amount, payment.openid) == (order.paid, "")
    told = "\n".join(line for line in everything().splitlines() if "AccountFollowed" not in line)
    for secret in (*SECRETS, openid):
        assert secret not in told
    row = row_of(person)
    assert row.erased_at is not None
    assert (row.member_since, row.member_no, row.phone_hash, row.birthday_hash) == (None, None, None, None)
    assert [
        count(table) for table in (CustomerSession, WeChatAccount, StoredAnswer, OutgoingMessage, Push)
    ] == [0] * 5
    assert consent_words(person)[-2:] == [("privacy", False), ("marketing", False)]
    assert events("MemberLeft") == [{"customer_id": person.id}]


def test_all_sessions_end_at_once(app: Flask) -> None:
    person = make_member()
    with transaction():
        identity.open_session(
            customer_id=person.id,
            openid=person.signed_in.openid,
            kind=identity.SessionKind.WEB,
            now=shop_clock.now(),
        )
    erase(person)
    assert app.test_client().get("/api/v1/me", headers=person.headers).status_code == 401
    assert count(CustomerSession) == 0


def test_erasing_twice_is_harmless_also_at_once(app: Flask) -> None:
    person = make_member()
    erase(person)
    when = row_of(person).erased_at
    erase(person)
    assert row_of(person).erased_at == when
    assert len(events("MemberLeft")) == 1
    other = make_member()
    at_once(app, [lambda: erase(other)] * 6, threads=6)
    assert len(events("MemberLeft")) == 2
    erasures = db.session.scalars(select(AuditEntry).filter_by(action="customer.erase")).all()
    assert len(erasures) == 2


def test_who_comes_back_is_somebody_new(app: Flask, clock: ShopClock) -> None:
    person = make_member(make_person(openid="oTEST_back"))
    number = row_of(person).member_no
    erase(person)
    again = make_member(make_person(openid="oTEST_back"))
    assert again.id != person.id
    assert row_of(again).member_no != number
    assert row_of(person).erased_at is not None


def test_while_an_order_is_open_nobody_is_erased(app: Flask) -> None:
    store, person = Store.open(app), make_person(name=NAME)
    order = store.order(by=person, price_fen=8_800)
    answer = app.test_client().post("/api/v1/me/erasure", json={"confirm": True}, headers=person.headers)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "still_needed")
    assert "1 笔订单" in answer.get_json()["message"]
    assert store.again(order).ship_name == NAME
    assert row_of(person).erased_at is None
    assert app.test_client().get("/api/v1/me", headers=person.headers).status_code == 200


def test_while_money_is_on_its_way_back_nobody_is_erased(app: Flask) -> None:
    store, person = Store.open(app), make_person()
    order = store.paid_order(by=person, price_fen=8_800)
    now = shop_clock.now()
    with transaction():
        line = lines_of(order)[0]
        refund_lines(
            no=order.no, lines={line.public_id: 1}, amount=None, reason="不想要了", returned=False, now=now
        )
    with pytest.raises(StillNeeded) as caught:
        erase(person)
    assert "退款" in caught.value.message
    refund = store.refunds(order)[0]
    exchanges.send_refund(refund_id=refund.id, now=now)
    with transaction():
        db.session.execute(text("UPDATE refunds SET state = 'done'"))
    erase(person)
    assert row_of(person).erased_at is not None
    assert store.again(order).refunded == order.total


@pytest.mark.parametrize("body", [{}, {"confirm": False}, {"confirm": "yes"}])
def test_without_confirming_nothing_is_erased(app: Flask, body: dict[str, object]) -> None:
    person = make_member()
    answer = app.test_client().post("/api/v1/me/erasure", json=body, headers=person.headers)
    assert (answer.status_code, row_of(person).erased_at) == (422, None)


def test_a_later_refund_tells_nobody(app: Flask) -> None:
    store, person = Store.open(app), make_person()
    order = store.paid_order(by=person, price_fen=8_800)
    ship(order, waybill="SF1234567890")
    with transaction():
        orders.confirm_receipt(no=order.no, customer_id=person.id, now=shop_clock.now())
    erase(person)
    from shopapp.events import OrderRefunded
    from shopapp.store.orders import messages

    with transaction():
        messages.tell_refunded(
            OrderRefunded(order_id=order.id, customer_id=person.id, refund_id=_refund(order), refunded_fen=1)
        )
    assert count(OutgoingMessage) == 0


def _refund(order: Order) -> int:
    refund_id = refund_lines(
        no=order.no,
        lines={lines_of(order)[0].public_id: 1},
        amount=None,
        reason="",
        returned=True,
        now=shop_clock.now(),
    )
    assert refund_id is not None
    return refund_id


def test_the_command_line_exports_and_erases(app: Flask, tmp_path) -> None:  # type: ignore[no-untyped-def]
    person = make_member(name=NAME)
    run, number = app.test_cli_runner().invoke, row_of(person).member_no
    told = run(args=["customers", "export", person.signed_in.public_id])
    assert (told.exit_code, json.loads(told.output)["person"]["name"]) == (0, NAME)
    file = tmp_path / "known.json"
    assert run(args=["customers", "export", number, str(file)]).exit_code == 0
    assert json.loads(file.read_text(encoding="utf-8"))["person"]["name"] == NAME
    assert file.stat().st_mode & 0o077 == 0
    public_id = person.signed_in.public_id
    first = run(args=["customers", "erase", number, "--json"])
    assert json.loads(first.output) == {"id": public_id, "erased": True, "already": False}
    again = run(args=["customers", "erase", public_id, "--json"])
    assert (again.exit_code, json.loads(again.output)["already"]) == (0, True)
    assert run(args=["customers", "erase", "0000000000aa"]).exit_code == 1
    assert run(args=["customers", "erase"]).exit_code == 2
    busy = make_person()
    Store.open(app).order(by=busy)
    refused = run(args=["customers", "erase", busy.signed_in.public_id])
    assert (refused.exit_code, "没有完成" in refused.output) == (1, True)


def follow(person: Person, *, following: bool) -> None:
    kind = AccountFollowed if following else AccountUnfollowed
    extra = {"scene": None} if following else {}
    with transaction():
        outbox.publish(kind(openid=person.signed_in.openid, at=shop_clock.now(), **extra))  # type: ignore[arg-type]


def idle_after(months: int) -> None:
    with transaction():
        preferences.write("members.guests_kept_months", months)


def test_guests_who_never_came_back_are_forgotten_after_the_months_that_were_set(
    app: Flask, clock: ShopClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "BATCH", 2)
    store = Store.open(app)
    guests = [make_person() for _ in range(5)]
    shopper, buyer, follower = make_member(), make_person(), make_person()
    store.order(by=buyer)
    follow(follower, following=True)
    clock.forward(days=100)
    young = make_person()
    clock.forward(days=90)
    assert jobs.erase_idle_guests(shop_clock.now()) == 0
    idle_after(6)
    assert jobs.erase_idle_guests(shop_clock.now()) == 5
    assert all(row_of(guest).erased_at for guest in guests)
    assert [row_of(kept).erased_at for kept in (shopper, buyer, follower, young)] == [None] * 4
    assert jobs.erase_idle_guests(shop_clock.now()) == 0


def test_a_killed_night_goes_on_where_it_stopped(
    app: Flask, clock: ShopClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "BATCH", 2)
    guests = [make_person() for _ in range(5)]
    clock.forward(days=400)
    idle_after(6)
    whole, done = services.erase, []

    def die(**named: object) -> None:
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(named["customer_id"])
        whole(**named)  # type: ignore[arg-type]

    monkeypatch.setattr(jobs.services, "erase", die)
    with pytest.raises(KeyboardInterrupt):
        jobs.erase_idle_guests(shop_clock.now())
    assert sum(row_of(guest).erased_at is not None for guest in guests) == 2
    monkeypatch.setattr(jobs.services, "erase", whole)
    assert jobs.erase_idle_guests(shop_clock.now()) == 3


def test_an_erasure_leaves_no_address_of_the_customers_machine(app: Flask) -> None:
    person = make_member()
    app.test_client().post("/api/v1/me/erasure", json={"confirm": True}, headers=person.headers)
    entry = db.session.scalars(select(AuditEntry).filter_by(action="customer.erase")).one()
    assert (entry.actor_kind, entry.address, entry.changes) == ("customer", None, {})


def test_unfollowing_says_nothing_and_keeps_the_account(app: Flask, clock: ShopClock) -> None:
    person = make_member()
    follow(person, following=True)
    clock.forward(minutes=5)
    follow(person, following=False)
    assert count(OutgoingMessage) == 0
    assert row_of(person).member_since is not None
    account = db.session.scalars(select(WeChatAccount).filter_by(appid=settings().wx_appid)).one()
    assert account.following is False
    assert account.unfollowed_at is not None
    assert shop_clock.now() - account.unfollowed_at < timedelta(minutes=1)
    assert count(Customer) == 1
