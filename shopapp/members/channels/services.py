"""Channels: making one with its QR code, and counting who comes through it."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import select, update

from shopapp.kernel.db import db, insert_once, rows_changed, transaction
from shopapp.kernel.errors import Invalid, ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.ids import new_id
from shopapp.wechat import qrcodes

from .models import Channel, ChannelVisit

SCENE_PREFIX = "c."
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
NAME_LENGTH_MAX = 60
WELCOME_LENGTH_MAX = 600
FOLLOW, SCAN = "follow", "scan"


class CodeTaken(ShopError):
    status, code, text = 409, "channel_code_taken", _l("渠道代码 %(channel_code)s 已经有了，请换一个。")


def create_channel(*, name: str, code: str = "", welcome: str = "", now: datetime) -> Channel:
    """A channel whose QR code carries the scene `c.<code>`; without a code it gets a random one.

    The QR code itself is made afterwards by `make_qr_code`. Raises `Invalid` and `CodeTaken`.
    """
    code = code.strip() or new_id()
    _check(name=name, code=code, welcome=welcome)
    values = {"public_id": new_id(), "name": name.strip(), "scene": SCENE_PREFIX + code}
    if not insert_once(Channel, **values, welcome=welcome.strip(), created_at=now):
        raise CodeTaken(channel_code=code)
    return db.session.scalars(select(Channel).filter_by(public_id=values["public_id"])).one()


def change_channel(*, public_id: str, name: str, welcome: str) -> Channel:
    """Raises `NotFound` and `Invalid`; the code stays, since it is printed somewhere."""
    channel = found(db.session.scalar(select(Channel).filter_by(public_id=public_id)))
    _check(name=name, code="x", welcome=welcome)
    channel.name, channel.welcome = name.strip(), welcome.strip()
    return channel


def make_qr_code(*, public_id: str, now: datetime) -> qrcodes.QrCode:
    """The channel's QR code, made at the platform if it has none yet and then kept for good.

    Opens its own transaction, since the platform is called in between. Raises `NotFound` and `PlatformError`.
    """
    channel = found(db.session.scalar(select(Channel).filter_by(public_id=public_id)))
    channel_id, scene = channel.id, channel.scene
    if channel.qr_ticket and channel.qr_url:
        return qrcodes.QrCode(ticket=channel.qr_ticket, url=channel.qr_url)
    made = qrcodes.permanent(scene=scene, now=now)
    with transaction():
        without = update(Channel).where(Channel.id == channel_id, Channel.qr_ticket.is_(None))
        if rows_changed(without.values(qr_ticket=made.ticket, qr_url=made.url)) == 0:
            kept = db.session.get_one(Channel, channel_id)
            db.session.refresh(kept)
            return qrcodes.QrCode(ticket=kept.qr_ticket or made.ticket, url=kept.qr_url or made.url)
    return made


def note_visit(*, scene: str, openid: str, kind: str, at: datetime) -> bool:
    """Count a follow or a scan through a channel, once; tells whether it was counted. Scenes that are no channel's are
    passed over."""
    channel_id = db.session.scalar(select(Channel.id).filter_by(scene=scene))
    if channel_id is None:
        return False
    return insert_once(ChannelVisit, channel_id=channel_id, openid=openid, kind=kind, at=at)


def _check(*, name: str, code: str, welcome: str) -> None:
    wrong: dict[str, list[str]] = {}
    if not 0 < len(name.strip()) <= NAME_LENGTH_MAX:
        wrong["name"] = [_("请填写渠道名称，最多 60 个字。")]
    if not CODE.fullmatch(code):
        wrong["code"] = [_("渠道代码只能用字母、数字、点、横线和下划线，最多 60 位。")]
    if len(welcome.strip()) > WELCOME_LENGTH_MAX:
        wrong["welcome"] = [_("欢迎语最多 600 个字。")]
    if wrong:
        raise Invalid(wrong)
