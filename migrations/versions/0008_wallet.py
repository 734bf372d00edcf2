"""wallet, top-ups, orders without goods"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "top_up_plans",
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("pay", sa.BigInteger(), nullable=False),
        sa.Column("gift", sa.BigInteger(), nullable=False),
        sa.Column("life", sa.String(length=16), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("per_person", sa.Integer(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("pay >= 1 AND gift >= 0", name=op.f("ck_top_up_plans_amounts")),
        sa.CheckConstraint(
            "per_person IS NULL OR per_person >= 1", name=op.f("ck_top_up_plans_per_person_positive")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_top_up_plans")),
        sa.UniqueConstraint("public_id", name=op.f("uq_top_up_plans_public_id")),
    )
    op.create_table(
        "principal_refunds",
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("amount >= 1", name=op.f("ck_principal_refunds_amount_positive")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_principal_refunds_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_principal_refunds")),
        sa.UniqueConstraint("key", name=op.f("uq_principal_refunds_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_principal_refunds_public_id")),
    )
    with op.batch_alter_table("principal_refunds", schema=None) as batch_op:
        batch_op.create_index("ix_principal_refunds_customer", ["customer_id", "created_at"], unique=False)

    op.create_table(
        "top_ups",
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("gift", sa.BigInteger(), nullable=False),
        sa.Column("gift_life", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("gift >= 0", name=op.f("ck_top_ups_gift_not_negative")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_top_ups_customer_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_top_ups_order_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["top_up_plans.id"], name=op.f("fk_top_ups_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_top_ups")),
        sa.UniqueConstraint("key", name=op.f("uq_top_ups_key")),
        sa.UniqueConstraint("order_id", name=op.f("uq_top_ups_order_id")),
    )
    with op.batch_alter_table("top_ups", schema=None) as batch_op:
        batch_op.create_index("ix_top_ups_plan", ["customer_id", "plan_id"], unique=False)

    op.create_table(
        "principal_refund_parts",
        sa.Column(
            "principal_refund_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("refund_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("gift", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("sent", "done", "put_back", name="partstate", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("amount >= 1 AND gift >= 0", name=op.f("ck_principal_refund_parts_amounts")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_principal_refund_parts_order_id")),
        sa.ForeignKeyConstraint(
            ["principal_refund_id"],
            ["principal_refunds.id"],
            name=op.f("fk_principal_refund_parts_principal_refund_id"),
        ),
        sa.ForeignKeyConstraint(
            ["refund_id"], ["refunds.id"], name=op.f("fk_principal_refund_parts_refund_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_principal_refund_parts")),
        sa.UniqueConstraint("refund_id", name=op.f("uq_principal_refund_parts_refund_id")),
    )
    with op.batch_alter_table("principal_refund_parts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_principal_refund_parts_order_id"), ["order_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_principal_refund_parts_principal_refund_id"), ["principal_refund_id"], unique=False
        )

    with op.batch_alter_table("order_lines", schema=None) as batch_op:
        batch_op.alter_column("product_id", existing_type=sa.BIGINT(), nullable=True)
        batch_op.alter_column("sku_id", existing_type=sa.BIGINT(), nullable=True)

    with op.batch_alter_table("orders", schema=None) as batch_op:
        kinds = sa.Enum("goods", "top_up", "card", name="orderkind", native_enum=False, length=32)
        batch_op.add_column(sa.Column("kind", kinds, nullable=False, server_default="goods"))
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.alter_column("kind", existing_type=sa.String(length=32), server_default=None)


def downgrade() -> None:
    """Refused by the database while there are orders without goods: earlier versions cannot read them."""
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.drop_column("kind")

    with op.batch_alter_table("order_lines", schema=None) as batch_op:
        batch_op.alter_column("sku_id", existing_type=sa.BIGINT(), nullable=False)
        batch_op.alter_column("product_id", existing_type=sa.BIGINT(), nullable=False)

    with op.batch_alter_table("principal_refund_parts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_principal_refund_parts_principal_refund_id"))
        batch_op.drop_index(batch_op.f("ix_principal_refund_parts_order_id"))

    op.drop_table("principal_refund_parts")
    with op.batch_alter_table("top_ups", schema=None) as batch_op:
        batch_op.drop_index("ix_top_ups_plan")

    op.drop_table("top_ups")
    with op.batch_alter_table("principal_refunds", schema=None) as batch_op:
        batch_op.drop_index("ix_principal_refunds_customer")

    op.drop_table("principal_refunds")
    op.drop_table("top_up_plans")
