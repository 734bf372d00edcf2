"""gifts given once also to who comes back, and principal paid out by the shop"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("customers", schema=None) as batch_op:
        batch_op.add_column(sa.Column("birthday_mark", sa.String(length=64), nullable=True))

    op.create_table(
        "former_marks",
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("gift", sa.String(length=120), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_former_marks")),
        sa.UniqueConstraint("mark", name=op.f("uq_former_marks_mark")),
    )
    with op.batch_alter_table("former_marks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_former_marks_gift"), ["gift"], unique=False)
        batch_op.create_index(batch_op.f("ix_former_marks_until"), ["until"], unique=False)
    with op.batch_alter_table("adjustments", schema=None) as batch_op:
        batch_op.add_column(sa.Column("paid_out", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("adjustments", schema=None) as batch_op:
        batch_op.alter_column("paid_out", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("adjustments", schema=None) as batch_op:
        batch_op.drop_column("paid_out")

    with op.batch_alter_table("former_marks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_former_marks_until"))
        batch_op.drop_index(batch_op.f("ix_former_marks_gift"))

    op.drop_table("former_marks")
    with op.batch_alter_table("customers", schema=None) as batch_op:
        batch_op.drop_column("birthday_mark")
