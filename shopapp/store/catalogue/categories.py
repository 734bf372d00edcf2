"""Shelves of the shop."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from shopapp.kernel.db import db, rows_changed
from shopapp.kernel.errors import Conflict, Invalid, ShopError
from shopapp.kernel.fields import is_plain
from shopapp.kernel.i18n import _, _l
from shopapp.kernel.ids import new_id

from .models import Category, Picture, Product
from .queries import is_public_id
from .rules import POSITION_MAX
from .services import lists_changed

NAME_MAX = 30
CATEGORIES_MAX = 100
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?")


class CategoryInUse(ShopError):
    status, code, text = 409, "category_in_use", _l("这个分类里还有商品，没有删除。请先把商品移到别的分类。")


@dataclass(frozen=True, kw_only=True)
class CategoryContent:
    """Everything a person writes about a category. `picture` is the public id of an uploaded one."""

    slug: str
    name: str
    picture: str | None = None
    position: int = 0
    active: bool = True


@dataclass(frozen=True, kw_only=True)
class CategoryRecord:
    """A category as values; `picture` is a file name."""

    row_id: int
    id: str
    slug: str
    name: str
    picture: str | None
    picture_id: str | None
    position: int
    active: bool


def categories(*, all_of_them: bool = False) -> list[CategoryRecord]:
    """The active ones in their order, or all; their number is bounded."""
    statement = (
        select(Category, Picture.file, Picture.public_id)
        .outerjoin(Picture, Picture.id == Category.picture_id)
        .order_by(Category.position, Category.id)
        .limit(CATEGORIES_MAX)
    )
    if not all_of_them:
        statement = statement.where(Category.active)
    return [
        CategoryRecord(
            row_id=row.id,
            id=row.public_id,
            slug=row.slug,
            name=row.name,
            picture=file,
            picture_id=picture_id,
            position=row.position,
            active=row.active,
        )
        for row, file, picture_id in db.session.execute(statement)
    ]


def category(*, public_id: str) -> Category | None:
    if not is_public_id(public_id):
        return None
    return db.session.scalar(select(Category).filter_by(public_id=public_id))


def create_category(*, content: CategoryContent) -> Category:
    """Raises `Invalid`."""
    if (db.session.scalar(select(func.count()).select_from(Category)) or 0) >= CATEGORIES_MAX:
        raise Invalid({"name": [_("分类最多 %(max)s 个。", max=CATEGORIES_MAX)]})
    row = Category(public_id=new_id())
    _fill(row, content)
    db.session.add(row)
    _flush()
    return row


def update_category(*, row: Category, content: CategoryContent) -> None:
    """Raises `Invalid`."""
    _fill(row, content)
    _flush()


def delete_category(*, row: Category) -> None:
    """Raises `CategoryInUse` while products stand on it."""
    if db.session.scalar(select(Product.id).filter_by(category_id=row.id).limit(1)) is not None:
        raise CategoryInUse
    rows_changed(delete(Category).where(Category.id == row.id))
    db.session.expunge(row)
    lists_changed()


def _fill(row: Category, content: CategoryContent) -> None:
    wrong: dict[str, list[str]] = {}
    if not content.name.strip() or len(content.name) > NAME_MAX or not is_plain(content.name):
        wrong["name"] = [_("名称须为 1 到 %(max)s 个字。", max=NAME_MAX)]
    if not _SLUG.fullmatch(content.slug):
        wrong["slug"] = [_("网址名只能用小写字母、数字和连字符，1 到 60 个字符。")]
    elif _slug_taken(content.slug, but=row.id):
        wrong["slug"] = [_("这个网址名已经用于另一个分类。")]
    if not 0 <= content.position <= POSITION_MAX:
        wrong["position"] = [_("须为 %(min)s 到 %(max)s 的整数。", min=0, max=POSITION_MAX)]
    picture_id = _picture_id(content.picture)
    if content.picture is not None and picture_id is None:
        wrong["picture_id"] = [_("图片不存在，请重新上传。")]
    if wrong:
        raise Invalid(wrong)
    row.slug, row.name, row.picture_id = content.slug, content.name.strip(), picture_id
    row.position, row.active = content.position, content.active
    lists_changed()


def _flush() -> None:
    try:
        db.session.flush()
    except IntegrityError:
        raise Conflict from None


def _slug_taken(slug: str, *, but: int | None) -> bool:
    with db.session.no_autoflush:
        owner = db.session.scalar(select(Category.id).filter_by(slug=slug))
    return owner is not None and owner != but


def _picture_id(public_id: str | None) -> int | None:
    if public_id is None or not is_public_id(public_id):
        return None
    return db.session.scalar(select(Picture.id).filter_by(public_id=public_id))
