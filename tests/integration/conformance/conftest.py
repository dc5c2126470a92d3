"""The chains that the suite runs on: each module has one of each kind, and each test leaves it as it found it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import httpx
import pytest
import pytest_asyncio

from bridge.devnet.process import DevnetProcess
from bridge.devnet.spec import Backend, ChainSpec, GenesisAccount
from tests.integration.conformance.support import Endpoint, hexed, probe_code

CHAIN_ID = 901
PLANTED = bytes.fromhex("55" * 20)


@pytest_asyncio.fixture(
    scope="module",
    loop_scope="module",
    params=[
        pytest.param(Backend.PY_EVM, id="py-evm"),
        pytest.param(Backend.ANVIL, id="anvil", marks=pytest.mark.anvil),
    ],
)
async def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Endpoint]:
    backend = cast("Backend", request.param)
    planted = GenesisAccount(balance=12345, nonce=1, code=bytes.fromhex("60015ff3"), storage={0: 7, 2**200: 1})
    spec = ChainSpec(chain_id=CHAIN_ID, backend=backend, finality_depth=4, alloc={PLANTED: planted})
    folder: Path = tmp_path_factory.mktemp("chain")
    async with DevnetProcess(spec, folder=folder) as chain, httpx.AsyncClient(timeout=30) as client:
        yield Endpoint(url=chain.url, chain_id=CHAIN_ID, is_anvil=backend is Backend.ANVIL, client=client)


@pytest_asyncio.fixture(loop_scope="module")
async def rpc(running: Endpoint) -> AsyncIterator[Endpoint]:
    snapshot = await running("evm_snapshot")
    yield running
    assert await running("evm_revert", snapshot) is True
    await running("evm_setAutomine", True)


@pytest_asyncio.fixture(loop_scope="module")
async def probe(rpc: Endpoint) -> str:
    receipt = await rpc.send(to=None, data=probe_code(), gas=3_000_000)
    assert receipt["status"] == "0x1"
    address: str = receipt["contractAddress"]
    return address


@pytest.fixture
def planted() -> str:
    return hexed(PLANTED)
