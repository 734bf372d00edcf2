"""cash-back paid by WeChat transfer"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

OPEN = sa.text("state NOT IN ('success', 'fail', 'cancelled')")
SUCCEEDED = sa.text("state = 'success'")


def upgrade() -> None:
    op.create_table(
        "cashback_payouts",
        sa.Column("claim_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("out_bill_no", sa.String(length=32), nullable=False),
        sa.Column("openid", sa.String(length=128), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("remark", sa.String(length=32), nullable=False),
        sa.Column("reports", sa.JSON(none_as_null=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "refused",
                "accepted",
                "processing",
                "wait_user_confirm",
                "transfering",
                "canceling",
                "success",
                "fail",
                "cancelled",
                name="payoutstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("transfer_bill_no", sa.String(length=64), nullable=True),
        sa.Column("package_info", sa.Text(), nullable=True),
        sa.Column("fail_reason", sa.String(length=64), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirm_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("amount >= 1", name=op.f("ck_cashback_payouts_amount_positive")),
        sa.ForeignKeyConstraint(
            ["claim_id"], ["cashback_claims.id"], name=op.f("fk_cashback_payouts_claim_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cashback_payouts")),
        sa.UniqueConstraint("out_bill_no", name=op.f("uq_cashback_payouts_out_bill_no")),
    )
    with op.batch_alter_table("cashback_payouts", schema=None) as batch_op:
        batch_op.create_index("ix_cashback_payouts_due", ["state", "next_try_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_cashback_payouts_asked_at"), ["asked_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_cashback_payouts_claim_id"), ["claim_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_cashback_payouts_openid"), ["openid"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_cashback_payouts_transfer_bill_no"), ["transfer_bill_no"], unique=False
        )
        batch_op.create_index(
            "uq_cashback_payouts_open", ["claim_id"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN
        )
        batch_op.create_index(
            "uq_cashback_payouts_succeeded",
            ["claim_id"],
            unique=True,
            sqlite_where=SUCCEEDED,
            postgresql_where=SUCCEEDED,
        )


def downgrade() -> None:
    with op.batch_alter_table("cashback_payouts", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_cashback_payouts_succeeded", sqlite_where=SUCCEEDED, postgresql_where=SUCCEEDED
        )
        batch_op.drop_index("uq_cashback_payouts_open", sqlite_where=OPEN, postgresql_where=OPEN)
        batch_op.drop_index(batch_op.f("ix_cashback_payouts_transfer_bill_no"))
        batch_op.drop_index(batch_op.f("ix_cashback_payouts_openid"))
        batch_op.drop_index(batch_op.f("ix_cashback_payouts_claim_id"))
        batch_op.drop_index(batch_op.f("ix_cashback_payouts_asked_at"))
        batch_op.drop_index("ix_cashback_payouts_due")

    op.drop_table("cashback_payouts")
