"""What a claim has in common with other people's claims: counted, judged, and kept with the claim."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Select, Table, bindparam, func, select

from shopapp.kernel.pii import lookup_hash
from shopapp.kernel.prepared import Prepared
from shopapp.members.addresses import queries as addresses
from shopapp.members.identity import queries as identity
from shopapp.members.marketplace import queries as marketplace
from shopapp.members.marketplace.queries import MarketplaceOrderFacts

from . import rules
from .models import CashbackClaim
from .rules import Traces
from .states import COUNTED, WAITING, ClaimStatus, Verdict

CLAIMS = cast(Table, CashbackClaim.__table__)
LOOK_BACK = timedelta(days=30)
GUESSES_BACK = timedelta(days=7)
NETWORK_BACK = timedelta(days=1)
BACK = {
    "device_hash": LOOK_BACK,
    "phone_hash": LOOK_BACK,
    "address_hash": LOOK_BACK,
    "network_hash": NETWORK_BACK,
}
GUESSES_MAX = 50


@dataclass(frozen=True, kw_only=True)
class Trace:
    """The verdict on a claim with its signs, and the keyed hashes that limits go by."""

    verdict: Verdict
    signs: list[str]
    phone_hash: str | None
    address_hash: str | None


def _others(_dialect: str) -> Select[*tuple[Any, ...]]:
    """How many other people's claims that came to something, or still may, have each of these values too."""

    def count(name: str) -> Any:
        alike = (CLAIMS.c[name] == bindparam(name), CLAIMS.c.submitted_at >= bindparam(f"{name}_since"))
        others = CLAIMS.c.customer_id != bindparam("person")
        going = CLAIMS.c.status.in_((*COUNTED, *WAITING))
        counted = select(func.count(func.distinct(CLAIMS.c.customer_id))).where(*alike, others, going)
        return counted.scalar_subquery().label(name)

    return select(*(count(name) for name in BACK))


def _guesses(_dialect: str) -> Select[*tuple[Any, ...]]:
    """The latest numbers of a person that led to no order."""
    statement = select(CLAIMS.c.order_no).where(
        CLAIMS.c.customer_id == bindparam("person"),
        CLAIMS.c.id != bindparam("claim"),
        CLAIMS.c.submitted_at >= bindparam("since"),
        CLAIMS.c.status.in_((*WAITING, ClaimStatus.EXPIRED)),
    )
    return statement.order_by(CLAIMS.c.id.desc()).limit(GUESSES_MAX)


OTHERS, GUESSES = Prepared(_others), Prepared(_guesses)


def trace(claim: CashbackClaim, order: MarketplaceOrderFacts, *, now: datetime) -> Trace:
    """Look at a claim whose order is found and about to be bound."""
    hashes = {
        **_whose(claim.customer_id),
        "device_hash": claim.device_hash,
        "network_hash": claim.network_hash,
    }
    since = {f"{name}_since": now - back for name, back in BACK.items()}
    counted = OTHERS.run({**hashes, **since, "person": claim.customer_id}).one()
    guesses = GUESSES.rows(person=claim.customer_id, claim=claim.id, since=now - GUESSES_BACK)
    traces = Traces(
        same_device=counted.device_hash,
        same_phone=counted.phone_hash,
        same_address=counted.address_hash,
        same_network=counted.network_hash,
        same_buyer=any(
            other.customer_id not in (None, claim.customer_id)
            for other in marketplace.orders_of_buyer(order_id=order.id)
        ),
        guesses=[row.order_no for row in guesses],
    )
    verdict, signs = rules.judge(traces)
    if order.refund_unclear:
        verdict = Verdict.HOLD if verdict is Verdict.PASS else verdict
        signs.append("refund_unclear")
    return Trace(
        verdict=verdict,
        signs=signs,
        phone_hash=hashes["phone_hash"],
        address_hash=hashes["address_hash"],
    )


def _whose(customer_id: int) -> dict[str, str | None]:
    """Hashes of the phone and the address by which a person can be reached: the verified phone before any other."""
    address = addresses.default_of(customer_id=customer_id)
    phone_hash = identity.phone_hash_of(customer_id=customer_id)
    if address is None:
        return {"phone_hash": phone_hash, "address_hash": None}
    where = "".join(char for char in address.detail.casefold() if char.isalnum())
    return {
        "phone_hash": phone_hash or address.phone_hash,
        "address_hash": lookup_hash(f"{address.region_code}:{where}"),
    }
