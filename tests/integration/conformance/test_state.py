"""State at named blocks: calls, estimates, storage and proofs."""

from __future__ import annotations

from typing import Any

import pytest

from bridge import mpt
from tests.integration.conformance.support import (
    ETHER,
    GWEI,
    SENDER,
    STRANGER,
    Endpoint,
    RefusedError,
    call_data,
    words,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

VALUE = call_data("value()")


def slot(number: int) -> str:
    return f"0x{number:064x}"


def nodes(proof: list[str]) -> list[bytes]:
    return [bytes.fromhex(node[2:]) for node in proof]


async def test_genesis_account__with_code_and_storage__is_there(rpc: Endpoint, planted: str) -> None:
    assert await rpc.number("eth_getBalance", planted, "0x0") == 12345
    assert await rpc("eth_getCode", planted, "earliest") == "0x60015ff3"
    assert await rpc("eth_getStorageAt", planted, "0x0", "latest") == slot(7)
    assert await rpc("eth_getStorageAt", planted, slot(2**200), "latest") == slot(1)
    assert await rpc("eth_getStorageAt", planted, "0x5", "latest") == slot(0)
    assert await rpc.number("eth_getTransactionCount", planted, "latest") == 1


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("0x4e59b44847b379578588920cA78FbF26c0B4956C", "7fffffffffffffffffffffffffffffff"),
        ("0x0000F90827F1C53a10cb7A02335B175320002935", "3373fffffffffffffffffffffffffffffffffffffffe14604657"),
        ("0x000F3df6D732807Ef1319fB7B8bB8522d0Beac02", "3373fffffffffffffffffffffffffffffffffffffffe14604d57"),
    ],
)
async def test_system_contract__from_block_zero__stands_at_its_address(rpc: Endpoint, address: str, code: str) -> None:
    assert (await rpc("eth_getCode", address, "0x0")).startswith(f"0x{code}")


async def test_deployment_proxy__given_salt_and_code__creates_at_the_expected_address(rpc: Endpoint) -> None:
    init = "600a600c600039600a6000f3602a60005260206000f3"
    call = {"to": "0x4e59b44847b379578588920cA78FbF26c0B4956C", "data": "0x" + "00" * 32 + init}
    expected = await rpc("eth_call", call, "latest")
    await rpc.send(to=call["to"], data=call["data"])
    assert len(expected) == 42
    assert await rpc("eth_getCode", expected, "latest") == "0x602a60005260206000f3"


async def test_history_contract__asked_for_an_older_block__has_its_hash(rpc: Endpoint) -> None:
    for _ in range(3):
        await rpc.send(value=1)
    head = await rpc.number("eth_blockNumber")
    call = {"to": "0x0000F90827F1C53a10cb7A02335B175320002935", "data": slot(head - 2)}
    block = await rpc("eth_getBlockByNumber", hex(head - 2), False)
    assert await rpc("eth_call", call, "latest") == block["hash"]


async def test_call__at_named_blocks__sees_the_state_of_each(rpc: Endpoint, probe: str) -> None:
    first = await rpc.send(to=probe, data=call_data("set(uint256)", 11))
    second = await rpc.send(to=probe, data=call_data("set(uint256)", 22))
    call = {"to": probe, "data": VALUE}
    assert words(await rpc("eth_call", call, first["blockNumber"]), "uint256") == (11,)
    assert words(await rpc("eth_call", call, second["blockNumber"]), "uint256") == (22,)
    assert words(await rpc("eth_call", call, "latest"), "uint256") == (22,)
    assert words(await rpc("eth_call", call, {"blockHash": first["blockHash"]}), "uint256") == (11,)
    assert words(await rpc("eth_call", call, {"blockNumber": first["blockNumber"]}), "uint256") == (11,)
    assert words(await rpc("eth_call", {"to": probe, "input": VALUE}, "latest"), "uint256") == (22,)
    assert await rpc("eth_call", call, "0x0") == "0x"


async def test_call__at_an_unknown_block__is_refused(rpc: Endpoint, probe: str) -> None:
    for block in (hex(10**9), {"blockHash": "0x" + "11" * 32}):
        with pytest.raises(RefusedError):
            await rpc("eth_call", {"to": probe, "data": VALUE}, block)


async def test_call__changing_state__changes_nothing(rpc: Endpoint, probe: str) -> None:
    await rpc("eth_call", {"to": probe, "data": call_data("set(uint256)", 5)}, "latest")
    assert await rpc.number("eth_getStorageAt", probe, "0x0", "latest") == 0


async def test_call__surroundings__are_those_of_the_block(rpc: Endpoint, probe: str) -> None:
    await rpc.send(value=1)
    block = await rpc("eth_getBlockByNumber", "latest", False)
    types = ("uint256", "uint256", "uint256", "address", "uint256", "bytes32", "address")
    call = {"to": probe, "data": call_data("surroundings()"), "from": SENDER.address}
    _, _, chain, coinbase, limit, _, origin = words(await rpc("eth_call", call, "latest"), *types)
    assert (chain, coinbase, limit) == (rpc.chain_id, block["miner"], int(block["gasLimit"], 16))
    assert origin == SENDER.address.lower()


async def test_call__with_state_overrides__sees_them(rpc: Endpoint, probe: str) -> None:
    call = {"to": probe, "data": VALUE}
    overrides: dict[str, Any] = {probe: {"stateDiff": {slot(0): slot(99)}}}
    assert words(await rpc("eth_call", call, "latest", overrides), "uint256") == (99,)
    assert words(await rpc("eth_call", call, "latest", {probe: {"state": {}}}), "uint256") == (0,)
    code = {STRANGER: {"code": "0x602a60005260206000f3"}}
    assert words(await rpc("eth_call", {"to": STRANGER}, "latest", code), "uint256") == (42,)
    funds = {STRANGER: {"balance": hex(ETHER)}}
    paying = {"from": STRANGER, "to": probe, "value": hex(ETHER)}
    assert await rpc("eth_call", paying, "latest", funds) == "0x"
    with pytest.raises(RefusedError):
        await rpc("eth_call", paying, "latest")


async def test_call__creating__returns_the_code_that_would_stand(rpc: Endpoint) -> None:
    data = "0x600a600c600039600a6000f3602a60005260206000f3"
    assert await rpc("eth_call", {"data": data}, "latest") == "0x602a60005260206000f3"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (call_data("failWithReason(string)", "no margin"), "08c379a0"),
        (call_data("failWithError(uint256)", 7), None),
        (call_data("failWithPanic(uint256,uint256)", 1, 0), "4e487b71"),
    ],
)
async def test_call__reverting__is_error_3_with_the_data(
    rpc: Endpoint, probe: str, data: str, expected: str | None
) -> None:
    with pytest.raises(RefusedError, match="execution reverted") as refusal:
        await rpc("eth_call", {"to": probe, "data": data}, "latest")
    selector = call_data("Refused(uint256,string)", 0, "")[2:10] if expected is None else expected
    assert refusal.value.code == 3
    assert refusal.value.data.startswith(f"0x{selector}")


async def test_call__reverting_with_a_reason__says_it(rpc: Endpoint, probe: str) -> None:
    with pytest.raises(RefusedError, match="no margin"):
        await rpc("eth_call", {"to": probe, "data": call_data("failWithReason(string)", "no margin")}, "latest")


async def test_call__failing_otherwise__is_refused_without_revert_data(rpc: Endpoint, probe: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        await rpc("eth_call", {"to": probe, "data": call_data("burn()")}, "latest")
    assert refusal.value.data == "0x"


async def test_estimate__of_a_transfer__is_exact(rpc: Endpoint) -> None:
    estimate = {"from": SENDER.address, "to": STRANGER, "value": "0x1"}
    assert await rpc.number("eth_estimateGas", estimate) == 21_000


@pytest.mark.parametrize("signature", ["set(uint256)", "nested(uint256)"])
async def test_estimate__used_as_the_limit__suffices_and_is_close(rpc: Endpoint, probe: str, signature: str) -> None:
    data = call_data(signature, 4)
    estimate = await rpc.number("eth_estimateGas", {"from": SENDER.address, "to": probe, "data": data})
    receipt = await rpc.send(to=probe, data=data, gas=estimate)
    assert receipt["status"] == "0x1"
    assert estimate < int(receipt["gasUsed"], 16) * 8


async def test_estimate__of_what_reverts__is_error_3_with_the_data(rpc: Endpoint, probe: str) -> None:
    call = {"from": SENDER.address, "to": probe, "data": call_data("failWithError(uint256)", 7)}
    with pytest.raises(RefusedError) as refusal:
        await rpc("eth_estimateGas", call, "latest")
    assert refusal.value.code == 3
    assert refusal.value.data.startswith(call_data("Refused(uint256,string)", 0, "")[:10])


async def test_estimate__at_a_named_block__takes_its_state(rpc: Endpoint, probe: str) -> None:
    before = await rpc.number("eth_blockNumber")
    await rpc.send(to=probe, data=call_data("set(uint256)", 1))
    call = {"from": SENDER.address, "to": probe, "data": call_data("set(uint256)", 2)}
    cold, warm = [await rpc.number("eth_estimateGas", call, hex(number)) for number in (before, before + 1)]
    assert cold - warm > 15_000


@pytest.mark.parametrize("height", ["latest", "old"])
async def test_proof__at_any_height__verifies_against_that_header(
    rpc: Endpoint, probe: str, planted: str, height: str
) -> None:
    for key in range(20):
        await rpc.send(to=probe, data=call_data("put(uint256,uint256)", key, key + 1))
    head = await rpc.number("eth_blockNumber")
    block = await rpc("eth_getBlockByNumber", hex(head if height == "latest" else head - 10), False)
    for address, slots in ((probe, [0, 1]), (planted, [0, 2**200, 4]), (STRANGER, [0]), (SENDER.address, [])):
        proof = await rpc("eth_getProof", address, [slot(number) for number in slots], block["number"])
        root = bytes.fromhex(block["stateRoot"][2:])
        account = mpt.account(root, bytes.fromhex(address[2:]), nodes(proof["accountProof"]))
        if account is None:
            assert (proof["balance"], proof["nonce"]) == ("0x0", "0x0")
            continue
        assert account.balance == int(proof["balance"], 16)
        assert account.nonce == int(proof["nonce"], 16)
        assert account.storage_root.hex() == proof["storageHash"][2:]
        for number, item in zip(slots, proof["storageProof"], strict=True):
            assert int(item["key"], 16) == number
            assert mpt.storage(account.storage_root, number, nodes(item["proof"])) == int(item["value"], 16)


async def test_fees__suggested__are_enough_for_the_next_block(rpc: Endpoint) -> None:
    tip = await rpc.number("eth_maxPriorityFeePerGas")
    price = await rpc.number("eth_gasPrice")
    receipt = await rpc.send(value=1, gasPrice=price)
    assert receipt["status"] == "0x1"
    assert price >= tip >= 0


async def test_base_fee__after_blocks__follows_eip_1559(rpc: Endpoint) -> None:
    await rpc.send(value=1)
    await rpc.send(value=1)
    child = await rpc("eth_getBlockByNumber", "latest", False)
    parent = await rpc("eth_getBlockByHash", child["parentHash"], False)
    fee, used, target = int(parent["baseFeePerGas"], 16), int(parent["gasUsed"], 16), int(parent["gasLimit"], 16) // 2
    assert int(child["baseFeePerGas"], 16) == fee - fee * (target - used) // target // 8


async def test_fee_history__over_blocks__has_one_entry_more_of_base_fees(rpc: Endpoint) -> None:
    for _ in range(3):
        await rpc.send(value=1, maxPriorityFeePerGas=GWEI)
    history = await rpc("eth_feeHistory", "0x3", "latest", [10, 50, 90])
    head = await rpc.number("eth_blockNumber")
    blocks = [await rpc("eth_getBlockByNumber", hex(number), False) for number in range(head - 2, head + 1)]
    assert int(history["oldestBlock"], 16) == head - 2
    assert history["baseFeePerGas"][:3] == [block["baseFeePerGas"] for block in blocks]
    assert len(history["baseFeePerGas"]) == 4
    ratios = [int(block["gasUsed"], 16) / int(block["gasLimit"], 16) for block in blocks]
    assert history["gasUsedRatio"] == pytest.approx(ratios)
    assert history["reward"] == [[hex(GWEI)] * 3] * 3
