"""Cash-back for tests: `make_campaign(budget=Money(100_00))` brings 5 yuan for any order of Taobao and Tmall, after 8 days.

Imported orders are written as an import would leave them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import select

from shopapp.kernel import clock
from shopapp.kernel.db import db, transaction
from shopapp.kernel.money import Money
from shopapp.loyalty.cashback import claiming, jobs, offering
from shopapp.loyalty.cashback.claiming import Whence
from shopapp.loyalty.cashback.content import CampaignContent
from shopapp.loyalty.cashback.models import CashbackCampaign, CashbackClaim
from shopapp.loyalty.cashback.rules import AmountTerms
from shopapp.loyalty.cashback.states import AmountMode
from shopapp.members.marketplace.models import MarketplaceLine, MarketplaceOrder
from shopapp.members.marketplace.rules import Status, family_of

FIVE_YUAN = AmountTerms(mode=AmountMode.FIXED, least=Money(5_00), most=Money(5_00))
_numbers = count(1)


def campaign_content(**wanted: Any) -> CampaignContent:
    values: dict[str, Any] = {
        "name": "老顾客返现",
        "platforms": ("taobao", "tmall"),
        "amount": FIVE_YUAN,
        "budget": Money(100_00),
        "starts_at": clock.now() - timedelta(days=1),
    }
    return CampaignContent(**values | wanted)


def make_campaign(*, active: bool = True, **wanted: Any) -> CashbackCampaign:
    with transaction():
        return offering.create(wanted=campaign_content(**wanted), active=active, now=clock.now())


def new_number() -> str:
    """Nineteen digits, far from the last ones."""
    return f"{3_000_000_000_000_000_000 + next(_numbers) * 7_919_001}"


def bring_order(
    *,
    order_no: str | None = None,
    platform: str = "taobao",
    paid: int = 100_00,
    tail: str | None = None,
    lines: tuple[tuple[str, str, int | None], ...] = (),
    **wanted: Any,
) -> MarketplaceOrder:
    """An imported order, paid two days ago; `lines` are title, SKU and what was paid."""
    now = clock.now()
    values: dict[str, Any] = {
        "status": Status.PAID,
        "ordered_at": now - timedelta(days=2),
        "paid_at": now - timedelta(days=2),
        "created_at": now,
        "changed_at": now,
    }
    with transaction():
        row = MarketplaceOrder(
            platform=platform,
            family=family_of(platform=platform, shop=""),
            order_no=order_no or new_number(),
            paid_fen=paid,
            phone_tail=tail,
            **values | wanted,
        )
        db.session.add(row)
        db.session.flush()
        for number, (title, sku, line_paid) in enumerate(lines):
            db.session.add(
                MarketplaceLine(
                    order_id=row.id,
                    key=str(number),
                    numbered=True,
                    title=title,
                    sku=sku,
                    quantity=1,
                    paid_fen=line_paid,
                )
            )
    return row


def change_order(order: MarketplaceOrder, **values: Any) -> None:
    """What a later import says."""
    with transaction():
        row = db.session.get_one(MarketplaceOrder, order.id)
        for name, value in values.items():
            setattr(row, name, value)
        row.changed_at = clock.now()


def claim(
    customer_id: int,
    order_no: str,
    *,
    platform: str = "taobao",
    tail: str | None = None,
    whence: Whence | None = None,
    now: datetime | None = None,
) -> CashbackClaim:
    with transaction():
        return claiming.submit(
            customer_id=customer_id,
            platform=platform,
            order_no=order_no,
            tail=tail,
            whence=whence or Whence(),
            now=now or clock.now(),
        )


def claim_now(made: CashbackClaim) -> CashbackClaim:
    """The claim as the database has it now."""
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(CashbackClaim).filter_by(id=made.id)).one()


def campaign_now(made: CashbackCampaign) -> CashbackCampaign:
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(CashbackCampaign).filter_by(id=made.id)).one()


def books_of(campaign: CashbackCampaign) -> tuple[int, int]:
    """(reserved, paid) of a campaign in fen."""
    now = campaign_now(campaign)
    return now.reserved.fen, now.paid.fen


def run_jobs(now: datetime) -> None:
    jobs.match_claims(now)
    jobs.pay_claims(now)
