"""Every event that exists: frozen records of ids, fen and times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class AccountFollowed:
    """Somebody followed the official account; `scene` is that of the QR code they came through, if any."""

    openid: str
    scene: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class AccountUnfollowed:
    """Somebody stopped following the official account."""

    openid: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class FollowFound:
    """The platform lists a follower of whose follow no push ever told; `AccountFollowed` is told as well."""

    openid: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class SceneScanned:
    """A follower scanned one of our QR codes."""

    openid: str
    scene: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class OrderPlaced:
    """An order was placed and its stock is held; nothing is paid yet."""

    order_id: int
    customer_id: int
    total_fen: int


@dataclass(frozen=True, kw_only=True)
class OrderPaid:
    """An order is paid, once and for all; `paid_fen` is what the customer paid, 0 for a free order."""

    order_id: int
    customer_id: int
    paid_fen: int


@dataclass(frozen=True, kw_only=True)
class OrderCancelled:
    """An unpaid order was cancelled and its stock released; `reason` is timeout, customer or staff."""

    order_id: int
    customer_id: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class OrderTakenBack:
    """Everything of a paid order was taken back before anything of it was shipped; its money may still be on its way."""

    order_id: int
    customer_id: int


@dataclass(frozen=True, kw_only=True)
class OrderShipped:
    """A parcel left; `shipment_id` tells which lines are in it."""

    order_id: int
    customer_id: int
    shipment_id: int


@dataclass(frozen=True, kw_only=True)
class OrderCompleted:
    """The goods are received, by the customer's word or by time."""

    order_id: int
    customer_id: int


@dataclass(frozen=True, kw_only=True)
class OrderFinal:
    """The time for returns of a received order is over: what depends on it can be final."""

    order_id: int
    customer_id: int


@dataclass(frozen=True, kw_only=True)
class OrderRefunded:
    """Money of an order went back to the customer."""

    order_id: int
    customer_id: int
    refund_id: int
    refunded_fen: int


@dataclass(frozen=True, kw_only=True)
class MemberJoined:
    """A customer became a member; anew for one who had left, so what is given once has a unique key of its own."""

    customer_id: int
    at: datetime


@dataclass(frozen=True, kw_only=True)
class ProfileCompleted:
    """A member told name, phone and birthday; told again when one of them changes."""

    customer_id: int


@dataclass(frozen=True, kw_only=True)
class MemberLeft:
    """A membership ended, by withdrawing consent or with the whole account."""

    customer_id: int


@dataclass(frozen=True, kw_only=True)
class GrowthChanged:
    """Growth of a customer became active or was taken back."""

    customer_id: int


@dataclass(frozen=True, kw_only=True)
class TierChanged:
    """A member came from one tier to another by step `number` of their history; `up` tells whether it is a higher one."""

    customer_id: int
    number: int
    before: str
    after: str
    up: bool


@dataclass(frozen=True, kw_only=True)
class TierDropAhead:
    """In `days` days, 30 or 7, a member will lose their tier unless `gap` more growth comes."""

    customer_id: int
    code: str
    days: int
    gap: int
    at: datetime


@dataclass(frozen=True, kw_only=True)
class CardStarted:
    """A customer came to one more term of a paid card."""

    customer_id: int
    card_id: int


@dataclass(frozen=True, kw_only=True)
class MembershipSaved:
    """Membership saved a customer this much on an order; below 0 when a refund took part of it back."""

    customer_id: int
    order_id: int
    fen: int
    at: datetime


@dataclass(frozen=True, kw_only=True)
class PerkGranted:
    """A member was granted a perk that they are told about."""

    grant_id: int


@dataclass(frozen=True, kw_only=True)
class ClaimMatched:
    """A claim found its marketplace order: the purchase of this customer is verified and their cash-back is set aside."""

    claim_id: int
    customer_id: int


@dataclass(frozen=True, kw_only=True)
class ClaimPaid:
    """The cash-back of a claim reached the customer, once."""

    claim_id: int
    customer_id: int
    paid_fen: int


@dataclass(frozen=True, kw_only=True)
class ClaimRejected:
    """A claim ended without cash-back; the claim says why."""

    claim_id: int
    customer_id: int


@dataclass(frozen=True, kw_only=True)
class TransferWaiting:
    """Cash-back waits in WeChat for this customer to confirm it, who does not look at it at the moment."""

    payout_id: int
    customer_id: int


@dataclass(frozen=True, kw_only=True)
class MarketplaceOrderBound:
    """An imported order of a marketplace was found to be this customer's."""

    order_id: int
    customer_id: int


@dataclass(frozen=True, kw_only=True)
class MarketplaceOrderUnbound:
    """An imported order of a marketplace was let go from this customer."""

    order_id: int
    customer_id: int
