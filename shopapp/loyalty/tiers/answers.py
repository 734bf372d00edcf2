"""What the API says of a member's tier, and of the rules."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from . import queries, words
from .files import MemberFile
from .line import Version
from .terms import Benefits


def tier_answer(file: MemberFile) -> dict[str, Any]:
    history = file.history
    texts = words.history_texts(file)
    return {
        "code": history.level.code,
        "name": history.level.name,
        "level": history.rank,
        "since": history.current.since,
        "until": history.current.until,
        "grace_until": history.grace_until,
        "growth": history.growth,
        "next": _next(file),
        "keep": _keep(file),
        "why": words.why_texts(file),
        "benefits": benefits_answer(history.level.benefits),
        "history": [
            {
                "code": step.code,
                "name": file.names.get(step.code, step.code),
                "since": step.since,
                "until": step.until,
                "reason": step.why.value,
                "text": text,
            }
            for step, text in zip(reversed(history.steps), texts, strict=True)
        ],
    }


def _next(file: MemberFile) -> dict[str, Any] | None:
    above = file.history.next
    if above is None:
        return None
    level = above.level
    return {
        "code": level.code,
        "name": level.name,
        "entry": level.entry,
        "missing": above.missing,
        "by": above.by,
    }


def _keep(file: MemberFile) -> dict[str, Any] | None:
    keep = file.history.keep
    return None if keep is None else {**asdict(keep), "gap": keep.gap, "falls_to": file.falls_to}


def benefits_answer(benefits: Benefits) -> dict[str, Any]:
    return {**asdict(benefits), "texts": words.benefit_texts(benefits)}


def terms_answer(version: Version) -> dict[str, Any]:
    """The rules with how many members each level has."""
    members = queries.counts()
    levels = [
        {
            **asdict(level),
            "benefits": benefits_answer(level.benefits),
            "members": members.get(level.code, 0),
        }
        for level in version.terms.levels
    ]
    return {
        **version.terms.to_json(),
        "version": version.number,
        "starts_at": version.at,
        "levels": levels,
    }
