"""What a merchant may write about a coupon, and how long days, weeks and months are."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from shopapp.kernel import clock
from shopapp.kernel.money import Money
from shopapp.loyalty.coupons.content import Giving, Moment, Period, period_start, problems, validity
from shopapp.loyalty.coupons.rules import CouponKind, Scope
from tests.support.coupons import coupon_content


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "字" * 31}, "name"),
        ({"value": Money(0)}, "value"),
        ({"minimum": Money(-1)}, "minimum"),
        ({"kind": CouponKind.PERCENT, "basis_points": 8500}, "cap"),
        ({"kind": CouponKind.PERCENT, "basis_points": 0, "cap": Money(1)}, "basis_points"),
        ({"kind": CouponKind.GIFT}, "sku_id"),
        ({"kind": CouponKind.EXCHANGE, "sku_id": "../etc"}, "sku_id"),
        ({"scope": Scope.PRODUCTS}, "scope_ids"),
        ({"scope": Scope.CATEGORIES, "scope_ids": ("no id",)}, "scope_ids"),
        ({"scope_ids": ("0123456789ab",)}, "scope_ids"),
        ({"giving": Giving.PUSH}, "moment"),
        ({"moment": Moment.JOINED}, "moment"),
        ({"stock": 0}, "stock"),
        ({"per_period": 1}, "per_period"),
        ({"period": Period.DAY}, "per_period"),
        ({"valid_days": None}, "valid_until"),
        ({"valid_days": 3, "valid_until": datetime(2030, 1, 1, tzinfo=clock.SHOP_ZONE)}, "valid_until"),
        ({"valid_days": 0}, "valid_days"),
    ],
)
def test_what_cannot_be_offered_is_told_at_its_field(wanted: dict[str, Any], field: str) -> None:
    assert list(problems(coupon_content(**wanted))) == [field]
    assert problems(coupon_content()) == {}


def test_days_weeks_and_months_are_those_of_the_shop() -> None:
    late = datetime(2026, 11, 22, 16, 30, tzinfo=clock.UTC)  # Monday the 23rd, half past midnight in the shop
    assert period_start(Period.DAY, now=late) == datetime(2026, 11, 22, 16, tzinfo=clock.UTC)
    assert period_start(Period.WEEK, now=late) == datetime(2026, 11, 22, 16, tzinfo=clock.UTC)
    assert period_start(Period.MONTH, now=late) == datetime(2026, 10, 31, 16, tzinfo=clock.UTC)
    first, last = validity(valid_from=None, valid_until=None, valid_days=7, now=late)
    assert (first, last) == (late, datetime(2026, 11, 30, 16, tzinfo=clock.UTC))
