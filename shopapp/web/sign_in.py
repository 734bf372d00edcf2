"""Web authorisation: to WeChat and back, with a session at the end."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from shopapp.kernel import clock, http
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import SignInNeeded
from shopapp.kernel.i18n import _
from shopapp.kernel.ids import new_token, token_hash
from shopapp.kernel.settings import settings
from shopapp.members.channels.pages import bring_visits_along
from shopapp.members.identity import devices, queries, services, sign_in
from shopapp.members.identity.models import SessionKind
from shopapp.members.identity.services import SESSION_LIVES, STATE_LIVES, StateUnknown
from shopapp.store.carts import services as carts
from shopapp.store.carts.queries import GUEST_COOKIE
from shopapp.wechat import oauth

BROWSER_COOKIE = "browser"
START = "/auth/wechat"

pages = Blueprint("sign_in", __name__)


@pages.get(START)
def start() -> str | Response:
    """Send the browser to WeChat. `scope=profile` asks for the nickname too, and is only ever begun by a tap."""
    next_path = services.safe_path(request.args.get("next"))
    inside = "MicroMessenger" in request.headers.get("User-Agent", "")
    if settings().on_real_platform and not inside and "go" not in request.args:
        return _page(next_path=next_path, in_wechat=False)
    wants_profile = request.args.get("scope") == "profile"
    browser = request.cookies.get(BROWSER_COOKIE) or new_token()
    with transaction():
        state = services.begin_sign_in(
            browser=browser, next_path=next_path, wants_profile=wants_profile, now=clock.now()
        )
    scope = oauth.WITH_PROFILE if wants_profile else oauth.SILENT
    callback = f"{settings().base_url}{START}/callback"
    response = redirect(oauth.authorize_url(redirect_uri=callback, scope=scope, state=state))
    _set_cookie(response, BROWSER_COOKIE, browser, seconds=int(STATE_LIVES.total_seconds()))
    return response


@pages.get(f"{START}/callback")
def callback() -> str | Response:
    """Back from WeChat. Its clients may call this twice: whoever is signed in by then just goes on."""
    now = clock.now()
    code = request.args.get("code", "")
    try:
        with transaction():
            begun = services.finish_sign_in(
                browser=request.cookies.get(BROWSER_COOKIE, ""), state=request.args.get("state", ""), now=now
            )
    except StateUnknown:
        if queries.signed_in() is not None:
            return redirect("/")
        return _page(next_path="/", why=_("登录已过期或不是从本店发起的，请重新登录。"))
    next_path = begun.next_path
    if not code:
        return _page(next_path=next_path, why=_("您没有同意登录。需要下单时，可以再次登录。"))
    try:
        token, _expires = sign_in.by_code(
            code=code,
            kind=SessionKind.WEB,
            device=devices.kind_of(request.headers.get("User-Agent", "")),
            address=request.remote_addr or "",
            now=now,
            wants_profile=begun.wants_profile,
        )
    except sign_in.CodeWrong:
        if queries.signed_in() is not None:
            return redirect(next_path)
        return _page(next_path=next_path, why=_("这次登录没有成功，请再试一次。"))
    except sign_in.SnapshotVisit:
        return render_template("web/snapshot.html", retry_url=_start_url(next_path))
    except sign_in.WeChatSilent as problem:
        return _page(next_path=next_path, why=problem.message)
    response = redirect(next_path)
    _set_cookie(response, queries.SESSION_COOKIE, token, seconds=int(SESSION_LIVES.total_seconds()))
    bring_along(response, token=token, now=now)
    return response


def bring_along(response: Response, *, token: str, now: datetime) -> None:
    """What the person put in the cart as a guest goes with them, and by which links they came."""
    guest, customer = request.cookies.get(GUEST_COOKIE), queries.by_session(token=token, now=now)
    if customer is None:
        return
    bring_visits_along(customer_id=customer.customer_id)
    if not guest:
        return
    with transaction():
        carts.adopt_guest_cart(customer_id=customer.customer_id, guest_hash=token_hash(guest), now=now)
    response.delete_cookie(GUEST_COOKIE)


@pages.app_errorhandler(SignInNeeded)
def sign_in_first(error: SignInNeeded) -> Response:
    """A page that needs a customer leads to the sign-in and comes back; everything else is told the error."""
    reads = request.method in http.SAFE_METHODS
    if not reads or http.wants_json() or request.path.startswith("/admin"):
        return http.show_shop_error(error)
    return redirect(_start_url(services.safe_path(request.full_path.rstrip("?"))))


@pages.post("/auth/sign-out")
def sign_out() -> Response:
    token = request.cookies.get(queries.SESSION_COOKIE)
    if token:
        with transaction():
            services.end_session(token=token, now=clock.now())
    response = redirect("/me")
    response.delete_cookie(queries.SESSION_COOKIE)
    return response


def _page(*, next_path: str, in_wechat: bool = True, why: str = "") -> str:
    return render_template(
        "web/signin.html",
        in_wechat=in_wechat,
        signin_url=_start_url(next_path) + ("" if in_wechat else "&go=1"),
        page_url=settings().base_url + next_path,
        why=why,
    )


def _start_url(next_path: str) -> str:
    return f"{START}?{urlencode({'next': next_path})}"


def _set_cookie(response: Response, name: str, value: str, *, seconds: int) -> None:
    secure = settings().base_url.startswith("https://")
    response.set_cookie(name, value, max_age=seconds, httponly=True, samesite="Lax", secure=secure)
