"""channels with kind, cost and short link, ways in of customers, flyers"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ROW = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KIND = sa.Enum(
    "marketplace",
    "shop",
    "sku",
    "print_run",
    "staff",
    "article",
    "offline",
    "other",
    name="channelkind",
    native_enum=False,
    length=32,
)
LANDING = sa.Enum("home", "claim", "product", name="landing", native_enum=False, length=32)
CHANNELS = {
    "kind": (KIND, "other"),
    "platform": (sa.String(length=16), ""),
    "shop": (sa.String(length=60), ""),
    "sku": (sa.String(length=120), ""),
    "staff": (sa.String(length=40), ""),
    "cost": (sa.BigInteger(), "0"),
    "landing": (LANDING, "home"),
}


def upgrade() -> None:
    """Channels so far are of no special kind, cost nothing, and get short links by their own ids.

    Whoever followed or scanned through one came that way.
    """
    widen_channels()
    make_visits()
    op.execute(
        sa.text(
            "INSERT INTO touches (customer_id, channel_id, kind, serial, at, visit_key) "
            "SELECT min(account.customer_id), visit.channel_id, visit.kind, '', visit.at, 'v:' || visit.id "
            "FROM channel_visits visit JOIN wechat_accounts account ON account.openid = visit.openid "
            "GROUP BY visit.id, visit.channel_id, visit.kind, visit.at"
        )
    )
    make_flyers()


def widen_channels() -> None:
    op.add_column("channels", sa.Column("product_id", sa.String(length=32), nullable=True))
    op.add_column("channels", sa.Column("short_code", sa.String(length=16), nullable=True))
    op.execute(sa.text("UPDATE channels SET short_code = substr(public_id, 1, 16)"))
    with op.batch_alter_table("channels") as batch:
        for name, (kind, before) in CHANNELS.items():
            batch.add_column(sa.Column(name, kind, nullable=False, server_default=before))
    with op.batch_alter_table("channels") as batch:
        for name in CHANNELS:
            batch.alter_column(name, server_default=None)
        batch.alter_column("short_code", existing_type=sa.String(length=16), nullable=False)
        batch.create_unique_constraint(op.f("uq_channels_short_code"), ["short_code"])
        batch.create_check_constraint(op.f("ck_channels_cost_not_negative"), "cost >= 0")
        batch.create_check_constraint(
            op.f("ck_channels_landing"), "(landing = 'product') = (product_id IS NOT NULL)"
        )


def make_visits() -> None:
    op.create_table(
        "link_visits",
        sa.Column("channel_id", ROW, nullable=False),
        sa.Column("visitor", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("serial", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("customer_id", ROW, nullable=True),
        sa.Column("id", ROW, nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_link_visits_channel_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_link_visits_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_visits")),
        sa.UniqueConstraint(
            "channel_id",
            "visitor",
            "day",
            "serial",
            name=op.f("uq_link_visits_channel_id_visitor_day_serial"),
        ),
    )
    op.create_index(op.f("ix_link_visits_visitor"), "link_visits", ["visitor"])
    op.create_index(op.f("ix_link_visits_customer_id"), "link_visits", ["customer_id"])
    op.create_index("ix_link_visits_serial", "link_visits", ["channel_id", "serial"])
    op.create_table(
        "touches",
        sa.Column("customer_id", ROW, nullable=False),
        sa.Column("channel_id", ROW, nullable=False),
        sa.Column(
            "kind",
            sa.Enum("follow", "scan", "link", name="touchkind", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("serial", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("visit_key", sa.String(length=40), nullable=False),
        sa.Column("id", ROW, nullable=False),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_touches_channel_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_touches_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_touches")),
        sa.UniqueConstraint("visit_key", name=op.f("uq_touches_visit_key")),
    )
    op.create_index("ix_touches_customer", "touches", ["customer_id", "at"])
    op.create_index(op.f("ix_touches_channel_id"), "touches", ["channel_id"])


def make_flyers() -> None:
    op.create_table(
        "flyer_batches",
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("channel_id", ROW, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column(
            "template",
            sa.Enum("sunrise", "ticket", "letter", name="flyertemplate", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column(
            "size",
            sa.Enum("a6", "photo", "square", "label", name="flyersize", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("headline", sa.String(length=40), nullable=False),
        sa.Column("body", sa.String(length=200), nullable=False),
        sa.Column("hint", sa.String(length=120), nullable=False),
        sa.Column("footnote", sa.String(length=120), nullable=False),
        sa.Column("color", sa.String(length=7), nullable=False),
        sa.Column("logo", sa.LargeBinary(), nullable=True),
        sa.Column(
            "target",
            sa.Enum("platform", "link", name="qrtarget", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("serials", sa.Boolean(), nullable=False),
        sa.Column("prefix", sa.String(length=8), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.Column(
            "status",
            sa.Enum("draft", "making", "ready", name="flyerstatus", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("qr_text", sa.String(length=512), nullable=True),
        sa.Column("printed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", ROW, nullable=False),
        sa.CheckConstraint("quantity BETWEEN 1 AND 100000", name=op.f("ck_flyer_batches_quantity")),
        sa.CheckConstraint("cost >= 0", name=op.f("ck_flyer_batches_cost_not_negative")),
        sa.CheckConstraint(
            "(status = 'draft') = (printed_at IS NULL)", name=op.f("ck_flyer_batches_printed")
        ),
        sa.CheckConstraint("(qr_text IS NULL) = (printed_at IS NULL)", name=op.f("ck_flyer_batches_code")),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_flyer_batches_channel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flyer_batches")),
        sa.UniqueConstraint("public_id", name=op.f("uq_flyer_batches_public_id")),
        sa.UniqueConstraint("prefix", name=op.f("uq_flyer_batches_prefix")),
    )
    op.create_index(op.f("ix_flyer_batches_channel_id"), "flyer_batches", ["channel_id"])
    op.create_index(op.f("ix_flyer_batches_status"), "flyer_batches", ["status"])
    op.create_table(
        "flyer_parts",
        sa.Column("batch_id", ROW, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("id", ROW, nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["flyer_batches.id"], name=op.f("fk_flyer_parts_batch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flyer_parts")),
        sa.UniqueConstraint("batch_id", "number", name=op.f("uq_flyer_parts_batch_id_number")),
    )


def downgrade() -> None:
    for table in ("flyer_parts", "flyer_batches", "touches", "link_visits"):
        op.drop_table(table)
    with op.batch_alter_table("channels") as batch:
        batch.drop_constraint(op.f("ck_channels_landing"), type_="check")
        batch.drop_constraint(op.f("ck_channels_cost_not_negative"), type_="check")
        batch.drop_constraint(op.f("uq_channels_short_code"), type_="unique")
        for name in (*CHANNELS, "short_code", "product_id"):
            batch.drop_column(name)
