"""Coupons follow a customer into another, and back; the limits per person count what both were given."""

from __future__ import annotations

from shopapp.kernel import merging
from shopapp.kernel.merging import Kept, Merge, MergePart, Tally

from .models import CouponTally, CustomerCoupon

TALLIES = Tally(
    model=CouponTally, things=("coupon_id",), total="given", since="period_start", within="in_period"
)


def merge(of: Merge) -> Kept:
    return gather(of) | {"tallies": TALLIES.add(of)}


def gather(of: Merge) -> Kept:
    return {"coupons": merging.move(CustomerCoupon, of), "tallies": []}


def undo(of: Merge, kept: Kept) -> None:
    merging.move_back(CustomerCoupon, of, kept["coupons"])
    TALLIES.take_off(kept["tallies"])


PART = MergePart(
    name="coupons",
    tables=frozenset({"customer_coupons", "coupon_tallies"}),
    merge=merge,
    undo=undo,
    gather=gather,
)
