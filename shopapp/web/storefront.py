"""All pages that customers see."""

from __future__ import annotations

from flask import Blueprint

from shopapp.loyalty.cashback import pages as claims
from shopapp.loyalty.perks import pages as perks
from shopapp.loyalty.points import pages as points
from shopapp.loyalty.tiers import pages as tiers
from shopapp.loyalty.wallet import pages as wallet
from shopapp.members.addresses import pages as addresses
from shopapp.members.channels import pages as short_links
from shopapp.members.consent import pages as consents
from shopapp.members.identity import pages as members
from shopapp.members.rights import pages as rights
from shopapp.store.cardsales import pages as cardsales
from shopapp.store.carts import pages as carts
from shopapp.store.catalogue import pages as catalogue
from shopapp.store.mall import pages as mall
from shopapp.store.orders import checkout
from shopapp.store.orders import pages as orders
from shopapp.store.payments import pages as payments
from shopapp.store.topups import pages as topups

from . import coupons, finish, home, language, me, sign_in, theme

PAGES: list[Blueprint] = [
    finish.blueprint,
    theme.pages,
    sign_in.pages,
    home.pages,
    catalogue.blueprint,
    carts.blueprint,
    checkout.blueprint,
    payments.blueprint,
    orders.blueprint,
    me.pages,
    coupons.pages,
    claims.blueprint,
    points.blueprint,
    mall.blueprint,
    tiers.blueprint,
    wallet.blueprint,
    topups.blueprint,
    language.pages,
    addresses.blueprint,
    members.blueprint,
    consents.blueprint,
    short_links.blueprint,
    rights.blueprint,
    perks.blueprint,
    cardsales.blueprint,
]
