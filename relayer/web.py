"""Serve the relayer's HTTP surface inside its own event loop."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

BACKLOG = 256
MAX_CONNECTIONS = 256


class _Server(uvicorn.Server):
    """A server that leaves signals to the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install nothing: `Relayer.stop` ends the server."""
        yield


class WebServer:
    """One listening socket and the application behind it; `port` is known once it is bound."""

    def __init__(self, *, host: str, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((host, port))
        self.host = host
        self.port: int = self._socket.getsockname()[1]
        self._server: _Server | None = None

    async def serve(self, app: FastAPI) -> None:
        """Answer until `stop`; bounded in connections and in how long one may be idle."""
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            backlog=BACKLOG,
            limit_concurrency=MAX_CONNECTIONS,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=2,
        )
        self._server = _Server(config)
        try:
            await self._server.serve(sockets=[self._socket])
        finally:
            self.close()

    def close(self) -> None:
        """Give the port free; safe to call again."""
        self._socket.close()

    def stop(self) -> None:
        """End `serve` at its next turn."""
        if self._server is not None:
            self._server.should_exit = True
