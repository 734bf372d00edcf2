"""The person in the storefront: joining, particulars, the code of the card, and where they are signed in.

Everything is a plain form, so that it works without script.
"""

from __future__ import annotations

import io
from typing import Any

import segno
from flask import Blueprint, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from shopapp.kernel import clock, sms
from shopapp.kernel.clock import shop_day
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.ids import token_hash
from shopapp.kernel.screens import Form

from . import codes, devices, joining, members, queries, services
from .members import Member
from .privacy import in_force
from .queries import SignedIn, require_customer
from .services import safe_path

ME, JOIN, PROFILE, DEVICES = "/me", "/me/join", "/me/profile", "/me/devices"
SOURCE = "join"
QR_SCALE = 8
DONE = {
    "saved": _l("已保存。"),
    "ended": _l("已退出登录。"),
    "ended_before": _l("那里已经退出了，没有改动。"),
}

blueprint = Blueprint("member_pages", __name__)


@blueprint.get(JOIN)
def join_page() -> str | Response:
    customer = require_customer()
    return redirect(_next()) if customer.is_member else _join(Form())


@blueprint.post(JOIN)
def join() -> str | Response | tuple[str, int]:
    """Joins; `code` as the button sends a code instead. The version agreed to is that of the form that was shown."""
    customer, form = require_customer(), Form.sent()
    if "code" in request.form:
        _send_code(customer, form)
        return _join(form)
    if not form.ticked("privacy"):
        form.wrong("privacy", _("请先看过隐私说明，勾选同意后再入会。"))
        return _join(form), 422
    try:
        joining.join(
            customer=customer,
            **_told(form),
            privacy=form.value("version"),
            marketing=form.ticked("marketing"),
            source=SOURCE,
            now=clock.now(),
        )
    except ShopError as problem:
        form.refuse(problem)
        return _join(form), problem.status
    return redirect(_next(), 303)


def _join(form: Form) -> str:
    return render_template(
        "identity/join.html",
        form=form,
        version=in_force().version,
        with_phone=sms.offered(),
        today=shop_day(clock.now()),
        next_url=_next(),
    )


@blueprint.get(PROFILE)
def profile_page() -> str | Response:
    member = members.member_of(require_customer().customer_id)
    return redirect(JOIN) if member is None else _profile(Form.filled({"name": member.name}), member)


@blueprint.post(PROFILE)
def change_profile() -> str | Response | tuple[str, int]:
    customer, form = require_customer(), Form.sent()
    member = members.member_of(customer.customer_id)
    if member is None:
        return redirect(JOIN, 303)
    if "code" in request.form:
        _send_code(customer, form)
        return _profile(form, member)
    try:
        joining.change(customer=customer, **_told(form), now=clock.now())
    except ShopError as problem:
        form.refuse(problem)
        return _profile(form, member), problem.status
    return redirect(f"{PROFILE}?done=saved", 303)


def _profile(form: Form, member: Member) -> str:
    return render_template(
        "identity/profile.html",
        form=form,
        member=member,
        with_phone=sms.offered(),
        today=shop_day(clock.now()),
        done=done_words(DONE),
    )


def _told(form: Form) -> dict[str, str]:
    return {name: form.value(name) for name in ("name", "phone", "phone_code", "birthday")}


def _send_code(customer: SignedIn, form: Form) -> None:
    """Send a code and say so on the form, which keeps what was typed."""
    try:
        codes.ask(
            customer_id=customer.customer_id,
            public_id=customer.public_id,
            phone=form.value("phone"),
            address=request.remote_addr or "",
            now=clock.now(),
        )
    except ShopError as problem:
        form.refuse(problem)
        if "_" in form.errors:
            form.errors["phone"] = form.errors.pop("_")
    else:
        form.values["sent"] = "1"


@blueprint.get("/me/card")
def card() -> str | Response:
    """The membership number large enough to be scanned."""
    member = members.member_of(require_customer().customer_id)
    return redirect(JOIN) if member is None else render_template("identity/card.html", member=member)


@blueprint.get("/me/card.svg")
def card_code() -> Response:
    """The QR code of one's own number, for nobody else's eyes."""
    member = found(members.member_of(require_customer().customer_id))
    drawn = io.BytesIO()
    segno.make(member.member_no, error="m", micro=False).save(
        drawn, kind="svg", scale=QR_SCALE, border=2, light="#fff", dark="#000"
    )
    response = make_response(drawn.getvalue())
    response.headers["Content-Type"] = "image/svg+xml"
    response.headers["Cache-Control"] = "private, no-store"
    return response


@blueprint.get(DEVICES)
def devices_page() -> str:
    customer = require_customer()
    held = token_hash(queries.session_token() or "")
    found_ones = members.devices_of(customer_id=customer.customer_id, token_hash=held, now=clock.now())
    shown = [{"on": one, "name": devices.in_words(one.device)} for one in found_ones]
    return render_template("identity/devices.html", devices=shown, done=done_words(DONE))


@blueprint.post(DEVICES)
def end_devices() -> Response:
    """Sign out at the place that `handle` names, or everywhere else."""
    customer, now = require_customer(), clock.now()
    own: dict[str, Any] = {"customer_id": customer.customer_id, "now": now}
    with transaction():
        if "others" in request.form:
            ended = services.end_other_sessions(but=queries.session_token() or "", **own) > 0
        else:
            ended = services.end_session_of(handle=request.form.get("handle", ""), **own)
    return redirect(f"{DEVICES}?done={'ended' if ended else 'ended_before'}", 303)


def done_words(words: dict[str, Any]) -> str:
    """What the act that led here did, by the name that it left in the address."""
    return str(words.get(request.args.get("done", ""), ""))


def _next() -> str:
    wanted = request.values.get("next")
    return safe_path(wanted) if wanted else ME
