"""What the merchant writes: the items of the mall. All inside the caller's transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from shopapp.kernel.db import db
from shopapp.kernel.errors import Invalid, NotFound
from shopapp.kernel.i18n import _
from shopapp.loyalty.coupons import queries as coupons
from shopapp.loyalty.tiers import queries as tiers
from shopapp.store.catalogue import queries as catalogue

from . import rules
from .models import MallItem
from .rules import MallContent


def create_item(*, content: MallContent, now: datetime) -> MallItem:
    """Offer a new item. Raises `Invalid`."""
    _check(content, now=now)
    item = MallItem(created_at=now)
    _fill(item, content)
    db.session.add(item)
    db.session.flush()
    return item


def change_item(*, public_id: str, content: MallContent, now: datetime) -> MallItem:
    """Write an item anew; what was redeemed stays as it was. Raises `NotFound`, `Invalid`."""
    statement = select(MallItem).where(MallItem.public_id == public_id).with_for_update()
    item = db.session.scalar(statement.execution_options(populate_existing=True))
    if item is None:
        raise NotFound
    thing = (item.kind, item.sku_id, item.coupon_id)
    if thing != (content.kind, content.sku_id, content.coupon_id):
        raise Invalid({"kind": [_("已有的一项不能换成别的东西，请新建一项，把这一项停用。")]})
    if content.active or not item.active:
        _check(content, now=now)
    if content.stock is not None and content.stock < item.given:
        raise Invalid({"stock": [_("已经兑出 %(given)s 份，总量不能比它少。", given=item.given)]})
    _fill(item, content)
    db.session.flush()
    return item


def _fill(item: MallItem, content: MallContent) -> None:
    for name in MallContent.__dataclass_fields__:
        setattr(item, name, getattr(content, name))


def _check(content: MallContent, *, now: datetime) -> None:
    wrong = rules.problems(content)
    if wrong:
        raise Invalid(wrong)
    if content.sku_id is not None:
        sku = catalogue.sellable(sku_ids=[content.sku_id]).get(content.sku_id)
        if sku is None:
            raise Invalid({"sku_id": [_("没有这个款式，请从列表里选。")]})
        if content.cash >= sku.price:
            raise Invalid({"cash": [_("加的钱要比售价 ¥%(price)s 少，不然积分就白用了。", price=sku.price)]})
    if content.coupon_id is not None and content.coupon_id not in coupons.for_points(
        customer_id=None, now=now
    ):
        raise Invalid({"coupon_id": [_("请选一张发放方式是“积分兑换”、正在发放的优惠券。")]})
    if content.min_tier and tiers.terms_now().rank(content.min_tier) is None:
        raise Invalid({"min_tier": [_("没有这个等级，请从列表里选。")]})


def changes_between(was: MallContent, now: MallContent) -> dict[str, list[str]]:
    """What an edit changed, as the audit trail keeps it: [before, after] by field."""
    pairs = {name: (getattr(was, name), getattr(now, name)) for name in MallContent.__dataclass_fields__}
    return {name: [_text(before), _text(after)] for name, (before, after) in pairs.items() if before != after}


def _text(value: object) -> str:
    return "" if value is None else str(value)
