"""A py-evm chain of the test's own, and clients on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest_asyncio

from bridge.devnet.process import DevnetProcess
from bridge.devnet.spec import Backend, ChainSpec
from tests.integration.conformance.support import Endpoint, probe_code

pytest_plugins = ["bridge.devnet.fixture"]

Open = Callable[[ChainSpec], Awaitable[Endpoint]]


@pytest_asyncio.fixture
async def open_chain(tmp_path: Path) -> AsyncIterator[Open]:
    """Return a function that starts a chain and gives a client on it."""
    started: list[DevnetProcess] = []
    async with httpx.AsyncClient(timeout=30) as client:

        async def start(spec: ChainSpec) -> Endpoint:
            chain = DevnetProcess(spec, folder=tmp_path / f"{spec.name}-{len(started)}")
            started.append(chain)
            await chain.start()
            is_anvil = spec.backend is Backend.ANVIL
            return Endpoint(url=chain.url, chain_id=spec.chain_id, is_anvil=is_anvil, client=client)

        yield start
        for chain in started:
            await chain.stop()


@pytest_asyncio.fixture
async def rpc(open_chain: Open) -> Endpoint:
    return await open_chain(ChainSpec(chain_id=902))


@pytest_asyncio.fixture
async def probe(rpc: Endpoint) -> str:
    address: str = (await rpc.send(to=None, data=probe_code(), gas=3_000_000))["contractAddress"]
    return address
