"""What everybody sees of themselves: password, second factor, sign-ins."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import clock, limits
from shopapp.kernel.access import guard_console
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _
from shopapp.kernel.screens import Form, act, save

from .. import access, queries, services, totp
from ..models import Staff
from ..queries import StaffSignIn
from .sign_in import CODES_PER_PERSON, TRIES_PER_NAME, WINDOW

blp = guard_console(Blueprint("account", __name__, url_prefix="/admin/account"))


def _me() -> StaffSignIn:
    return cast(StaffSignIn, access.signed_in_staff())


def _my_row() -> Staff:
    return found(queries.staff_by_row(_me().staff_id))


@blp.get("")
def mine() -> str:
    return _page(Form())


def _page(form: Form) -> str:
    sessions = queries.open_sessions(staff_id=_me().staff_id, now=clock.now())
    return render_template(
        "admin/account.html",
        form=form,
        sessions=sessions,
        second_factor=services.has_second_factor(_my_row()),
    )


@blp.post("/password")
def send_password() -> Response | tuple[str, int]:
    limits.spend(what="own-password", who=_me().public_id, limit=TRIES_PER_NAME, window=WINDOW)
    form = Form.sent()
    if form.value("password") != form.value("again"):
        form.wrong("again", _("两次输入的新密码不一样。"))
        return _page(form), 422

    def work() -> bool:
        services.change_own_password(
            staff=_my_row(),
            current=form.value("current"),
            password=form.value("password"),
            now=clock.now(),
            keep_session=_me().session_id,
        )
        return True

    if save(form, work) is None:
        return _page(form), 422
    flash(_("密码已更改，其他设备上的登录都已退出。"), "success")
    return redirect(url_for("account.mine"), 303)


@blp.post("/sessions/<public_id>/end")
def end_session(public_id: str) -> Response:
    def work() -> str:
        session = found(queries.session_of(staff_id=_me().staff_id, public_id=public_id))
        services.end_session(session=session, now=clock.now())
        return _("这台设备上的登录已退出。")

    return act(work, back=url_for("account.mine"))


@blp.get("/second-factor")
def second_factor() -> str | Response:
    if services.has_second_factor(_my_row()):
        return redirect(url_for("account.mine"))
    return render_template("admin/second_factor.html", form=Form(), secret=None)


@blp.post("/second-factor")
def begin_second_factor() -> str | Response:
    if services.has_second_factor(_my_row()):
        return redirect(url_for("account.mine"), 303)
    with transaction():
        secret = services.begin_second_factor(staff=_my_row())
    return _enrolment(Form(), secret)


@blp.post("/second-factor/confirm")
def confirm_second_factor() -> Response | tuple[str, int]:
    limits.spend(what="enrol-code", who=_me().public_id, limit=CODES_PER_PERSON * 2, window=WINDOW)
    form = Form.sent()
    staff = _my_row()
    try:
        with transaction():
            services.confirm_second_factor(staff=staff, code=form.value("code"), now=clock.real_now())
    except ShopError as problem:
        form.refuse(problem)
        secret = staff.totp_secret
        if secret is None or services.has_second_factor(staff):
            return redirect(url_for("account.second_factor"), 303)
        return _enrolment(form, secret), 422
    flash(_("两步验证已开启。下次登录时，除密码外还要输入动态码。"), "success")
    return redirect(url_for("account.mine"), 303)


@blp.post("/second-factor/remove")
def remove_second_factor() -> Response:
    limits.spend(what="enrol-code", who=_me().public_id, limit=CODES_PER_PERSON * 2, window=WINDOW)
    form = Form.sent()

    def work() -> str:
        staff = _my_row()
        services.check_code(staff=staff, code=form.value("code"), now=clock.real_now())
        services.remove_second_factor(staff=staff)
        return _("两步验证已关闭。")

    return act(work, back=url_for("account.mine"))


def _enrolment(form: Form, secret: str) -> str:
    picture = totp.qr_picture(totp.enrolment_address(secret=secret, name=_me().name))
    return render_template("admin/second_factor.html", form=form, secret=secret, picture=picture)
