"""The page itself, its files, pictures and the little pages that messages lead to."""

from __future__ import annotations

import html
import io
import json
from pathlib import Path

from flask import Response, abort, request, send_from_directory

from .. import store
from ..oa import qrcodes
from .blueprint import blueprint

STATIC = Path(__file__).parent / "static"
COLOURS = ("#8a8f99", "#e2472f", "#2f7de2", "#0a8f5b", "#a2622a", "#8b4fc0", "#c03a76", "#3c6e71")


@blueprint.get("/")
def home() -> Response:
    return send_from_directory(STATIC, "index.html")


@blueprint.get("/control/static/<path:name>")
def static_file(name: str) -> Response:
    return send_from_directory(STATIC, name, max_age=0)


@blueprint.get("/control/avatars/<int:number>/<int:size>")
def avatar(number: int, size: int) -> Response:
    """A head and shoulders in one of eight colours; 0 is the grey of nobody."""
    from PIL import Image, ImageDraw

    side = 640 if size == 0 else min(size, 640)
    image = Image.new("RGB", (264, 264), COLOURS[number % len(COLOURS)])
    draw = ImageDraw.Draw(image)
    draw.ellipse((87, 58, 177, 148), fill="#fff")
    draw.ellipse((42, 160, 222, 360), fill="#fff")
    data = io.BytesIO()
    image.resize((side, side), Image.Resampling.LANCZOS).save(data, "PNG")
    return Response(data.getvalue(), mimetype="image/png", headers={"Cache-Control": "max-age=3600"})


@blueprint.get("/control/qr")
def qr_picture() -> Response:
    text = request.args.get("text", "")
    if not 1 <= len(text) <= 1000:
        abort(404)
    return Response(qrcodes.picture(text), mimetype="image/png")


@blueprint.get("/control/media/<media_id>")
def media(media_id: str) -> Response:
    found = store.row("SELECT * FROM media WHERE media_id = ?", (media_id,))
    if found is None:
        abort(404)
    kind = found["mimetype"] if found["kind"] in ("image", "thumb") else "application/octet-stream"
    return Response(found["data"], mimetype=kind, headers={"X-Content-Type-Options": "nosniff"})


@blueprint.get("/control/articles/<article_id>")
def article(article_id: str) -> Response:
    """A published article, shown as plain text."""
    found = store.row("SELECT * FROM publications WHERE article_id = ? AND deleted = 0", (article_id,))
    if found is None:
        abort(404)
    parts = [
        f"<article><h1>{html.escape(a['title'])}</h1><pre>{html.escape(a['content'])}</pre></article>"
        for a in json.loads(found["articles"])
    ]
    page = (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>文章</title>'
        '<link rel="stylesheet" href="/control/static/page.css"></head><body class="sheet"><main>'
        + "".join(parts)
        + "</main></body></html>"
    )
    return Response(page, mimetype="text/html")
