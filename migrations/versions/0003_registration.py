"""registration, consents, rights of the person"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

CUSTOMER_COLUMNS = {
    "name": sa.Text(),
    "phone": sa.Text(),
    "phone_hash": sa.String(length=64),
    "birth_year": sa.Text(),
    "birthday": sa.Text(),
    "birthday_hash": sa.String(length=64),
    "member_no": sa.String(length=10),
    "member_since": sa.DateTime(timezone=True),
    "privacy_version": sa.String(length=40),
    "marketing_since": sa.DateTime(timezone=True),
    "erased_at": sa.DateTime(timezone=True),
}
# column -> unique; indexes rather than constraints, so that SQLite need not copy a table that others point to
CUSTOMER_INDEXES = {"birthday_hash": False, "member_no": True, "member_since": False, "phone_hash": True}
SESSION_COLUMNS = {"device": sa.String(length=24), "last_used_at": sa.DateTime(timezone=True)}


def upgrade() -> None:
    for name, kind in CUSTOMER_COLUMNS.items():
        op.add_column("customers", sa.Column(name, kind, nullable=True))
    for name, unique in CUSTOMER_INDEXES.items():
        op.create_index(op.f(f"ix_customers_{name}"), "customers", [name], unique=unique)
    for name, kind in SESSION_COLUMNS.items():
        op.add_column("customer_sessions", sa.Column(name, kind, nullable=True))
    op.create_table(
        "phone_codes",
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("phone_hash", sa.String(length=64), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("tries >= 0", name=op.f("ck_phone_codes_tries_not_negative")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_phone_codes_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_codes")),
    )
    op.create_index("ix_phone_codes_customer", "phone_codes", ["customer_id", "phone_hash"], unique=False)
    op.create_index(op.f("ix_phone_codes_expires_at"), "phone_codes", ["expires_at"], unique=False)
    op.create_table(
        "privacy_texts",
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privacy_texts")),
        sa.UniqueConstraint("version", name=op.f("uq_privacy_texts_version")),
    )
    op.create_table(
        "consent_entries",
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("privacy", "marketing", name="consentkind", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(length=24), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_consent_entries_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_entries")),
    )
    op.create_index("ix_consent_entries_customer", "consent_entries", ["customer_id", "kind"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_consent_entries_customer", table_name="consent_entries")
    op.drop_table("consent_entries")
    op.drop_table("privacy_texts")
    op.drop_index(op.f("ix_phone_codes_expires_at"), table_name="phone_codes")
    op.drop_index("ix_phone_codes_customer", table_name="phone_codes")
    op.drop_table("phone_codes")
    for name in reversed(SESSION_COLUMNS):
        op.drop_column("customer_sessions", name)
    for name in CUSTOMER_INDEXES:
        op.drop_index(op.f(f"ix_customers_{name}"), table_name="customers")
    for name in reversed(CUSTOMER_COLUMNS):
        op.drop_column("customers", name)
