"""Sessions, membership and the person's own data over the API."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import request

from shopapp.kernel import clock
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.http import found, writes
from shopapp.kernel.idempotency import repeatable

from . import codes, joining, members, membership, queries, services, sign_in
from .models import SessionKind
from .privacy import PRIVACY_TITLE, in_force
from .queries import SignedIn
from .schemas import (
    ConsentsChange,
    MeAnswer,
    PhoneCodeAnswer,
    PhoneCodeInput,
    PrivacyAnswer,
    ProfileInput,
    RegistrationInput,
    SessionAnswer,
    SessionInput,
)

blp = ApiBlueprint("identity", __name__, url_prefix="/api/v1", description="登录与本人")

SOURCE = "api"


@blp.post("/sessions")
@blp.arguments(SessionInput)
@blp.response(201, SessionAnswer)
def open_session(data: dict[str, Any]) -> dict[str, Any]:
    now = clock.now()
    token, expires_at = sign_in.by_code(
        code=data["code"], kind=SessionKind.API, device="program", address=request.remote_addr or "", now=now
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
@blp.response(200, MeAnswer)
def me() -> dict[str, Any]:
    return _me(queries.require_customer())


@blp.post("/me/registration")
@repeatable
@blp.arguments(RegistrationInput)
@blp.response(201, MeAnswer)
def register(data: dict[str, Any]) -> dict[str, Any]:
    """Become a member; for who is one already nothing changes. `consents.privacy` is the version of `GET /privacy`."""
    customer = queries.require_customer()
    consents = data.pop("consents")
    joining.join(customer=customer, **data, **consents, source=SOURCE, now=clock.now())
    return _me(queries.signed_in_anew())


@blp.put("/me/profile")
@blp.arguments(ProfileInput)
@blp.response(200, MeAnswer)
def change_profile(data: dict[str, Any]) -> dict[str, Any]:
    """Name, phone (with a code) and, once, birthday of a member; what is left out or empty stays."""
    customer = queries.require_customer()
    joining.change(customer=customer, **data, now=clock.now())
    return _me(queries.signed_in_anew())


@blp.put("/me/consents")
@writes
@blp.arguments(ConsentsChange)
@blp.response(200, MeAnswer)
def change_consents(data: dict[str, Any]) -> dict[str, Any]:
    customer, now = queries.require_customer(), clock.now()
    own: dict[str, Any] = {"customer_id": customer.customer_id, "source": SOURCE, "now": now}
    if data.get("privacy"):
        membership.agree_anew(version=data["privacy"], **own)
    if "marketing" in data:
        membership.set_marketing(given=data["marketing"], **own)
    if "privacy" in data and data["privacy"] is None:
        membership.leave(**own)
    return _me(customer)


@blp.post("/me/phone-codes")
@blp.arguments(PhoneCodeInput)
@blp.response(202, PhoneCodeAnswer)
def ask_code(data: dict[str, Any]) -> dict[str, Any]:
    """Send a code to a phone; the answer is the same whether anybody has the number already."""
    customer = queries.require_customer()
    codes.ask(
        customer_id=customer.customer_id,
        public_id=customer.public_id,
        phone=data["phone"],
        address=request.remote_addr or "",
        now=clock.now(),
    )
    return {
        "expires_in": int(codes.CODE_LIVES.total_seconds()),
        "again_in": int(codes.PAUSE.total_seconds()),
    }


@blp.get("/privacy")
@blp.response(200, PrivacyAnswer)
def privacy() -> dict[str, str]:
    """The text that registration asks consent to; `text_sha256` is of the Chinese text, which is the one that counts."""
    now = in_force()
    return {
        "version": now.version,
        "title": str(PRIVACY_TITLE),
        "url": "/privacy",
        "text_sha256": hashlib.sha256(now.text.encode()).hexdigest(),
    }


def _me(customer: SignedIn) -> dict[str, Any]:
    """The person as they are now, whatever they were when the request began."""
    member = members.member_of(customer.customer_id)
    return {
        "public_id": customer.public_id,
        "nickname": customer.nickname,
        "picture_url": customer.picture_url,
        "since": customer.since,
        "is_member": member is not None,
        "member_no": member.member_no if member else None,
        "member_since": member.since if member else None,
        "name": member.name if member else None,
        "phone": member.phone_masked if member else None,
        "birthday": member.birthday if member else None,
        "consents": {
            "privacy": member.privacy_version if member else None,
            "privacy_due": member is not None and member.privacy_due,
            "marketing": member is not None and member.marketing,
        },
    }
