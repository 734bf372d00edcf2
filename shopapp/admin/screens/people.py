"""Staff, and what the owner may do for them."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import clock
from shopapp.kernel.access import ROLES, Permission, Role, guard_console, requires
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.screens import Form, act, save

from .. import queries, services
from ..models import Staff

blp = guard_console(Blueprint("staff_admin", __name__, url_prefix="/admin/staff"))

ROLE_WORDS = {
    Role.OWNER: _l("什么都能做，包括员工、店铺设置和微信接入"),
    Role.OPERATOR: _l("商品、订单、退款、会员、渠道、自动回复；不能改员工和设置"),
    Role.WAREHOUSE: _l("看订单和收货信息，发货，改库存"),
    Role.SERVICE: _l("看订单和会员（收货信息打码），取消订单，退款"),
    Role.ANALYST: _l("只看，不改；个人信息打码"),
}


@blp.get("")
@requires(Permission.STAFF_EDIT)
def people() -> str:
    return render_template(
        "admin/staff/list.html", people=queries.all_staff(), has=services.has_second_factor
    )


@blp.get("/new")
@requires(Permission.STAFF_EDIT)
def new() -> str:
    return _new_page(Form.filled({"role": Role.OPERATOR.value}))


def _new_page(form: Form) -> str:
    return render_template("admin/staff/new.html", form=form, roles=list(Role), role_words=ROLE_WORDS)


@blp.post("/new")
@requires(Permission.STAFF_EDIT)
def send_new() -> Response | tuple[str, int]:
    form = Form.sent()

    def work() -> Staff:
        role = form.choice("role", [role.value for role in Role])
        form.check()
        return services.create_staff(
            name=form.value("name"), password=form.value("password"), role=Role(role), now=clock.now()
        )

    staff = save(form, work)
    if staff is None:
        return _new_page(form), 422
    flash(_("%(name)s 可以登录了。请当面把密码告诉 TA，并请 TA 登录后自己改掉。", name=staff.name), "success")
    return redirect(url_for("staff_admin.person", public_id=staff.public_id), 303)


@blp.get("/<public_id>")
@requires(Permission.STAFF_EDIT)
def person(public_id: str) -> str:
    return _person_page(found(queries.staff_by_id(public_id)), Form())


def _person_page(staff: Staff, form: Form) -> str:
    return render_template(
        "admin/staff/person.html",
        staff=staff,
        form=form,
        roles=list(Role),
        role_words=ROLE_WORDS,
        permissions=ROLES[staff.role],
        second_factor=services.has_second_factor(staff),
        sessions=queries.open_sessions(staff_id=staff.id, now=clock.now()),
    )


@blp.post("/<public_id>/role")
@requires(Permission.STAFF_EDIT)
def send_role(public_id: str) -> Response:
    form = Form.sent()

    def work() -> str:
        role = form.choice("role", [role.value for role in Role])
        form.check()
        staff = found(queries.staff_by_id(public_id))
        services.change_role(staff=staff, role=Role(role))
        return _("%(name)s 的角色已更改，下一次点击起生效。", name=staff.name)

    return act(work, back=url_for("staff_admin.person", public_id=public_id))


@blp.post("/<public_id>/password")
@requires(Permission.STAFF_EDIT)
def send_password(public_id: str) -> Response | tuple[str, int]:
    form = Form.sent()
    staff = found(queries.staff_by_id(public_id))

    def work() -> bool:
        services.set_password(staff=staff, password=form.value("password"), now=clock.now())
        return True

    if save(form, work) is None:
        return _person_page(staff, form), 422
    flash(_("%(name)s 的密码已重设，TA 在各处的登录都已退出。", name=staff.name), "success")
    return redirect(url_for("staff_admin.person", public_id=public_id), 303)


@blp.post("/<public_id>/active")
@requires(Permission.STAFF_EDIT)
def send_active(public_id: str) -> Response:
    form = Form.sent()

    def work() -> str:
        staff = found(queries.staff_by_id(public_id))
        active = form.ticked("active")
        services.set_active(staff=staff, active=active, now=clock.now())
        if active:
            return _("%(name)s 又可以登录了。", name=staff.name)
        return _("%(name)s 已停用，TA 在各处的登录都已退出。", name=staff.name)

    return act(work, back=url_for("staff_admin.person", public_id=public_id))


@blp.post("/<public_id>/second-factor/remove")
@requires(Permission.STAFF_EDIT)
def remove_second_factor(public_id: str) -> Response:
    def work() -> str:
        staff = found(queries.staff_by_id(public_id))
        services.remove_second_factor(staff=staff)
        return _("%(name)s 的两步验证已解除，TA 可以只用密码登录，再重新绑定手机。", name=staff.name)

    return act(work, back=url_for("staff_admin.person", public_id=public_id))


@blp.post("/<public_id>/sessions/<session_id>/end")
@requires(Permission.STAFF_EDIT)
def end_session(public_id: str, session_id: str) -> Response:
    def work() -> str:
        staff = found(queries.staff_by_id(public_id))
        session = found(queries.session_of(staff_id=staff.id, public_id=session_id))
        services.end_session(session=session, now=clock.now())
        return _("这台设备上的登录已退出。")

    return act(work, back=url_for("staff_admin.person", public_id=public_id))
