"""Pictures: uploads are decoded and written anew, kept by the hash of their content, served in a few widths."""

from __future__ import annotations

import hashlib
import io
import os
import re
import struct
import tempfile
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image, ImageCms
from sqlalchemy import select

from shopapp.kernel.db import db, insert_once
from shopapp.kernel.errors import ShopError
from shopapp.kernel.heavy import heavy_work
from shopapp.kernel.i18n import _l
from shopapp.kernel.ids import new_id
from shopapp.kernel.settings import data_folder

from .models import Picture

UPLOAD_BYTES_MAX = 10 * 1024 * 1024
PIXELS_MAX = 40_000_000
SIDE_MIN = 50
SIDE_KEPT_MAX = 2160
QUALITY = 85
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
SMOOTH = ("L", "RGB", "RGBA", "CMYK")
"""Whose points may be blended as they are."""
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What puts a picture upright, by the orientation that its Exif data tells."""
WIDTHS = (160, 320, 480, 750, 1080)
_SCALED = re.compile(r"([0-9a-f]{64})@([1-9][0-9]{2,3})\.webp")


class BadPicture(ShopError):
    status, code, text = (
        422,
        "bad_picture",
        _l("这个文件不是可以使用的图片，没有任何改动。请上传 JPEG、PNG、WebP 或 GIF。"),
    )


class PictureTooLarge(ShopError):
    status, code, text = (
        422,
        "picture_too_large",
        _l("图片太大，没有任何改动。每张最大 %(mib)s MB，最多 %(megapixels)s 百万像素。"),
    )


class PictureTooSmall(ShopError):
    status, code, text = (
        422,
        "picture_too_small",
        _l("图片太小，没有任何改动。宽和高至少 %(side)s 像素。"),
    )


@dataclass(frozen=True, kw_only=True)
class PreparedPicture:
    """A picture written anew and on disk, not yet known to the database."""

    file: str
    width: int
    height: int


def folder() -> Path:
    """Web hosts that share a database must share it too."""
    return data_folder() / "media"


def prepare(raw: bytes) -> PreparedPicture:
    """Decode an upload and write it anew, without its metadata: call it before the transaction.

    Raises `BadPicture`, `PictureTooLarge`, `PictureTooSmall`.
    """
    if len(raw) > UPLOAD_BYTES_MAX:
        raise _too_large()
    with heavy_work():
        content, width, height = _rewritten(raw)
    return keep(content, width=width, height=height)


def _rewritten(raw: bytes) -> tuple[bytes, int, int]:
    """As a WebP, with its width and height."""
    picture = _decode(raw)
    return _webp(picture), picture.width, picture.height


def keep(content: bytes, *, width: int, height: int) -> PreparedPicture:
    """Put a WebP of our own making on disk."""
    file = f"{hashlib.sha256(content).hexdigest()}.webp"
    target = folder() / file
    if not target.is_file():
        _write(target, content)
    return PreparedPicture(file=file, width=width, height=height)


def remember(*, prepared: PreparedPicture, now: datetime) -> Picture:
    """The row of a prepared picture; the same content is kept once."""
    insert_once(
        Picture,
        public_id=new_id(),
        file=prepared.file,
        width=prepared.width,
        height=prepared.height,
        created_at=now,
    )
    return db.session.scalars(select(Picture).filter_by(file=prepared.file)).one()


def scaled(name: str) -> Path | None:
    """The file for `<hash>@<width>.webp`, made at its first use; None for another name, width, or unknown picture."""
    match = _SCALED.fullmatch(name)
    if match is None or int(match[2]) not in WIDTHS:
        return None
    source, target = folder() / f"{match[1]}.webp", folder() / "scaled" / name
    if target.is_file():
        return target
    if not source.is_file():
        return None
    with heavy_work():
        _write(target, _narrowed(source, int(match[2])))
    return target


def _narrowed(source: Path, width: int) -> bytes:
    with closing(Image.open(source)) as picture:
        picture.thumbnail((width, SIDE_KEPT_MAX * 4), Image.Resampling.LANCZOS)
        return _webp(picture)


def as_jpeg(file: str) -> bytes:
    """A kept picture as a JPEG on white, for those who take no WebP."""
    with heavy_work(), closing(Image.open(folder() / file)) as picture:
        whole = picture.convert("RGBA")
        white = Image.new("RGB", whole.size, "white")
        white.paste(whole, mask=whole.getchannel("A"))
        out = io.BytesIO()
        white.save(out, "JPEG", quality=QUALITY)
        return out.getvalue()


def _decode(raw: bytes) -> Image.Image:
    try:
        with closing(Image.open(io.BytesIO(raw), formats=FORMATS)) as opened:
            if opened.width * opened.height > PIXELS_MAX:
                raise _too_large()
            if min(opened.size) < SIDE_MIN:
                raise PictureTooSmall(side=SIDE_MIN)
            opened.seek(0)
            profile = opened.info.get("icc_profile")
            see_through = "A" in opened.getbands() or "transparency" in opened.info
            turn = opened.getexif().get(ExifTags.Base.Orientation)
            opened.draft(None, (SIDE_KEPT_MAX, SIDE_KEPT_MAX))  # a JPEG need not even be decoded in full
            if opened.mode in SMOOTH and "transparency" not in opened.info:
                _shrink(opened)
            plain = opened.convert("RGBA" if see_through else "RGB")
        _shrink(plain)
        if turn in TURNS:
            plain = plain.transpose(TURNS[turn])
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, KeyError, IndexError, TypeError):
        raise BadPicture from None
    except Image.DecompressionBombError:
        raise _too_large() from None
    return _in_srgb(plain, profile)


def _shrink(picture: Image.Image) -> None:
    """To the largest side that is kept."""
    picture.thumbnail((SIDE_KEPT_MAX, SIDE_KEPT_MAX), Image.Resampling.LANCZOS)


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """The colours that the profile means, as the web shows pictures; unchanged where there is no usable profile."""
    if not profile or picture.mode != "RGB":
        return picture
    try:
        meant = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(
            picture, meant, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture
    return picture if converted is None else converted


def _too_large() -> PictureTooLarge:
    return PictureTooLarge(mib=UPLOAD_BYTES_MAX // 1024**2, megapixels=PIXELS_MAX // 10**6)


def _webp(picture: Image.Image) -> bytes:
    bare = Image.frombytes(picture.mode, picture.size, picture.tobytes())
    out = io.BytesIO()
    options: dict[str, Any] = {"quality": QUALITY, "method": 4}
    bare.save(out, "WEBP", **options)
    return out.getvalue()


def _write(target: Path, content: bytes) -> None:
    """Whole or not at all, also when two processes write the same file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".new-")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(temporary).chmod(0o644)
    Path(temporary).replace(target)
