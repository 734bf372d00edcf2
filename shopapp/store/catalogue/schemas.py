"""The catalogue over the API."""

from __future__ import annotations

from flask_smorest.fields import Upload
from marshmallow import Schema, fields, validate

from shopapp.kernel.fields import PlainText, YesNo, whole
from shopapp.kernel.i18n import _l
from shopapp.store.fields import ID_LENGTH_MAX

from . import rules
from .categories import NAME_MAX
from .listing import CURSOR_LENGTH_MAX, LIMIT_DEFAULT, LIMIT_MAX, Sort
from .models import ProductStatus
from .search import QUERY_LENGTH_MAX

STOCK_MAX = 1_000_000
SLUG_MAX = 60
POSITION = {"least": 0, "most": rules.POSITION_MAX}


class ListArguments(Schema):
    q = PlainText(longest=QUERY_LENGTH_MAX, load_default="", metadata={"description": "words to search for"})
    category = PlainText(longest=SLUG_MAX, load_default=None, metadata={"description": "slug or id"})
    sort = fields.Enum(Sort, by_value=True, load_default=Sort.DEFAULT)
    cursor = PlainText(longest=CURSOR_LENGTH_MAX, load_default=None)
    limit = fields.Integer(load_default=LIMIT_DEFAULT, validate=validate.Range(min=1, max=LIMIT_MAX))


class StaffListArguments(ListArguments):
    status = fields.Enum(ProductStatus, by_value=True, load_default=None)


class CategoryAnswer(Schema):
    id = fields.String()
    slug = fields.String()
    name = fields.String()
    picture_url = fields.String(allow_none=True)


class CategoryList(Schema):
    items = fields.List(fields.Nested(CategoryAnswer))
    next_cursor = fields.String(allow_none=True)


class SkuAnswer(Schema):
    id = fields.String()
    specs = fields.List(fields.String(), metadata={"description": "one value per spec name"})
    price_fen = fields.Integer()
    member_price_fen = fields.Integer(allow_none=True)
    stock = fields.Integer()


class ProductAnswer(Schema):
    id = fields.String()
    title = fields.String()
    subtitle = fields.String()
    images = fields.List(fields.String())
    price_fen = fields.Integer(metadata={"description": "the lowest of its SKUs"})
    member_price_fen = fields.Integer(allow_none=True)
    in_stock = fields.Boolean()
    category_id = fields.String(allow_none=True)
    spec_names = fields.List(fields.String())
    skus = fields.List(fields.Nested(SkuAnswer))
    limit_per_customer = fields.Integer(allow_none=True)
    returnable = fields.Boolean(metadata={"description": "seven days, without giving a reason"})


class FullProductAnswer(ProductAnswer):
    description = fields.String(metadata={"description": "simple harmless markup"})


class ProductList(Schema):
    items = fields.List(fields.Nested(ProductAnswer))
    next_cursor = fields.String(allow_none=True)


class CategoryInput(Schema):
    slug = PlainText(required=True, least=1, longest=SLUG_MAX)
    name = PlainText(required=True, least=1, longest=NAME_MAX)
    picture_id = PlainText(longest=ID_LENGTH_MAX, load_default=None, allow_none=True)
    position = whole(**POSITION, load_default=0)
    active = YesNo(load_default=True)


class StaffCategoryAnswer(CategoryAnswer):
    picture_id = fields.String(allow_none=True)
    position = fields.Integer()
    active = fields.Boolean()


class StaffCategoryList(Schema):
    items = fields.List(fields.Nested(StaffCategoryAnswer))
    next_cursor = fields.String(allow_none=True)


class SkuInput(Schema):
    id = PlainText(longest=ID_LENGTH_MAX, metadata={"description": "keeps the stock when specs change"})
    specs = fields.List(
        PlainText(least=1, longest=rules.SPEC_VALUE_MAX),
        load_default=list,
        validate=validate.Length(max=rules.SPECS_MAX),
    )
    price_fen = whole(least=0, most=rules.PRICE_FEN_MAX, required=True)
    code = PlainText(least=1, longest=rules.CODE_MAX, load_default=None, allow_none=True)
    weight_grams = whole(least=0, most=rules.WEIGHT_GRAMS_MAX, load_default=0)
    stock = whole(least=0, most=STOCK_MAX, metadata={"description": "free pieces; left out: unchanged"})


class ProductPictureInput(Schema):
    id = PlainText(required=True, longest=ID_LENGTH_MAX)
    alt = PlainText(longest=rules.ALT_MAX, load_default="")


class ProductInput(Schema):
    title = PlainText(required=True, least=1, longest=rules.TITLE_MAX)
    subtitle = PlainText(longest=rules.SUBTITLE_MAX, load_default="")
    description = PlainText(longest=rules.DESCRIPTION_MAX, lines=True, load_default="")
    category_id = PlainText(longest=ID_LENGTH_MAX, load_default=None, allow_none=True)
    spec_names = fields.List(
        PlainText(least=1, longest=rules.SPEC_NAME_MAX),
        load_default=list,
        validate=validate.Length(max=rules.SPECS_MAX),
    )
    skus = fields.List(
        fields.Nested(SkuInput), required=True, validate=validate.Length(min=1, max=rules.SKUS_MAX)
    )
    pictures = fields.List(
        fields.Nested(ProductPictureInput),
        load_default=list,
        validate=validate.Length(max=rules.PICTURES_MAX),
    )
    limit_per_customer = whole(least=1, most=rules.LIMIT_MAX, load_default=None, allow_none=True)
    returnable = YesNo(load_default=True)
    position = whole(**POSITION, load_default=0)
    status = fields.Enum(ProductStatus, by_value=True)


class ProductChange(ProductInput):
    """Fields left out stay as they are; SKUs are given all or not at all."""


PRODUCT_FIELDS = tuple(ProductInput().fields)


class StaffSkuAnswer(SkuAnswer):
    code = fields.String(allow_none=True)
    weight_grams = fields.Integer()


class PictureInput(Schema):
    """The form that an upload is sent as."""

    file = Upload(required=True, error_messages={"required": _l("请选择一张图片。")})


class PictureAnswer(Schema):
    id = fields.String()
    url = fields.String()
    width = fields.Integer()
    height = fields.Integer()
    alt = fields.String()


class StaffProductAnswer(FullProductAnswer):
    status = fields.String(validate=validate.OneOf([status.value for status in ProductStatus]))
    position = fields.Integer()
    sold = fields.Integer()
    skus = fields.List(fields.Nested(StaffSkuAnswer))
    pictures = fields.List(fields.Nested(PictureAnswer))


class StaffProductList(Schema):
    items = fields.List(fields.Nested(StaffProductAnswer))
    next_cursor = fields.String(allow_none=True)
