"""From what a person sends to a member: the try of the code and the change stand in two transactions.

The API and the pages both enter here.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from shopapp.kernel import sms
from shopapp.kernel.clock import shop_day
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import Invalid
from shopapp.kernel.i18n import _
from shopapp.members.merging import services as merging

from . import codes, members, membership, rules
from .queries import SignedIn
from .rules import Particulars


def join(
    *,
    customer: SignedIn,
    name: str,
    phone: str,
    phone_code: str,
    birthday: str,
    privacy: str,
    marketing: bool,
    source: str,
    now: datetime,
) -> None:
    """Make the customer a member; who is one stays as they are, whatever is sent.

    Who shows that they hold the number of another customer is that person, and both are one from now on.
    Raises `Invalid`, `BirthdayKept`, `PhoneNotOffered`, `CodeWrong`, `PhoneUnusable`, `PrivacyOutdated`, `TooManyRequests`.
    """
    if customer.is_member:
        return
    told = _read(name=name, phone=phone, birthday=birthday, now=now)
    proof = _proof(customer, told=told, code=phone_code, now=now)
    with transaction():
        own, told = _known_by_phone(customer, told=told, proof=proof, now=now)
        word: dict[str, Any] = {"customer_id": own, "source": source, "now": now}
        fresh = membership.register(told=told, proof=proof, privacy=privacy, marketing=marketing, **word)
        if not fresh and own != customer.customer_id:
            if told.phone and proof is not None:
                codes.use(proof=proof, now=now)
            membership.agree_anew(version=privacy, **word)
            if marketing:
                membership.set_marketing(given=True, **word)


def change(
    *, customer: SignedIn, name: str, phone: str, phone_code: str, birthday: str, now: datetime
) -> None:
    """Keep what a member tells anew; empty stays as it was. A number that another customer has is told as in `join`.

    Raises `Invalid`, `NotMember`, `BirthdayKept`, `PhoneNotOffered`, `CodeWrong`, `PhoneUnusable`, `TooManyRequests`.
    """
    if not customer.is_member:
        raise membership.NotMember
    told = _read(name=name, phone=phone, birthday=birthday, now=now)
    proof = _proof(customer, told=told, code=phone_code, now=now)
    with transaction():
        own, told = _known_by_phone(customer, told=told, proof=proof, now=now)
        membership.change_profile(customer_id=own, told=told, proof=proof, now=now)


def _known_by_phone(
    customer: SignedIn, *, told: Particulars, proof: int | None, now: datetime
) -> tuple[int, Particulars]:
    """Who the customer turns out to be by the number they have shown to hold, and what is still to be kept of it."""
    if not told.phone or proof is None:
        return customer.customer_id, told
    own = merging.join_by_phone(customer_id=customer.customer_id, phone=told.phone, now=now)
    member = members.member_of(own)
    if own == customer.customer_id or member is None or member.phone != told.phone:
        return own, told
    codes.use(proof=proof, now=now)
    return own, replace(told, phone="")


def _read(*, name: str, phone: str, birthday: str, now: datetime) -> Particulars:
    told, wrong = rules.read_particulars(name=name, phone=phone, birthday=birthday, today=shop_day(now))
    if wrong:
        raise Invalid(wrong)
    return told


def _proof(customer: SignedIn, *, told: Particulars, code: str, now: datetime) -> int | None:
    if not told.phone:
        return None
    if not code.strip() and sms.offered():
        raise Invalid({"phone_code": [_("请填写短信里的验证码。")]})
    return codes.prove(
        customer_id=customer.customer_id, public_id=customer.public_id, phone=told.phone, code=code, now=now
    )
