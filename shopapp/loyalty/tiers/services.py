"""Members get, change and lose their tier; staff set the rules and give tiers for a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Row, Table, bindparam, delete, insert, select, update

from shopapp.events import TierChanged, TierDropAhead
from shopapp.kernel import audit, pagecache
from shopapp.kernel.access import current_actor
from shopapp.kernel.db import db, insert_once, rows_changed
from shopapp.kernel.errors import Conflict, Invalid, ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.outbox import publish

from . import queries
from .line import Step, Version
from .models import MemberTier, TierOverride, TierStep, TierVersion
from .queries import Inputs
from .rules import History
from .terms import TierTerms, problems

MEMBERS = cast(Table, MemberTier.__table__)
STEPS = cast(Table, TierStep.__table__)
REASON_MAX = 200
OVERRIDE_DAYS_MAX = 1096
NOTED = (
    *("code", "level", "since", "until", "grace_until", "version", "steps", "evaluated_at"),
    "next_look_at",
)
AGAIN = {"version", "evaluated_at"}
"""What changes with every look, also at a member who stays as they are."""

_SAVE = (
    update(MEMBERS)
    .where(MEMBERS.c.id == bindparam("row_id"))
    .values({name: bindparam(f"new_{name}") for name in NOTED})
)


class LevelInUse(ShopError):
    status, code, text = (
        409,
        "level_in_use",
        _l("“%(name)s”还有 %(count)s 位会员，不能去掉，没有任何改动。可以改它的名称和成长值。"),
    )


class NoMember(ShopError):
    status, code, text = 409, "no_member", _l("这位顾客还不是会员，没有任何改动。")


def enter(*, customer_id: int, at: datetime, now: datetime) -> None:
    """Who becomes a member has the first tier, or what their growth reaches. Told again it changes nothing."""
    insert_once(MemberTier, **_entered(queries.version_now(), customer_id=customer_id, at=at))
    evaluate_member(customer_id=customer_id, now=now)


def place(*, joined: Mapping[int, datetime], now: datetime) -> None:
    """Give members of before, who joined at these times (by row id of the customer), the tiers that their growth in the
    books comes to, with all steps. It is history: nobody is told.
    """
    version = queries.version_now()
    db.session.execute(
        insert(MEMBERS), [_entered(version, customer_id=one, at=at) for one, at in sorted(joined.items())]
    )
    rows = _locked(list(joined))
    inputs = queries.inputs_of(rows=rows, now=now)
    _keep(rows, inputs, queries.histories_from(inputs, among=queries.versions()))


def _entered(version: Version, *, customer_id: int, at: datetime) -> dict[str, Any]:
    return {
        "customer_id": customer_id,
        "joined_at": at,
        "code": version.terms.levels[0].code,
        "level": 0,
        "since": at,
        "until": None,
        "grace_until": None,
        "version": version.number,
        "steps": 0,
        "evaluated_at": at,
        "next_look_at": None,
    }


def leave(*, customer_id: int, now: datetime) -> None:
    """The tier ends with the membership, and with it its history and what staff gave."""
    rows_changed(delete(TierStep).where(TierStep.customer_id == customer_id))
    rows_changed(delete(MemberTier).where(MemberTier.customer_id == customer_id))
    still_given = (TierOverride.customer_id == customer_id, TierOverride.ended_at.is_(None))
    rows_changed(update(TierOverride).where(*still_given, TierOverride.until > now).values(ended_at=now))


def evaluate_member(*, customer_id: int, now: datetime) -> None:
    """Work the tier of a customer out anew; nothing happens for who is no member."""
    evaluate_members(customer_ids=[customer_id], now=now)


def evaluate_members(*, customer_ids: Sequence[int], now: datetime) -> int:
    """Work the tiers of these customers out anew and keep what is new; how many of them are members.

    Their rows are locked first, so that of two looks the later one has seen all that the earlier one saw.
    """
    rows = _locked(customer_ids)
    if not rows:
        return 0
    inputs = queries.inputs_of(rows=rows, now=now)
    histories = queries.histories_from(inputs, among=queries.versions())
    _keep(rows, inputs, histories)
    for row in rows:
        _tell(row, histories[row.customer_id], inputs[row.customer_id].now)
    return len(rows)


def _locked(customer_ids: Sequence[int]) -> Sequence[Row[Any]]:
    mine = select(MEMBERS).where(MEMBERS.c.customer_id.in_(customer_ids))
    return db.session.execute(mine.order_by(MEMBERS.c.id).with_for_update()).all()


def _keep(rows: Sequence[Row[Any]], inputs: Mapping[int, Inputs], histories: dict[int, History]) -> None:
    _save_steps(rows, histories)
    same: dict[tuple[int, datetime], list[int]] = {}
    changed = []
    for row in rows:
        history, moment = histories[row.customer_id], inputs[row.customer_id].now
        values = _values(history, moment)
        if all(getattr(row, name) == values[name] for name in NOTED if name not in AGAIN):
            same.setdefault((history.version.number, moment), []).append(row.id)
        else:
            changed.append({"row_id": row.id, **{f"new_{name}": values[name] for name in NOTED}})
    for (version, moment), ids in same.items():
        rows_changed(
            update(MEMBERS).where(MEMBERS.c.id.in_(ids)).values(version=version, evaluated_at=moment)
        )
    if changed:
        db.session.connection().execute(_SAVE, changed)


def _values(history: History, moment: datetime) -> dict[str, Any]:
    return {
        "code": history.level.code,
        "level": history.rank,
        "since": history.current.since,
        "until": history.current.until,
        "grace_until": history.grace_until,
        "version": history.version.number,
        "steps": len(history.steps),
        "evaluated_at": moment,
        "next_look_at": history.next_look(moment),
    }


def _save_steps(rows: Sequence[Row[Any]], histories: dict[int, History]) -> None:
    """Add what is new. Growth that was written late can change what was kept; that part is written anew."""
    moving = [row for row in rows if row.steps != 1 or len(histories[row.customer_id].steps) != 1]
    kept = queries.kept_steps(customer_ids=[row.customer_id for row in moving])
    fresh: list[dict[str, Any]] = []
    for row in moving:
        steps, before = histories[row.customer_id].steps, kept[row.customer_id]
        pairs = zip(steps, before, strict=False)
        agreeing = next((place for place, (new, old) in enumerate(pairs) if new != old), None)
        begin = min(len(steps), len(before)) if agreeing is None else agreeing
        if begin < len(before):
            late = delete(TierStep).where(TierStep.customer_id == row.customer_id, TierStep.number > begin)
            rows_changed(late)
        fresh += [
            _step_row(step, customer_id=row.customer_id, number=number)
            for number, step in enumerate(steps[begin:], start=begin + 1)
        ]
    if fresh:
        db.session.connection().execute(insert(STEPS), fresh)


def _step_row(step: Step, *, customer_id: int, number: int) -> dict[str, Any]:
    return {
        "customer_id": customer_id,
        "number": number,
        "code": step.code,
        "since": step.since,
        "until": step.until,
        "why": step.why,
        "version": step.version,
        "got": step.got,
        "needed": step.needed,
        "award": step.award,
    }


def _tell(row: Row[Any], history: History, moment: datetime) -> None:
    before = row.code if row.steps else history.steps[0].code
    after, below = history.level.code, history.version.terms.rank(before)
    if before != after:
        publish(
            TierChanged(
                customer_id=row.customer_id,
                number=len(history.steps),
                before=before,
                after=after,
                up=below is None or history.rank > below,
            )
        )
    days = history.warning(moment)
    if days is not None and history.keep is not None:
        publish(
            TierDropAhead(
                customer_id=row.customer_id,
                code=after,
                days=days,
                gap=history.keep.gap,
                at=history.keep.drops_at,
            )
        )


def save_version(*, terms: TierTerms, note: str, based_on: int, now: datetime) -> int:
    """Put new rules in force from now on; their number. `based_on` is the number of the rules that they change.

    Members are worked out anew by the job. Raises `Invalid`, `LevelInUse`, and `Conflict` if others saved rules meanwhile.
    """
    wrong = problems(terms)
    if len(note) > REASON_MAX:
        wrong["note"] = [_("最多 %(max)s 个字，现在有 %(now)s 个。", max=REASON_MAX, now=len(note))]
    if wrong:
        raise Invalid(wrong)
    before = queries.version_now()
    _refuse_removed(before.terms, terms, now=now)
    actor = current_actor()
    fresh = before.number == based_on and insert_once(
        TierVersion,
        number=based_on + 1,
        terms=terms.to_json(),
        starts_at=max(now, before.at),
        actor=f"{actor.kind}:{actor.id}"[:80],
        actor_name=actor.name[:80],
        note=note,
    )
    if not fresh:
        raise Conflict
    pagecache.bump(pagecache.FRAME)
    audit.record(
        action="tier.update",
        subject_kind="tier",
        subject_id=str(based_on + 1),
        changes={"rules": [before.terms.to_json(), terms.to_json()], "note": note},
    )
    return based_on + 1


def _refuse_removed(before: TierTerms, after: TierTerms, *, now: datetime) -> None:
    """The first level has no term, so that its members simply pass on to what is first then."""
    held = queries.counts()
    given = select(TierOverride.code).where(TierOverride.until > now, TierOverride.ended_at.is_(None))
    for code in db.session.scalars(given):
        held.setdefault(code, 1)
    for level in before.levels[1:]:
        if after.rank(level.code) is None and held.get(level.code):
            raise LevelInUse(name=level.name, count=held[level.code])


def set_override(
    *,
    customer_id: int,
    public_id: str,
    code: str,
    reason: str,
    since: datetime | None = None,
    until: datetime,
    card_id: str = "",
    now: datetime,
) -> TierOverride:
    """Give a member at least this tier from `since` (else now) to `until`, `card_id` being the card it comes with.

    Raises `Invalid`, `NoMember`.
    """
    starts = now if since is None else since
    wrong: dict[str, list[str]] = {}
    if not (queries.terms_now().rank(code) or 0):
        wrong["code"] = [_("请选一个比起步等级高的等级。")]
    if not 0 < len(reason.strip()) <= REASON_MAX:
        wrong["reason"] = [_("请写明原因，最多 %(max)s 个字。", max=REASON_MAX)]
    if starts < now:
        wrong["since"] = [_("开始的时间不能早于现在。")]
    if until <= starts or (until - starts).days > OVERRIDE_DAYS_MAX:
        wrong["until"] = [_("结束的时间要在开始之后，三年以内。")]
    if wrong:
        raise Invalid(wrong)
    actor = current_actor()
    giver = f"{queries.CARD}{card_id}" if card_id else f"{actor.kind}:{actor.id}"
    row = TierOverride(
        customer_id=customer_id,
        code=code,
        reason=reason.strip(),
        since=starts,
        until=until,
        actor=giver[:80],
        created_at=now,
    )
    db.session.add(row)
    db.session.flush()
    if not evaluate_members(customer_ids=[customer_id], now=now):
        raise NoMember
    audit.record(
        action="tier.override",
        subject_kind="customer",
        subject_id=public_id,
        changes={"tier": code, "reason": row.reason, "since": starts.isoformat(), "until": until.isoformat()},
    )
    return row


def end_override(*, customer_id: int, public_id: str, override_id: str, now: datetime) -> None:
    """End a given tier before its time. Raises `NotFound`, and `Conflict` if it was over already."""
    row = found(
        db.session.scalar(select(TierOverride).filter_by(customer_id=customer_id, public_id=override_id))
    )
    open_one = update(TierOverride).where(
        TierOverride.id == row.id, TierOverride.ended_at.is_(None), TierOverride.until > now
    )
    if not rows_changed(open_one.values(ended_at=now)):
        raise Conflict
    evaluate_members(customer_ids=[customer_id], now=now)
    audit.record(
        action="tier.override_end",
        subject_kind="customer",
        subject_id=public_id,
        changes={"tier": row.code, "reason": row.reason},
    )
