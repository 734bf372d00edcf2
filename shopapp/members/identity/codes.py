"""Codes sent to a phone, so that a number is kept only by who holds it.

Both functions open transactions of their own: a wrong try counts although what it was for is refused.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, update

from shopapp.kernel import limits, sms
from shopapp.kernel.db import db, rows_changed, transaction
from shopapp.kernel.errors import Invalid, ShopError
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.phones import MOBILE, clean_phone
from shopapp.kernel.pii import lookup_hash, lookup_hashes
from shopapp.kernel.templating import shop

from .models import PhoneCode

CODE_LIVES = timedelta(minutes=5)
TRIES_MAX = 5
DIGITS = 6
PAUSE = timedelta(minutes=1)
# what, how many, in which time: of one number, of one customer, of one machine
PHONE_LIMITS = ((1, PAUSE), (5, timedelta(hours=1)), (10, timedelta(days=1)))
CUSTOMER_LIMITS = ((6, timedelta(hours=1)), (12, timedelta(days=1)))
ADDRESS_LIMITS = ((30, timedelta(hours=1)), (100, timedelta(days=1)))
TRIES_PER_HOUR = 30


class PhoneNotOffered(ShopError):
    status, code, text = 409, "phone_not_offered", _l("本店暂时不用填手机号，没有任何改动。")


class CodeNotSent(ShopError):
    status, code, text = (
        503,
        "code_not_sent",
        _l("验证码没有发出去，没有任何改动。请过一分钟再试，或先不填手机号。"),
    )


class CodeWrong(ShopError):
    status, code, text = (
        422,
        "phone_code_wrong",
        _l("验证码不对或已过期，没有任何改动。请核对短信，或重新获取。"),
    )


def ask(*, customer_id: int, public_id: str, phone: str, address: str, now: datetime) -> None:
    """Send a code to this number; the answer is the same whether anybody has it already.

    `address` is that of the caller's machine. Raises `PhoneNotOffered`, `Invalid`, `TooManyRequests`, and `CodeNotSent`
    when the gateway did not take it: then earlier codes still hold.
    """
    phone = _checked(phone)
    whose = (
        ("sms-phone", lookup_hash(phone), PHONE_LIMITS),
        ("sms-customer", public_id, CUSTOMER_LIMITS),
        ("sms-address", address, ADDRESS_LIMITS),
    )
    for what, who, bounds in reversed(whose):
        for limit, window in bounds:
            name = f"{what}-{int(window.total_seconds())}"
            limits.spend(what=name, who=who, limit=limit, window=window)
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    with transaction():
        rows_changed(delete(PhoneCode).where(PhoneCode.expires_at < now))
        row = PhoneCode(
            customer_id=customer_id,
            phone_hash=lookup_hash(phone),
            code_hash=lookup_hash(_bound(code, phone=phone, customer_id=customer_id)),
            created_at=now,
            expires_at=now + CODE_LIVES,
        )
        db.session.add(row)
        db.session.flush()
    text = _("【%(shop)s】验证码 %(code)s，5 分钟内有效。请不要告诉别人。", shop=shop()["name"], code=code)
    try:
        sms.client().send(phone=phone, text=text)
    except sms.SmsProblem as problem:
        if not problem.in_doubt:
            with transaction():
                rows_changed(delete(PhoneCode).where(PhoneCode.id == row.id))
        raise CodeNotSent from problem


def prove(*, customer_id: int, public_id: str, phone: str, code: str, now: datetime) -> int:
    """The row of the code that shows that the customer holds this number, to be used up with `use`.

    Counts as a try with every code that still holds for this number. Raises `PhoneNotOffered`, `Invalid`, `CodeWrong`,
    `TooManyRequests`.
    """
    phone = _checked(phone)
    limits.spend(what="sms-tries", who=public_id, limit=TRIES_PER_HOUR, window=timedelta(hours=1))
    tried = (
        update(PhoneCode)
        .where(
            PhoneCode.customer_id == customer_id,
            PhoneCode.phone_hash.in_(lookup_hashes(phone)),
            PhoneCode.used_at.is_(None),
            PhoneCode.expires_at > now,
            PhoneCode.tries < TRIES_MAX,
        )
        .values(tries=PhoneCode.tries + 1)
        .returning(PhoneCode.id, PhoneCode.code_hash)
        .execution_options(synchronize_session=False)
    )
    with transaction():
        open_codes = db.session.execute(tried).all()
    right = set(lookup_hashes(_bound(code.strip(), phone=phone, customer_id=customer_id)))
    for row_id, code_hash in open_codes:
        if code_hash in right:
            return int(row_id)
    raise CodeWrong


def use(*, proof: int, now: datetime) -> None:
    """Use a proven code up within the open transaction. Raises `CodeWrong` if that happened already."""
    mine = update(PhoneCode).where(PhoneCode.id == proof, PhoneCode.used_at.is_(None))
    if rows_changed(mine.values(used_at=now)) == 0:
        raise CodeWrong


def _checked(phone: str) -> str:
    if not sms.offered():
        raise PhoneNotOffered
    phone = clean_phone(phone)
    if not MOBILE.fullmatch(phone):
        raise Invalid({"phone": [_("请填写 11 位手机号码。")]})
    return phone


def _bound(code: str, *, phone: str, customer_id: int) -> str:
    """A code is good for one number and one customer."""
    return f"phone-code:{customer_id}:{phone}:{code}"
