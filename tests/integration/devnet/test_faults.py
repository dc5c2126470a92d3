"""The fault proxy: each way to fail, and that a healthy one changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
import pytest_asyncio

from bridge.devnet.faults import Fault, FaultProxy, Rule
from tests.integration.conformance.support import STRANGER, Endpoint, call_data

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOGS = {"fromBlock": "0x0"}


@pytest_asyncio.fixture(loop_scope="module")
async def proxy(rpc: Endpoint) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(rpc.url, seed=7) as proxy:
        yield proxy


@pytest.fixture
def faulty(rpc: Endpoint, proxy: FaultProxy) -> Endpoint:
    return replace(rpc, url=proxy.url)


async def emit(rpc: Endpoint, probe: str, count: int) -> None:
    await rpc.send(to=probe, data=call_data("noteMany(uint256,uint256)", 0, count))


async def test_proxy__without_rules__passes_requests_and_batches_on(rpc: Endpoint, faulty: Endpoint) -> None:
    assert await faulty("eth_chainId") == await rpc("eth_chainId")
    batch = '[{"jsonrpc":"2.0","id":1,"method":"eth_chainId"},{"jsonrpc":"2.0","id":2,"method":"eth_blockNumber"}]'
    assert await faulty.post(batch) == await rpc.post(batch)
    assert (await faulty.post("{nonsense"))["error"]["code"] == -32700


async def test_missing_logs__as_often_as_told__answers_with_fewer(
    proxy: FaultProxy, faulty: Endpoint, probe: str
) -> None:
    await emit(faulty, probe, 4)
    rule = proxy.add(Rule(fault=Fault.MISSING_LOGS, method="eth_getLogs", count=1))
    assert len(await faulty("eth_getLogs", LOGS)) == 2
    assert len(await faulty("eth_getLogs", LOGS)) == 4
    assert rule.hits == 1


async def test_late_logs__until_their_time__are_left_out(proxy: FaultProxy, faulty: Endpoint, probe: str) -> None:
    proxy.add(Rule(fault=Fault.LATE_LOGS, method="eth_getLogs", seconds=0.3))
    await emit(faulty, probe, 2)
    assert await faulty("eth_getLogs", LOGS) == []
    await asyncio.sleep(0.4)
    assert len(await faulty("eth_getLogs", LOGS)) == 2


@pytest.mark.parametrize(("fault", "status"), [(Fault.HTTP_500, 500), (Fault.HTTP_429, 429)])
async def test_http_error__for_one_method__leaves_others_alone(
    proxy: FaultProxy, faulty: Endpoint, fault: Fault, status: int
) -> None:
    proxy.add(Rule(fault=fault, method="eth_blockNumber"))
    body = {"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []}
    assert (await faulty.client.post(proxy.url, json=body)).status_code == status
    assert await faulty.number("eth_chainId") == faulty.chain_id


async def test_timeout__longer_than_the_client_waits__is_a_timeout(proxy: FaultProxy) -> None:
    proxy.add(Rule(fault=Fault.TIMEOUT, seconds=5))
    async with httpx.AsyncClient(timeout=0.2) as impatient:
        with pytest.raises(httpx.ReadTimeout):
            await impatient.post(proxy.url, json={"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"})


async def test_disconnect__in_the_middle__is_a_transport_error(proxy: FaultProxy, faulty: Endpoint) -> None:
    proxy.add(Rule(fault=Fault.DISCONNECT, count=1))
    with pytest.raises(httpx.TransportError):
        await faulty("eth_chainId")
    assert await faulty.number("eth_chainId") == faulty.chain_id


async def test_wrong_answer__is_well_formed_and_false(proxy: FaultProxy, rpc: Endpoint, faulty: Endpoint) -> None:
    proxy.add(Rule(fault=Fault.WRONG, method="eth_getBlockByNumber"))
    true, false = [await client("eth_getBlockByNumber", "0x0", False) for client in (rpc, faulty)]
    assert false["hash"] != true["hash"]
    assert len(false["hash"]) == len(true["hash"])


async def test_stale_answer__is_the_one_given_first(proxy: FaultProxy, faulty: Endpoint) -> None:
    assert await faulty("eth_getBalance", STRANGER, "latest") == "0x0"
    await faulty.send(value=9)
    proxy.add(Rule(fault=Fault.STALE, method="eth_getBalance"))
    assert await faulty("eth_getBalance", STRANGER, "latest") == "0x0"
    proxy.clear()
    assert await faulty("eth_getBalance", STRANGER, "latest") == "0x9"


async def test_probability__with_one_seed__falls_the_same_way_twice(rpc: Endpoint) -> None:
    async def outcomes() -> list[int]:
        async with FaultProxy(rpc.url, seed=3) as proxy:
            proxy.add(Rule(fault=Fault.HTTP_500, probability=0.5))
            body = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"}
            return [(await rpc.client.post(proxy.url, json=body)).status_code for _ in range(20)]

    first = await outcomes()
    assert first == await outcomes()
    assert {200, 500} == set(first)


async def test_upstream__gone__is_a_bad_gateway() -> None:
    async with FaultProxy("http://127.0.0.1:9") as proxy, httpx.AsyncClient() as client:
        answer = await client.post(proxy.url, json={"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"})
    assert answer.status_code == 502
