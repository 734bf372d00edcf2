"""Staff, their sign-ins, and the tokens of programs."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select, update

from shopapp.kernel import audit
from shopapp.kernel.access import SCOPES, Role
from shopapp.kernel.db import db, rows_changed
from shopapp.kernel.errors import Invalid, ShopError
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.ids import new_id, new_token, token_hash

from . import passwords, totp
from .models import ApiToken, Staff, StaffSession

NAME_MAX = 40
TOKEN_NAME_MAX = 60
SESSION_DAYS = 14
SEEN_EVERY = timedelta(minutes=5)
NOT_CONFIRMED = -1


class LastOwner(ShopError):
    status, code, text = (
        409,
        "last_owner",
        _l("店里至少要有一位能登录的店主，没有任何改动。请先让另一位员工成为店主。"),
    )


class WrongPassword(ShopError):
    status, code, text = 422, "wrong_password", _l("名字或密码不对，请检查后再试。")


class WrongCode(ShopError):
    status, code, text = 422, "wrong_code", _l("动态码不对，或者已经用过。请等下一个动态码再试。")


class SignInStep(StrEnum):
    FIRST = "first"
    SECOND = "second"


def create_staff(*, name: str, password: str, role: Role, now: datetime) -> Staff:
    """Raises `Invalid` for a name that is taken or empty, or a password that is easy to guess."""
    name = name.strip()
    if not 1 <= len(name) <= NAME_MAX or not name.isprintable():
        raise Invalid({"name": [_("名字须有 1 到 %(max)s 个字。", max=NAME_MAX)]})
    passwords.check(password=password, name=name)
    if db.session.scalar(select(Staff.id).filter_by(name=name)) is not None:
        raise Invalid({"name": [_("已经有员工叫这个名字，请换一个。")]})
    staff = Staff(
        public_id=new_id(),
        name=name,
        role=role,
        password_hash=passwords.hash_password(password),
        created_at=now,
    )
    db.session.add(staff)
    db.session.flush()
    audit.record(
        action="staff.create",
        subject_kind="staff",
        subject_id=staff.public_id,
        changes={"name": name, "role": role.value},
    )
    return staff


def change_role(*, staff: Staff, role: Role) -> None:
    """Raises `LastOwner`."""
    if staff.role is role:
        return
    if staff.role is Role.OWNER:
        _refuse_last_owner(staff)
    was, staff.role = staff.role, role
    _record("staff.role", staff, changes={"role": [was.value, role.value]})


def set_active(*, staff: Staff, active: bool, now: datetime) -> None:
    """Let somebody in again, or out for good with all their sessions. Raises `LastOwner`."""
    if staff.active == active:
        return
    if not active and staff.role is Role.OWNER:
        _refuse_last_owner(staff)
    staff.active = active
    if not active:
        end_sessions(staff_id=staff.id, now=now)
    _record("staff.activate" if active else "staff.deactivate", staff)


def set_password(*, staff: Staff, password: str, now: datetime, keep_session: int | None = None) -> None:
    """A new password ends all other sessions. Raises `Invalid`."""
    passwords.check(password=password, name=staff.name)
    staff.password_hash = passwords.hash_password(password)
    end_sessions(staff_id=staff.id, now=now, but=keep_session)
    _record("staff.password", staff)


def change_own_password(
    *, staff: Staff, current: str, password: str, now: datetime, keep_session: int | None
) -> None:
    """Raises `Invalid`, for a wrong current password too."""
    if not passwords.fits(password=current, kept=staff.password_hash):
        raise Invalid({"current": [_("现在的密码不对。")]})
    set_password(staff=staff, password=password, now=now, keep_session=keep_session)


def begin_second_factor(*, staff: Staff) -> str:
    """The secret to show as a QR code; it counts from the first code that fits."""
    if staff.totp_secret is None or staff.totp_last != NOT_CONFIRMED:
        staff.totp_secret, staff.totp_last = totp.new_secret(), NOT_CONFIRMED
    return staff.totp_secret


def confirm_second_factor(*, staff: Staff, code: str, now: datetime) -> None:
    """Raises `WrongCode`."""
    if staff.totp_secret is None or staff.totp_last != NOT_CONFIRMED:
        raise WrongCode
    _use_code(staff=staff, code=code, now=now)
    _record("staff.second_factor_on", staff)


def remove_second_factor(*, staff: Staff) -> None:
    staff.totp_secret, staff.totp_last = None, 0
    _record("staff.second_factor_off", staff)


def has_second_factor(staff: Staff) -> bool:
    return staff.totp_secret is not None and staff.totp_last != NOT_CONFIRMED


def check_password(*, name: str, password: str) -> Staff:
    """The staff member with this name and password; the same work whether the name exists or not.

    Raises `WrongPassword`.
    """
    staff = db.session.scalar(select(Staff).filter_by(name=name.strip()[:NAME_MAX]))
    good = passwords.fits(password=password, kept=staff.password_hash if staff else None)
    if staff is None or not good or not staff.active:
        raise WrongPassword
    return staff


def check_code(*, staff: Staff, code: str, now: datetime) -> None:
    """Raises `WrongCode`, for a code that was used before too."""
    if not has_second_factor(staff):
        raise WrongCode
    _use_code(staff=staff, code=code, now=now)


def note_failed_sign_in(*, name: str, step: SignInStep) -> None:
    """Leave a trace if this is somebody's name; whatever else was typed is kept nowhere."""
    staff = db.session.scalar(select(Staff).filter_by(name=name))
    if staff is not None:
        _record("staff.sign_in_failed", staff, changes={"step": step.value})


def open_session(*, staff: Staff, device: str, address: str, now: datetime) -> tuple[str, datetime]:
    """A new sign-in: the token for the cookie, and when it lapses."""
    token = new_token()
    until = now + timedelta(days=SESSION_DAYS)
    session = StaffSession(
        public_id=new_id(),
        staff_id=staff.id,
        token_hash=token_hash(token),
        device=device[:200],
        address=address[:64],
        created_at=now,
        seen_at=now,
        expires_at=until,
    )
    db.session.add(session)
    _record("staff.sign_in", staff)
    return token, until


def end_session(*, session: StaffSession, now: datetime) -> None:
    if session.ended_at is None:
        session.ended_at = now
        audit.record(action="staff.session_end", subject_kind="session", subject_id=session.public_id)


def end_sessions(*, staff_id: int, now: datetime, but: int | None = None) -> int:
    """End all sessions of somebody, but for one by its row id; returns how many."""
    open_ones = update(StaffSession).where(
        StaffSession.staff_id == staff_id, StaffSession.ended_at.is_(None), StaffSession.id != (but or 0)
    )
    return rows_changed(open_ones.values(ended_at=now))


def session_seen(*, session_id: int, now: datetime) -> None:
    rows_changed(update(StaffSession).where(StaffSession.id == session_id).values(seen_at=now))


def token_used(*, token_id: int, now: datetime) -> None:
    rows_changed(update(ApiToken).where(ApiToken.id == token_id).values(last_used_at=now))


def create_token(*, name: str, scopes: Collection[str], now: datetime) -> tuple[ApiToken, str]:
    """A program's token, and its secret text, which is not kept. Raises `Invalid`."""
    wrong: dict[str, list[str]] = {}
    if not 1 <= len(name.strip()) <= TOKEN_NAME_MAX or not name.strip().isprintable():
        wrong["name"] = [_("名字须有 1 到 %(max)s 个字。", max=TOKEN_NAME_MAX)]
    unknown = sorted(set(scopes) - SCOPES.keys())
    if unknown or not scopes:
        wrong["scopes"] = [
            _("没有这种权限范围：%(names)s", names="、".join(unknown))
            if unknown
            else _("请至少选择一种权限范围。")
        ]
    if wrong:
        raise Invalid(wrong)
    text = new_token()
    token = ApiToken(
        public_id=new_id(),
        name=name.strip(),
        token_hash=token_hash(text),
        scopes=sorted(set(scopes)),
        created_at=now,
    )
    db.session.add(token)
    audit.record(
        action="token.create",
        subject_kind="token",
        subject_id=token.public_id,
        changes={"name": token.name, "scopes": token.scopes},
    )
    return token, text


def end_token(*, token: ApiToken, now: datetime) -> None:
    if token.ended_at is None:
        token.ended_at = now
        audit.record(
            action="token.end", subject_kind="token", subject_id=token.public_id, changes={"name": token.name}
        )


def _use_code(*, staff: Staff, code: str, now: datetime) -> None:
    """Take the code's step by compare-and-set, so that of two requests with one code one gets in."""
    step = totp.matching_step(
        secret=staff.totp_secret or "", code=code.replace(" ", "")[:10], after=staff.totp_last, now=now
    )
    later = update(Staff).where(Staff.id == staff.id, Staff.totp_last < (step or 0))
    if step is None or rows_changed(later.values(totp_last=step)) == 0:
        raise WrongCode
    db.session.refresh(staff)


def _refuse_last_owner(staff: Staff) -> None:
    owners = select(Staff.id).where(Staff.role == Role.OWNER, Staff.active, Staff.id != staff.id)
    if not staff.active:
        return
    if db.session.scalars(owners.with_for_update()).first() is None:
        raise LastOwner


def _record(action: str, staff: Staff, *, changes: dict[str, object] | None = None) -> None:
    audit.record(
        action=action,
        subject_kind="staff",
        subject_id=staff.public_id,
        changes={"name": staff.name, **(changes or {})},
    )
