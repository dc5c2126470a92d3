"""The base chain's state roots in a rollup: the node's own anchor on py-evm, the sidecar on anvil."""

from __future__ import annotations

import asyncio

import pytest

from bridge.artifacts import load
from bridge.devnet.anchor_sidecar import AnchorSidecar
from bridge.devnet.faults import Fault, FaultProxy, Rule
from bridge.devnet.spec import AnchorSpec, Backend, ChainSpec, GenesisAccount
from tests.integration.conformance.support import Endpoint, RefusedError, call_data
from tests.integration.devnet.conftest import Open

pytestmark = pytest.mark.asyncio(loop_scope="module")

ANCHOR = bytes.fromhex("a4" * 20)
ADDRESS = f"0x{ANCHOR.hex()}"
LATEST = {"to": ADDRESS, "data": call_data("latest()")}


def rollup(
    base: str, *, backend: Backend = Backend.PY_EVM, depth: int | None = None, headers_per_block: int = 256
) -> ChainSpec:
    code = GenesisAccount(nonce=1, code=load("Anchor").deployed_bytecode)
    own = AnchorSpec(url=base, address=ANCHOR, depth=depth, headers_per_block=headers_per_block)
    is_ours = backend is Backend.PY_EVM
    return ChainSpec(
        chain_id=950, name="rollup", backend=backend, alloc={ANCHOR: code}, anchor=own if is_ours else None
    )


async def base_chain(open_chain: Open, blocks: int, *, finality_depth: int = 0) -> Endpoint:
    base = await open_chain(ChainSpec(chain_id=949, name="base", finality_depth=finality_depth))
    await base("anvil_mine", hex(blocks))
    return base


async def anchored(chain: Endpoint, number: int) -> str:
    found: str = await chain("eth_call", {"to": ADDRESS, "data": call_data("stateRoot(uint64)", number)}, "latest")
    return found


async def state_root(chain: Endpoint, number: int) -> str:
    root: str = (await chain("eth_getBlockByNumber", hex(number), False))["stateRoot"]
    return root


async def test_anchor__before_each_block__holds_what_the_base_has_finalised(open_chain: Open) -> None:
    base = await base_chain(open_chain, 6, finality_depth=2)
    chain = await open_chain(rollup(base.url))
    await chain.send(value=1)
    assert await chain.number("eth_call", LATEST, "latest") == 4
    for number in range(5):
        assert await anchored(chain, number) == await state_root(base, number)
    with pytest.raises(RefusedError):
        await anchored(chain, 5)
    await base("anvil_mine", "0x1")
    await chain("evm_mine")
    assert await anchored(chain, 5) == await state_root(base, 5)
    assert (await chain("devnet_status"))["anchor"] == {"latest": "0x5", "problem": None}


async def test_anchor__far_behind__catches_up_in_order_and_without_gaps(open_chain: Open) -> None:
    base = await base_chain(open_chain, 20)
    chain = await open_chain(rollup(base.url, headers_per_block=8))
    heads = []
    for _ in range(4):
        await chain("evm_mine")
        heads.append(await chain.number("eth_call", LATEST, "latest"))
    assert heads == [7, 15, 20, 20]
    assert await anchored(chain, 3) == await state_root(base, 3)


async def test_anchor__by_depth__waits_for_so_many_blocks(open_chain: Open) -> None:
    base = await base_chain(open_chain, 5)
    chain = await open_chain(rollup(base.url, depth=3))
    await chain("evm_mine")
    assert await chain.number("eth_call", LATEST, "latest") == 2


async def test_anchor__while_the_base_is_away__lets_the_rollup_go_on(open_chain: Open) -> None:
    chain = await open_chain(rollup("http://127.0.0.1:9"))
    receipt = await chain.send(value=1)
    assert receipt["status"] == "0x1"
    assert (await chain("devnet_status"))["anchor"]["problem"]


async def test_anchor__given_a_header_that_does_not_hash__takes_nothing(open_chain: Open) -> None:
    base = await base_chain(open_chain, 3)
    async with FaultProxy(base.url) as proxy:
        proxy.add(Rule(fault=Fault.WRONG, method="eth_getBlockByNumber"))
        chain = await open_chain(rollup(proxy.url, depth=0))
        await chain("evm_mine")
        assert await chain.number("eth_call", LATEST, "latest") == 0
        proxy.clear()
        await asyncio.sleep(1.1)
        await chain("evm_mine")
        assert await chain.number("eth_call", LATEST, "latest") == 3


async def test_anchor__whose_base_contradicts_itself__stops(open_chain: Open) -> None:
    base = await base_chain(open_chain, 3)
    chain = await open_chain(rollup(base.url, depth=0))
    await chain("evm_mine")
    await base("devnet_reorg", {"depth": 2, "blocks": 4})
    await chain("evm_mine")
    assert await chain.number("eth_call", LATEST, "latest") == 3
    assert "does not follow" in (await chain("devnet_status"))["anchor"]["problem"]


async def test_anchor__written_by_anyone_else__refuses(open_chain: Open) -> None:
    base = await base_chain(open_chain, 1)
    chain = await open_chain(rollup(base.url))
    receipt = await chain.send(to=ADDRESS, data="0x" + "00" * 31 + "09" + "11" * 32)
    assert receipt["status"] == "0x0"


@pytest.mark.anvil
async def test_sidecar__on_anvil__fills_the_anchor_and_resumes(open_chain: Open) -> None:
    base = await base_chain(open_chain, 6, finality_depth=2)
    chain = await open_chain(rollup(base.url, backend=Backend.ANVIL))
    for final in (4, 5):
        sidecar = AnchorSidecar(AnchorSpec(url=base.url, address=ANCHOR), chain.url)
        while await sidecar.step():
            pass
        await sidecar.close()
        assert await chain.number("eth_call", LATEST, "latest") == final
        assert await anchored(chain, final) == await state_root(base, final)
        await base("anvil_mine", "0x1")
