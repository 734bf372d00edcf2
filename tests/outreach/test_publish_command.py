"""The account gets its menu and its QR codes from the command line."""

from __future__ import annotations

from flask import Flask

from shopapp.kernel import clock
from shopapp.kernel.db import transaction
from shopapp.members.channels import services as channels
from shopapp.wechat import menus
from tests.support.wechat import fake_platform


def test_menu_and_missing_codes_are_made_once(app: Flask) -> None:
    with transaction():
        channels.create_channel(name="传单", code="flyer", now=clock.now())
        menus.set_menu(buttons=[{"type": "view", "name": "进店", "url": "/"}])
    with fake_platform(app) as platform:
        first = app.test_cli_runner().invoke(args=["wechat", "publish"])
        again = app.test_cli_runner().invoke(args=["wechat", "publish"])
    assert (first.output, again.output) == (
        "menu published, 1 QR codes made\n",
        "menu published, 0 QR codes made\n",
    )
    assert len(platform.made("/cgi-bin/qrcode/create")) == 1
