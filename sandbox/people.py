"""The WeChat users of the sandbox: who they are, whether they follow, what their chat shows."""

from __future__ import annotations

import json
import secrets
from typing import Any

from . import clock, store

store.register(
    """
    CREATE TABLE IF NOT EXISTS people (
        openid TEXT PRIMARY KEY, unionid TEXT NOT NULL, nickname TEXT NOT NULL, avatar INTEGER NOT NULL,
        follows INTEGER NOT NULL DEFAULT 0, blocked INTEGER NOT NULL DEFAULT 0, subscribe_time INTEGER NOT NULL DEFAULT 0,
        subscribe_scene TEXT NOT NULL DEFAULT 'ADD_SCENE_OTHERS', qr_scene INTEGER NOT NULL DEFAULT 0,
        qr_scene_str TEXT NOT NULL DEFAULT '', remark TEXT NOT NULL DEFAULT '', tags TEXT NOT NULL DEFAULT '[]',
        blacklisted INTEGER NOT NULL DEFAULT 0, balance_fen INTEGER NOT NULL DEFAULT 100000, created_at REAL NOT NULL
    );
    CREATE TABLE IF NOT EXISTS acts (
        id INTEGER PRIMARY KEY AUTOINCREMENT, openid TEXT NOT NULL, kind TEXT NOT NULL, at REAL NOT NULL,
        used INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX IF NOT EXISTS acts_by_person ON acts (openid, at);
    CREATE TABLE IF NOT EXISTS chat (
        id INTEGER PRIMARY KEY AUTOINCREMENT, openid TEXT NOT NULL, at REAL NOT NULL, side TEXT NOT NULL,
        kind TEXT NOT NULL, content TEXT NOT NULL
    );
    CREATE INDEX IF NOT EXISTS chat_by_person ON chat (openid, id);
    """
)

BALANCE_FEN = 100_000
AVATARS = 8


def create(*, nickname: str, balance_fen: int = BALANCE_FEN, openid: str | None = None) -> store.Row:
    """A new WeChat user who doesn't follow yet, with `balance_fen` in the purse."""
    openid = openid or "oSBX" + secrets.token_hex(12)
    store.insert(
        "people",
        openid=openid,
        unionid="uSBX" + secrets.token_hex(12),
        nickname=nickname,
        avatar=store.next_number("avatar") % AVATARS,
        balance_fen=balance_fen,
        created_at=clock.timestamp(),
    )
    return get(openid)


def find(openid: str) -> store.Row | None:
    """Columns openid, unionid, nickname, follows, balance_fen, …; None if this account has no such openid."""
    return store.row("SELECT * FROM people WHERE openid = ?", (openid,))


def get(openid: str) -> store.Row:
    """As `find`; raises KeyError if there is no such user."""
    found = find(openid)
    if found is None:
        raise KeyError(openid)
    return found


def everyone() -> list[store.Row]:
    return store.rows("SELECT * FROM people ORDER BY created_at, openid")


def change_balance(openid: str, delta_fen: int) -> bool:
    """Move the purse by `delta_fen`; False, and nothing changed, if that would take it below zero."""
    return (
        store.run(
            "UPDATE people SET balance_fen = balance_fen + ? WHERE openid = ? AND balance_fen + ? >= 0",
            (delta_fen, openid, delta_fen),
        )
        == 1
    )


def note_act(openid: str, kind: str) -> None:
    """Remember an act that opens a customer-service window: message, menu, follow, scan or pay."""
    store.insert("acts", openid=openid, kind=kind, at=clock.timestamp())


def say(*, openid: str, side: str, kind: str, content: dict[str, Any]) -> int:
    """Show something in the chat. `side`: user, account, service (service notices) or note (grey line).

    Kinds and contents: text {content}; image {url}; news {articles}; template {title, rows, url}; note {content};
    pay {title, rows: [[name, value]], url?}; other kinds are shown as text of their JSON.
    """
    return store.insert(
        "chat",
        openid=openid,
        at=clock.timestamp(),
        side=side,
        kind=kind,
        content=json.dumps(content, ensure_ascii=False),
    )


def conversation(openid: str, *, after: int = 0) -> list[dict[str, Any]]:
    """Chat entries above id `after`, oldest first."""
    found = store.rows(
        "SELECT * FROM chat WHERE openid = ? AND id > ? ORDER BY id DESC LIMIT 200", (openid, after)
    )
    return [{**dict(r), "content": json.loads(r["content"])} for r in reversed(found)]
