"""Notes, tags and tasks of customers: who may write them, what they leave behind, and that they go with the person."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from shopapp.kernel import clock
from shopapp.kernel.access import Permission, Role
from shopapp.kernel.audit import AuditEntry
from shopapp.kernel.clock import shop_day
from shopapp.kernel.db import db, transaction
from shopapp.kernel.errors import Conflict, Invalid, NotFound
from shopapp.kernel.states import IllegalMove
from shopapp.members.notes import queries, rules, services, tags
from shopapp.members.notes.models import (
    TASK_MOVES,
    CustomerNote,
    CustomerTag,
    CustomerTask,
    Tag,
    TaskState,
)
from shopapp.members.notes.services import Erased, NotYours
from shopapp.members.rights import services as rights
from tests.store.test_orders_race import at_once
from tests.support.clocks import ShopClock
from tests.support.desks import acting
from tests.support.members import make_member
from tests.support.merchant import merchant_client
from tests.support.orders import count
from tests.support.people import Person, make_person
from tests.support.staff import desk, make_staff, words_after

SECRET = "对牛奶蛋白过敏，晚上九点后联系"


def of(person: Person) -> str:
    return person.signed_in.public_id


def page(person: Person, *, tab: str = "notes") -> str:
    return f"/admin/customers/{of(person)}?tab={tab}"


def names(person: Person) -> list[str]:
    db.session.rollback()
    return [tag.name for tag in queries.tags_of(customer_id=person.id)]


def tag_named(name: str) -> str:
    db.session.rollback()
    return db.session.scalars(select(Tag.public_id).filter_by(name=name)).one()


def give(app: Flask, person: Person, *words: str) -> None:
    with acting(app, make_staff()):
        for word in words:
            tags.give(customer=of(person), name=word, now=clock.now())


def erase(person: Person) -> None:
    with transaction():
        rights.erase(customer_id=person.id, public_id=of(person), now=clock.now())


def acts() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_a_note_is_kept_encrypted_and_its_words_are_in_no_trail(app: Flask) -> None:
    person, staff = make_person(), make_staff(role=Role.SERVICE, name="小周")
    client = desk(app, staff=staff)
    answer = client.post(f"/admin/customers/{of(person)}/notes", data={"text": SECRET})
    shown = words_after(client, answer)
    assert SECRET in shown
    assert "小周" in shown
    kept = db.session.execute(text("SELECT text FROM customer_notes")).scalar_one()
    assert "牛奶" not in kept
    entries = db.session.scalars(select(AuditEntry).filter_by(action="customer.note")).all()
    assert [(entry.subject_id, entry.changes) for entry in entries] == [(of(person), {})]


def test_only_who_wrote_a_note_changes_and_deletes_it(app: Flask) -> None:
    person, zhou, wu = make_person(), make_staff(role=Role.SERVICE), make_staff(role=Role.OWNER)
    with acting(app, zhou):
        note_id = services.add_note(customer=of(person), text="原来的话", now=clock.now()).public_id
    path = f"/admin/customers/{of(person)}/notes/{note_id}"
    owner, author = desk(app, staff=wu), desk(app, staff=zhou)
    assert "只有写的人自己能改和删" in words_after(owner, owner.post(path, data={"text": "别的话"}))
    assert "只有写的人自己能改和删" in words_after(owner, owner.post(f"{path}/delete"))
    assert "改或删" not in owner.get(page(person)).text
    assert count(CustomerNote) == 1
    assert "新的话" in words_after(author, author.post(path, data={"text": "新的话"}))
    assert "原来的话" not in author.get(page(person)).text
    author.post(f"{path}/delete")
    assert count(CustomerNote) == 0
    assert acts()[-2:] == ["customer.note_update", "customer.note_delete"]


def test_a_note_of_one_customer_is_not_reached_through_another(app: Flask) -> None:
    person, other, staff = make_person(), make_person(), make_staff()
    with acting(app, staff):
        note = services.add_note(customer=of(person), text="话", now=clock.now())
    for stranger in (of(other), "0000000000aa"):
        with pytest.raises(NotFound), acting(app, staff):
            services.delete_note(customer=stranger, note_id=note.public_id)
    assert count(CustomerNote) == 1


@pytest.mark.parametrize("wrong", ["", "  \n ", "x" * (rules.NOTE_MAX + 1), "a\x00b", "\u202eabc"])
def test_what_cannot_be_a_note_is_refused(app: Flask, wrong: str) -> None:
    person, staff = make_person(), make_staff()
    with pytest.raises(Invalid), acting(app, staff):
        services.add_note(customer=of(person), text=wrong, now=clock.now())
    assert count(CustomerNote) == 0


@pytest.mark.parametrize("role", [Role.WAREHOUSE, Role.ANALYST])
def test_who_may_not_write_notes_neither_sees_nor_writes_them(app: Flask, role: Role) -> None:
    person, staff = make_person(), make_staff()
    with acting(app, staff):
        services.add_note(customer=of(person), text=SECRET, now=clock.now())
        task = services.add_task(
            customer=of(person), text=SECRET, due=None, assignee=staff.public_id, now=clock.now()
        )
        tags.give(customer=of(person), name="妈妈群", now=clock.now())
    client = desk(app, role)
    posts = {
        f"/admin/customers/{of(person)}/notes": {"text": "x"},
        f"/admin/customers/{of(person)}/tags": {"tag": "x"},
        f"/admin/customers/{of(person)}/tasks": {"text": "x"},
        f"/admin/tasks/{task.public_id}/end": {"as": "done"},
    }
    for path, data in posts.items():
        assert client.post(path, data=data).status_code == 403, path
    assert client.get("/admin/tasks").status_code == 403
    seen = client.get(page(person))
    assert seen.status_code == (200 if role is Role.ANALYST else 403)
    assert SECRET not in seen.text
    assert "加标签" not in seen.text
    assert ("妈妈群" in seen.text) is (role is Role.ANALYST)
    assert SECRET not in client.get("/admin/").text


def test_two_spellings_are_one_tag_and_given_twice_it_is_there_once(app: Flask) -> None:
    person, other = make_person(), make_person()
    give(app, person, "VIP 妈妈", "ｖｉｐ妈妈", " vip  妈妈 ")
    give(app, other, "Vip妈妈")
    assert names(person) == names(other) == ["VIP 妈妈"]
    assert count(Tag) == 1
    assert acts().count("customer.tag") == 2


@pytest.mark.parametrize("wrong", ["", "   ", "x" * 21, "甲,乙", "甲、乙", "a\u202eb", "a\x00b"])
def test_what_cannot_be_a_tag_is_refused(app: Flask, wrong: str) -> None:
    person = make_person()
    with pytest.raises(Invalid):
        give(app, person, wrong)
    assert count(Tag) == count(CustomerTag) == 0


def test_a_customer_has_no_more_tags_than_can_be_read(app: Flask) -> None:
    person = make_person()
    give(app, person, *(f"标签{number}" for number in range(rules.TAGS_EACH_MAX)))
    with pytest.raises(Invalid):
        give(app, person, "多一个")
    assert len(names(person)) == rules.TAGS_EACH_MAX


def test_a_tag_narrows_the_list_and_tells_how_many_have_it(app: Flask) -> None:
    people = [make_person() for _ in range(3)]
    for person in people[:2]:
        give(app, person, "妈妈群")
    give(app, people[2], "爱囤货")
    client = desk(app, Role.SERVICE)
    listed = client.get(f"/admin/customers?tag={tag_named('妈妈群')}").text
    assert [of(person) in listed for person in people] == [True, True, False]
    assert "妈妈群（2）" in listed
    assert "没有符合条件" in client.get("/admin/customers?tag=0000000000aa").text
    assert "2 位顾客" in client.get("/admin/tags").text


def test_a_tag_is_renamed_merged_and_deleted_for_everybody(app: Flask) -> None:
    one, both = make_person(), make_person()
    give(app, one, "囤货")
    give(app, both, "囤货", "爱囤货")
    client = desk(app, Role.OPERATOR)
    gone, kept = tag_named("囤货"), tag_named("爱囤货")
    taken = client.post(f"/admin/tags/{gone}/name", data={"name": "爱 囤货"})
    assert "已经有这个标签" in words_after(client, taken)
    client.post(f"/admin/tags/{gone}/name", data={"name": "会囤货"})
    assert names(one) == ["会囤货"]
    merged = words_after(client, client.post(f"/admin/tags/{gone}/merge", data={"into": kept}))
    assert "2 位顾客" in merged
    assert (names(one), names(both)) == (["爱囤货"], ["爱囤货"])
    assert count(Tag) == 1
    client.post(f"/admin/tags/{kept}/delete")
    assert (names(one), names(both), count(Tag), count(CustomerTag)) == ([], [], 0, 0)
    entry = db.session.scalars(select(AuditEntry).filter_by(action="tag.delete")).one()
    assert entry.changes == {"pieces": 2}


def test_a_tag_does_not_merge_into_itself_or_into_nothing(app: Flask) -> None:
    person, staff = make_person(), make_staff()
    give(app, person, "囤货")
    tag_id = tag_named("囤货")
    for into, problem in ((tag_id, Conflict), ("0000000000aa", NotFound)):
        with pytest.raises(problem), acting(app, staff):
            tags.merge(tag_id=tag_id, into=into)
    assert names(person) == ["囤货"]


def test_who_may_only_note_does_not_change_the_shops_tags(app: Flask) -> None:
    give(app, make_person(), "囤货")
    client, tag_id = desk(app, Role.SERVICE), tag_named("囤货")
    for act, data in (("name", {"name": "x"}), ("merge", {"into": tag_id}), ("delete", {})):
        assert client.post(f"/admin/tags/{tag_id}/{act}", data=data).status_code == 403
    shown = client.get("/admin/tags").text
    assert "囤货" in shown
    assert "删除" not in shown


def test_one_new_tag_given_to_many_at_once_is_one_tag(app: Flask) -> None:
    people = [make_person() for _ in range(6)]

    def work(person: Person) -> None:
        with transaction():
            tags.give(customer=of(person), name="同一个", now=clock.now())

    at_once(app, [lambda person=person: work(person) for person in people], threads=6)
    assert count(Tag) == 1
    assert count(CustomerTag) == 6


def test_a_task_makes_only_the_moves_of_its_table(app: Flask) -> None:
    person, staff = make_person(), make_staff()
    for was, wanted in itertools.product(TaskState, TaskState):
        with acting(app, staff):
            task = services.add_task(customer=of(person), text="做", due=None, assignee=None, now=clock.now())
            if was is not TaskState.OPEN:
                services.end_task(task_id=task.public_id, done=was is TaskState.DONE, now=clock.now())
        allowed = was is TaskState.OPEN and wanted is not TaskState.OPEN
        assert TASK_MOVES.allows(was, wanted) is allowed
        if wanted is TaskState.OPEN:
            continue
        if allowed:
            with acting(app, staff):
                services.end_task(task_id=task.public_id, done=wanted is TaskState.DONE, now=clock.now())
        else:
            with pytest.raises(IllegalMove), acting(app, staff):
                services.end_task(task_id=task.public_id, done=wanted is TaskState.DONE, now=clock.now())
        db.session.rollback()
        kept = db.session.scalars(select(CustomerTask).filter_by(public_id=task.public_id)).one()
        assert kept.state is (wanted if allowed else was)


def test_my_tasks_stand_on_the_overview_and_what_is_late_is_marked(app: Flask, clock: ShopClock) -> None:
    person, mine, other = make_person(), make_staff(role=Role.SERVICE), make_staff(role=Role.SERVICE)
    today = shop_day(clock.now())
    with acting(app, mine):
        for words, due, who in (
            ("今天要做", today, mine),
            ("以后要做", today + timedelta(days=9), mine),
            ("别人要做", today, other),
        ):
            services.add_task(
                customer=of(person), text=words, due=due, assignee=who.public_id, now=clock.now()
            )
    clock.forward(days=2)
    client = desk(app, staff=mine)
    home = client.get("/admin/").text
    assert "我的待办" in home
    assert "过期 1 件" in home
    assert "过期 2 天" in home
    assert "别人要做" not in home
    assert home.index("今天要做") < home.index("以后要做")
    shown = client.get("/admin/tasks").text
    assert "别人要做" not in shown
    assert "别人要做" in client.get("/admin/tasks?whose=all").text
    task_id = db.session.scalars(
        select(CustomerTask.public_id).filter_by(assignee=mine.public_id).order_by(CustomerTask.id)
    ).first()
    client.post(f"/admin/tasks/{task_id}/end", data={"as": "done"})
    assert "过期" not in client.get("/admin/").text
    assert "今天要做" in client.get("/admin/tasks?state=done").text


def test_a_task_goes_only_to_who_may_sign_in(app: Flask) -> None:
    person = make_person()
    client = desk(app)
    wrong = client.post(
        f"/admin/customers/{of(person)}/tasks", data={"text": "做", "assignee": "0000000000aa"}
    )
    assert "没有这位员工" in words_after(client, wrong)
    bad_day = client.post(f"/admin/customers/{of(person)}/tasks", data={"text": "做", "due": "明天"})
    assert "请选日期" in words_after(client, bad_day)
    assert count(CustomerTask) == 0


def test_who_is_erased_takes_notes_tags_and_words_of_tasks_along(app: Flask) -> None:
    person, other, staff = make_member(), make_member(), make_staff()
    for each in (person, other):
        with acting(app, staff):
            services.add_note(customer=of(each), text=SECRET, now=clock.now())
            services.add_task(customer=of(each), text=SECRET, due=None, assignee=None, now=clock.now())
            done = services.add_task(customer=of(each), text=SECRET, due=None, assignee=None, now=clock.now())
            services.end_task(task_id=done.public_id, done=True, now=clock.now())
            tags.give(customer=of(each), name="妈妈群", now=clock.now())
    known = rights.export(customer_id=person.id, now=clock.now())["notes"]
    assert known["tags"] == ["妈妈群"]
    assert [note["text"] for note in known["notes"]] == [SECRET]
    assert [(task["text"], task["state"]) for task in known["tasks"]] == [(SECRET, "open"), (SECRET, "done")]
    erase(person)
    erase(person)
    gone = rights.export(customer_id=person.id, now=clock.now())["notes"]
    assert (gone["tags"], gone["notes"]) == ([], [])
    assert [(task["text"], task["state"]) for task in gone["tasks"]] == [("", "cancelled"), ("", "done")]
    left = rights.export(customer_id=other.id, now=clock.now())["notes"]
    assert [task["text"] for task in left["tasks"]] == [SECRET, SECRET]
    assert names(other) == ["妈妈群"]
    with pytest.raises(Erased), acting(app, staff):
        services.add_note(customer=of(person), text="还想写", now=clock.now())


def test_who_is_not_the_author_is_told_so_over_every_way(app: Flask) -> None:
    person, one, other = make_person(), make_staff(), make_staff()
    with acting(app, one):
        note = services.add_note(customer=of(person), text="话", now=clock.now())
    with pytest.raises(NotYours), acting(app, other):
        services.edit_note(customer=of(person), note_id=note.public_id, text="改", now=clock.now())


def test_programs_read_and_write_notes_tags_and_tasks(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    person, staff = make_person(), make_staff()
    client, path = merchant_client(app, monkeypatch), f"/api/v1/admin/customers/{of(person)}"
    put = client.put(f"{path}/tags", json={"tags": ["妈妈群", "爱囤货"]}).get_json()
    assert [tag["name"] for tag in put["items"]] == ["妈妈群", "爱囤货"]
    client.put(f"{path}/tags", json={"tags": ["爱囤货", "新客"]})
    assert [tag["name"] for tag in client.get(f"{path}/tags").get_json()["items"]] == ["新客", "爱囤货"]
    for number in range(5):
        made = client.post(
            f"{path}/notes", json={"text": f"话 {number}"}, headers={"Idempotency-Key": f"k{number}"}
        )
        again = client.post(
            f"{path}/notes", json={"text": f"话 {number}"}, headers={"Idempotency-Key": f"k{number}"}
        )
        assert (made.status_code, again.get_json()["id"]) == (201, made.get_json()["id"])
    seen, cursor = [], None
    while True:
        query: dict[str, Any] = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = client.get(f"{path}/notes", query_string=query).get_json()
        seen += [item["text"] for item in answer["items"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"话 {number}" for number in reversed(range(5))]
    task = client.post(
        f"{path}/tasks", json={"text": "打电话", "due": "2027-01-02", "assignee": staff.public_id}
    ).get_json()
    assert (task["state"], task["due"], task["assignee_name"], task["author"]) == (
        "open",
        "2027-01-02",
        staff.name,
        "仓库系统",
    )
    assert client.get(f"{path}/tasks").get_json()["items"] == [task]
    assert client.post(f"{path}/tasks", json={"text": "x", "assignee": "nobody"}).status_code == 422
    assert client.post(f"{path}/tasks", json={"text": "x", "due": "morgen"}).status_code == 422
    assert client.get(f"{path}/notes?cursor=0000000000aa").status_code == 422
    assert client.get("/api/v1/admin/customers/0000000000aa/notes").status_code == 404


def test_programs_need_the_right_to_note(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    person = make_person()
    path = f"/api/v1/admin/customers/{of(person)}"
    client = merchant_client(app, monkeypatch, Permission.CUSTOMERS_VIEW)
    assert client.get(f"{path}/tags").status_code == 200
    assert client.put(f"{path}/tags", json={"tags": ["x"]}).status_code == 403
    for part in ("notes", "tasks"):
        assert client.get(f"{path}/{part}").status_code == 403
        assert client.post(f"{path}/{part}", json={"text": "x"}).status_code == 403
    assert count(CustomerNote) == count(CustomerTask) == count(Tag) == 0
