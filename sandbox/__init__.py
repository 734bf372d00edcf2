"""A local stand-in for the WeChat platform: official account, Pay and the phone in front of them."""

from __future__ import annotations

import importlib.util

from flask import Flask

from . import clock, deliveries, faults, journal, people, settings, store
from .settings import SandboxSettings

__all__ = ["SandboxSettings", "create_sandbox", "faults", "people"]


def create_sandbox(config: SandboxSettings) -> Flask:
    """Build the Flask application; state, clock and settings become those of this process."""
    from . import control, oa, sms

    settings.use(config)
    app = Flask("sandbox", static_folder=None)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.config["MAX_CONTENT_LENGTH"] = 20 * 1024 * 1024
    journal.install(app)
    app.register_blueprint(oa.blueprint)
    app.register_blueprint(control.blueprint)
    app.register_blueprint(sms.blueprint)
    if importlib.util.find_spec("sandbox.pay") is not None:
        from . import pay

        app.register_blueprint(pay.blueprint)
        store.register(pay.SCHEMA)
    store.configure(config.database)
    clock.configure(config.clock_file)
    deliveries.recover()
    oa.install()
    if config.ticker:
        deliveries.start_ticker()
    return app
