"""Making the files of flyers, piece by piece: cut off, it goes on with the piece that is missing."""

from __future__ import annotations

from datetime import datetime

from shopapp.kernel.db import db, transaction
from shopapp.kernel.heavy import heavy_work

from . import design as designs
from . import printing, queries, services

PIECES_AT_ONCE = 1
"""The worker has other things to do in between: a piece takes it some two seconds."""


def make_flyers(_now: datetime) -> int:
    """Make what is missing of the files that were ordered; returns how many pieces."""
    made = 0
    for batch_id in queries.waiting():
        while made < PIECES_AT_ONCE and make_piece(batch_id=batch_id):
            made += 1
    return made


def make_piece(*, batch_id: int) -> bool:
    """Make the next piece of a batch's file (row id); False when nothing is missing.

    Drawing takes long, so it stands between two transactions; of two workers who make the same piece one keeps it.
    """
    todo = queries.next_piece(batch_id=batch_id)
    if todo is None:
        db.session.rollback()
        return False
    batch, number = todo
    design, printed_at, qr_text = designs.design_of(batch), batch.printed_at, batch.qr_text
    sheet = services.sheet_of(design)
    db.session.rollback()
    if printed_at is None or qr_text is None:
        return False
    with heavy_work():
        content = printing.make(
            sheet,
            designs.copies_in(design, qr_text=qr_text, part=number),
            title=design.name,
            logo=design.logo,
            printed_at=printed_at,
        )
    with transaction():
        services.keep_part(batch_id=batch_id, number=number, content=content, printed_at=printed_at)
    return True
