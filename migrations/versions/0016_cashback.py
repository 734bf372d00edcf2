"""cash-back campaigns and claims"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cashback_order_cursors",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_cashback_order_cursors")),
    )
    op.create_table(
        "cashback_campaigns",
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("intro", sa.String(length=300), nullable=False),
        sa.Column("platforms", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("title_words", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("skus", sa.JSON(none_as_null=True), nullable=False),
        sa.Column(
            "mode",
            sa.Enum("fixed", "random", "percent", name="amountmode", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("least", sa.BigInteger(), nullable=False),
        sa.Column("most", sa.BigInteger(), nullable=False),
        sa.Column("basis_points", sa.Integer(), nullable=False),
        sa.Column("budget", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.Column("paid", sa.BigInteger(), nullable=False),
        sa.Column("per_person", sa.Integer(), nullable=True),
        sa.Column("per_phone", sa.Integer(), nullable=True),
        sa.Column("per_address", sa.Integer(), nullable=True),
        sa.Column("hold_days", sa.Integer(), nullable=False),
        sa.Column("wait_days", sa.Integer(), nullable=False),
        sa.Column("asks_tail", sa.Boolean(), nullable=False),
        sa.Column(
            "payout",
            sa.Enum("wallet", "points", "coupon", "transfer", name="payout", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("coupon_id", sa.String(length=32), nullable=True),
        sa.Column("points_per_yuan", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("orders_paid_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("require_follow", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "(payout = 'coupon') = (coupon_id IS NOT NULL)", name=op.f("ck_cashback_campaigns_coupon")
        ),
        sa.CheckConstraint(
            "basis_points BETWEEN 0 AND 10000", name=op.f("ck_cashback_campaigns_basis_points")
        ),
        sa.CheckConstraint("hold_days >= 0 AND wait_days >= 1", name=op.f("ck_cashback_campaigns_days")),
        sa.CheckConstraint(
            "least >= 0 AND most >= 1 AND least <= most", name=op.f("ck_cashback_campaigns_amounts")
        ),
        sa.CheckConstraint(
            "reserved >= 0 AND paid >= 0 AND reserved + paid <= budget",
            name=op.f("ck_cashback_campaigns_budget"),
        ),
        sa.ForeignKeyConstraint(
            ["coupon_id"], ["coupons.public_id"], name=op.f("fk_cashback_campaigns_coupon_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cashback_campaigns")),
        sa.UniqueConstraint("public_id", name=op.f("uq_cashback_campaigns_public_id")),
    )
    with op.batch_alter_table("cashback_campaigns", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_cashback_campaigns_coupon_id"), ["coupon_id"], unique=False)
        batch_op.create_index("ix_cashback_campaigns_running", ["active", "starts_at"], unique=False)

    op.create_table(
        "cashback_claims",
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("platform", sa.String(length=16), nullable=False),
        sa.Column("family", sa.String(length=16), nullable=False),
        sa.Column("order_no", sa.String(length=64), nullable=False),
        sa.Column("tail", sa.Text(), nullable=True),
        sa.Column("number_key", sa.String(length=80), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("taken_key", sa.String(length=60), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "submitted",
                "not_found",
                "matched",
                "on_hold",
                "approved",
                "paying",
                "paid",
                "lapsed",
                "rejected",
                "expired",
                name="claimstatus",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "reason",
            sa.Enum(
                "refunded",
                "already_claimed",
                "not_in_campaign",
                "per_person",
                "per_phone",
                "per_address",
                "budget",
                "risk",
                "staff",
                "not_found",
                "erased",
                name="claimreason",
                native_enum=False,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("seed", sa.String(length=64), nullable=True),
        sa.Column(
            "verdict",
            sa.Enum("pass", "hold", "block", name="verdict", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("signs", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("review", sa.Boolean(), nullable=False),
        sa.Column("taken_back", sa.BigInteger(), nullable=False),
        sa.Column("paid_amount", sa.BigInteger(), nullable=True),
        sa.Column("phone_hash", sa.String(length=64), nullable=True),
        sa.Column("address_hash", sa.String(length=64), nullable=True),
        sa.Column("device_hash", sa.String(length=64), nullable=True),
        sa.Column("network_hash", sa.String(length=64), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_look_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("matched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hold_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paying_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("amount IS NULL OR amount >= 1", name=op.f("ck_cashback_claims_amount_positive")),
        sa.CheckConstraint(
            "taken_back >= 0 AND taken_back <= coalesce(amount, 0)",
            name=op.f("ck_cashback_claims_taken_back_in_bounds"),
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["cashback_campaigns.id"], name=op.f("fk_cashback_claims_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_cashback_claims_customer_id")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["marketplace_orders.id"], name=op.f("fk_cashback_claims_order_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cashback_claims")),
        sa.UniqueConstraint(
            "customer_id", "number_key", name=op.f("uq_cashback_claims_customer_id_number_key")
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_cashback_claims_public_id")),
        sa.UniqueConstraint("taken_key", name=op.f("uq_cashback_claims_taken_key")),
    )
    with op.batch_alter_table("cashback_claims", schema=None) as batch_op:
        batch_op.create_index("ix_cashback_claims_device", ["device_hash", "submitted_at"], unique=False)
        batch_op.create_index("ix_cashback_claims_look", ["status", "next_look_at"], unique=False)
        batch_op.create_index("ix_cashback_claims_network", ["network_hash", "submitted_at"], unique=False)
        batch_op.create_index("ix_cashback_claims_number", ["order_no", "family"], unique=False)
        batch_op.create_index("ix_cashback_claims_of_address", ["campaign_id", "address_hash"], unique=False)
        batch_op.create_index("ix_cashback_claims_of_person", ["campaign_id", "customer_id"], unique=False)
        batch_op.create_index("ix_cashback_claims_of_phone", ["campaign_id", "phone_hash"], unique=False)
        batch_op.create_index(batch_op.f("ix_cashback_claims_order_id"), ["order_id"], unique=False)
        batch_op.create_index("ix_cashback_claims_person", ["customer_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_cashback_claims_submitted_at"), ["submitted_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("cashback_claims", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_cashback_claims_submitted_at"))
        batch_op.drop_index("ix_cashback_claims_person")
        batch_op.drop_index(batch_op.f("ix_cashback_claims_order_id"))
        batch_op.drop_index("ix_cashback_claims_of_phone")
        batch_op.drop_index("ix_cashback_claims_of_person")
        batch_op.drop_index("ix_cashback_claims_of_address")
        batch_op.drop_index("ix_cashback_claims_number")
        batch_op.drop_index("ix_cashback_claims_network")
        batch_op.drop_index("ix_cashback_claims_look")
        batch_op.drop_index("ix_cashback_claims_device")

    op.drop_table("cashback_claims")
    with op.batch_alter_table("cashback_campaigns", schema=None) as batch_op:
        batch_op.drop_index("ix_cashback_campaigns_running")
        batch_op.drop_index(batch_op.f("ix_cashback_campaigns_coupon_id"))

    op.drop_table("cashback_campaigns")
    op.drop_table("cashback_order_cursors")
