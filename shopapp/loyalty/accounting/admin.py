"""The console's screens for accounting: what the shop owes, and statements of customers."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template
from werkzeug.wrappers import Response

from shopapp.kernel import audit, clock
from shopapp.kernel.access import Permission, guard_console, requires
from shopapp.kernel.clock import shop_day
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import NotFound
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.screens import argument
from shopapp.kernel.sheets import FORMATS, table_file
from shopapp.loyalty.adjustments.rules import ADJUSTABLE
from shopapp.loyalty.adjustments.wording import amount_text
from shopapp.loyalty.ledger import Unit
from shopapp.members.identity import queries as customers
from shopapp.members.identity.queries import CustomerRow

from . import queries
from .files import statement_file
from .months import Month
from .wording import FIGURES, KIND_NAMES, UNIT_NAMES

SPANS: dict[str, Any] = {"1": _l("一个月"), "3": _l("三个月"), "12": _l("十二个月")}
MONTHS_OFFERED = 24

blp = guard_console(Blueprint("accounting_admin", __name__, url_prefix="/admin/accounts"))


@blp.context_processor
def words() -> dict[str, Any]:
    return {
        "unit_names": UNIT_NAMES,
        "kind_names": KIND_NAMES,
        "figures": FIGURES,
        "amount_text": amount_text,
        "formats": FORMATS,
    }


def _month() -> Month:
    """The month in the address, else this one."""
    try:
        return Month.read(argument("month"))
    except ValueError:
        return Month.of(shop_day(clock.now()))


def _offered() -> list[Month]:
    this = Month.of(shop_day(clock.now()))
    return [this.moved(-back) for back in range(MONTHS_OFFERED)]


def _span() -> str:
    return argument("span", SPANS) or "1"


@blp.get("")
@requires(Permission.LEDGER_VIEW)
def report() -> str:
    month, span = _month(), _span()
    return render_template(
        "accounting_admin/report.html",
        rows=queries.liabilities(last=month, count=int(span)),
        month=month,
        months=_offered(),
        spans=SPANS,
        span=span,
    )


@blp.get("/export.<kind>")
@requires(Permission.LEDGER_VIEW)
def export(kind: str) -> Response:
    month, span = _month(), _span()
    if kind not in FORMATS:
        raise NotFound
    with transaction():
        audit.record(
            action="ledger.export", subject_kind="ledger", subject_id=str(month), changes={"months": span}
        )
    rows = queries.liability_rows(queries.liabilities(last=month, count=int(span)))
    return table_file(name=f"accounts-{month}", kind=kind, header=queries.LIABILITY_HEADER, rows=rows)


def _person_and_unit(customer: str) -> tuple[CustomerRow, Unit]:
    unit = argument("unit", [unit.value for unit in ADJUSTABLE]) or Unit.POINTS.value
    return found(customers.find(public_id=customer)), Unit(unit)


@blp.get("/of/<customer>")
@requires(Permission.LEDGER_VIEW)
def statement(customer: str) -> str:
    person, unit = _person_and_unit(customer)
    month = _month()
    return render_template(
        "accounting_admin/statement.html",
        person=person,
        name=person.nickname or _("微信顾客"),
        statement=queries.statement(customer_id=person.id, unit=unit, month=month),
        units=[(one.value, UNIT_NAMES[one.value]) for one in ADJUSTABLE],
        months=_offered(),
    )


@blp.get("/of/<customer>/export.<kind>")
@requires(Permission.LEDGER_VIEW)
def export_statement(customer: str, kind: str) -> Response:
    person, unit = _person_and_unit(customer)
    if kind not in FORMATS:
        raise NotFound
    with transaction():
        audit.record(
            action="ledger.export",
            subject_kind="customer",
            subject_id=customer,
            changes={"unit": unit.value, "month": str(_month())},
        )
    return statement_file(person, unit=unit, month=_month(), kind=kind)
