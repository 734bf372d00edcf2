"""What makes two customers one by itself, and what only makes staff look."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shopapp.kernel import clock
from shopapp.kernel.db import db, transaction
from shopapp.kernel.errors import Conflict, NotFound
from shopapp.kernel.rotation import rotate_table
from shopapp.kernel.sms import FakeSms
from shopapp.members.addresses import services as addresses
from shopapp.members.consent.models import ConsentEntry
from shopapp.members.identity import members, queries
from shopapp.members.identity import services as identity
from shopapp.members.identity.models import Customer
from shopapp.members.merging import jobs, pairs, services
from shopapp.members.merging.clues import OTHERS_MAX
from shopapp.members.merging.models import CustomerMerge, MergePair, PairStatus
from shopapp.members.merging.rules import Evidence
from shopapp.wechat.api import EXTENSION
from shopapp.wechat.fakes import FakePlatform
from tests.support.clocks import ShopClock
from tests.support.members import PHONE, ask_code, code_in, make_member, member, register
from tests.support.people import REGION, Person, make_person

EXCHANGE = "/sns/oauth2/access_token"
OTHER = "15400000002"


@pytest.fixture
def platform(app: Flask) -> Iterator[FakePlatform]:
    before, fake = app.extensions.get(EXTENSION), FakePlatform()
    app.extensions[EXTENSION] = fake
    yield fake
    app.extensions[EXTENSION] = before


def sign_in(app: Flask, platform: FakePlatform, *, openid: str, unionid: str | None) -> dict[str, Any]:
    """Over the API; who it is."""
    granted = {"openid": openid, "access_token": "web", "expires_in": 7200}
    platform.answer(EXCHANGE, granted | ({"unionid": unionid} if unionid else {}))
    answer = app.test_client().post("/api/v1/sessions", json={"code": openid})
    assert answer.status_code == 201
    customer: dict[str, Any] = answer.get_json()["customer"]
    return customer


def merges() -> list[tuple[int, int, str]]:
    db.session.rollback()
    db.session.expire_all()
    rows = db.session.scalars(select(CustomerMerge).order_by(CustomerMerge.id))
    return [(row.source_id, row.target_id, row.evidence.value) for row in rows if row.undone_at is None]


def undo_last() -> None:
    db.session.rollback()
    merge_id = db.session.scalars(select(CustomerMerge.public_id).order_by(CustomerMerge.id.desc())).first()
    with transaction():
        services.undo(merge_id=merge_id or "", reason="弄错了", now=clock.now())


def test_who_has_the_same_unionid_is_the_same_person(app: Flask, platform: FakePlatform) -> None:
    with transaction():
        identity.know_account(appid="wxOTHER", openid="oOld", unionid="uSame", now=clock.now())
    old = queries.newest()[0]
    new = sign_in(app, platform, openid="oNew", unionid=None)
    assert new["id"] != old.public_id
    again = sign_in(app, platform, openid="oNew", unionid="uSame")
    assert again["id"] == old.public_id
    assert [(target, why) for _source, target, why in merges()] == [(old.id, "unionid")]
    assert sign_in(app, platform, openid="oNew", unionid="uSame")["id"] == old.public_id
    assert len(merges()) == 1
    # staff know better: they stay two, whatever WeChat says again
    undo_last()
    assert sign_in(app, platform, openid="oNew", unionid="uSame")["id"] == new["id"]
    assert merges() == []


def test_who_shows_that_they_hold_a_members_number_is_that_member(
    app: Flask, gateway: FakeSms, clock: ShopClock
) -> None:
    known, guest = make_member(), make_person()
    prove(app, gateway, known, PHONE)
    clock.forward(minutes=5)
    ask_code(app, guest, PHONE)
    wrong = register(app, guest, name="李四", phone=PHONE, phone_code="000000")
    assert (wrong.status_code, merges()) == (422, [])
    answer = register(app, guest, name="李四", phone=PHONE, phone_code=code_in(gateway), marketing=True)
    assert answer.status_code == 201
    assert answer.get_json()["id"] == known.signed_in.public_id
    assert answer.get_json()["member_no"] == member(known).member_no
    assert merges() == [(guest.id, known.id, "phone")]
    assert member(known).marketing
    # who is a member stays as they are, and the guest's own session goes on as theirs
    assert app.test_client().get("/api/v1/me", headers=guest.headers).get_json()["name"] is None
    assert db.session.scalars(select(ConsentEntry.customer_id).distinct()).all() == [known.id]


def prove(app: Flask, gateway: FakeSms, person: Person, phone: str) -> tuple[int, dict[str, Any]]:
    ask_code(app, person, phone)
    answer = app.test_client().put(
        "/api/v1/me/profile", json={"phone": phone, "phone_code": code_in(gateway)}, headers=person.headers
    )
    return answer.status_code, answer.get_json()


def test_of_two_members_with_one_number_the_first_stays_and_both_numbers_lead_to_them(
    app: Flask, gateway: FakeSms, clock: ShopClock
) -> None:
    first = make_member(marketing=True)
    clock.forward(minutes=5)
    second = make_member()
    assert prove(app, gateway, first, PHONE)[0] == 200
    clock.forward(minutes=5)
    assert prove(app, gateway, second, OTHER)[0] == 200
    clock.forward(minutes=5)
    status, told = prove(app, gateway, second, PHONE)
    assert (status, told["id"]) == (200, first.signed_in.public_id)
    assert merges() == [(second.id, first.id, "phone")]
    assert member(first).phone == PHONE
    assert queries.holder_of(phone=OTHER) == first.id
    # they may take their other number as well, and undoing leaves it where it was told last
    clock.forward(minutes=5)
    assert prove(app, gateway, first, OTHER)[0] == 200
    assert (member(first).phone, queries.holder_of(phone=OTHER)) == (OTHER, first.id)
    assert rotate_table(table=Customer.__table__) == 0  # type: ignore[arg-type]
    undo_last()
    assert (member(first).phone, member(second).phone) == (OTHER, None)
    assert member(first).marketing
    assert not member(second).marketing


def test_a_number_that_staff_took_apart_stays_with_who_has_it(
    app: Flask, gateway: FakeSms, clock: ShopClock
) -> None:
    known, guest = make_member(), make_person()
    prove(app, gateway, known, PHONE)
    with transaction():
        services.join(one_id=known.id, other_id=guest.id, evidence=Evidence.STAFF, now=clock.now())
    undo_last()
    clock.forward(minutes=5)
    ask_code(app, guest, PHONE)
    answer = register(app, guest, phone=PHONE, phone_code=code_in(gateway))
    assert (answer.status_code, answer.get_json()["code"]) == (409, "phone_unusable")
    assert (merges(), member(known).phone) == ([], PHONE)
    assert members.member_of(guest.id) is None


def test_a_word_against_marketing_counts_for_both(app: Flask) -> None:
    one, other = make_member(marketing=True), make_member(marketing=True)
    client = app.test_client()
    assert (
        client.put("/api/v1/me/consents", json={"marketing": False}, headers=other.headers).status_code == 200
    )
    with transaction():
        services.join(one_id=one.id, other_id=other.id, evidence=Evidence.STAFF, now=clock.now())
    assert not member(one).marketing
    undo_last()
    assert (member(one).marketing, member(other).marketing) == (True, False)


def live_at(person: Person, *, name: str, detail: str = "文三路 9 号 1 幢 101") -> str:
    with transaction():
        return addresses.save_address(
            customer_id=person.id,
            public_id=None,
            name=name,
            phone="15400000009",
            region_code=REGION,
            detail=detail,
            is_default=False,
            now=clock.now(),
        ).public_id


def look() -> int:
    db.session.rollback()
    return jobs.find_duplicates(clock.now())


def waiting() -> list[tuple[int, int, list[str]]]:
    db.session.rollback()
    return [(each.first_id, each.second_id, each.reasons) for each in pairs.waiting_pairs(limit=50)]


def test_one_name_at_one_address_makes_staff_look_and_nothing_else(app: Flask) -> None:
    one, other, neighbour, hidden = (make_person(name=f"各自{number}") for number in range(4))
    live_at(one, name="陈 晨")
    live_at(other, name="陈晨", detail="文三路９号1幢101")
    live_at(neighbour, name="林林")
    for who in (hidden, neighbour):
        live_at(who, name="陈*")
    assert look() == 1
    assert waiting() == [(one.id, other.id, ["address"])]
    assert (look(), merges()) == (0, [])
    (pair,) = pairs.waiting_pairs(limit=50)
    with transaction():
        pairs.keep_apart(pair_id=pair.public_id, now=clock.now())
    with pytest.raises(Conflict), transaction():
        pairs.keep_apart(pair_id=pair.public_id, now=clock.now())
    with pytest.raises(NotFound), transaction():
        pairs.waiting(pair_id="nothing")
    # never again, not by another address, nor by way of whom one of them turned out to be
    live_at(one, name="陈晨", detail="学院路 8 号")
    live_at(other, name="陈晨", detail="学院路 8 号")
    third = make_person(name="各自9")
    with transaction():
        services.join(one_id=one.id, other_id=third.id, evidence=Evidence.STAFF, now=clock.now())
    live_at(third, name="陈晨", detail="学院路 8 号")
    assert (look(), waiting(), pairs.count_waiting()) == (0, [], 0)


def test_one_name_and_birthday_too_and_both_reasons_stand_beside_each_other(app: Flask) -> None:
    birthday = clock.shop_day(clock.now()).replace(year=1991, month=5, day=6)
    one, other = (make_member(name=name, birthday=birthday) for name in ("陈晨", "陈　晨"))
    make_member(name="陈晨")
    make_member(name="陈晨", birthday=birthday.replace(year=1992))
    for each in (one, other):
        live_at(each, name="陈晨")
    with transaction():  # everybody of the tests lives at one address otherwise
        db.session.execute(MergePair.__table__.delete())
    look()
    assert (one.id, other.id, ["address", "person"]) in waiting()
    with transaction():
        services.join(one_id=one.id, other_id=other.id, evidence=Evidence.REVIEW, now=clock.now())
    assert not [each for each in waiting() if other.id in each[:2]]
    undo_last()
    row = db.session.scalars(select(MergePair).filter_by(first_id=one.id, second_id=other.id)).one()
    assert row.status is PairStatus.DISTINCT


def test_a_crowd_at_one_address_is_not_compared_each_with_each(app: Flask) -> None:
    crowd = [make_person(name="前台") for _one in range(OTHERS_MAX + 5)]
    assert look() < len(crowd) * OTHERS_MAX
    assert {first for first, _second, _why in waiting()} == {one.id for one in crowd[:OTHERS_MAX]}
