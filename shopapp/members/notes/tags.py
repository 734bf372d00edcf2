"""Tags of the whole shop: made when first given, renamed, merged and deleted for all customers at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, update

from shopapp.kernel import audit
from shopapp.kernel.db import db, insert_once, rows_changed
from shopapp.kernel.errors import Conflict, Invalid, NotFound, ShopError
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.ids import new_id

from . import queries, rules, services
from .models import CustomerTag, Tag


class TagTaken(ShopError):
    status, code, text = (
        409,
        "tag_taken",
        _l("已经有这个标签，没有任何改动。要把两个合成一个，请用“并入”。"),
    )


def give(*, customer: str, name: str, now: datetime) -> None:
    """Put a tag on a customer; given twice it is there once. Raises `NotFound`, `Erased`, `Invalid`."""
    customer_id = services.living(customer=customer)
    have = {tag.id for tag in queries.tags_of(customer_id=customer_id)}
    tag = _known(name, now=now)
    if tag.public_id in have:
        return
    if len(have) >= rules.TAGS_EACH_MAX:
        raise Invalid({"tag": [_("每位顾客最多 %(max)s 个标签。", max=rules.TAGS_EACH_MAX)]})
    _give(customer_id, tag, customer=customer, now=now)


def take(*, customer: str, tag_id: str) -> None:
    """Take a tag off a customer; nothing happens if they do not have it. Raises `NotFound`, `Erased`."""
    customer_id = services.living(customer=customer)
    _take(customer_id, _one(tag_id), customer=customer)


def put(*, customer: str, names: Sequence[str], now: datetime) -> None:
    """Let a customer have these tags and no other. Raises `NotFound`, `Erased`, `Invalid`."""
    customer_id = services.living(customer=customer)
    if len({rules.folded(name) for name in names}) > rules.TAGS_EACH_MAX:
        raise Invalid({"tags": [_("每位顾客最多 %(max)s 个标签。", max=rules.TAGS_EACH_MAX)]})
    ordered = sorted(names, key=rules.folded)
    wanted = {tag.id: tag for tag in (_known(name, now=now) for name in ordered)}
    have = _of_customer(customer_id)
    for row_id in have.keys() - wanted.keys():
        _take(customer_id, have[row_id], customer=customer)
    for row_id in wanted.keys() - have.keys():
        _give(customer_id, wanted[row_id], customer=customer, now=now)


def _of_customer(customer_id: int) -> dict[int, Tag]:
    statement = select(Tag).join(CustomerTag, CustomerTag.tag_id == Tag.id)
    rows = db.session.scalars(statement.where(CustomerTag.customer_id == customer_id).order_by(Tag.id))
    return {tag.id: tag for tag in rows}


def _give(customer_id: int, tag: Tag, *, customer: str, now: datetime) -> None:
    if insert_once(CustomerTag, customer_id=customer_id, tag_id=tag.id, given_at=now):
        services.record("tag", customer=customer, tag=tag.name)


def _take(customer_id: int, tag: Tag, *, customer: str) -> None:
    mine = delete(CustomerTag).where(CustomerTag.customer_id == customer_id, CustomerTag.tag_id == tag.id)
    if rows_changed(mine):
        services.record("untag", customer=customer, tag=tag.name)


def _known(name: str, *, now: datetime) -> Tag:
    """The tag of this name, made if there is none; locked, so that it is not deleted meanwhile. Several are locked in the
    order of their folded names."""
    tidied = _checked(name)
    folded = rules.folded(tidied)
    known = select(Tag).where(Tag.folded == folded).with_for_update()
    tag = db.session.scalar(known)
    if tag is not None:
        return tag
    if (db.session.scalar(select(func.count()).select_from(Tag)) or 0) >= rules.TAGS_MAX:
        raise Invalid({"tag": [_("全店最多 %(max)s 个标签，请先合并或删除用不着的。", max=rules.TAGS_MAX)]})
    if insert_once(Tag, public_id=new_id(), name=tidied, folded=folded, created_at=now):
        audit.record(action="tag.create", subject_kind="tag", subject_id=tidied)
    return db.session.scalars(known).one()


def rename(*, tag_id: str, name: str) -> None:
    """Raises `NotFound`, `Invalid`, `TagTaken`."""
    tag, tidied = _one(tag_id), _checked(name)
    other = select(Tag.id).where(Tag.folded == rules.folded(tidied), Tag.id != tag.id)
    if db.session.scalar(other) is not None:
        raise TagTaken
    changes = {"name": [tag.name, tidied]}
    tag.name, tag.folded = tidied, rules.folded(tidied)
    db.session.flush()
    audit.record(action="tag.update", subject_kind="tag", subject_id=tidied, changes=changes)


def merge(*, tag_id: str, into: str) -> int:
    """Whoever has the one tag has the other instead; the number of customers who had it. Raises `NotFound`, `Conflict`."""
    if tag_id == into:
        raise Conflict
    both_rows = select(Tag).where(Tag.public_id.in_((tag_id, into))).order_by(Tag.folded).with_for_update()
    rows = {tag.public_id: tag for tag in db.session.scalars(both_rows)}
    if len(rows) < len((tag_id, into)):
        raise NotFound
    gone, kept = rows[tag_id], rows[into]
    count = _count(gone)
    both = select(CustomerTag.customer_id).where(CustomerTag.tag_id == kept.id)
    rows_changed(delete(CustomerTag).where(CustomerTag.tag_id == gone.id, CustomerTag.customer_id.in_(both)))
    rows_changed(update(CustomerTag).where(CustomerTag.tag_id == gone.id).values(tag_id=kept.id))
    db.session.delete(gone)
    db.session.flush()
    changes = {"name": [gone.name, kept.name], "pieces": count}
    audit.record(action="tag.merge", subject_kind="tag", subject_id=kept.name, changes=changes)
    return count


def remove(*, tag_id: str) -> int:
    """Take a tag off everybody and out of the list; the number of customers who had it. Raises `NotFound`."""
    tag = _one(tag_id)
    count = rows_changed(delete(CustomerTag).where(CustomerTag.tag_id == tag.id))
    db.session.delete(tag)
    db.session.flush()
    audit.record(action="tag.delete", subject_kind="tag", subject_id=tag.name, changes={"pieces": count})
    return count


def _one(tag_id: str) -> Tag:
    tag = db.session.scalar(select(Tag).where(Tag.public_id == tag_id).with_for_update())
    if tag is None:
        raise NotFound
    return tag


def _count(tag: Tag) -> int:
    return db.session.scalar(select(func.count()).where(CustomerTag.tag_id == tag.id)) or 0


def _checked(name: str) -> str:
    tidied = rules.tidy(name)
    problem = rules.tag_problem(tidied)
    if problem is not None:
        raise Invalid({"tag": [problem]})
    return tidied
