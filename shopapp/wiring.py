"""The one explicit list of what the application is made of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import click
from flask import Blueprint, Flask, request

from .admin import models as admin_models
from .admin import shell
from .admin.commands import staff_group, tokens_group
from .admin.demo.commands import demo_group
from .admin.screens import (
    account,
    background,
    dashboard,
    finding,
    people,
    setup,
    shop_settings,
    sign_in,
    templates,
    tokens,
    trail,
)
from .events import (
    AccountFollowed,
    AccountUnfollowed,
    OrderCancelled,
    OrderPaid,
    OrderRefunded,
    OrderShipped,
    SceneScanned,
)
from .kernel import audit, commands, idempotency, jobs, limits, outbox, pagecache, preferences, rotation
from .kernel.access import current_actor
from .kernel.http import ShopApi
from .kernel.jobs import Job
from .members.addresses import api as addresses_api
from .members.addresses import models as addresses_models
from .members.channels import admin as channels_admin
from .members.channels import handlers as channels_handlers
from .members.channels import models as channels_models
from .members.identity import admin as customers_admin
from .members.identity import api as identity_api
from .members.identity import handlers as identity_handlers
from .members.identity import models as identity_models
from .members.identity.queries import signed_in
from .outreach.replies import admin as replies_admin
from .outreach.replies import admin_menu
from .outreach.replies import commands as replies_commands
from .outreach.replies import models as replies_models
from .outreach.replies import services as replies_services
from .store.aftersales import models as aftersales_models
from .store.carts import api as carts_api
from .store.carts import models as carts_models
from .store.carts import services as carts
from .store.catalogue import admin as catalogue_admin
from .store.catalogue import admin_categories
from .store.catalogue import api as catalogue_api
from .store.catalogue import merchant_api as merchant_catalogue_api
from .store.catalogue import models as catalogue_models
from .store.catalogue import pictures as catalogue_pictures
from .store.orders import admin as orders_admin
from .store.orders import api as orders_api
from .store.orders import jobs as orders_jobs
from .store.orders import merchant_api as merchant_orders_api
from .store.orders import messages as orders_messages
from .store.orders import models as orders_models
from .store.orders import quotes
from .store.payments import admin as payments_admin
from .store.payments import api as payments_api
from .store.payments import callbacks as payments_callbacks
from .store.payments import jobs as payments_jobs
from .store.payments import models as payments_models
from .store.payments.commands import payments_group
from .store.shipping import models as shipping_models
from .store.stock import merchant_api as merchant_stock_api
from .store.stock import models as stock_models
from .web import api_docs, storefront
from .wechat import models as wechat_models
from .wechat import retention as wechat_retention
from .wechat.inbound import pages as wechat_inbound_pages
from .wechat.inbound.services import set_replier
from .wechat.jssdk import api as jssdk_api
from .wechat.messages import sending as wechat_sending

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
    addresses_models,
    channels_models,
    replies_models,
    catalogue_models,
    stock_models,
    carts_models,
    orders_models,
    shipping_models,
    payments_models,
    aftersales_models,
    admin_models,
]


def forget_old(now: datetime) -> int:
    """Delete what only mattered for a while."""
    return (
        idempotency.forget_old(now=now)
        + limits.forget_old(now=now)
        + jobs.forget_old()
        + carts.forget_old(now=now)
        + wechat_retention.forget_old(now=now)
    )


def principal() -> str:
    """Whose request this is: the owner of its Idempotency-Key."""
    customer = signed_in()
    if customer is not None:
        return f"customer:{customer.public_id}"
    actor = current_actor()
    return f"{actor.kind}:{actor.id}" if actor.kind != "system" else f"guest:{request.remote_addr}"


API: list[Any] = [
    identity_api.blp,
    addresses_api.blp,
    jssdk_api.blp,
    catalogue_api.blp,
    merchant_catalogue_api.blp,
    merchant_stock_api.blp,
    carts_api.blp,
    quotes.blp,
    orders_api.blp,
    payments_api.blp,
    merchant_orders_api.blp,
]

PAGES: list[Blueprint] = [
    api_docs.pages,
    *storefront.PAGES,
    wechat_inbound_pages.blueprint,
    payments_callbacks.blueprint,
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
    customers_admin.blp,
    channels_admin.blp,
    replies_admin.blp,
    admin_menu.blp,
    shop_settings.blp,
    setup.blp,
    templates.blp,
    people.blp,
    tokens.blp,
    trail.blp,
    background.blp,
]

HANDLERS: list[tuple[type[Any], Callable[[Any], None]]] = [
    (AccountFollowed, identity_handlers.remember_follow),
    (AccountUnfollowed, identity_handlers.remember_unfollow),
    (AccountFollowed, channels_handlers.count_follow),
    (SceneScanned, channels_handlers.count_scan),
    (OrderPaid, orders_messages.tell_paid),
    (OrderShipped, orders_messages.tell_shipped),
    (OrderCancelled, orders_messages.tell_cancelled),
    (OrderRefunded, orders_messages.tell_refunded),
]

JOBS: list[Job] = [
    Job(name="send-messages", every=timedelta(seconds=2), run=wechat_sending.send_due),
    Job(name="deliver-events", every=timedelta(seconds=2), run=lambda now: outbox.deliver_due(now=now)),
    Job(name="close-unpaid-orders", every=timedelta(seconds=15), run=payments_jobs.close_unpaid_orders),
    Job(name="query-payments", every=timedelta(seconds=5), run=payments_jobs.query_payments),
    Job(name="send-refunds", every=timedelta(seconds=5), run=payments_jobs.send_refunds),
    Job(name="complete-orders", every=timedelta(minutes=10), run=orders_jobs.complete_orders),
    Job(name="reconcile-payments", at=time(10, 30), run=payments_jobs.reconcile_payments),
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
]


def connect(app: Flask) -> None:
    """Put all parts into the application."""
    connect_api(app)
    shell.connect(app, app.extensions["settings"])
    for blueprint in [*PAGES, *CONSOLE]:
        app.register_blueprint(blueprint)
    set_replier(app, replies_services.reply_to)
    registry = outbox.Registry()
    for kind, handler in HANDLERS:
        registry.add(kind, handler)
    app.extensions["principal"] = principal
    app.extensions["outbox"] = registry
    app.extensions["jobs"] = {job.name: job for job in JOBS}
    for command in COMMANDS:
        app.cli.add_command(command)


def connect_api(app: Flask) -> None:
    app.config.update(
        API_TITLE="Huitou",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="v1/openapi.json",
    )
    api = ShopApi(app)
    app.extensions["openapi"] = api.spec.to_dict
    for blueprint in API:
        api.register_blueprint(blueprint)
