"""Codes can be guessed: tries are counted per person and per address, before the transaction of the try."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import request

from shopapp.kernel import limits
from shopapp.members.identity.queries import require_customer

P = ParamSpec("P")
R = TypeVar("R")

PER_PERSON, PER_ADDRESS = 10, 60
WINDOW = timedelta(hours=1)


def count_guess() -> None:
    """Raises `SignInNeeded`, `TooManyRequests`."""
    who = require_customer().public_id
    limits.spend(what="card-code", who=who, limit=PER_PERSON, window=WINDOW)
    limits.spend(what="card-code-from", who=request.remote_addr or "", limit=PER_ADDRESS, window=WINDOW)


def counts_guesses(view: Callable[P, R]) -> Callable[P, R]:
    """Outside of the view's transaction, so that a refused code is counted as well."""

    @wraps(view)
    def counted(*args: P.args, **kwargs: P.kwargs) -> R:
        count_guess()
        return view(*args, **kwargs)

    return counted
