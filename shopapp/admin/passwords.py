"""Passwords: Argon2id, and the same work for names that nobody has."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shopapp.kernel.errors import Invalid
from shopapp.kernel.i18n import _

LENGTH_MIN = 10
LENGTH_MAX = 128
MEMORY_KIB = 19 * 1024
ROUNDS = 2
DIFFERENT_LETTERS_MIN = 5


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=ROUNDS, memory_cost=MEMORY_KIB, parallelism=1)


@cache
def _nobodys_hash() -> str:
    return _hasher().hash("nobody's password")


def hash_password(password: str) -> str:
    return _hasher().hash(password)


def fits(*, password: str, kept: str | None) -> bool:
    """Whether this password made the kept hash. Without one the same work is done, and the answer is no."""
    try:
        _hasher().verify(kept or _nobodys_hash(), password[: LENGTH_MAX * 4])
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def check(*, password: str, name: str, field: str = "password") -> None:
    """Raises `Invalid` for a password that is too easy to guess."""
    problem = None
    if not LENGTH_MIN <= len(password) <= LENGTH_MAX:
        problem = _("密码须有 %(least)s 到 %(most)s 个字符。", least=LENGTH_MIN, most=LENGTH_MAX)
    elif len(set(password)) < DIFFERENT_LETTERS_MIN:
        problem = _("密码里不同的字符太少，请换一个。")
    elif len(name) >= 3 and name.casefold() in password.casefold():
        problem = _("密码不能包含名字，请换一个。")
    if problem:
        raise Invalid({field: [problem]})
