"""Parametrised QR codes, their pictures, and short keys."""

from __future__ import annotations

import base64
import io
import secrets
import string
from typing import Any

import segno
from flask import Response, request

from .. import journal, store
from .api import ApiError, Body, blueprint, endpoint, now, object_of, text_of

store.register(
    """
    CREATE TABLE IF NOT EXISTS qrcodes (
        ticket TEXT PRIMARY KEY, url TEXT NOT NULL UNIQUE, permanent INTEGER NOT NULL, scene_id INTEGER NOT NULL,
        scene_str TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER
    );
    CREATE TABLE IF NOT EXISTS short_keys (
        short_key TEXT PRIMARY KEY, long_data TEXT NOT NULL, created_at INTEGER NOT NULL, life INTEGER NOT NULL
    );
    """
)

LONGEST_SECONDS = 2_592_000
SHORTEST_SECONDS = 60
PERMANENT_CODES = 100_000
KINDS = {"QR_SCENE": False, "QR_STR_SCENE": False, "QR_LIMIT_SCENE": True, "QR_LIMIT_STR_SCENE": True}
LETTERS = string.ascii_letters + string.digits


def _scene(action: str, body: Body) -> tuple[int, str]:
    scene = object_of(object_of(body, "action_info", error=40052), "scene", error=40053)
    if action in ("QR_STR_SCENE", "QR_LIMIT_STR_SCENE"):
        value = scene.get("scene_str")
        if not isinstance(value, str) or not 1 <= len(value) <= 64:
            raise ApiError(40053, "invalid action info", "scene_str 须为 1 到 64 个字")
        return 0, value
    number = scene.get("scene_id")
    most = 100_000 if action == "QR_LIMIT_SCENE" else 2**32 - 1
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= most:
        raise ApiError(40053, "invalid action info", f"scene_id 须为 1 到 {most} 的整数")
    return number, ""


@endpoint("POST", "/cgi-bin/qrcode/create", coded=False)
def create(body: Body) -> Body:
    action = body.get("action_name")
    if action not in KINDS:
        raise ApiError(40052, "invalid action name", f"action_name 不对：{action!r}")
    number, text = _scene(action, body)
    if KINDS[action]:
        return _permanent(number, text)
    life = body.get("expire_seconds", SHORTEST_SECONDS)
    if not isinstance(life, int) or isinstance(life, bool) or not SHORTEST_SECONDS <= life <= LONGEST_SECONDS:
        raise ApiError(40054, "invalid expire_seconds", "expire_seconds 须在 60 到 2592000 之间")
    ticket, url = _new(permanent=False, number=number, text=text, expires_at=now() + life)
    return {"ticket": ticket, "expire_seconds": life, "url": url}


def _permanent(number: int, text: str) -> Body:
    with store.tx():
        held = store.row(
            "SELECT * FROM qrcodes WHERE permanent = 1 AND scene_id = ? AND scene_str = ?", (number, text)
        )
        if held is not None:
            return {"ticket": held["ticket"], "url": held["url"]}
        if len(store.rows("SELECT 1 FROM qrcodes WHERE permanent = 1")) >= PERMANENT_CODES:
            raise ApiError(45029, "qrcode count out of limit", "永久二维码已有 100000 个")
        ticket, url = _new(permanent=True, number=number, text=text, expires_at=None)
        return {"ticket": ticket, "url": url}


def _new(*, permanent: bool, number: int, text: str, expires_at: int | None) -> tuple[str, str]:
    ticket = "gQ" + base64.b64encode(b"\xfb\xef\xbe" + secrets.token_bytes(62)).decode()
    url = "http://weixin.qq.com/q/02" + "".join(secrets.choice(LETTERS) for _ in range(22))
    store.insert(
        "qrcodes",
        ticket=ticket,
        url=url,
        permanent=int(permanent),
        scene_id=number,
        scene_str=text,
        created_at=now(),
        expires_at=expires_at,
    )
    return ticket, url


def find(*, url: str = "", ticket: str = "") -> store.Row | None:
    """The code with this text or ticket that is still in force, or None."""
    found = store.row("SELECT * FROM qrcodes WHERE url = ? OR ticket = ?", (url, ticket))
    return None if found is None or (found["expires_at"] or now() + 1) <= now() else found


def listing() -> list[dict[str, Any]]:
    """Newest codes first, with `live` telling whether they still work."""
    found = store.rows("SELECT * FROM qrcodes ORDER BY created_at DESC, rowid DESC LIMIT 60")
    return [{**dict(r), "live": (r["expires_at"] or now() + 1) > now()} for r in found]


@blueprint.get("/cgi-bin/showqrcode")
def show() -> Response:
    """The picture of a ticket, JPEG, without token; 404 for a ticket that is wrong or over."""
    found = find(ticket=request.args.get("ticket", ""))
    if found is None:
        journal.refuse("ticket 无效或已过期（ticket 要做 URL 编码）")
        return Response("<h1>404</h1>", status=404, mimetype="text/html")
    return Response(picture(found["url"], kind="jpeg"), mimetype="image/jpg")


def picture(text: str, *, kind: str = "png") -> bytes:
    """A QR picture of `text` about 430 pixels wide; `kind` is png or jpeg."""
    from PIL import Image

    plain = io.BytesIO()
    code = segno.make(text, error="m", micro=False)
    code.save(plain, kind="png", scale=max(2, 430 // (code.symbol_size()[0] + 8)), border=4)
    if kind == "png":
        return plain.getvalue()
    image = io.BytesIO()
    Image.open(plain).convert("L").save(image, "JPEG", quality=90)
    return image.getvalue()


@endpoint("POST", "/cgi-bin/shorten/gen")
def shorten(body: Body) -> Body:
    data = text_of(body, "long_data", missing=47001)
    life = body.get("expire_seconds", LONGEST_SECONDS)
    if len(data.encode()) > 4096:
        raise ApiError(45002, "content size out of limit", "long_data 超过 4 KB")
    if not isinstance(life, int) or not 1 <= life <= LONGEST_SECONDS:
        raise ApiError(40054, "invalid expire_seconds", "expire_seconds 须在 1 到 2592000 之间")
    key = "".join(secrets.choice(LETTERS) for _ in range(15))
    store.insert("short_keys", short_key=key, long_data=data, created_at=now(), life=life)
    return {"short_key": key}


@endpoint("POST", "/cgi-bin/shorten/fetch")
def fetch_short(body: Body) -> Body:
    key = text_of(body, "short_key", missing=47001)
    found = store.row("SELECT * FROM short_keys WHERE short_key = ? AND created_at + life > ?", (key, now()))
    if found is None:
        raise ApiError(44003, "short key not found", "短 key 不存在或已过期")
    return {
        "long_data": found["long_data"],
        "create_time": found["created_at"],
        "expire_seconds": found["created_at"] + found["life"] - now(),
    }
