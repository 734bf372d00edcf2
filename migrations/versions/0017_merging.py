"""one customer from many identities"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UNDONE = sa.text("undone_at IS NULL")
NEW = sa.text("gathered_at IS NULL AND undone_at IS NULL")
UNSEEN = sa.text("place_hash IS NULL AND removed_at IS NULL")
UNCOMPARED = sa.text("person_hash IS NULL AND birthday_hash IS NOT NULL")


def upgrade() -> None:
    with op.batch_alter_table("customers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("merged_into", NUMBER, nullable=True))
        batch_op.add_column(sa.Column("person_hash", sa.String(length=64), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_customers_merged_into"), "customers", ["merged_into"], ["id"]
        )
        batch_op.create_index(batch_op.f("ix_customers_merged_into"), ["merged_into"], unique=False)
        batch_op.create_index(batch_op.f("ix_customers_person_hash"), ["person_hash"], unique=False)
        batch_op.create_index(
            "ix_customers_uncompared",
            ["id"],
            unique=False,
            postgresql_where=UNCOMPARED,
            sqlite_where=UNCOMPARED,
        )

    op.add_column("addresses", sa.Column("place_hash", sa.String(length=64), nullable=True))
    with op.batch_alter_table("addresses", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_addresses_place_hash"), ["place_hash"], unique=False)
        batch_op.create_index(
            "ix_addresses_unseen", ["id"], unique=False, postgresql_where=UNSEEN, sqlite_where=UNSEEN
        )

    op.create_table(
        "customer_merges",
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("source_id", NUMBER, nullable=False),
        sa.Column("target_id", NUMBER, nullable=False),
        sa.Column(
            "evidence",
            sa.Enum("unionid", "phone", "review", "staff", name="evidence", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("kept", sa.JSON(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("actor_name", sa.String(length=80), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("late", sa.JSON(), nullable=False),
        sa.Column("gathered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.String(length=80), nullable=True),
        sa.Column("undone_name", sa.String(length=80), nullable=True),
        sa.Column("undone_reason", sa.String(length=200), nullable=True),
        sa.Column("id", NUMBER, nullable=False),
        sa.CheckConstraint("source_id <> target_id", name=op.f("ck_customer_merges_two_people")),
        sa.ForeignKeyConstraint(["source_id"], ["customers.id"], name=op.f("fk_customer_merges_source_id")),
        sa.ForeignKeyConstraint(["target_id"], ["customers.id"], name=op.f("fk_customer_merges_target_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_merges")),
        sa.UniqueConstraint("public_id", name=op.f("uq_customer_merges_public_id")),
    )
    with op.batch_alter_table("customer_merges", schema=None) as batch_op:
        batch_op.create_index(
            "ix_customer_merges_open",
            ["source_id"],
            unique=True,
            postgresql_where=UNDONE,
            sqlite_where=UNDONE,
        )
        batch_op.create_index(
            "ix_customer_merges_new", ["merged_at"], unique=False, postgresql_where=NEW, sqlite_where=NEW
        )
        batch_op.create_index("ix_customer_merges_target", ["target_id", "id"], unique=False)

    op.create_table(
        "merge_pairs",
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("first_id", NUMBER, nullable=False),
        sa.Column("second_id", NUMBER, nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column(
            "status",
            sa.Enum("proposed", "merged", "distinct", name="pairstatus", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_name", sa.String(length=80), nullable=True),
        sa.Column("id", NUMBER, nullable=False),
        sa.CheckConstraint("first_id < second_id", name=op.f("ck_merge_pairs_in_order")),
        sa.ForeignKeyConstraint(["first_id"], ["customers.id"], name=op.f("fk_merge_pairs_first_id")),
        sa.ForeignKeyConstraint(["second_id"], ["customers.id"], name=op.f("fk_merge_pairs_second_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merge_pairs")),
        sa.UniqueConstraint("first_id", "second_id", name=op.f("uq_merge_pairs_first_id_second_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_merge_pairs_public_id")),
    )
    with op.batch_alter_table("merge_pairs", schema=None) as batch_op:
        batch_op.create_index("ix_merge_pairs_second", ["second_id"], unique=False)
        batch_op.create_index("ix_merge_pairs_waiting", ["status", "id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("merge_pairs", schema=None) as batch_op:
        batch_op.drop_index("ix_merge_pairs_waiting")
        batch_op.drop_index("ix_merge_pairs_second")

    op.drop_table("merge_pairs")
    with op.batch_alter_table("customer_merges", schema=None) as batch_op:
        batch_op.drop_index("ix_customer_merges_target")
        batch_op.drop_index("ix_customer_merges_new")
        batch_op.drop_index("ix_customer_merges_open")

    op.drop_table("customer_merges")
    with op.batch_alter_table("addresses", schema=None) as batch_op:
        batch_op.drop_index("ix_addresses_unseen")
        batch_op.drop_index(batch_op.f("ix_addresses_place_hash"))
        batch_op.drop_column("place_hash")

    with op.batch_alter_table("customers", schema=None) as batch_op:
        batch_op.drop_index("ix_customers_uncompared")
        batch_op.drop_index(batch_op.f("ix_customers_person_hash"))
        batch_op.drop_index(batch_op.f("ix_customers_merged_into"))
        batch_op.drop_constraint(batch_op.f("fk_customers_merged_into"), type_="foreignkey")
        batch_op.drop_column("person_hash")
        batch_op.drop_column("merged_into")
