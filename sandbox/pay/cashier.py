"""The phone's payment sheets: paying an order and receiving a transfer."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request

from sandbox import journal, people, settings

from . import payments, transfers
from .payments import OUTCOME_WORDS, Outcome, yuan

cashier = Blueprint(
    "pay_cashier",
    __name__,
    url_prefix="/cashier",
    template_folder="templates",
    static_folder="static",
    static_url_path="/static",
)
COOKIE = "sandbox_user"
PAYSIGN_NAMES = ("appId", "timeStamp", "nonceStr", "package", "signType", "paySign")


@cashier.app_template_filter("yuan")
def in_yuan(fen: int) -> str:
    return yuan(fen)


def _user() -> str:
    return request.cookies.get(COOKIE, "")


@cashier.get("")
def payment_sheet() -> str:
    """The cashier for one order; the query holds what the shop handed to the payment call."""
    params = {name: request.args.get(name, "") for name in PAYSIGN_NAMES}
    problem = payments.check_paysign(params)
    details = None if problem else payments.prepay_details(params["package"].removeprefix("prepay_id="))
    outcome = _first_look(details, openid=_user())
    if problem:
        journal.record(
            face="page",
            method="GET",
            path="/cashier",
            verdict="refused",
            reason=problem,
            sent=str(params),
            status=200,
        )
    return render_template(
        "pay/payment.html",
        params=params,
        details=details,
        problem=problem,
        outcome=outcome,
        words=OUTCOME_WORDS.get(outcome, ""),
    )


def _first_look(details: dict[str, Any] | None, *, openid: str) -> Outcome:
    """What is known before the password: not payable, not this user's, or too little money."""
    if details is None:
        return Outcome.UNKNOWN
    standing = Outcome(details["standing"])
    if standing is Outcome.OK and details["openid"] != openid:
        return Outcome.NOT_YOURS
    if standing is Outcome.OK and "balance" in details and details["balance"] < details["total"]:
        return Outcome.INSUFFICIENT_FUNDS
    return standing


@cashier.post("/pay")
def pay() -> Response:
    """{params, password} -> {outcome, words}."""
    told = request.get_json(silent=True) or {}
    params = {name: str(told.get("params", {}).get(name, "")) for name in PAYSIGN_NAMES}
    if payments.check_paysign(params) is not None:
        outcome = Outcome.UNKNOWN
    else:
        prepay_id = params["package"].removeprefix("prepay_id=")
        outcome = payments.pay(prepay_id, _user(), str(told.get("password", "")))
    return jsonify(outcome=outcome, words=OUTCOME_WORDS[outcome])


@cashier.get("/transfer")
def transfer_sheet() -> str:
    """The receiving sheet of a merchant transfer; `package` is the transfer's package_info."""
    package = request.args.get("package", "")
    details = transfers.transfer_details(package)
    problem = _wrong_party()
    openid = _user()
    if details is not None and people.find(openid) is None:
        problem = "还没有选择微信用户"
    outcome = Outcome.UNKNOWN if problem else _first_look(details, openid=openid)
    return render_template(
        "pay/transfer.html",
        package=package,
        details=details,
        problem=problem,
        outcome=outcome,
        words=transfers.CONFIRM_WORDS.get(outcome, ""),
    )


def _wrong_party() -> str:
    told = settings.current()
    if request.args.get("mchId", told.mchid) != told.mchid:
        return "mchId 与商户号不符"
    if request.args.get("appId", told.appid) != told.appid:
        return "appId 与公众号不符"
    return ""


@cashier.post("/transfer/confirm")
def confirm() -> Response:
    """{package} -> {outcome, words}."""
    told = request.get_json(silent=True) or {}
    outcome = transfers.confirm_transfer(str(told.get("package", "")), _user())
    return jsonify(outcome=outcome, words=transfers.CONFIRM_WORDS[outcome])
