"""The blueprint of the control page, and how its JSON calls read and refuse."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request

from .. import people, store
from ..oa.acts import ActError

blueprint = Blueprint("control", __name__)


def refused(words: str, *, status: int = 409) -> tuple[Response, int]:
    return jsonify(code="refused", message=words), status


def body() -> dict[str, Any]:
    """The JSON object that was sent; other content types count as empty, so forms of other sites do nothing."""
    sent = request.get_json(silent=True)
    return sent if isinstance(sent, dict) else {}


def person() -> store.Row:
    """The user named in the body; raises ActError if unknown."""
    found = people.find(str(body().get("openid", "")))
    if found is None:
        raise ActError("没有这个微信用户")
    return found


@blueprint.errorhandler(ActError)
def act_refused(error: ActError) -> tuple[Response, int]:
    return refused(str(error))
