"""what orders are paid with beside money, and what they earn"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ORDERS: dict[str, tuple[Any, str]] = {
    "principal": (sa.BigInteger(), "0"),
    "gift": (sa.BigInteger(), "0"),
    "wallet_refunded": (sa.BigInteger(), "0"),
    "freight_saved": (sa.BigInteger(), "0"),
    "points": (sa.Integer(), "0"),
    "coupon_ids": (sa.JSON(none_as_null=True), "[]"),
    "tier_name": (sa.String(length=40), ""),
}
LINES: dict[str, tuple[Any, str]] = {
    "reductions": (sa.JSON(none_as_null=True), "[]"),
    "points_used": (sa.Integer(), "0"),
    "points_returned": (sa.Integer(), "0"),
    "award": (sa.Integer(), "0"),
    "growth": (sa.Integer(), "0"),
    "gift": (sa.Boolean(), sa.false()),
}
NOT_FINAL = "status = 'completed' AND final_at IS NULL"
CHECKS = {
    "orders": {
        "wallet_not_negative": "principal >= 0 AND gift >= 0",
        "wallet_refund_in_bounds": "wallet_refunded >= 0 AND wallet_refunded <= principal + gift",
    },
    "order_lines": {
        "points_in_bounds": "points_returned >= 0 AND points_returned <= points_used AND award >= 0 AND growth >= 0",
    },
}


def upgrade() -> None:
    """What was ordered before used nothing beside money and earned nothing."""
    op.add_column("orders", sa.Column("final_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_orders_not_final",
        "orders",
        ["completed_at"],
        postgresql_where=sa.text(NOT_FINAL),
        sqlite_where=sa.text(NOT_FINAL),
    )
    for table, columns in (("orders", ORDERS), ("order_lines", LINES)):
        with op.batch_alter_table(table) as batch:
            for name, (kind, before) in columns.items():
                batch.add_column(sa.Column(name, kind, nullable=False, server_default=before))
        with op.batch_alter_table(table) as batch:
            for name in columns:
                batch.alter_column(name, server_default=None)
            for name, rule in CHECKS[table].items():
                batch.create_check_constraint(op.f(f"ck_{table}_{name}"), rule)


def downgrade() -> None:
    op.drop_index("ix_orders_not_final", table_name="orders")
    for table, columns in (("order_lines", LINES), ("orders", ORDERS)):
        with op.batch_alter_table(table) as batch:
            for name in CHECKS[table]:
                batch.drop_constraint(op.f(f"ck_{table}_{name}"), type_="check")
            for name in columns:
                batch.drop_column(name)
    op.drop_column("orders", "final_at")
