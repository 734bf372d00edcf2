"""Flyers: what is printed on the cards of one batch, and the files that go to the print shop."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shopapp.kernel.db import Model
from shopapp.kernel.ids import new_id
from shopapp.kernel.money import ZERO, Money
from shopapp.kernel.states import StateTable


class FlyerTemplate(StrEnum):
    """sunrise: a band of colour above; ticket: a torn-off coupon; letter: much white and a thin rule."""

    SUNRISE = "sunrise"
    TICKET = "ticket"
    LETTER = "letter"


class FlyerSize(StrEnum):
    A6 = "a6"
    PHOTO = "photo"
    SQUARE = "square"
    LABEL = "label"


class QrTarget(StrEnum):
    """platform: the channel's code at WeChat, the same on all copies; link: the short link, with the copy's number."""

    PLATFORM = "platform"
    LINK = "link"


class FlyerStatus(StrEnum):
    DRAFT = "draft"
    MAKING = "making"
    READY = "ready"


_S = FlyerStatus
FLYER_MOVES = StateTable[FlyerStatus](
    {
        _S.DRAFT: frozenset({_S.MAKING}),
        _S.MAKING: frozenset({_S.READY, _S.DRAFT}),
        _S.READY: frozenset({_S.DRAFT}),
    }
)


class FlyerBatch(Model):
    """Copies of one design for one channel. While it is no draft, the same batch gives the same file to the byte.

    `qr_text` is what the codes hold, without the number of a copy; `printed_at` when the file was ordered. `prefix` goes
    before the numbers of copies. `cost` is what printing all copies costs.
    """

    __tablename__ = "flyer_batches"
    __table_args__ = (
        CheckConstraint("quantity BETWEEN 1 AND 100000", "quantity"),
        CheckConstraint("cost >= 0", "cost_not_negative"),
        CheckConstraint("(status = 'draft') = (printed_at IS NULL)", "printed"),
        CheckConstraint("(qr_text IS NULL) = (printed_at IS NULL)", "code"),
    )

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    channel_id: Mapped[int] = mapped_column(ForeignKey("channels.id"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    template: Mapped[FlyerTemplate]
    size: Mapped[FlyerSize]
    headline: Mapped[str] = mapped_column(String(40))
    body: Mapped[str] = mapped_column(String(200), default="")
    hint: Mapped[str] = mapped_column(String(120), default="")
    footnote: Mapped[str] = mapped_column(String(120), default="")
    color: Mapped[str] = mapped_column(String(7))
    logo: Mapped[bytes | None] = mapped_column(LargeBinary)
    target: Mapped[QrTarget]
    quantity: Mapped[int]
    serials: Mapped[bool]
    prefix: Mapped[str] = mapped_column(String(8), unique=True)
    cost: Mapped[Money] = mapped_column(default=ZERO)
    status: Mapped[FlyerStatus] = mapped_column(default=FlyerStatus.DRAFT, index=True)
    qr_text: Mapped[str | None] = mapped_column(String(512))
    printed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class FlyerPart(Model):
    """A piece of a batch's file: the PDF of so many copies."""

    __tablename__ = "flyer_parts"
    __table_args__ = (UniqueConstraint("batch_id", "number"),)

    batch_id: Mapped[int] = mapped_column(ForeignKey("flyer_batches.id"))
    number: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary)
