"""A flyer drop: very many follows at once, pushed sealed as the platform does it. A process of its own for the platform.

Each push is tried three times, dropped after five seconds without an answer. What the platform shows the follower is told:
the welcome in the first answer it took. Afterwards the shop's own books must agree: every follow kept once, every person
known and counted for the channel, and whoever saw no welcome got it by a message or is kept as missed.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from config import ROOT
from shopapp.kernel import clock, outbox
from shopapp.kernel.db import db, transaction
from shopapp.members.channels import services as channels
from shopapp.members.channels.models import ChannelVisit
from shopapp.members.identity.models import WeChatAccount
from shopapp.outreach.replies import services, welcomes
from shopapp.wechat import crypto
from shopapp.wechat.api import EXTENSION
from shopapp.wechat.fakes import FakePlatform
from shopapp.wechat.messages import sending
from shopapp.wechat.models import MessageState, OutgoingMessage, Push
from tests.support.wechat import CALLBACK, TOKEN, event, sealed_push

from .report import Figure, Report
from .servers import Server
from .shops import Shop
from .wire import Wire

FOLLOWS, QUICK = 20_000, 500
CONNECTIONS = 256
TRIES, PATIENCE_SECONDS = 3, 5.0
XML = {"Content-Type": "text/xml"}
SCENE = "c.drop"
MINUTES_MAX = 15


@dataclass(frozen=True, kw_only=True)
class Told:
    """Openids by how the platform saw it: in how many answers it took there was a welcome; `waits` in milliseconds."""

    welcomed: dict[str, int]
    unheard: list[str]
    waits: list[float]
    repeats: int
    seconds: float


def measure(report: Report, *, shop: Shop, server: Server, count: int) -> None:
    with transaction():
        channels.create_channel(name="传单", code="drop", welcome="欢迎，包裹里的朋友", now=clock.now())
        services.set_welcome(text="欢迎")
    with quiet_platform(shop):
        told = push(port=server.port, count=count)
        _settle()
        _judge(report, shop=shop, told=told, count=count)


@contextmanager
def quiet_platform(shop: Shop) -> Iterator[FakePlatform]:
    """Takes the messages that make up for missed welcomes."""
    fake, own = FakePlatform(), shop.app.extensions.get(EXTENSION)
    shop.app.extensions[EXTENSION] = fake
    try:
        yield fake
    finally:
        shop.app.extensions[EXTENSION] = own


def push(*, port: int, count: int) -> Told:
    """Raises `RuntimeError` when the platform's process fails."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.follows", str(port), str(count)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        timeout=MINUTES_MAX * 60,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip()[-800:])
    return Told(**json.loads(done.stdout))


def _settle() -> None:
    """What the worker does meanwhile, to its end."""
    for _round in range(10_000):
        now = clock.now()
        busy = welcomes.repair(now=now) + outbox.deliver_due(now=now) + sending.send_due(now)
        waiting = select(func.count()).select_from(Push).where(Push.unheard_since.is_not(None))
        if not busy and not db.session.scalar(waiting):
            return
        db.session.rollback()


def _judge(report: Report, *, shop: Shop, told: Told, count: int) -> None:
    db.session.rollback()
    kept = db.session.scalar(select(func.count()).select_from(Push).filter_by(kind="subscribe")) or 0
    followers = select(func.count()).select_from(WeChatAccount).filter_by(following=True)
    known = db.session.scalar(followers) or 0
    counted = db.session.scalar(select(func.count()).select_from(ChannelVisit)) or 0
    rows = db.session.execute(
        select(OutgoingMessage.openid, OutgoingMessage.state).filter_by(topic=welcomes.TOPIC)
    ).all()
    sent = {row.openid for row in rows if row.state is MessageState.SENT}
    missed = {row.openid for row in rows if row.state is not MessageState.SENT}
    passive = set(told.welcomed)
    lost = count - min(kept, known, counted)
    twice = sum(times > 1 for times in told.welcomed.values()) + len(passive & sent)
    nobody = len({openid_of(number) for number in range(count)} - passive - sent - missed)
    waits = sorted(told.waits)
    name = shop.name
    late = f"{told.repeats} repeats, slowest answer {waits[-1] / 1000:.1f} s" if waits else "no answers"
    for figure in (
        Figure(name=f"follows lost of {count} ({name})", value=lost, most=0),
        Figure(name=f"welcomed twice ({name})", value=twice, most=0),
        Figure(name=f"neither welcomed nor kept as missed ({name})", value=nobody, most=0),
        Figure(name=f"welcomed in the answer ({name})", value=len(passive), note=late),
        Figure(name=f"welcomed by a message ({name})", value=len(sent)),
        Figure(name=f"kept as missed ({name})", value=len(missed - passive)),
        Figure(name=f"follows a second ({name})", value=count / told.seconds, unit="/s"),
    ):
        report.tell(figure)


def openid_of(number: int) -> str:
    return f"oDROP{number:023d}"


def signed_again(query: str, body: bytes) -> str:
    """The query of another try: signed at the present time, over the same sealed text."""
    sealed = body.split(b"<Encrypt><![CDATA[")[1].split(b"]]>")[0].decode()
    timestamp, nonce = str(int(time.time())), secrets.token_hex(5)
    openid = query.split("openid=")[1].split("&", maxsplit=1)[0]
    signature = crypto.sign(TOKEN, timestamp, nonce)
    whole = crypto.sign(TOKEN, timestamp, nonce, sealed)
    return (
        f"signature={signature}&timestamp={timestamp}&nonce={nonce}&openid={openid}"
        f"&encrypt_type=aes&msg_signature={whole}"
    )


async def main(port: int, count: int) -> None:
    began_at = int(time.time())
    pushes = [
        sealed_push(event(openid_of(number), "subscribe", at=began_at, EventKey=f"qrscene_{SCENE}"))
        for number in range(count)
    ]
    welcomed: Counter[str] = Counter()
    unheard: list[str] = []
    waits: list[float] = []
    repeats = 0
    places = iter(range(count))

    async def line() -> None:
        """One of the platform's connections: the next push as soon as the last is done with."""
        nonlocal repeats
        wire = Wire(port)
        for place in places:
            query, body = pushes[place]
            for attempt in range(TRIES):
                began = time.perf_counter()
                try:
                    status, content = await asyncio.wait_for(
                        wire.ask("POST", f"{CALLBACK}?{signed_again(query, body)}", body, XML),
                        PATIENCE_SECONDS,
                    )
                except (TimeoutError, OSError, asyncio.IncompleteReadError):
                    wire.close()
                    repeats += 1
                    if attempt == TRIES - 1:
                        unheard.append(openid_of(place))
                    continue
                if status != 200:
                    raise RuntimeError(f"answered {status}: {content.decode()[:300]}")
                waits.append((time.perf_counter() - began) * 1000)
                if b"<Encrypt>" in content:
                    welcomed[openid_of(place)] += 1
                break
        wire.close()

    began = time.perf_counter()
    await asyncio.gather(*(line() for _ in range(CONNECTIONS)))
    told: dict[str, Any] = {"welcomed": welcomed, "unheard": unheard, "waits": waits, "repeats": repeats}
    print(json.dumps(told | {"seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
