"""Keeping a trail of texts that were used although something in them was warned of."""

from __future__ import annotations

from collections.abc import Mapping

from shopapp.kernel import audit

from .rules import TextWarning, check

PHRASES_KEPT_MAX = 20


def note_use(*, subject_kind: str, subject_id: str, texts: Mapping[str, str]) -> list[TextWarning]:
    """The warnings of texts that are being saved or printed, named by their fields; leaves an entry in the audit trail if
    there are any. Nothing is refused.
    """
    found = [warning for text in texts.values() for warning in check(text)]
    if found:
        kept = found[:PHRASES_KEPT_MAX]
        changes = {
            "phrases": [warning.phrase for warning in kept],
            "codes": sorted({warning.code for warning in kept}),
        }
        audit.record(action="wording.used", subject_kind=subject_kind, subject_id=subject_id, changes=changes)
    return found
