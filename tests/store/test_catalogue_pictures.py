"""Pictures: written anew on the way in, small on the way out."""

from __future__ import annotations

import io
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image, ImageChops, ImageOps
from sqlalchemy import func, select

from shopapp.kernel.db import db
from shopapp.store.catalogue import media
from shopapp.store.catalogue.models import Picture
from tests.support.merchant import merchant_client

UPLOAD = "/api/v1/admin/pictures"


@pytest.fixture
def client(app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> FlaskClient:
    monkeypatch.setattr(media, "folder", lambda: tmp_path / "media")
    return merchant_client(app, monkeypatch)


def encoded(kind: str = "JPEG", size: tuple[int, int] = (800, 600), **options: Any) -> bytes:
    picture = Image.new(options.pop("mode", "RGB"), size, options.pop("colour", (200, 30, 60)))
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def upload(client: FlaskClient, raw: bytes, name: str = "a.jpg") -> Any:
    return client.post(UPLOAD, data={"file": (io.BytesIO(raw), name)}, content_type="multipart/form-data")


def kept(answer: Any) -> Image.Image:
    digest = answer.json["url"].removeprefix("/media/").partition("@")[0]
    return Image.open(media.folder() / f"{digest}.webp")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_every_usual_kind_is_taken(client: FlaskClient, kind: str) -> None:
    answer = upload(client, encoded(kind))
    assert answer.status_code == 201, answer.text
    assert (answer.json["width"], answer.json["height"]) == (800, 600)
    assert kept(answer).format == "WEBP"


def test_a_turned_photo_stands_upright_and_tells_nothing_of_its_place(client: FlaskClient) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "N"
    exif[0x010F] = "Phone"
    answer = upload(client, encoded(size=(400, 300), exif=exif))
    stored = kept(answer)
    assert stored.size == (300, 400) == (answer.json["width"], answer.json["height"])
    assert not stored.getexif()
    assert not {"exif", "xmp", "icc_profile"} & stored.info.keys()


@pytest.mark.parametrize("turn", range(1, 9))
def test_every_way_to_hold_a_phone_ends_upright(client: FlaskClient, turn: int) -> None:
    scene = Image.new("RGB", (400, 200), "white")
    scene.paste("red", (0, 0, 100, 100))
    exif = Image.Exif()
    exif[0x0112] = turn
    out = io.BytesIO()
    scene.save(out, "PNG", exif=exif)
    stored = kept(upload(client, out.getvalue())).convert("RGB")
    meant = ImageOps.exif_transpose(Image.open(io.BytesIO(out.getvalue()))).convert("RGB")
    assert stored.size == meant.size
    corners = [(10, 10), (stored.width - 10, 10), (10, stored.height - 10)]
    for corner in corners:
        assert ImageChops.difference(stored, meant).getpixel(corner) < (40, 40, 40)  # type: ignore[operator]


def test_many_large_photos_at_once_are_worked_on_one_at_a_time(
    client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once: list[int] = []
    decode = media._decode

    def watched(raw: bytes) -> Image.Image:
        at_once.append(1)
        assert sum(at_once) == 1
        try:
            return decode(raw)
        finally:
            at_once.append(-1)

    monkeypatch.setattr(media, "_decode", watched)
    photos = [encoded(size=(600 + n, 400)) for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(media.prepare, photos))
    assert len({picture.file for picture in found}) == 4


def test_large_photos_are_scaled_down_and_see_through_ones_stay_so(client: FlaskClient) -> None:
    assert kept(upload(client, encoded(size=(4000, 3000)))).size == (2160, 1620)
    glass = upload(client, encoded("PNG", mode="RGBA", colour=(0, 0, 0, 0)))
    assert kept(glass).mode == "RGBA"


def test_the_same_picture_is_kept_once(client: FlaskClient) -> None:
    first, again = upload(client, encoded()), upload(client, encoded())
    assert first.json == again.json
    assert db.session.scalar(select(func.count()).select_from(Picture)) == 1


def bomb(width: int, height: int) -> bytes:
    """A PNG of few bytes that claims to be huge."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 99))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "bad_picture"),
        (b"not a picture", "bad_picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "bad_picture"),
        (encoded("BMP"), "bad_picture"),
        (encoded()[:700], "bad_picture"),
        (bomb(800, 600), "bad_picture"),
        (bomb(100_000, 100_000), "picture_too_large"),
        (bomb(7000, 7000), "picture_too_large"),
        (encoded() + b"\0" * media.UPLOAD_BYTES_MAX, "picture_too_large"),
        (encoded(size=(49, 600)), "picture_too_small"),
    ],
)
def test_what_is_no_good_picture_is_refused(client: FlaskClient, raw: bytes, code: str) -> None:
    answer = upload(client, raw)
    assert (answer.status_code, answer.json["code"]) == (422, code)
    assert db.session.scalar(select(func.count()).select_from(Picture)) == 0
    assert not media.folder().exists()


def test_an_upload_without_its_file_is_refused(client: FlaskClient) -> None:
    assert client.post(UPLOAD, data={}, content_type="multipart/form-data").status_code == 422
    assert client.post(UPLOAD, json={"file": "a"}).status_code == 422


def test_pictures_come_in_the_allowed_widths_and_for_good(client: FlaskClient, app: Flask) -> None:
    url = upload(client, encoded(size=(1000, 500))).json["url"]
    browser = app.test_client()
    for width in media.WIDTHS:
        answer = browser.get(url.replace("@750", f"@{width}"))
        assert answer.status_code == 200
        assert answer.mimetype == "image/webp"
        assert "immutable" in answer.headers["Cache-Control"]
        assert "max-age=31536000" in answer.headers["Cache-Control"]
        size = Image.open(io.BytesIO(answer.data)).size
        assert size == (min(width, 1000), min(width, 1000) // 2)
    made = sorted((media.folder() / "scaled").iterdir())
    assert len(made) == len(media.WIDTHS)
    before = made[0].stat().st_mtime_ns
    browser.get(f"/media/{made[0].name}")
    assert made[0].stat().st_mtime_ns == before


@pytest.mark.parametrize(
    "name",
    [
        "{digest}@751.webp",
        "{digest}@0750.webp",
        "{digest}@99999.webp",
        "{digest}.webp",
        "{digest}@750.png",
        "../{digest}.webp",
        "..%2F..%2Fshop.db",
        "%2Fetc%2Fpasswd",
        "scaled/{digest}@750.webp",
        "{other}@750.webp",
        "%00",
        "",
    ],
)
def test_no_other_file_can_be_had(client: FlaskClient, app: Flask, name: str) -> None:
    url = upload(client, encoded()).json["url"]
    digest = url.removeprefix("/media/").partition("@")[0]
    answer = app.test_client().get("/media/" + name.format(digest=digest, other="0" * 64))
    assert answer.status_code == 404


def test_a_product_shows_its_pictures_in_their_order(client: FlaskClient) -> None:
    first, second = (upload(client, encoded(colour=(n, n, n))).json for n in (10, 200))
    fields = {
        "title": "奶瓶",
        "skus": [{"price_fen": 100}],
        "pictures": [{"id": second["id"], "alt": "正面"}, {"id": first["id"]}],
        "status": "on_sale",
    }
    made = client.post("/api/v1/admin/products", json=fields).json
    assert [picture["alt"] for picture in made["pictures"]] == ["正面", ""]
    shown = client.get(f"/api/v1/products/{made['id']}").json
    assert shown["images"] == [second["url"], first["url"]]
    twice = {"pictures": [{"id": first["id"]}, {"id": first["id"]}]}
    assert client.patch(f"/api/v1/admin/products/{made['id']}", json=twice).status_code == 422
    turned = {"pictures": [{"id": first["id"]}, {"id": second["id"]}]}
    assert client.patch(f"/api/v1/admin/products/{made['id']}", json=turned).status_code == 200
    assert client.get(f"/api/v1/products/{made['id']}").json["images"] == [first["url"], second["url"]]
