"""JSON for the merchant: channels with their codes, links and counts."""

from __future__ import annotations

from typing import Any

from shopapp.kernel import audit, clock
from shopapp.kernel.access import Permission, guard_merchant_api, requires
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.db import db
from shopapp.kernel.errors import ShopError
from shopapp.kernel.http import found, writes
from shopapp.kernel.i18n import _l
from shopapp.kernel.idempotency import once
from shopapp.kernel.money import Money
from shopapp.members.wording import rules as wording
from shopapp.members.wording import services as wording_services
from shopapp.wechat.api import PlatformError

from . import queries, services
from .schemas import (
    ChannelAnswer,
    ChannelArguments,
    ChannelInput,
    ChannelList,
    NewChannelInput,
    channel_answer,
)

blp = ApiBlueprint("merchant_channels", __name__, url_prefix="/api/v1/admin", description="商家：渠道")
guard_merchant_api(blp)


class CodeNotMade(ShopError):
    status, code, text = 503, "wechat_unavailable", _l("微信没有给出二维码，渠道还在。请稍后再试。")


@blp.get("/channels")
@requires(Permission.CHANNELS_VIEW)
@blp.arguments(ChannelArguments, location="query")
@blp.response(200, ChannelList)
def list_channels(data: dict[str, Any]) -> dict[str, Any]:
    before = int(data["cursor"]) if "cursor" in data else None
    rows, cursor = queries.page(before=before, limit=data["limit"])
    return {
        "items": [channel_answer(row, wording.check(row.welcome)) for row in rows],
        "next_cursor": None if cursor is None else str(cursor),
    }


@blp.post("/channels")
@requires(Permission.CHANNELS_EDIT)
@once
@blp.arguments(NewChannelInput)
@blp.response(201, ChannelAnswer)
def create_channel(data: dict[str, Any]) -> dict[str, Any]:
    """The QR code is made afterwards, by POST to its `code`."""
    channel = services.create_channel(code=data.pop("code"), now=clock.now(), **_content(data))
    audit.record(
        action="channel.create",
        subject_kind="channel",
        subject_id=channel.public_id,
        changes={"name": channel.name, "scene": channel.scene},
    )
    return _saved(channel.public_id)


@blp.get("/channels/<channel_id>")
@requires(Permission.CHANNELS_VIEW)
@blp.response(200, ChannelAnswer)
def show_channel(channel_id: str) -> dict[str, Any]:
    return _answer(channel_id)


@blp.put("/channels/<channel_id>")
@requires(Permission.CHANNELS_EDIT)
@writes
@blp.arguments(ChannelInput)
@blp.response(200, ChannelAnswer)
def change_channel(data: dict[str, Any], channel_id: str) -> dict[str, Any]:
    """Write the whole channel anew; code and link stay, since they are printed somewhere."""
    services.change_channel(public_id=channel_id, **_content(data))
    audit.record(
        action="channel.update", subject_kind="channel", subject_id=channel_id, changes={"name": data["name"]}
    )
    return _saved(channel_id)


@blp.post("/channels/<channel_id>/code")
@requires(Permission.CHANNELS_EDIT)
@blp.response(200, ChannelAnswer)
def make_code(channel_id: str) -> dict[str, Any]:
    """The permanent QR code, made at WeChat if the channel has none yet; asking again gives the same."""
    try:
        services.make_qr_code(public_id=channel_id, now=clock.now())
    except PlatformError as problem:
        raise CodeNotMade from problem
    return _answer(channel_id)


def _content(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name != "cost_fen"} | {
        "cost": Money(data["cost_fen"])
    }


def _saved(channel_id: str) -> dict[str, Any]:
    db.session.flush()
    answer = _answer(channel_id)
    wording_services.note_use(
        subject_kind="channel", subject_id=channel_id, texts={"welcome": answer["welcome"]}
    )
    return answer


def _answer(channel_id: str) -> dict[str, Any]:
    row = found(queries.find(public_id=channel_id))
    return channel_answer(row, wording.check(row.welcome))
