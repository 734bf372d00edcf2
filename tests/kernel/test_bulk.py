"""Thousands of rows at once are written whole or not at all, and no error tells what stood in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from flask import Flask
from sqlalchemy import select

from shopapp.kernel import ids
from shopapp.kernel.bulk import BulkFailed, KeyTaken, among, insert_all, take_ids, time_text, update_all
from shopapp.kernel.db import db, transaction
from shopapp.members.notes.models import Tag

TABLE = db.metadata.tables["tags"]
AT = datetime(2026, 5, 1, 8, 0, 1, tzinfo=timezone(timedelta(hours=8)))


def insert(names: list[str]) -> None:
    with transaction():
        now = time_text()(AT)
        known = zip(names, ids.new_ids(len(names)), strict=True)
        rows = [(name, name, public_id, now) for name, public_id in known]
        insert_all(TABLE, ("name", "folded", "public_id", "created_at"), rows)


def names() -> list[str]:
    db.session.rollback()
    return sorted(db.session.scalars(select(Tag.name)))


def test_rows_are_written_all_or_none_and_an_error_keeps_their_secret(app: Flask) -> None:
    insert(["甲", "乙\t\\N", "丙'\"\n"])
    assert names() == sorted(["甲", "乙\t\\N", "丙'\"\n"])
    assert {tag.created_at for tag in db.session.scalars(select(Tag))} == {AT.astimezone(UTC)}
    with pytest.raises(KeyTaken) as problem:
        insert(["丁", "甲"])
    assert "甲" not in str(problem.value)
    assert problem.value.__cause__ is None
    with transaction(), pytest.raises(BulkFailed) as broken:
        insert_all(TABLE, ("name",), [("秘密",)])
    assert "秘密" not in str(broken.value)
    assert len(names()) == 3
    insert([])


def test_rows_are_found_and_changed_by_the_thousand(app: Flask) -> None:
    insert([f"n{number}" for number in range(3000)])
    with transaction():
        some = db.session.scalars(
            select(Tag).where(among(TABLE.c.name, [f"n{number}" for number in range(5, 2005)]))
        )
        ids_of = [tag.id for tag in some]
        assert len(ids_of) == 2000
        update_all(TABLE, ("name",), [(f"m{row_id}", row_id) for row_id in ids_of], by=("id",))
    assert sum(name.startswith("m") for name in names()) == 2000
    found = db.session.scalars(select(Tag.id).where(among(TABLE.c.id, ids_of))).all()
    assert sorted(found) == sorted(ids_of)
    assert db.session.scalars(select(Tag.id).where(among(TABLE.c.id, []))).all() == []


def test_many_ids_differ_and_lie_side_by_side() -> None:
    found = ids.new_ids(3000)
    assert len(set(found)) == 3000
    assert {len(one) for one in found} == {ids.ID_LENGTH}
    assert len({one[:-2] for one in found}) == 3


def test_numbers_taken_beforehand_are_those_of_the_rows_and_of_no_others(app: Flask) -> None:
    insert(["甲"])
    with transaction():
        numbers = take_ids(TABLE, 2)
        now = time_text()(AT)
        rows = [
            (row_id, name, name, public_id, now)
            for row_id, name, public_id in zip(numbers, ["乙", "丙"], ids.new_ids(2), strict=True)
        ]
        insert_all(TABLE, ("id", "name", "folded", "public_id", "created_at"), rows)
    insert(["丁"])
    found = {tag.name: tag.id for tag in db.session.scalars(select(Tag))}
    assert (found["乙"], found["丙"]) == tuple(numbers)
    assert len(set(found.values())) == 4
