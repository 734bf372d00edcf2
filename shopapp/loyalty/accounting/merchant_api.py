"""Statements for the merchant's programs."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response

from shopapp.kernel.access import Permission, guard_merchant_api, requires
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.http import found
from shopapp.loyalty.ledger import Unit
from shopapp.members.identity import queries as customers

from . import queries
from .files import statement_file
from .months import Month
from .schemas import StatementAnswer, StatementInput

blp = ApiBlueprint("merchant_accounting", __name__, url_prefix="/api/v1/admin", description="商家：账目")
guard_merchant_api(blp)


@blp.get("/customers/<customer_id>/statement")
@requires(Permission.LEDGER_VIEW)
@blp.arguments(StatementInput, location="query")
@blp.response(200, StatementAnswer)
def show_statement(data: dict[str, Any], customer_id: str) -> dict[str, Any] | Response:
    """A month of one unit; with `format` csv or xlsx as a file."""
    person = found(customers.find(public_id=customer_id))
    unit, month = Unit(data["unit"]), Month.read(data["month"])
    if data["format"] != "json":
        return statement_file(person, unit=unit, month=month, kind=data["format"])
    told = queries.statement(customer_id=person.id, unit=unit, month=month)
    return {
        "customer_id": customer_id,
        "unit": unit.value,
        "month": str(month),
        "opening": told.opening,
        "items": [
            {
                "kind": line.kind.value,
                "subject": line.subject,
                "reason": line.reason,
                "amount": line.active,
                "pending": line.pending,
                "debt": line.debt,
                "balance": line.balance,
                "at": line.at,
            }
            for line in told.lines
        ],
        "closing": told.closing,
    }
