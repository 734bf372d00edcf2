"""one history of purchases, and the desk of imports"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "purchases",
        sa.Column("order_ref", sa.String(length=48), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("shop", sa.String(length=80), nullable=False),
        sa.Column("order_no", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("sku", sa.String(length=255), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("paid", sa.BigInteger(), nullable=False),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.Column("purchased_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("product_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("sku_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("quantity >= 1", name=op.f("ck_purchases_quantity_positive")),
        sa.CheckConstraint("refunded >= 0 AND refunded <= paid", name=op.f("ck_purchases_refund_in_bounds")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_purchases_customer_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_purchases_product_id")),
        sa.ForeignKeyConstraint(["sku_id"], ["skus.id"], name=op.f("fk_purchases_sku_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purchases")),
        sa.UniqueConstraint("order_ref", "line_no", name=op.f("uq_purchases_order_ref_line_no")),
    )
    with op.batch_alter_table("purchases", schema=None) as batch_op:
        batch_op.create_index("ix_purchases_customer", ["customer_id", "purchased_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_purchases_product_id"), ["product_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_purchases_purchased_at"), ["purchased_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_purchases_sku_id"), ["sku_id"], unique=False)

    op.create_table(
        "purchase_walks",
        sa.Column(
            "name", sa.Enum("own", "market", name="walkname", native_enum=False, length=32), nullable=False
        ),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("row_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_purchase_walks")),
        sa.UniqueConstraint("name", name=op.f("uq_purchase_walks_name")),
    )

    op.create_table(
        "marketplace_imports",
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column(
            "origin", sa.Enum("desk", "folder", name="origin", native_enum=False, length=32), nullable=False
        ),
        sa.Column(
            "status",
            sa.Enum(
                "looked_at",
                "waiting",
                "running",
                "done",
                "refused",
                "discarded",
                name="importstatus",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("file_name", sa.String(length=120), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("platform", sa.String(length=16), nullable=False),
        sa.Column("shop", sa.String(length=60), nullable=False),
        sa.Column("preview", sa.JSON(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("rows_total", sa.Integer(), nullable=True),
        sa.Column("rows_done", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("by_name", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "size >= 0 AND rows_done >= 0 AND tries >= 0", name=op.f("ck_marketplace_imports_not_negative")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_marketplace_imports")),
        sa.UniqueConstraint("public_id", name=op.f("uq_marketplace_imports_public_id")),
    )
    with op.batch_alter_table("marketplace_imports", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_marketplace_imports_created_at"), ["created_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_marketplace_imports_sha256"), ["sha256"], unique=False)
        batch_op.create_index("ix_marketplace_imports_status", ["status", "id"], unique=False)
        batch_op.create_index(
            "uq_marketplace_imports_folder",
            ["sha256"],
            unique=True,
            postgresql_where=sa.text("origin = 'folder'"),
            sqlite_where=sa.text("origin = 'folder'"),
        )


def downgrade() -> None:
    with op.batch_alter_table("marketplace_imports", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_marketplace_imports_folder",
            postgresql_where=sa.text("origin = 'folder'"),
            sqlite_where=sa.text("origin = 'folder'"),
        )
        batch_op.drop_index("ix_marketplace_imports_status")
        batch_op.drop_index(batch_op.f("ix_marketplace_imports_sha256"))
        batch_op.drop_index(batch_op.f("ix_marketplace_imports_created_at"))

    op.drop_table("marketplace_imports")
    op.drop_table("purchase_walks")
    with op.batch_alter_table("purchases", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_purchases_sku_id"))
        batch_op.drop_index(batch_op.f("ix_purchases_purchased_at"))
        batch_op.drop_index(batch_op.f("ix_purchases_product_id"))
        batch_op.drop_index("ix_purchases_customer")

    op.drop_table("purchases")
