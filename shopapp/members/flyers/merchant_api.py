"""JSON for the merchant: batches of flyers and their files."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response

from shopapp.kernel import audit, clock
from shopapp.kernel.access import Permission, guard_merchant_api, requires
from shopapp.kernel.bodies import ApiBlueprint
from shopapp.kernel.db import db, transaction
from shopapp.kernel.errors import Unavailable
from shopapp.kernel.http import found, writes
from shopapp.kernel.idempotency import once, repeatable
from shopapp.kernel.money import Money
from shopapp.members.channels import services as channel_services
from shopapp.members.wording import rules as wording
from shopapp.members.wording import services as wording_services
from shopapp.wechat.api import PlatformError

from . import files, queries, services
from .design import Design
from .models import FlyerSize, FlyerStatus, FlyerTemplate, QrTarget
from .queries import FlyerRow
from .schemas import FlyerAnswer, FlyerArguments, FlyerInput, FlyerList, flyer_answer

blp = ApiBlueprint("merchant_flyers", __name__, url_prefix="/api/v1/admin", description="商家：传单")
guard_merchant_api(blp)


@blp.get("/flyers")
@requires(Permission.CHANNELS_VIEW)
@blp.arguments(FlyerArguments, location="query")
@blp.response(200, FlyerList)
def list_flyers(data: dict[str, Any]) -> dict[str, Any]:
    before = int(data["cursor"]) if "cursor" in data else None
    rows, cursor = queries.page(before=before, limit=data["limit"])
    return {
        "items": [_shown(row) for row in rows],
        "next_cursor": None if cursor is None else str(cursor),
    }


@blp.post("/flyers")
@requires(Permission.CHANNELS_EDIT)
@once
@blp.arguments(FlyerInput)
@blp.response(201, FlyerAnswer)
def create_flyer(data: dict[str, Any]) -> dict[str, Any]:
    """A draft. Its file is made after POST to its `printing`."""
    batch = services.create_batch(
        channel=data["channel_id"], design=_design(data, logo=None), now=clock.now()
    )
    _record("flyer.create", batch.public_id, {"name": batch.name, "quantity": batch.quantity})
    return _answer(batch.public_id)


@blp.get("/flyers/<flyer_id>")
@requires(Permission.CHANNELS_VIEW)
@blp.response(200, FlyerAnswer)
def show_flyer(flyer_id: str) -> dict[str, Any]:
    return _answer(flyer_id)


@blp.put("/flyers/<flyer_id>")
@requires(Permission.CHANNELS_EDIT)
@writes
@blp.arguments(FlyerInput)
@blp.response(200, FlyerAnswer)
def change_flyer(data: dict[str, Any], flyer_id: str) -> dict[str, Any]:
    """Write a draft anew; its logo stays."""
    logo = found(queries.find(public_id=flyer_id)).design.logo
    services.change_batch(public_id=flyer_id, channel=data["channel_id"], design=_design(data, logo=logo))
    _record("flyer.update", flyer_id, {"name": data["name"]})
    return _answer(flyer_id)


@blp.post("/flyers/<flyer_id>/printing")
@requires(Permission.CHANNELS_EDIT)
@repeatable
@blp.response(202, FlyerAnswer)
def print_flyer(flyer_id: str) -> dict[str, Any]:
    """Have the file made. Ordering again what is ordered changes nothing."""
    row = found(queries.find(public_id=flyer_id))
    if row.status is not FlyerStatus.DRAFT:
        return _shown(row)
    if row.design.target is QrTarget.PLATFORM:
        try:
            channel_services.make_qr_code(public_id=row.channel_id, now=clock.now())
        except PlatformError as problem:
            raise Unavailable from problem
    with transaction():
        batch = services.order_file(public_id=flyer_id, now=clock.now())
        _record("flyer.order", flyer_id, {"quantity": batch.quantity})
        wording_services.note_use(subject_kind="flyer", subject_id=flyer_id, texts=row.design.texts)
    return _answer(flyer_id)


@blp.get("/flyers/<flyer_id>/file")
@requires(Permission.CHANNELS_VIEW)
@blp.response(200, {"type": "string", "format": "binary"}, content_type="application/pdf")
def show_file(flyer_id: str) -> Response:
    """A PDF; with more than 250 different copies a zip of PDFs. 409 until it is ready."""
    return files.download(found(queries.find(public_id=flyer_id)))


def _design(data: dict[str, Any], *, logo: bytes | None) -> Design:
    same = ("name", "headline", "body", "hint", "footnote", "color", "quantity", "serials", "prefix")
    return Design(
        **{name: data[name] for name in same},
        template=FlyerTemplate(data["template"]),
        size=FlyerSize(data["size"]),
        target=QrTarget(data["target"]),
        cost=Money(data["cost_fen"]),
        logo=logo,
    )


def _record(action: str, flyer_id: str, changes: dict[str, Any]) -> None:
    audit.record(action=action, subject_kind="flyer", subject_id=flyer_id, changes=changes)


def _answer(flyer_id: str) -> dict[str, Any]:
    db.session.flush()
    db.session.expire_all()
    return _shown(found(queries.find(public_id=flyer_id)))


def _shown(row: FlyerRow) -> dict[str, Any]:
    return flyer_answer(
        row, [warning for text in row.design.texts.values() for warning in wording.check(text)]
    )
