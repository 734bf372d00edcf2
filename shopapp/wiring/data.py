"""All tables, what is kept of a person, and what of two customers becomes one."""

from __future__ import annotations

from shopapp.admin import models as admin_models
from shopapp.kernel import (
    audit,
    idempotency,
    jobs,
    limits,
    outbox,
    pagecache,
    preferences,
)
from shopapp.kernel.merging import MergePart, moving, staying
from shopapp.kernel.personal import PersonalData
from shopapp.loyalty.adjustments import models as adjustments_models
from shopapp.loyalty.adjustments import personal as adjustments_personal
from shopapp.loyalty.cards import models as cards_models
from shopapp.loyalty.cards import personal as cards_personal
from shopapp.loyalty.cashback import merging as cashback_merging
from shopapp.loyalty.cashback import models as cashback_models
from shopapp.loyalty.cashback import payout_models, payout_personal
from shopapp.loyalty.cashback import personal as cashback_personal
from shopapp.loyalty.coupons import merging as coupons_merging
from shopapp.loyalty.coupons import models as coupons_models
from shopapp.loyalty.coupons import personal as coupons_personal
from shopapp.loyalty.ledger import merging as ledger_merging
from shopapp.loyalty.ledger import models as ledger_models
from shopapp.loyalty.perks import merging as perks_merging
from shopapp.loyalty.perks import models as perks_models
from shopapp.loyalty.perks import personal as perks_personal
from shopapp.loyalty.points import merging as points_merging
from shopapp.loyalty.points import models as points_models
from shopapp.loyalty.points import personal as points_personal
from shopapp.loyalty.tiers import merging as tiers_merging
from shopapp.loyalty.tiers import models as tiers_models
from shopapp.loyalty.tiers import personal as tiers_personal
from shopapp.loyalty.wallet import models as wallet_models
from shopapp.loyalty.wallet import personal as wallet_personal
from shopapp.members.addresses import comparing as addresses_comparing
from shopapp.members.addresses import merging as addresses_merging
from shopapp.members.addresses import models as addresses_models
from shopapp.members.addresses import personal as addresses_personal
from shopapp.members.channels import models as channels_models
from shopapp.members.channels import personal as channels_personal
from shopapp.members.consent import models as consent_models
from shopapp.members.consent import queries as consent_queries
from shopapp.members.fans import models as fans_models
from shopapp.members.fans import personal as fans_personal
from shopapp.members.flyers import models as flyers_models
from shopapp.members.identity import comparing as identity_comparing
from shopapp.members.identity import correspondence, forgetting, membership
from shopapp.members.identity import members as identity_members
from shopapp.members.identity import merging as identity_merging
from shopapp.members.identity import models as identity_models
from shopapp.members.imports import models as imports_models
from shopapp.members.marketplace import models as marketplace_models
from shopapp.members.marketplace import personal as marketplace_personal
from shopapp.members.merging import models as merging_models
from shopapp.members.merging import personal as merging_personal
from shopapp.members.merging.clues import Clue
from shopapp.members.merging.rules import Reason
from shopapp.members.notes import merging as notes_merging
from shopapp.members.notes import models as notes_models
from shopapp.members.notes import personal as notes_personal
from shopapp.members.purchases import models as purchases_models
from shopapp.members.purchases import personal as purchases_personal
from shopapp.outreach.menu import models as menu_models
from shopapp.outreach.replies import models as replies_models
from shopapp.store.aftersales import models as aftersales_models
from shopapp.store.cardsales import models as cardsales_models
from shopapp.store.carts import merging as carts_merging
from shopapp.store.carts import models as carts_models
from shopapp.store.carts import personal as carts_personal
from shopapp.store.catalogue import models as catalogue_models
from shopapp.store.mall import merging as mall_merging
from shopapp.store.mall import models as mall_models
from shopapp.store.mall import personal as mall_personal
from shopapp.store.orders import merging as orders_merging
from shopapp.store.orders import models as orders_models
from shopapp.store.orders import personal as orders_personal
from shopapp.store.payments import models as payments_models
from shopapp.store.shipping import models as shipping_models
from shopapp.store.stock import models as stock_models
from shopapp.store.topups import models as topups_models
from shopapp.store.topups import personal as topups_personal
from shopapp.wechat import models as wechat_models
from shopapp.wechat.worklist import models as worklist_models

MODELS = [
    audit,
    idempotency,
    jobs,
    limits,
    outbox,
    pagecache,
    preferences,
    wechat_models,
    worklist_models,
    identity_models,
    consent_models,
    addresses_models,
    channels_models,
    flyers_models,
    fans_models,
    notes_models,
    purchases_models,
    marketplace_models,
    imports_models,
    merging_models,
    ledger_models,
    points_models,
    adjustments_models,
    tiers_models,
    wallet_models,
    cards_models,
    perks_models,
    replies_models,
    menu_models,
    catalogue_models,
    stock_models,
    carts_models,
    orders_models,
    shipping_models,
    payments_models,
    aftersales_models,
    topups_models,
    cardsales_models,
    coupons_models,
    mall_models,
    cashback_models,
    payout_models,
    admin_models,
]


# erased in this order: what is found by openid goes before the openids themselves
PERSONAL: list[PersonalData] = [
    PersonalData(name="addresses", export=addresses_personal.export, erase=addresses_personal.erase),
    PersonalData(name="cart", export=carts_personal.export, erase=carts_personal.erase),
    PersonalData(
        name="orders",
        export=orders_personal.export,
        erase=orders_personal.erase,
        obstacles=orders_personal.obstacles,
        binds=orders_personal.binds,
    ),
    PersonalData(
        name="claims",
        export=cashback_personal.export,
        erase=cashback_personal.erase,
        obstacles=cashback_personal.obstacles,
        binds=cashback_personal.binds,
    ),
    PersonalData(name="transfers", export=payout_personal.export, erase=payout_personal.erase),
    PersonalData(
        name="purchases",
        export=purchases_personal.export,
        erase=purchases_personal.erase,
        binds=purchases_personal.binds,
    ),
    PersonalData(
        name="marketplaces",
        export=marketplace_personal.export,
        erase=marketplace_personal.erase,
        binds=marketplace_personal.binds,
    ),
    PersonalData(name="adjustments", export=adjustments_personal.export, erase=adjustments_personal.erase),
    PersonalData(
        name="points",
        export=points_personal.export,
        erase=points_personal.erase,
        binds=points_personal.binds,
        given_once=points_personal.given_once,
    ),
    PersonalData(
        name="wallet",
        export=wallet_personal.export,
        erase=wallet_personal.erase,
        obstacles=topups_personal.obstacles,
        given_once=topups_personal.given_once,
    ),
    PersonalData(name="tier", export=tiers_personal.export, erase=None),
    PersonalData(
        name="coupons",
        export=coupons_personal.export,
        erase=None,
        given_once=coupons_personal.given_once,
    ),
    PersonalData(
        name="perks", export=perks_personal.export, erase=None, given_once=perks_personal.given_once
    ),
    PersonalData(
        name="cards", export=cards_personal.export, erase=None, given_once=cards_personal.given_once
    ),
    PersonalData(name="mall", export=mall_personal.export, erase=None, given_once=mall_personal.given_once),
    PersonalData(name="notes", export=notes_personal.export, erase=notes_personal.erase),
    PersonalData(name="visits", export=channels_personal.export, erase=channels_personal.erase),
    PersonalData(
        name="touches", export=channels_personal.export_touches, erase=channels_personal.erase_touches
    ),
    PersonalData(name="fan", export=fans_personal.export, erase=fans_personal.erase),
    PersonalData(name="messages", export=correspondence.export, erase=correspondence.erase),
    PersonalData(name="consents", export=consent_queries.export, erase=None),
    PersonalData(name="merges", export=merging_personal.export, erase=merging_personal.erase),
    PersonalData(
        name="person",
        export=identity_members.export,
        erase=forgetting.erase,
        given_once=membership.birthday_gifts,
    ),
]


# merged, and undone, in this order: that in which rows are locked everywhere, then what follows from the others
MERGING: list[MergePart] = [
    orders_merging.PART,
    moving("wallet", topups_models.TopUp, topups_models.PrincipalRefund),
    carts_merging.PART,
    coupons_merging.PART,
    mall_merging.PART,
    ledger_merging.PART,
    moving("marketplaces", marketplace_models.MarketplaceOrder),
    moving("purchases", purchases_models.Purchase),
    moving("touches", channels_models.Touch, channels_models.LinkVisit),
    cashback_merging.PART,
    moving("adjustments", adjustments_models.Adjustment),
    points_merging.PART,
    tiers_merging.PART,
    perks_merging.PART,
    addresses_merging.PART,
    notes_merging.PART,
    moving("consents", consent_models.ConsentEntry),
    staying("merges", merging_models.CustomerMerge, merging_models.MergePair),
    identity_merging.ACCOUNTS,
    identity_merging.PART,
]


# how customers who may be one person are found
CLUES: list[Clue] = [
    Clue(reason=Reason.ADDRESS, look=addresses_comparing.look),
    Clue(reason=Reason.PERSON, look=identity_comparing.look),
]
