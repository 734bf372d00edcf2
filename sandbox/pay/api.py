"""The addresses of the Pay API, exactly the platform's."""

from __future__ import annotations

from flask import Blueprint, Response, request

from sandbox import settings

from . import bills, fields, gateway, orders, progress, refunds, transfers
from .errors import PayError, param_error

api = Blueprint("pay_api", __name__, url_prefix="/v3")
ORDER = "/pay/transactions"
REFUND = "/refund/domestic/refunds"
TRANSFER = "/fund-app/mch-transfer/transfer-bills"


@api.before_request
def admit() -> None:
    gateway.admit()
    progress.advance()


@api.after_request
def finish(response: Response) -> Response:
    return gateway.finish(response)


@api.errorhandler(PayError)
def refuse(error: PayError) -> Response:
    return gateway.refuse(error)


def _body() -> fields.Body:
    return fields.parse(request.get_data())


def _check_mchid(given: object) -> None:
    if given != settings.current().mchid:
        raise param_error("mchid", "必填，且须与签名的商户号一致")


@api.post(f"{ORDER}/jsapi")
def place_order() -> Response:
    return gateway.answer(orders.place(_body()))


@api.get(f"{ORDER}/out-trade-no/<number>")
def query_order(number: str) -> Response:
    _check_mchid(request.args.get("mchid"))
    return gateway.answer(orders.describe(orders.get(number)))


@api.get(f"{ORDER}/id/<transaction_id>")
def query_transaction(transaction_id: str) -> Response:
    _check_mchid(request.args.get("mchid"))
    return gateway.answer(orders.describe(orders.get_by_transaction(transaction_id)))


@api.post(f"{ORDER}/out-trade-no/<number>/close")
def close_order(number: str) -> Response:
    _check_mchid(_body().get("mchid"))
    orders.close(number)
    return gateway.answer(None, status=204)


@api.post(REFUND)
def ask_refund() -> Response:
    return gateway.answer(refunds.ask(_body()))


@api.get(f"{REFUND}/<number>")
def query_refund(number: str) -> Response:
    return gateway.answer(refunds.describe(refunds.get(number)))


@api.post(f"{REFUND}/<refund_id>/apply-abnormal-refund")
def apply_abnormal_refund(refund_id: str) -> Response:
    return gateway.answer(refunds.apply_abnormal(refund_id, _body()))


@api.post(TRANSFER)
def ask_transfer() -> Response:
    return gateway.answer(transfers.ask(_body()))


@api.get(f"{TRANSFER}/out-bill-no/<number>")
def query_transfer(number: str) -> Response:
    return gateway.answer(transfers.describe(transfers.get_recent(number=number)))


@api.get(f"{TRANSFER}/transfer-bill-no/<bill_no>")
def query_transfer_bill(bill_no: str) -> Response:
    return gateway.answer(transfers.describe(transfers.get_recent(bill_no=bill_no)))


@api.post(f"{TRANSFER}/out-bill-no/<number>/cancel")
def cancel_transfer(number: str) -> Response:
    _body()
    return gateway.answer(transfers.cancel(number))


@api.get("/bill/tradebill")
def trade_bill() -> Response:
    return gateway.answer(bills.ask_trade_bill(request.args))


@api.get("/bill/fundflowbill")
def flow_bill() -> Response:
    return gateway.answer(bills.ask_flow_bill(request.args))


@api.get("/billdownload/file")
def download_bill() -> Response:
    content = bills.download(request.args.get("token", ""))
    return gateway.unsigned(Response(content, content_type="application/octet-stream"))


@api.get("/certificates")
def certificates() -> Response:
    """A public-key merchant has no platform certificates to fetch."""
    return gateway.answer({"data": []})


@api.post("/transfer/batches")
def old_transfer() -> Response:
    raise PayError(403, "NO_AUTH", "商户已使用升级后的商家转账，不能调用旧接口")


@api.route("/<path:rest>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def unknown(rest: str) -> Response:
    raise PayError(404, "RESOURCE_NOT_EXISTS", f"没有这个接口：/v3/{rest}")
