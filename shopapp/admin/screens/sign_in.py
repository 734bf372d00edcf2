"""Signing in and out. The only screens of the console that strangers see."""

from __future__ import annotations

from datetime import timedelta

from flask import (
    Blueprint,
    Response,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.wrappers import Response as Answer

from shopapp.kernel import clock, limits
from shopapp.kernel.access import ROLES, Actor
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import ShopError, TooManyRequests
from shopapp.kernel.http import told_to_wait
from shopapp.kernel.i18n import _
from shopapp.kernel.screens import Form, is_console_path
from shopapp.kernel.settings import settings

from .. import access, queries, services
from ..models import Staff
from ..services import SignInStep, WrongCode, WrongPassword

SECOND_STEP_SECONDS = 300
TRIES_PER_ADDRESS = 30
TRIES_PER_NAME = 10
CODES_PER_PERSON = 6
WINDOW = timedelta(minutes=10)
TRACE_EVERY = timedelta(minutes=1)
STRANGER = Actor(kind="stranger", id="stranger", name="stranger")

blp = Blueprint("console", __name__, url_prefix="/admin")


@blp.get("/sign-in")
def sign_in() -> str | Answer:
    if access.signed_in_staff() is not None:
        return redirect(_onward())
    return render_template("admin/sign_in.html", form=Form(), onward=_onward())


@blp.post("/sign-in")
def send_sign_in() -> Answer:
    form = Form.sent()
    name, password = form.value("name").strip()[:40], form.value("password")
    try:
        limits.spend(
            what="sign-in-address", who=request.remote_addr or "", limit=TRIES_PER_ADDRESS, window=WINDOW
        )
        limits.spend(what="sign-in-name", who=name.casefold(), limit=TRIES_PER_NAME, window=WINDOW)
        staff = services.check_password(name=name, password=password)
    except ShopError as problem:
        if isinstance(problem, WrongPassword):
            _note_failure(name=name, step=SignInStep.FIRST)
        return _refused("admin/sign_in.html", form, problem)
    if services.has_second_factor(staff):
        session["second_step"] = [staff.public_id, clock.timestamp()]
        return redirect(url_for("console.second_step", next=_onward()), 303)
    return _let_in(staff)


@blp.get("/sign-in/code")
def second_step() -> str | Answer:
    if _half_signed_in() is None:
        return redirect(url_for("console.sign_in", next=_onward()))
    return render_template("admin/second_step.html", form=Form(), onward=_onward())


@blp.post("/sign-in/code")
def send_second_step() -> Answer:
    form = Form.sent()
    staff = _half_signed_in()
    if staff is None:
        flash(_("登录等得太久了，请重新输入密码。"), "warning")
        return redirect(url_for("console.sign_in", next=_onward()), 303)
    try:
        limits.spend(what="sign-in-code", who=staff.public_id, limit=CODES_PER_PERSON, window=WINDOW)
        with transaction():
            services.check_code(staff=staff, code=form.value("code"), now=clock.real_now())
    except ShopError as problem:
        if isinstance(problem, WrongCode):
            _note_failure(name=staff.name, step=SignInStep.SECOND)
        return _refused("admin/second_step.html", form, problem)
    return _let_in(staff)


@blp.post("/sign-out")
def sign_out() -> Answer:
    me = access.signed_in_staff()
    if me is not None:
        g.actor = access.load_staff()
        with transaction():
            found = queries.session_of(staff_id=me.staff_id, public_id=me.session_public_id)
            if found is not None:
                services.end_session(session=found, now=clock.now())
    response = redirect(url_for("console.sign_in"), 303)
    response.delete_cookie(access.COOKIE, path="/")
    return response


def _half_signed_in() -> Staff | None:
    """Who has given the right password within the last minutes, and owes the code."""
    public_id, since = session.get("second_step", ["", 0])
    if not 0 <= clock.timestamp() - since <= SECOND_STEP_SECONDS:
        return None
    staff = queries.staff_by_id(public_id)
    return staff if staff is not None and staff.active else None


def _refused(template: str, form: Form, problem: ShopError) -> Response:
    form.refuse(problem)
    page = render_template(template, form=form, onward=_onward())
    return told_to_wait(make_response(page, problem.status), problem)


def _note_failure(*, name: str, step: SignInStep) -> None:
    """Leave a trace, at most one a minute for each name."""
    try:
        limits.spend(what="sign-in-trace", who=name.casefold(), limit=1, window=TRACE_EVERY)
    except TooManyRequests:
        return
    g.actor = STRANGER
    with transaction():
        services.note_failed_sign_in(name=name, step=step)


def _let_in(staff: Staff) -> Answer:
    now = clock.now()
    session.pop("second_step", None)
    g.actor = Actor(kind="staff", id=staff.public_id, name=staff.name, permissions=ROLES[staff.role])
    with transaction():
        if not staff.active:
            raise WrongPassword
        token, until = services.open_session(
            staff=staff, device=request.user_agent.string, address=request.remote_addr or "", now=now
        )
    response = redirect(_onward(), 303)
    response.set_cookie(
        access.COOKIE,
        token,
        max_age=int((until - now).total_seconds()),
        path="/",
        httponly=True,
        samesite="Lax",
        secure=settings().base_url.startswith("https://"),
    )
    return response


def _onward() -> str:
    """Where to go after signing in: a screen of the console, whatever the address asks for."""
    wanted = request.values.get("next", "")
    return wanted if is_console_path(wanted) and "/sign-in" not in wanted else url_for("dashboard.home")
