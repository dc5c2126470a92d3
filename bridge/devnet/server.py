"""The HTTP face of a node: one POST endpoint that speaks JSON-RPC, bounded in what it reads."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bridge.devnet import methods_chain, methods_dev, methods_state, methods_tx
from bridge.devnet.chain import Chain
from bridge.devnet.clock import Clock
from bridge.devnet.evm import PyEvm
from bridge.devnet.miner import Feed, Miner
from bridge.devnet.node import Node
from bridge.devnet.rpc import MAX_BODY, Dispatcher
from bridge.devnet.spec import ChainSpec

_JSON = "application/json"
_OPEN_TO_PAGES = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "Content-Type"}


def build_node(spec: ChainSpec, feed: Feed | None = None) -> Node:
    """Return a node at its genesis block."""
    chain = Chain(spec, PyEvm(), Clock(time.time))
    return Node(chain, Miner(chain, feed))


def build_dispatcher(node: Node) -> Dispatcher:
    """Return a dispatcher with every method that the node has."""
    handlers = methods_chain.methods(node) | methods_state.methods(node) | methods_tx.methods(node)
    return Dispatcher(handlers | methods_dev.methods(node), node.miner.settle)


def build_app(node: Node) -> Starlette:
    """Return the node as an ASGI application; its lifespan keeps the beat of interval mining."""

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        beat = asyncio.create_task(node.miner.run())
        yield
        beat.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beat

    return Starlette(routes=[Route("/", _Endpoint(build_dispatcher(node)))], lifespan=lifespan)


async def serve(spec: ChainSpec, host: str, port: int) -> None:
    """Run a node until the process is told to end."""
    feed: Feed | None = None
    if spec.anchor is not None:
        from bridge.devnet.anchor import AnchorFeed  # noqa: PLC0415 - httpx is slow to import, few nodes need it

        feed = AnchorFeed(spec.anchor)
    app = build_app(build_node(spec, feed))
    config = uvicorn.Config(
        app, host=host, port=port, http="h11", ws="none", log_level="warning", access_log=False, timeout_keep_alive=120
    )
    await uvicorn.Server(config).serve()


class _Endpoint:
    """The ASGI endpoint; it reads the body itself so that no more than the limit is ever held."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._respond(Request(scope, receive))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=_OPEN_TO_PAGES)
        if request.method != "POST":
            return Response("POST a JSON-RPC request\n", status_code=405, headers={"Allow": "POST, OPTIONS"})
        body = await _read(request)
        if body is None:
            error = {"code": -32600, "message": f"request body over {MAX_BODY} bytes"}
            text = json.dumps({"jsonrpc": "2.0", "id": None, "error": error})
            return Response(text, status_code=413, media_type=_JSON)
        return Response(await self._dispatcher.handle(body), media_type=_JSON, headers=_OPEN_TO_PAGES)


async def _read(request: Request) -> bytes | None:
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > MAX_BODY:
                return None
            parts.append(part)
    except ClientDisconnect:
        return b""
    return b"".join(parts)
