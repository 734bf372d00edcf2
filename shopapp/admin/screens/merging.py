"""The console's screens of customers who may be one person: the pairs that wait, and what was merged into somebody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, render_template, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import audit, clock
from shopapp.kernel.access import Permission, guard_console, may, requires
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _, day
from shopapp.kernel.pii import mask_detail, mask_name, mask_phone
from shopapp.kernel.screens import Form, act
from shopapp.loyalty.adjustments import queries as balances
from shopapp.loyalty.adjustments.wording import amount_text
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.tiers import queries as tiers
from shopapp.members.addresses import queries as addresses
from shopapp.members.addresses.queries import AddressBookEntry
from shopapp.members.identity import members, queries
from shopapp.members.identity.members import Member
from shopapp.members.identity.queries import CustomerRow
from shopapp.members.merging import pairs, services
from shopapp.members.merging.pairs import WaitingPair
from shopapp.members.merging.rules import REASON_MAX, Evidence
from shopapp.members.merging.wording import EVIDENCE, REASONS
from shopapp.store.orders import console as orders

blp = guard_console(Blueprint("merging_admin", __name__, url_prefix="/admin/merges"))

SHOWN = 5
ADDRESSES_SHOWN = 3
MERGES_SHOWN = 50


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of a pair, as far as two people are told apart by it."""

    person: CustomerRow
    member: Member | None
    book: list[AddressBookEntry]
    bought: tuple[int, Any, datetime | None]
    have: dict[Unit, Any]
    tier: str


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One line of the comparison. `same` if it speaks for one person and what is hidden in it is the same too."""

    title: str
    texts: tuple[str, str]
    same: bool = False


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A pair side by side, `stays` being who would stay."""

    pair: WaitingPair
    sides: tuple[Side, Side]
    facts: list[Fact]
    reasons: list[str]
    stays: CustomerRow


@blp.get("", endpoint="pairs")
@requires(Permission.CUSTOMERS_EDIT)
def waiting_pairs() -> str:
    waiting = pairs.waiting_pairs(limit=SHOWN)
    return render_template(
        "admin/merging/pairs.html",
        compared=[_compared(pair) for pair in waiting],
        total=pairs.count_waiting(),
    )


def _compared(pair: WaitingPair) -> Comparison:
    people = queries.by_ids(customer_ids=[pair.first_id, pair.second_id])
    sides = (_side(people[pair.first_id]), _side(people[pair.second_id]))
    return Comparison(
        pair=pair,
        sides=sides,
        facts=list(_facts(*sides)),
        reasons=[str(REASONS[reason]) for reason in pair.reasons],
        stays=people[pairs.would_stay(pair)],
    )


def _side(person: CustomerRow) -> Side:
    now = clock.now()
    tier = tiers.tier_of(customer_id=person.id, now=now)
    return Side(
        person=person,
        member=members.member_of(person.id),
        book=addresses.addresses_of(customer_id=person.id),
        bought=orders.customer_figures(customer_id=person.id),
        have=balances.balances(customer_id=person.id, now=now),
        tier=tier.name if tier else "",
    )


def _facts(one: Side, other: Side) -> Iterator[Fact]:
    def fact(
        title: str, read: Callable[[Side], Any], show: Callable[[Any], str], *, tells: bool = False
    ) -> Fact:
        first, second = read(one), read(other)
        texts = (show(first) if first else "", show(second) if second else "")
        return Fact(title=title, texts=texts, same=tells and bool(first) and first == second)

    yield fact(_("姓名"), lambda side: side.member and side.member.name, mask_name, tells=True)
    yield fact(_("手机号"), lambda side: side.member and side.member.phone, mask_phone, tells=True)
    birthdays = _("已填，不显示")
    yield fact(
        _("生日"), lambda side: side.member and side.member.birthday, lambda _day: birthdays, tells=True
    )
    yield Fact(
        title=_("收货地址"),
        texts=(_book_text(one), _book_text(other)),
        same=bool(_places(one) & _places(other)),
    )
    yield fact(_("入会"), lambda side: side.member and side.member.since, day)
    yield fact(_("初次到来"), lambda side: side.person.created_at, day)
    yield fact(_("公众号"), lambda side: side.person.following, lambda _follows: _("关注中"))
    yield fact(_("等级"), lambda side: side.tier, str)
    if may(Permission.ORDERS_VIEW):
        yield Fact(title=_("付款订单"), texts=(_bought_text(one), _bought_text(other)))
    if may(Permission.LEDGER_VIEW):
        yield Fact(title=_("积分"), texts=(_points_text(one), _points_text(other)))
        yield Fact(title=_("储值"), texts=(_wallet_text(one), _wallet_text(other)))


def _book_text(side: Side) -> str:
    lines = [
        f"{mask_name(entry.name)} {mask_phone(entry.phone)} {entry.region} {mask_detail(entry.detail)}"
        for entry in side.book[:ADDRESSES_SHOWN]
    ]
    more = len(side.book) - len(lines)
    return "\n".join([*lines, *([_("还有 %(n)s 个", n=more)] if more else [])])


def _places(side: Side) -> set[tuple[str, str, str]]:
    return {(entry.name, entry.region_code, entry.detail) for entry in side.book}


def _bought_text(side: Side) -> str:
    count, net, last = side.bought
    return _("%(n)s 单，净消费 ¥%(net)s，最近 %(day)s", n=count, net=net, day=day(last)) if count else ""


def _points_text(side: Side) -> str:
    return amount_text(side.have[Unit.POINTS].available, Unit.POINTS)


def _wallet_text(side: Side) -> str:
    wallet = side.have[Unit.PRINCIPAL].available + side.have[Unit.GIFT].available
    return amount_text(wallet, Unit.PRINCIPAL)


@blp.post("/<pair_id>/join")
@requires(Permission.CUSTOMERS_EDIT)
def send_join(pair_id: str) -> Response:
    """Staff have looked at both and say that they are one."""

    def work() -> str:
        pair = pairs.waiting(pair_id=pair_id)
        services.join(
            one_id=pair.first_id,
            other_id=pair.second_id,
            evidence=Evidence.REVIEW,
            reason="，".join(str(REASONS[reason]) for reason in pair.reasons),
            now=clock.now(),
        )
        return _("已合并成一位顾客。发现弄错了，可以在 TA 的“授权和身份”里撤销。")

    return act(work, back=url_for(".pairs"))


@blp.post("/<pair_id>/apart")
@requires(Permission.CUSTOMERS_EDIT)
def send_apart(pair_id: str) -> Response:
    def work() -> str:
        pair = pairs.keep_apart(pair_id=pair_id, now=clock.now())
        ids = [pair.first_id, pair.second_id]
        first, second = (queries.by_ids(customer_ids=ids)[row_id].public_id for row_id in ids)
        audit.record(
            action="customer.apart", subject_kind="customer", subject_id=first, changes={"other": second}
        )
        return _("记下了，以后不再问这两位是不是同一人。")

    return act(work, back=url_for(".pairs"))


@blp.get("/of/<customer>")
@requires(Permission.CUSTOMERS_VIEW)
def of_customer(customer: str) -> str:
    """What was merged into one customer, and the form for one more, to be put into their page."""
    person = found(queries.find(public_id=customer))
    rows = pairs.merges_of(customer_id=person.id, limit=MERGES_SHOWN)
    return render_template(
        "admin/merging/_customer.html",
        customer=person.public_id,
        erased=person.erased_at is not None,
        rows=rows,
        people=queries.by_ids(customer_ids=[row.source_id for row in rows]),
        numbers=members.numbers_merged_into(person.id),
        evidence=EVIDENCE,
        reason_max=REASON_MAX,
    )


@blp.post("/of/<customer>")
@requires(Permission.CUSTOMERS_EDIT)
def send_by_hand(customer: str) -> Response:
    def work() -> str:
        form = Form.sent()
        joined = services.join_by_hand(
            public_id=customer, other=form.value("other"), reason=form.value("reason"), now=clock.now()
        )
        return _("已合并成一位顾客。") if joined.fresh else _("这两位早就合并过了，没有任何改动。")

    return act(work, back=_back(customer))


@blp.post("/of/<customer>/<merge_id>/undo")
@requires(Permission.CUSTOMERS_EDIT)
def send_undo(customer: str, merge_id: str) -> Response:
    def work() -> str:
        services.undo(merge_id=merge_id, reason=Form.sent().value("reason"), now=clock.now())
        return _("合并已撤销，又是两位顾客了。合并之后发生的事留在这一位名下。")

    return act(work, back=_back(customer))


def _back(customer: str) -> str:
    return url_for("customers_admin.customer", public_id=customer, tab="consents")
