"""The row of figures at the head of a customer's page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from shopapp.kernel.access import Permission, may
from shopapp.kernel.i18n import _, day
from shopapp.loyalty.adjustments import queries as adjustments
from shopapp.loyalty.adjustments.wording import amount_text
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.ledger.queries import Balance
from shopapp.loyalty.perks import queries as perks
from shopapp.loyalty.tiers import queries as tiers
from shopapp.store.orders import console as orders

from .customer_tabs import Subject


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure with the tab that tells more of it, and a word beside it."""

    title: str
    text: str
    tab: str
    unit: str = ""
    note: str = ""


def figures(subject: Subject) -> list[Figure]:
    """What the reader may know, in the order of the row."""
    return [*_of_orders(subject), *_of_accounts(subject)]


def _of_orders(subject: Subject) -> Iterator[Figure]:
    if not may(Permission.ORDERS_VIEW):
        return
    count, net, last = orders.customer_figures(customer_id=subject.person.id)
    yield Figure(title=_("净消费"), text=f"¥{net}", tab="orders", note=_("不含储值和会员卡"))
    yield Figure(title=_("付款订单"), text=f"{count:,}", tab="orders")
    yield Figure(title=_("最近付款"), text=day(last) or "–", tab="orders")
    saved = perks.saved(customer_id=subject.person.id, now=subject.now)
    yield Figure(title=_("会员已省"), text=f"¥{saved.total}", tab="tier")


def _of_accounts(subject: Subject) -> Iterator[Figure]:
    if not may(Permission.LEDGER_VIEW):
        return
    have = adjustments.balances(customer_id=subject.person.id, now=subject.now)
    points = have[Unit.POINTS]
    wallet = have[Unit.PRINCIPAL].available + have[Unit.GIFT].available
    waits = _("待到账 %(n)s", n=amount_text(points.pending, Unit.POINTS)) if points.pending else ""
    owes = _("欠 %(n)s", n=amount_text(points.debt, Unit.POINTS)) if points.debt else ""
    yield Figure(
        title=_("积分"),
        text=amount_text(points.available, Unit.POINTS),
        tab="accounts",
        unit=Unit.POINTS.value,
        note=owes or waits,
    )
    yield Figure(
        title=_("储值"), text=amount_text(wallet, Unit.PRINCIPAL), tab="accounts", unit=Unit.PRINCIPAL.value
    )
    yield _of_growth(subject, have[Unit.GROWTH])


def _of_growth(subject: Subject, booked: Balance) -> Figure:
    """The growth that counts now, as the member reads it; all that the books have is told where that is another."""
    history = tiers.history_of(customer_id=subject.person.id, now=subject.now)
    counts = booked.available if history is None else history.growth
    notes = []
    if counts != booked.available:
        notes.append(_("累计 %(n)s", n=amount_text(booked.available, Unit.GROWTH)))
    if booked.pending:
        notes.append(_("待到账 %(n)s", n=amount_text(booked.pending, Unit.GROWTH)))
    return Figure(
        title=_("成长值"),
        text=amount_text(counts, Unit.GROWTH),
        tab="accounts",
        unit=Unit.GROWTH.value,
        note=" · ".join(notes),
    )
