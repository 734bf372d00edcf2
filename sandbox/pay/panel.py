"""What the control page shows of the money, and may change."""

from __future__ import annotations

from typing import Any

from sandbox import people, store

from . import accounts, payments, transfers


def open_orders(openid: str) -> list[dict[str, Any]]:
    """Unpaid orders of a user, newest first, each with the latest prepay_id."""
    found = store.rows(
        "SELECT prepay_id FROM pay_prepays p JOIN pay_orders o USING (out_trade_no) WHERE o.openid = ? "
        "AND o.state = 'NOTPAY' AND p.rowid = (SELECT MAX(rowid) FROM pay_prepays WHERE out_trade_no = o.out_trade_no) "
        "ORDER BY p.rowid DESC",
        (openid,),
    )
    details = (payments.prepay_details(row["prepay_id"]) for row in found)
    return [facts for facts in details if facts is not None]


def open_transfers(openid: str) -> list[dict[str, Any]]:
    """Transfers that wait for the user's tap, newest first, with package_info."""
    found = store.rows(
        "SELECT * FROM pay_transfers WHERE openid = ? AND state = ? ORDER BY created_at DESC",
        (openid, transfers.WAITING),
    )
    return [dict(row) for row in found]


def overview(*, limit: int = 50) -> dict[str, Any]:
    """Newest orders, refunds and transfers, and the merchant's balances in fen."""

    def newest(table: str) -> list[dict[str, Any]]:
        found = store.rows(f"SELECT * FROM {table} ORDER BY created_at DESC, rowid DESC LIMIT ?", (limit,))  # noqa: S608
        return [dict(row) for row in found]

    return {
        "orders": newest("pay_orders"),
        "refunds": newest("pay_refunds"),
        "transfers": newest("pay_transfers"),
        "accounts": {name: accounts.balance(name) for name in accounts.OPENING_FEN},
    }


def set_user_balance(openid: str, fen: int) -> None:
    """Put a WeChat user's purse at `fen`; raises KeyError if there is no such user, ValueError below zero."""
    if fen < 0:
        raise ValueError(fen)
    with store.tx():
        people.get(openid)
        store.run("UPDATE people SET balance_fen = ? WHERE openid = ?", (fen, openid))
