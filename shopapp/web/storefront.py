"""All pages that customers see."""

from __future__ import annotations

from flask import Blueprint

from shopapp.members.addresses import pages as addresses
from shopapp.store.carts import pages as carts
from shopapp.store.catalogue import pages as catalogue
from shopapp.store.orders import checkout
from shopapp.store.orders import pages as orders
from shopapp.store.payments import pages as payments

from . import finish, home, language, me, sign_in, theme

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
    language.pages,
    addresses.blueprint,
]
