"""Reads of staff, sessions, tokens and the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, select

from shopapp.kernel.access import Role
from shopapp.kernel.audit import AuditEntry
from shopapp.kernel.db import db
from shopapp.kernel.ids import token_hash

from .models import ApiToken, Staff, StaffSession

SESSIONS_SHOWN = 50


@dataclass(frozen=True, kw_only=True)
class StaffSignIn:
    """The staff member of a request, with the session they came by."""

    staff_id: int
    public_id: str
    name: str
    role: Role
    session_id: int
    session_public_id: str
    seen_at: datetime
    second_factor: bool


def by_session_token(*, token: str, now: datetime) -> StaffSignIn | None:
    found = db.session.execute(
        select(Staff, StaffSession)
        .join(StaffSession, StaffSession.staff_id == Staff.id)
        .where(
            StaffSession.token_hash == token_hash(token),
            StaffSession.expires_at > now,
            StaffSession.ended_at.is_(None),
            Staff.active,
        )
    ).first()
    if found is None:
        return None
    staff, session = found
    return StaffSignIn(
        staff_id=staff.id,
        public_id=staff.public_id,
        name=staff.name,
        role=staff.role,
        session_id=session.id,
        session_public_id=session.public_id,
        seen_at=session.seen_at,
        second_factor=staff.totp_secret is not None and staff.totp_last >= 0,
    )


def by_api_token(*, text: str) -> ApiToken | None:
    return db.session.scalar(
        select(ApiToken).where(ApiToken.token_hash == token_hash(text), ApiToken.ended_at.is_(None))
    )


def staff_by_row(staff_id: int) -> Staff | None:
    return db.session.get(Staff, staff_id)


def staff_by_id(public_id: str) -> Staff | None:
    return db.session.scalar(select(Staff).filter_by(public_id=public_id))


def all_staff() -> Sequence[tuple[Staff, datetime | None]]:
    """Everybody with when they were last seen: those who may sign in first."""
    seen = select(StaffSession.staff_id, func.max(StaffSession.seen_at).label("at"))
    last = seen.group_by(StaffSession.staff_id).subquery()
    statement = select(Staff, last.c.at).outerjoin(last, last.c.staff_id == Staff.id)
    rows = db.session.execute(statement.order_by(Staff.active.desc(), Staff.created_at)).all()
    return [(row[0], row[1]) for row in rows]


def colleagues() -> list[tuple[str, str]]:
    """(public id, name) of everybody who may sign in, by name."""
    rows = db.session.execute(select(Staff.public_id, Staff.name).where(Staff.active).order_by(Staff.name))
    return [(row.public_id, row.name) for row in rows]


def open_sessions(*, staff_id: int, now: datetime) -> Sequence[StaffSession]:
    return db.session.scalars(
        select(StaffSession)
        .where(
            StaffSession.staff_id == staff_id,
            StaffSession.ended_at.is_(None),
            StaffSession.expires_at > now,
        )
        .order_by(StaffSession.seen_at.desc())
        .limit(SESSIONS_SHOWN)
    ).all()


def session_of(*, staff_id: int, public_id: str) -> StaffSession | None:
    return db.session.scalar(select(StaffSession).filter_by(staff_id=staff_id, public_id=public_id))


def all_tokens() -> Sequence[ApiToken]:
    return db.session.scalars(
        select(ApiToken).order_by(ApiToken.ended_at.is_not(None), ApiToken.created_at)
    ).all()


def token_by_id(public_id: str) -> ApiToken | None:
    return db.session.scalar(select(ApiToken).filter_by(public_id=public_id))


def audit_trail(
    *,
    area: str,
    actor: str,
    subject: str,
    since: datetime | None,
    until: datetime | None,
) -> Select[AuditEntry]:
    """Newest first. `area` is what an action's name begins with, `actor` an actor's id, `subject` a subject's id."""
    wanted: list[ColumnElement[bool]] = []
    if area:
        wanted.append(AuditEntry.action.startswith(f"{area}.", autoescape=True))
    if actor:
        wanted.append(AuditEntry.actor_id == actor)
    if subject:
        wanted.append(AuditEntry.subject_id == subject)
    if since is not None:
        wanted.append(AuditEntry.at >= since)
    if until is not None:
        wanted.append(AuditEntry.at < until)
    return select(AuditEntry).where(*wanted).order_by(AuditEntry.at.desc(), AuditEntry.id.desc())


def audit_actors() -> Sequence[tuple[str, str]]:
    """(id, name) of everybody with an entry, for the filter."""
    statement = select(AuditEntry.actor_id, func.max(AuditEntry.actor_name)).group_by(AuditEntry.actor_id)
    return [
        (row[0], row[1]) for row in db.session.execute(statement.order_by(AuditEntry.actor_id).limit(200))
    ]
