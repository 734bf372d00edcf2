"""Perks of membership and paid cards."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "card_plans",
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("words", sa.String(length=200), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("tier_code", sa.String(length=16), nullable=True),
        sa.Column("trial_days", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "(months > 0 AND days = 0) OR (months = 0 AND days > 0)", name=op.f("ck_card_plans_one_length")
        ),
        sa.CheckConstraint("price >= 0 AND trial_days >= 0", name=op.f("ck_card_plans_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_plans")),
        sa.UniqueConstraint("public_id", name=op.f("uq_card_plans_public_id")),
    )
    op.create_table(
        "perks",
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("how", sa.String(length=80), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "tier_price",
                "points_multiple",
                "free_freight",
                "coupon",
                "monthly_pack",
                "birthday_gift",
                "points",
                "contact",
                name="perkkind",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "period",
            sa.Enum("once", "month", "year", "term", name="period", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("terms", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("tiers", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("plans", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("granted_through", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_perks")),
        sa.UniqueConstraint("public_id", name=op.f("uq_perks_public_id")),
    )
    op.create_table(
        "card_code_batches",
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("exported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("count > 0", name=op.f("ck_card_code_batches_some")),
        sa.ForeignKeyConstraint(["plan_id"], ["card_plans.id"], name=op.f("fk_card_code_batches_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_code_batches")),
        sa.UniqueConstraint("public_id", name=op.f("uq_card_code_batches_public_id")),
    )
    with op.batch_alter_table("card_code_batches", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_card_code_batches_plan_id"), ["plan_id"], unique=False)

    op.create_table(
        "card_holders",
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_card_holders_customer_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["card_plans.id"], name=op.f("fk_card_holders_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_holders")),
        sa.UniqueConstraint("customer_id", "plan_id", name=op.f("uq_card_holders_customer_id_plan_id")),
    )
    with op.batch_alter_table("card_holders", schema=None) as batch_op:
        batch_op.create_index("ix_card_holders_running", ["plan_id", "until"], unique=False)

    op.create_table(
        "membership_cards",
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plan_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "source",
            sa.Enum("bought", "code", "trial", "staff", name="cardsource", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("grant_key", sa.String(length=80), nullable=False),
        sa.Column("order_no", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("override_id", sa.String(length=32), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_membership_cards_ends")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_membership_cards_customer_id")
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["card_plans.id"], name=op.f("fk_membership_cards_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership_cards")),
        sa.UniqueConstraint("grant_key", name=op.f("uq_membership_cards_grant_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_membership_cards_public_id")),
    )
    with op.batch_alter_table("membership_cards", schema=None) as batch_op:
        batch_op.create_index("ix_membership_cards_holder", ["customer_id", "plan_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_membership_cards_order_no"), ["order_no"], unique=False)

    op.create_table(
        "perk_grants",
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("perk_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("slot", sa.String(length=32), nullable=False),
        sa.Column("period", sa.String(length=40), nullable=False),
        sa.Column("terms", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "granted",
                "reserved",
                "redeemed",
                "expired",
                "revoked",
                "merged",
                name="grantstatus",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=True),
        sa.Column("gave", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("saved", sa.BigInteger(), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reserved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("redeemed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("saved >= 0", name=op.f("ck_perk_grants_saved")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_perk_grants_customer_id")),
        sa.ForeignKeyConstraint(["perk_id"], ["perks.id"], name=op.f("fk_perk_grants_perk_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_perk_grants")),
        sa.UniqueConstraint(
            "customer_id", "perk_id", "period", name=op.f("uq_perk_grants_customer_id_perk_id_period")
        ),
        sa.UniqueConstraint(
            "customer_id", "slot", "period", name=op.f("uq_perk_grants_customer_id_slot_period")
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_perk_grants_public_id")),
    )
    with op.batch_alter_table("perk_grants", schema=None) as batch_op:
        batch_op.create_index("ix_perk_grants_automatic", ["automatic", "status", "id"], unique=False)
        batch_op.create_index("ix_perk_grants_counts", ["perk_id", "status"], unique=False)
        batch_op.create_index("ix_perk_grants_expiry", ["status", "valid_until"], unique=False)

    op.create_table(
        "perk_merges",
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("target_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("moved", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["customers.id"], name=op.f("fk_perk_merges_source_id")),
        sa.ForeignKeyConstraint(["target_id"], ["customers.id"], name=op.f("fk_perk_merges_target_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_perk_merges")),
        sa.UniqueConstraint("key", name=op.f("uq_perk_merges_key")),
    )
    op.create_table(
        "card_codes",
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("card_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["card_code_batches.id"], name=op.f("fk_card_codes_batch_id")),
        sa.ForeignKeyConstraint(["card_id"], ["membership_cards.id"], name=op.f("fk_card_codes_card_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_codes")),
        sa.UniqueConstraint("digest", name=op.f("uq_card_codes_digest")),
    )
    with op.batch_alter_table("card_codes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_card_codes_batch_id"), ["batch_id"], unique=False)

    op.create_table(
        "perk_savings",
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("saved", sa.BigInteger(), nullable=False),
        sa.Column("taken_back", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("saved >= 0 AND taken_back >= 0", name=op.f("ck_perk_savings_not_negative")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_perk_savings_customer_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_perk_savings_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_perk_savings")),
        sa.UniqueConstraint("order_id", name=op.f("uq_perk_savings_order_id")),
    )
    with op.batch_alter_table("perk_savings", schema=None) as batch_op:
        batch_op.create_index("ix_perk_savings_customer", ["customer_id", "at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("perk_savings", schema=None) as batch_op:
        batch_op.drop_index("ix_perk_savings_customer")

    op.drop_table("perk_savings")
    with op.batch_alter_table("card_codes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_card_codes_batch_id"))

    op.drop_table("card_codes")
    op.drop_table("perk_merges")
    with op.batch_alter_table("perk_grants", schema=None) as batch_op:
        batch_op.drop_index("ix_perk_grants_expiry")
        batch_op.drop_index("ix_perk_grants_counts")
        batch_op.drop_index("ix_perk_grants_automatic")

    op.drop_table("perk_grants")
    with op.batch_alter_table("membership_cards", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_membership_cards_order_no"))
        batch_op.drop_index("ix_membership_cards_holder")

    op.drop_table("membership_cards")
    with op.batch_alter_table("card_holders", schema=None) as batch_op:
        batch_op.drop_index("ix_card_holders_running")

    op.drop_table("card_holders")
    with op.batch_alter_table("card_code_batches", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_card_code_batches_plan_id"))

    op.drop_table("card_code_batches")
    op.drop_table("perks")
    op.drop_table("card_plans")
