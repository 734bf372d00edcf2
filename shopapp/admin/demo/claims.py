"""Cash-back in the demo shop: two campaigns, and what members claimed: orders bound, growth, money in the wallet."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import cycle

from shopapp.kernel.money import Money
from shopapp.kernel.pii import lookup_hash
from shopapp.loyalty.cashback import rules
from shopapp.loyalty.cashback.states import ClaimReason, ClaimStatus, Verdict
from shopapp.loyalty.ledger import Unit
from shopapp.loyalty.tiers.rules import growth_for
from shopapp.members.marketplace.rules import Status, family_of

from . import rows
from .books import Award
from .campaigns import EVERYWHERE, HOLD_DAYS, ONCE_ONLY, WAIT_DAYS, Campaign, open_campaigns
from .earnings import Earnings
from .followers import Known
from .ids import Ids
from .marketplaces import Market, Sale, order_no
from .programme import TIERS
from .rows import Row

CLAIMS_SHARE = 0.42
HOLD, WAIT = timedelta(days=HOLD_DAYS), timedelta(days=WAIT_DAYS)
PAID_WITHIN = timedelta(minutes=1)
SOON_AFTER_JOINING = timedelta(minutes=10)
LOOK_AGAIN = timedelta(hours=6)
REASON = "购物返现"
UNSEEN_NUMBERS = 10**7
"""Where the numbers of orders begin that no file has brought yet."""


class Fate(StrEnum):
    """What became of a claim; ended: paid in the campaign that is over."""

    ENDED = "ended"
    PAID = "paid"
    HELD = "held"
    REFUNDED = "refunded"
    EXPIRED = "expired"
    WAITING = "waiting"
    FRESH = "fresh"


BOUND = (Fate.ENDED, Fate.PAID, Fate.HELD)
UNSEEN = (Fate.EXPIRED, Fate.WAITING, Fate.FRESH)
_F = Fate
DEALT = (
    *(_F.PAID, _F.HELD, _F.REFUNDED, _F.WAITING, _F.ENDED, _F.HELD, _F.PAID, _F.EXPIRED, _F.FRESH, _F.PAID),
    *(_F.ENDED, _F.PAID, _F.HELD, _F.WAITING, _F.PAID, _F.HELD, _F.PAID, _F.PAID, _F.ENDED, _F.PAID),
)
"""What becomes of one claim after the other, again and again, so that a small demo has something of everything."""
# From how many days ago to how many.
SPANS: dict[Fate, tuple[float, float]] = {
    Fate.ENDED: (98, 52),
    Fate.PAID: (35, 8.2),
    Fate.HELD: (7.5, 0.05),
    Fate.REFUNDED: (30, 1),
    Fate.EXPIRED: (32, 8),
    Fate.WAITING: (4, 0.3),
    Fate.FRESH: (0.03, 0.005),
}
STATUSES = {
    Fate.ENDED: ClaimStatus.PAID,
    Fate.PAID: ClaimStatus.PAID,
    Fate.HELD: ClaimStatus.ON_HOLD,
    Fate.REFUNDED: ClaimStatus.REJECTED,
    Fate.EXPIRED: ClaimStatus.EXPIRED,
    Fate.WAITING: ClaimStatus.NOT_FOUND,
    Fate.FRESH: ClaimStatus.SUBMITTED,
}
FROM = {Fate.ENDED: ONCE_ONLY, Fate.HELD: ("tmall", "jd")}
"""Whose orders: three on hold are of two marketplaces, so that two of them can be one buyer's."""
REASONS = {Fate.REFUNDED: ClaimReason.REFUNDED, Fate.EXPIRED: ClaimReason.NOT_FOUND}


@dataclass(slots=True, kw_only=True)
class Claim:
    """`sale` is its order, None while no file brought it. `signs` keep it for staff."""

    member: Known
    fate: Fate
    at: datetime
    platform: str
    sale: Sale | None
    signs: tuple[str, ...] = ()

    @property
    def hold_until(self) -> datetime:
        return self.at + HOLD

    @property
    def paid_at(self) -> datetime:
        return self.hold_until + PAID_WITHIN


class Claims:
    """What members claim; orders are sold for it, to be written by the market."""

    def __init__(self, *, members: Sequence[Known], market: Market, ids: Ids, until: datetime) -> None:
        self.market, self.ids, self.until = market, ids, until
        self.rng = random.Random(f"{ids.seed}:claims")
        self.campaigns = open_campaigns(people=len(members), ids=ids, until=until)
        claimants = [member for member in members if self.rng.random() < CLAIMS_SHARE]
        planned = [self._plan(member, fate) for member, fate in zip(claimants, cycle(DEALT), strict=False)]
        self.made = [claim for claim in planned if claim is not None]
        self.made.sort(key=lambda claim: (claim.at, claim.member.number))
        self.alike = self._two_of_one_buyer()

    def campaign_of(self, claim: Claim) -> Campaign:
        """The campaign in whose time the claim came."""
        return self.campaigns[claim.fate is Fate.ENDED]

    def _plan(self, member: Known, fate: Fate) -> Claim | None:
        """A claim by somebody who was a member by then; None where its time would lie ahead."""
        first, last = SPANS[fate]
        earliest = max(self.until - timedelta(days=first), member.joined + SOON_AFTER_JOINING)
        latest = self.until - timedelta(days=last)
        if earliest >= latest:
            return None
        at = (earliest + (latest - earliest) * self.rng.random()).replace(microsecond=0)
        platforms = FROM.get(fate, EVERYWHERE)
        file = self.market.file_before(at, platforms=platforms)
        if file is None:
            return None
        sale = None
        if fate not in UNSEEN:
            sale = self.market.sell(
                file, to=member, status=Status.CLOSED if fate is Fate.REFUNDED else Status.DONE
            )
        if sale is not None and fate in BOUND:
            sale.customer_id, sale.bound_at = member.customer_id, at
        return Claim(member=member, fate=fate, at=at, platform=file.platform, sale=sale)

    def _two_of_one_buyer(self) -> tuple[Claim, Claim] | None:
        """Two people on hold with orders that the export says one buyer made: the later one waits for staff."""
        held = [claim for claim in self.made if claim.fate is Fate.HELD and claim.sale is not None]
        for later in reversed(held):
            for first in held:
                if first is later or first.sale is None or later.sale is None:
                    break
                if first.sale.file.family == later.sale.file.family:
                    later.sale.buyer, later.signs = first.sale.buyer, ("buyer",)
                    return first, later
        return None

    def book(self, earned: Earnings) -> None:
        """Plan the growth of bound orders and the money of paid claims in the books, each in its time."""
        bound = [claim for claim in self.made if claim.fate in BOUND]
        earned.expect([award for claim in bound if (award := _growth(claim, self.ids)) is not None])
        paid = [claim for claim in bound if claim.fate is not Fate.HELD]
        earned.books.open([claim.member.customer_id for claim in paid], unit=Unit.GIFT)
        earned.books.plan([self._gift(claim) for claim in paid])

    def _gift(self, claim: Claim) -> Award:
        key = f"claim:{self._id(claim)}"
        return Award(
            customer_id=claim.member.customer_id,
            unit=Unit.GIFT,
            amount=self._amount(claim).fen,
            key=key,
            subject=key,
            at=claim.paid_at,
            reason=REASON,
        )

    def _id(self, claim: Claim) -> str:
        return self.ids.of("claim", claim.member.number)

    def _amount(self, claim: Claim) -> Money:
        return rules.award(
            self.campaign_of(claim).amount, base=Money(_sold(claim).paid_fen), seed="", claim=""
        )

    def write(self) -> None:
        """The claims, and what they took of the budgets; the market is written."""
        rows.add("cashback_claims", [self._row(claim) for claim in self.made])
        for claim in self.made:
            if claim.fate is Fate.HELD:
                self.campaign_of(claim).reserved += self._amount(claim)
            elif claim.fate in BOUND:
                self.campaign_of(claim).paid += self._amount(claim)
        for name in ("reserved", "paid"):
            taken = {each.row_id: getattr(each, name) for each in self.campaigns.values()}
            rows.change("cashback_campaigns", name, taken)

    def _row(self, claim: Claim) -> Row:
        family = family_of(platform=claim.platform, shop="")
        number = self._number(claim)
        member, paid = claim.member, STATUSES[claim.fate] is ClaimStatus.PAID
        waits, bound = claim.fate in (Fate.WAITING, Fate.FRESH), claim.fate in BOUND
        ended_at = {Fate.REFUNDED: claim.at, Fate.EXPIRED: claim.at + WAIT}.get(claim.fate)
        public_id = self._id(claim)
        return {
            "public_id": public_id,
            "customer_id": member.customer_id,
            "platform": claim.platform,
            "family": family,
            "order_no": number,
            "number_key": f"{family}:{number}" if waits or bound else public_id,
            "status": STATUSES[claim.fate],
            "reason": REASONS.get(claim.fate),
            "device_hash": lookup_hash(f"demo:device:{member.number}"),
            "network_hash": lookup_hash(f"demo:network:{member.number % 89}"),
            "submitted_at": claim.at,
            "next_look_at": self._next_look(claim),
            "expires_at": claim.at + WAIT,
            "ended_at": claim.paid_at if paid else ended_at,
            **self._matched(claim),
        }

    def _number(self, claim: Claim) -> str:
        if claim.sale is not None:
            return claim.sale.order_no
        ordered_at = claim.at - timedelta(days=9)
        return order_no(claim.platform, number=UNSEEN_NUMBERS + claim.member.number, at=ordered_at)

    def _next_look(self, claim: Claim) -> datetime:
        if claim.fate is Fate.WAITING:
            return self.until + LOOK_AGAIN * self.rng.uniform(0.1, 1)
        if claim.fate is Fate.FRESH:
            return self.until + timedelta(minutes=5)
        return claim.hold_until if claim.fate in BOUND else claim.at

    def _matched(self, claim: Claim) -> Row:
        """The columns of a claim whose order is bound; empty for the others."""
        names = (
            *("campaign_id", "order_id", "taken_key", "amount", "paid_amount", "phone_hash", "address_hash"),
            *("matched_at", "hold_until", "approved_at", "paying_at", "paid_at"),
        )
        empty: Row = {**dict.fromkeys(names), "verdict": Verdict.PASS, "signs": [], "review": False}
        if claim.fate not in BOUND:
            return empty
        campaign, sale, address = self.campaign_of(claim), _sold(claim), claim.member.addresses[0]
        where = "".join(char for char in address.detail.casefold() if char.isalnum())
        paid_at = claim.paid_at if claim.fate is not Fate.HELD else None
        return empty | {
            "campaign_id": campaign.row_id,
            "order_id": sale.row_id,
            "taken_key": f"{campaign.row_id}:{sale.row_id}",
            "amount": self._amount(claim),
            "paid_amount": self._amount(claim) if paid_at else None,
            "phone_hash": lookup_hash(address.phone),
            "address_hash": lookup_hash(f"{address.region_code}:{where}"),
            "matched_at": claim.at,
            "hold_until": claim.hold_until,
            "approved_at": paid_at,
            "paying_at": paid_at,
            "paid_at": paid_at,
            "verdict": Verdict.HOLD if claim.signs else Verdict.PASS,
            "signs": list(claim.signs),
            "review": bool(claim.signs),
        }


def _sold(claim: Claim) -> Sale:
    """The order of a claim that has one."""
    if claim.sale is None:
        raise ValueError("no file brought this order")
    return claim.sale


def _growth(claim: Claim, ids: Ids) -> Award | None:
    sale = _sold(claim)
    amount = growth_for(Money(sale.paid_fen), TIERS)
    if not amount:
        return None
    key = f"marketplace:{ids.of('market order', sale.number)}:{claim.at.astimezone(UTC):%Y%m%d%H%M%S}"
    return Award(
        customer_id=claim.member.customer_id,
        unit=Unit.GROWTH,
        amount=amount,
        key=key,
        subject=key,
        at=claim.at,
        reason=sale.order_no,
        pending=True,
        activates_at=claim.hold_until,
    )
