"""Giving and taking back consent. The history grows here; what it says now is kept beside the customer too."""

from __future__ import annotations

from datetime import datetime

from shopapp.kernel.db import db, insert_once
from shopapp.kernel.errors import ShopError
from shopapp.kernel.i18n import _l
from shopapp.members.identity import services as identity
from shopapp.members.identity.privacy import in_force

from .models import ConsentEntry, ConsentKind, KeptPrivacyText


class PrivacyOutdated(ShopError):
    status, code, text = (
        409,
        "privacy_outdated",
        _l("隐私说明已有新的版本，没有任何改动。请先看过新的说明，再次同意。"),
    )


def agree_to_privacy(*, customer_id: int, version: str, source: str, now: datetime) -> None:
    """Keep the consent to the text in force, and the text itself; told again it changes nothing.

    Raises `PrivacyOutdated` for the version of any other text.
    """
    current = in_force().version
    if version != current:
        raise PrivacyOutdated(version=current)
    keep_text(now=now)
    if identity.note_privacy(customer_id=customer_id, version=version):
        _add(customer_id, ConsentKind.PRIVACY, given=True, version=version, source=source, now=now)


def keep_text(*, now: datetime) -> str:
    """Keep the text in force, whole, since somebody agrees to it; returns its version."""
    current = in_force()
    insert_once(KeptPrivacyText, version=current.version, text=current.text, kept_at=now)
    return current.version


def withdraw_privacy(*, customer_id: int, source: str, now: datetime) -> None:
    """Keep that the customer does not agree any more; without it there is no membership."""
    if identity.note_privacy(customer_id=customer_id, version=None):
        version = in_force().version
        _add(customer_id, ConsentKind.PRIVACY, given=False, version=version, source=source, now=now)


def set_marketing(*, customer_id: int, given: bool, source: str, now: datetime) -> None:
    """Keep whether the customer wants messages that sell; told again it changes nothing."""
    if identity.note_marketing(customer_id=customer_id, since=now if given else None):
        version = in_force().version
        _add(customer_id, ConsentKind.MARKETING, given=given, version=version, source=source, now=now)


def _add(
    customer_id: int, kind: ConsentKind, *, given: bool, version: str, source: str, now: datetime
) -> None:
    entry = ConsentEntry(
        customer_id=customer_id, kind=kind, given=given, version=version, at=now, source=source
    )
    db.session.add(entry)
    db.session.flush()
