"""The account's menu and QR codes from the command line."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from shopapp.kernel import clock
from shopapp.members.channels import queries as channels
from shopapp.members.channels.services import make_qr_code
from shopapp.outreach.menu import services as menu
from shopapp.wechat.api import PlatformError


@click.group("wechat")
def wechat_group() -> None:
    """The official account."""


@wechat_group.command("publish")
@with_appcontext
def publish() -> None:
    """Make the shop's menu that of the account, and make the QR codes that channels still lack."""
    now = clock.now()
    try:
        version = menu.publish(by="", now=now)
    except menu.MenuUnderWay as busy:
        raise click.ClickException(busy.message) from busy
    if not version.live:
        raise click.ClickException(f"the platform did not take the menu: {version.problem}")
    try:
        missing = [channel.public_id for channel in channels.listing() if channel.qr_url is None]
        for public_id in missing:
            make_qr_code(public_id=public_id, now=now)
    except PlatformError as problem:
        raise click.ClickException(f"the platform did not take it: {problem}") from problem
    click.echo(f"menu published, {len(missing)} QR codes made")
