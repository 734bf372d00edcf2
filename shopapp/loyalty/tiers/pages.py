"""The member's own page of their tier."""

from __future__ import annotations

from flask import Blueprint, render_template

from shopapp.kernel import clock
from shopapp.kernel.i18n import day
from shopapp.members.identity.queries import require_customer

from . import words
from .card import card_of
from .files import file_of

blueprint = Blueprint("tier_pages", __name__)


@blueprint.get("/me/tier")
def tier() -> str:
    """Why the member has this tier: what counts, what each tier gives, how they came here."""
    customer = require_customer()
    file = file_of(customer_id=customer.customer_id, now=clock.now())
    if file is None:
        return render_template("tiers/tier.html", card=None)
    return render_template(
        "tiers/tier.html",
        card=card_of(file),
        why=words.history_texts(file)[0],
        counting=[
            {
                "amount": entry.amount,
                "day": day(entry.at),
                "until": day(entry.until),
                "source": words.source_text(entry.source),
            }
            for entry in file.counting
        ],
        levels=[
            {
                "name": level.name,
                "current": level.code == file.history.level.code,
                "entry": words.entry_text(level),
                "keep": level.keep,
                "benefits": words.benefit_texts(level.benefits),
            }
            for level in file.terms.levels
        ],
        term_text=words.term_text(file.terms),
        history=words.history_texts(file)[1:],
    )
