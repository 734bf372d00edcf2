"""Making two customers one, and taking them apart again. Within the open transaction, like all services."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import or_, select, update

from shopapp.kernel import audit, merging
from shopapp.kernel.access import current_actor
from shopapp.kernel.db import db, insert_once, rows_changed
from shopapp.kernel.errors import Conflict, Invalid, ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.ids import new_id
from shopapp.kernel.merging import Merge
from shopapp.members.identity import merging as people
from shopapp.members.identity import queries as identity
from shopapp.members.identity.merging import Standing

from . import pairs, rules
from .models import CustomerMerge, PairStatus
from .rules import REASON_MAX, Evidence

CHAIN_MAX = 20


class SamePerson(ShopError):
    status, code, text = 409, "same_person", _l("这两个编号本来就是同一位顾客，没有任何改动。")


class PersonErased(ShopError):
    status, code, text = 409, "person_erased", _l("其中一位已经注销，不能合并，也不能拆开。没有任何改动。")


class MergedSince(ShopError):
    status, code, text = (
        409,
        "merged_since",
        _l("这次合并之后，这位顾客又和别人合并过，没有任何改动。请先撤销后面的那一次。"),
    )


class AlreadyUndone(ShopError):
    status, code, text = 409, "already_undone", _l("这次合并已经撤销过了，没有任何改动。")


@dataclass(frozen=True, kw_only=True)
class Joined:
    """Who stays, by row id. `fresh` is False if the two were one already."""

    customer_id: int
    fresh: bool


def join(*, one_id: int, other_id: int, evidence: Evidence, reason: str = "", now: datetime) -> Joined:
    """Make two customers, by row id, one: whoever they turned out to be before is meant. Told again it changes nothing.

    The member stays, else the older. All parts move in this transaction, and what they need to undo it is kept.
    Raises `SamePerson` for one customer named twice, `PersonErased`, and `Conflict` if they changed meanwhile.
    """
    if one_id == other_id:
        raise SamePerson
    standing = _locked(one_id, other_id)
    if len(standing) == 1:
        return Joined(customer_id=standing[0].id, fresh=False)
    one, other = standing
    if one.erased_at or other.erased_at:
        raise PersonErased
    source_id, target_id = rules.in_order(one, other)
    public_ids = {person.id: person.public_id for person in standing}
    actor = current_actor()
    of = Merge(key=new_id(), source_id=source_id, target_id=target_id, now=now)
    if not insert_once(
        CustomerMerge,
        public_id=of.key,
        source_id=source_id,
        target_id=target_id,
        evidence=evidence,
        reason=reason,
        kept={},
        late={},
        actor=f"{actor.kind}:{actor.id}"[:80],
        actor_name=actor.name[:80],
        merged_at=now,
    ):
        raise Conflict
    kept = {part.name: part.merge(of) for part in merging.parts()}
    rows_changed(update(CustomerMerge).where(CustomerMerge.public_id == of.key).values(kept=kept))
    pairs.decide(one_id=source_id, other_id=target_id, status=PairStatus.MERGED, now=now)
    audit.record(
        action="customer.join",
        subject_kind="customer",
        subject_id=public_ids[target_id],
        changes={"other": public_ids[source_id], "evidence": evidence.value, "reason": reason},
    )
    _forget_what_was_read()
    return Joined(customer_id=target_id, fresh=True)


def _locked(one_id: int, other_id: int) -> list[Standing]:
    """Whom the two turned out to be, locked: one or two of them, once neither is merged into somebody else any more.

    Who was merged away while this waited is followed further, with all locks let go before: they are taken in one order.
    """
    for _attempt in range(CHAIN_MAX):
        with db.session.begin_nested() as attempt:
            wanted = {identity.survivor(one_id), identity.survivor(other_id)}
            standing = people.lock(wanted)
            if len(standing) == len(wanted) and all(one.merged_into is None for one in standing.values()):
                return list(standing.values())
            attempt.rollback()
    raise Conflict


def undo(*, merge_id: str, reason: str, now: datetime) -> None:
    """Take two customers apart again; what happened meanwhile stays with the one who stayed. They are remembered as two.

    Raises `NotFound`, `Invalid` without a reason, `AlreadyUndone`, `MergedSince`, `PersonErased`, and what a part
    has in its way.
    """
    if not 0 < len(reason.strip()) <= REASON_MAX:
        raise Invalid({"reason": [_("请写明原因，最多 %(max)s 个字。", max=REASON_MAX)]})
    row = found(db.session.scalar(select(CustomerMerge).where(CustomerMerge.public_id == merge_id)))
    standing = people.lock({row.source_id, row.target_id})
    actor = current_actor()
    mine = update(CustomerMerge).where(CustomerMerge.id == row.id, CustomerMerge.undone_at.is_(None))
    if not rows_changed(
        mine.values(
            undone_at=now,
            undone_by=f"{actor.kind}:{actor.id}"[:80],
            undone_name=actor.name[:80],
            undone_reason=reason.strip(),
        )
    ):
        raise AlreadyUndone
    if any(person.erased_at for person in standing.values()):
        raise PersonErased
    _refuse_merged_since(row)
    of = Merge(key=row.public_id, source_id=row.source_id, target_id=row.target_id, now=now)
    for each, kept in ((_late(of), row.late), (of, row.kept)):
        for part in merging.parts():
            if part.name in kept:
                part.undo(each, kept[part.name])
    pairs.decide(one_id=of.source_id, other_id=of.target_id, status=PairStatus.DISTINCT, now=now)
    audit.record(
        action="customer.part",
        subject_kind="customer",
        subject_id=standing[of.target_id].public_id,
        changes={"other": standing[of.source_id].public_id, "reason": reason.strip()},
    )
    _forget_what_was_read()


def _late(of: Merge) -> Merge:
    return replace(of, key=f"{of.key}~late")


def gather(*, merge_id: str, now: datetime) -> None:
    """Move what was being written for the source while they were merged; once, when nothing can be on its way any more."""
    row = found(db.session.scalar(select(CustomerMerge).where(CustomerMerge.public_id == merge_id)))
    people.lock({row.source_id, row.target_id})
    mine = (
        CustomerMerge.id == row.id,
        CustomerMerge.gathered_at.is_(None),
        CustomerMerge.undone_at.is_(None),
    )
    if not rows_changed(update(CustomerMerge).where(*mine).values(gathered_at=now)):
        return
    of = _late(Merge(key=merge_id, source_id=row.source_id, target_id=row.target_id, now=now))
    late = {part.name: part.gather(of) for part in merging.parts() if part.gather is not None}
    rows_changed(update(CustomerMerge).where(CustomerMerge.id == row.id).values(late=late))
    _forget_what_was_read()


def _refuse_merged_since(row: CustomerMerge) -> None:
    """Merges of one person are undone in the reverse of their order: each was built on those before."""
    later = select(CustomerMerge.id).where(
        or_(CustomerMerge.source_id == row.target_id, CustomerMerge.target_id == row.target_id),
        CustomerMerge.id > row.id,
        CustomerMerge.undone_at.is_(None),
    )
    if db.session.scalar(later.limit(1)) is not None:
        raise MergedSince


def _forget_what_was_read() -> None:
    """Rows changed hands past the session's objects."""
    db.session.flush()
    db.session.expire_all()


def join_by_hand(*, public_id: str, other: str, reason: str, now: datetime) -> Joined:
    """Staff know that two customers, by what they are named by, are one, and say why.

    Raises `Invalid` without a reason or for a name that is nobody's, `NotFound`, and what `join` raises.
    """
    if not 0 < len(reason.strip()) <= REASON_MAX:
        raise Invalid({"reason": [_("请写明原因，最多 %(max)s 个字。", max=REASON_MAX)]})
    one = found(identity.find(public_id=public_id))
    other_id = pairs.customer_named(other)
    if other_id is None:
        raise Invalid({"other": [_("没有找到这位顾客。请输入完整的编号、会员号或手机号。")]})
    return join(one_id=one.id, other_id=other_id, evidence=Evidence.STAFF, reason=reason.strip(), now=now)


def join_by_unionid(*, customer_id: int, unionid: str | None, now: datetime) -> int:
    """Make all customers with this unionid one; whom the given one, by row id, turned out to be.

    Those whom staff took apart stay apart, as do those who can't be merged now.
    """
    for other_id in identity.with_unionid(unionid) if unionid else []:
        if other_id != customer_id and not pairs.is_distinct(one_id=customer_id, other_id=other_id):
            customer_id = join(
                one_id=customer_id, other_id=other_id, evidence=Evidence.UNIONID, now=now
            ).customer_id
    return customer_id


def join_by_phone(*, customer_id: int, phone: str, now: datetime) -> int:
    """A customer, by row id, has shown that they hold this number: who has it already is the same person.

    Gives whom they turned out to be. Whom staff took apart stays apart: then the number remains with who has it.
    """
    holder_id = identity.holder_of(phone=phone)
    if holder_id is None or holder_id == customer_id:
        return customer_id
    if pairs.is_distinct(one_id=customer_id, other_id=holder_id):
        return customer_id
    return join(one_id=customer_id, other_id=holder_id, evidence=Evidence.PHONE, now=now).customer_id
