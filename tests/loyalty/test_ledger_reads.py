"""What a balance costs does not grow with what happened: one statement, by indexes."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import event, text

from shopapp.kernel.db import db, is_sqlite, transaction
from shopapp.loyalty.ledger import queries
from shopapp.loyalty.ledger.queries import Balance
from shopapp.loyalty.ledger.rules import Life
from tests.support.ledger import day, earn, new_purse, spend
from tests.support.queries import statements


def test_a_balance_is_one_statement_however_long_the_history(app: Flask) -> None:
    mine = new_purse()
    for number in range(30):
        earn(mine, 10, key=f"e{number}", life=Life(days=20), at=day(number + 1))
        spend(mine, 9, key=f"s{number}", at=day(number + 1))
    db.session.rollback()
    with statements() as sent:
        assert queries.balance(purse=mine, now=day(30)).active == 30
    assert len(sent) == 1
    with statements() as sent:
        assert queries.balance(purse=new_purse(), now=day(30)) == Balance()


def test_a_balance_is_found_by_the_indexes_of_owners_and_of_open_lots(app: Flask) -> None:
    mine, seen = new_purse(), []
    earn(mine, 10, key="e", life=Life(days=20), at=day(1))

    def note(_connection: object, _cursor: object, statement: str, values: object, *_rest: object) -> None:
        seen.append((statement, values))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        queries.balance(purse=mine, now=day(30))
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    plan = "\n".join(_plan(*seen[-1]))
    assert ("ix_ledger_lots_open" if is_sqlite() else "ix_ledger_lots_") in plan
    owners = "sqlite_autoindex_ledger_accounts" if is_sqlite() else "uq_ledger_accounts_owner"
    assert owners in plan
    assert "SCAN" not in plan.replace("Index Scan", "")
    assert "Seq Scan" not in plan


def _plan(statement: str, values: object) -> list[str]:
    """How the database would go about it in a table too long to be read through."""
    with transaction():
        connection = db.session.connection()
        if is_sqlite():
            return [
                row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            ]  # type: ignore[arg-type]
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        connection.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
        return list(connection.exec_driver_sql(f"EXPLAIN {statement}", values).scalars())  # type: ignore[arg-type]
