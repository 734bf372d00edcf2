"""Reading imported orders."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from shopapp.kernel import pii
from shopapp.kernel.db import db

from . import rules
from .models import (
    MarketplaceHeldRow,
    MarketplaceIdentity,
    MarketplaceLine,
    MarketplaceOrder,
    MarketplaceStatusWord,
)
from .rules import CNY, IdentityKind, Status

IDS_MAX = 500
BUYER_ORDERS_MAX = 200


@dataclass(frozen=True, kw_only=True)
class MarketplaceOrderFacts:
    """An imported order. Money is CNY alone: an order in another `currency` counts 0 fen here.

    `refund_unclear`: money went back, and no file said how much. `title` names its goods for orders without lines.
    """

    id: int
    public_id: str
    platform: str
    shop: str
    order_no: str
    status: Status
    ordered_at: datetime | None
    paid_at: datetime | None
    paid_fen: int
    refunded_fen: int
    refund_unclear: bool
    currency: str
    title: str
    phone_tail: str | None
    customer_id: int | None
    bound_at: datetime | None
    changed_at: datetime

    @property
    def net_fen(self) -> int:
        return max(self.paid_fen - self.refunded_fen, 0)


@dataclass(frozen=True, kw_only=True)
class MarketplaceLineFacts:
    """One thing of an order; `paid_fen` is None where no file told it, and for other currencies."""

    title: str
    sku: str
    quantity: int
    paid_fen: int | None


def _facts(row: MarketplaceOrder) -> MarketplaceOrderFacts:
    at_home = row.currency == CNY
    return MarketplaceOrderFacts(
        id=row.id,
        public_id=row.public_id,
        platform=row.platform,
        shop=row.shop,
        order_no=row.order_no,
        status=row.status,
        ordered_at=row.ordered_at,
        paid_at=row.paid_at,
        paid_fen=row.paid_fen if at_home else 0,
        refunded_fen=row.refunded_fen if at_home else 0,
        refund_unclear=row.refund_unclear,
        currency=row.currency,
        title=row.title,
        phone_tail=row.phone_tail,
        customer_id=row.customer_id,
        bound_at=row.bound_at,
        changed_at=row.changed_at,
    )


def _read(statement: Select[MarketplaceOrder]) -> list[MarketplaceOrderFacts]:
    fresh = statement.execution_options(populate_existing=True)
    return [_facts(row) for row in db.session.scalars(fresh)]


def find_order(*, platform: str | None, order_no: str) -> MarketplaceOrderFacts | None:
    """The order with this number, as `numbers.understood` writes it; a platform stands for its whole family.

    None if there is none, and if several shops or, without a platform, several platforms have one of that number.
    """
    statement = select(MarketplaceOrder).where(MarketplaceOrder.order_no == order_no)
    if platform is not None:
        statement = statement.where(MarketplaceOrder.platform.in_(rules.families_of(platform)))
    found = _read(statement.limit(2))
    return found[0] if len(found) == 1 else None


def orders_by_ids(*, ids: Collection[int]) -> dict[int, MarketplaceOrderFacts]:
    """By row id; unknown ones are left out."""
    found: dict[int, MarketplaceOrderFacts] = {}
    for some in _batches(ids):
        for facts in _read(select(MarketplaceOrder).where(MarketplaceOrder.id.in_(some))):
            found[facts.id] = facts
    return found


def order_by_public_id(*, public_id: str) -> MarketplaceOrderFacts | None:
    found = _read(select(MarketplaceOrder).where(MarketplaceOrder.public_id == public_id))
    return found[0] if found else None


def tail_fits(*, order_id: int, tail: str) -> bool | None:
    """Whether the receiver's phone ends with these four digits; None where no file showed them."""
    known = db.session.scalar(select(MarketplaceOrder.phone_tail).where(MarketplaceOrder.id == order_id))
    return None if known is None else known == tail


def of_customer(*, customer_id: int) -> list[MarketplaceOrderFacts]:
    """The orders bound to a customer, the newest first."""
    statement = select(MarketplaceOrder).where(MarketplaceOrder.customer_id == customer_id)
    found = _read(statement)
    return sorted(found, key=lambda facts: (facts.ordered_at or facts.changed_at, facts.id), reverse=True)


def with_orders(*, customer_ids: Collection[int]) -> set[int]:
    """Those of these customers who have any order bound to them."""
    owners = select(MarketplaceOrder.customer_id).where(MarketplaceOrder.customer_id.in_(customer_ids))
    return {owner for owner in db.session.scalars(owners.distinct()) if owner is not None}


@dataclass(frozen=True, kw_only=True)
class Called:
    """What an export calls the buyer and the receiver by, in the clear."""

    buyer: str | None
    phone: str | None


def called(*, customer_id: int) -> dict[int, Called]:
    """By row id, for each order bound to the customer."""
    buyers, phones = aliased(MarketplaceIdentity), aliased(MarketplaceIdentity)
    statement = (
        select(MarketplaceOrder.id, buyers.value, phones.value)
        .outerjoin(buyers, buyers.id == MarketplaceOrder.buyer_id)
        .outerjoin(phones, phones.id == MarketplaceOrder.phone_id)
        .where(MarketplaceOrder.customer_id == customer_id)
    )
    return {
        order_id: Called(buyer=buyer, phone=phone) for order_id, buyer, phone in db.session.execute(statement)
    }


def orders_of_buyer(*, order_id: int) -> list[MarketplaceOrderFacts]:
    """Other orders of the same unmasked buyer key on the same platform, bounded: to be proposed, never bound unasked."""
    buyer = select(MarketplaceOrder.buyer_id).where(MarketplaceOrder.id == order_id).scalar_subquery()
    statement = select(MarketplaceOrder).where(
        MarketplaceOrder.buyer_id == buyer, MarketplaceOrder.id != order_id
    )
    return _read(statement.order_by(MarketplaceOrder.id).limit(BUYER_ORDERS_MAX))


def orders_of_phone(*, phone: str) -> list[MarketplaceOrderFacts]:
    """Orders sent to this phone, where exports show it whole; bounded: to be proposed to who has proved to have it."""
    held = select(MarketplaceIdentity.id).where(
        MarketplaceIdentity.value_hash.in_(pii.lookup_hashes(phone)),
        MarketplaceIdentity.kind == IdentityKind.PHONE,
    )
    statement = select(MarketplaceOrder).where(MarketplaceOrder.phone_id.in_(held))
    return _read(statement.order_by(MarketplaceOrder.id).limit(BUYER_ORDERS_MAX))


def lines_of(*, order_ids: Collection[int]) -> dict[int, list[MarketplaceLineFacts]]:
    """The things of each order that has any told singly; numbered ones stand for all where there are such."""
    found: dict[int, list[MarketplaceLineFacts]] = {}
    for some in _batches(order_ids):
        lines = _lines(some)
        numbered = {line.order_id for line in lines if line.numbered}
        for line in lines:
            if line.numbered or line.order_id not in numbered:
                found.setdefault(line.order_id, []).append(line.facts)
    return found


def _batches(ids: Collection[int]) -> Iterator[list[int]]:
    wanted = sorted(set(ids))
    return (wanted[start : start + IDS_MAX] for start in range(0, len(wanted), IDS_MAX))


@dataclass(frozen=True, kw_only=True)
class _Line:
    order_id: int
    numbered: bool
    facts: MarketplaceLineFacts


def _lines(order_ids: Collection[int]) -> list[_Line]:
    statement = (
        select(MarketplaceLine, MarketplaceOrder.currency)
        .join(MarketplaceOrder, MarketplaceOrder.id == MarketplaceLine.order_id)
        .where(MarketplaceLine.order_id.in_(order_ids))
        .order_by(MarketplaceLine.order_id, MarketplaceLine.key)
    )
    return [
        _Line(
            order_id=line.order_id,
            numbered=line.numbered,
            facts=MarketplaceLineFacts(
                title=line.title,
                sku=line.sku,
                quantity=line.quantity,
                paid_fen=line.paid_fen if currency == CNY else None,
            ),
        )
        for line, currency in db.session.execute(statement)
    ]


def changed_since(
    *, after: tuple[datetime, int], limit: int, bound: bool = False
) -> list[MarketplaceOrderFacts]:
    """Orders changed after this time and row id, in that order; with `bound` those of customers alone.

    An import writes its time when it begins a batch, not when it ends one: begin a few minutes before the last one seen.
    """
    moment, last_id = after
    later = or_(
        MarketplaceOrder.changed_at > moment,
        and_(MarketplaceOrder.changed_at == moment, MarketplaceOrder.id > last_id),
    )
    in_turn = (MarketplaceOrder.changed_at, MarketplaceOrder.id)
    statement = select(MarketplaceOrder).where(later).order_by(*in_turn).limit(limit)
    return _read(statement.where(MarketplaceOrder.customer_id.is_not(None)) if bound else statement)


@dataclass(frozen=True, kw_only=True)
class HeldStatus:
    """A status text that nobody has explained: how many orders wait for it, since when."""

    platform: str
    text: str
    orders: int
    since: datetime


def held_statuses(*, limit: int = 200) -> list[HeldStatus]:
    """Those that most orders wait for first; `platform` stands for its family."""
    how_many = func.count()
    statement = (
        select(
            MarketplaceHeldRow.family,
            MarketplaceHeldRow.status_text,
            how_many,
            func.min(MarketplaceHeldRow.created_at),
        )
        .group_by(MarketplaceHeldRow.family, MarketplaceHeldRow.status_text)
        .order_by(how_many.desc(), MarketplaceHeldRow.family, MarketplaceHeldRow.status_text)
    )
    return [
        HeldStatus(platform=platform, text=text, orders=orders, since=since)
        for platform, text, orders, since in db.session.execute(statement.limit(limit))
    ]


def status_words(*, platform: str) -> dict[str, Status]:
    """What the merchant has explained of this platform's status texts."""
    family = rules.FAMILIES.get(platform, platform)
    statement = select(MarketplaceStatusWord.text, MarketplaceStatusWord.status)
    found = db.session.execute(statement.where(MarketplaceStatusWord.family == family))
    return {row.text: row.status for row in found}
