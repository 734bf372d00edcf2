"""What may be ordered, and how an order's figures follow from its lines; no database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from shopapp.kernel.errors import Invalid, ShopError
from shopapp.kernel.i18n import _, _l
from shopapp.store.catalogue.queries import SellableSku
from shopapp.store.fields import LINES_MAX, PIECES_MAX

from .models import Order, OrderLine, OrderStatus, RefundStatus


class NothingToOrder(ShopError):
    status, code, text = 409, "nothing_to_order", _l("没有选中要买的商品，没有任何改动。请先选好商品再提交。")


class NotOnSale(ShopError):
    status, code, text = 409, "not_on_sale", _l("“%(title)s”已经下架，没有任何改动。请移除后再提交。")


class NoDelivery(ShopError):
    status, code, text = (
        409,
        "no_delivery",
        _l("暂时送不到“%(region)s”，没有任何改动。请换一个收货地址。"),
    )


class LimitReached(ShopError):
    status, code, text = (
        409,
        "purchase_limit",
        _l("“%(title)s”每人限购 %(limit)s 件，您已买过 %(bought)s 件，没有任何改动。请减少数量后再提交。"),
    )


def merge(items: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Pieces by SKU id, in the order of first mention. Raises `NothingToOrder`, or `Invalid` for numbers out of bounds."""
    wanted: dict[str, int] = {}
    for sku_id, quantity in items:
        wanted[sku_id] = wanted.get(sku_id, 0) + quantity
    if not wanted:
        raise NothingToOrder
    if len(wanted) > LINES_MAX:
        raise Invalid({"items": [_("一次最多买 %(max)s 种商品。", max=LINES_MAX)]})
    if any(not 1 <= quantity <= PIECES_MAX for quantity in wanted.values()):
        raise Invalid({"items": [_("每种商品的数量须为 1 到 %(max)s。", max=PIECES_MAX)]})
    return wanted


def check_on_sale(*, wanted: Mapping[str, int], skus: Mapping[str, SellableSku]) -> None:
    """Raises `NotOnSale` for the first SKU that cannot be bought, `Invalid` for one that does not exist."""
    if any(sku_id not in skus for sku_id in wanted):
        raise Invalid({"items": [_("有商品不存在，请刷新后重选。")]})
    for sku_id in wanted:
        if not skus[sku_id].on_sale:
            raise NotOnSale(sku_id=sku_id, title=skus[sku_id].title)


def not_to_go_back(*, skus: Mapping[str, SellableSku], confirmed: bool) -> set[str]:
    """The SKUs that cannot be sent back without a reason: the product says so, and the buyer confirmed it this time."""
    return {sku_id for sku_id, sku in skus.items() if not sku.returnable} if confirmed else set()


def limited_products(*, wanted: Mapping[str, int], skus: Mapping[str, SellableSku]) -> dict[int, SellableSku]:
    """One SKU of each wanted product that has a purchase limit, by the product's row id."""
    found = (skus[sku_id] for sku_id in wanted)
    return {sku.product_id: sku for sku in found if sku.limit_per_customer is not None}


def check_limits(
    *, wanted: Mapping[str, int], skus: Mapping[str, SellableSku], bought: Mapping[int, int]
) -> None:
    """`bought` is how many pieces of each limited product the customer has. Raises `LimitReached`."""
    for product_id, sku in limited_products(wanted=wanted, skus=skus).items():
        pieces = sum(quantity for sku_id, quantity in wanted.items() if skus[sku_id].product_id == product_id)
        before = bought.get(product_id, 0)
        if before + pieces > (sku.limit_per_customer or 0):
            raise LimitReached(
                sku_id=sku.public_id, title=sku.title, limit=sku.limit_per_customer, bought=before
            )


def left_to_ship(line: OrderLine) -> int:
    """Pieces that may still go into a parcel. Refunds take unshipped pieces first, so this is never negative."""
    return max(line.quantity - line.shipped_quantity - line.refunded_quantity, 0)


def shipping_status(lines: Sequence[OrderLine]) -> OrderStatus:
    """Where a paid order stands by what its parcels hold."""
    if not any(line.shipped_quantity for line in lines):
        return OrderStatus.PAID
    whole = not any(left_to_ship(line) for line in lines)
    return OrderStatus.SHIPPED if whole else OrderStatus.PARTLY_SHIPPED


def refund_status(order: Order) -> RefundStatus:
    """all: every piece went back, or all the money and every gift."""
    if not any(line.refunded_quantity or line.refunded for line in order.lines) and not order.refunded:
        return RefundStatus.NONE
    pieces = all(line.refunded_quantity == line.quantity for line in order.lines)
    paid = order.paid + order.wallet
    gifts_left = any(line.gift and line.refunded_quantity < line.quantity for line in order.lines)
    all_money = bool(paid) and order.refunded + order.wallet_refunded == paid and not gifts_left
    return RefundStatus.ALL if pieces or all_money else RefundStatus.PART
