"""All tables, and what is kept of a person."""

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
from shopapp.kernel.personal import PersonalData
from shopapp.loyalty.adjustments import models as adjustments_models
from shopapp.loyalty.adjustments import personal as adjustments_personal
from shopapp.loyalty.cards import models as cards_models
from shopapp.loyalty.cards import personal as cards_personal
from shopapp.loyalty.coupons import models as coupons_models
from shopapp.loyalty.coupons import personal as coupons_personal
from shopapp.loyalty.ledger import models as ledger_models
from shopapp.loyalty.perks import models as perks_models
from shopapp.loyalty.perks import personal as perks_personal
from shopapp.loyalty.points import models as points_models
from shopapp.loyalty.points import personal as points_personal
from shopapp.loyalty.tiers import models as tiers_models
from shopapp.loyalty.tiers import personal as tiers_personal
from shopapp.loyalty.wallet import models as wallet_models
from shopapp.loyalty.wallet import personal as wallet_personal
from shopapp.members.addresses import models as addresses_models
from shopapp.members.addresses import personal as addresses_personal
from shopapp.members.channels import models as channels_models
from shopapp.members.channels import personal as channels_personal
from shopapp.members.consent import models as consent_models
from shopapp.members.consent import queries as consent_queries
from shopapp.members.identity import correspondence, forgetting
from shopapp.members.identity import members as identity_members
from shopapp.members.identity import models as identity_models
from shopapp.members.notes import models as notes_models
from shopapp.members.notes import personal as notes_personal
from shopapp.outreach.replies import models as replies_models
from shopapp.store.aftersales import models as aftersales_models
from shopapp.store.cardsales import models as cardsales_models
from shopapp.store.carts import models as carts_models
from shopapp.store.carts import personal as carts_personal
from shopapp.store.catalogue import models as catalogue_models
from shopapp.store.mall import models as mall_models
from shopapp.store.orders import models as orders_models
from shopapp.store.orders import personal as orders_personal
from shopapp.store.payments import models as payments_models
from shopapp.store.shipping import models as shipping_models
from shopapp.store.stock import models as stock_models
from shopapp.store.topups import models as topups_models
from shopapp.wechat import models as wechat_models

MODELS = [
    audit,
    idempotency,
    jobs,
    limits,
    outbox,
    pagecache,
    preferences,
    wechat_models,
    identity_models,
    consent_models,
    addresses_models,
    channels_models,
    notes_models,
    ledger_models,
    points_models,
    adjustments_models,
    tiers_models,
    wallet_models,
    cards_models,
    perks_models,
    replies_models,
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
    PersonalData(name="adjustments", export=adjustments_personal.export, erase=adjustments_personal.erase),
    PersonalData(
        name="points",
        export=points_personal.export,
        erase=points_personal.erase,
        binds=points_personal.binds,
    ),
    PersonalData(
        name="wallet",
        export=wallet_personal.export,
        erase=wallet_personal.erase,
        obstacles=wallet_personal.obstacles,
    ),
    PersonalData(name="tier", export=tiers_personal.export, erase=None),
    PersonalData(name="coupons", export=coupons_personal.export, erase=None),
    PersonalData(name="perks", export=perks_personal.export, erase=None),
    PersonalData(name="cards", export=cards_personal.export, erase=None),
    PersonalData(name="notes", export=notes_personal.export, erase=notes_personal.erase),
    PersonalData(name="visits", export=channels_personal.export, erase=channels_personal.erase),
    PersonalData(name="messages", export=correspondence.export, erase=correspondence.erase),
    PersonalData(name="consents", export=consent_queries.export, erase=None),
    PersonalData(name="person", export=identity_members.export, erase=forgetting.erase),
]
