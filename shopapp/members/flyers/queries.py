"""Batches of flyers as they are listed, counted and handed to the print shop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select

from shopapp.kernel.db import db
from shopapp.kernel.money import Money
from shopapp.kernel.screens import Page, page_of
from shopapp.members.channels import queries as channels
from shopapp.members.channels.queries import Numbers

from . import design as designs
from .design import Design, design_of
from .models import FlyerBatch, FlyerPart, FlyerStatus


@dataclass(frozen=True, kw_only=True)
class FlyerRow:
    """A batch with how far its file is; `scanned` counts copies that somebody came by, None where none has a number.

    `id` and `channel_row` are row numbers.
    """

    id: int
    public_id: str
    channel_row: int
    channel_id: str
    channel_name: str
    design: Design
    status: FlyerStatus
    parts: int
    parts_made: int
    qr_text: str | None
    printed_at: datetime | None
    created_at: datetime
    scanned: int | None


@dataclass(frozen=True, kw_only=True)
class PrintedBatch:
    """What was printed: `id` is the row's number, `channel_id` that of the channel."""

    id: int
    public_id: str
    name: str
    channel_id: int
    prefix: str
    serials: bool
    quantity: int
    cost: Money
    printed_at: datetime


def listing(*, number: int) -> Page[FlyerRow]:
    """A page of the batches, the newest first."""
    found = page_of(select(FlyerBatch).order_by(FlyerBatch.id.desc()), number=number)
    return replace(found, items=_rows(list(found.items)))


def page(*, before: int | None, limit: int) -> tuple[list[FlyerRow], int | None]:
    """Batches from before a row number, the newest first, and the number to go on from."""
    statement = select(FlyerBatch).order_by(FlyerBatch.id.desc()).limit(limit + 1)
    if before is not None:
        statement = statement.where(FlyerBatch.id < before)
    rows = _rows(list(db.session.scalars(statement)))
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


def find(*, public_id: str) -> FlyerRow | None:
    batch = db.session.scalar(select(FlyerBatch).filter_by(public_id=public_id))
    return None if batch is None else _rows([batch])[0]


def printed() -> list[PrintedBatch]:
    """All batches whose file was ordered, the oldest first."""
    columns = [getattr(FlyerBatch, name) for name in PrintedBatch.__dataclass_fields__]
    statement = select(*columns).where(FlyerBatch.printed_at.is_not(None)).order_by(FlyerBatch.id)
    return [PrintedBatch(**row) for row in db.session.execute(statement).mappings()]


def pieces(*, batch_id: int) -> Iterator[tuple[int, bytes]]:
    """(number, PDF) of each piece of a file in their order, one at a time."""
    numbers = select(FlyerPart.number).filter_by(batch_id=batch_id).order_by(FlyerPart.number)
    for number in db.session.scalars(numbers).all():
        content = db.session.scalar(select(FlyerPart.content).filter_by(batch_id=batch_id, number=number))
        if content is not None:
            yield number, content


def waiting() -> list[int]:
    """Row ids of the batches whose files are being made, the first ordered first."""
    making = select(FlyerBatch.id).where(FlyerBatch.status == FlyerStatus.MAKING)
    return list(db.session.scalars(making.order_by(FlyerBatch.printed_at, FlyerBatch.id)))


def next_piece(*, batch_id: int) -> tuple[FlyerBatch, int] | None:
    """The batch and the number of the first piece that is missing."""
    batch = db.session.scalar(select(FlyerBatch).filter_by(id=batch_id, status=FlyerStatus.MAKING))
    if batch is None:
        return None
    made = set(db.session.scalars(select(FlyerPart.number).filter_by(batch_id=batch_id)))
    missing = (number for number in range(1, designs.parts_of(design_of(batch)) + 1) if number not in made)
    number = next(missing, None)
    return None if number is None else (batch, number)


def _rows(batches: list[FlyerBatch]) -> list[FlyerRow]:
    ids = [batch.id for batch in batches]
    counted = select(FlyerPart.batch_id, func.count()).where(FlyerPart.batch_id.in_(ids))
    made = {row[0]: row[1] for row in db.session.execute(counted.group_by(FlyerPart.batch_id))}
    names = {one.id: one for one in channels.briefs()}
    scanned = _scanned(batches)
    return [
        FlyerRow(
            id=batch.id,
            public_id=batch.public_id,
            channel_row=batch.channel_id,
            channel_id=names[batch.channel_id].public_id,
            channel_name=names[batch.channel_id].name,
            design=design_of(batch),
            status=batch.status,
            parts=designs.parts_of(design_of(batch)),
            parts_made=made.get(batch.id, 0),
            qr_text=batch.qr_text,
            printed_at=batch.printed_at,
            created_at=batch.created_at,
            scanned=scanned.get(batch.id),
        )
        for batch in batches
    ]


def _scanned(batches: list[FlyerBatch]) -> dict[int, int]:
    """How many copies were scanned of each printed batch with numbers."""
    numbered = [batch for batch in batches if batch.serials and batch.printed_at is not None]
    seen = channels.serials_seen(
        of=[
            Numbers(
                channel_id=batch.channel_id,
                prefix=f"{batch.prefix}-",
                last=designs.serial_of(prefix=batch.prefix, number=batch.quantity),
            )
            for batch in numbered
        ]
    )
    return {batch.id: seen.get(f"{batch.prefix}-", 0) for batch in numbered}
