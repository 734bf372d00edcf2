"""The numbers under which claims are paid by WeChat: kept before anything is asked, never two open for one claim."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, select, true, update

from shopapp.kernel import preferences
from shopapp.kernel.db import db, insert_once, rows_changed
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _l
from shopapp.kernel.ids import new_number
from shopapp.kernel.money import Money
from shopapp.members.identity import queries as identity
from shopapp.wechat import pay

from . import payout_rules as rules
from . import queries
from .models import CashbackCampaign, CashbackClaim
from .payout_models import ENDS, PAYOUT_MOVES, CashbackPayout, PayoutState
from .queries import PayoutFacts
from .states import ClaimStatus, Payout

PAYABLE = (ClaimStatus.APPROVED, ClaimStatus.LAPSED)
DEAD = (PayoutState.FAIL, PayoutState.CANCELLED)
OPEN = CashbackPayout.state.not_in(ENDS)
TROUBLED = and_(OPEN, CashbackPayout.problem.is_not(None))
TABS: dict[str, tuple[Any, ColumnElement[bool]]] = {
    "": (_l("全部"), true()),
    "open": (_l("进行中"), OPEN),
    "trouble": (_l("需要处理"), TROUBLED),
    "paid": (_l("已到账"), CashbackPayout.state == PayoutState.SUCCESS),
    "back": (_l("退回店家"), CashbackPayout.state.in_(DEAD)),
}


@dataclass(frozen=True, kw_only=True)
class PayoutRow:
    """A payout as people see it; `no` is what the merchant platform shows too."""

    id: int
    claim_id: int
    no: str
    amount: Money
    state: PayoutState
    fail_reason: str | None
    problem: str | None
    created_at: datetime
    confirm_until: datetime | None
    ended_at: datetime | None


def limits() -> tuple[Money, Money]:
    """The least and the most of one transfer, as the merchant set them."""
    return Money(preferences.read("transfers.least_fen")), Money(preferences.read("transfers.most_fen"))


def queue(*, claim_id: int, now: datetime) -> None:
    """Keep a number for paying this approved or lapsed claim (row id), unless it has one that is open or has succeeded.

    Nothing is asked of the platform yet; a number that the platform would not take stays as it is, see `reissue`. The
    claim's row is locked first, as everywhere.
    """
    db.session.execute(select(CashbackClaim.id).where(CashbackClaim.id == claim_id).with_for_update())
    facts = queries.payout_facts(claim_id=claim_id)
    if facts is None or facts.status not in PAYABLE or current(claim_id=claim_id) is not None:
        return
    insert_once(
        CashbackPayout,
        claim_id=claim_id,
        out_bill_no=f"CB{new_number(now=now)}",
        state=PayoutState.QUEUED,
        tries=0,
        next_try_at=now,
        created_at=now,
        amount=facts.amount,
        **_asked_for(facts),
    )


def reissue(*, claim_id: int, now: datetime) -> None:
    """Let a claim that lapsed, or whose request was refused, be paid again: by staff, or since the customer asks.

    A number that the platform never took is asked for once more. A new one is kept only when all earlier ones are known
    to have failed or been cancelled; while one is open, or one has succeeded, nothing changes.
    """
    known = current(claim_id=claim_id)
    if known is None:
        queue(claim_id=claim_id, now=now)
        return
    facts = queries.payout_facts(claim_id=claim_id)
    if known.state is PayoutState.REFUSED and facts is not None:
        values = {"tries": 0, "next_try_at": now, "problem": None, "asked_at": None}
        PAYOUT_MOVES.try_move(known, PayoutState.QUEUED, **values, **_asked_for(facts))


def unqueued(*, limit: int) -> Sequence[int]:
    """Row ids of approved claims that are paid by WeChat and have no number that counts, the oldest first."""
    counts = exists().where(CashbackPayout.claim_id == CashbackClaim.id, CashbackPayout.state.not_in(DEAD))
    wanted = (
        select(CashbackClaim.id)
        .join(CashbackCampaign, CashbackCampaign.id == CashbackClaim.campaign_id)
        .where(
            CashbackClaim.status == ClaimStatus.APPROVED,
            CashbackCampaign.payout == Payout.TRANSFER,
            CashbackCampaign.active,
            ~counts,
        )
        .order_by(CashbackClaim.id)
        .limit(limit)
    )
    return db.session.scalars(wanted).all()


def _asked_for(facts: PayoutFacts) -> dict[str, object]:
    """What a new request says, but for the amount, which is final only when it is first asked for."""
    appid = pay.client().appid
    reason = rules.report_text(preferences.read("transfers.reason"))
    return {
        "openid": identity.payee_openid(customer_id=facts.customer_id, appid=appid) or "",
        "remark": reason,
        "reports": [["活动名称", rules.report_text(facts.campaign_name)], ["奖励说明", reason]],
    }


def current(*, claim_id: int) -> CashbackPayout | None:
    """The payout of this claim that is open or has succeeded, read anew; there is never more than one that counts."""
    wanted = (
        select(CashbackPayout)
        .where(CashbackPayout.claim_id == claim_id, CashbackPayout.state.not_in(DEAD))
        .execution_options(populate_existing=True)
    )
    return db.session.scalar(wanted)


def due(*, now: datetime, limit: int) -> Sequence[int]:
    """Row ids of the payouts about which it is time to ask the platform."""
    wanted = (
        select(CashbackPayout.id)
        .where(CashbackPayout.state.in_(rules.DUE), CashbackPayout.next_try_at <= now)
        .order_by(CashbackPayout.next_try_at)
        .limit(limit)
    )
    return db.session.scalars(wanted).all()


def hurry(*, claim_id: int, now: datetime) -> None:
    """Have the transfer of this claim taken back at once, if the platform has it and nobody confirmed it yet.

    What the platform may not have heard of keeps its own pause.
    """
    mine = (CashbackPayout.claim_id == claim_id, CashbackPayout.state.in_(rules.TAKEABLE_BACK))
    rows_changed(update(CashbackPayout).where(*mine).values(next_try_at=now))


def of_claims(*, claim_ids: Collection[int]) -> dict[int, list[PayoutRow]]:
    """All payouts of these claims by claim, oldest first, in one query."""
    rows: dict[int, list[PayoutRow]] = {claim_id: [] for claim_id in claim_ids}
    mine = select(CashbackPayout).where(CashbackPayout.claim_id.in_(list(claim_ids)))
    for row in db.session.scalars(mine.order_by(CashbackPayout.id)) if claim_ids else []:
        rows[row.claim_id].append(row_of(row))
    return rows


def try_again(*, out_bill_no: str, now: datetime) -> bool:
    """Let staff have a refused number asked for once more. False if it is not refused any more. Raises `NotFound`."""
    wanted = select(CashbackPayout).where(CashbackPayout.out_bill_no == out_bill_no)
    payout = found(db.session.scalar(wanted))
    if payout.state is not PayoutState.REFUSED:
        return False
    reissue(claim_id=payout.claim_id, now=now)
    return True


def statement(*, tab: str) -> Select[CashbackPayout]:
    """Payouts as the console lists them, the newest first."""
    return select(CashbackPayout).where(TABS[tab][1]).order_by(CashbackPayout.id.desc())


def counts() -> dict[str, int]:
    """How many there are in each tab, in one query."""
    columns = [func.count().filter(condition).label(tab or "all") for tab, (_name, condition) in TABS.items()]
    row = db.session.execute(select(*columns).select_from(CashbackPayout)).one()
    return {tab: getattr(row, tab or "all") for tab in TABS}


def refused_count() -> int:
    """How many numbers the platform would not take."""
    refused = select(func.count()).where(CashbackPayout.state == PayoutState.REFUSED)
    return db.session.scalar(refused) or 0


def claims_of(*, rows: Sequence[CashbackPayout]) -> dict[int, CashbackClaim]:
    """The claims of these payouts by row id."""
    wanted = select(CashbackClaim).where(CashbackClaim.id.in_({row.claim_id for row in rows}))
    return {claim.id: claim for claim in db.session.scalars(wanted)}


def with_claim(*, payout_id: int) -> tuple[CashbackPayout, CashbackClaim]:
    """A payout that there is, as it is now, and its claim."""
    payout = db.session.get_one(CashbackPayout, payout_id, populate_existing=True)
    return payout, claims_of(rows=[payout])[payout.claim_id]


def row_of(row: CashbackPayout) -> PayoutRow:
    return PayoutRow(
        id=row.id,
        claim_id=row.claim_id,
        no=row.out_bill_no,
        amount=row.amount,
        state=row.state,
        fail_reason=row.fail_reason,
        problem=row.problem,
        created_at=row.created_at,
        confirm_until=row.confirm_until,
        ended_at=row.ended_at,
    )
