"""The merchant's money: the basic account that trade settles in and the operating account that pays users."""

from __future__ import annotations

from sandbox import clock, store

BASIC = "BASIC"
OPERATION = "OPERATION"
OPENING_FEN = {BASIC: 1_000_000, OPERATION: 1_000_000}
FEE_PER_10_000 = 60


def fee(amount: int) -> int:
    """The platform's fee on `amount` fen: 0.60 %, rounded half up to a fen."""
    return (amount * FEE_PER_10_000 + 5_000) // 10_000


def balance(account: str) -> int:
    """Fen in a merchant account."""
    found = store.row("SELECT balance FROM pay_accounts WHERE name = ?", (account,))
    return int(found["balance"]) if found else OPENING_FEN[account]


def set_balance(account: str, fen: int) -> None:
    """Put the account at `fen`, as a top-up or withdrawal outside the trade; raises KeyError if unknown."""
    with store.tx():
        difference = fen - (balance(account) if account in OPENING_FEN else OPENING_FEN[account])
        if difference:
            name = "充值" if difference > 0 else "提现"
            book(
                account=account,
                business_no=f"C{store.next_number('pay_top_up'):018d}",
                name=name,
                kind=name,
                amount=difference,
                remark="",
                voucher="",
            )


def book(
    *, account: str, business_no: str, name: str, kind: str, amount: int, remark: str, voucher: str
) -> None:
    """Move an account by `amount` fen (negative = paid out) and write the line of the fund-flow bill."""
    with store.tx():
        after = balance(account) + amount
        store.run(
            "INSERT INTO pay_accounts (name, balance) VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET balance = excluded.balance",
            (account, after),
        )
        store.insert(
            "pay_flows",
            at=clock.timestamp(),
            account=account,
            business_no=business_no,
            name=name,
            kind=kind,
            amount=amount,
            balance=after,
            remark=remark,
            voucher=voucher,
        )
