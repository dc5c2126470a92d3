"""Time, snapshots, edits, reorgs, halts and censorship, on our own node; in anvil's form where anvil has it."""

from __future__ import annotations

import asyncio

import pytest

from bridge import mpt
from bridge.devnet import logs
from bridge.devnet.errors import LimitExceededError
from bridge.devnet.spec import ChainSpec
from tests.integration.conformance.support import (
    ETHER,
    GWEI,
    OTHER,
    SENDER,
    STRANGER,
    Endpoint,
    RefusedError,
    call_data,
    hexed,
)
from tests.integration.devnet.conftest import Open

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOTE = call_data("note(uint256,bytes)", 1, b"")


async def height(rpc: Endpoint) -> int:
    return await rpc.number("eth_blockNumber")


async def submit(rpc: Endpoint, raw: bytes) -> str:
    sent: str = await rpc("eth_sendRawTransaction", hexed(raw))
    return sent


async def test_snapshot__reverted_to__brings_back_chain_state_pool_and_time(rpc: Endpoint) -> None:
    await rpc.send(value=1)
    await rpc("evm_setAutomine", False)
    waiting = await submit(rpc, await rpc.sign(OTHER, value=1))
    before = await rpc("eth_getBlockByNumber", "latest", False)
    snapshot = await rpc("evm_snapshot")
    await rpc("evm_increaseTime", 10_000)
    await rpc("evm_mine")
    await rpc("evm_mine")
    assert await rpc("evm_revert", snapshot) is True
    assert await rpc("eth_getBlockByNumber", "latest", False) == before
    assert (await rpc("eth_getTransactionByHash", waiting))["blockHash"] is None
    await rpc("evm_mine")
    block = await rpc("eth_getBlockByNumber", "latest", False)
    assert block["transactions"] == [waiting]
    assert int(block["timestamp"], 16) < int(before["timestamp"], 16) + 9_000


async def test_snapshot__used_up__cannot_be_reverted_to_again(rpc: Endpoint) -> None:
    first, second = await rpc("evm_snapshot"), await rpc("evm_snapshot")
    assert await rpc("evm_revert", first) is True
    assert await rpc("evm_revert", first) is False
    assert await rpc("evm_revert", second) is False


async def test_snapshot__whose_block_a_reorg_took__cannot_be_reverted_to(rpc: Endpoint) -> None:
    await rpc.send(value=1)
    snapshot = await rpc("evm_snapshot")
    await rpc("anvil_reorg", 1)
    assert await rpc("evm_revert", snapshot) is False


async def test_time__increased_or_set__shows_in_the_next_blocks(rpc: Endpoint) -> None:
    await rpc.send(value=1)
    start = int((await rpc("eth_getBlockByNumber", "latest", False))["timestamp"], 16)
    assert await rpc("evm_increaseTime", 1_000) == 1_000
    await rpc("evm_mine")
    later = int((await rpc("eth_getBlockByNumber", "latest", False))["timestamp"], 16)
    assert 990 <= later - start <= 1_060  # quick blocks run ahead of the wall clock
    await rpc("evm_setNextBlockTimestamp", later + 500)
    await rpc("evm_mine")
    await rpc("evm_mine")
    head = await height(rpc)
    times = [int((await rpc("eth_getBlockByNumber", hex(head - back), False))["timestamp"], 16) for back in (1, 0)]
    assert times[0] == later + 500
    assert later + 500 < times[1] < later + 560


async def test_time__set_to_the_past__is_refused(rpc: Endpoint) -> None:
    with pytest.raises(RefusedError):
        await rpc("evm_setNextBlockTimestamp", 1)


async def test_interval_mining__set__mines_empty_blocks_too(rpc: Endpoint) -> None:
    await rpc("evm_setIntervalMining", 0.05)
    before = await height(rpc)
    sent = await submit(rpc, await rpc.sign(value=1))
    await asyncio.sleep(0.6)
    assert (await rpc.receipt(sent))["status"] == "0x1"
    assert await height(rpc) >= before + 3
    await rpc("evm_setIntervalMining", 0)
    await asyncio.sleep(0.1)
    stopped = await height(rpc)
    await asyncio.sleep(0.2)
    assert await height(rpc) == stopped


async def test_block_time__in_the_spec__is_the_beat_from_the_start(open_chain: Open) -> None:
    rpc = await open_chain(ChainSpec(chain_id=903, block_time=0.1))
    start = await height(rpc)
    await asyncio.sleep(0.8)
    assert 3 <= await height(rpc) - start <= 10


async def test_edit__of_balance_code_storage_and_nonce__is_read_and_proven_in_the_next_block(rpc: Endpoint) -> None:
    await rpc("anvil_setBalance", STRANGER, hex(5 * ETHER))
    await rpc("anvil_setCode", STRANGER, "0x602a60005260206000f3")
    assert await rpc("anvil_setStorageAt", STRANGER, "0x3", f"0x{9:064x}") is True
    await rpc("anvil_setNonce", STRANGER, "0x7")
    assert await rpc.number("eth_getBalance", STRANGER, "latest") == 5 * ETHER
    assert await rpc.number("eth_getStorageAt", STRANGER, "0x3", "latest") == 9
    assert await rpc.number("eth_call", {"to": STRANGER}, "latest") == 42
    before = await rpc("eth_getProof", STRANGER, ["0x3"], "latest")
    await rpc("evm_mine")
    after = await rpc("eth_getProof", STRANGER, ["0x3"], "latest")
    root = bytes.fromhex((await rpc("eth_getBlockByNumber", "latest", False))["stateRoot"][2:])
    account = mpt.account(
        root, bytes.fromhex(STRANGER[2:]), [bytes.fromhex(node[2:]) for node in after["accountProof"]]
    )
    assert account is not None
    assert (account.nonce, account.balance) == (7, 5 * ETHER)
    assert before["storageProof"] == after["storageProof"]


async def test_base_fee__set_for_the_next_block__is_that_block_s(rpc: Endpoint) -> None:
    await rpc("anvil_setNextBlockBaseFeePerGas", hex(7 * GWEI))
    receipt = await rpc.send(value=1)
    assert int(receipt["effectiveGasPrice"], 16) == 8 * GWEI


async def test_reorg__of_depth_k__replaces_blocks_and_forgets_their_transactions(rpc: Endpoint, probe: str) -> None:
    watching = await rpc("eth_newFilter", {"address": probe})
    blocks = await rpc("eth_newBlockFilter")
    receipts = [await rpc.send(to=probe, data=NOTE) for _ in range(3)]
    await rpc("eth_getFilterChanges", watching)
    await rpc("eth_getFilterChanges", blocks)
    before = await height(rpc)
    await rpc("anvil_reorg", 2)
    assert await height(rpc) == before
    assert await rpc("eth_getTransactionReceipt", receipts[0]["transactionHash"]) == receipts[0]
    for gone in receipts[1:]:
        assert await rpc("eth_getTransactionReceipt", gone["transactionHash"]) is None
        assert await rpc("eth_getBlockByHash", gone["blockHash"], False) is None
        assert (await rpc("eth_getBlockByNumber", gone["blockNumber"], False))["hash"] != gone["blockHash"]
    removed = await rpc("eth_getFilterChanges", watching)
    assert [log["removed"] for log in removed] == [True, True]
    assert {log["transactionHash"] for log in removed} == {item["transactionHash"] for item in receipts[1:]}
    assert len(await rpc("eth_getFilterChanges", blocks)) == 2
    assert len(await rpc("eth_getLogs", {"fromBlock": "0x0", "address": probe})) == 1


async def test_reorg__keeping_transactions__mines_them_again_elsewhere(rpc: Endpoint, probe: str) -> None:
    receipt = await rpc.send(to=probe, data=NOTE)
    await rpc("devnet_reorg", {"depth": 1, "keepTransactions": True})
    assert await rpc("eth_getTransactionReceipt", receipt["transactionHash"]) is None
    await rpc("evm_mine")
    again = await rpc.receipt(receipt["transactionHash"])
    assert again["status"] == "0x1"
    assert again["blockHash"] != receipt["blockHash"]


async def test_reorg__with_given_transactions__puts_them_where_told(rpc: Endpoint) -> None:
    for _ in range(2):
        await rpc.send(value=1)
    other = await rpc.sign(OTHER, value=5)
    await rpc("anvil_reorg", 2, [[hexed(other), 1]])
    block = await rpc("eth_getBlockByNumber", "latest", True)
    assert [item["from"] for item in block["transactions"]] == [OTHER.address.lower()]


async def test_reorg__deeper_than_the_chain__is_refused(rpc: Endpoint) -> None:
    for depth in (0, 1_000):
        with pytest.raises(RefusedError):
            await rpc("anvil_reorg", depth)


async def test_halt__until_resumed__takes_transactions_but_mines_nothing(rpc: Endpoint) -> None:
    await rpc("devnet_halt")
    before = await height(rpc)
    sent = await submit(rpc, await rpc.sign(value=1))
    with pytest.raises(RefusedError, match="halted"):
        await rpc("evm_mine")
    assert await height(rpc) == before
    assert (await rpc("devnet_status"))["halted"] is True
    await rpc("devnet_resume")
    assert (await rpc.receipt(sent))["status"] == "0x1"


async def test_censor__until_lifted__leaves_out_what_comes_from_or_goes_to_an_address(rpc: Endpoint) -> None:
    await rpc("devnet_censor", STRANGER)
    to_censored = await submit(rpc, await rpc.sign(value=1))
    free = await rpc.send(OTHER, to="0x" + "88" * 20, value=1)
    assert free["status"] == "0x1"
    await rpc("evm_mine")
    assert await rpc("eth_getTransactionReceipt", to_censored) is None
    await rpc("devnet_censor", OTHER.address)
    from_censored = await submit(rpc, await rpc.sign(OTHER, to="0x" + "88" * 20, value=1))
    assert await rpc("eth_getTransactionReceipt", from_censored) is None
    await rpc("devnet_uncensor", STRANGER)
    await rpc("devnet_uncensor", OTHER.address)
    for sent in (to_censored, from_censored):
        assert (await rpc.receipt(sent))["status"] == "0x1"


async def test_replacement__short_of_a_tenth_in_either_fee__is_refused(rpc: Endpoint) -> None:
    await rpc("evm_setAutomine", False)
    nonce = await rpc.number("eth_getTransactionCount", SENDER.address, "latest")
    await submit(rpc, await rpc.sign(nonce=nonce, maxFeePerGas=100 * GWEI, maxPriorityFeePerGas=10 * GWEI))
    for fee, tip in ((110 * GWEI - 1, 11 * GWEI), (110 * GWEI, 11 * GWEI - 1)):
        with pytest.raises(RefusedError, match="underpriced"):
            await submit(rpc, await rpc.sign(nonce=nonce, maxFeePerGas=fee, maxPriorityFeePerGas=tip))
    await submit(rpc, await rpc.sign(nonce=nonce, maxFeePerGas=110 * GWEI, maxPriorityFeePerGas=11 * GWEI))


async def test_send__below_the_floor_of_its_data__is_refused(rpc: Endpoint) -> None:
    with pytest.raises(RefusedError, match="intrinsic gas"):
        await submit(rpc, await rpc.sign(gas=21_000 + 16 * 1_000, data="0x" + "ff" * 1_000))


async def test_send__with_a_malleable_signature__is_refused(rpc: Endpoint) -> None:
    raw = await rpc.sign(value=1, gasPrice=2 * GWEI)
    s = raw[-32:]
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    twin = raw[:-32] + (order - int.from_bytes(s, "big")).to_bytes(32, "big")
    with pytest.raises(RefusedError, match="signature"):
        await submit(rpc, twin)


async def test_pending_block__with_waiting_transactions__holds_what_mining_would(rpc: Endpoint, probe: str) -> None:
    await rpc("evm_setAutomine", False)
    sent = await submit(rpc, await rpc.sign(to=probe, data=call_data("set(uint256)", 6)))
    assert (await rpc("eth_getBlockByNumber", "pending", False))["transactions"] == [sent]
    call = {"to": probe, "data": call_data("value()")}
    assert await rpc.number("eth_call", call, "pending") == 6
    assert await rpc.number("eth_call", call, "latest") == 0
    assert await rpc("eth_getTransactionReceipt", sent) is None


async def test_limits__passed__are_refused_by_name(rpc: Endpoint) -> None:
    with pytest.raises(LimitExceededError):
        logs.scan([], 0, logs.MAX_RANGE, logs.criteria({}))
    batch = ",".join(['{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}'] * 2_001)
    assert (await rpc.post(f"[{batch}]"))["error"]["code"] == -32005
    answer = await rpc.client.post(rpc.url, content=b" " * (32 * 1024 * 1024 + 1))
    assert answer.status_code == 413
