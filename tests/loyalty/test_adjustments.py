"""Balances changed by hand: who, why, and who else agreed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from shopapp.kernel import clock, outbox, preferences
from shopapp.kernel.access import Permission, Role
from shopapp.kernel.audit import AuditEntry
from shopapp.kernel.db import db, transaction
from shopapp.kernel.errors import Invalid, ShopError
from shopapp.kernel.states import IllegalMove
from shopapp.loyalty.adjustments import services
from shopapp.loyalty.adjustments.models import ADJUSTMENT_MOVES, Adjustment, AdjustmentState
from shopapp.loyalty.adjustments.rules import life_until, needs_second
from shopapp.loyalty.adjustments.services import PrincipalFull
from shopapp.loyalty.ledger import queries as ledger
from shopapp.loyalty.ledger.models import Kind, Posting, Unit
from shopapp.loyalty.ledger.writing import NotEnough, purse
from shopapp.members.rights import services as rights
from tests.store.test_orders_race import at_once
from tests.support.clocks import ShopClock
from tests.support.desks import acting
from tests.support.ledger import assert_books_hold, balance, earn, hold, lots
from tests.support.members import make_member
from tests.support.merchant import merchant_client
from tests.support.people import Person, make_person
from tests.support.staff import desk, make_staff, words_after
from tests.support.wallet import make_saver

S = AdjustmentState


@pytest.fixture(autouse=True)
def limits(app: Flask) -> None:
    """What one person may do alone in these tests: 1,000 of each, 100 yuan of money."""
    with transaction():
        for name, most in (("points", 1000), ("growth", 1000), ("principal", 10_000), ("gift", 10_000)):
            preferences.write(f"adjustments.{name}_alone", most)
    preferences.forget_read()


def have(person: Person, unit: Unit = Unit.POINTS) -> int:
    return balance(purse(customer_id=person.id, unit=unit)).available


def propose(person: Person, amount: int, *, unit: Unit = Unit.POINTS, **more: Any) -> Adjustment:
    with transaction():
        return services.propose(
            customer=person.signed_in.public_id,
            unit=unit,
            amount=amount,
            reason=more.pop("reason", "补偿"),
            now=more.pop("now", clock.now()),
            **more,
        )


def rows() -> list[Adjustment]:
    db.session.rollback()
    db.session.expire_all()
    return list(db.session.scalars(select(Adjustment).order_by(Adjustment.id)))


def acts() -> list[str]:
    statement = select(AuditEntry.action).where(AuditEntry.action.startswith("ledger."))
    return list(db.session.scalars(statement.order_by(AuditEntry.id)))


def posting() -> Posting:
    return db.session.scalars(select(Posting).order_by(Posting.id.desc())).first()  # type: ignore[return-value]


def address(person: Person) -> str:
    return f"/admin/adjustments/of/{person.signed_in.public_id}"


def form(client: FlaskClient, person: Person, **values: Any) -> Any:
    given = {"unit": "points", "direction": "give", "reason": "补偿晚发货", "key": "form-1", "last_day": ""}
    return client.post(address(person), data={**given, **values})


@pytest.mark.parametrize("was", S)
@pytest.mark.parametrize("wanted", S)
def test_a_proposal_is_decided_once(was: S, wanted: S) -> None:
    allowed = was is S.PROPOSED and wanted in (S.POSTED, S.REFUSED)
    assert ADJUSTMENT_MOVES.allows(was, wanted) is allowed


def test_up_to_the_limit_it_is_booked_at_once_with_who_and_why(app: Flask) -> None:
    person, me = make_person(), make_staff(role=Role.OPERATOR, name="小林")
    client = desk(app, staff=me)
    page = client.get(address(person)).text
    assert "手工调整" in page
    answer = form(client, person, amount="1000")
    assert "积分 +1,000已入账" in words_after(client, answer)
    assert have(person) == 1000
    (row,) = rows()
    assert (row.state, row.proposed_by, row.decided_by) == (S.POSTED, f"staff:{me.public_id}", None)
    booked = posting()
    assert (booked.kind, booked.reason, booked.actor) == (Kind.ADJUST, "补偿晚发货", f"staff:{me.public_id}")
    assert (booked.approver, booked.subject) == (None, f"adjustment:{row.public_id}")
    assert acts() == ["ledger.adjust"]
    assert "补偿晚发货" in client.get(address(person)).text
    assert_books_hold()


def test_the_same_form_sent_twice_counts_once(app: Flask) -> None:
    person, client = make_person(), desk(app)
    form(client, person, amount="10")
    again = form(client, person, amount="10")
    assert "积分 +10已入账" in words_after(client, again)
    changed = form(client, person, amount="11")
    assert "请刷新后再试" in words_after(client, changed)
    assert have(person) == 10
    assert acts() == ["ledger.adjust"]
    form(client, person, amount="10", key="form-2")
    assert have(person) == 20
    assert len(rows()) == 2


def test_above_the_limit_another_person_must_agree(app: Flask) -> None:
    person, me, other = make_person(), make_staff(name="小林"), make_staff(name="店主")
    mine, theirs = desk(app, staff=me), desk(app, staff=other)
    answer = form(mine, person, amount="1001")
    assert "要另一位同事批准后才入账" in words_after(mine, answer)
    assert have(person) == 0
    (row,) = rows()
    assert "等批准的账户调整" in theirs.get("/admin/").text
    assert "你提出的，请别的同事批准" in mine.get("/admin/adjustments").text
    decision = f"/admin/adjustments/{row.public_id}/decision"
    refused = mine.post(decision, data={"decision": "approve"})
    assert "要由另一位同事" in words_after(mine, refused)
    assert (have(person), rows()[0].state) == (0, S.PROPOSED)
    agreed = theirs.post(decision, data={"decision": "approve", "note": "同意"})
    assert "已批准并入账" in words_after(theirs, agreed)
    assert have(person) == 1001
    booked = posting()
    assert (booked.actor, booked.approver) == (f"staff:{me.public_id}", f"staff:{other.public_id}")
    again = theirs.post(decision, data={"decision": "approve"})
    assert "当前状态不能这样操作" in words_after(theirs, again)
    assert have(person) == 1001
    assert "等批准的账户调整" not in theirs.get("/admin/").text
    assert acts() == ["ledger.propose", "ledger.approve"]
    assert_books_hold()


def test_a_refused_proposal_changes_nothing_for_ever(app: Flask) -> None:
    person, other = make_person(), desk(app)
    row = propose(person, 5000)
    decision = f"/admin/adjustments/{row.public_id}/decision"
    other.post(decision, data={"decision": "refuse", "note": "理由不够"})
    other.post(decision, data={"decision": "approve"})
    (row,) = rows()
    assert (row.state, row.note, have(person)) == (S.REFUSED, "理由不够", 0)
    assert db.session.scalar(select(Posting.id)) is None
    assert "理由不够" in other.get("/admin/adjustments?state=refused").text


def test_two_who_agree_at_the_same_time_book_it_once(app: Flask) -> None:
    person = make_person()
    row = propose(person, 5000)
    clients = [desk(app) for _ in range(4)]
    decision = f"/admin/adjustments/{row.public_id}/decision"
    at_once(
        app,
        [lambda c=c: c.post(decision, data={"decision": "approve"}) for c in clients],  # type: ignore[misc]
        threads=4,
    )
    assert have(person) == 5000
    assert_books_hold()


def test_the_limits_are_the_shops_own(app: Flask) -> None:
    client, person = desk(app), make_person()
    page = client.get("/admin/settings/adjusting").text
    assert 'value="100.00"' in page
    values = {"points_alone": "0", "growth_alone": "5", "principal_alone": "10", "gift_alone": "20.50"}
    client.post("/admin/settings/adjusting", data=values)
    preferences.forget_read()
    assert preferences.read("adjustments.gift_alone") == 2050
    assert propose(person, 1).state is S.PROPOSED
    assert propose(person, 5, unit=Unit.GROWTH).state is S.POSTED
    assert propose(person, 6, unit=Unit.GROWTH).state is S.PROPOSED
    assert propose(person, 1001, unit=Unit.PRINCIPAL).state is S.PROPOSED
    assert propose(person, 1000, unit=Unit.PRINCIPAL).state is S.POSTED
    wrong = client.post("/admin/settings/adjusting", data={**values, "points_alone": "x"})
    assert wrong.status_code == 422
    assert needs_second(amount=-11, before=0, alone=10)
    assert not needs_second(amount=-10, before=0, alone=10)
    assert needs_second(amount=4, before=7, alone=10)


def test_a_change_cut_into_small_ones_needs_a_second_person_all_the_same(
    app: Flask, clock: ShopClock
) -> None:
    person, other = make_person(), make_person(name="乙")
    with transaction():
        preferences.write("adjustments.points_alone", 100)
    preferences.forget_read()
    assert propose(person, 60).state is S.POSTED
    assert propose(person, -40).state is S.POSTED
    assert propose(person, 1).state is S.PROPOSED
    assert propose(other, 100).state is S.POSTED
    assert have(person) == 20
    clock.forward(days=1, seconds=1)
    assert propose(person, 100).state is S.POSTED
    assert have(person) == 120
    assert_books_hold()


def test_nothing_below_what_is_available_is_taken(app: Flask) -> None:
    person = make_person()
    mine = purse(customer_id=person.id, unit=Unit.POINTS)
    propose(person, 100)
    hold(mine, 30, key="order")
    with pytest.raises(NotEnough):
        propose(person, -71)
    assert propose(person, -70).state is S.POSTED
    assert have(person) == 0
    assert len(rows()) == 2
    assert_books_hold()


def test_what_was_enough_when_proposed_may_be_too_little_when_agreed(app: Flask) -> None:
    person, client = make_person(), desk(app)
    earn(purse(customer_id=person.id, unit=Unit.POINTS), 2000, key="before")
    row = propose(person, -2000)
    propose(person, -1)
    answer = client.post(f"/admin/adjustments/{row.public_id}/decision", data={"decision": "approve"})
    assert "余额不够" in words_after(client, answer)
    assert have(person) == 1999
    assert rows()[0].state is S.PROPOSED


def test_principal_stays_within_5_000_yuan_also_at_the_same_time(app: Flask) -> None:
    person = make_saver(registered=True)
    with transaction():
        preferences.write("adjustments.principal_alone", 1_500_000)
    preferences.forget_read()
    propose(person, 450_000, unit=Unit.PRINCIPAL)
    with pytest.raises(PrincipalFull):
        propose(person, 50_001, unit=Unit.PRINCIPAL)
    refused: list[str] = []

    def give() -> None:
        try:
            propose(person, 30_000, unit=Unit.PRINCIPAL)
        except ShopError as problem:
            refused.append(problem.code)

    at_once(app, [give] * 4, threads=4)
    assert refused == ["principal_full"] * 3
    assert have(person, Unit.PRINCIPAL) == 480_000
    propose(person, -480_000, unit=Unit.PRINCIPAL)
    assert have(person, Unit.PRINCIPAL) == 0
    unregistered = make_saver()
    propose(unregistered, 100_000, unit=Unit.PRINCIPAL)
    with pytest.raises(PrincipalFull) as refusal:
        propose(unregistered, 1, unit=Unit.PRINCIPAL)
    assert refusal.value.details == {"limit": "1000.00"}
    assert_books_hold()


def test_points_given_end_when_was_said_else_when_the_rules_say_and_principal_never(app: Flask) -> None:
    person, now = make_person(), clock.now()
    end = clock.day_start(clock.shop_day(now) + timedelta(days=11))
    propose(person, 10, expires_at=end)
    propose(person, 10)
    propose(person, 10, unit=Unit.PRINCIPAL)
    said, by_rule, never = [lot.expires_at for lot in lots()]
    assert said == end
    assert by_rule is not None
    assert by_rule - now > timedelta(days=360)
    assert never is None
    assert life_until(end - timedelta(minutes=1), now=now).end(now) == end


@pytest.mark.parametrize(
    ("unit", "amount", "days", "reason", "field"),
    [
        (Unit.POINTS, 0, None, "x", "amount"),
        (Unit.POINTS, 10**9 + 1, None, "x", "amount"),
        (Unit.POINTS, 5, None, "  ", "reason"),
        (Unit.POINTS, -5, 9, "x", "expires_at"),
        (Unit.PRINCIPAL, 5, 9, "x", "expires_at"),
        (Unit.GROWTH, 5, 9, "x", "expires_at"),
        (Unit.POINTS, 5, -1, "x", "expires_at"),
        (Unit.POINTS, 5, 4000, "x", "expires_at"),
    ],
)
def test_a_wrong_change_is_told_by_its_field(
    app: Flask, unit: Unit, amount: int, days: int | None, reason: str, field: str
) -> None:
    person = make_person()
    end = None if days is None else clock.now() + timedelta(days=days)
    with pytest.raises(Invalid) as told:
        propose(person, amount, unit=unit, reason=reason, expires_at=end)
    assert set(told.value.details["fields"]) == {field}
    assert rows() == []


def test_a_program_adjusts_by_its_scope_once_for_each_key(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, other = make_person(), make_person()
    program = merchant_client(app, monkeypatch, Permission.LEDGER_ADJUST, Permission.LEDGER_VIEW)
    path = f"/api/v1/admin/customers/{person.signed_in.public_id}/adjustments"
    body = {"unit": "gift", "amount": 500, "reason": "活动"}
    first = program.post(path, json=body, headers={"Idempotency-Key": "a"})
    again = program.post(path, json=body, headers={"Idempotency-Key": "a"})
    assert (first.status_code, first.json["state"]) == (201, "posted")
    assert again.json == first.json
    conflict = program.post(path, json={**body, "amount": 501}, headers={"Idempotency-Key": "a"})
    assert conflict.status_code == 409
    assert have(person, Unit.GIFT) == 500
    big = program.post(path, json={**body, "amount": 50_000})
    assert big.json["state"] == "proposed"
    listed = program.get(f"{path}?limit=1").json
    assert [one["amount"] for one in listed["items"]] == [50_000]
    assert [one["amount"] for one in program.get(f"{path}?cursor={listed['next_cursor']}").json["items"]] == [
        500
    ]
    assert program.get(f"{path}?cursor=nothing").status_code == 422
    stranger = f"/api/v1/admin/customers/{other.signed_in.public_id}/adjustments"
    assert program.get(stranger).json == {"items": [], "next_cursor": None}
    assert program.post(path.replace(person.signed_in.public_id, "nobody"), json=body).status_code == 404
    for wrong in ({"unit": "budget"}, {"amount": "5"}, {"amount": 1.5}, {"reason": " "}):
        assert program.post(path, json={**body, **wrong}).status_code == 422
    unallowed = merchant_client(app, monkeypatch, Permission.LEDGER_VIEW)
    assert unallowed.post(path, json=body).status_code == 403
    assert have(person, Unit.GIFT) == 500


def test_a_token_is_no_second_person(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    person = make_person()
    row = propose(person, 5000)
    program = merchant_client(app, monkeypatch)
    path = f"/api/v1/admin/adjustments/{row.public_id}/decision"
    refused = program.post(path, json={"decision": "approve"})
    assert (refused.status_code, refused.json["code"]) == (403, "second_person_needed")
    assert (have(person), rows()[0].state) == (0, S.PROPOSED)


def test_staff_decide_over_the_api_too(app: Flask) -> None:
    person, client = make_person(), desk(app)
    row = propose(person, 5000)
    path = f"/api/v1/admin/adjustments/{row.public_id}/decision"
    assert client.post(path, json={"decision": "perhaps"}).status_code == 422
    agreed = client.post(path, json={"decision": "approve"})
    assert (agreed.status_code, agreed.json["state"]) == (200, "posted")
    assert client.post(path, json={"decision": "refuse"}).status_code == 409
    assert client.post(path.replace(row.public_id, "x"), json={"decision": "refuse"}).status_code == 404
    assert have(person) == 5000


def test_wrong_forms_say_why_and_change_nothing(app: Flask) -> None:
    person, client = make_person(), desk(app)
    for values, words in (
        ({"amount": "x"}, "整数"),
        ({"amount": "5", "reason": ""}, "请填写这一项"),
        ({"amount": "5", "last_day": "x"}, "请选择日期"),
        ({"amount": "5", "unit": "budget"}, "请选择一项"),
        ({"amount": "5", "direction": "take"}, "余额不够"),
        ({"amount": "1.234", "unit": "gift"}, "两位小数"),
    ):
        assert words in words_after(client, form(client, person, **values))
    assert rows() == []
    service = desk(app, Role.SERVICE)
    assert service.get(address(person)).status_code == 200
    assert form(service, person, amount="5").status_code == 403
    assert desk(app, Role.WAREHOUSE).get("/admin/adjustments").status_code == 403


def owed(unit: Unit) -> int:
    """What the shop owes all customers of a unit."""
    told = ledger.liabilities(since=clock.now(), until=clock.now() + timedelta(days=1))
    return sum(one.closing for one in told if one.unit is unit)


def test_who_is_erased_gets_nothing_more_and_is_owed_nothing(app: Flask) -> None:
    anna, owner = make_member(), make_staff(role=Role.OWNER)
    outbox.deliver_due(now=clock.now())
    waiting = propose(anna, 100_000).public_id
    earn(purse(customer_id=anna.id, unit=Unit.GIFT), 500, key="gift", subject="adjustment:gift")
    earn(purse(customer_id=anna.id, unit=Unit.POINTS), 70, key="pending", pending=True)
    assert owed(Unit.POINTS) >= 170
    with transaction():
        rights.erase(customer_id=anna.id, public_id=anna.signed_in.public_id, now=clock.now())
    assert [(row.state, row.note) for row in rows()] == [(S.REFUSED, "顾客已注销")]
    with pytest.raises(IllegalMove), acting(app, owner):
        services.decide(public_id=waiting, approve=True, now=clock.now())
    assert (owed(Unit.POINTS), owed(Unit.GIFT), have(anna), have(anna, Unit.GIFT)) == (0, 0, 0, 0)
    assert_books_hold()
