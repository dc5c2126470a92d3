"""The clients that people use: AsyncWeb3 and cast, each doing what a bridge does with it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from typing import cast

import pytest
import pytest_asyncio
from web3 import AsyncHTTPProvider, AsyncWeb3
from web3.exceptions import ContractCustomError, ContractLogicError

from bridge.devnet.params import Json
from tests.integration.conformance.support import ETHER, GWEI, OTHER, SENDER, STRANGER, Endpoint, hexed, probe_artifact
from tests.support.tools import find_binary

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def web3(rpc: Endpoint) -> AsyncIterator[AsyncWeb3[AsyncHTTPProvider]]:
    provider = AsyncHTTPProvider(rpc.url)
    yield AsyncWeb3(provider)
    await provider.disconnect()


async def test_web3__deploys_sends_and_reads_events__as_from_any_node(web3: AsyncWeb3[AsyncHTTPProvider]) -> None:
    artifact = probe_artifact()
    factory = web3.eth.contract(abi=artifact["abi"], bytecode=artifact["bytecode"])
    built = await factory.constructor().build_transaction(
        {"from": SENDER.address, "nonce": await web3.eth.get_transaction_count(SENDER.address)}
    )
    sent = await web3.eth.send_raw_transaction(SENDER.sign_transaction(cast("dict[str, Json]", built)).raw_transaction)
    receipt = await web3.eth.wait_for_transaction_receipt(sent, timeout=20)
    contract = web3.eth.contract(address=receipt["contractAddress"], abi=artifact["abi"])
    call = await contract.functions.note(4, b"hello").build_transaction(
        {"from": SENDER.address, "nonce": await web3.eth.get_transaction_count(SENDER.address, "pending")}
    )
    sent = await web3.eth.send_raw_transaction(SENDER.sign_transaction(cast("dict[str, Json]", call)).raw_transaction)
    noted = await web3.eth.wait_for_transaction_receipt(sent, timeout=20)
    (event,) = contract.events.Noted().process_receipt(noted)
    assert (event["args"]["who"], event["args"]["key"], event["args"]["data"]) == (SENDER.address, 4, b"hello")
    found = await contract.events.Noted.get_logs(from_block=noted["blockNumber"], argument_filters={"key": 4})
    assert [item["args"]["key"] for item in found] == [4]


async def test_web3__reverts__become_its_own_errors(web3: AsyncWeb3[AsyncHTTPProvider], probe: str) -> None:
    contract = web3.eth.contract(address=web3.to_checksum_address(probe), abi=probe_artifact()["abi"])
    with pytest.raises(ContractLogicError, match="no margin"):
        await contract.functions.failWithReason("no margin").call()
    with pytest.raises(ContractCustomError):
        await contract.functions.failWithError(3).call()


async def test_web3__fees_and_blocks__are_typed(web3: AsyncWeb3[AsyncHTTPProvider]) -> None:
    history = await web3.eth.fee_history(2, "latest", [50.0])
    block = await web3.eth.get_block("latest", full_transactions=True)
    assert history["baseFeePerGas"][0] > 0
    assert await web3.eth.max_priority_fee >= 0
    assert block["number"] == await web3.eth.block_number
    assert await web3.is_connected()


async def test_web3__proof_by_the_provider__is_in_the_shape_of_eip_1186(
    web3: AsyncWeb3[AsyncHTTPProvider], planted: str
) -> None:
    answer = await web3.provider.make_request("eth_getProof", [planted, ["0x" + "00" * 32], "latest"])
    proof = answer["result"]
    assert set(proof) >= {"address", "accountProof", "balance", "codeHash", "nonce", "storageHash", "storageProof"}
    assert int(proof["storageProof"][0]["value"], 16) == 7


async def run_cast(rpc: Endpoint, *arguments: str) -> str:
    program = find_binary("cast")
    if program is None:
        missing = "cast is neither in contracts/node_modules nor on PATH: run scripts/setup --test"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(missing)
    process = await asyncio.create_subprocess_exec(
        str(program),
        *arguments,
        "--rpc-url",
        rpc.url,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, problem = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0, problem.decode()
    return out.decode().strip()


async def test_cast__reads__what_a_node_gives(rpc: Endpoint, planted: str) -> None:
    assert await run_cast(rpc, "chain-id") == str(rpc.chain_id)
    assert await run_cast(rpc, "block-number") == str(await rpc.number("eth_blockNumber"))
    assert await run_cast(rpc, "balance", planted) == "12345"
    assert await run_cast(rpc, "code", planted) == "0x60015ff3"
    assert int(await run_cast(rpc, "storage", planted, "0"), 16) == 7
    assert int(await run_cast(rpc, "gas-price")) > 0
    assert "accountProof" in await run_cast(rpc, "proof", planted, "0")
    assert "stateRoot" in await run_cast(rpc, "block", "latest")


async def test_cast__sends__and_waits_for_the_receipt(rpc: Endpoint, probe: str) -> None:
    key = hexed(OTHER.key)
    out = await run_cast(rpc, "send", STRANGER, "--value", "1ether", "--private-key", key)
    assert "1 (success)" in out
    assert await rpc.number("eth_getBalance", STRANGER, "latest") == ETHER
    await run_cast(
        rpc, "send", probe, "set(uint256)", "77", "--private-key", key, "--legacy", "--gas-price", str(5 * GWEI)
    )
    assert await run_cast(rpc, "call", probe, "value()(uint256)") == "77"
    assert int(await run_cast(rpc, "estimate", probe, "set(uint256)", "78", "--from", OTHER.address)) > 21_000


async def test_cast__logs__finds_an_event_by_signature(rpc: Endpoint, probe: str) -> None:
    key = hexed(OTHER.key)
    await run_cast(rpc, "send", probe, "note(uint256,bytes)", "5", "0x01", "--private-key", key)
    out = await run_cast(rpc, "logs", "--from-block", "0", "--address", probe, "Noted(address,uint256,bytes)")
    assert probe[2:].lower() in out.lower()
