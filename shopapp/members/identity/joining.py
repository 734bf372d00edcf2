"""From what a person sends to a member: the try of the code and the change stand in two transactions.

The API and the pages both enter here.
"""

from __future__ import annotations

from datetime import datetime

from shopapp.kernel import sms
from shopapp.kernel.clock import shop_day
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import Invalid
from shopapp.kernel.i18n import _

from . import codes, membership, rules
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

    Raises `Invalid`, `PhoneNotOffered`, `CodeWrong`, `PhoneUnusable`, `PrivacyOutdated`, `TooManyRequests`.
    """
    if customer.is_member:
        return
    told = _read(name=name, phone=phone, birthday=birthday, now=now)
    proof = _proof(customer, told=told, code=phone_code, now=now)
    with transaction():
        membership.register(
            customer_id=customer.customer_id,
            told=told,
            proof=proof,
            privacy=privacy,
            marketing=marketing,
            source=source,
            now=now,
        )


def change(
    *, customer: SignedIn, name: str, phone: str, phone_code: str, birthday: str, now: datetime
) -> None:
    """Keep what a member tells anew; empty stays as it was.

    Raises `Invalid`, `NotMember`, `BirthdayKept`, `PhoneNotOffered`, `CodeWrong`, `PhoneUnusable`, `TooManyRequests`.
    """
    if not customer.is_member:
        raise membership.NotMember
    told = _read(name=name, phone=phone, birthday=birthday, now=now)
    proof = _proof(customer, told=told, code=phone_code, now=now)
    with transaction():
        membership.change_profile(customer_id=customer.customer_id, told=told, proof=proof, now=now)


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
