"""The merchant's writes: campaigns, and the switch that stops one at once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from shopapp.kernel import audit
from shopapp.kernel.db import db, rows_changed
from shopapp.kernel.errors import Invalid
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _
from shopapp.loyalty.coupons import queries as coupons
from shopapp.members.marketplace.rules import PLATFORMS
from shopapp.members.wording import services as wording
from shopapp.members.wording.rules import TextWarning, check

from . import content, payouts
from .content import CampaignContent
from .models import CashbackCampaign
from .queries import amount_of
from .states import OFFERED


def warnings_of(wanted: CampaignContent) -> dict[str, list[TextWarning]]:
    """What the wording check says about each text that customers read; fields without a warning are left out."""
    checked = {name: check(text) for name, text in wanted.texts.items()}
    return {name: warnings for name, warnings in checked.items() if warnings}


def content_of(row: CashbackCampaign) -> CampaignContent:
    """What was decided about a campaign, as it is kept."""
    same = (
        "name",
        "intro",
        "budget",
        "per_person",
        "per_phone",
        "per_address",
        "hold_days",
        "wait_days",
        "asks_tail",
        "payout",
        "coupon_id",
        "points_per_yuan",
        "starts_at",
        "ends_at",
        "orders_paid_from",
        "require_follow",
    )
    return CampaignContent(
        **{name: getattr(row, name) for name in same},
        platforms=tuple(row.platforms),
        title_words=tuple(row.title_words),
        skus=tuple(row.skus),
        amount=amount_of(row),
    )


def create(*, wanted: CampaignContent, active: bool, now: datetime) -> CashbackCampaign:
    """A new campaign. Raises `Invalid`."""
    _check(wanted)
    row = CashbackCampaign(created_at=now, active=active)
    _write(row, wanted)
    db.session.add(row)
    db.session.flush()
    _record(row, "cashback.create", wanted)
    return row


def change(*, public_id: str, wanted: CampaignContent, active: bool) -> CashbackCampaign:
    """Write a campaign anew; amounts that were set aside stay as they were promised.

    Raises `NotFound`, and `Invalid`, also for a budget below what is set aside and paid already.
    """
    _check(wanted)
    row = _locked(public_id)
    used = row.reserved + row.paid
    if wanted.budget < used:
        raise Invalid({"budget": [_("已预留和已发出的共 %(yuan)s 元，预算不能再低。", yuan=used)]})
    if used and wanted.payout is not row.payout:
        raise Invalid({"payout": [_("已经有人登记，发放方式不能再改。可以停用后新建一个活动。")]})
    _write(row, wanted)
    db.session.flush()
    if row.active is not active:
        set_active(public_id=public_id, active=active)
    _record(row, "cashback.update", wanted)
    return row


def _check(wanted: CampaignContent) -> None:
    content.check(wanted, platforms=PLATFORMS, payouts=OFFERED, transfers=payouts.limits())
    if wanted.coupon_id is not None and wanted.coupon_id not in coupons.for_staff():
        raise Invalid({"coupon_id": [_("请选择一张发放方式是“店里的人发”、正在发放的优惠券。")]})


def set_active(*, public_id: str, active: bool) -> None:
    """The switch: stopped, nothing is matched or paid any more; what is being paid comes to its end. Raises `NotFound`."""
    row = _locked(public_id)
    rows_changed(update(CashbackCampaign).where(CashbackCampaign.id == row.id).values(active=active))
    db.session.refresh(row)
    audit.record(
        action="cashback.start" if active else "cashback.stop",
        subject_kind="cashback_campaign",
        subject_id=public_id,
    )


def _locked(public_id: str) -> CashbackCampaign:
    wanted = select(CashbackCampaign).where(CashbackCampaign.public_id == public_id).with_for_update()
    return found(db.session.scalar(wanted.execution_options(populate_existing=True)))


def _write(row: CashbackCampaign, wanted: CampaignContent) -> None:
    row.name, row.intro = wanted.name.strip(), wanted.intro.strip()
    row.platforms, row.title_words, row.skus = (
        list(wanted.platforms),
        list(wanted.title_words),
        list(wanted.skus),
    )
    row.mode, row.most, row.basis_points = wanted.amount.mode, wanted.amount.most, wanted.amount.basis_points
    row.least = wanted.amount.least
    row.budget = wanted.budget
    row.per_person, row.per_phone, row.per_address = wanted.per_person, wanted.per_phone, wanted.per_address
    row.hold_days, row.wait_days, row.asks_tail = wanted.hold_days, wanted.wait_days, wanted.asks_tail
    row.payout, row.coupon_id, row.points_per_yuan = wanted.payout, wanted.coupon_id, wanted.points_per_yuan
    row.starts_at, row.ends_at = wanted.starts_at, wanted.ends_at
    row.orders_paid_from, row.require_follow = wanted.orders_paid_from, wanted.require_follow


def _record(row: CashbackCampaign, action: str, wanted: CampaignContent) -> None:
    subject = {"subject_kind": "cashback_campaign", "subject_id": row.public_id}
    changes = {
        "name": row.name,
        "budget_fen": row.budget.fen,
        "payout": row.payout.value,
        "require_follow": row.require_follow,
    }
    audit.record(action=action, changes=changes, **subject)
    wording.note_use(texts=wanted.texts, **subject)
