"""Blocks, transactions and receipts as standard methods show them."""

from __future__ import annotations

import pytest

from bridge.devnet import codec
from bridge.devnet.headers import checked
from tests.integration.conformance.support import ETHER, GWEI, SENDER, STRANGER, Endpoint, RefusedError, hexed

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_identity__asked__is_the_chain_that_was_started(rpc: Endpoint) -> None:
    assert await rpc.number("eth_chainId") == rpc.chain_id
    assert await rpc("net_version") == str(rpc.chain_id)
    assert await rpc("net_listening") is True
    assert await rpc("eth_syncing") is False
    assert "/" in await rpc("web3_clientVersion")


async def test_block_number__after_a_transaction__has_grown_by_one(rpc: Endpoint) -> None:
    before = await rpc.number("eth_blockNumber")
    receipt = await rpc.send(value=1)
    assert int(receipt["blockNumber"], 16) == before + 1 == await rpc.number("eth_blockNumber")


async def test_block__by_number_and_by_hash__is_the_same(rpc: Endpoint) -> None:
    receipt = await rpc.send(value=1)
    by_number = await rpc("eth_getBlockByNumber", receipt["blockNumber"], False)
    assert by_number == await rpc("eth_getBlockByHash", receipt["blockHash"], False)
    assert by_number["hash"] == receipt["blockHash"]
    assert by_number["transactions"] == [receipt["transactionHash"]]
    parent = await rpc("eth_getBlockByHash", by_number["parentHash"], False)
    assert int(parent["number"], 16) == int(by_number["number"], 16) - 1
    assert int(by_number["timestamp"], 16) >= int(parent["timestamp"], 16)


async def test_block__header_fields__hash_to_its_hash(rpc: Endpoint) -> None:
    receipt = await rpc.send(value=1)
    number = int(receipt["blockNumber"], 16)
    header = checked(number, await rpc("eth_getBlockByNumber", hex(number), False))
    assert hexed(header.hash) == receipt["blockHash"]


async def test_block__with_full_transactions__holds_what_the_transaction_method_shows(rpc: Endpoint) -> None:
    receipt = await rpc.send(value=5)
    block = await rpc("eth_getBlockByNumber", "latest", True)
    (item,) = block["transactions"]
    assert item == await rpc("eth_getTransactionByHash", receipt["transactionHash"])
    assert item == await rpc("eth_getTransactionByBlockHashAndIndex", receipt["blockHash"], "0x0")
    assert item == await rpc("eth_getTransactionByBlockNumberAndIndex", receipt["blockNumber"], "0x0")
    assert (item["from"], item["to"], item["value"]) == (SENDER.address.lower(), STRANGER, "0x5")
    assert item["type"] == "0x2"
    assert int(item["maxFeePerGas"], 16) == 10 * GWEI


async def test_block__transactions_root_and_receipts_root__commit_to_what_is_shown(rpc: Endpoint) -> None:
    raw = await rpc.sign(value=5)
    receipt = await rpc.receipt(await rpc("eth_sendRawTransaction", hexed(raw)))
    block = await rpc("eth_getBlockByHash", receipt["blockHash"], False)
    assert block["transactionsRoot"] == hexed(codec.ordered_root([raw]))
    bloom = bytes.fromhex(receipt["logsBloom"][2:])
    body = codec.rlp([b"\x01", codec.integer(int(receipt["cumulativeGasUsed"], 16)), bloom, []])
    assert block["receiptsRoot"] == hexed(codec.ordered_root([b"\x02" + body]))


async def test_block__unknown__is_null(rpc: Endpoint) -> None:
    assert await rpc("eth_getBlockByNumber", hex(10**9), False) is None
    assert await rpc("eth_getBlockByHash", "0x" + "11" * 32, False) is None
    assert await rpc("eth_getTransactionByHash", "0x" + "11" * 32) is None
    assert await rpc("eth_getTransactionReceipt", "0x" + "11" * 32) is None
    assert await rpc("eth_getBlockTransactionCountByHash", "0x" + "11" * 32) is None


async def test_tags__with_a_finality_depth__lag_behind_the_head(rpc: Endpoint) -> None:
    for _ in range(6):
        await rpc.send(value=1)
    head = await rpc.number("eth_blockNumber")
    heights = {
        tag: await rpc("eth_getBlockByNumber", tag, False) for tag in ("latest", "safe", "finalized", "earliest")
    }
    found = {tag: int(block["number"], 16) for tag, block in heights.items()}
    assert found == {"latest": head, "safe": head - 2, "finalized": head - 4, "earliest": 0}


async def test_pending_block__before_it_is_mined__is_the_head_s_child(rpc: Endpoint) -> None:
    await rpc.send(value=1)
    latest = await rpc("eth_getBlockByNumber", "latest", False)
    pending = await rpc("eth_getBlockByNumber", "pending", False)
    assert int(pending["number"], 16) == int(latest["number"], 16) + 1
    assert pending["parentHash"] == latest["hash"]


async def test_receipt__of_a_transfer__has_gas_price_and_status(rpc: Endpoint) -> None:
    receipt = await rpc.send(value=1, gas=21_000)
    block = await rpc("eth_getBlockByHash", receipt["blockHash"], False)
    assert receipt["status"] == "0x1"
    assert receipt["gasUsed"] == receipt["cumulativeGasUsed"] == hex(21_000) == block["gasUsed"]
    assert int(receipt["effectiveGasPrice"], 16) == int(block["baseFeePerGas"], 16) + GWEI
    assert receipt["contractAddress"] is None
    assert receipt["type"] == "0x2"


async def test_block_receipts__by_number_and_hash__are_those_of_its_transactions(rpc: Endpoint) -> None:
    receipt = await rpc.send(value=1)
    assert await rpc("eth_getBlockReceipts", receipt["blockNumber"]) == [receipt]
    assert await rpc("eth_getBlockReceipts", "latest") == [receipt]
    assert await rpc("eth_getBlockReceipts", receipt["blockHash"]) == [receipt]


async def test_transaction_count_of_a_block__is_what_it_holds(rpc: Endpoint) -> None:
    receipt = await rpc.send(value=1)
    assert await rpc("eth_getBlockTransactionCountByNumber", receipt["blockNumber"]) == "0x1"
    assert await rpc("eth_getBlockTransactionCountByHash", receipt["blockHash"]) == "0x1"


async def test_balance__after_a_transfer__is_sent_plus_fees_less(rpc: Endpoint) -> None:
    before = await rpc.number("eth_getBalance", SENDER.address, "latest")
    receipt = await rpc.send(value=ETHER)
    fee = int(receipt["gasUsed"], 16) * int(receipt["effectiveGasPrice"], 16)
    assert await rpc.number("eth_getBalance", SENDER.address, "latest") == before - ETHER - fee
    assert await rpc.number("eth_getBalance", STRANGER, "latest") == ETHER


async def test_state_at_a_height_beyond_the_head__asked__is_refused(rpc: Endpoint) -> None:
    with pytest.raises(RefusedError):
        await rpc("eth_getBalance", STRANGER, hex(10**9))
