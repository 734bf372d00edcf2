"""menus as versions, replies with hours, followers with tags, consents to notices"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fan_syncs",
        sa.Column(
            "state",
            sa.Enum(
                "listing",
                "closing",
                "telling",
                "done",
                "failed",
                name="syncstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("open_key", sa.String(length=8), nullable=True),
        sa.Column("next_openid", sa.String(length=128), nullable=False),
        sa.Column("after_id", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("listed", sa.Integer(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("gone", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.Integer(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fan_syncs")),
        sa.UniqueConstraint("open_key", name=op.f("uq_fan_syncs_open_key")),
    )
    op.create_table(
        "fan_tags",
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("platform_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column(
            "state",
            sa.Enum("making", "kept", "leaving", name="tagstate", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fan_tags")),
        sa.UniqueConstraint("name", name=op.f("uq_fan_tags_name")),
        sa.UniqueConstraint("platform_id", name=op.f("uq_fan_tags_platform_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_fan_tags_public_id")),
    )
    op.create_table(
        "menu_versions",
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("buttons", sa.JSON(none_as_null=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "sending",
                "live",
                "refused",
                "doubtful",
                "replaced",
                name="versionstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "origin",
            sa.Enum("published", "fetched", name="origin", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("open_key", sa.String(length=8), nullable=True),
        sa.Column("staff_name", sa.String(length=60), nullable=False),
        sa.Column("error_code", sa.Integer(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_menu_versions")),
        sa.UniqueConstraint("open_key", name=op.f("uq_menu_versions_open_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_menu_versions_public_id")),
    )
    with op.batch_alter_table("menu_versions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_menu_versions_state"), ["state"], unique=False)

    op.create_table(
        "notice_grants",
        sa.Column("openid", sa.String(length=128), nullable=False),
        sa.Column("template_id", sa.String(length=64), nullable=False),
        sa.Column("granted", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("left", sa.Integer(), nullable=False),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint('"left" >= 0', name=op.f("ck_notice_grants_left_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_grants")),
        sa.UniqueConstraint("openid", "template_id", name=op.f("uq_notice_grants_openid_template_id")),
    )
    with op.batch_alter_table("notice_grants", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notice_grants_template_id"), ["template_id"], unique=False)

    op.create_table(
        "fan_taggings",
        sa.Column("tag_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "adding",
                "held",
                "removing",
                "gone",
                "refused",
                name="holdstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error_code", sa.Integer(), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["wechat_accounts.id"],
            name=op.f("fk_fan_taggings_account_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tag_id"], ["fan_tags.id"], name=op.f("fk_fan_taggings_tag_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fan_taggings")),
        sa.UniqueConstraint("tag_id", "account_id", name=op.f("uq_fan_taggings_tag_id_account_id")),
    )
    with op.batch_alter_table("fan_taggings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_fan_taggings_account_id"), ["account_id"], unique=False)
        batch_op.create_index("ix_fan_taggings_waiting", ["state", "tag_id"], unique=False)

    op.create_table(
        "fans",
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("way", sa.String(length=40), nullable=False),
        sa.Column("listed_run", sa.Integer(), nullable=False),
        sa.Column("found_run", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["wechat_accounts.id"], name=op.f("fk_fans_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fans")),
        sa.UniqueConstraint("account_id", name=op.f("uq_fans_account_id")),
    )
    with op.batch_alter_table("fans", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_fans_found_run"), ["found_run"], unique=False)
        batch_op.create_index(batch_op.f("ix_fans_listed_run"), ["listed_run"], unique=False)

    kinds = sa.Enum("text", "picture", "article", name="replykind", native_enum=False, length=32)
    columns = [
        ("kind", kinds, "text"),
        ("title", sa.String(length=64), ""),
        ("url", sa.String(length=512), ""),
        ("picture", sa.String(length=80), ""),
        ("media_id", sa.String(length=128), ""),
        ("picture_url", sa.String(length=512), ""),
        ("priority", sa.Integer(), "0"),
        ("from_minute", sa.Integer(), "0"),
        ("until_minute", sa.Integer(), "1440"),
    ]
    with op.batch_alter_table("keyword_replies", schema=None) as batch_op:
        for name, kind, before in columns:
            batch_op.add_column(sa.Column(name, kind, nullable=False, server_default=before))
    with op.batch_alter_table("keyword_replies", schema=None) as batch_op:
        for name, _kind, _before in columns:
            batch_op.alter_column(name, server_default=None)
        batch_op.drop_constraint("uq_keyword_replies_keyword_match", type_="unique")
        batch_op.create_unique_constraint(
            "uq_keyword_replies_keyword_match_from_minute_until_minute",
            ["keyword", "match", "from_minute", "until_minute"],
        )
        batch_op.create_check_constraint(
            op.f("ck_keyword_replies_hours"),
            "from_minute >= 0 AND from_minute < 1440 AND until_minute > 0 AND until_minute <= 1440",
        )

    with op.batch_alter_table("pushes", schema=None) as batch_op:
        batch_op.add_column(sa.Column("unheard_since", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_pushes_unheard_since"), ["unheard_since"], unique=False)

    with op.batch_alter_table("wechat_accounts", schema=None) as batch_op:
        batch_op.create_index("ix_wechat_accounts_followed", ["following", "followed_at"], unique=False)


def downgrade() -> None:
    """Refused by the database while a word has several replies at different hours."""
    with op.batch_alter_table("wechat_accounts", schema=None) as batch_op:
        batch_op.drop_index("ix_wechat_accounts_followed")

    with op.batch_alter_table("pushes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pushes_unheard_since"))
        batch_op.drop_column("unheard_since")

    with op.batch_alter_table("keyword_replies", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_keyword_replies_hours"), type_="check")
        batch_op.drop_constraint(
            batch_op.f("uq_keyword_replies_keyword_match_from_minute_until_minute"), type_="unique"
        )
        batch_op.create_unique_constraint(
            batch_op.f("uq_keyword_replies_keyword_match"), ["keyword", "match"]
        )
        batch_op.drop_column("until_minute")
        batch_op.drop_column("from_minute")
        batch_op.drop_column("priority")
        batch_op.drop_column("picture_url")
        batch_op.drop_column("media_id")
        batch_op.drop_column("picture")
        batch_op.drop_column("url")
        batch_op.drop_column("title")
        batch_op.drop_column("kind")

    with op.batch_alter_table("fans", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_fans_listed_run"))
        batch_op.drop_index(batch_op.f("ix_fans_found_run"))

    op.drop_table("fans")
    with op.batch_alter_table("fan_taggings", schema=None) as batch_op:
        batch_op.drop_index("ix_fan_taggings_waiting")
        batch_op.drop_index(batch_op.f("ix_fan_taggings_account_id"))

    op.drop_table("fan_taggings")
    with op.batch_alter_table("notice_grants", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_notice_grants_template_id"))

    op.drop_table("notice_grants")
    with op.batch_alter_table("menu_versions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_menu_versions_state"))

    op.drop_table("menu_versions")
    op.drop_table("fan_tags")
    op.drop_table("fan_syncs")
