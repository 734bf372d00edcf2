"""A batch's file as it is downloaded: a PDF, or a zip of PDFs where there are many copies."""

from __future__ import annotations

import tempfile
import zipfile
from typing import IO

from flask import send_file
from werkzeug.wrappers import Response

from shopapp.kernel.errors import ShopError
from shopapp.kernel.i18n import _l

from . import queries
from .design import COPIES_PER_PART
from .models import FlyerStatus
from .queries import FlyerRow

ZIP_TIME = (2026, 1, 1, 0, 0, 0)
MEMORY_BYTES_MAX = 4 * 1024 * 1024


class NotReady(ShopError):
    status, code, text = 409, "flyer_not_ready", _l("印刷文件还没做好，请稍后再下载。")


def download(row: FlyerRow) -> Response:
    """Raises `NotReady`."""
    if row.status is not FlyerStatus.READY:
        raise NotReady
    name = f"flyer-{row.design.prefix}-{row.design.quantity}"
    if row.parts == 1:
        content = tempfile.SpooledTemporaryFile(MEMORY_BYTES_MAX)  # noqa: SIM115 - Flask closes what it sends
        for _number, piece in queries.pieces(batch_id=row.id):
            content.write(piece)
        return _sent(content, name=f"{name}.pdf", kind="application/pdf")
    return _sent(_zipped(row), name=f"{name}.zip", kind="application/zip")


def _zipped(row: FlyerRow) -> IO[bytes]:
    """The same pieces give the same bytes."""
    content = tempfile.SpooledTemporaryFile(MEMORY_BYTES_MAX)  # noqa: SIM115 - Flask closes what it sends
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for number, piece in queries.pieces(batch_id=row.id):
            first = (number - 1) * COPIES_PER_PART + 1
            last = min(number * COPIES_PER_PART, row.design.quantity)
            archive.writestr(
                zipfile.ZipInfo(f"{row.design.prefix}-{first:06d}-{last:06d}.pdf", ZIP_TIME), piece
            )
    return content


def _sent(content: IO[bytes], *, name: str, kind: str) -> Response:
    content.seek(0)
    return send_file(content, mimetype=kind, as_attachment=True, download_name=name, etag=False)
