"""A py-evm chain of the test's own, and clients on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from bridge.devnet.fixture import devnet, devnet_factory, devnet_spec
from bridge.devnet.process import DevnetProcess
from bridge.devnet.spec import Backend, ChainSpec
from tests.integration.conformance.support import Endpoint, probe_code

__all__ = ["devnet", "devnet_factory", "devnet_spec"]  # a plugin can be named in the topmost conftest only

Open = Callable[[ChainSpec], Awaitable[Endpoint]]


@pytest_asyncio.fixture(loop_scope="module")
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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Endpoint]:
    folder = tmp_path_factory.mktemp("chain")
    async with DevnetProcess(ChainSpec(chain_id=902), folder=folder) as chain, httpx.AsyncClient(timeout=30) as client:
        yield Endpoint(url=chain.url, chain_id=902, is_anvil=False, client=client)


@pytest_asyncio.fixture(loop_scope="module")
async def rpc(shared: Endpoint) -> AsyncIterator[Endpoint]:
    """Return a client on the module's chain, which the test leaves as it found it."""
    snapshot = await shared("evm_snapshot")
    yield shared
    await shared("devnet_resume")
    await shared("evm_setIntervalMining", 0)
    assert await shared("evm_revert", snapshot) is True
    await shared("evm_setAutomine", True)


@pytest_asyncio.fixture(loop_scope="module")
async def probe(rpc: Endpoint) -> str:
    address: str = (await rpc.send(to=None, data=probe_code(), gas=3_000_000))["contractAddress"]
    return address
