"""Staff, their sign-ins, and the tokens of programs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.access import Role
from shopapp.kernel.db import Model
from shopapp.kernel.ids import new_id
from shopapp.kernel.pii import Encrypted


class Staff(Model):
    """Somebody who works in the console. `totp_last` is the last second-factor step used, so that none works twice."""

    __tablename__ = "staff"

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    role: Mapped[Role]
    password_hash: Mapped[str] = mapped_column(String(200))
    totp_secret: Mapped[str | None] = mapped_column(Encrypted)
    totp_last: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class StaffSession(Model):
    """A sign-in of a staff member, shown in their list and ended by revoking it."""

    __tablename__ = "staff_sessions"

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    device: Mapped[str] = mapped_column(String(200), default="")
    address: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class ApiToken(Model):
    """A program's right to the merchant API."""

    __tablename__ = "api_tokens"

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    name: Mapped[str] = mapped_column(String(60))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
