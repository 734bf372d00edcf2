"""The tabs of a customer's page: what each shows, who may look, and the parts that features bring themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shopapp.kernel.access import Permission, may
from shopapp.kernel.clock import shop_day
from shopapp.kernel.i18n import _l
from shopapp.kernel.screens import argument, page_number, page_of
from shopapp.kernel.settings import settings
from shopapp.loyalty.accounting.wording import KIND_NAMES
from shopapp.loyalty.adjustments.rules import ADJUSTABLE
from shopapp.loyalty.adjustments.wording import UNIT_NAMES, amount_text
from shopapp.loyalty.coupons import console as coupon_console
from shopapp.loyalty.coupons import queries as coupons
from shopapp.loyalty.coupons import words as coupon_words
from shopapp.loyalty.coupons.content import CouponStatus
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.ledger import queries as ledger
from shopapp.loyalty.ledger.writing import purse
from shopapp.loyalty.points import wording as point_words
from shopapp.loyalty.tiers import files as tier_files
from shopapp.loyalty.tiers import words as tier_words
from shopapp.members.addresses import queries as addresses
from shopapp.members.identity import admin as membership
from shopapp.members.identity import console, devices, members
from shopapp.members.identity.members import Member
from shopapp.members.identity.queries import CustomerRow
from shopapp.members.notes import admin as notes_admin
from shopapp.members.notes import queries as notes
from shopapp.members.notes import rules as note_rules
from shopapp.members.notes.queries import TaskFilter
from shopapp.members.purchases import queries as purchases
from shopapp.members.purchases.wording import SOURCE_NAMES
from shopapp.store.orders import console as orders
from shopapp.store.orders.console import OrderFilter
from shopapp.wechat import correspondence

from .. import queries, wording
from . import customer_words as words
from .coupons import STATUSES as COUPON_STATUSES

ORDERS_SHOWN, NOTES_SHOWN, TASKS_SHOWN = 5, 3, 5
PAGE = 20
COUPONS_OFFERED = 200


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Whom the page is about, and whether the reader may see personal data in the `clear`."""

    person: CustomerRow
    member: Member | None
    clear: bool
    now: datetime


Shown = dict[str, Any]


def _nothing_personal(_subject: Subject) -> bool:
    return False


@dataclass(frozen=True, kw_only=True)
class Tab:
    """`supply` reads what the template shows; `personal` tells whether there is personal data in it to be seen."""

    title: Any
    template: str
    supply: Callable[[Subject], Shown]
    permission: Permission | None = None
    personal: Callable[[Subject], bool] = _nothing_personal


@dataclass(frozen=True, kw_only=True)
class Part:
    """What another feature shows on a tab, fetched from its own endpoint, which is given `customer`, a public id.

    A feature joins the page by one line in `PARTS`.
    """

    tab: str
    title: Any
    endpoint: str


PARTS = (
    Part(tab="orders", title=_l("返现登记"), endpoint="claims_admin.of_customer"),
    Part(tab="accounts", title=_l("余额和手工调整"), endpoint="adjustments_admin.of_customer"),
    Part(tab="accounts", title=_l("储值"), endpoint="topups_admin.of_customer"),
    Part(tab="tier", title=_l("等级"), endpoint="tiers_admin.of_customer"),
    Part(tab="tier", title=_l("权益和会员卡"), endpoint="perks_admin.of_customer"),
    Part(tab="consents", title=_l("合并记录"), endpoint="merging_admin.of_customer"),
)


def allowed() -> Mapping[str, Tab]:
    """The tabs that the reader may open, in their order."""
    return {key: tab for key, tab in TABS.items() if tab.permission is None or may(tab.permission)}


def _overview(subject: Subject) -> Shown:
    person, now = subject.person, subject.now
    file = tier_files.file_of(customer_id=person.id, now=now) if subject.member else None
    sees_notes, sees_orders = may(Permission.CUSTOMERS_NOTE), may(Permission.ORDERS_VIEW)
    tasks = notes.tasks_statement(TaskFilter(customer_id=person.id, state=notes_admin.OPEN))
    return {
        "why": tier_words.why_texts(file) if file else [],
        "addresses": membership.addresses_shown(customer_id=person.id, clear=subject.clear),
        "unfollowed_at": members.unfollowed_at(customer_id=person.id, appid=settings().wx_appid),
        "latest": _orders_page(person.id, number=1, size=ORDERS_SHOWN) if sees_orders else None,
        "tasks": page_of(tasks, number=1, size=TASKS_SHOWN) if sees_notes else None,
        "written": page_of(notes.notes_statement(customer_id=person.id), number=1, size=NOTES_SHOWN)
        if sees_notes
        else None,
        "today": shop_day(now),
        **_ORDER_WORDS,
    }


def _overview_is_personal(subject: Subject) -> bool:
    return subject.member is not None or bool(addresses.addresses_of(customer_id=subject.person.id))


_ORDER_WORDS: Shown = {"status_names": orders.STATUS_NAMES, "refund_names": orders.REFUND_NAMES}


def _orders_page(customer_id: int, *, number: int, size: int) -> Any:
    return page_of(orders.orders_statement(OrderFilter(customer_id=customer_id)), number=number, size=size)


def _orders(subject: Subject) -> Shown:
    return {"page": _orders_page(subject.person.id, number=page_number(), size=PAGE), **_ORDER_WORDS}


def _purchases(subject: Subject) -> Shown:
    totals = purchases.totals(customer_id=subject.person.id)
    source = argument("source", [one.source for one in totals])
    statement = purchases.purchases_statement(customer_id=subject.person.id, source=source)
    return {
        "totals": totals,
        "whole": purchases.together([one for one in totals if source in ("", one.source)]),
        "source": source,
        "source_names": SOURCE_NAMES,
        "page": page_of(statement, number=page_number(), size=PAGE),
    }


def _accounts(subject: Subject) -> Shown:
    unit = Unit(argument("unit", [unit.value for unit in ADJUSTABLE]) or Unit.POINTS.value)
    own = purse(customer_id=subject.person.id, unit=unit)
    cursor = argument("before")
    lines, following = ledger.statement(
        purse=own, before=int(cursor) if re.fullmatch(r"\d{1,18}", cursor, re.ASCII) else None, limit=PAGE
    )
    return {
        "unit": unit,
        "units": [(one.value, UNIT_NAMES[one.value]) for one in ADJUSTABLE],
        "lines": [
            {
                "on": line,
                "what": KIND_NAMES[line.kind],
                "about": point_words.subject_text(line.subject),
                "order_no": point_words.order_no(line.subject),
                "owes": amount_text(line.debt, unit) if line.debt > 0 else "",
            }
            for line in lines
        ],
        "following": following,
        "paged": bool(cursor),
        "waiting": ledger.waiting(purse=own),
        "waiting_text": words.waiting_text,
        "expiring": ledger.expiring(purse=own, now=subject.now),
        "last_day": words.last_day,
        "amount_text": amount_text,
    }


def _tier(_subject: Subject) -> Shown:
    return {}


def _coupons(subject: Subject) -> Shown:
    status = argument("status", [status.value for status in CouponStatus])
    held, following = coupons.coupons_of(
        customer_id=subject.person.id,
        statuses=(CouponStatus(status),) if status else (),
        now=subject.now,
        before=argument("before") or None,
        limit=PAGE,
    )
    statement = coupon_console.coupons_statement(state="active", kind="", now=subject.now)
    offered = page_of(statement, number=1, size=COUPONS_OFFERED).items if _grants(subject) else []
    return {
        "held": held,
        "following": following,
        "paged": bool(argument("before")),
        "status": status,
        "statuses": COUPON_STATUSES,
        "sources": coupon_words.GIVINGS,
        "conditions": coupon_words.conditions,
        "last_day": words.last_day,
        "offered": [(row.public_id, row.name) for row in offered],
    }


def _grants(subject: Subject) -> bool:
    return may(Permission.COUPONS_GRANT) and subject.person.erased_at is None


def _messages(subject: Subject) -> Shown:
    openids = members.openids_of(subject.person.id)
    statement = correspondence.letters_statement(openids=openids)
    page = page_of(statement, number=page_number(), size=PAGE, scalars=False)
    return {"page": page, "letters": [words.letter(one) for one in correspondence.read(page.items)]}


def _messages_are_personal(subject: Subject) -> bool:
    return correspondence.any_with(openids=members.openids_of(subject.person.id))


def _consents(subject: Subject) -> Shown:
    signed_in = members.devices_of(customer_id=subject.person.id, token_hash="", now=subject.now)
    return {
        "history": membership.consents_shown(customer_id=subject.person.id),
        "accounts": console.accounts_of(customer_id=subject.person.id),
        "devices": [{"on": one, "name": devices.in_words(one.device)} for one in signed_in],
    }


def _notes(subject: Subject) -> Shown:
    customer_id = subject.person.id
    tasks = notes.tasks_statement(TaskFilter(customer_id=customer_id))
    return {
        "page": page_of(notes.notes_statement(customer_id=customer_id), number=page_number(), size=PAGE),
        "tasks": page_of(tasks, number=1, size=PAGE).items,
        "colleagues": notes.colleagues(),
        "states": notes_admin.STATES,
        "tones": notes_admin.TONES,
        "own": words.is_own,
        "note_max": note_rules.NOTE_MAX,
        "task_max": note_rules.TASK_MAX,
        "today": shop_day(subject.now),
    }


def _trail(subject: Subject) -> Shown:
    statement = queries.audit_trail(
        area="", actor="", subject=subject.person.public_id, since=None, until=None
    )
    return {
        "page": page_of(statement, number=page_number(), size=PAGE),
        "actor_words": wording.actor_in_words,
        "action_words": wording.action_in_words,
        "change_words": wording.changes_in_words,
    }


TABS: dict[str, Tab] = {
    "overview": Tab(
        title=_l("概览"), template="_overview", supply=_overview, personal=_overview_is_personal
    ),
    "orders": Tab(
        title=_l("订单"), template="_orders", supply=_orders, permission=Permission.ORDERS_VIEW
    ),
    "purchases": Tab(
        title=_l("购买"), template="_purchases", supply=_purchases, permission=Permission.ORDERS_VIEW
    ),
    "accounts": Tab(
        title=_l("账户"), template="_accounts", supply=_accounts, permission=Permission.LEDGER_VIEW
    ),
    "tier": Tab(title=_l("等级"), template="_tier", supply=_tier),
    "coupons": Tab(
        title=_l("优惠券"), template="_coupons", supply=_coupons, permission=Permission.LOYALTY_VIEW
    ),
    "messages": Tab(
        title=_l("消息"), template="_messages", supply=_messages, personal=_messages_are_personal
    ),
    "consents": Tab(title=_l("授权和身份"), template="_consents", supply=_consents),
    "notes": Tab(
        title=_l("备注和待办"), template="_notes", supply=_notes, permission=Permission.CUSTOMERS_NOTE
    ),
    "trail": Tab(
        title=_l("操作记录"), template="_trail", supply=_trail, permission=Permission.AUDIT_VIEW
    ),
}  # fmt: skip
