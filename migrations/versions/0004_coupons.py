"""coupons"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "coupons",
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "amount",
                "percent",
                "free_freight",
                "gift",
                "exchange",
                name="couponkind",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("basis_points", sa.Integer(), nullable=False),
        sa.Column("cap", sa.BigInteger(), nullable=True),
        sa.Column("sku_id", sa.String(length=32), nullable=True),
        sa.Column("minimum", sa.BigInteger(), nullable=False),
        sa.Column(
            "scope",
            sa.Enum("all", "products", "categories", name="scope", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("scope_ids", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("excludes", sa.Boolean(), nullable=False),
        sa.Column("with_tier_price", sa.Boolean(), nullable=False),
        sa.Column(
            "giving",
            sa.Enum(
                "claim",
                "code",
                "push",
                "perk",
                "staff",
                "points",
                name="giving",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "moment",
            sa.Enum("joined", "first_order", name="moment", native_enum=False, length=32),
            nullable=True,
        ),
        sa.Column("stock", sa.Integer(), nullable=True),
        sa.Column("given", sa.Integer(), nullable=False),
        sa.Column("per_person", sa.Integer(), nullable=True),
        sa.Column("per_period", sa.Integer(), nullable=True),
        sa.Column(
            "period",
            sa.Enum("day", "week", "month", name="period", native_enum=False, length=32),
            nullable=True,
        ),
        sa.Column("claim_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claim_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_days", sa.Integer(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("(per_period IS NULL) = (period IS NULL)", name=op.f("ck_coupons_period")),
        sa.CheckConstraint(
            "(valid_days IS NULL) = (valid_until IS NOT NULL)", name=op.f("ck_coupons_validity")
        ),
        sa.CheckConstraint("basis_points BETWEEN 0 AND 10000", name=op.f("ck_coupons_basis_points")),
        sa.CheckConstraint("given >= 0 AND (stock IS NULL OR given <= stock)", name=op.f("ck_coupons_stock")),
        sa.CheckConstraint(
            "value >= 0 AND minimum >= 0 AND (cap IS NULL OR cap > 0)", name=op.f("ck_coupons_amounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupons")),
        sa.UniqueConstraint("public_id", name=op.f("uq_coupons_public_id")),
    )
    with op.batch_alter_table("coupons", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_coupons_created_at"), ["created_at"], unique=False)
        batch_op.create_index("ix_coupons_offered", ["giving", "active"], unique=False)

    op.create_table(
        "coupon_codes",
        sa.Column("coupon_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["coupon_id"], ["coupons.id"], name=op.f("fk_coupon_codes_coupon_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupon_codes")),
        sa.UniqueConstraint("code", name=op.f("uq_coupon_codes_code")),
    )
    with op.batch_alter_table("coupon_codes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_coupon_codes_coupon_id"), ["coupon_id"], unique=False)

    op.create_table(
        "coupon_tallies",
        sa.Column("coupon_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("given", sa.Integer(), nullable=False),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("in_period", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("given >= 0 AND in_period >= 0", name=op.f("ck_coupon_tallies_not_negative")),
        sa.ForeignKeyConstraint(["coupon_id"], ["coupons.id"], name=op.f("fk_coupon_tallies_coupon_id")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_coupon_tallies_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupon_tallies")),
        sa.UniqueConstraint("coupon_id", "customer_id", name=op.f("uq_coupon_tallies_coupon_id_customer_id")),
    )
    with op.batch_alter_table("coupon_tallies", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_coupon_tallies_customer_id"), ["customer_id"], unique=False)

    op.create_table(
        "customer_coupons",
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("coupon_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("terms", sa.JSON(none_as_null=True), nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "claim",
                "code",
                "push",
                "perk",
                "staff",
                "points",
                name="giving",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("grant_key", sa.String(length=120), nullable=False),
        sa.Column("earned_by", sa.String(length=32), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "available",
                "held",
                "used",
                "expired",
                "revoked",
                name="couponstatus",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("order_no", sa.String(length=32), nullable=True),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remind_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("valid_from < valid_until", name=op.f("ck_customer_coupons_validity")),
        sa.ForeignKeyConstraint(["coupon_id"], ["coupons.id"], name=op.f("fk_customer_coupons_coupon_id")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_customer_coupons_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_coupons")),
        sa.UniqueConstraint("grant_key", name=op.f("uq_customer_coupons_grant_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_customer_coupons_public_id")),
    )
    with op.batch_alter_table("customer_coupons", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_customer_coupons_earned_by"), ["earned_by"], unique=False)
        batch_op.create_index("ix_customer_coupons_expiry", ["status", "valid_until"], unique=False)
        batch_op.create_index("ix_customer_coupons_holders", ["coupon_id", "status"], unique=False)
        batch_op.create_index(batch_op.f("ix_customer_coupons_order_no"), ["order_no"], unique=False)
        batch_op.create_index(batch_op.f("ix_customer_coupons_remind_at"), ["remind_at"], unique=False)
        batch_op.create_index(
            "ix_customer_coupons_wallet", ["customer_id", "status", "valid_until"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("customer_coupons", schema=None) as batch_op:
        batch_op.drop_index("ix_customer_coupons_wallet")
        batch_op.drop_index(batch_op.f("ix_customer_coupons_remind_at"))
        batch_op.drop_index(batch_op.f("ix_customer_coupons_order_no"))
        batch_op.drop_index("ix_customer_coupons_holders")
        batch_op.drop_index("ix_customer_coupons_expiry")
        batch_op.drop_index(batch_op.f("ix_customer_coupons_earned_by"))

    op.drop_table("customer_coupons")
    with op.batch_alter_table("coupon_tallies", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_coupon_tallies_customer_id"))

    op.drop_table("coupon_tallies")
    with op.batch_alter_table("coupon_codes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_coupon_codes_coupon_id"))

    op.drop_table("coupon_codes")
    with op.batch_alter_table("coupons", schema=None) as batch_op:
        batch_op.drop_index("ix_coupons_offered")
        batch_op.drop_index(batch_op.f("ix_coupons_created_at"))

    op.drop_table("coupons")
