"""Becoming a member, changing one's particulars, and leaving. Within the open transaction, like all services."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from shopapp.events import MemberJoined, MemberLeft, ProfileCompleted
from shopapp.kernel import audit
from shopapp.kernel.db import db, rows_changed
from shopapp.kernel.errors import Invalid, ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.outbox import publish
from shopapp.kernel.pii import lookup_hash, lookup_hashes
from shopapp.members.consent import services as consent

from . import codes, former, rules
from .models import Customer, PhoneCode
from .queries import survivor
from .rules import Particulars

NUMBERS_TRIED = 20
COMPARED = {"name", "birthday"}
"""What members are compared by, to find those who are there twice."""
BIRTHDAY_TOLD = "birthday"


class NotMember(ShopError):
    status, code, text = 409, "not_a_member", _l("您还不是会员，没有任何改动。请先入会。")


class PhoneUnusable(ShopError):
    status, code, text = (
        409,
        "phone_unusable",
        _l("这个手机号暂时不能用在您的账号上，没有任何改动。请换一个号码，或联系客服。"),
    )


class BirthdayKept(ShopError):
    status, code, text = (
        409,
        "birthday_kept",
        _l("生日只能填一次，和您以前填的不一样，没有任何改动。可以先空着，要更正请联系客服。"),
    )


def register(
    *,
    customer_id: int,
    told: Particulars,
    proof: int | None,
    privacy: str,
    marketing: bool,
    source: str,
    now: datetime,
) -> bool:
    """Make a customer a member, once; False, and nothing changed, if they are one already.

    `proof` is that of `codes.prove` for the phone that was told, `privacy` the version agreed to.
    Who was a member before can tell no other birthday than then.
    Raises `PrivacyOutdated`, `BirthdayKept`, `PhoneUnusable`, `CodeWrong`.
    """
    number = db.session.scalar(select(Customer.member_no).where(Customer.id == customer_id))
    guest = update(Customer).where(
        Customer.id == customer_id, Customer.member_since.is_(None), Customer.erased_at.is_(None)
    )
    if rows_changed(guest.values(member_since=now, member_no=number or _free_number())) == 0:
        return False
    consent.agree_to_privacy(customer_id=customer_id, version=privacy, source=source, now=now)
    if marketing:
        consent.set_marketing(customer_id=customer_id, given=True, source=source, now=now)
    fresh = db.session.get_one(Customer, customer_id, populate_existing=True)
    _check_birthday(fresh, told.birthday, now=now)
    _keep(customer_id=customer_id, told=told, proof=proof, now=now)
    publish(MemberJoined(customer_id=customer_id, at=now))
    return True


def change_profile(*, customer_id: int, told: Particulars, proof: int | None, now: datetime) -> None:
    """Keep what a member tells anew; what they leave out stays as it is.

    Raises `NotMember`, `BirthdayKept`, `PhoneUnusable`, `CodeWrong`.
    """
    member = db.session.get_one(Customer, customer_id, with_for_update=True, populate_existing=True)
    if member.member_since is None:
        raise NotMember
    _check_birthday(member, told.birthday, now=now)
    _keep(customer_id=customer_id, told=told, proof=proof, now=now)


def change_birthday(*, public_id: str, birthday: date | None) -> None:
    """Staff put a member's birthday right; None forgets it. Leaves a trace that does not say the day.

    Raises `NotFound`, `NotMember`.
    """
    member = found(db.session.scalar(select(Customer).filter_by(public_id=public_id)))
    if member.member_since is None:
        raise NotMember
    _write(member.id, birthday_mark=None, **_birthday_values(birthday))
    audit.record(action="customer.birthday", subject_kind="customer", subject_id=public_id)


def leave(*, customer_id: int, source: str, now: datetime) -> bool:
    """End a membership, with all consents and particulars; False if there is none.

    The number stays the customer's, and of the birthday a keyed hash, by which another one is known when they come back.
    """
    member = update(Customer).where(Customer.id == customer_id, Customer.member_since.is_not(None))
    if rows_changed(member.values(member_since=None)) == 0:
        return False
    consent.withdraw_privacy(customer_id=customer_id, source=source, now=now)
    consent.set_marketing(customer_id=customer_id, given=False, source=source, now=now)
    left = db.session.get_one(Customer, customer_id, populate_existing=True)
    birthday = birthday_of(left)
    mark = left.birthday_mark if birthday is None else lookup_hash(birthday.isoformat())
    _write(customer_id, name=None, phone=None, phone_hash=None, birthday_mark=mark, **_birthday_values(None))
    rows_changed(delete(PhoneCode).where(PhoneCode.customer_id == customer_id))
    publish(MemberLeft(customer_id=customer_id))
    return True


def agree_anew(*, customer_id: int, version: str, source: str, now: datetime) -> None:
    """A member agrees to a text that has changed. Raises `NotMember`, `PrivacyOutdated`."""
    _check_member(customer_id)
    consent.agree_to_privacy(customer_id=customer_id, version=version, source=source, now=now)


def set_marketing(*, customer_id: int, given: bool, source: str, now: datetime) -> None:
    """Raises `NotMember`."""
    _check_member(customer_id)
    consent.set_marketing(customer_id=customer_id, given=given, source=source, now=now)


def birthday_of(customer: Customer) -> date | None:
    """The whole date, put together again."""
    if customer.birthday is None:
        return None
    return date.fromisoformat(f"{customer.birth_year}-{customer.birthday}")


def birthday_gifts(customer_id: int) -> set[str]:
    """By what a birthday that was told is known again after its owner was forgotten: that there was one, and which."""
    customer = db.session.get_one(Customer, customer_id)
    birthday = birthday_of(customer)
    mark = customer.birthday_mark if birthday is None else lookup_hash(birthday.isoformat())
    return set() if mark is None else {BIRTHDAY_TOLD, f"{BIRTHDAY_TOLD}:{mark}"}


def _check_birthday(customer: Customer, told: date | None, *, now: datetime) -> None:
    """What was set once holds, also over a time of no membership, and for who was forgotten and comes back."""
    if told is None:
        return
    hashes = lookup_hashes(told.isoformat())
    if customer.birthday is not None:
        right = told == birthday_of(customer)
    elif customer.birthday_mark is not None:
        right = customer.birthday_mark in hashes
    else:
        gifts = [f"{BIRTHDAY_TOLD}:{mark}" for mark in hashes]
        right = not former.had_before(customer_id=customer.id, gift=BIRTHDAY_TOLD, now=now) or any(
            former.had_before(customer_id=customer.id, gift=gift, now=now) for gift in gifts
        )
    if not right:
        raise BirthdayKept


def _check_member(customer_id: int) -> None:
    """Also keeps the row from others, so that consent and membership cannot part."""
    statement = select(Customer.member_since).where(Customer.id == customer_id).with_for_update()
    if db.session.scalar(statement) is None:
        raise NotMember


def _free_number() -> str:
    for _attempt in range(NUMBERS_TRIED):
        number = rules.new_member_no()
        if db.session.scalar(select(Customer.id).filter_by(member_no=number)) is None:
            return number
    raise RuntimeError("no membership number was free")


def _keep(*, customer_id: int, told: Particulars, proof: int | None, now: datetime) -> None:
    values: dict[str, Any] = {}
    if told.name:
        values["name"] = told.name
    if told.birthday is not None:
        values |= _birthday_values(told.birthday)
    if told.phone:
        if proof is None:
            raise Invalid({"phone_code": [_("请填写短信里的验证码。")]})
        codes.use(proof=proof, now=now)
        _refuse_taken(told.phone, customer_id=customer_id)
        values |= {"phone": told.phone, "phone_hash": lookup_hash(told.phone)}
    if values:
        _write(customer_id, **values)
        if _is_complete(customer_id):
            publish(ProfileCompleted(customer_id=customer_id))


def _is_complete(customer_id: int) -> bool:
    told = (Customer.name.is_not(None), Customer.phone.is_not(None), Customer.birthday.is_not(None))
    return db.session.scalar(select(Customer.id).where(Customer.id == customer_id, *told)) is not None


def _refuse_taken(phone: str, *, customer_id: int) -> None:
    """Under any of the keys; the unique key of the column decides between two at once.

    Who was merged into the customer lets them have it.
    """
    taken = select(Customer.id).where(
        Customer.phone_hash.in_(lookup_hashes(phone)), Customer.id != customer_id
    )
    for holder_id in db.session.scalars(taken).all():
        if survivor(holder_id) != customer_id:
            raise PhoneUnusable
        rows_changed(update(Customer).where(Customer.id == holder_id).values(phone_hash=None))


def _write(customer_id: int, **values: Any) -> None:
    if COMPARED & values.keys():
        values["person_hash"] = None
    try:
        rows_changed(update(Customer).where(Customer.id == customer_id).values(values))
    except IntegrityError as problem:
        raise PhoneUnusable from problem


def _birthday_values(day: date | None) -> dict[str, str | None]:
    if day is None:
        return {"birth_year": None, "birthday": None, "birthday_hash": None}
    month_day = f"{day:%m-%d}"
    return {"birth_year": f"{day.year:04d}", "birthday": month_day, "birthday_hash": lookup_hash(month_day)}
