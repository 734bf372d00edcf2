"""`Idempotency-Key`: the same key with the same body gives the first answer again, with another body is refused."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ParamSpec

from flask import current_app, make_response, request
from sqlalchemy import UniqueConstraint, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column
from werkzeug.wrappers import Response

from . import clock
from .db import Model, db, insert_once, rows_changed, transaction
from .errors import Invalid, ShopError
from .i18n import _, _l
from .pii import Encrypted

P = ParamSpec("P")

KEY_LENGTH_MAX = 128
KEPT = timedelta(days=3)


class IdempotencyConflict(ShopError):
    status, code, text = 409, "idempotency_conflict", _l("同一个幂等键已用于另一份内容，没有任何改动。")


class StillRunning(ShopError):
    status, code, text = 409, "still_running", _l("同一个请求正在处理，请稍后查看结果。")


class StoredAnswer(Model):
    """The first answer to a key of one person or client."""

    __tablename__ = "stored_answers"
    __table_args__ = (UniqueConstraint("owner", "key"),)

    owner: Mapped[str]
    key: Mapped[str]
    body_hash: Mapped[str]
    status: Mapped[int | None]
    answer: Mapped[str | None] = mapped_column(Encrypted)
    created_at: Mapped[datetime] = mapped_column(index=True)


def once(view: Callable[P, Any]) -> Callable[P, Response]:
    """The entrance of a view that creates or moves value, in one transaction with the kept answer.

    Concurrent requests with one key wait for the first at its unique row. An error keeps nothing: it may be tried again.
    """

    @functools.wraps(view)
    def run(*args: P.args, **kwargs: P.kwargs) -> Response:
        key = _key()
        with transaction():
            if key is None:
                return make_response(view(*args, **kwargs))
            owner, body_hash = _owner(), _body_hash()
            if not _begin(owner=owner, key=key, body_hash=body_hash):
                return _first_answer(owner=owner, key=key, body_hash=body_hash)
            response = make_response(view(*args, **kwargs))
            _keep(owner=owner, key=key, response=response)
            return response

    return run


def repeatable(view: Callable[P, Any]) -> Callable[P, Response]:
    """Like `once`, for a view that talks to the network in between and opens its own transactions.

    Such a view must be safe to run again, since one that was cut off is: only a finished answer is kept.
    """

    @functools.wraps(view)
    def run(*args: P.args, **kwargs: P.kwargs) -> Response:
        key = _key()
        if key is None:
            return make_response(view(*args, **kwargs))
        owner, body_hash = _owner(), _body_hash()
        with transaction():
            if not _begin(owner=owner, key=key, body_hash=body_hash):
                first = _stored(owner=owner, key=key, body_hash=body_hash)
                if first.status is not None:
                    return _answer(first)
        response = make_response(view(*args, **kwargs))
        with transaction():
            _keep(owner=owner, key=key, response=response)
        return response

    return run


def _key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not 0 < len(key) <= KEY_LENGTH_MAX:
        raise Invalid({"Idempotency-Key": [_("幂等键须为 1 到 128 个字符。")]})
    return key


def _owner() -> str:
    owner: str = current_app.extensions["principal"]()
    return owner


def _body_hash() -> str:
    content = f"{request.method} {request.path}\n".encode() + request.get_data()
    return hashlib.sha256(content).hexdigest()


def _begin(*, owner: str, key: str, body_hash: str) -> bool:
    return insert_once(StoredAnswer, owner=owner, key=key, body_hash=body_hash, created_at=clock.now())


def _keep(*, owner: str, key: str, response: Response) -> None:
    mine = update(StoredAnswer).where(StoredAnswer.owner == owner, StoredAnswer.key == key)
    rows_changed(mine.values(status=response.status_code, answer=response.get_data(as_text=True)))


def _first_answer(*, owner: str, key: str, body_hash: str) -> Response:
    stored = _stored(owner=owner, key=key, body_hash=body_hash)
    if stored.status is None:
        raise StillRunning
    return _answer(stored)


def _stored(*, owner: str, key: str, body_hash: str) -> StoredAnswer:
    stored = db.session.scalars(select(StoredAnswer).filter_by(owner=owner, key=key)).one()
    if stored.body_hash != body_hash:
        raise IdempotencyConflict
    return stored


def _answer(stored: StoredAnswer) -> Response:
    return make_response(stored.answer or "", stored.status or 200, {"Content-Type": "application/json"})


def forget_old(*, now: datetime) -> int:
    """Delete answers that nobody asks for any more."""
    with transaction():
        return rows_changed(delete(StoredAnswer).where(StoredAnswer.created_at < now - KEPT))


def forget_owner(owner: str) -> None:
    """Delete the kept answers of one person or client within the open transaction."""
    rows_changed(delete(StoredAnswer).where(StoredAnswer.owner == owner))
