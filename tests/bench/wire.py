"""One HTTP connection over asyncio, kept open: just enough to ask and to read answers that tell their length."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any


class Wire:
    """Asks one thing after another; opens again when the server has closed."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Status and body of the answer."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        request = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Length: {len(body)}\r\n{lines}\r\n"
        ).encode() + body
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = head.partition("\r\ncontent-length:")[2].partition("\r\n")[0]
        content = await reader.readexactly(int(length or 0))
        if "\r\nconnection: close" in head:
            self.close()
        return int(head[9:12]), content

    async def post(self, path: str, told: Any, headers: Mapping[str, str], *, wanted: int) -> dict[str, Any]:
        """The JSON answer. Raises `RuntimeError` for another status than wanted."""
        status, content = await self.ask(
            "POST", path, json.dumps(told).encode(), {"Content-Type": "application/json", **headers}
        )
        if status != wanted:
            raise RuntimeError(f"{path} answered {status}: {content.decode()[:400]}")
        found: dict[str, Any] = json.loads(content)
        return found

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None
