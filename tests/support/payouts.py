"""A campaign that pays by WeChat, with a fake platform that tells nothing unless a test lets it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from shopapp.kernel import clock
from shopapp.kernel.clock import SHOP_ZONE
from shopapp.kernel.db import db, transaction
from shopapp.kernel.jobs import registry
from shopapp.kernel.money import ZERO, Money
from shopapp.loyalty.cashback import deciding
from shopapp.loyalty.cashback.models import CashbackCampaign, CashbackClaim
from shopapp.loyalty.cashback.payout_models import CashbackPayout, PayoutState
from shopapp.loyalty.cashback.states import ClaimStatus, Payout
from shopapp.wechat.pay import FakePay, Transfer, TransferState

from .cashback import books_of, bring_order, claim, claim_now, make_campaign
from .pay import fake_pay, sealed_notice, signed_headers
from .people import Person, make_person

NOTICE = "/wechat/pay/notice/transfer"


@dataclass
class Till:
    """One campaign of 5 yuan a claim without a hold; `pay` is the platform."""

    app: Flask
    pay: FakePay
    campaign: CashbackCampaign

    @classmethod
    def open(cls, app: Flask, **wanted: Any) -> Till:
        pay = fake_pay(app)
        campaign = make_campaign(payout=Payout.TRANSFER, hold_days=0, **wanted)
        return cls(app, pay, campaign)

    def claim(self, *, by: Person | None = None, **order: Any) -> tuple[Person, CashbackClaim]:
        """Somebody claims an order that was imported; it is matched and waits to be paid."""
        person = by or make_person()
        made = claim(person.id, bring_order(**order).order_no)
        if made.review:
            with transaction():
                deciding.approve(public_id=made.public_id, now=clock.now())
        return person, made

    def waiting(self, *, by: Person | None = None, **order: Any) -> tuple[Person, CashbackClaim, str]:
        """A claim whose transfer waits for the customer's tap, and its number."""
        person, made = self.claim(by=by, **order)
        self.run()
        (payout,) = self.payouts(made)
        assert payout.state is PayoutState.WAIT_USER_CONFIRM
        return person, made, payout.out_bill_no

    def run(self, name: str = "pay-claims") -> int:
        return registry()[name].run(clock.now())

    def payouts(self, made: CashbackClaim) -> list[CashbackPayout]:
        db.session.rollback()
        db.session.expire_all()
        mine = select(CashbackPayout).filter_by(claim_id=made.id).order_by(CashbackPayout.id)
        return list(db.session.scalars(mine))

    def states(self, made: CashbackClaim) -> list[PayoutState]:
        return [payout.state for payout in self.payouts(made)]

    def status(self, made: CashbackClaim) -> ClaimStatus:
        return claim_now(made).status

    def confirm(self, person: Person, made: CashbackClaim) -> TestResponse:
        """The customer asks for their money."""
        return self.app.test_client().post(
            f"/api/v1/claims/{made.public_id}/confirmation", json={}, headers=person.headers
        )

    def tell(self, transfer: Transfer, *, notice_id: str | None = None, **changes: Any) -> TestResponse:
        """A notice arrives; `changes` replace fields of its plain text."""
        body = transfer_notice(transfer, notice_id=notice_id, **changes)
        return self.send(body)

    def send(self, body: bytes, **headers: str) -> TestResponse:
        return self.app.test_client().post(
            NOTICE,
            data=body,
            headers=signed_headers(body, now=clock.now(), **headers),
            content_type="application/json",
        )

    def assert_books_agree(self) -> None:
        """What the shop says was paid is what the platform paid, once a claim; the budget holds it and the rest is set aside."""
        db.session.rollback()
        db.session.expire_all()
        claims = list(db.session.scalars(select(CashbackClaim)))
        payouts = list(db.session.scalars(select(CashbackPayout)))
        moved = {n: t for n, t in self.pay.transfers.items() if t.state is TransferState.SUCCESS}
        paid = [p for p in payouts if p.state is PayoutState.SUCCESS]
        assert {p.out_bill_no: p.amount for p in paid} == {n: t.request.amount for n, t in moved.items()}
        assert len({p.claim_id for p in paid}) == len(paid)
        assert {c.id for c in claims if c.status is ClaimStatus.PAID} == {p.claim_id for p in paid}
        set_aside = (c.due for c in claims if c.status in RESERVED)
        given = Money.total(p.amount for p in paid)
        assert books_of(self.campaign) == (Money.total(set_aside).fen, given.fen)
        assert Money.total(self.pay.received.values()) == given or (given, self.pay.received) == (ZERO, {})


RESERVED = (
    ClaimStatus.MATCHED,
    ClaimStatus.ON_HOLD,
    ClaimStatus.APPROVED,
    ClaimStatus.PAYING,
    ClaimStatus.LAPSED,
)


def transfer_notice(transfer: Transfer, *, notice_id: str | None = None, **changes: Any) -> bytes:
    """The notice of a finished transfer."""
    assert transfer.amount is not None
    data = {
        "out_bill_no": transfer.out_bill_no,
        "transfer_bill_no": transfer.transfer_bill_no,
        "state": transfer.state.value,
        "mch_id": transfer.mchid,
        "transfer_amount": transfer.amount.fen,
        "openid": transfer.openid,
        "fail_reason": transfer.fail_reason or "",
        "create_time": in_platform_words(clock.now()),
        "update_time": in_platform_words(clock.now()),
    }
    return sealed_notice(
        event_type="MCHTRANSFER.BILL.FINISHED",
        original_type="mch_payment",
        data=data | changes,
        notice_id=notice_id or secrets.token_hex(16),
    )


def in_platform_words(moment: datetime) -> str:
    return moment.astimezone(SHOP_ZONE).isoformat(timespec="seconds")
