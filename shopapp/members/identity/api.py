"""Sessions and the person's own data over the API."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import request

from shopapp.kernel import clock, preferences
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.http import found, writes

from . import queries, services, sign_in
from .models import SessionKind
from .privacy import PRIVACY_TITLE, privacy_text, privacy_version
from .queries import SignedIn
from .schemas import CustomerAnswer, PrivacyAnswer, SessionAnswer, SessionInput

blp = ApiBlueprint("identity", __name__, url_prefix="/api/v1", description="登录与本人")


@blp.post("/sessions")
@blp.arguments(SessionInput)
@blp.response(201, SessionAnswer)
def open_session(data: dict[str, Any]) -> dict[str, Any]:
    now = clock.now()
    token, expires_at = sign_in.by_code(
        code=data["code"], kind=SessionKind.API, address=request.remote_addr or "", now=now
    )
    return {
        "token": token,
        "expires_at": expires_at,
        "customer": found(queries.by_session(token=token, now=now)),
    }


@blp.delete("/sessions/current")
@writes
@blp.response(204)
def end_session() -> None:
    queries.require_customer()
    services.end_session(token=queries.session_token() or "", now=clock.now())


@blp.get("/me")
@blp.response(200, CustomerAnswer)
def me() -> SignedIn:
    return queries.require_customer()


@blp.get("/privacy")
@blp.response(200, PrivacyAnswer)
def privacy() -> dict[str, str]:
    text = privacy_text(
        shop_name=preferences.read("shop.name"), own_text=preferences.read("shop.privacy_text")
    )
    return {
        "version": privacy_version(text),
        "title": str(PRIVACY_TITLE),
        "url": "/privacy",
        "text_sha256": hashlib.sha256(text.encode()).hexdigest(),
    }
