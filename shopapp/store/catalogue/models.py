"""What is sold: categories, products with up to three specs, their SKUs and pictures."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shopapp.kernel.db import Model
from shopapp.kernel.ids import new_id
from shopapp.kernel.money import Money
from shopapp.kernel.states import StateTable


class Category(Model):
    """A shelf of the shop; `slug` is its address."""

    __tablename__ = "categories"

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(30))
    picture_id: Mapped[int | None] = mapped_column(ForeignKey("pictures.id"))
    position: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)


class ProductStatus(StrEnum):
    DRAFT = "draft"
    ON_SALE = "on_sale"
    OFF_SALE = "off_sale"


_S = ProductStatus
PRODUCT_MOVES = StateTable[ProductStatus](
    {
        _S.DRAFT: frozenset({_S.ON_SALE}),
        _S.ON_SALE: frozenset({_S.OFF_SALE}),
        _S.OFF_SALE: frozenset({_S.ON_SALE}),
    }
)


class Product(Model):
    """Something on sale. `price` is the lowest price of its SKUs, `version` grows with every change a page could show."""

    __tablename__ = "products"
    __table_args__ = (
        CheckConstraint("limit_per_customer >= 1", "limit_positive"),
        Index("ix_products_listing", "status", "category_id", "position"),
    )

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    category_id: Mapped[int | None] = mapped_column(ForeignKey("categories.id"))
    title: Mapped[str] = mapped_column(String(60))
    subtitle: Mapped[str] = mapped_column(String(120), default="")
    description: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[ProductStatus] = mapped_column(default=ProductStatus.DRAFT)
    spec_names: Mapped[list[str]]
    price: Mapped[Money] = mapped_column(default=Money(0))
    in_stock: Mapped[bool] = mapped_column(default=False)
    sold: Mapped[int] = mapped_column(default=0)
    limit_per_customer: Mapped[int | None]
    returnable: Mapped[bool] = mapped_column(default=True)
    position: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    skus: Mapped[list[Sku]] = relationship(order_by="Sku.position, Sku.id", back_populates="product")
    pictures: Mapped[list[ProductPicture]] = relationship(order_by="ProductPicture.position")


class Sku(Model):
    """One choice of a product's specs. `specs` has one value per spec name of the product; `specs_key` joins them.

    A SKU that is offered no more stays for the orders that name it; its key then is its own id.
    """

    __tablename__ = "skus"
    __table_args__ = (
        UniqueConstraint("product_id", "specs_key"),
        CheckConstraint("price >= 0", "price_not_negative"),
    )

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), index=True)
    specs: Mapped[list[str]]
    specs_key: Mapped[str] = mapped_column(String(200))
    code: Mapped[str | None] = mapped_column(String(64), unique=True)
    price: Mapped[Money]
    weight_grams: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)
    position: Mapped[int] = mapped_column(default=0)

    product: Mapped[Product] = relationship(back_populates="skus")


class Picture(Model):
    """An image file that was decoded and written anew; `file` is its content's hash with the ending."""

    __tablename__ = "pictures"

    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=new_id)
    file: Mapped[str] = mapped_column(String(80), unique=True)
    width: Mapped[int]
    height: Mapped[int]
    created_at: Mapped[datetime]


class ProductPicture(Model):
    """A picture in a product's gallery."""

    __tablename__ = "product_pictures"
    __table_args__ = (UniqueConstraint("product_id", "picture_id"),)

    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), index=True)
    picture_id: Mapped[int] = mapped_column(ForeignKey("pictures.id"))
    position: Mapped[int] = mapped_column(default=0)
    alt: Mapped[str] = mapped_column(String(60), default="")

    picture: Mapped[Picture] = relationship()
