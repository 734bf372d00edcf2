"""What the merchant writes: coupons, their codes, and handing them out by name. All inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from secrets import choice

from sqlalchemy import insert, select

from shopapp.kernel.db import db, insert_once
from shopapp.kernel.errors import Invalid, NotFound, ShopError
from shopapp.kernel.i18n import _
from shopapp.kernel.ids import ALPHABET, new_id
from shopapp.members.identity import queries as identity

from . import services
from .content import CODE, PUBLIC_ID, CouponContent, Giving, columns, fold_code, problems
from .models import Coupon, CouponCode

CODE_LENGTH = 12
CODES_AT_ONCE_MAX = 10_000
NAMED_AT_ONCE_MAX = 200


@dataclass(frozen=True, kw_only=True)
class Handed:
    """How handing out went: public ids of those who got one, and code of the refusal by public id for the others."""

    given: list[str]
    refused: dict[str, str]


def create_coupon(*, content: CouponContent, now: datetime) -> Coupon:
    """Offer a new coupon, at once. Raises `Invalid`."""
    _check(content)
    coupon = Coupon(created_at=now)
    _fill(coupon, content)
    db.session.add(coupon)
    db.session.flush()
    return coupon


def change_coupon(*, public_id: str, content: CouponContent) -> Coupon:
    """Write a coupon anew. What somebody already holds stays as it was given. Raises `NotFound`, `Invalid`."""
    _check(content)
    coupon = _locked(public_id)
    if content.stock is not None and content.stock < coupon.given:
        raise Invalid({"stock": [_("已经发出 %(given)s 张，总量不能比它少。", given=coupon.given)]})
    _fill(coupon, content)
    db.session.flush()
    return coupon


def set_active(*, public_id: str, active: bool) -> Coupon:
    """Stop giving it out, or begin again; what was given is not touched. Raises `NotFound`."""
    coupon = _locked(public_id)
    coupon.active = active
    db.session.flush()
    return coupon


def make_codes(*, public_id: str, count: int, now: datetime) -> list[str]:
    """New codes for one use each. Raises `NotFound`, `Invalid`."""
    coupon = _for_codes(public_id)
    if not 1 <= count <= CODES_AT_ONCE_MAX:
        raise Invalid({"count": [_("每次可以生成 1 到 %(max)s 个。", max=CODES_AT_ONCE_MAX)]})
    codes = ["".join(choice(ALPHABET) for _place in range(CODE_LENGTH)).upper() for _number in range(count)]
    rows = [{"coupon_id": coupon.id, "code": code, "shared": False, "created_at": now} for code in codes]
    db.session.execute(insert(CouponCode), rows)
    return codes


def add_shared_code(*, public_id: str, code: str, now: datetime) -> str:
    """A code of one's own that everybody may type; the limits per person still hold. Returns it as it is kept.

    Raises `NotFound`, `Invalid` for one that is taken or too short to be typed by chance alone.
    """
    coupon = _for_codes(public_id)
    folded = fold_code(code)
    if not CODE.fullmatch(folded):
        raise Invalid({"code": [_("兑换码须为 4 到 24 个字母、数字或汉字。")]})
    if not insert_once(CouponCode, coupon_id=coupon.id, code=folded, shared=True, created_at=now):
        raise Invalid({"code": [_("这个兑换码已经在用，请换一个。")]})
    return folded


def hand_out(*, public_id: str, customer_ids: Collection[str], now: datetime) -> Handed:
    """Staff give one piece to each of these customers (public ids); each call is a new reason.

    Who cannot get one is told by name, the others get theirs. Raises `NotFound`, `Invalid`.
    """
    if not 1 <= len(customer_ids) <= NAMED_AT_ONCE_MAX:
        raise Invalid({"customer_ids": [_("每次可以发给 1 到 %(max)s 位顾客。", max=NAMED_AT_ONCE_MAX)]})
    _locked(public_id)
    known = identity.row_ids(public_ids=[one for one in customer_ids if PUBLIC_ID.fullmatch(one)])
    batch, given, refused = new_id(), [], {}
    for customer in dict.fromkeys(customer_ids):
        if customer not in known:
            refused[customer] = NotFound.code
            continue
        try:
            services.grant(
                coupon_id=public_id,
                customer_id=known[customer],
                key=f"staff:{batch}:{customer}",
                source=Giving.STAFF,
                now=now,
            )
        except ShopError as problem:
            refused[customer] = problem.code
        else:
            given.append(customer)
    return Handed(given=given, refused=refused)


def _check(content: CouponContent) -> None:
    wrong = problems(content)
    if wrong:
        raise Invalid(wrong)


def _fill(coupon: Coupon, content: CouponContent) -> None:
    for name, value in columns(content).items():
        setattr(coupon, name, value)


def _for_codes(public_id: str) -> Coupon:
    coupon = _locked(public_id)
    if coupon.giving is not Giving.CODE:
        raise Invalid({"giving": [_("这张优惠券不是凭兑换码领取的。")]})
    return coupon


def _locked(public_id: str) -> Coupon:
    found = select(Coupon).where(Coupon.public_id == public_id).with_for_update()
    coupon = db.session.scalar(found.execution_options(populate_existing=True))
    if coupon is None:
        raise NotFound
    return coupon


def changes_between(was: CouponContent, now: CouponContent) -> dict[str, list[str]]:
    """What an edit changed, as the audit trail keeps it: [before, after] by field."""
    before, after = _in_text(was), _in_text(now)
    return {name: [before[name], after[name]] for name in after if before[name] != after[name]}


def _in_text(content: CouponContent) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in columns(content).items()}
