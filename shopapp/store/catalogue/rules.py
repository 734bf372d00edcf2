"""What a product must be like: pure checks that name every wrong field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shopapp.kernel.errors import Invalid
from shopapp.kernel.fields import is_plain
from shopapp.kernel.i18n import _
from shopapp.kernel.money import Money

TITLE_MAX = 60
SUBTITLE_MAX = 120
DESCRIPTION_MAX = 20_000
ALT_MAX = 60
SPECS_MAX = 3
SPEC_NAME_MAX = 10
SPEC_VALUE_MAX = 20
SPEC_VALUES_MAX = 30
SKUS_MAX = 200
PRICE_FEN_MAX = 99_999_999
WEIGHT_GRAMS_MAX = 1_000_000
PICTURES_MAX = 15
LIMIT_MAX = 99
POSITION_MAX = 1_000_000
CODE_MAX = 64
SOLD_STEPS = (10, 50, 100, 500, 1_000, 5_000, 10_000, 50_000, 100_000)
KEY_JOINER = "\x1f"


@dataclass(frozen=True, kw_only=True)
class SkuContent:
    """One choice. `id` names an existing SKU, to keep its stock while its specs change."""

    specs: tuple[str, ...] = ()
    price: Money
    code: str | None = None
    weight_grams: int = 0
    id: str | None = None


@dataclass(frozen=True, kw_only=True)
class PictureContent:
    """A picture that was uploaded before, by its public id, with words for those who cannot see it."""

    id: str
    alt: str = ""


@dataclass(frozen=True, kw_only=True)
class ProductContent:
    """Everything a person writes about a product. `category` is a public id; `description` may hold simple markup."""

    title: str
    subtitle: str = ""
    description: str = ""
    category: str | None = None
    spec_names: tuple[str, ...] = ()
    skus: tuple[SkuContent, ...]
    pictures: tuple[PictureContent, ...] = ()
    limit_per_customer: int | None = None
    returnable: bool = True
    position: int = 0


def specs_key(specs: Sequence[str]) -> str:
    return KEY_JOINER.join(specs)


def sold_step(sold: int) -> int:
    """The round number that is shown instead of the exact one: the highest step reached, 0 below the first."""
    return max((step for step in SOLD_STEPS if step <= sold), default=0)


def check_product(content: ProductContent) -> None:
    """Raises `Invalid` naming each wrong field."""
    wrong: dict[str, list[str]] = {}
    _check_text(wrong, "title", content.title, longest=TITLE_MAX, needed=True)
    _check_text(wrong, "subtitle", content.subtitle, longest=SUBTITLE_MAX)
    _check_text(wrong, "description", content.description, longest=DESCRIPTION_MAX, lines=True)
    _check_number(wrong, "limit_per_customer", content.limit_per_customer, 1, LIMIT_MAX)
    _check_number(wrong, "position", content.position, 0, POSITION_MAX)
    _check_pictures(wrong, content.pictures)
    _check_spec_names(wrong, content.spec_names)
    _check_skus(wrong, content)
    if wrong:
        raise Invalid(wrong)


def _check_text(
    wrong: dict[str, list[str]],
    name: str,
    text: str,
    *,
    longest: int,
    needed: bool = False,
    lines: bool = False,
) -> None:
    if needed and not text.strip():
        wrong[name] = [_("请填写内容。")]
    elif len(text) > longest:
        wrong[name] = [_("最多 %(max)s 个字。", max=longest)]
    elif not is_plain(text, lines=lines):
        wrong[name] = [_("含有不能使用的字符。")]


def _check_number(wrong: dict[str, list[str]], name: str, number: int | None, least: int, most: int) -> None:
    if number is not None and not least <= number <= most:
        wrong[name] = [_("须为 %(min)s 到 %(max)s 的整数。", min=least, max=most)]


def _check_pictures(wrong: dict[str, list[str]], pictures: Sequence[PictureContent]) -> None:
    if len(pictures) > PICTURES_MAX:
        wrong["pictures"] = [_("图片最多 %(max)s 张。", max=PICTURES_MAX)]
    elif len({picture.id for picture in pictures}) < len(pictures):
        wrong["pictures"] = [_("同一张图片只能放一次。")]
    elif any(len(picture.alt) > ALT_MAX or not is_plain(picture.alt) for picture in pictures):
        wrong["pictures"] = [_("图片说明最多 %(max)s 个字，不能有控制字符。", max=ALT_MAX)]


def _check_spec_names(wrong: dict[str, list[str]], names: Sequence[str]) -> None:
    if len(names) > SPECS_MAX:
        wrong["spec_names"] = [_("规格最多 %(max)s 种。", max=SPECS_MAX)]
    elif any(not name.strip() or len(name) > SPEC_NAME_MAX or not is_plain(name) for name in names):
        wrong["spec_names"] = [_("规格名称须为 1 到 %(max)s 个字。", max=SPEC_NAME_MAX)]
    elif len(set(names)) < len(names):
        wrong["spec_names"] = [_("规格名称不能重复。")]


def _check_skus(wrong: dict[str, list[str]], content: ProductContent) -> None:
    skus, arity = content.skus, len(content.spec_names)
    problem = None
    if not 1 <= len(skus) <= SKUS_MAX:
        problem = _("款式须有 1 到 %(max)s 个。", max=SKUS_MAX)
    elif any(len(sku.specs) != arity for sku in skus):
        problem = _("每个款式的规格值个数须与规格名称相同（%(count)s 个）。", count=arity)
    elif len({sku.specs for sku in skus}) < len(skus):
        problem = _("款式的规格组合不能重复。")
    elif any(not _good_value(value) for sku in skus for value in sku.specs):
        problem = _("规格值须为 1 到 %(max)s 个字。", max=SPEC_VALUE_MAX)
    elif any(len({sku.specs[place] for sku in skus}) > SPEC_VALUES_MAX for place in range(arity)):
        problem = _("每种规格最多 %(max)s 个值。", max=SPEC_VALUES_MAX)
    elif any(not 0 <= sku.price.fen <= PRICE_FEN_MAX for sku in skus):
        problem = _("价格须在 0 到 %(max)s 元之间。", max=Money(PRICE_FEN_MAX))
    elif any(not 0 <= sku.weight_grams <= WEIGHT_GRAMS_MAX for sku in skus):
        problem = _("重量须为 0 到 %(max)s 克的整数。", max=WEIGHT_GRAMS_MAX)
    elif any(sku.code is not None and not _good_code(sku.code) for sku in skus):
        problem = _("款式编码须为 1 到 %(max)s 个字。", max=CODE_MAX)
    elif _repeated([sku.code for sku in skus]) or _repeated([sku.id for sku in skus]):
        problem = _("款式编码和编号不能重复。")
    if problem:
        wrong["skus"] = [problem]


def _good_value(value: str) -> bool:
    return bool(value.strip()) and len(value) <= SPEC_VALUE_MAX and is_plain(value)


def _good_code(code: str) -> bool:
    return bool(code.strip()) and len(code) <= CODE_MAX and is_plain(code)


def _repeated(values: Sequence[str | None]) -> bool:
    given = [value for value in values if value is not None]
    return len(set(given)) < len(given)
