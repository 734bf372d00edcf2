"""the books of points, wallet and growth"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ledger_accounts",
        sa.Column("owner_kind", sa.String(length=16), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "unit",
            sa.Enum(
                "points", "principal", "gift", "growth", "budget", name="unit", native_enum=False, length=32
            ),
            nullable=False,
        ),
        sa.Column("active", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("pending", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("held", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("debt", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "active >= 0 AND pending >= 0 AND held >= 0 AND debt >= 0",
            name=op.f("ck_ledger_accounts_not_negative"),
        ),
        sa.CheckConstraint("held <= active", name=op.f("ck_ledger_accounts_held_in_bounds")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_accounts")),
        sa.UniqueConstraint(
            "owner_kind", "owner_id", "unit", name=op.f("uq_ledger_accounts_owner_kind_owner_id_unit")
        ),
    )
    op.create_table(
        "ledger_lots",
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("award", sa.String(length=160), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column(
            "state",
            sa.Enum("pending", "active", "cancelled", name="lotstate", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("earned", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("remaining", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("held", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("spent", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("expired", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reversed", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("taken_back", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("life", sa.String(length=16), nullable=False),
        sa.Column("activates_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "earned = remaining + spent + expired + reversed", name=op.f("ck_ledger_lots_adds_up")
        ),
        sa.CheckConstraint(
            "held <= remaining AND taken_back >= 0 AND taken_back <= earned",
            name=op.f("ck_ledger_lots_in_bounds"),
        ),
        sa.CheckConstraint(
            "remaining >= 0 AND spent >= 0 AND expired >= 0 AND reversed >= 0 AND held >= 0",
            name=op.f("ck_ledger_lots_not_negative"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["ledger_accounts.id"], name=op.f("fk_ledger_lots_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_lots")),
        sa.UniqueConstraint("award", name=op.f("uq_ledger_lots_award")),
    )
    with op.batch_alter_table("ledger_lots", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ledger_lots_account_id"), ["account_id"], unique=False)
        batch_op.create_index(
            "ix_ledger_lots_due",
            ["expires_at"],
            unique=False,
            postgresql_where=sa.text("remaining > 0 AND state = 'active'"),
            sqlite_where=sa.text("remaining > 0 AND state = 'active'"),
        )
        batch_op.create_index(
            "ix_ledger_lots_open",
            ["account_id", "expires_at"],
            unique=False,
            postgresql_where=sa.text("remaining > 0"),
            sqlite_where=sa.text("remaining > 0"),
        )
        batch_op.create_index(
            "ix_ledger_lots_pending",
            ["activates_at"],
            unique=False,
            postgresql_where=sa.text("state = 'pending'"),
            sqlite_where=sa.text("state = 'pending'"),
        )
        batch_op.create_index("ix_ledger_lots_subject", ["subject"], unique=False)

    op.create_table(
        "ledger_merges",
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("target_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lot_ids", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("hold_ids", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("debt", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["ledger_accounts.id"], name=op.f("fk_ledger_merges_source_id")
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["ledger_accounts.id"], name=op.f("fk_ledger_merges_target_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_merges")),
        sa.UniqueConstraint("key", name=op.f("uq_ledger_merges_key")),
    )
    op.create_table(
        "ledger_postings",
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "earn",
                "activate",
                "spend",
                "return",
                "repay",
                "expire",
                "extend",
                "reverse",
                "adjust",
                "move",
                name="kind",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("reverses_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("approver", sa.String(length=80), nullable=True),
        sa.Column("balance", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["ledger_accounts.id"], name=op.f("fk_ledger_postings_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["ledger_postings.id"], name=op.f("fk_ledger_postings_reverses_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_postings")),
        sa.UniqueConstraint("account_id", "seq", name=op.f("uq_ledger_postings_account_id_seq")),
        sa.UniqueConstraint("key", name=op.f("uq_ledger_postings_key")),
    )
    with op.batch_alter_table("ledger_postings", schema=None) as batch_op:
        batch_op.create_index(
            "ix_ledger_postings_reverses",
            ["reverses_id"],
            unique=False,
            postgresql_where=sa.text("reverses_id IS NOT NULL"),
        )

    op.create_table(
        "ledger_entries",
        sa.Column("posting_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("leg", sa.Integer(), nullable=False),
        sa.Column(
            "book",
            sa.Enum(
                "active",
                "pending",
                "debt",
                "issued",
                "spent",
                "expired",
                "reversed",
                "waived",
                "adjusted",
                "moved",
                name="book",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("amount", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["lot_id"], ["ledger_lots.id"], name=op.f("fk_ledger_entries_lot_id")),
        sa.ForeignKeyConstraint(
            ["posting_id"], ["ledger_postings.id"], name=op.f("fk_ledger_entries_posting_id")
        ),
        sa.PrimaryKeyConstraint("posting_id", "leg", name=op.f("pk_ledger_entries")),
    )
    with op.batch_alter_table("ledger_entries", schema=None) as batch_op:
        batch_op.create_index(
            "ix_ledger_entries_lot", ["lot_id"], unique=False, postgresql_where=sa.text("lot_id IS NOT NULL")
        )

    op.create_table(
        "ledger_holds",
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("amount", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("committed", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open", "committed", "released", "lapsed", name="holdstate", native_enum=False, length=32
            ),
            nullable=False,
        ),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("lapses_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("posting_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint(
            "amount >= 1 AND committed >= 0 AND committed <= amount", name=op.f("ck_ledger_holds_in_bounds")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["ledger_accounts.id"], name=op.f("fk_ledger_holds_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["posting_id"], ["ledger_postings.id"], name=op.f("fk_ledger_holds_posting_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_holds")),
        sa.UniqueConstraint("key", name=op.f("uq_ledger_holds_key")),
    )
    with op.batch_alter_table("ledger_holds", schema=None) as batch_op:
        batch_op.create_index("ix_ledger_holds_account", ["account_id"], unique=False)
        batch_op.create_index(
            "ix_ledger_holds_open",
            ["lapses_at"],
            unique=False,
            postgresql_where=sa.text("state = 'open'"),
            sqlite_where=sa.text("state = 'open'"),
        )

    op.create_table(
        "ledger_hold_parts",
        sa.Column("hold_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("amount", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("amount >= 1", name=op.f("ck_ledger_hold_parts_amount_positive")),
        sa.ForeignKeyConstraint(["hold_id"], ["ledger_holds.id"], name=op.f("fk_ledger_hold_parts_hold_id")),
        sa.ForeignKeyConstraint(["lot_id"], ["ledger_lots.id"], name=op.f("fk_ledger_hold_parts_lot_id")),
        sa.PrimaryKeyConstraint("hold_id", "lot_id", name=op.f("pk_ledger_hold_parts")),
    )


def downgrade() -> None:
    op.drop_table("ledger_hold_parts")
    with op.batch_alter_table("ledger_holds", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_ledger_holds_open",
            postgresql_where=sa.text("state = 'open'"),
            sqlite_where=sa.text("state = 'open'"),
        )
        batch_op.drop_index("ix_ledger_holds_account")

    op.drop_table("ledger_holds")
    with op.batch_alter_table("ledger_entries", schema=None) as batch_op:
        batch_op.drop_index("ix_ledger_entries_lot", postgresql_where=sa.text("lot_id IS NOT NULL"))

    op.drop_table("ledger_entries")
    with op.batch_alter_table("ledger_postings", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_ledger_postings_reverses", postgresql_where=sa.text("reverses_id IS NOT NULL")
        )

    op.drop_table("ledger_postings")
    op.drop_table("ledger_merges")
    with op.batch_alter_table("ledger_lots", schema=None) as batch_op:
        batch_op.drop_index("ix_ledger_lots_subject")
        batch_op.drop_index(
            "ix_ledger_lots_pending",
            postgresql_where=sa.text("state = 'pending'"),
            sqlite_where=sa.text("state = 'pending'"),
        )
        batch_op.drop_index(
            "ix_ledger_lots_open",
            postgresql_where=sa.text("remaining > 0"),
            sqlite_where=sa.text("remaining > 0"),
        )
        batch_op.drop_index(
            "ix_ledger_lots_due",
            postgresql_where=sa.text("remaining > 0 AND state = 'active'"),
            sqlite_where=sa.text("remaining > 0 AND state = 'active'"),
        )
        batch_op.drop_index(batch_op.f("ix_ledger_lots_account_id"))

    op.drop_table("ledger_lots")
    op.drop_table("ledger_accounts")
