"""The console's screens of money on its way back, and of payments that staff must look at."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import audit, clock
from shopapp.kernel.access import Permission, current_actor, guard_console, requires
from shopapp.kernel.errors import Conflict
from shopapp.kernel.i18n import _
from shopapp.kernel.screens import act, argument, page_number, page_of
from shopapp.store.orders import console as orders
from shopapp.wechat.worklist import queries as worklist
from shopapp.wechat.worklist import services as worklist_services

from . import console, refunds
from .models import RefundState

refunds_blp = guard_console(Blueprint("refunds_admin", __name__, url_prefix="/admin/refunds"))
notices_blp = guard_console(Blueprint("notices_admin", __name__, url_prefix="/admin/pay-notices"))


@refunds_blp.context_processor
def words() -> dict[str, Any]:
    return {"state_names": console.STATE_NAMES, "cause_names": console.CAUSE_NAMES, "states": RefundState}


@refunds_blp.get("", endpoint="refunds")
@requires(Permission.ORDERS_VIEW)
def list_refunds() -> str:
    tab = argument("tab", console.REFUND_TABS)
    page = page_of(console.refunds_statement(tab=tab), number=page_number())
    return render_template(
        "payments_admin/refunds.html",
        page=page,
        tab=tab,
        tabs=console.REFUND_TABS,
        counts=console.refund_counts(),
        numbers=orders.numbers(order_ids=[refund.order_id for refund in page.items]),
    )


@refunds_blp.post("/<no>/retry")
@requires(Permission.ORDERS_REFUND)
def retry(no: str) -> Response:
    def work() -> str:
        refunds.try_again(out_refund_no=no, now=clock.now())
        return _("退款 %(no)s 会在几秒内重新提交，不会退两次。", no=no)

    return act(work, back=url_for("refunds_admin.refunds", tab="trouble"))


@notices_blp.get("")
@requires(Permission.ORDERS_REFUND)
def notices() -> str:
    seen = argument("seen") == "1"
    page = page_of(worklist.notices_statement(seen=seen), number=page_number())
    return render_template(
        "payments_admin/notices.html", page=page, seen=seen, notice_names=console.NOTICE_NAMES
    )


@notices_blp.post("/<int(max=9223372036854775807):notice_id>/seen")
@requires(Permission.ORDERS_REFUND)
def mark_seen(notice_id: int) -> Response:
    def work() -> str:
        if not worklist_services.mark_seen(notice_id=notice_id, by=current_actor().name):
            raise Conflict
        audit.record(action="payment.seen", subject_kind="pay_notice", subject_id=str(notice_id))
        return _("已标记为核对过。")

    return act(work, back=url_for("notices_admin.notices"))
