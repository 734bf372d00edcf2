"""The words in which campaigns and claims are told: how much, how it is paid, where a claim stands, why it ended."""

from __future__ import annotations

from enum import StrEnum

from shopapp.kernel.states import StateTable


class AmountMode(StrEnum):
    FIXED = "fixed"
    RANDOM = "random"
    PERCENT = "percent"


class Payout(StrEnum):
    WALLET = "wallet"
    POINTS = "points"
    COUPON = "coupon"
    TRANSFER = "transfer"


INSIDE = (Payout.WALLET, Payout.POINTS, Payout.COUPON)
"""The ways of paying that are booked in the shop alone."""
OFFERED = (*INSIDE, Payout.TRANSFER)
"""The ways of paying that a campaign may choose."""


class ClaimStatus(StrEnum):
    """submitted and not_found wait for an import; on_hold for the return window; lapsed for being sent anew."""

    SUBMITTED = "submitted"
    NOT_FOUND = "not_found"
    MATCHED = "matched"
    ON_HOLD = "on_hold"
    APPROVED = "approved"
    PAYING = "paying"
    PAID = "paid"
    LAPSED = "lapsed"
    REJECTED = "rejected"
    EXPIRED = "expired"


class ClaimReason(StrEnum):
    """Why a claim ended without cash-back. All but `staff` are found by rules."""

    REFUNDED = "refunded"
    ALREADY_CLAIMED = "already_claimed"
    NOT_IN_CAMPAIGN = "not_in_campaign"
    PER_PERSON = "per_person"
    PER_PHONE = "per_phone"
    PER_ADDRESS = "per_address"
    BUDGET = "budget"
    BELOW_LEAST = "below_least"
    RISK = "risk"
    STAFF = "staff"
    NOT_FOUND = "not_found"
    ERASED = "erased"


class Verdict(StrEnum):
    """What the signs of fraud come to: pay in time, let staff look first, or refuse."""

    PASS = "pass"  # noqa: S105 - a verdict, no password
    HOLD = "hold"
    BLOCK = "block"


_S = ClaimStatus
CLAIM_MOVES = StateTable[ClaimStatus](
    {
        _S.SUBMITTED: frozenset({_S.NOT_FOUND, _S.MATCHED, _S.REJECTED, _S.EXPIRED}),
        _S.NOT_FOUND: frozenset({_S.MATCHED, _S.REJECTED, _S.EXPIRED}),
        _S.MATCHED: frozenset({_S.ON_HOLD, _S.REJECTED}),
        _S.ON_HOLD: frozenset({_S.APPROVED, _S.REJECTED}),
        _S.APPROVED: frozenset({_S.PAYING, _S.REJECTED}),
        _S.PAYING: frozenset({_S.PAID, _S.LAPSED, _S.APPROVED}),
        _S.LAPSED: frozenset({_S.APPROVED, _S.PAYING, _S.REJECTED}),
        _S.PAID: frozenset(),
        _S.REJECTED: frozenset(),
        _S.EXPIRED: frozenset(),
    }
)
WAITING = (_S.SUBMITTED, _S.NOT_FOUND)
RESERVED = (_S.MATCHED, _S.ON_HOLD, _S.APPROVED, _S.PAYING, _S.LAPSED)
"""Statuses in which the amount is set aside in the campaign's budget."""
COUNTED = (*RESERVED, _S.PAID)
"""Statuses that count for the limits per person, phone and address."""
