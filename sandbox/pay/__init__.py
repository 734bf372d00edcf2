"""The Pay gateway: the merchant API, the payer's cashier, notices, bills and transfers."""

from __future__ import annotations

from flask import Blueprint

from sandbox import deliveries, faults

from .accounts import balance as merchant_balance
from .accounts import set_balance as set_merchant_balance
from .api import api
from .cashier import cashier
from .panel import open_orders, open_transfers, overview, set_user_balance
from .payments import Outcome, check_paysign, pay, prepay_details
from .progress import advance
from .schema import SCHEMA
from .transfers import confirm_transfer, transfer_details

__all__ = [
    "SCHEMA",
    "Outcome",
    "advance",
    "blueprint",
    "check_paysign",
    "confirm_transfer",
    "merchant_balance",
    "open_orders",
    "open_transfers",
    "overview",
    "pay",
    "prepay_details",
    "set_merchant_balance",
    "set_user_balance",
    "transfer_details",
]

blueprint = Blueprint("pay", __name__)
blueprint.register_blueprint(api)
blueprint.register_blueprint(cashier)

faults.KNOWN.update(
    pay_answer_forged="支付接口：应答的签名是假的",
    refund_closed="退款：被关闭（CLOSED）",
    bill_missing_row="对账单：少一笔",
    bill_extra_row="对账单：多一笔",
    bill_wrong_amount="对账单：一笔金额不符",
    flow_missing_row="资金账单：少一笔",
    flow_extra_row="资金账单：多一笔转账",
    flow_wrong_amount="资金账单：一笔金额不符",
)
deliveries.before_tick(advance)
