"""Channels: making one with its QR code and short link, and changing what it is for."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from shopapp.kernel import preferences
from shopapp.kernel.db import db, insert_once, rows_changed, transaction
from shopapp.kernel.errors import Invalid, ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.ids import ALPHABET, new_id
from shopapp.wechat import qrcodes

from . import rules
from .models import Channel, ChannelKind, Landing
from .rules import ChannelContent

SCENE_PREFIX = "c."
SHORT_CODE_LENGTH = 7
SHORT_CODE_TRIES = 5
WINDOW_DAYS = range(1, 366)


class CodeTaken(ShopError):
    status, code, text = 409, "channel_code_taken", _l("渠道代码 %(channel_code)s 已经有了，请换一个。")


def create_channel(*, code: str = "", now: datetime, name: str, welcome: str = "", **more: Any) -> Channel:
    """A channel whose QR code carries the scene `c.<code>`; without a code it gets a random one.

    `more` are further fields of `ChannelContent`, kind and landing as themselves or by their values. The QR code itself is made afterwards by `make_qr_code`.
    Raises `Invalid` and `CodeTaken`.
    """
    content = _content(name=name, welcome=welcome, **more)
    code = code.strip() or new_id()
    wrong = rules.problems(content)
    if not rules.CODE.fullmatch(code):
        wrong["code"] = [_("渠道代码只能用字母、数字、点、横线和下划线，最多 60 位。")]
    if wrong:
        raise Invalid(wrong)
    scene = SCENE_PREFIX + code
    for _try in range(SHORT_CODE_TRIES):
        public_id = new_id()
        values = {"public_id": public_id, "scene": scene, "short_code": _short_code(), "created_at": now}
        if insert_once(Channel, **vars(content) | values):
            return db.session.scalars(select(Channel).filter_by(public_id=public_id)).one()
        if db.session.scalar(select(Channel.id).filter_by(scene=scene)) is not None:
            break
    raise CodeTaken(channel_code=code)


def change_channel(*, public_id: str, name: str, welcome: str = "", **more: Any) -> Channel:
    """Write all anew but code and short link, since those are printed somewhere. Raises `NotFound` and `Invalid`."""
    channel = found(db.session.scalar(select(Channel).filter_by(public_id=public_id)))
    content = _content(name=name, welcome=welcome, **more)
    wrong = rules.problems(content)
    if wrong:
        raise Invalid(wrong)
    for field, value in vars(content).items():
        setattr(channel, field, value)
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


def set_window(*, days: int) -> None:
    """How many days a way in counts for what a person does afterwards. Raises `Invalid`."""
    if days not in WINDOW_DAYS:
        raise Invalid({"window_days": [_("请填写 1 到 365 的整数。")]})
    preferences.write("channels.window_days", days)


def _content(*, name: str, welcome: str, **more: Any) -> ChannelContent:
    trimmed: dict[str, Any] = {
        field: value.strip() if isinstance(value, str) else value for field, value in more.items()
    }
    for field, kind in (("kind", ChannelKind), ("landing", Landing)):
        if field in trimmed:
            trimmed[field] = kind(trimmed[field])
    return ChannelContent(name=name.strip(), welcome=welcome.strip(), **trimmed)


def _short_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _place in range(SHORT_CODE_LENGTH))
