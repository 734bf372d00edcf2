"""Batches of flyers: designing them, ordering their file, and making it piece by piece."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select

from shopapp.kernel import preferences
from shopapp.kernel.db import db, insert_once, rows_changed
from shopapp.kernel.errors import Invalid, ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.ids import new_id
from shopapp.members.channels import queries as channels
from shopapp.members.channels.queries import ChannelRow

from . import design as designs
from . import layout
from .design import Design, design_of
from .fonts import unprintable
from .models import FLYER_MOVES, FlyerBatch, FlyerPart, FlyerStatus, QrTarget
from .picture import ratio_of
from .shapes import Sheet

PREFIX_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
PREFIX_LENGTH = 4
PREFIX_TRIES = 5


class PrefixTaken(ShopError):
    status, code, text = 409, "flyer_prefix_taken", _l("编号开头 %(prefix)s 已经用在别的传单上，请换一个。")


class Frozen(ShopError):
    status, code, text = (
        409,
        "flyer_frozen",
        _l("这批传单已经出了文件，不能再改。可以退回修改，或者另做一批。"),
    )


class CodeMissing(ShopError):
    status, code, text = 409, "channel_code_missing", _l("这个渠道还没有公众号二维码，请先在渠道里生成。")


def new_prefix() -> str:
    return "".join(secrets.choice(PREFIX_LETTERS) for _place in range(PREFIX_LENGTH))


def create_batch(*, channel: str, design: Design, now: datetime) -> FlyerBatch:
    """A draft for a channel, given by its public id; without a prefix it gets a random one.

    Raises `NotFound`, `Invalid` and `PrefixTaken`.
    """
    row = found(channels.find(public_id=channel))
    for _try in range(PREFIX_TRIES):
        numbered = design if design.prefix else replace(design, prefix=new_prefix())
        _check(numbered)
        values = {"public_id": new_id(), "channel_id": row.id, "created_at": now}
        values |= {"status": FlyerStatus.DRAFT}
        if insert_once(FlyerBatch, **vars(numbered), **values):
            return db.session.scalars(select(FlyerBatch).filter_by(public_id=values["public_id"])).one()
        if design.prefix:
            break
    raise PrefixTaken(prefix=numbered.prefix)


def change_batch(*, public_id: str, channel: str, design: Design) -> FlyerBatch:
    """Write a draft anew. Raises `NotFound`, `Frozen`, `Invalid` and `PrefixTaken`."""
    batch = _locked(public_id)
    if batch.status is not FlyerStatus.DRAFT:
        raise Frozen
    design = design if design.prefix else replace(design, prefix=batch.prefix)
    _check(design)
    taken = select(FlyerBatch.id).where(FlyerBatch.prefix == design.prefix, FlyerBatch.id != batch.id)
    if db.session.scalar(taken) is not None:
        raise PrefixTaken(prefix=design.prefix)
    batch.channel_id = found(channels.find(public_id=channel)).id
    for name, value in vars(design).items():
        setattr(batch, name, value)
    return batch


def order_file(*, public_id: str, now: datetime) -> FlyerBatch:
    """Freeze the design and have its file made; its copies count as printed from now on.

    Raises `NotFound`, `IllegalMove`, `CodeMissing` while the channel has no code of the kind, and `Invalid` for texts that
    have no room.
    """
    batch = _locked(public_id)
    text = code_text(design_of(batch), found(channel_of(batch)))
    if text is None:
        raise CodeMissing
    design = design_of(batch)
    crowded = too_long(design)
    if crowded:
        raise Invalid({name: [_("这段文字在这个尺寸上放不下，请删短一些。")] for name in crowded})
    FLYER_MOVES.move(batch, FlyerStatus.MAKING, printed_at=now, qr_text=text)
    return batch


def take_back(*, public_id: str) -> FlyerBatch:
    """Throw the file away and make a draft of it again. Raises `NotFound` and `IllegalMove`."""
    batch = _locked(public_id)
    FLYER_MOVES.move(batch, FlyerStatus.DRAFT, printed_at=None, qr_text=None)
    rows_changed(delete(FlyerPart).where(FlyerPart.batch_id == batch.id))
    return batch


def remove(*, public_id: str) -> None:
    """Raises `NotFound`, and `Frozen` for what is no draft."""
    batch = _locked(public_id)
    if batch.status is not FlyerStatus.DRAFT:
        raise Frozen
    rows_changed(delete(FlyerBatch).where(FlyerBatch.id == batch.id))


def keep_part(*, batch_id: int, number: int, content: bytes, printed_at: datetime) -> bool:
    """Keep a piece of a file unless it is there, or the batch was taken back since `printed_at`; with the last piece the
    file is ready. Tells whether it was kept."""
    statement = select(FlyerBatch).where(FlyerBatch.id == batch_id).with_for_update()
    batch = db.session.scalar(statement.execution_options(populate_existing=True))
    if batch is None or batch.status is not FlyerStatus.MAKING or batch.printed_at != printed_at:
        return False
    fresh = insert_once(FlyerPart, batch_id=batch_id, number=number, content=content)
    there = select(func.count()).select_from(FlyerPart).where(FlyerPart.batch_id == batch_id)
    if db.session.scalar(there) == designs.parts_of(design_of(batch)):
        FLYER_MOVES.move(batch, FlyerStatus.READY)
    return fresh


def channel_of(batch: FlyerBatch) -> ChannelRow | None:
    return channels.by_row(row_id=batch.channel_id)


def code_text(design: Design, channel: ChannelRow) -> str | None:
    """What the codes hold, without the number of a copy; None while WeChat has not given the channel its code."""
    return channel.link if design.target is QrTarget.LINK else channel.qr_url


def sheet_of(design: Design) -> Sheet:
    name = str(preferences.read("shop.name"))
    name = "".join(letter for letter in name if not unprintable(letter))
    return layout.lay_out(design, shop_name=name, logo_ratio=ratio_of(design.logo))


def too_long(design: Design) -> list[str]:
    """The texts that have no room on the card."""
    return sheet_of(design).too_long


def _check(design: Design) -> None:
    wrong: dict[str, Any] = designs.problems(design)
    if wrong:
        raise Invalid(wrong)


def _locked(public_id: str) -> FlyerBatch:
    statement = select(FlyerBatch).where(FlyerBatch.public_id == public_id).with_for_update()
    return found(db.session.scalar(statement.execution_options(populate_existing=True)))
