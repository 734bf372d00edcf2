"""All that happens by itself or by command: reactions to events, jobs, commands."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import click

from shopapp.admin.commands import staff_group, tokens_group
from shopapp.admin.demo.commands import demo_group
from shopapp.events import (
    AccountFollowed,
    AccountUnfollowed,
    CardStarted,
    ClaimPaid,
    ClaimRejected,
    FollowFound,
    GrowthChanged,
    MarketplaceOrderBound,
    MarketplaceOrderUnbound,
    MemberJoined,
    MemberLeft,
    MembershipSaved,
    OrderCancelled,
    OrderCompleted,
    OrderFinal,
    OrderPaid,
    OrderRefunded,
    OrderShipped,
    OrderTakenBack,
    PerkGranted,
    ProfileCompleted,
    SceneScanned,
    TierChanged,
    TierDropAhead,
    TransferWaiting,
)
from shopapp.kernel import (
    commands,
    idempotency,
    jobs,
    limits,
    outbox,
    rotation,
)
from shopapp.kernel.jobs import Job
from shopapp.loyalty.cards import handlers as cards_handlers
from shopapp.loyalty.cashback import handlers as cashback_handlers
from shopapp.loyalty.cashback import jobs as cashback_jobs
from shopapp.loyalty.cashback import messages as cashback_messages
from shopapp.loyalty.cashback import payout_jobs as cashback_payout_jobs
from shopapp.loyalty.cashback import payout_messages as cashback_payout_messages
from shopapp.loyalty.cashback.payout_commands import claims_group
from shopapp.loyalty.coupons import handlers as coupons_handlers
from shopapp.loyalty.coupons import jobs as coupons_jobs
from shopapp.loyalty.coupons import messages as coupons_messages
from shopapp.loyalty.ledger import jobs as ledger_jobs
from shopapp.loyalty.ledger.commands import ledger_group
from shopapp.loyalty.perks import handlers as perks_handlers
from shopapp.loyalty.perks import jobs as perks_jobs
from shopapp.loyalty.perks import messages as perks_messages
from shopapp.loyalty.points import handlers as points_handlers
from shopapp.loyalty.points import messages as points_messages
from shopapp.loyalty.tiers import handlers as tiers_handlers
from shopapp.loyalty.tiers import jobs as tiers_jobs
from shopapp.loyalty.tiers import messages as tiers_messages
from shopapp.loyalty.tiers.commands import tiers_group
from shopapp.members.channels import handlers as channels_handlers
from shopapp.members.fans import jobs as fans_jobs
from shopapp.members.flyers import jobs as flyers_jobs
from shopapp.members.identity import former
from shopapp.members.identity import handlers as identity_handlers
from shopapp.members.imports import jobs as imports_jobs
from shopapp.members.marketplace import held as marketplace_held
from shopapp.members.marketplace.commands import marketplace_group
from shopapp.members.merging import handlers as merging_handlers
from shopapp.members.merging import jobs as merging_jobs
from shopapp.members.purchases import handlers as purchases_handlers
from shopapp.members.purchases import jobs as purchases_jobs
from shopapp.members.purchases.commands import purchases_group
from shopapp.members.rights import commands as rights_commands
from shopapp.members.rights import jobs as rights_jobs
from shopapp.outreach.replies import commands as replies_commands
from shopapp.outreach.replies import handlers as replies_handlers
from shopapp.outreach.replies import welcomes
from shopapp.outreach.reports.commands import report_group
from shopapp.store.cardsales import handlers as cardsales_handlers
from shopapp.store.carts import services as carts
from shopapp.store.mall import handlers as mall_handlers
from shopapp.store.orders import handlers as orders_handlers
from shopapp.store.orders import history as orders_history
from shopapp.store.orders import jobs as orders_jobs
from shopapp.store.orders import messages as orders_messages
from shopapp.store.orders import rewards as orders_rewards
from shopapp.store.payments import jobs as payments_jobs
from shopapp.store.payments.commands import payments_group
from shopapp.store.topups import handlers as topups_handlers
from shopapp.store.topups import jobs as topups_jobs
from shopapp.wechat import retention as wechat_retention
from shopapp.wechat.messages import sending as wechat_sending

HANDLERS: list[tuple[type[Any], Callable[[Any], None]]] = [
    (AccountFollowed, identity_handlers.remember_follow),
    (AccountUnfollowed, identity_handlers.remember_unfollow),
    (AccountFollowed, channels_handlers.count_follow),
    (SceneScanned, channels_handlers.count_scan),
    (FollowFound, replies_handlers.miss_welcome),
    (MemberJoined, points_handlers.reward_joining),
    (ProfileCompleted, points_handlers.reward_profile),
    (OrderPaid, topups_handlers.fulfil),
    (OrderPaid, cardsales_handlers.fulfil),
    (OrderPaid, orders_history.add_paid),
    (MarketplaceOrderBound, purchases_handlers.add_bound),
    (MarketplaceOrderBound, merging_handlers.propose_buyers),
    (MarketplaceOrderUnbound, purchases_handlers.take_out_unbound),
    (OrderPaid, orders_messages.tell_paid),
    (OrderShipped, orders_messages.tell_shipped),
    (OrderCancelled, orders_messages.tell_cancelled),
    (OrderRefunded, topups_handlers.note_arrived),
    (OrderRefunded, orders_messages.tell_refunded),
    (OrderFinal, orders_handlers.push_first_order_coupons),
    (OrderCancelled, mall_handlers.give_back),
    (OrderTakenBack, mall_handlers.give_back),
    (OrderPaid, orders_rewards.earn),
    (OrderCompleted, orders_rewards.activate),
    (OrderFinal, orders_rewards.reward_first),
    (MemberJoined, tiers_handlers.begin),
    (MemberJoined, coupons_handlers.push_joining_coupons),
    (MemberLeft, tiers_handlers.end),
    (GrowthChanged, tiers_handlers.follow_growth),
    (TierChanged, tiers_messages.tell_change),
    (TierDropAhead, tiers_messages.tell_ahead),
    (MemberJoined, cards_handlers.place_joined),
    (MemberJoined, perks_handlers.grant_joined),
    (TierChanged, perks_handlers.grant_in_tier),
    (CardStarted, perks_handlers.grant_with_card),
    (PerkGranted, perks_messages.tell_granted),
    (MembershipSaved, perks_handlers.note_saved),
    (MemberLeft, cards_handlers.note_left),
    (MemberLeft, perks_handlers.end_left),
    (MarketplaceOrderBound, cashback_handlers.earn_growth),
    (ClaimPaid, cashback_messages.tell_paid),
    (ClaimRejected, cashback_messages.tell_rejected),
    (TransferWaiting, cashback_payout_messages.tell_waiting),
]


def forget_old(now: datetime) -> int:
    """Delete what only mattered for a while."""
    return (
        idempotency.forget_old(now=now)
        + limits.forget_old(now=now)
        + jobs.forget_old()
        + carts.forget_old(now=now)
        + former.forget_old(now=now)
        + wechat_retention.forget_old(now=now)
        + marketplace_held.forget_old(now=now)
    )


def pay_claims(now: datetime) -> int:
    """Pay what is approved inside the shop, then ask for the transfers."""
    return cashback_jobs.pay_claims(now) + cashback_payout_jobs.send_transfers(now)


JOBS: list[Job] = [
    Job(name="send-messages", every=timedelta(seconds=2), run=wechat_sending.send_due),
    Job(name="repair-welcomes", every=timedelta(seconds=5), run=lambda now: welcomes.repair(now=now)),
    Job(name="deliver-events", every=timedelta(seconds=2), run=lambda now: outbox.deliver_due(now=now)),
    Job(name="close-unpaid-orders", every=timedelta(seconds=15), run=payments_jobs.close_unpaid_orders),
    Job(name="query-payments", every=timedelta(seconds=5), run=payments_jobs.query_payments),
    Job(name="send-refunds", every=timedelta(seconds=5), run=payments_jobs.send_refunds),
    Job(name="put-back-principal", every=timedelta(minutes=1), run=topups_jobs.put_back_principal),
    Job(name="complete-orders", every=timedelta(minutes=10), run=orders_jobs.complete_orders),
    Job(name="close-returns", every=timedelta(minutes=10), run=orders_jobs.close_returns),
    Job(name="match-claims", every=timedelta(minutes=1), run=cashback_jobs.match_claims),
    Job(name="pay-claims", every=timedelta(minutes=1), run=pay_claims),
    Job(name="query-transfers", every=timedelta(seconds=5), run=cashback_payout_jobs.query_transfers),
    Job(name="import-files", every=timedelta(seconds=2), run=imports_jobs.import_files),
    Job(name="watch-import-folder", every=timedelta(seconds=15), run=imports_jobs.watch_folder),
    Job(name="rebuild-facts", every=timedelta(minutes=1), run=purchases_jobs.rebuild_facts),
    Job(name="activate-points", every=timedelta(minutes=5), run=ledger_jobs.activate_points),
    Job(name="expire-points", every=timedelta(minutes=10), run=ledger_jobs.expire_points),
    Job(name="expire-coupons", every=timedelta(minutes=10), run=coupons_jobs.expire_coupons),
    Job(name="announce-coupon-ends", at=time(10), run=coupons_messages.announce_ends),
    Job(name="tell-points-earned", at=time(10, 0), run=points_messages.tell_earned),
    Job(name="tell-points-expiring", at=time(10, 10), run=points_messages.tell_expiring),
    Job(name="make-flyers", every=timedelta(seconds=2), run=flyers_jobs.make_flyers),
    Job(name="evaluate-tiers", every=timedelta(minutes=10), run=tiers_jobs.evaluate_tiers),
    Job(name="grant-perks", at=time(8, 30), run=perks_jobs.grant_perks),
    Job(name="reconcile-payments", at=time(10, 30), run=payments_jobs.reconcile_payments),
    Job(name="reconcile-transfers", at=time(10, 40), run=cashback_payout_jobs.reconcile_transfers),
    Job(name="gather-late", every=timedelta(minutes=1), run=merging_jobs.gather_late),
    Job(name="find-duplicates", every=timedelta(minutes=10), run=merging_jobs.find_duplicates),
    Job(name="erase-idle-guests", at=time(3, 40), run=rights_jobs.erase_idle_guests),
    Job(name="forget-import-files", at=time(4, 10), run=imports_jobs.forget_files),
    Job(name="sync-fans", every=timedelta(seconds=10), run=fans_jobs.go_on),
    Job(name="begin-fan-sync", at=time(3, 10), run=fans_jobs.begin_sync),
    Job(name="forget-old", at=time(4, 30), run=forget_old),
]


COMMANDS: list[click.Command] = [
    commands.work,
    commands.jobs_group,
    rotation.pii_group,
    replies_commands.wechat_group,
    staff_group,
    tokens_group,
    demo_group,
    payments_group,
    ledger_group,
    claims_group,
    rights_commands.customers_group,
    tiers_group,
    purchases_group,
    marketplace_group,
    report_group,
]
