"""Logs: queries by address, topic, range and block, and filters that are polled."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.devnet.params import Json
from bridge.keccak import keccak256
from tests.integration.conformance.support import OTHER, SENDER, STRANGER, Endpoint, RefusedError, call_data, hexed

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOTED = hexed(keccak256(b"Noted(address,uint256,bytes)"))
NOTE = "note(uint256,bytes)"


def topic(value: int) -> str:
    return f"0x{value:064x}"


def keys(logs: list[dict[str, Any]]) -> list[int]:
    return [int(log["topics"][2], 16) for log in logs]


async def emit(rpc: Endpoint, probe: str, key: int, **fields: Json) -> dict[str, Any]:
    return await rpc.send(to=probe, data=call_data(NOTE, key, b"\x01\x02"), **fields)


async def test_log__in_a_receipt_and_in_a_query__is_the_same(rpc: Endpoint, probe: str) -> None:
    receipt = await emit(rpc, probe, 5)
    (log,) = receipt["logs"]
    assert [log] == await rpc("eth_getLogs", {"blockHash": receipt["blockHash"]})
    assert log["address"] == probe
    assert log["topics"] == [NOTED, topic(int(SENDER.address, 16)), topic(5)]
    assert log["data"] == "0x" + (32).to_bytes(32).hex() + (2).to_bytes(32).hex() + "0102" + "00" * 30
    assert log["blockHash"] == receipt["blockHash"]
    assert log["transactionHash"] == receipt["transactionHash"]
    assert log["logIndex"] == log["transactionIndex"] == "0x0"
    assert log["removed"] is False


async def test_log_index__over_a_block_of_several_transactions__counts_on(rpc: Endpoint, probe: str) -> None:
    await rpc("evm_setAutomine", False)
    start = await rpc.number("eth_getTransactionCount", SENDER.address, "latest")
    data = call_data("noteMany(uint256,uint256)", 0, 3)
    for index in range(2):
        raw = await rpc.sign(to=probe, data=data, nonce=start + index)
        await rpc("eth_sendRawTransaction", hexed(raw))
    await rpc("evm_mine")
    logs = await rpc("eth_getLogs", {"fromBlock": "latest", "toBlock": "latest", "address": probe})
    assert [int(log["logIndex"], 16) for log in logs] == list(range(6))
    assert [int(log["transactionIndex"], 16) for log in logs] == [0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize(
    ("topics", "expected"),
    [
        ([], [1, 2, 3]),
        ([NOTED], [1, 2, 3]),
        ([None, None, topic(2)], [2]),
        ([None, None, [topic(1), topic(3)]], [1, 3]),
        ([NOTED, topic(int(OTHER.address, 16))], [3]),
        ([[NOTED, topic(9)], None, topic(1)], [1]),
        ([topic(9)], []),
        ([None, None, topic(9)], []),
    ],
)
async def test_query__by_topics__finds_what_matches_in_order(
    rpc: Endpoint, probe: str, topics: list[Any], expected: list[int]
) -> None:
    first = await emit(rpc, probe, 1)
    await emit(rpc, probe, 2)
    await emit(rpc, probe, 3, account=OTHER)
    query = {"fromBlock": first["blockNumber"], "toBlock": "latest", "address": probe, "topics": topics}
    assert keys(await rpc("eth_getLogs", query)) == expected


async def test_query__by_address__takes_one_or_several(rpc: Endpoint, probe: str) -> None:
    receipt = await emit(rpc, probe, 1)
    span = {"fromBlock": receipt["blockNumber"], "toBlock": "latest"}
    assert keys(await rpc("eth_getLogs", span | {"address": probe})) == [1]
    assert keys(await rpc("eth_getLogs", span | {"address": [STRANGER, probe]})) == [1]
    assert keys(await rpc("eth_getLogs", span | {"address": STRANGER})) == []
    assert keys(await rpc("eth_getLogs", span)) == [1]


async def test_query__by_range__includes_both_ends(rpc: Endpoint, probe: str) -> None:
    receipts = [await emit(rpc, probe, key) for key in range(4)]
    query = {"fromBlock": receipts[1]["blockNumber"], "toBlock": receipts[2]["blockNumber"], "address": probe}
    assert keys(await rpc("eth_getLogs", query)) == [1, 2]


async def test_query__block_hash_with_a_range__is_refused(rpc: Endpoint) -> None:
    latest = await rpc("eth_getBlockByNumber", "latest", False)
    with pytest.raises(RefusedError):
        await rpc("eth_getLogs", {"blockHash": latest["hash"], "fromBlock": "0x0"})


async def test_query__of_an_unknown_block_hash__is_refused_and_not_empty(rpc: Endpoint) -> None:
    with pytest.raises(RefusedError):
        await rpc("eth_getLogs", {"blockHash": "0x" + "11" * 32})


async def test_log_filter__polled__gives_each_log_once(rpc: Endpoint, probe: str) -> None:
    number = await rpc("eth_newFilter", {"address": probe, "topics": [NOTED]})
    assert await rpc("eth_getFilterChanges", number) == []
    await emit(rpc, probe, 1)
    await emit(rpc, probe, 2)
    assert keys(await rpc("eth_getFilterChanges", number)) == [1, 2]
    assert await rpc("eth_getFilterChanges", number) == []
    await emit(rpc, probe, 3)
    assert keys(await rpc("eth_getFilterChanges", number)) == [3]
    assert await rpc("eth_uninstallFilter", number) is True
    assert await rpc("eth_uninstallFilter", number) is False
    with pytest.raises(RefusedError):
        await rpc("eth_getFilterChanges", number)


async def test_log_filter__asked_for_all__gives_the_whole_range(rpc: Endpoint, probe: str) -> None:
    receipt = await emit(rpc, probe, 1)
    number = await rpc("eth_newFilter", {"fromBlock": receipt["blockNumber"], "toBlock": "latest", "address": probe})
    await emit(rpc, probe, 2)
    assert keys(await rpc("eth_getFilterLogs", number)) == [1, 2]
    await rpc("eth_uninstallFilter", number)


async def test_block_filter__polled__gives_each_block_once(rpc: Endpoint) -> None:
    number = await rpc("eth_newBlockFilter")
    receipts = [await rpc.send(value=1) for _ in range(2)]
    assert await rpc("eth_getFilterChanges", number) == [item["blockHash"] for item in receipts]
    assert await rpc("eth_getFilterChanges", number) == []
    await rpc("eth_uninstallFilter", number)


async def test_pending_filter__polled__gives_transactions_that_came_in(rpc: Endpoint) -> None:
    number = await rpc("eth_newPendingTransactionFilter")
    receipt = await rpc.send(value=1)
    assert receipt["transactionHash"] in await rpc("eth_getFilterChanges", number)
    await rpc("eth_uninstallFilter", number)
