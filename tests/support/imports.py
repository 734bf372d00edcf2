"""Builders of marketplace files, and of what is imported from them."""

from __future__ import annotations

import io

from sqlalchemy import select

from shopapp.kernel import clock
from shopapp.kernel.db import db, transaction
from shopapp.members.imports import looking, services, storage
from shopapp.members.marketplace import importing
from shopapp.members.marketplace.models import MarketplaceOrder

HEADER = "order_no,buyer_id,paid_at,status,item_title,quantity,paid_yuan,refund_yuan"
BYTES_MAX = 1024**2


def table(*rows: str) -> bytes:
    """A file of one's own making."""
    return "\r\n".join([HEADER, *rows, ""]).encode()


def at_the_desk(*rows: str, shop: str = "茶铺") -> str:
    """A file that somebody uploaded and has not confirmed; the public id of its import."""
    stored = storage.put(io.BytesIO(table(*rows)), bytes_max=BYTES_MAX)
    preview = looking.look(sha256=stored.sha256, platform="", shop=shop)
    with transaction():
        return services.receive(
            stored=stored,
            file_name="订单.csv",
            platform="",
            shop=shop,
            preview=preview,
            by_name="小满",
            now=clock.now(),
        )


def imported_order(*rows: str, shop: str = "茶铺") -> str:
    """The public id of the first order that these rows tell of, imported."""
    stored = storage.put(io.BytesIO(table(*rows)), bytes_max=BYTES_MAX)
    importing.run(path=storage.path_of(sha256=stored.sha256), shop=shop)
    number = rows[0].split(",", 1)[0]
    return db.session.scalars(select(MarketplaceOrder.public_id).filter_by(order_no=number)).one()
