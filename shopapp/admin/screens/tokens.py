"""Tokens that let programs use the merchant API."""

from __future__ import annotations

from flask import Blueprint, render_template, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import clock
from shopapp.kernel.access import SCOPES, Permission, guard_console, requires
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.screens import Form, act, save

from .. import queries, services

blp = guard_console(Blueprint("tokens_admin", __name__, url_prefix="/admin/tokens"))

SCOPE_WORDS = {
    "products:read": _l("查看商品"),
    "products:write": _l("编辑商品"),
    "stock:read": _l("查看库存"),
    "stock:write": _l("修改库存"),
    "orders:read": _l("查看订单"),
    "orders:write": _l("发货、取消、退款"),
    "customers:read": _l("查看会员"),
    "loyalty:read": _l("查看权益"),
    "loyalty:write": _l("编辑权益，发优惠券，退还本金"),
    "*": _l("全部权限"),
}


@blp.get("")
@requires(Permission.STAFF_EDIT)
def tokens() -> str:
    return _page(Form())


def _page(form: Form, *, made: str | None = None) -> str:
    return render_template(
        "admin/tokens.html",
        tokens=queries.all_tokens(),
        form=form,
        scopes={scope: SCOPE_WORDS.get(scope, scope) for scope in SCOPES},
        made=made,
    )


@blp.post("")
@requires(Permission.STAFF_EDIT)
def create() -> str | tuple[str, int]:
    """The token's text is in this one answer and nowhere else."""
    form = Form.sent()
    scopes = form.values.getlist("scopes")
    made = save(form, lambda: services.create_token(name=form.value("name"), scopes=scopes, now=clock.now()))
    if made is None:
        return _page(form), 422
    return _page(Form(), made=made[1])


@blp.post("/<public_id>/end")
@requires(Permission.STAFF_EDIT)
def end(public_id: str) -> Response:
    def work() -> str:
        token = found(queries.token_by_id(public_id))
        services.end_token(token=token, now=clock.now())
        return _("令牌“%(name)s”已作废，用它的程序从现在起会被拒绝。", name=token.name)

    return act(work, back=url_for("tokens_admin.tokens"))
