"""The shop: `create_app()` builds the application that the web server, the worker and the command line share."""

from __future__ import annotations

import sys

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix
from whitenoise import WhiteNoise

from config import VAR, BadSettings, Settings, load_settings

from . import wiring
from .kernel import assets, clock, db, http, i18n, migrations, observe, outbox
from .kernel import templating as templates


def create_app(settings: Settings | None = None) -> Flask:
    """Build the application; with wrong settings, print one line each and exit with 1."""
    if settings is None:
        try:
            settings = load_settings()
        except BadSettings as problem:
            for line in problem.problems:
                print(line, file=sys.stderr)
            raise SystemExit(1) from None
    app = Flask("shopapp", root_path=str(VAR.parent / "shopapp"), static_folder=None, template_folder=None)
    app.secret_key = settings.secret_key
    app.extensions["settings"] = settings
    clock.follow_file(settings.clock_file)
    observe.init_app(app, production=settings.production)
    db.init_app(app, settings)
    migrations.init_app(app)
    http.init_app(app, settings)
    i18n.init_app(app)
    assets.init_app(app)
    templates.init_app(app)
    db.when_published(outbox.after_commit)
    wiring.connect(app)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    serve_assets(app)
    return app


def serve_assets(app: Flask) -> None:
    """The built files, kept by browsers for good under their hashed names; our own sources when nothing was built."""
    files = WhiteNoise(app.wsgi_app, autorefresh=False, max_age=0, immutable_file_test=_hashed)
    if assets.BUILT.is_dir():
        files.add_files(str(assets.BUILT), prefix=assets.PREFIX)
    for area, folder in assets.SOURCES.items():
        if folder.is_dir():
            files.add_files(str(folder), prefix=f"{assets.PREFIX}{area}/")
    app.wsgi_app = files  # type: ignore[method-assign]


def _hashed(path: str, url: str) -> bool:
    return url.removeprefix(assets.PREFIX) in assets.manifest().values()
