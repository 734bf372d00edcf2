"""The console on customers who are one person: pairs side by side, what was merged, and taking it back."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from shopapp.kernel import clock
from shopapp.kernel.access import Role
from shopapp.kernel.audit import AuditEntry
from shopapp.kernel.db import db, transaction
from shopapp.loyalty.ledger.models import Unit
from shopapp.loyalty.ledger.writing import purse
from shopapp.members.addresses import services as addresses
from shopapp.members.identity import members
from shopapp.members.merging import jobs, pairs
from shopapp.members.merging.models import CustomerMerge
from tests.support.ledger import balance, earn
from tests.support.people import Person, make_person
from tests.support.perks import joined
from tests.support.staff import desk, words_after

HOME = "/admin/merges"
NAME, HIDDEN = "欧阳小满", "文三路 1 号 2 幢 301"


@pytest.fixture
def alike(app: Flask) -> tuple[Person, Person]:
    """A guest and a member to whom parcels go at one address, found by the job."""
    guest, member = make_person(name=NAME), joined(name=NAME)
    with transaction():
        addresses.save_address(
            customer_id=member.id,
            public_id=None,
            name=NAME,
            phone="15400000001",
            region_code="330106",
            detail=HIDDEN,
            is_default=True,
            now=clock.now(),
        )
    assert jobs.find_duplicates(clock.now()) == 1
    return guest, member


def page_of(person: Person) -> str:
    return f"/admin/customers/{person.signed_in.public_id}"


def acts() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_a_pair_is_shown_masked_merged_and_taken_apart_again(
    app: Flask, alike: tuple[Person, Person]
) -> None:
    guest, member = alike
    earn(purse(customer_id=guest.id, unit=Unit.POINTS), 80, key="a")
    had = balance(purse(customer_id=member.id, unit=Unit.POINTS)).active
    client = desk(app, Role.OPERATOR)
    shown = client.get(HOME).text
    for words in ("收货人和地址相同", "欧***", "199****", 'class="waiting num">1<', "合并后留下"):
        assert words in shown, words
    for secret in (NAME, HIDDEN, "15400000001"):
        assert secret not in shown
    (pair,) = pairs.waiting_pairs(limit=5)
    said = words_after(client, client.post(f"{HOME}/{pair.public_id}/join"))
    assert "已合并成一位顾客" in said
    assert "没有要看的" in said
    assert balance(purse(customer_id=member.id, unit=Unit.POINTS)).active == had + 80
    # the old address leads to who they are now, here, in the list, in the search and over the API
    assert client.get(page_of(guest)).location == page_of(member)
    assert client.get(page_of(guest), query_string={"tab": "orders"}).location.endswith("?tab=orders")
    listed = client.get("/admin/customers", query_string={"q": guest.signed_in.public_id}).text
    assert member.signed_in.public_id in listed
    assert guest.signed_in.public_id not in client.get("/admin/customers").text
    found = client.get("/admin/search", query_string={"q": guest.signed_in.public_id}).text
    assert member.signed_in.public_id in found
    answer = client.get(f"/api/v1/admin/customers/{guest.signed_in.public_id}")
    assert answer.get_json()["id"] == member.signed_in.public_id
    everybody = client.get("/api/v1/admin/customers").get_json()["items"]
    assert [one["id"] for one in everybody] == [member.signed_in.public_id]
    record = client.get(f"{HOME}/of/{member.signed_in.public_id}").text
    assert ("收货人和地址相同" in record, "撤销这次合并" in record) == (True, True)
    merge = db.session.scalars(select(CustomerMerge)).one()
    undo = f"{HOME}/of/{member.signed_in.public_id}/{merge.public_id}/undo"
    assert "请写明原因" in words_after(client, client.post(undo, data={"reason": " "}))
    assert "又是两位顾客了" in words_after(client, client.post(undo, data={"reason": "是母女两人"}))
    assert "已经撤销过了" in words_after(client, client.post(undo, data={"reason": "是母女两人"}))
    assert client.get(page_of(guest)).status_code == 200
    assert "是母女两人" in client.get(f"{HOME}/of/{member.signed_in.public_id}").text
    assert [act for act in acts() if act in ("customer.join", "customer.part")] == [
        "customer.join",
        "customer.part",
    ]
    assert jobs.find_duplicates(clock.now()) == 0
    assert balance(purse(customer_id=guest.id, unit=Unit.POINTS)).active == 80


def test_two_people_are_not_asked_about_again(app: Flask, alike: tuple[Person, Person]) -> None:
    client = desk(app, Role.OWNER)
    (pair,) = pairs.waiting_pairs(limit=5)
    assert "以后不再问" in words_after(client, client.post(f"{HOME}/{pair.public_id}/apart"))
    again = words_after(client, client.post(f"{HOME}/{pair.public_id}/join"))
    assert 'class="say danger"' in again
    assert acts()[-1] == "customer.apart"
    assert members.member_of(alike[1].id) is not None
    assert db.session.scalars(select(CustomerMerge)).all() == []


def test_staff_who_know_merge_by_hand_and_those_who_may_not_do_not(
    app: Flask, alike: tuple[Person, Person]
) -> None:
    guest, member = alike
    path = f"{HOME}/of/{guest.signed_in.public_id}"
    number = members.member_of(member.id).member_no  # type: ignore[union-attr]
    for role in (Role.SERVICE, Role.ANALYST, Role.WAREHOUSE):
        client = desk(app, role)
        assert client.get(HOME).status_code == 403
        assert client.post(path, data={"other": number, "reason": "本人说的"}).status_code == 403
    assert "和另一位顾客合并" not in desk(app, Role.SERVICE).get(path).text
    client = desk(app, Role.OPERATOR)
    assert "没有找到这位顾客" in words_after(client, client.post(path, data={"other": "x", "reason": "是的"}))
    own = guest.signed_in.public_id
    assert "本来就是同一位" in words_after(client, client.post(path, data={"other": own, "reason": "是的"}))
    assert db.session.scalars(select(CustomerMerge)).all() == []
    second = joined()
    theirs = members.member_of(second.id)
    assert theirs is not None
    kept = f"{HOME}/of/{member.signed_in.public_id}"
    client.post(kept, data={"other": theirs.member_no, "reason": "换了手机"})
    assert theirs.number_spaced in client.get(kept).text
    done = client.post(path, data={"other": number, "reason": "本人在店里说的"})
    assert done.status_code == 303
    assert client.get(done.location).location == f"{page_of(member)}?tab=consents"
    reasons = db.session.scalars(select(CustomerMerge.reason).order_by(CustomerMerge.id)).all()
    assert reasons == ["换了手机", "本人在店里说的"]
    assert pairs.count_waiting() == 0
