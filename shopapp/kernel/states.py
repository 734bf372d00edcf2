"""A state machine is a table of moves with one way through it, by compare-and-set."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import Table, Update, bindparam, update
from sqlalchemy.orm.attributes import set_committed_value

from .db import Model, db, rows_changed
from .errors import ShopError
from .i18n import _l
from .prepared import Prepared


class IllegalMove(ShopError):
    status, code, text = 409, "illegal_move", _l("当前状态不能这样操作，没有任何改动。请刷新查看最新状态。")


S = TypeVar("S", bound=StrEnum)


class StateTable(Generic[S]):
    """The moves that a status may make, and the only function that makes them."""

    def __init__(self, moves: Mapping[S, frozenset[S]], *, column: str = "status") -> None:
        self.moves = moves
        self.column = column

    def allows(self, was: S, wanted: S) -> bool:
        return wanted in self.moves.get(was, frozenset())

    def final(self, state: S) -> bool:
        return not self.moves.get(state)

    def mover(self, model: type[Model], wanted: S, *returning: str) -> Prepared[Update]:
        """The compare-and-set for where every statement counts: `.row(row_id=…, column=value, …)` moves a row that may.

        Gives the row's id and the columns named in `returning`, None if the row may not be moved so. What the session
        holds of the row is stale afterwards.
        """
        sources = [state for state in self.moves if self.allows(state, wanted)]

        def build(_dialect: str) -> Update:
            table = cast(Table, model.__table__)
            may_move = table.c[self.column].in_(sources)
            moved = update(table).where(table.c.id == bindparam("row_id"), may_move)
            columns = [table.c[name] for name in returning]
            return moved.values({self.column: wanted}).returning(table.c.id, *columns)

        return Prepared(build)

    def move(self, row: Model, wanted: S, **values: Any) -> None:
        """Set the status, and `values` with it, if the row still has the status it was loaded with.

        Raises `IllegalMove` if the table forbids the move or somebody else moved the row meanwhile.
        """
        if not self.try_move(row, wanted, **values):
            was = getattr(row, self.column)
            raise IllegalMove(was=str(was), wanted=str(wanted))

    def try_move(self, row: Model, wanted: S, **values: Any) -> bool:
        """Like `move`, but tells by its answer whether the row was moved."""
        was: S = getattr(row, self.column)
        if not self.allows(was, wanted):
            return False
        table = type(row)
        db.session.flush()
        statement = (
            update(table)
            .where(table.id == row.id, getattr(table, self.column) == was)
            .values({self.column: wanted, **values})
        )
        if rows_changed(statement) == 0:
            db.session.refresh(row)
            return False
        for name, value in {self.column: wanted, **values}.items():
            set_committed_value(row, name, value)
        return True
