"""the points mall"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was ordered before was not bought in the points mall."""
    op.create_table(
        "mall_items",
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column(
            "kind", sa.Enum("goods", "coupon", name="mallkind", native_enum=False, length=32), nullable=False
        ),
        sa.Column("sku_id", sa.String(length=32), nullable=True),
        sa.Column("coupon_id", sa.String(length=32), nullable=True),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("cash", sa.BigInteger(), nullable=False),
        sa.Column("stock", sa.Integer(), nullable=True),
        sa.Column("given", sa.Integer(), nullable=False),
        sa.Column("per_person", sa.Integer(), nullable=True),
        sa.Column("per_month", sa.Integer(), nullable=True),
        sa.Column("min_tier", sa.String(length=16), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "(kind = 'goods' AND sku_id IS NOT NULL AND coupon_id IS NULL) OR (kind = 'coupon' AND coupon_id IS NOT NULL AND sku_id IS NULL AND cash = 0)",
            name=op.f("ck_mall_items_one_thing"),
        ),
        sa.CheckConstraint(
            "given >= 0 AND (stock IS NULL OR given <= stock)", name=op.f("ck_mall_items_stock")
        ),
        sa.CheckConstraint("points >= 1 AND cash >= 0", name=op.f("ck_mall_items_price")),
        sa.ForeignKeyConstraint(["coupon_id"], ["coupons.public_id"], name=op.f("fk_mall_items_coupon_id")),
        sa.ForeignKeyConstraint(["sku_id"], ["skus.public_id"], name=op.f("fk_mall_items_sku_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mall_items")),
        sa.UniqueConstraint("public_id", name=op.f("uq_mall_items_public_id")),
    )
    with op.batch_alter_table("mall_items", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mall_items_coupon_id"), ["coupon_id"], unique=False)
        batch_op.create_index("ix_mall_items_shown", ["active", "position"], unique=False)
        batch_op.create_index(batch_op.f("ix_mall_items_sku_id"), ["sku_id"], unique=False)

    op.create_table(
        "mall_redemptions",
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("cash", sa.BigInteger(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("held_coupon_id", sa.String(length=32), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "quantity >= 1 AND points >= 1 AND cash >= 0", name=op.f("ck_mall_redemptions_amounts")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_mall_redemptions_customer_id")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["mall_items.id"], name=op.f("fk_mall_redemptions_item_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_mall_redemptions_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mall_redemptions")),
        sa.UniqueConstraint("key", name=op.f("uq_mall_redemptions_key")),
        sa.UniqueConstraint("order_id", name=op.f("uq_mall_redemptions_order_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_mall_redemptions_public_id")),
    )
    with op.batch_alter_table("mall_redemptions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mall_redemptions_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index("ix_mall_redemptions_item", ["item_id", "id"], unique=False)

    op.create_table(
        "mall_tallies",
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("given", sa.Integer(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("in_month", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("given >= 0 AND in_month >= 0", name=op.f("ck_mall_tallies_not_negative")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_mall_tallies_customer_id")),
        sa.ForeignKeyConstraint(["item_id"], ["mall_items.id"], name=op.f("fk_mall_tallies_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mall_tallies")),
        sa.UniqueConstraint("item_id", "customer_id", name=op.f("uq_mall_tallies_item_id_customer_id")),
    )
    with op.batch_alter_table("mall_tallies", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mall_tallies_customer_id"), ["customer_id"], unique=False)

    with op.batch_alter_table("order_lines", schema=None) as batch_op:
        batch_op.add_column(sa.Column("in_mall", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("order_lines", schema=None) as batch_op:
        batch_op.alter_column("in_mall", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("order_lines", schema=None) as batch_op:
        batch_op.drop_column("in_mall")

    with op.batch_alter_table("mall_tallies", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mall_tallies_customer_id"))

    op.drop_table("mall_tallies")
    with op.batch_alter_table("mall_redemptions", schema=None) as batch_op:
        batch_op.drop_index("ix_mall_redemptions_item")
        batch_op.drop_index(batch_op.f("ix_mall_redemptions_customer_id"))

    op.drop_table("mall_redemptions")
    with op.batch_alter_table("mall_items", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mall_items_sku_id"))
        batch_op.drop_index("ix_mall_items_shown")
        batch_op.drop_index(batch_op.f("ix_mall_items_coupon_id"))

    op.drop_table("mall_items")
