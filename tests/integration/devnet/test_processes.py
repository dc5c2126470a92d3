"""Chains as processes: started, found again, ended for sure, also after a run that was killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

from bridge.devnet import cluster
from bridge.devnet.errors import ProcessError, RpcError, SpecError
from bridge.devnet.fixture import DevnetFactory
from bridge.devnet.process import DevnetProcess, answers
from bridge.devnet.spec import AnchorSpec, Backend, ChainSpec, GenesisAccount, from_json, to_json

BACKENDS = [
    pytest.param(Backend.PY_EVM, id="py-evm"),
    pytest.param(Backend.ANVIL, id="anvil", marks=pytest.mark.anvil),
]


def gone(pid: int, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


async def test_fixture__asked_for__is_a_running_chain(devnet: DevnetProcess, devnet_factory: DevnetFactory) -> None:
    assert await devnet.rpc("eth_chainId") == hex(31337)
    other = await devnet_factory(ChainSpec(chain_id=77, name="other"))
    assert await other.rpc("eth_chainId") == hex(77)
    with pytest.raises(RpcError):
        await devnet.rpc("eth_noSuchMethod")


@pytest.mark.parametrize("backend", BACKENDS)
async def test_process__stopped__leaves_nothing_and_restarts_from_genesis(backend: Backend) -> None:
    async with DevnetProcess(ChainSpec(chain_id=5, backend=backend)) as chain:
        pid, url, folder = chain.pid, chain.url, chain.folder
        await chain.rpc("evm_mine")
        await chain.restart()
        assert chain.url == url
        assert chain.pid != pid
        assert await chain.rpc("eth_blockNumber") == "0x0"
        pid = chain.pid
    assert pid is not None
    assert gone(pid)
    assert not folder.exists()
    assert not await answers(url, 5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_process__whose_starter_is_killed__ends_too(backend: Backend, tmp_path: Path) -> None:
    program = f"""
import asyncio, pathlib
from bridge.devnet import Backend, ChainSpec
from bridge.devnet.process import DevnetProcess
async def main():
    spec = ChainSpec(chain_id=6, backend=Backend({backend.value!r}))
    chain = DevnetProcess(spec, folder=pathlib.Path({str(tmp_path)!r}))
    await chain.start()
    print(chain.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""
    starter = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    with starter, starter.stdout:
        pid = int(starter.stdout.readline())
        assert psutil.pid_exists(pid)
        starter.kill()
    assert gone(pid)


async def test_process__that_cannot_start__says_why(tmp_path: Path) -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(ProcessError, match="ended while it started"):
            await DevnetProcess(ChainSpec(chain_id=5), folder=tmp_path, port=port).start()


async def test_cluster__up_twice_then_down__starts_once_and_leaves_nothing(tmp_path: Path) -> None:
    specs = [ChainSpec(chain_id=71, name="base"), ChainSpec(chain_id=72, name="hub", finality_depth=1)]
    try:
        first = await cluster.up(specs, tmp_path)
        assert [item.name for item in first] == ["base", "hub"]
        assert all([await answers(item.url, item.chain_id) for item in first])
        assert await cluster.up(specs, tmp_path) == first
        changed = ChainSpec(chain_id=72, name="hub", finality_depth=2)
        second = await cluster.up([specs[0], changed], tmp_path)
        assert second[0] == first[0]
        assert second[1].pid != first[1].pid
        assert {item.name for item in cluster.status(tmp_path)} == {"base", "hub"}
    finally:
        ended = await cluster.down(tmp_path)
    assert ended == ("base", "hub")
    assert cluster.status(tmp_path) == ()
    assert all(gone(item.pid) for item in (*first, *second))
    assert await cluster.down(tmp_path) == ()


async def test_cluster__with_a_chain_that_was_killed__starts_that_one_anew(tmp_path: Path) -> None:
    spec = ChainSpec(chain_id=73, name="venue")
    try:
        (before,) = await cluster.up([spec], tmp_path)
        os.kill(before.pid, signal.SIGKILL)
        assert gone(before.pid)
        assert [item.is_running for item in cluster.status(tmp_path)] == [False]
        (after,) = await cluster.up([spec], tmp_path)
        assert after.pid != before.pid
        assert after.is_running
    finally:
        await cluster.down(tmp_path)


async def test_cluster__with_one_chain_that_fails__leaves_none_of_the_others(tmp_path: Path) -> None:
    async with httpx.AsyncClient() as client:
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        taken = server.sockets[0].getsockname()[1]
        specs = [ChainSpec(chain_id=74, name="good"), ChainSpec(chain_id=75, name="bad")]
        async with server:
            with pytest.raises(ProcessError):
                await cluster.up(specs, tmp_path, ports={"bad": taken})
        assert cluster.status(tmp_path) == ()
        assert client is not None
    assert not [item for item in psutil.Process().children() if "bridge.devnet" in item.cmdline()]


async def test_cluster__given_two_chains_of_one_name__refuses(tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match="unique"):
        await cluster.up([ChainSpec(chain_id=1), ChainSpec(chain_id=2)], tmp_path)


def test_spec__through_json__comes_back_equal() -> None:
    spec = ChainSpec(
        chain_id=9,
        alloc={b"\x01" * 20: GenesisAccount(balance=3, nonce=1, code=b"\x00", storage={2**255: 2**256 - 1})},
        anchor=AnchorSpec(url="http://127.0.0.1:1", address=b"\x02" * 20, depth=3),
    )
    assert from_json(to_json(spec)) == spec


@pytest.mark.parametrize(
    "fields",
    [
        {"chain_id": 0},
        {"chain_id": 2**63},
        {"chain_id": 1, "block_time": -1.0},
        {"chain_id": 1, "finality_depth": -1},
        {"chain_id": 1, "gas_limit": 1},
        {"chain_id": 1, "coinbase": b""},
        {"chain_id": 1, "alloc": {b"\x01": GenesisAccount()}},
        {"chain_id": 1, "alloc": {b"\x01" * 20: GenesisAccount(balance=2**256)}},
    ],
)
def test_spec__that_no_chain_can_have__is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(SpecError):
        ChainSpec(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"backend": "geth"}'])
def test_spec__from_text_that_is_none__is_refused(text: str) -> None:
    with pytest.raises(SpecError):
        from_json(text)
