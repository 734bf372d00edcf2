"""All that is reached over HTTP: the API, the pages, the console."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from shopapp.admin.screens import (
    account,
    background,
    coupons,
    customers,
    dashboard,
    finding,
    merging,
    messages,
    people,
    setup,
    shop_settings,
    sign_in,
    simulator,
    templates,
    tokens,
    trail,
)
from shopapp.loyalty.accounting import admin as accounting_admin
from shopapp.loyalty.accounting import merchant_api as merchant_accounting_api
from shopapp.loyalty.adjustments import admin as adjustments_admin
from shopapp.loyalty.adjustments import merchant_api as merchant_adjustments_api
from shopapp.loyalty.cards import admin as cards_admin
from shopapp.loyalty.cards import api as cards_api
from shopapp.loyalty.cards import merchant_api as merchant_cards_api
from shopapp.loyalty.cashback import admin as cashback_admin
from shopapp.loyalty.cashback import api as claims_api
from shopapp.loyalty.cashback import callbacks as cashback_callbacks
from shopapp.loyalty.cashback import merchant_api as merchant_cashback_api
from shopapp.loyalty.cashback import payout_admin as cashback_payout_admin
from shopapp.loyalty.cashback import payout_api as cashback_payout_api
from shopapp.loyalty.coupons import api as coupons_api
from shopapp.loyalty.coupons import merchant_api as merchant_coupons_api
from shopapp.loyalty.perks import admin as perks_admin
from shopapp.loyalty.perks import api as perks_api
from shopapp.loyalty.perks import merchant_api as merchant_perks_api
from shopapp.loyalty.points import admin as points_admin
from shopapp.loyalty.points import api as points_api
from shopapp.loyalty.tiers import admin as tiers_admin
from shopapp.loyalty.tiers import api as tiers_api
from shopapp.loyalty.tiers import merchant_api as merchant_tiers_api
from shopapp.loyalty.wallet import admin as wallet_admin
from shopapp.loyalty.wallet import api as wallet_api
from shopapp.loyalty.wallet import merchant_api as merchant_wallet_api
from shopapp.members.addresses import api as addresses_api
from shopapp.members.channels import admin as channels_admin
from shopapp.members.channels import merchant_api as merchant_channels_api
from shopapp.members.fans import admin as fans_admin
from shopapp.members.flyers import admin as flyers_admin
from shopapp.members.flyers import merchant_api as merchant_flyers_api
from shopapp.members.identity import admin as membership_admin
from shopapp.members.identity import api as identity_api
from shopapp.members.identity import merchant_api as merchant_customers_api
from shopapp.members.imports import admin as imports_admin
from shopapp.members.marketplace import admin as market_orders_admin
from shopapp.members.notes import admin as notes_admin
from shopapp.members.notes import merchant_api as merchant_notes_api
from shopapp.members.rights import api as rights_api
from shopapp.outreach.menu import admin as menu_admin
from shopapp.outreach.replies import admin as replies_admin
from shopapp.outreach.reports import admin as reports_admin
from shopapp.outreach.reports import merchant_api as merchant_reports_api
from shopapp.store.cardsales import api as cardsales_api
from shopapp.store.carts import api as carts_api
from shopapp.store.catalogue import admin as catalogue_admin
from shopapp.store.catalogue import admin_categories
from shopapp.store.catalogue import api as catalogue_api
from shopapp.store.catalogue import merchant_api as merchant_catalogue_api
from shopapp.store.catalogue import pictures as catalogue_pictures
from shopapp.store.mall import admin as mall_admin
from shopapp.store.mall import api as mall_api
from shopapp.store.mall import merchant_api as merchant_mall_api
from shopapp.store.orders import admin as orders_admin
from shopapp.store.orders import api as orders_api
from shopapp.store.orders import merchant_api as merchant_orders_api
from shopapp.store.orders import quotes
from shopapp.store.payments import admin as payments_admin
from shopapp.store.payments import api as payments_api
from shopapp.store.payments import callbacks as payments_callbacks
from shopapp.store.stock import merchant_api as merchant_stock_api
from shopapp.store.topups import admin as topups_admin
from shopapp.store.topups import api as topups_api
from shopapp.store.topups import merchant_api as merchant_topups_api
from shopapp.web import api_docs, storefront
from shopapp.wechat.inbound import pages as wechat_inbound_pages
from shopapp.wechat.jssdk import api as jssdk_api

API: list[Any] = [
    identity_api.blp,
    rights_api.blp,
    addresses_api.blp,
    wallet_api.blp,
    merchant_wallet_api.blp,
    jssdk_api.blp,
    catalogue_api.blp,
    merchant_catalogue_api.blp,
    merchant_stock_api.blp,
    carts_api.blp,
    quotes.blp,
    orders_api.blp,
    payments_api.blp,
    topups_api.blp,
    merchant_topups_api.blp,
    merchant_orders_api.blp,
    points_api.blp,
    merchant_adjustments_api.blp,
    merchant_accounting_api.blp,
    merchant_customers_api.blp,
    merchant_notes_api.blp,
    merchant_channels_api.blp,
    merchant_flyers_api.blp,
    merchant_reports_api.blp,
    coupons_api.blp,
    merchant_coupons_api.blp,
    claims_api.blp,
    merchant_cashback_api.blp,
    mall_api.blp,
    merchant_mall_api.blp,
    tiers_api.blp,
    merchant_tiers_api.blp,
    perks_api.blp,
    merchant_perks_api.blp,
    cards_api.blp,
    cardsales_api.blp,
    cashback_payout_api.blp,
    merchant_cards_api.blp,
]

PAGES: list[Blueprint] = [
    api_docs.pages,
    *storefront.PAGES,
    wechat_inbound_pages.blueprint,
    payments_callbacks.blueprint,
    cashback_callbacks.blueprint,
    catalogue_pictures.blueprint,
]

CONSOLE: list[Blueprint] = [
    sign_in.blp,
    account.blp,
    dashboard.blp,
    finding.blp,
    catalogue_admin.blp,
    admin_categories.blp,
    orders_admin.blp,
    payments_admin.refunds_blp,
    payments_admin.notices_blp,
    topups_admin.blp,
    customers.blp,
    membership_admin.blp,
    merging.blp,
    notes_admin.blp,
    coupons.blp,
    points_admin.blp,
    mall_admin.blp,
    adjustments_admin.blp,
    accounting_admin.blp,
    tiers_admin.blp,
    wallet_admin.blp,
    perks_admin.blp,
    cards_admin.blp,
    simulator.blp,
    channels_admin.blp,
    flyers_admin.blp,
    cashback_admin.blp,
    cashback_admin.claims_blp,
    cashback_payout_admin.blp,
    imports_admin.blp,
    market_orders_admin.blp,
    replies_admin.blp,
    reports_admin.blp,
    fans_admin.blp,
    menu_admin.blp,
    shop_settings.blp,
    setup.blp,
    templates.blp,
    messages.blp,
    people.blp,
    tokens.blp,
    trail.blp,
    background.blp,
]
