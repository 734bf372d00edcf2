"""Who acts, and what they may do: rights have names, roles are sets of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import ParamSpec, TypeVar

from flask import Blueprint, current_app, g, has_request_context, redirect, request, url_for
from werkzeug.wrappers import Response

from .errors import Forbidden, SignInNeeded

P = ParamSpec("P")
R = TypeVar("R")


class Permission(StrEnum):
    """area:thing:action"""

    DASHBOARD_VIEW = "console:dashboard:view"
    PRODUCTS_VIEW = "store:products:view"
    PRODUCTS_EDIT = "store:products:edit"
    STOCK_EDIT = "store:stock:edit"
    ORDERS_VIEW = "store:orders:view"
    ORDERS_SHIP = "store:orders:ship"
    ORDERS_CANCEL = "store:orders:cancel"
    ORDERS_REFUND = "store:orders:refund"
    ORDERS_NOTE = "store:orders:note"
    CUSTOMERS_VIEW = "members:customers:view"
    CUSTOMERS_SEE_PERSONAL = "members:customers:see_personal"
    CUSTOMERS_EDIT = "members:customers:edit"
    CUSTOMERS_NOTE = "members:customers:note"
    LOYALTY_VIEW = "loyalty:rules:view"
    LOYALTY_EDIT = "loyalty:rules:edit"
    TIERS_OVERRIDE = "loyalty:tiers:override"
    COUPONS_GRANT = "loyalty:coupons:grant"
    WALLET_REFUND = "loyalty:wallet:refund"
    CHANNELS_VIEW = "members:channels:view"
    CHANNELS_EDIT = "members:channels:edit"
    REPORTS_VIEW = "outreach:reports:view"
    IMPORTS_EDIT = "members:imports:edit"
    LEDGER_VIEW = "loyalty:ledger:view"
    LEDGER_ADJUST = "loyalty:ledger:adjust"
    LEDGER_APPROVE = "loyalty:ledger:approve"
    OUTREACH_EDIT = "outreach:replies:edit"
    WECHAT_SETUP = "console:wechat:setup"
    SETTINGS_EDIT = "console:settings:edit"
    STAFF_EDIT = "console:staff:edit"
    AUDIT_VIEW = "console:audit:view"
    JOBS_VIEW = "console:jobs:view"


class Role(StrEnum):
    OWNER = "owner"
    OPERATOR = "operator"
    WAREHOUSE = "warehouse"
    SERVICE = "service"
    ANALYST = "analyst"


_P = Permission
ROLES: dict[Role, frozenset[Permission]] = {
    Role.OWNER: frozenset(Permission),
    Role.OPERATOR: frozenset(Permission) - {_P.STAFF_EDIT, _P.SETTINGS_EDIT, _P.WECHAT_SETUP},
    Role.WAREHOUSE: frozenset(
        {
            _P.DASHBOARD_VIEW,
            _P.PRODUCTS_VIEW,
            _P.STOCK_EDIT,
            _P.ORDERS_VIEW,
            _P.ORDERS_SHIP,
            _P.ORDERS_NOTE,
            _P.CUSTOMERS_SEE_PERSONAL,
        }
    ),
    Role.SERVICE: frozenset(
        {
            _P.DASHBOARD_VIEW,
            _P.PRODUCTS_VIEW,
            _P.ORDERS_VIEW,
            _P.ORDERS_CANCEL,
            _P.ORDERS_REFUND,
            _P.ORDERS_NOTE,
            _P.CUSTOMERS_VIEW,
            _P.CUSTOMERS_NOTE,
            _P.LOYALTY_VIEW,
            _P.COUPONS_GRANT,
            _P.LEDGER_VIEW,
            _P.WALLET_REFUND,
        }
    ),
    Role.ANALYST: frozenset(
        {
            _P.DASHBOARD_VIEW,
            _P.PRODUCTS_VIEW,
            _P.ORDERS_VIEW,
            _P.CUSTOMERS_VIEW,
            _P.LOYALTY_VIEW,
            _P.LEDGER_VIEW,
            _P.CHANNELS_VIEW,
            _P.REPORTS_VIEW,
        }
    ),
}

SCOPES: dict[str, frozenset[Permission]] = {
    "products:read": frozenset({_P.PRODUCTS_VIEW}),
    "products:write": frozenset({_P.PRODUCTS_VIEW, _P.PRODUCTS_EDIT}),
    "stock:read": frozenset({_P.PRODUCTS_VIEW}),
    "stock:write": frozenset({_P.PRODUCTS_VIEW, _P.STOCK_EDIT}),
    "orders:read": frozenset({_P.ORDERS_VIEW, _P.CUSTOMERS_SEE_PERSONAL}),
    "orders:write": frozenset(
        {
            _P.ORDERS_VIEW,
            _P.ORDERS_SHIP,
            _P.ORDERS_CANCEL,
            _P.ORDERS_REFUND,
            _P.ORDERS_NOTE,
            _P.CUSTOMERS_SEE_PERSONAL,
        }
    ),
    "customers:read": frozenset({_P.CUSTOMERS_VIEW, _P.CUSTOMERS_SEE_PERSONAL}),
    "customers:write": frozenset(
        {
            _P.CUSTOMERS_VIEW,
            _P.CUSTOMERS_SEE_PERSONAL,
            _P.CUSTOMERS_EDIT,
            _P.CUSTOMERS_NOTE,
            _P.LEDGER_VIEW,
            _P.LEDGER_ADJUST,
        }
    ),
    "loyalty:read": frozenset({_P.CUSTOMERS_VIEW, _P.LOYALTY_VIEW, _P.LEDGER_VIEW}),
    "loyalty:write": frozenset(
        {
            _P.CUSTOMERS_VIEW,
            _P.LOYALTY_VIEW,
            _P.LOYALTY_EDIT,
            _P.TIERS_OVERRIDE,
            _P.COUPONS_GRANT,
            _P.WALLET_REFUND,
            _P.LEDGER_VIEW,
            _P.LEDGER_ADJUST,
        }
    ),
    "channels:read": frozenset({_P.CHANNELS_VIEW}),
    "channels:write": frozenset({_P.CHANNELS_VIEW, _P.CHANNELS_EDIT}),
    "reports:read": frozenset({_P.REPORTS_VIEW}),
    "*": frozenset(Permission),
}


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who acts: kind is staff, token, customer, stranger or system; `id` is what is shown outside."""

    kind: str
    id: str
    name: str
    permissions: frozenset[Permission] = frozenset()

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions


SYSTEM = Actor(kind="system", id="system", name="system")


def current_actor() -> Actor:
    """The actor of this request, else the system itself."""
    if not has_request_context():
        return SYSTEM
    actor: Actor = g.get("actor", SYSTEM)
    return actor


def may(permission: Permission) -> bool:
    return current_actor().may(permission)


def require(permission: Permission) -> None:
    """Raises `SignInNeeded` if nobody is signed in, `Forbidden` if the actor lacks the right."""
    actor = current_actor()
    if actor.kind not in ("staff", "token"):
        raise SignInNeeded
    if not actor.may(permission):
        raise Forbidden(permission=permission.value)


def requires(permission: Permission) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorator of console and merchant views."""

    def wrap(view: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            require(permission)
            return view(*args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        return guarded

    return wrap


def guard_console(blueprint: Blueprint) -> Blueprint:
    """Let only signed-in staff into this blueprint; others are sent to the sign-in page."""

    @blueprint.before_request
    def staff_only() -> Response | None:
        actor: Actor | None = current_app.extensions["load_staff"]()
        if actor is None:
            return redirect(url_for("console.sign_in", next=request.full_path.rstrip("?")))
        g.actor = actor
        return None

    return blueprint


def guard_merchant_api(blueprint: Blueprint) -> Blueprint:
    """Let only holders of a merchant token, or signed-in staff, into this blueprint."""

    @blueprint.before_request
    def merchant_only() -> None:
        actor: Actor | None = current_app.extensions["load_token"]() or current_app.extensions["load_staff"]()
        if actor is None:
            raise SignInNeeded
        g.actor = actor

    return blueprint
