"""Tables of the Pay gateway. Times are seconds since 1970, amounts fen."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS pay_nonces (nonce TEXT PRIMARY KEY, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS pay_orders (
    out_trade_no TEXT PRIMARY KEY, description TEXT NOT NULL, attach TEXT NOT NULL, notify_url TEXT NOT NULL,
    total INTEGER NOT NULL, openid TEXT NOT NULL, time_expire REAL NOT NULL, asked_expire REAL,
    fingerprint TEXT NOT NULL, state TEXT NOT NULL, transaction_id TEXT UNIQUE, created_at REAL NOT NULL, paid_at REAL
);
CREATE TABLE IF NOT EXISTS pay_prepays (
    prepay_id TEXT PRIMARY KEY, out_trade_no TEXT NOT NULL REFERENCES pay_orders, created_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS pay_refunds (
    out_refund_no TEXT PRIMARY KEY, refund_id TEXT NOT NULL UNIQUE,
    out_trade_no TEXT NOT NULL REFERENCES pay_orders, refund INTEGER NOT NULL, fee INTEGER NOT NULL,
    reason TEXT NOT NULL, notify_url TEXT NOT NULL, fingerprint TEXT NOT NULL, state TEXT NOT NULL,
    next_state TEXT NOT NULL, next_at REAL NOT NULL, created_at REAL NOT NULL, done_at REAL,
    channel TEXT NOT NULL DEFAULT 'ORIGINAL', received_in TEXT NOT NULL DEFAULT '用户零钱'
);
CREATE INDEX IF NOT EXISTS pay_refunds_by_order ON pay_refunds (out_trade_no);
CREATE TABLE IF NOT EXISTS pay_transfers (
    out_bill_no TEXT PRIMARY KEY, transfer_bill_no TEXT NOT NULL UNIQUE, openid TEXT NOT NULL,
    scene TEXT NOT NULL, amount INTEGER NOT NULL, remark TEXT NOT NULL, perception TEXT NOT NULL,
    user_name TEXT NOT NULL, notify_url TEXT NOT NULL,
    fingerprint TEXT NOT NULL, state TEXT NOT NULL,
    next_at REAL, fail_reason TEXT NOT NULL DEFAULT '', package_info TEXT NOT NULL UNIQUE,
    locked INTEGER NOT NULL DEFAULT 0, created_at REAL NOT NULL, updated_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS pay_accounts (name TEXT PRIMARY KEY, balance INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS pay_flows (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, account TEXT NOT NULL, business_no TEXT NOT NULL,
    name TEXT NOT NULL, kind TEXT NOT NULL, amount INTEGER NOT NULL, balance INTEGER NOT NULL,
    remark TEXT NOT NULL, voucher TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS pay_bill_files (
    token TEXT PRIMARY KEY, content BLOB NOT NULL, gzip INTEGER NOT NULL, created_at REAL NOT NULL
);
"""
