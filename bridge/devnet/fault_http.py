"""The little HTTP server under the fault proxy: it can hang up without an answer, as no proper server does.

It reads POST bodies by Content-Length, keeps connections alive, and leaves everything else out: its clients are
this project's own.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

MAX_BODY = 32 * 1024 * 1024
MAX_HEAD = 64 * 1024
HOST = "127.0.0.1"


class Disconnect(Exception):  # noqa: N818 - an instruction to the server, raised where the decision falls
    """Close the connection without an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request's body."""

    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer: status and body."""

    status: int
    body: bytes


Serve: TypeAlias = Callable[[Request], Awaitable[Reply]]


class HttpServer:
    """Serves requests on a free port with one function."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Return the server's address; it has one once it was started."""
        if self._server is None:
            raise RuntimeError("the server is not running: start it first")
        port: int = self._server.sockets[0].getsockname()[1]
        return f"http://{HOST}:{port}"

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._connected, HOST, 0, limit=MAX_HEAD)

    async def stop(self) -> None:
        """Close every connection and stop listening."""
        if self._server is None:
            return
        self._server.close()
        for task in tuple(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._converse(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (body := await _read(reader)) is not None:
                reply = await self._serve(Request(body=body))
                writer.write(_head(reply) + reply.body)
                await writer.drain()
        except (Disconnect, ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            writer.transport.abort()
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


async def _read(reader: asyncio.StreamReader) -> bytes | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    lines = head.decode("latin-1").split("\r\n")[1:]
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    size = int(headers.get("content-length", "0"))
    if size > MAX_BODY or "transfer-encoding" in headers:
        raise ValueError("a body of known, bounded length expected")
    return await reader.readexactly(size)


def _head(reply: Reply) -> bytes:
    text = f"HTTP/1.1 {reply.status} -\r\nContent-Type: application/json\r\nContent-Length: {len(reply.body)}\r\n\r\n"
    return text.encode()
