"""The desk of imports: a file is sent, looked at, and imported on a word; then it says what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response

from shopapp.kernel import audit, clock, jobs
from shopapp.kernel.access import Permission, current_actor, guard_console, requires
from shopapp.kernel.db import transaction
from shopapp.kernel.errors import NotFound, ShopError
from shopapp.kernel.http import found
from shopapp.kernel.i18n import _
from shopapp.kernel.money import Money
from shopapp.kernel.screens import Form, act, argument, page_number, page_of
from shopapp.members.marketplace.console import STATUS_NAMES, held_rows
from shopapp.members.marketplace.importing import PREVIEW_ROWS_MAX
from shopapp.members.marketplace.wording import PLATFORM_NAMES, amount_of, places

from . import looking, queries, rejects, services, storage, wording
from .models import ImportStatus, MarketplaceImport

BYTES_MAX = 60 * 1024 * 1024
SHOP_MAX = 60

blp = guard_console(Blueprint("imports_admin", __name__, url_prefix="/admin/imports"))


@blp.context_processor
def words() -> dict[str, Any]:
    return {
        "places": lambda: places(held_rows=held_rows()),
        "platforms": list(PLATFORM_NAMES.items()),
        "platform_names": PLATFORM_NAMES,
        "status_names": wording.STATUS_NAMES,
        "standing": wording.standing,
        "origin_names": wording.ORIGIN_NAMES,
        "kind_names": wording.KIND_NAMES,
        "order_status_names": STATUS_NAMES,
        "amount_of": amount_of,
        "moment": datetime.fromisoformat,
        "looked_at_max": PREVIEW_ROWS_MAX,
        "money": Money,
    }


@blp.get("", endpoint="imports")
@requires(Permission.ORDERS_VIEW)
def list_imports() -> str:
    return _list(Form())


def _list(form: Form) -> str:
    status = argument("status", [status.value for status in ImportStatus])
    return render_template(
        "imports_admin/list.html",
        page=page_of(queries.imports_statement(status=status), number=page_number()),
        status=status,
        form=form,
        shops=queries.shops(),
        megabytes=BYTES_MAX // storage.CHUNK,
    )


@blp.post("")
@requires(Permission.IMPORTS_EDIT)
def upload() -> Response | tuple[str, int]:
    """The file is kept and looked at before anything is written down."""
    form = Form.sent()
    platform, shop = _chosen(form)
    sent = request.files.get("file")
    name = (sent.filename or "") if sent else ""
    if sent is None or not name:
        form.wrong("file", _("请选择一个文件。"))
    if form.errors or sent is None:
        return _list(form), 422
    try:
        stored = storage.put(sent.stream, bytes_max=BYTES_MAX)
    except ShopError as problem:
        form.wrong("file", problem.message)
        return _list(form), 422
    preview = looking.look(sha256=stored.sha256, platform=platform, shop=shop)
    with transaction():
        public_id = services.receive(
            stored=stored,
            file_name=name,
            platform=platform,
            shop=shop,
            preview=preview,
            by_name=current_actor().name,
            now=clock.now(),
        )
        _record("upload", public_id, file=services.shown_name(name), size=stored.size)
    return redirect(url_for(".one", public_id=public_id), 303)


def _chosen(form: Form) -> tuple[str, str]:
    """Platform, empty to recognise it, and shop."""
    platform = form.choice("platform", ["", *PLATFORM_NAMES])
    return platform, form.text("shop", longest=SHOP_MAX)


def _record(act: str, public_id: str, **changes: Any) -> None:
    audit.record(action=f"import.{act}", subject_kind="import", subject_id=public_id, changes=changes)


@blp.get("/<public_id>")
@requires(Permission.ORDERS_VIEW)
def one(public_id: str) -> str:
    row = _row(public_id)
    return _page(row, Form.filled({"platform": row.platform, "shop": row.shop}))


def _page(row: MarketplaceImport, form: Form) -> str:
    looked_at = row.status is ImportStatus.LOOKED_AT
    return render_template(
        "imports_admin/one.html",
        row=row,
        form=form,
        shops=queries.shops(),
        before=queries.imported_before(sha256=row.sha256, but=row.public_id) if looked_at else None,
        refusal=wording.refusal(row),
        figures=wording.figures(row),
        worker=jobs.worker_seen(),
    )


def _row(public_id: str) -> MarketplaceImport:
    return found(queries.find(public_id=public_id))


@blp.post("/<public_id>/platform")
@requires(Permission.IMPORTS_EDIT)
def choose(public_id: str) -> Response | tuple[str, int]:
    """Look at the file again as another platform's or shop's."""
    row, form = _row(public_id), Form.sent()
    platform, shop = _chosen(form)
    if form.errors:
        return _page(row, form), 422
    preview = looking.look(sha256=row.sha256, platform=platform, shop=shop)

    def work() -> str:
        services.choose(public_id=public_id, platform=platform, shop=shop, preview=preview)
        return _("按这个平台和店铺重新看过了。")

    return act(work, back=url_for(".one", public_id=public_id))


@blp.post("/<public_id>/start")
@requires(Permission.IMPORTS_EDIT)
def start(public_id: str) -> Response:
    def work() -> str:
        row = services.start(public_id=public_id)
        _record("start", public_id, file=row.file_name, platform=row.platform, shop=row.shop)
        return _("已排队，马上开始导入。")

    return act(work, back=url_for(".one", public_id=public_id))


@blp.post("/<public_id>/discard")
@requires(Permission.IMPORTS_EDIT)
def discard(public_id: str) -> Response:
    def work() -> str:
        row = services.discard(public_id=public_id, now=clock.now())
        _record("discard", public_id, file=row.file_name)
        return _("这个文件没有导入。")

    return act(work, back=url_for(".imports"))


@blp.get("/<public_id>/progress")
@requires(Permission.ORDERS_VIEW)
def progress(public_id: str) -> Response | str:
    """The bar as it is now; when it is over the whole page is asked for again."""
    row = _row(public_id)
    if row.open:
        return render_template("imports_admin/_progress.html", row=row, worker=jobs.worker_seen())
    answer = make_response("")
    answer.headers["HX-Refresh"] = "true"
    return answer


@blp.get("/<public_id>/rejected.csv")
@requires(Permission.IMPORTS_EDIT)
def rejected(public_id: str) -> Response:
    """The rows that were not imported as they stood in the file, each with why: to be put right and sent again."""
    row = _row(public_id)
    path = rejects.path_of(public_id=row.public_id)
    if row.cleared_at is not None or not path.is_file():
        raise NotFound
    with transaction():
        _record("download", public_id, file=row.file_name)
    return send_file(path, mimetype="text/csv", as_attachment=True, download_name="rejected.csv")
