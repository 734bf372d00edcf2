"""imported orders of marketplaces"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "marketplace_held_rows",
        sa.Column("platform", sa.String(length=16), nullable=False),
        sa.Column("family", sa.String(length=80), nullable=False),
        sa.Column("shop", sa.String(length=60), nullable=False),
        sa.Column("order_no", sa.String(length=40), nullable=False),
        sa.Column("status_text", sa.String(length=60), nullable=False),
        sa.Column("rows", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_marketplace_held_rows")),
        sa.UniqueConstraint("digest", name=op.f("uq_marketplace_held_rows_digest")),
    )
    with op.batch_alter_table("marketplace_held_rows", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_marketplace_held_rows_created_at"), ["created_at"], unique=False)
        batch_op.create_index("ix_marketplace_held_rows_status", ["family", "status_text"], unique=False)

    op.create_table(
        "marketplace_identities",
        sa.Column(
            "kind",
            sa.Enum("buyer", "phone", name="identitykind", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("family", sa.String(length=80), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("value_hash", sa.String(length=64), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_marketplace_identities")),
        sa.UniqueConstraint(
            "value_hash", "kind", "family", name=op.f("uq_marketplace_identities_value_hash_kind_family")
        ),
    )
    op.create_table(
        "marketplace_status_words",
        sa.Column("family", sa.String(length=80), nullable=False),
        sa.Column("text", sa.String(length=60), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "unpaid", "paid", "shipped", "done", "closed", name="status", native_enum=False, length=32
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_marketplace_status_words")),
        sa.UniqueConstraint("family", "text", name=op.f("uq_marketplace_status_words_family_text")),
    )
    op.create_table(
        "marketplace_orders",
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("platform", sa.String(length=16), nullable=False),
        sa.Column("family", sa.String(length=80), nullable=False),
        sa.Column("shop", sa.String(length=60), nullable=False),
        sa.Column("order_no", sa.String(length=40), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "unpaid", "paid", "shipped", "done", "closed", name="status", native_enum=False, length=32
            ),
            nullable=False,
        ),
        sa.Column(
            "stated_status",
            sa.Enum(
                "unpaid", "paid", "shipped", "done", "closed", name="status", native_enum=False, length=32
            ),
            nullable=True,
        ),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("paid_fen", sa.BigInteger(), nullable=False),
        sa.Column("stated_paid_fen", sa.BigInteger(), nullable=True),
        sa.Column("refunded_fen", sa.BigInteger(), nullable=False),
        sa.Column("stated_refunded_fen", sa.BigInteger(), nullable=True),
        sa.Column("refunds", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("refund_unclear", sa.Boolean(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("buyer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("phone_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("phone_tail", sa.String(length=4), nullable=True),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "(customer_id IS NULL) = (bound_at IS NULL)", name=op.f("ck_marketplace_orders_bound_since")
        ),
        sa.CheckConstraint(
            "paid_fen >= 0 AND refunded_fen >= 0", name=op.f("ck_marketplace_orders_amounts_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["buyer_id"], ["marketplace_identities.id"], name=op.f("fk_marketplace_orders_buyer_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_marketplace_orders_customer_id")
        ),
        sa.ForeignKeyConstraint(
            ["phone_id"], ["marketplace_identities.id"], name=op.f("fk_marketplace_orders_phone_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_marketplace_orders")),
        sa.UniqueConstraint("order_no", "family", name=op.f("uq_marketplace_orders_order_no_family")),
        sa.UniqueConstraint("public_id", name=op.f("uq_marketplace_orders_public_id")),
    )
    with op.batch_alter_table("marketplace_orders", schema=None) as batch_op:
        batch_op.create_index(
            "ix_marketplace_orders_buyer",
            ["buyer_id"],
            unique=False,
            postgresql_where=sa.text("buyer_id IS NOT NULL"),
            sqlite_where=sa.text("buyer_id IS NOT NULL"),
        )
        batch_op.create_index("ix_marketplace_orders_changed", ["changed_at", "id"], unique=False)
        batch_op.create_index(
            "ix_marketplace_orders_customer",
            ["customer_id"],
            unique=False,
            postgresql_where=sa.text("customer_id IS NOT NULL"),
            sqlite_where=sa.text("customer_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_marketplace_orders_phone",
            ["phone_id"],
            unique=False,
            postgresql_where=sa.text("phone_id IS NOT NULL"),
            sqlite_where=sa.text("phone_id IS NOT NULL"),
        )

    op.create_table(
        "marketplace_lines",
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("numbered", sa.Boolean(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("sku", sa.String(length=80), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "unpaid", "paid", "shipped", "done", "closed", name="status", native_enum=False, length=32
            ),
            nullable=True,
        ),
        sa.Column("paid_fen", sa.BigInteger(), nullable=True),
        sa.Column("refunded_fen", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("quantity >= 0", name=op.f("ck_marketplace_lines_quantity_not_negative")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["marketplace_orders.id"], name=op.f("fk_marketplace_lines_order_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_marketplace_lines")),
        sa.UniqueConstraint("order_id", "key", name=op.f("uq_marketplace_lines_order_id_key")),
    )


def downgrade() -> None:
    op.drop_table("marketplace_lines")
    with op.batch_alter_table("marketplace_orders", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_marketplace_orders_phone",
            postgresql_where=sa.text("phone_id IS NOT NULL"),
            sqlite_where=sa.text("phone_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_marketplace_orders_customer",
            postgresql_where=sa.text("customer_id IS NOT NULL"),
            sqlite_where=sa.text("customer_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_marketplace_orders_changed")
        batch_op.drop_index(
            "ix_marketplace_orders_buyer",
            postgresql_where=sa.text("buyer_id IS NOT NULL"),
            sqlite_where=sa.text("buyer_id IS NOT NULL"),
        )

    op.drop_table("marketplace_orders")
    op.drop_table("marketplace_status_words")
    op.drop_table("marketplace_identities")
    with op.batch_alter_table("marketplace_held_rows", schema=None) as batch_op:
        batch_op.drop_index("ix_marketplace_held_rows_status")
        batch_op.drop_index(batch_op.f("ix_marketplace_held_rows_created_at"))

    op.drop_table("marketplace_held_rows")
