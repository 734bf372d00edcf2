"""What staff do to a membership, and what of a person they are shown."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import clock
from shopapp.kernel.access import Permission, guard_console, requires
from shopapp.kernel.clock import shop_day
from shopapp.kernel.errors import Invalid
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _
from shopapp.kernel.pii import mask_detail, mask_name, mask_phone
from shopapp.kernel.screens import act
from shopapp.members.addresses import queries as addresses
from shopapp.members.addresses.queries import AddressBookEntry
from shopapp.members.consent import queries as consents
from shopapp.members.consent.wording import in_words, source_in_words
from shopapp.members.rights import services as rights

from . import membership, queries, rules

blp = guard_console(Blueprint("membership_admin", __name__, url_prefix="/admin/customers"))

HISTORY_SHOWN = 50


@blp.post("/<public_id>/birthday")
@requires(Permission.CUSTOMERS_EDIT)
def change_birthday(public_id: str) -> Response:
    """Put a member's birthday right; an empty field forgets it."""

    def work() -> str:
        text = request.form.get("birthday", "").strip()
        day = rules.read_birthday(text, today=shop_day(clock.now())) if text else None
        if text and day is None:
            raise Invalid({"birthday": [_("请填写真实的生日，例如 1990-02-28。")]})
        membership.change_birthday(public_id=public_id, birthday=day)
        return _("生日已更正。")

    return act(work, back=url_for("customers_admin.customer", public_id=public_id))


@blp.post("/<public_id>/erasure")
@requires(Permission.CUSTOMERS_EDIT)
def erase(public_id: str) -> Response:
    """Forget a customer who asked for it; only with their id typed."""
    person = found(queries.find(public_id=public_id))

    def work() -> str:
        if request.form.get("typed", "").strip() != person.public_id:
            raise Invalid({"typed": [_("请照着输入编号，没有任何改动。")]})
        rights.erase(customer_id=person.id, public_id=person.public_id, now=clock.now())
        return _("已注销，个人信息都删除了。")

    return act(work, back=url_for("customers_admin.customer", public_id=public_id, tab="consents"))


def addresses_shown(*, customer_id: int, clear: bool) -> list[dict[str, Any]]:
    """The address book, masked for those who need not know."""
    return [_shown(entry, clear=clear) for entry in addresses.addresses_of(customer_id=customer_id)]


def _shown(entry: AddressBookEntry, *, clear: bool) -> dict[str, Any]:
    return {
        "name": entry.name if clear else mask_name(entry.name),
        "phone": entry.phone if clear else mask_phone(entry.phone),
        "region": entry.region,
        "detail": entry.detail if clear else mask_detail(entry.detail),
        "is_default": entry.is_default,
    }


def consents_shown(*, customer_id: int) -> list[dict[str, Any]]:
    """The latest words of consent."""
    history = consents.history(customer_id=customer_id)[:HISTORY_SHOWN]
    return [{"on": word, "text": in_words(word), "where": source_in_words(word)} for word in history]
