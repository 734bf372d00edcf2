"""Rules of points, check-ins, counts for caps, and balances changed by hand."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "points_versions",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("terms", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_points_versions")),
        sa.UniqueConstraint("number", name=op.f("uq_points_versions_number")),
    )
    op.create_table(
        "adjustments",
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "unit",
            sa.Enum(
                "points", "principal", "gift", "growth", "budget", name="unit", native_enum=False, length=32
            ),
            nullable=False,
        ),
        sa.Column("amount", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "state",
            sa.Enum("proposed", "posted", "refused", name="adjustmentstate", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("proposed_by", sa.String(length=80), nullable=False),
        sa.Column("proposed_name", sa.String(length=80), nullable=False),
        sa.Column("decided_by", sa.String(length=80), nullable=True),
        sa.Column("decided_name", sa.String(length=80), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_adjustments_not_nothing")),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> proposed_by", name=op.f("ck_adjustments_second_person")
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_adjustments_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adjustments")),
        sa.UniqueConstraint("key", name=op.f("uq_adjustments_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_adjustments_public_id")),
    )
    with op.batch_alter_table("adjustments", schema=None) as batch_op:
        batch_op.create_index("ix_adjustments_customer", ["customer_id", "id"], unique=False)
        batch_op.create_index("ix_adjustments_state", ["state", "id"], unique=False)

    op.create_table(
        "check_ins",
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("streak", sa.Integer(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("streak >= 1 AND points >= 0", name=op.f("ck_check_ins_in_bounds")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_check_ins_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_ins")),
        sa.UniqueConstraint("customer_id", "day", name=op.f("uq_check_ins_customer_id_day")),
    )
    op.create_table(
        "points_counts",
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "kind", sa.Enum("orders", "tasks", name="capkind", native_enum=False, length=32), nullable=False
        ),
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("counted >= 0", name=op.f("ck_points_counts_not_negative")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_points_counts_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_points_counts")),
        sa.UniqueConstraint(
            "customer_id", "kind", "period", name=op.f("uq_points_counts_customer_id_kind_period")
        ),
    )


def downgrade() -> None:
    op.drop_table("points_counts")
    op.drop_table("check_ins")
    with op.batch_alter_table("adjustments", schema=None) as batch_op:
        batch_op.drop_index("ix_adjustments_state")
        batch_op.drop_index("ix_adjustments_customer")

    op.drop_table("adjustments")
    op.drop_table("points_versions")
