"""What the merchant writes: plans, and batches of codes. All inside the caller's transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from shopapp.kernel import audit
from shopapp.kernel.db import db, rows_changed
from shopapp.kernel.errors import Invalid, ShopError
from shopapp.kernel.fields import is_plain
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.ids import token_hash
from shopapp.kernel.money import Money
from shopapp.loyalty.tiers import queries as tiers

from . import rules
from .models import CardCode, CardCodeBatch, CardPlan
from .rules import PlanContent


class CodesTaken(ShopError):
    """They were taken out before; the shop does not know them any more."""

    status, code, text = (
        409,
        "codes_taken_out",
        _l("这批卡密已经导出过，不能再导出，没有任何改动。找不到文件时请另做一批。"),
    )


def create_plan(*, content: PlanContent, now: datetime) -> CardPlan:
    """Offer a new plan. Raises `Invalid`."""
    _check(content)
    plan = CardPlan(created_at=now, **vars(content))
    db.session.add(plan)
    db.session.flush()
    _record("card_plan.create", plan.public_id, {"plan": _kept(content)})
    return plan


def change_plan(*, public_id: str, content: PlanContent) -> CardPlan:
    """Write a plan anew. Cards that run keep their dates and their tier. Raises `NotFound`, `Invalid`."""
    plan = found(db.session.scalar(select(CardPlan).where(CardPlan.public_id == public_id).with_for_update()))
    _check(content)
    before = PlanContent(**{name: getattr(plan, name) for name in PlanContent.__dataclass_fields__})
    for name, value in vars(content).items():
        setattr(plan, name, value)
    db.session.flush()
    old, new = _kept(before), _kept(content)
    _record(
        "card_plan.update",
        public_id,
        {name: [old[name], new[name]] for name in new if old[name] != new[name]},
    )
    return plan


def _kept(content: PlanContent) -> dict[str, Any]:
    return {name: value.fen if isinstance(value, Money) else value for name, value in vars(content).items()}


def _check(content: PlanContent) -> None:
    wrong = rules.problems(content)
    if content.tier_code is not None and not (tiers.terms_now().rank(content.tier_code) or 0):
        wrong["tier_code"] = [_("请选一个比起步等级高的等级。")]
    if wrong:
        raise Invalid(wrong)


def make_batch(
    *, plan_id: str, name: str, count: int, expires_at: datetime | None, now: datetime
) -> CardCodeBatch:
    """New codes for a plan, each for one card. Raises `NotFound`, `Invalid`."""
    plan = found(db.session.scalar(select(CardPlan).where(CardPlan.public_id == plan_id)))
    wrong: dict[str, list[str]] = {}
    if not (0 < len(name.strip()) <= rules.BATCH_NAME_MAX and is_plain(name)):
        wrong["name"] = [_("名称须为 1 到 %(max)s 个字。", max=rules.BATCH_NAME_MAX)]
    if not 1 <= count <= rules.CODES_MAX:
        wrong["count"] = [_("每次可以生成 1 到 %(max)s 个。", max=rules.CODES_MAX)]
    if expires_at is not None and expires_at <= now:
        wrong["expires_at"] = [_("截止日期要在今天以后。")]
    if wrong:
        raise Invalid(wrong)
    batch = CardCodeBatch(
        plan_id=plan.id, name=name.strip(), count=count, expires_at=expires_at, created_at=now
    )
    db.session.add(batch)
    db.session.flush()
    codes = [rules.new_code() for _number in range(count)]
    rows = [
        {"batch_id": batch.id, "digest": token_hash(rules.fold_code(code)), "code": code} for code in codes
    ]
    db.session.execute(insert(CardCode), rows)
    _record("card_codes.create", batch.public_id, {"plan": plan.name, "name": batch.name, "count": count})
    return batch


def take_codes(*, public_id: str, now: datetime) -> list[str]:
    """The codes of a batch, once: they are forgotten with this. Raises `NotFound`, `CodesTaken`."""
    batch = found(db.session.scalar(select(CardCodeBatch).where(CardCodeBatch.public_id == public_id)))
    once = update(CardCodeBatch).where(CardCodeBatch.id == batch.id, CardCodeBatch.exported_at.is_(None))
    if not rows_changed(once.values(exported_at=now)):
        raise CodesTaken
    mine = select(CardCode.code).where(CardCode.batch_id == batch.id).order_by(CardCode.id)
    codes = [code for code in db.session.scalars(mine) if code is not None]
    rows_changed(update(CardCode).where(CardCode.batch_id == batch.id).values(code=None))
    _record("card_codes.export", public_id, {"name": batch.name, "count": len(codes)})
    return codes


def _record(action: str, subject_id: str, changes: dict[str, Any]) -> None:
    audit.record(action=action, subject_kind=action.partition(".")[0], subject_id=subject_id, changes=changes)
