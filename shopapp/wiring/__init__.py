"""The one explicit list of what the application is made of: `data`, `places`, `work`, put together here."""

from __future__ import annotations

from flask import Flask, request

from shopapp.admin import shell
from shopapp.admin.queries import colleagues
from shopapp.kernel import (
    outbox,
)
from shopapp.kernel.access import current_actor
from shopapp.kernel.http import ShopApi
from shopapp.loyalty.points.queries import set_categories
from shopapp.members.identity.queries import of_survivor, signed_in
from shopapp.members.notes.queries import set_colleagues
from shopapp.members.purchases.own import OwnOrders, set_own_orders
from shopapp.outreach.replies import services as replies_services
from shopapp.store.catalogue.queries import category_names
from shopapp.store.orders import history as own_history
from shopapp.store.payments.queries import payment_numbers
from shopapp.wechat.inbound.services import set_replier

from . import data, places, work


def principal() -> str:
    """Whose request this is: the owner of its Idempotency-Key."""
    customer = signed_in()
    if customer is not None:
        return f"customer:{customer.public_id}"
    actor = current_actor()
    return f"{actor.kind}:{actor.id}" if actor.kind != "system" else f"guest:{request.remote_addr}"


def connect(app: Flask) -> None:
    """Put all parts into the application."""
    connect_api(app)
    shell.connect(app, app.extensions["settings"])
    for blueprint in [*places.PAGES, *places.CONSOLE]:
        app.register_blueprint(blueprint)
    set_replier(app, replies_services.reply_to)
    set_categories(app, category_names)
    set_colleagues(app, colleagues)
    set_own_orders(app, OwnOrders(walk=own_history.walk, paid_by=payment_numbers))
    registry = outbox.Registry()
    for kind, handler in work.HANDLERS:
        registry.add(kind, handler)
    registry.as_of_now = of_survivor
    app.extensions["principal"] = principal
    app.extensions["outbox"] = registry
    app.extensions["personal"] = data.PERSONAL
    app.extensions["merging"] = data.MERGING
    app.extensions["merge_clues"] = data.CLUES
    app.extensions["jobs"] = {job.name: job for job in work.JOBS}
    for command in work.COMMANDS:
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
    for blueprint in places.API:
        api.register_blueprint(blueprint)
