"""Pushes and notices on their way to the shop: kept as rows, sent when the virtual clock says so."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import requests

from . import clock, faults, store

store.register(
    """
    CREATE TABLE IF NOT EXISTS deliveries (
        id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, title TEXT NOT NULL, url TEXT NOT NULL,
        payload TEXT NOT NULL, flags TEXT NOT NULL, schedule TEXT NOT NULL, created_at REAL NOT NULL,
        due_at REAL NOT NULL, attempt INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL,
        last_at REAL, last_status INTEGER, last_sent TEXT NOT NULL DEFAULT '', last_answer TEXT NOT NULL DEFAULT '',
        verdict TEXT NOT NULL DEFAULT ''
    );
    CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (state, due_at);
    """
)

TIMEOUT_SECONDS = 5.0
CALLBACK_SCHEDULE: tuple[float, ...] = (5, 5)
LATE_SECONDS = 20.0
OVERTAKEN_SECONDS = 10.0
TICK_SECONDS = 0.2
log = logging.getLogger("sandbox.deliveries")


@dataclass(frozen=True)
class Delivery:
    """One row handed to its kind: `payload` is what `enqueue` got, `flags` what a fault asks for."""

    id: int
    kind: str
    url: str
    payload: dict[str, Any]
    flags: tuple[str, ...]
    attempt: int


@dataclass(frozen=True)
class Outgoing:
    """One try as it goes over the wire."""

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What came back; status 0 = no answer at all, the body then holds the cause in words."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """`received` ends the tries; `words` is shown on the control page."""

    received: bool
    words: str


Prepare = Callable[[Delivery], Outgoing]
Judge = Callable[[Delivery, Answer], Verdict]
_kinds: dict[str, tuple[Prepare, Judge]] = {}
_before: list[Callable[[], None]] = []


def register(kind: str, *, prepare: Prepare, judge: Judge) -> None:
    """Name how a kind is signed anew for each try and how its answer is judged."""
    _kinds[kind] = (prepare, judge)


def before_tick(act: Callable[[], None]) -> None:
    """Let a part do what the clock has made due before deliveries go out, at every tick."""
    if act not in _before:
        _before.append(act)


def enqueue(
    *,
    kind: str,
    url: str,
    payload: Mapping[str, Any],
    title: str,
    schedule: Sequence[float],
    delay: float = 0.0,
    flags: Sequence[str] = (),
    fault_prefix: str | None = None,
) -> int:
    """Put a delivery in the queue and return its id.

    `schedule` holds the pauses in seconds after the 1st, 2nd, … failed try. With `fault_prefix` ("push" or
    "notice") armed faults of that family apply: duplicate, late, lost, reordered, and forged or signtest, which
    send an extra one first, flagged `forged` or `signtest`, with no further tries.
    """

    def put(
        *, wait: float, marks: Sequence[str], pauses: Sequence[float], state: str = "waiting", words: str = ""
    ) -> int:
        now = clock.timestamp()
        return store.insert(
            "deliveries",
            kind=kind,
            title=title,
            url=url,
            payload=json.dumps(dict(payload), ensure_ascii=False),
            flags=json.dumps(list(marks)),
            schedule=json.dumps(list(pauses)),
            created_at=now,
            due_at=now + wait,
            state=state,
            verdict=words,
        )

    def struck(name: str) -> bool:
        return fault_prefix is not None and faults.take(f"{fault_prefix}_{name}")

    with store.tx():
        for mark in ("forged", "signtest"):
            if f"{fault_prefix}_{mark}" in faults.KNOWN and struck(mark):
                put(wait=delay, marks=[*flags, mark], pauses=())
        if struck("lost"):
            return put(wait=delay, marks=flags, pauses=(), state="lost", words="按故障开关丢弃，未发出")
        if struck("late"):
            delay += LATE_SECONDS
        if struck("reordered"):
            delay += OVERTAKEN_SECONDS
        number = put(wait=delay, marks=flags, pauses=schedule)
        if struck("duplicate"):
            put(wait=delay, marks=[*flags, "duplicate"], pauses=schedule)
        return number


def send_again(number: int) -> bool:
    """Send a delivery once more at the next tick, whatever became of it; False if there is none."""
    return (
        store.run(
            "UPDATE deliveries SET state = 'waiting', due_at = ? WHERE id = ? AND state != 'sending'",
            (clock.timestamp(), number),
        )
        > 0
    )


def follow_clock(*, back_seconds: float) -> None:
    """Keep the pauses of what still waits when the clock is turned back by `back_seconds`."""
    store.run("UPDATE deliveries SET due_at = due_at - ? WHERE state = 'waiting'", (back_seconds,))


def recover() -> None:
    """After a restart: what was on its way when the process ended is tried again."""
    store.run("UPDATE deliveries SET state = 'waiting' WHERE state = 'sending'")


def listing(*, limit: int = 60) -> list[dict[str, Any]]:
    """Newest deliveries first, for the control page."""
    found = store.rows("SELECT * FROM deliveries ORDER BY id DESC LIMIT ?", (limit,))
    return [
        {**dict(r), "flags": json.loads(r["flags"]), "schedule": json.loads(r["schedule"])} for r in found
    ]


def transport(outgoing: Outgoing) -> Answer:
    """Send one try over HTTP, 5 s at most, no redirect followed; replaced by tests."""
    session = requests.Session()
    session.trust_env = False
    try:
        answer = session.post(
            outgoing.url,
            data=outgoing.body,
            headers=dict(outgoing.headers),
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
        )
        return Answer(answer.status_code, answer.content, dict(answer.headers))
    except requests.Timeout:
        return Answer(0, "5 秒内没有应答".encode())
    except requests.RequestException as error:
        return Answer(0, f"连不上：{type(error).__name__}".encode())
    finally:
        session.close()


def tick() -> int:
    """Perform everything due by the virtual clock; returns how many tries were made."""
    for act in _before:
        act()
    tries = 0
    while (number := _claim()) is not None:
        _try(number)
        tries += 1
    return tries


def _claim() -> int | None:
    with store.tx() as db:
        found = db.execute(
            "SELECT id FROM deliveries WHERE state = 'waiting' AND due_at <= ? ORDER BY due_at, id LIMIT 1",
            (clock.timestamp(),),
        ).fetchone()
        if found is None:
            return None
        db.execute(
            "UPDATE deliveries SET state = 'sending', attempt = attempt + 1 WHERE id = ?", (found["id"],)
        )
        return int(found["id"])


def _try(number: int) -> None:
    row = store.rows("SELECT * FROM deliveries WHERE id = ?", (number,))[0]
    delivery = Delivery(
        row["id"],
        row["kind"],
        row["url"],
        json.loads(row["payload"]),
        tuple(json.loads(row["flags"])),
        row["attempt"],
    )
    prepare, judge = _kinds[row["kind"]]
    outgoing = prepare(delivery)
    answer = transport(outgoing)
    verdict = judge(delivery, answer)
    pauses: list[float] = json.loads(row["schedule"])
    state, due_at = "done" if verdict.received else "failed", float(row["due_at"])
    if not verdict.received and row["attempt"] <= len(pauses):
        state, due_at = "waiting", clock.timestamp() + pauses[row["attempt"] - 1]
    store.run(
        "UPDATE deliveries SET state = ?, due_at = ?, last_at = ?, last_status = ?, last_sent = ?, last_answer = ?, "
        "verdict = ? WHERE id = ?",
        (
            state,
            due_at,
            clock.timestamp(),
            answer.status,
            outgoing.body.decode("utf-8", "replace")[:4000],
            answer.body.decode("utf-8", "replace")[:4000],
            verdict.words,
            number,
        ),
    )


def start_ticker() -> threading.Thread:
    """Call `tick` five times a second in a daemon thread; a failure is logged and the thread goes on."""

    def beat() -> None:
        while True:
            try:
                tick()
            except Exception:
                log.exception("tick failed")
            time.sleep(TICK_SECONDS)

    thread = threading.Thread(target=beat, name="sandbox-ticker", daemon=True)
    thread.start()
    return thread
