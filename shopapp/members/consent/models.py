"""What people agreed to, and when they took it back: entries are added and never changed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.db import Model


class ConsentKind(StrEnum):
    """privacy: to the privacy text, and with it to membership; marketing: to messages that sell."""

    PRIVACY = "privacy"
    MARKETING = "marketing"


class KeptPrivacyText(Model):
    """A version of the privacy text that somebody agreed to, whole; `kept_at` is when the first one did."""

    __tablename__ = "privacy_texts"

    version: Mapped[str] = mapped_column(String(40), unique=True)
    text: Mapped[str] = mapped_column(Text)
    kept_at: Mapped[datetime]


class ConsentEntry(Model):
    """One word of a customer: given or taken back. `source` says where: join, account, api, erased, import or demo."""

    __tablename__ = "consent_entries"
    __table_args__ = (Index("ix_consent_entries_customer", "customer_id", "kind"),)

    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    kind: Mapped[ConsentKind]
    given: Mapped[bool]
    version: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime]
    source: Mapped[str] = mapped_column(String(24))
