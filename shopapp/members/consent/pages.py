"""What a person agreed to, in the storefront: to see it, to agree anew, to take it back."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request
from markupsafe import Markup
from werkzeug.wrappers import Response

from shopapp.kernel import clock
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _l
from shopapp.kernel.settings import settings
from shopapp.members.identity import members, membership
from shopapp.members.identity.pages import done_words
from shopapp.members.identity.privacy import PRIVACY_TITLE, in_force
from shopapp.members.identity.queries import require_customer

from . import queries
from .wording import in_words

CONSENTS = "/me/consents"
SOURCE = "account"
DONE = {
    "marketing_on": _l("以后有新品和优惠会告诉您。"),
    "marketing_off": _l("以后不再发新品和优惠消息。订单和账户的通知照常。"),
    "agree": _l("已记下您的同意。"),
    "leave": _l("您已退出会员，姓名、手机号和生日已删除。"),
}

blueprint = Blueprint("consent_pages", __name__)


@blueprint.get(CONSENTS)
def consents_page() -> str:
    return _page()


def _page(problem: str = "") -> str:
    customer = require_customer()
    history = queries.history(customer_id=customer.customer_id)
    return render_template(
        "consent/consents.html",
        member=members.member_of(customer.customer_id),
        version=in_force().version,
        history=[{"on": word, "text": in_words(word)} for word in history],
        unfollowed_at=members.unfollowed_at(customer_id=customer.customer_id, appid=settings().wx_appid),
        done=done_words(DONE),
        problem=problem,
    )


@blueprint.post(CONSENTS)
def change() -> Response | tuple[str, int]:
    """`act` says what: marketing_on, marketing_off, agree or leave."""
    customer, act = require_customer(), request.form.get("act", "")
    own: dict[str, Any] = {"customer_id": customer.customer_id, "source": SOURCE, "now": clock.now()}
    try:
        with transaction():
            if act in ("marketing_on", "marketing_off"):
                membership.set_marketing(given=act == "marketing_on", **own)
            elif act == "agree":
                membership.agree_anew(version=request.form.get("version", ""), **own)
            elif act == "leave":
                membership.leave(**own)
    except ShopError as problem:
        return _page(problem.message), problem.status
    return redirect(f"{CONSENTS}?done={act}" if act in DONE else CONSENTS, 303)


@blueprint.get(f"{CONSENTS}/texts/<version>")
def text_page(version: str) -> str:
    """A privacy text that this customer once agreed to, as it was then."""
    customer = require_customer()
    mine = {word.version for word in queries.history(customer_id=customer.customer_id)}
    text = found(queries.text_of(version=version) if version in mine else None)
    html = Markup(text)  # noqa: S704 - our own text, or the merchant's, cleaned when it was written
    return render_template("consent/text.html", title=PRIVACY_TITLE, version=version, html=html)
