"""A shop and the local platform that reach each other over real HTTP on the loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.serving import make_server

from sandbox import SandboxSettings, create_sandbox, deliveries, people
from sandbox import clock as sandbox_clock
from sandbox.oa import acts
from shopapp.kernel import outbox
from shopapp.kernel.db import db
from shopapp.kernel.settings import settings
from shopapp.wechat.api import EXTENSION, PlatformApi
from shopapp.wechat.models import OutgoingMessage
from tests.support.clocks import ShopClock
from tests.support.wechat import AES_KEY, APPID, TOKEN


@dataclass
class World:
    """A shop and a platform that reach each other."""

    app: Flask
    clock: ShopClock

    def forward(self, **by: float) -> None:
        self.clock.forward(**by)
        sandbox_clock.configure(self.clock.file)

    def deliver(self) -> None:
        """Let every push that is due reach the shop, and what follows from it happen."""
        while deliveries.tick():
            pass
        outbox.deliver_due(now=self.clock.now())

    def person(self, *, follows: bool = True) -> str:
        openid: str = people.create(nickname="小美")["openid"]
        if follows:
            acts.follow(openid)
            self.deliver()
        return openid

    def chat(self, openid: str) -> list[dict[str, Any]]:
        return [entry for entry in people.conversation(openid) if entry["side"] in ("account", "service")]

    def message(self, key: str) -> OutgoingMessage:
        db.session.rollback()
        db.session.expire_all()
        return db.session.scalars(select(OutgoingMessage).filter_by(key=key)).one()


@contextmanager
def serving(app: Any, *, port: int = 0) -> Iterator[str]:
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def world(app: Flask, clock: ShopClock, tmp_path: Path) -> Iterator[World]:
    own_settings, own_api = settings(), app.extensions.get(EXTENSION)
    with serving(app) as shop_url:
        sandbox = create_sandbox(
            SandboxSettings(
                database=tmp_path / "sandbox.db",
                shop_url=shop_url,
                clock_file=clock.file,
                ticker=False,
                appid=APPID,
                secret=own_settings.wx_secret,
                token=TOKEN,
                aes_key=AES_KEY,
            )
        )
        with serving(sandbox) as url:
            own = replace(own_settings, base_url=shop_url, wx_api_base=url, wx_open_base=url, wx_mp_base=url)
            app.extensions["settings"] = own
            app.extensions[EXTENSION] = PlatformApi(base=url)
            try:
                yield World(app=app, clock=clock)
            finally:
                app.extensions["settings"] = own_settings
                app.extensions[EXTENSION] = own_api
