"""The server address of the official account."""

from __future__ import annotations

from flask import Blueprint, request
from werkzeug.wrappers import Response

from shopapp.kernel import clock
from shopapp.kernel.db import transaction
from shopapp.kernel.http import TooLarge
from shopapp.kernel.settings import settings

from . import envelope, patience, services

BODY_BYTES_MAX = 64 * 1024
NOTHING_TO_SAY = "success"

blueprint = Blueprint("wechat_callback", __name__)


@blueprint.get("/wechat/callback")
def verify_address() -> Response:
    """The platform's check of the address: the same text back, and nothing else."""
    envelope.check_signature(request.args, token=settings().wx_token)
    echo = request.args.get("echostr")
    if not echo:
        raise envelope.BadPush(reason="no echostr")
    return _text(echo)


@blueprint.post("/wechat/callback")
def receive_push() -> Response:
    """One push in any mode. What follows from it beyond the reply happens after the answer."""
    config, now = settings(), clock.now()
    opened = envelope.open_push(query=request.args, body=_body(), settings=config)
    chosen = services.choose_reply(incoming=opened.incoming, now=now)
    with transaction():
        answer = services.receive(incoming=opened.incoming, chosen=chosen, now=now)
    reply = answer.reply
    if reply is None:
        return _text(NOTHING_TO_SAY)
    _note_hearing(opened.incoming.key, answer)
    if opened.sealed:
        reply = envelope.close_reply(reply, settings=config, now=now)
    return Response(reply, content_type="text/xml; charset=utf-8")


def _note_hearing(key: str, answer: services.Answer) -> None:
    """Whether the platform, which drops a delivery after five seconds, can still take this reply."""
    waited = patience.waited(request.args.get("timestamp", ""), now=clock.now())
    if waited > patience.SURELY_DROPPED:
        with transaction():
            services.note_unheard(key=key, now=clock.now())
    elif answer.open and waited <= patience.SURELY_TAKEN:
        with transaction():
            services.note_heard(key=key)


def _body() -> bytes:
    request.max_content_length = BODY_BYTES_MAX
    if (request.content_length or 0) > BODY_BYTES_MAX:
        raise TooLarge
    return request.get_data()


def _text(text: str) -> Response:
    return Response(text, content_type="text/plain; charset=utf-8")
