"""`pii rotate`: everything that an old key encrypted is encrypted anew with the first one."""

from __future__ import annotations

import click
from flask.cli import with_appcontext
from sqlalchemy import String as PlainString
from sqlalchemy import Table, bindparam, case, select, type_coerce, update

from . import pii
from .db import db, transaction

BATCH = 500
REMADE = "remade"
"""In the `info` of a column: a hash over several values, which a job makes wherever there is none."""


@click.group("pii")
def pii_group() -> None:
    """Personal data."""


@pii_group.command("rotate")
@with_appcontext
def rotate() -> None:
    """Encrypt anew what an old key encrypted. Safe to stop and to run again; the old key may go afterwards."""
    for table in db.metadata.sorted_tables:
        if any(isinstance(column.type, pii.Encrypted) for column in table.columns):
            click.echo(f"{table.name}: {rotate_table(table=table)}")


def rotate_table(*, table: Table) -> int:
    """Rotate one table in batches, each in its own transaction; returns how many rows were written."""
    changed, last = 0, 0
    while True:
        with transaction():
            rows = _rows(table, after=last)
            updates = [renewed for row in rows if (renewed := _renewed(table, row)) is not None]
            for values in updates:
                row_id = values.pop("id")
                db.session.execute(update(table).where(table.c.id == row_id).values(_as_kept(table, values)))
        changed += len(updates)
        if not rows:
            return changed
        last = int(rows[-1]["id"])


def _rows(table: Table, *, after: int) -> list[dict[str, str]]:
    """A batch of rows with their encrypted columns as they are kept."""
    kept = [type_coerce(table.c[name], PlainString).label(name) for name in _names(table)]
    statement = select(table.c.id, *kept).where(table.c.id > after).order_by(table.c.id).limit(BATCH)
    return [dict(row) for row in db.session.execute(statement).mappings()]


def _names(table: Table) -> list[str]:
    return [column.name for column in table.columns if isinstance(column.type, pii.Encrypted)]


def _renewed(table: Table, row: dict[str, str]) -> dict[str, str] | None:
    """The row's values under the first key, with the lookup hashes beside them; None if they are all there already."""
    old = {
        name: row[name] for name in _names(table) if row[name] is not None and pii.needs_rotation(row[name])
    }
    if not old:
        return None
    renewed: dict[str, str] = {"id": row["id"]}
    for name, sealed in old.items():
        text = pii.decrypt(sealed)
        renewed[name] = pii.encrypt(text)
        if f"{name}_hash" in table.c and text:
            renewed[f"{name}_hash"] = pii.lookup_hash(text)
    return renewed


def _as_kept(table: Table, values: dict[str, str]) -> dict[str, object]:
    """A value without a hash is one that nobody is to be found by: it stays without. Columns marked as REMADE are emptied
    for those who fill them.
    """
    kept: dict[str, object] = {column.name: None for column in table.c if REMADE in column.info}
    for name, value in values.items():
        new = type_coerce(bindparam(None, value), PlainString)
        kept[name] = case((table.c[name].is_not(None), new)) if name.endswith("_hash") else new
    return kept
