"""A trader without gas on any chain: signed intents, a real relayer, and the same transfers as with gas."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from bridge.amounts import parse_wad
from bridge.client import Bridge, Fees, IntentId, Relayer, Stage, Transfer, Via
from bridge.client.books import close_books
from bridge.client.gasless import prepare
from bridge.client.orders import venue_order
from bridge.contracts import read_all
from bridge.contracts.clearing import QUOTE_DEPOSIT, WaitReason
from bridge.contracts.custody import CANCEL_NONCE, STAND_IN_MINT
from bridge.errors import CallReverted, IntentExpired, RelayerRefused, SourceFailed, TransferUnknown
from bridge.messages import PLACED, STAY
from bridge.sender import Call, Sender
from bridge.signer import LocalSigner
from bridge.types import QUOTE, Account, Wad
from hub.client import view_hub
from tests.support.relayer_net import ACTORS, Net, deliver_settings, relayer, start_net, validators

pytestmark = [pytest.mark.anvil, pytest.mark.asyncio(loop_scope="module")]
SECONDS = 60.0
FEES = Fees(first=parse_wad("0.1"), onward=parse_wad("0.1"))
TRADER = LocalSigner(b"\x5a" * 32)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def net(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Net]:
    folder = tmp_path_factory.mktemp("gasless")
    async with start_net(folder, names=("base", "hub", "alpha"), block_time=1.0) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url(net: Net) -> AsyncIterator[str]:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(validators(net, sources=("hub", "alpha")))
        settings = deliver_settings(net, prices={"USDC": 10**18})
        running = await stack.enter_async_context(relayer(settings, net.places, ACTORS.relayer))
        yield f"http://127.0.0.1:{running.web.port}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def trader(net: Net) -> AsyncIterator[Bridge]:
    async with await Bridge.from_config(net.config, signer=TRADER) as bridge:
        for name in ("hub", "alpha"):
            client = bridge.connections[name]
            token = client.deployment.token("USDC")
            mint = STAND_IN_MINT.encode(TRADER.address, 10_000 * 10**6)
            await Sender(client.rpc, ACTORS.deployer).run(Call(to=token, data=mint))
        yield bridge


def via(url: str, *, max_tip: str = "1", lifetime: int = 600) -> Via:
    return Via(url=url, max_tip=parse_wad(max_tip), lifetime=lifetime)


async def require_no_gas(bridge: Bridge) -> None:
    for client in (bridge.connections.base, *bridge.connections.rollups):
        head = await client.rpc.head()
        assert await client.rpc.balance(TRADER.address, at=head.ref) == 0
        assert await client.rpc.nonce(TRADER.address) == 0


async def stages(transfer: Transfer) -> list[Stage]:
    return [status.stage async for status in transfer if status.stage is not Stage.PENDING]


async def test_trader__without_gas_on_any_chain__deposits_moves_and_withdraws(
    net: Net, url: str, trader: Bridge
) -> None:
    remembered: list[str] = []
    bridge = Bridge(trader.connections, signer=TRADER, remember=remembered.append)
    await require_no_gas(bridge)

    deposited = await bridge.deposit("alpha", "USDC", parse_wad("500"), fee=FEES.first, via=via(url))
    assert (await deposited.result(timeout=SECONDS)).stage is Stage.CREDITED
    moved = await bridge.move_margin("hub", "alpha", parse_wad("200"), fees=FEES, via=via(url))
    assert (await moved.result(timeout=SECONDS)).stage is Stage.CREDITED
    from_hub = await bridge.withdraw("alpha", "USDC", parse_wad("50"), fees=FEES, via=via(url))
    assert (await from_hub.result(timeout=SECONDS)).stage is Stage.PAID
    from_venue = await bridge.withdraw("alpha", "USDC", parse_wad("60"), source="alpha", fees=FEES, via=via(url))
    assert await stages(from_venue) == [
        Stage.SENT, Stage.FINAL, Stage.CREDITED, Stage.FORWARDED, Stage.SENT, Stage.FINAL, Stage.PAID
    ]  # fmt: skip
    assert remembered == [t.id for t in (deposited, moved, from_hub, from_venue)]

    await require_no_gas(bridge)
    assert await stages(bridge.resume(deposited.id)) == [Stage.SENT, Stage.FINAL, Stage.CREDITED]
    assert (await close_books(bridge.connections)).is_balanced


async def test_deposit__on_the_hubs_own_chain__is_credited_in_its_transaction(url: str, trader: Bridge) -> None:
    deposited = await trader.deposit("hub", "USDC", parse_wad("20"), via=via(url))
    assert await stages(deposited) == [Stage.CREDITED]
    paid = await trader.withdraw("hub", "USDC", parse_wad("5"), via=via(url))
    assert await stages(paid) == [Stage.PAID]
    await require_no_gas(trader)


async def test_tip__above_what_is_allowed__is_refused_before_anything_is_handed_in(url: str, trader: Bridge) -> None:
    with pytest.raises(RelayerRefused, match="at most 0 is allowed"):
        await trader.deposit("alpha", "USDC", parse_wad("1"), via=Via(url=url))


async def test_tip__below_what_is_asked__is_refused_by_the_relayer_with_its_reason(url: str, trader: Bridge) -> None:
    with pytest.raises(RelayerRefused, match="needed") as caught:
        await trader.deposit("alpha", "USDC", parse_wad("1"), then=PLACED, via=Via(url=url, tip=parse_wad("0.000001")))
    assert caught.value.status == 402


async def test_order__that_the_contract_would_refuse__is_refused_in_its_words(url: str, trader: Bridge) -> None:
    client = trader.connections["alpha"]
    other = Bridge(trader.connections, signer=ACTORS.stranger)
    order = await venue_order(
        client, other.signer, account=Account(owner=TRADER.address), amount=parse_wad("1"), fee=Wad(0), then=STAY
    )
    async with Relayer(url) as asked:
        with pytest.raises(CallReverted) as caught:
            await prepare(order, other.signer, via(url), asked)
    assert caught.value.error == "SignatureInvalid"


async def test_intent__never_handed_in__is_expired_after_its_deadline_and_not_before(url: str, trader: Bridge) -> None:
    client = trader.connections["alpha"]
    account = Account(owner=TRADER.address)
    order = await venue_order(client, TRADER, account=account, amount=parse_wad("1"), fee=Wad(0), then=STAY)
    async with Relayer(url) as asked:
        prepared = await prepare(order, TRADER, via(url, lifetime=3), asked)
    waiting = trader.resume(str(prepared.id))
    assert (await anext(aiter(waiting))).stage is Stage.PENDING
    with pytest.raises(IntentExpired, match="nothing was moved"):
        await waiting.result(timeout=SECONDS)


async def test_intent__submitted_by_somebody_else__is_found_by_its_nonce(url: str, trader: Bridge) -> None:
    client = trader.connections["alpha"]
    account = Account(owner=TRADER.address)
    order = await venue_order(client, TRADER, account=account, amount=parse_wad("1"), fee=Wad(0), then=STAY)
    async with Relayer(url) as asked:
        prepared = await prepare(order, TRADER, via(url), asked)
    sender = Sender(client.rpc, ACTORS.stranger)
    receipt = await sender.run(Call(to=client.contract("venue"), data=prepared.calldata))
    sent = await anext(aiter(trader.resume(str(prepared.id))))
    assert sent.stage is Stage.SENT
    assert sent.evidence is not None
    assert sent.evidence.tx == receipt.tx_hash


async def test_intent__whose_nonce_was_burnt__is_no_transfer(trader: Bridge) -> None:
    client, burner = trader.connections["alpha"], ACTORS.stranger
    first = (await client.rpc.head()).number
    await Sender(client.rpc, burner).run(Call(to=client.contract("venue"), data=CANCEL_NONCE.encode(77)))
    burnt = IntentId(chain="alpha", contract="venue", signer=burner.address, nonce=77, first=first, deadline=2**40)
    with pytest.raises(TransferUnknown, match="sent no message"):
        await trader.resume(str(burnt)).result(timeout=SECONDS)
    later = replace(burnt, first=(await client.rpc.head()).number + 1)
    with pytest.raises(TransferUnknown, match="before block"):
        await trader.resume(str(later)).result(timeout=SECONDS)


async def test_relayer__without_an_intent_desk_or_not_there__is_a_typed_error(net: Net, trader: Bridge) -> None:
    async with relayer(
        net.settings("plain", ["attest"], attest={"chains": ["alpha"]}), net.places, ACTORS.relayer
    ) as plain:
        with pytest.raises(RelayerRefused, match="takes intents"):
            await trader.deposit("alpha", "USDC", parse_wad("1"), via=via(f"http://127.0.0.1:{plain.web.port}"))
    with pytest.raises(SourceFailed, match="ConnectError"):
        await trader.deposit("alpha", "USDC", parse_wad("1"), via=via("http://127.0.0.1:9"))


async def test_hub__shown__has_the_reserve_and_the_inflow_that_the_hub_itself_knows(url: str, trader: Bridge) -> None:
    await (await trader.deposit("hub", "USDC", parse_wad("3"), via=via(url))).result(timeout=SECONDS)
    view = await view_hub(trader.connections)
    hub = trader.connections.hub
    for reserve in view.reserves:
        chain = trader.connections[reserve.chain].chain.id
        room = min(reserve.inflow_left, Wad(reserve.ceiling - reserve.amount))
        fits, over = await read_all(
            hub.rpc,
            [QUOTE_DEPOSIT.at(hub.contract("hub"), QUOTE, chain, amount) for amount in (room, room + 1)],
            at=view.at,
        )
        assert WaitReason(fits[1]) is WaitReason.NONE
        assert WaitReason(over[1]) in {WaitReason.CEILING_REACHED, WaitReason.INFLOW_LIMITED}
    assert {venue.chain for venue in view.venues} == {"alpha"}
    assert view.waiting == ()


@pytest.mark.parametrize("verb", ["show", "books"])
async def test_hub_command__on_a_network_in_order__ends_with_code_0(net: Net, trader: Bridge, verb: str) -> None:
    done = await causeway(net, "hub", verb, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told.get("balanced", True)
    assert (await causeway(net, "hub", verb)).returncode == 0


async def test_deposit_command__with_via__needs_no_gas(net: Net, url: str, trader: Bridge) -> None:
    (net.folder / "key").write_text(TRADER.export().hex())
    (net.folder / "password").write_text("word\n")
    password = ("--password-file", "password")
    assert (await causeway(net, "wallet", "import", "poor", "--key-file", "key", *password)).returncode == 0
    done = await causeway(
        net, "deposit", "hub", "USDC", "2", "--key", "poor", *password, "--via", url, "--max-tip", "1", "--json"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["stage"] == "credited"
    refused = await causeway(net, "move", "hub", "alpha", "1", "--key", "poor", *password, "--via", url)
    assert refused.returncode == 4
    assert "at most 0 is allowed" in refused.stderr
    await require_no_gas(trader)


async def causeway(net: Net, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "TERM": "dumb", "COLUMNS": "200"}
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "bridge.cli", *arguments],
        cwd=net.folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
