"""The console's screens of cash-back: campaigns, and the desk of claims."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import clock
from shopapp.kernel.access import Permission, guard_console, requires
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.screens import Form, act, argument, page_number, page_of, save
from shopapp.loyalty.coupons import queries as coupons
from shopapp.members.identity import queries as identity
from shopapp.members.marketplace import queries as marketplace
from shopapp.members.marketplace.rules import PLATFORMS

from . import console, deciding, forms, offering, payout_words, queries, standing, words
from .models import CashbackCampaign, CashbackClaim
from .offering import content_of
from .states import OFFERED, RESERVED, AmountMode, ClaimStatus, Verdict

blp = guard_console(Blueprint("cashback_admin", __name__, url_prefix="/admin/cashback"))
claims_blp = guard_console(Blueprint("claims_admin", __name__, url_prefix="/admin/claims"))

OF_CUSTOMER = 20
VIEWS: dict[str, Any] = {
    "waiting": _l("等待订单"),
    "on_way": _l("进行中"),
    "paid": _l("已到账"),
    "ended": _l("没有成"),
}
TONES = {
    ClaimStatus.PAID: "good",
    ClaimStatus.ON_HOLD: "note",
    ClaimStatus.APPROVED: "note",
    ClaimStatus.PAYING: "note",
    ClaimStatus.LAPSED: "warn",
    ClaimStatus.REJECTED: "bad",
}
COMMON: dict[str, Any] = {
    "person": _l("同一个人"),
    "number": _l("同一个订单号"),
    "phone": _l("同一个手机号"),
    "address": _l("同一个地址"),
    "device": _l("同一台设备"),
    "network": _l("同一个网络"),
}


@blp.get("", endpoint="campaigns")
@requires(Permission.LOYALTY_VIEW)
def list_campaigns() -> str:
    state = argument("state", console.STATES)
    page = page_of(console.campaigns_statement(state=state), number=page_number())
    counts = console.counts(campaign_ids=[row.id for row in page.items])
    return render_template(
        "cashback_admin/list.html",
        page=page,
        rows=[_row(row, counts.get(row.id, console.Counts())) for row in page.items],
        state=state,
        for_review=console.count_for_review(),
    )


def _row(campaign: CashbackCampaign, counts: console.Counts) -> dict[str, Any]:
    now = clock.now()
    return {
        "id": campaign.public_id,
        "name": campaign.name,
        "platforms": _("、").join(words.platform(name) for name in campaign.platforms),
        "amount": words.amount_text(campaign),
        "way": words.PAYOUTS[campaign.payout],
        "budget": campaign.budget,
        "reserved": campaign.reserved,
        "paid": campaign.paid,
        "counts": counts,
        "active": campaign.active,
        "soon": campaign.starts_at > now,
        "over": campaign.ends_at is not None and campaign.ends_at <= now,
        "starts_at": campaign.starts_at,
        "ends_at": campaign.ends_at,
    }


@blp.get("/new")
@requires(Permission.LOYALTY_EDIT)
def new() -> str:
    return _form_page(forms.blank(), None)


def _form_page(form: Form, campaign: CashbackCampaign | None) -> str:
    counts = console.counts(campaign_ids=[campaign.id]) if campaign else {}
    return render_template(
        "cashback_admin/edit.html",
        form=form,
        row=_row(campaign, counts.get(campaign.id, console.Counts())) if campaign else None,
        platforms=[(name, words.platform(name)) for name in PLATFORMS],
        modes=[(mode.value, words.MODES[mode]) for mode in AmountMode],
        payouts=[(payout.value, words.PAYOUTS[payout]) for payout in OFFERED],
        coupons=[(coupon_id, content.terms.name) for coupon_id, content in coupons.for_staff().items()],
        warnings=[one for found_in in _warnings(campaign).values() for one in found_in],
    )


def _warnings(campaign: CashbackCampaign | None) -> dict[str, list[Any]]:
    return offering.warnings_of(content_of(campaign)) if campaign else {}


@blp.post("/new")
@requires(Permission.LOYALTY_EDIT)
def send_new() -> Response | tuple[str, int]:
    form, now = Form.sent(), clock.now()

    def work() -> str:
        wanted = forms.content_in(form, was=None, now=now)
        form.check()
        return offering.create(wanted=wanted, active=form.ticked("active"), now=now).public_id

    public_id = save(form, work)
    if public_id is None:
        return _form_page(form, None), 422
    flash(_("活动已保存。"), "success")
    return redirect(url_for(".edit", campaign_id=public_id), 303)


@blp.get("/<campaign_id>")
@requires(Permission.LOYALTY_VIEW)
def edit(campaign_id: str) -> str:
    campaign = found(console.campaign(public_id=campaign_id))
    return _form_page(forms.filled(content_of(campaign), active=campaign.active), campaign)


@blp.post("/<campaign_id>")
@requires(Permission.LOYALTY_EDIT)
def send_edit(campaign_id: str) -> Response | tuple[str, int]:
    form, campaign = Form.sent(), found(console.campaign(public_id=campaign_id))

    def work() -> bool:
        wanted = forms.content_in(form, was=content_of(campaign), now=clock.now())
        form.check()
        offering.change(public_id=campaign_id, wanted=wanted, active=form.ticked("active"))
        return True

    if save(form, work) is None:
        return _form_page(form, found(console.campaign(public_id=campaign_id))), 422
    flash(_("活动已保存。已经登记的按原来的金额发。"), "success")
    return redirect(url_for(".edit", campaign_id=campaign_id), 303)


@blp.post("/<campaign_id>/active")
@requires(Permission.LOYALTY_EDIT)
def send_active(campaign_id: str) -> Response:
    """The switch: `active` of 1 starts the campaign, anything else stops it at once."""
    active = request.form.get("active") == "1"

    def work() -> str:
        offering.set_active(public_id=campaign_id, active=active)
        return _("活动已启用。") if active else _("活动已停止：不再接受登记，也不再发放。")

    return act(work, back=url_for(".edit", campaign_id=campaign_id))


@claims_blp.get("", endpoint="claims")
@requires(Permission.LOYALTY_VIEW)
def list_claims() -> str:
    view, review = argument("view", VIEWS), argument("review", ["1"])
    campaign_id, asked = argument("campaign"), argument("q")
    statement = console.claims_statement(
        statuses=console.VIEWS.get(view, ()), review=bool(review), campaign_id=campaign_id, words=asked
    )
    page = page_of(statement, number=page_number(), scalars=False)
    people = identity.by_ids(customer_ids=[row[0].customer_id for row in page.items])
    return render_template(
        "cashback_admin/claims.html",
        page=page,
        rows=[{**_claim(*row), "person": people.get(row[0].customer_id)} for row in page.items],
        views=VIEWS,
        view=view,
        review=review,
        asked=asked,
        campaign=console.campaign(public_id=campaign_id) if campaign_id else None,
        for_review=console.count_for_review(),
    )


def _claim(claim: CashbackClaim, campaign: CashbackCampaign | None) -> dict[str, Any]:
    return {
        "id": claim.public_id,
        "platform": words.platform(claim.platform),
        "order_no": claim.order_no,
        "status": words.STATUSES[claim.status],
        "tone": TONES.get(claim.status, ""),
        "amount": claim.due if claim.amount else None,
        "campaign": campaign.name if campaign else "",
        "review": claim.review,
        "reason": words.reason(claim),
        "submitted_at": claim.submitted_at,
        "hold_until": claim.hold_until,
        "signs": [str(words.SIGNS.get(sign, sign)) for sign in claim.signs],
    }


@claims_blp.get("/of/<customer>")
@requires(Permission.LOYALTY_VIEW)
def of_customer(customer: str) -> str:
    """Part of a customer's page: their claims, the newest first."""
    person = found(identity.find(public_id=customer))
    rows, _cursor = queries.claims_of(customer_id=person.id, before=None, limit=OF_CUSTOMER)
    return render_template("cashback_admin/_of_customer.html", rows=[_claim(*row) for row in rows])


@claims_blp.get("/<claim_id>")
@requires(Permission.LOYALTY_VIEW)
def claim(claim_id: str) -> str:
    row, campaign = found(queries.claim(public_id=claim_id))
    others = console.beside(row)
    people = identity.by_ids(customer_ids=[one.customer_id for one in (row, *(each[0] for each in others))])
    order = marketplace.orders_by_ids(ids=[row.order_id]).get(row.order_id) if row.order_id else None
    return render_template(
        "cashback_admin/claim.html",
        claim=_claim(row, campaign),
        row=row,
        campaign=campaign,
        text=words.says(
            row,
            payout=campaign.payout if campaign else None,
            held_up=standing.held_up(row, campaign, now=clock.now()),
        ),
        steps=words.steps(row),
        verdict=words.VERDICTS[row.verdict],
        worrying=row.verdict is not Verdict.PASS,
        person=people.get(row.customer_id),
        order=order,
        transfers=payout_words.lines(row),
        others=[
            {
                **_claim(*each),
                "person": people.get(each[0].customer_id),
                "common": _("、").join(str(COMMON[name]) for name in console.in_common(row, each[0])),
            }
            for each in others
        ],
        can_approve=row.review or row.status is ClaimStatus.LAPSED,
        can_reject=row.status in (*RESERVED, ClaimStatus.SUBMITTED, ClaimStatus.NOT_FOUND)
        and row.status is not ClaimStatus.PAYING,
        note_max=deciding.NOTE_MAX,
    )


@claims_blp.post("/<claim_id>/decision")
@requires(Permission.LOYALTY_EDIT)
def decide(claim_id: str) -> Response:
    """`decision` is approve or reject, with the `reason`."""
    note, now = request.form.get("reason", ""), clock.now()

    def work() -> str:
        if request.form.get("decision") == "approve":
            deciding.approve(public_id=claim_id, note=note, now=now)
            return _("已放行，到时间会发放。")
        deciding.reject(public_id=claim_id, note=note, now=now)
        return _("已拒绝，预留的金额退回预算，订单可以由别人登记。")

    return act(work, back=url_for(".claim", claim_id=claim_id))
