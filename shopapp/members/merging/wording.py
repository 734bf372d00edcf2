"""Evidence and reasons as staff read them."""

from __future__ import annotations

from typing import Any

from shopapp.kernel.i18n import _l

from .rules import Evidence, Reason

REASONS: dict[str, Any] = {
    Reason.ADDRESS.value: _l("收货人和地址相同"),
    Reason.PERSON.value: _l("姓名和生日相同"),
    Reason.BUYER.value: _l("平台订单的买家相同"),
}
EVIDENCE: dict[str, Any] = {
    Evidence.UNIONID.value: _l("微信认出是同一人"),
    Evidence.PHONE.value: _l("验证了同一个手机号"),
    Evidence.REVIEW.value: _l("在待合并里认定"),
    Evidence.STAFF.value: _l("店里手工合并"),
}
