"""membership cards that are bought"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "card_sales",
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_id", sa.String(length=32), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "(months > 0 AND days = 0) OR (months = 0 AND days > 0)", name=op.f("ck_card_sales_one_length")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_card_sales_order_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["card_plans.public_id"], name=op.f("fk_card_sales_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_sales")),
        sa.UniqueConstraint("order_id", name=op.f("uq_card_sales_order_id")),
    )
    with op.batch_alter_table("card_sales", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_card_sales_plan_id"), ["plan_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("card_sales", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_card_sales_plan_id"))

    op.drop_table("card_sales")
