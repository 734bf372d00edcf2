"""The console's screens of balances changed by hand: a part of the customer's page, and the list of proposals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, render_template, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import clock
from shopapp.kernel.access import Permission, current_actor, guard_console, requires
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _, day
from shopapp.kernel.ids import new_id
from shopapp.kernel.screens import Form, act, argument, page_number, page_of
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.wallet.queries import limit_of
from shopapp.members.identity import queries as customers

from . import queries, services
from .models import Adjustment, AdjustmentState
from .rules import ADJUSTABLE, AMOUNT_MAX, MONEY, REASON_MAX
from .wording import STATE_NAMES, TONES, UNIT_NAMES, amount_text

SHOWN = 5
KEY_MAX = 64
INSTANT = timedelta(microseconds=1)

blp = guard_console(Blueprint("adjustments_admin", __name__, url_prefix="/admin/adjustments"))


@blp.context_processor
def words() -> dict[str, Any]:
    return {
        "unit_names": UNIT_NAMES,
        "state_names": STATE_NAMES,
        "state_tones": TONES,
        "amount_text": amount_text,
        "last_day": lambda end: day(end - INSTANT),
    }


@blp.get("/of/<customer>")
@requires(Permission.LEDGER_VIEW)
def of_customer(customer: str) -> str:
    """Balances of one customer with the latest adjustments and the form for one, to be put into their page."""
    person, now = found(customers.find(public_id=customer)), clock.now()
    rows, _following = queries.of_customer(customer_id=person.id, limit=SHOWN)
    return render_template(
        "adjustments_admin/_customer.html",
        customer=customer,
        erased=person.erased_at is not None,
        balances=queries.balances(customer_id=person.id, now=now),
        rows=rows,
        units=[(unit.value, UNIT_NAMES[unit.value]) for unit in ADJUSTABLE],
        form=Form.filled({"key": new_id()}),
        principal_most=limit_of(customer_id=person.id),
        month=f"{clock.shop_day(now):%Y-%m}",
    )


@blp.post("/of/<customer>")
@requires(Permission.LEDGER_ADJUST)
def send(customer: str) -> Response:
    form = Form.sent()

    def work() -> str:
        unit = Unit(form.choice("unit", [unit.value for unit in ADJUSTABLE]) or Unit.POINTS)
        amount = _amount(form, unit)
        reason = form.text("reason", longest=REASON_MAX, needed=True)
        expires_at = form.day("last_day", last=True)
        key = form.text("key", longest=KEY_MAX, needed=True)
        form.check()
        row = services.propose(
            customer=customer,
            unit=unit,
            amount=amount,
            reason=reason,
            expires_at=expires_at,
            key=key,
            now=clock.now(),
        )
        told = f"{UNIT_NAMES[unit.value]} {amount_text(row.amount, unit, signed=True)}"
        if row.state is AdjustmentState.PROPOSED:
            return _("%(what)s已提出，超过一个人能调的数，要另一位同事批准后才入账。", what=told)
        return _("%(what)s已入账。", what=told)

    return act(work, back=_page_of(customer))


def _page_of(customer: str) -> str:
    return url_for("customers_admin.customer", public_id=customer, tab="accounts")


def _amount(form: Form, unit: Unit) -> int:
    """What is written, in yuan for money, with the sign of the chosen direction."""
    taking = form.choice("direction", ["give", "take"]) == "take"
    written = form.yuan("amount").fen if unit in MONEY else form.whole("amount", least=1, most=AMOUNT_MAX)
    return -written if taking else written


@blp.get("")
@requires(Permission.LEDGER_VIEW)
def worklist() -> str:
    shown = argument("state", ["all", *STATE_NAMES]) or AdjustmentState.PROPOSED.value
    page = page_of(queries.listing(state="" if shown == "all" else shown), number=page_number())
    return render_template(
        "adjustments_admin/list.html",
        page=page,
        shown=shown,
        waiting=queries.waiting_count(),
        people=customers.by_ids(customer_ids=[row.customer_id for row in page.items]),
        own=_is_own,
    )


def _is_own(row: Adjustment) -> bool:
    actor = current_actor()
    return row.proposed_by == f"{actor.kind}:{actor.id}"


@blp.post("/<public_id>/decision")
@requires(Permission.LEDGER_APPROVE)
def decide(public_id: str) -> Response:
    form = Form.sent()

    def work() -> str:
        approve = form.choice("decision", ["approve", "refuse"]) == "approve"
        note = form.text("note", longest=REASON_MAX)
        form.check()
        services.decide(public_id=public_id, approve=approve, note=note, now=clock.now())
        return _("已批准并入账。") if approve else _("已驳回，余额没有变。")

    return act(work, back=url_for("adjustments_admin.worklist"))
