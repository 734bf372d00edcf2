"""Statements as files."""

from __future__ import annotations

from werkzeug.wrappers import Response

from shopapp.kernel.sheets import table_file
from shopapp.loyalty.ledger import Unit
from shopapp.members.identity.queries import CustomerRow

from . import queries
from .months import Month


def statement_file(person: CustomerRow, *, unit: Unit, month: Month, kind: str) -> Response:
    """A month of one unit of a customer as CSV or XLSX."""
    rows = queries.statement_rows(queries.statement(customer_id=person.id, unit=unit, month=month))
    name = f"statement-{person.public_id}-{unit.value}-{month}"
    return table_file(name=name, kind=kind, header=queries.STATEMENT_HEADER, rows=rows)
