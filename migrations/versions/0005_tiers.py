"""membership tiers"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tier_versions",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("terms", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("actor_name", sa.String(length=80), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tier_versions")),
        sa.UniqueConstraint("number", name=op.f("uq_tier_versions_number")),
    )
    op.create_table(
        "member_tiers",
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("grace_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("evaluated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_look_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("level >= 0 AND steps >= 0", name=op.f("ck_member_tiers_in_bounds")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_member_tiers_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_tiers")),
        sa.UniqueConstraint("customer_id", name=op.f("uq_member_tiers_customer_id")),
    )
    with op.batch_alter_table("member_tiers", schema=None) as batch_op:
        batch_op.create_index("ix_member_tiers_code", ["code"], unique=False)
        batch_op.create_index("ix_member_tiers_due", ["next_look_at", "id"], unique=False)
        batch_op.create_index("ix_member_tiers_version", ["version"], unique=False)

    op.create_table(
        "tier_overrides",
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("until > since", name=op.f("ck_tier_overrides_ends")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_tier_overrides_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tier_overrides")),
        sa.UniqueConstraint("public_id", name=op.f("uq_tier_overrides_public_id")),
    )
    with op.batch_alter_table("tier_overrides", schema=None) as batch_op:
        batch_op.create_index("ix_tier_overrides_customer_id", ["customer_id"], unique=False)
        batch_op.create_index("ix_tier_overrides_until", ["until"], unique=False)

    op.create_table(
        "tier_steps",
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "why",
            sa.Enum(
                "joined",
                "up",
                "kept",
                "dropped",
                "refund",
                "rules",
                "override",
                "override_end",
                name="why",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("got", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("needed", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("award", sa.String(length=160), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_tier_steps_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tier_steps")),
        sa.UniqueConstraint("customer_id", "number", name=op.f("uq_tier_steps_customer_id_number")),
    )


def downgrade() -> None:
    op.drop_table("tier_steps")
    with op.batch_alter_table("tier_overrides", schema=None) as batch_op:
        batch_op.drop_index("ix_tier_overrides_until")
        batch_op.drop_index("ix_tier_overrides_customer_id")

    op.drop_table("tier_overrides")
    with op.batch_alter_table("member_tiers", schema=None) as batch_op:
        batch_op.drop_index("ix_member_tiers_version")
        batch_op.drop_index("ix_member_tiers_due")
        batch_op.drop_index("ix_member_tiers_code")

    op.drop_table("member_tiers")
    op.drop_table("tier_versions")
