"""Sending: types, nonces, the pool, replacement, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from eth_account import Account

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

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("0x0", {"gasPrice": 3 * GWEI}),
        ("0x1", {"gasPrice": 3 * GWEI, "accessList": [{"address": STRANGER, "storageKeys": ["0x" + "00" * 32]}]}),
        ("0x2", {"maxFeePerGas": 3 * GWEI, "maxPriorityFeePerGas": GWEI}),
    ],
)
async def test_send__each_type__is_mined_and_shown_as_sent(rpc: Endpoint, kind: str, fields: dict[str, Any]) -> None:
    receipt = await rpc.send(value=3, **fields)
    shown = await rpc("eth_getTransactionByHash", receipt["transactionHash"])
    assert receipt["status"] == "0x1"
    assert receipt["type"] == shown["type"] == kind
    assert int(shown["chainId"], 16) == rpc.chain_id
    assert shown["gasPrice"] == receipt["effectiveGasPrice"]
    if kind == "0x1":
        assert shown["accessList"][0]["address"] == STRANGER
        assert int(receipt["gasUsed"], 16) == 21_000 + 2_400 + 1_900


async def test_send__contract_creation__stands_at_the_address_in_the_receipt(rpc: Endpoint, probe: str) -> None:
    code = await rpc("eth_getCode", probe, "latest")
    assert len(code) > 100
    assert await rpc("eth_getCode", probe, "0x0") == "0x"


async def test_send__reverting_call__is_mined_with_status_zero(rpc: Endpoint, probe: str) -> None:
    receipt = await rpc.send(to=probe, data=call_data("failWithError(uint256)", 3))
    assert receipt["status"] == "0x0"
    assert receipt["logs"] == []


async def test_nonce__spent__is_refused(rpc: Endpoint) -> None:
    await rpc.send(nonce=await rpc.number("eth_getTransactionCount", SENDER.address, "latest"))
    used = await rpc.number("eth_getTransactionCount", SENDER.address, "latest") - 1
    with pytest.raises(RefusedError, match="nonce too low"):
        await rpc("eth_sendRawTransaction", hexed(await rpc.sign(nonce=used, value=9)))


async def test_nonce__with_a_gap__waits_until_the_gap_is_filled(rpc: Endpoint) -> None:
    first = await rpc.number("eth_getTransactionCount", SENDER.address, "latest")
    late = await rpc("eth_sendRawTransaction", hexed(await rpc.sign(nonce=first + 1, value=2)))
    assert await rpc("eth_getTransactionReceipt", late) is None
    assert await rpc.number("eth_getTransactionCount", SENDER.address, "pending") == first
    await rpc.send(nonce=first, value=1)
    assert (await rpc.receipt(late))["status"] == "0x1"
    assert await rpc.number("eth_getTransactionCount", SENDER.address, "latest") == first + 2


async def test_pool__without_automine__shows_pending_nonce_and_transaction(rpc: Endpoint) -> None:
    await rpc("evm_setAutomine", False)
    first = await rpc.number("eth_getTransactionCount", SENDER.address, "latest")
    sent = await rpc("eth_sendRawTransaction", hexed(await rpc.sign(nonce=first, value=1)))
    shown = await rpc("eth_getTransactionByHash", sent)
    assert shown["blockHash"] is None
    assert shown["blockNumber"] is None
    assert shown["nonce"] == hex(first)
    assert await rpc.number("eth_getTransactionCount", SENDER.address, "pending") == first + 1
    assert await rpc.number("eth_getTransactionCount", SENDER.address, "latest") == first
    assert await rpc("eth_getTransactionReceipt", sent) is None
    await rpc("evm_mine")
    assert (await rpc.receipt(sent))["status"] == "0x1"


async def test_replacement__paying_a_tenth_more__takes_the_place(rpc: Endpoint) -> None:
    await rpc("evm_setAutomine", False)
    nonce = await rpc.number("eth_getTransactionCount", SENDER.address, "latest")
    old = await rpc.sign(nonce=nonce, value=1, maxFeePerGas=10 * GWEI, maxPriorityFeePerGas=GWEI)
    new = await rpc.sign(nonce=nonce, value=2, maxFeePerGas=11 * GWEI, maxPriorityFeePerGas=1_100_000_000)
    replaced = await rpc("eth_sendRawTransaction", hexed(old))
    standing = await rpc("eth_sendRawTransaction", hexed(new))
    await rpc("evm_mine")
    assert (await rpc.receipt(standing))["status"] == "0x1"
    assert await rpc("eth_getTransactionReceipt", replaced) is None


async def test_replacement__paying_no_more__is_refused(rpc: Endpoint) -> None:
    await rpc("evm_setAutomine", False)
    nonce = await rpc.number("eth_getTransactionCount", SENDER.address, "latest")
    await rpc("eth_sendRawTransaction", hexed(await rpc.sign(nonce=nonce, value=1)))
    cheap = await rpc.sign(nonce=nonce, value=2)
    with pytest.raises(RefusedError, match="underpriced"):
        await rpc("eth_sendRawTransaction", hexed(cheap))
    await rpc("evm_mine")


async def test_block__mined_by_demand__orders_by_tip_and_keeps_nonce_order(rpc: Endpoint) -> None:
    await rpc("evm_setAutomine", False)
    start = await rpc.number("eth_getTransactionCount", SENDER.address, "latest")
    low = [await rpc.sign(nonce=start + index, value=1, maxPriorityFeePerGas=GWEI) for index in range(2)]
    high = await rpc.sign(OTHER, value=1, maxFeePerGas=30 * GWEI, maxPriorityFeePerGas=3 * GWEI)
    hashes = [await rpc("eth_sendRawTransaction", hexed(raw)) for raw in (*low, high)]
    await rpc("evm_mine")
    block = await rpc("eth_getBlockByNumber", "latest", False)
    assert block["transactions"] == [hashes[2], hashes[0], hashes[1]]


async def test_send__the_same_transaction_twice__is_refused(rpc: Endpoint) -> None:
    await rpc("evm_setAutomine", False)
    raw = hexed(await rpc.sign(value=1))
    await rpc("eth_sendRawTransaction", raw)
    with pytest.raises(RefusedError, match=r"already (known|imported)"):
        await rpc("eth_sendRawTransaction", raw)
    await rpc("evm_mine")


async def test_send__more_than_the_account_has__is_refused(rpc: Endpoint) -> None:
    poor = Account.from_key("0x" + "42" * 32)
    with pytest.raises(RefusedError, match=r"(?i)insufficient funds"):
        await rpc("eth_sendRawTransaction", hexed(await rpc.sign(poor, value=ETHER)))


async def test_send__less_gas_than_the_transaction_costs__is_refused(rpc: Endpoint) -> None:
    with pytest.raises(RefusedError, match=r"(?i)intrinsic gas"):
        await rpc("eth_sendRawTransaction", hexed(await rpc.sign(gas=20_999)))


async def test_send__mostly_data__pays_the_floor_of_its_data(rpc: Endpoint) -> None:
    data = "0x" + "ff" * 1_000
    floor = 21_000 + 10 * 4_000
    receipt = await rpc.send(gas=floor, data=data)
    assert int(receipt["gasUsed"], 16) == floor


async def test_send__more_gas_than_a_block_holds__is_refused(rpc: Endpoint) -> None:
    with pytest.raises(RefusedError, match=r"(?i)gas limit|gas too high"):
        await rpc("eth_sendRawTransaction", hexed(await rpc.sign(gas=30_000_001)))


async def test_send__for_another_chain__is_refused(rpc: Endpoint) -> None:
    with pytest.raises(RefusedError, match=r"(?i)chain.?id"):
        await rpc("eth_sendRawTransaction", hexed(await rpc.sign(chainId=rpc.chain_id + 1)))


@pytest.mark.parametrize("raw", ["0x", "0xc0", "0x02c0", "0x7f01", "0x02" + "ff" * 40])
async def test_send__what_is_no_transaction__is_refused(rpc: Endpoint, raw: str) -> None:
    with pytest.raises(RefusedError):
        await rpc("eth_sendRawTransaction", raw)


async def test_send__delegation_by_authorization__makes_the_account_run_code(rpc: Endpoint, probe: str) -> None:
    signer = Account.create(extra_entropy="delegating")
    authorization = signer.sign_authorization({"chainId": rpc.chain_id, "address": probe, "nonce": 0})
    receipt = await rpc.send(
        to=signer.address,
        data=call_data("set(uint256)", 9),
        authorizationList=[authorization],
        gas=300_000,
    )
    assert receipt["status"] == "0x1"
    assert await rpc("eth_getCode", signer.address, "latest") == "0xef0100" + probe[2:].lower()
    assert await rpc.number("eth_getStorageAt", signer.address, "0x0", "latest") == 9


async def test_batch__of_transactions__is_mined_whole_and_in_order(rpc: Endpoint) -> None:
    start = await rpc.number("eth_getTransactionCount", SENDER.address, "latest")
    raws = [await rpc.sign(nonce=start + index, value=1) for index in range(20)]
    body = [
        {"jsonrpc": "2.0", "id": index, "method": "eth_sendRawTransaction", "params": [hexed(raw)]}
        for index, raw in enumerate(raws)
    ]
    answers = await rpc.client.post(rpc.url, json=body)
    receipts = [await rpc.receipt(answer["result"]) for answer in answers.json()]
    assert all(receipt["status"] == "0x1" for receipt in receipts)
    places = [(int(item["blockNumber"], 16), int(item["transactionIndex"], 16)) for item in receipts]
    assert places == sorted(places)
