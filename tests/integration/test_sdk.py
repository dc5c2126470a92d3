"""The SDK on real chains with real relayers: what it sends arrives, and what it says can be looked up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from bridge import intents
from bridge.amounts import parse_wad
from bridge.client import Bridge, Fees, MessageId, Stage, Status, Transfer
from bridge.client.books import close_books
from bridge.contracts import custody, read
from bridge.contracts.custody import STAND_IN_MINT
from bridge.deploy import deploy
from bridge.deployments import deployments_path, load_deployments
from bridge.errors import (
    CallReverted,
    OwnerIsContract,
    RootNotFinal,
    TransferRefused,
    TransferTimedOut,
    TransferUnknown,
)
from bridge.messages import PLACED
from bridge.sender import Call, Sender
from bridge.types import QUOTE, Account, Address, LeafIndex, Wad
from tests.support.documents import run_block
from tests.support.relayer_net import ACTORS, Net, deliver_settings, relayer, start_net, trader, until, validators

pytestmark = [pytest.mark.anvil, pytest.mark.asyncio(loop_scope="module")]
UNITS = 10**6
FEE = parse_wad("0.1")
SECONDS = 60.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def net(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Net]:
    async with start_net(tmp_path_factory.mktemp("sdk"), block_time=1.0) as running:
        for name in ("alpha", "beta"):
            async with running.places.network.chain(name).connect() as rpc:
                await _fund(running, name, Sender(rpc, ACTORS.deployer))
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def relayed(net: Net) -> AsyncIterator[Net]:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(validators(net, sources=("hub", "alpha", "beta")))
        await stack.enter_async_context(relayer(deliver_settings(net), net.places, ACTORS.relayer))
        yield net


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ada(net: Net) -> AsyncIterator[Bridge]:
    async with trader(net) as bridge:
        yield bridge


async def _fund(net: Net, name: str, sender: Sender) -> None:
    token = load_deployments(deployments_path(net.config))[name].token("USDC")
    for actor in ACTORS.traders:
        await sender.run(Call(to=token, data=STAND_IN_MINT.encode(actor.address, 100_000 * UNITS)))


async def steps(transfer: Transfer) -> list[Status]:
    return [status async for status in transfer]


async def test_delivery__before_any_root_is_final__says_that_it_is_too_early(ada: Bridge) -> None:
    transfer = await ada.deposit("alpha", "USDC", parse_wad("10"))
    sent = await anext(aiter(transfer))
    assert sent.stage in {Stage.PENDING, Stage.SENT}
    await until(lambda: _is_mined(ada, transfer.id))
    network = ada.connections.network
    message = MessageId(source=network.chain("alpha").id, destination=network.hub.id, index=LeafIndex(0))
    with pytest.raises(RootNotFinal, match="root of 0 messages"):
        await ada.deliver(message)
    view = await ada.account()
    assert [(row.kind, row.amount) for row in view.under_way] == [("deposit", parse_wad("10"))]
    with pytest.raises(TransferTimedOut, match="sent"):
        await transfer.result(timeout=1.0)
    assert (await close_books(ada.connections)).is_balanced


async def _is_mined(bridge: Bridge, transfer_id: str) -> bool:
    async for status in bridge.resume(transfer_id):
        return status.stage is Stage.SENT
    return False


async def test_deposit__relayed__is_credited_with_evidence_at_each_step(relayed: Net, ada: Bridge) -> None:
    remembered: list[str] = []
    bridge = Bridge(ada.connections, signer=ACTORS.traders[0], remember=remembered.append)
    transfer = await bridge.deposit("alpha", "USDC", parse_wad("500"), fee=FEE)
    assert remembered == [transfer.id]
    last = await transfer.result(timeout=SECONDS)
    assert last.stage is Stage.CREDITED
    assert last.is_end
    seen = await steps(transfer)
    assert [s.stage for s in seen] == [Stage.SENT, Stage.FINAL, Stage.CREDITED]
    for step in seen:
        assert step.evidence is not None
        rpc = ada.connections[step.evidence.chain].rpc
        await rpc.require_canonical(step.evidence.block)


async def test_transfer__resumed_elsewhere_from_its_id__tells_the_same_story(relayed: Net, ada: Bridge) -> None:
    transfer = await ada.deposit("alpha", "USDC", parse_wad("1"), then=PLACED)
    await transfer.result(timeout=SECONDS)
    async with trader(relayed, ACTORS.traders[1]) as elsewhere:
        told = await steps(elsewhere.resume(transfer.id))
    assert [s.stage for s in told] == [s.stage for s in await steps(transfer)]
    assert told[-1].evidence == (await transfer).evidence


async def test_margin__moved_between_venues__arrives_and_moves_no_token(relayed: Net, ada: Bridge) -> None:
    placed = await ada.deposit("alpha", "USDC", parse_wad("300"), then=PLACED)
    await placed.result(timeout=SECONDS)
    before = await _vaults(ada)
    moved = await ada.move_margin("alpha", "beta", parse_wad("200"), fees=Fees(first=FEE, onward=FEE))
    await moved.result(timeout=SECONDS)
    assert [s.stage for s in await steps(moved)] == [
        Stage.SENT,
        Stage.FINAL,
        Stage.CREDITED,
        Stage.FORWARDED,
        Stage.SENT,
        Stage.FINAL,
        Stage.CREDITED,
    ]
    view = await ada.account()
    assert next(p.cash for p in view.places if p.chain == "beta") == parse_wad("199.8")
    assert await _vaults(ada) == before


async def test_transfer__to_a_chain_without_reserve__stays_at_the_hub(relayed: Net, ada: Bridge) -> None:
    sent = await ada.transfer("alpha", "beta", "USDC", parse_wad("50"))
    last = await sent.result(timeout=SECONDS)
    assert last.stage is Stage.STAYED
    assert "ReserveShort" in last.detail


async def test_withdrawal__within_reserve__pays_what_was_quoted(relayed: Net, ada: Bridge) -> None:
    quote = await ada.quote_withdraw("alpha", "USDC", parse_wad("20"), fee=FEE)
    token = ada.connections["alpha"].deployment.token("USDC")
    before = await _units(ada, "alpha", ACTORS.traders[0].address, token)
    sent = await ada.withdraw("alpha", "USDC", parse_wad("20"), fees=Fees(first=FEE))
    assert (await sent.result(timeout=SECONDS)).stage is Stage.PAID
    gained = await _units(ada, "alpha", ACTORS.traders[0].address, token) - before
    assert gained * 10**12 == quote.payout
    assert quote.payout + quote.fee + quote.charge + quote.dust == quote.amount


async def test_delivery__second_time_by_anyone__is_refused_by_the_contract(relayed: Net, ada: Bridge) -> None:
    network = ada.connections.network
    message = MessageId(source=network.chain("alpha").id, destination=network.hub.id, index=LeafIndex(0))
    with pytest.raises(CallReverted) as caught:
        await ada.deliver(message)
    assert caught.value.error == "NothingDelivered"


async def test_intents__signed_by_the_owner__are_taken_from_anyone(relayed: Net, ada: Bridge) -> None:
    trader_account, stranger = Account(owner=ACTORS.traders[0].address), ACTORS.stranger
    deadline = (await ada.connections.hub.rpc.head()).timestamp + 3_600
    venue, hub = ada.connections["beta"], ada.connections.hub
    owner, payout = (
        ACTORS.traders[0],
        intents.Payout(
            asset=QUOTE,
            amount=parse_wad("5"),
            chain=ada.connections["alpha"].chain.id,
            to=ACTORS.traders[0].address,
            fee=Wad(0),
            max_charge=parse_wad("1"),
        ),
    )

    def send(place: intents.Place, bargain: intents.Bargain) -> bytes:
        return intents.venue_send(owner, place, bargain, account=trader_account, cash=parse_wad("5"))

    def parcel(place: intents.Place, bargain: intents.Bargain) -> bytes:
        beta = venue.chain.id
        five = parse_wad("5")
        return intents.send_parcel(
            owner, place, bargain, account=trader_account, venue=beta, to=trader_account, cash=five
        )

    def withdrawal(place: intents.Place, bargain: intents.Bargain) -> bytes:
        return intents.withdraw(owner, place, bargain, account=trader_account, payout=payout)

    for client, name, build in ((venue, "venue", send), (hub, "hub", parcel), (hub, "hub", withdrawal)):
        place = intents.Place(chain=client.chain.id, contract=client.contract(name))
        bargain = intents.Bargain.offer(payee=Account(owner=stranger.address), tip=parse_wad("0.5"), deadline=deadline)
        call = Call(to=place.contract, data=build(place, bargain))
        sender = Sender(client.rpc, stranger)
        await sender.run(call)
        with pytest.raises(CallReverted) as caught:
            await sender.run(call)
        assert caught.value.error == "NonceAlreadyUsed"


async def test_documents__their_programs__run_as_written(
    relayed: Net, ada: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(relayed.folder)
    signer = ACTORS.traders[0]
    async with asyncio.timeout(2 * SECONDS):
        await run_block("docs/integrators.md", 0)["main"](signer)
        placed = await ada.deposit("alpha", "USDC", parse_wad("400"), then=PLACED)
        await placed
        await run_block("README.md", 0)["main"](signer)
    assert ada.resume((relayed.folder / "last-transfer").read_text()).id


async def test_books__after_everything__are_equal_to_the_unit(relayed: Net, ada: Bridge) -> None:
    books = await close_books(ada.connections)
    assert books.is_balanced
    assert sum(books.assets[0].vaults.values()) > 0


async def test_deposit__for_a_contract_that_is_not_the_same_at_the_hub__is_refused(net: Net, ada: Bridge) -> None:
    venue = ada.connections["alpha"].contract("venue")
    with pytest.raises(OwnerIsContract):
        await ada.deposit("alpha", "USDC", parse_wad("1"), account=Account(owner=venue))


async def test_deposit__of_more_than_is_held__is_refused_before_anything_is_sent(net: Net, ada: Bridge) -> None:
    with pytest.raises(TransferRefused, match="units held"):
        await ada.deposit("alpha", "USDC", parse_wad("10_000_000"))


@pytest.mark.parametrize("amount", ["0", "0.0000001"])
async def test_deposit__of_what_the_token_cannot_say__is_refused(net: Net, ada: Bridge, amount: str) -> None:
    with pytest.raises(TransferRefused, match="decimals"):
        await ada.deposit("alpha", "USDC", parse_wad(amount))


async def test_resume__of_a_transaction_that_sent_no_message__says_so(net: Net, ada: Bridge) -> None:
    client = ada.connections["alpha"]
    sender = Sender(client.rpc, ACTORS.traders[0])
    receipt = await sender.run(Call(to=client.deployment.token("USDC"), data=custody.TOKEN_NAME.encode()))
    with pytest.raises(TransferUnknown):
        await ada.resume(f"alpha:0x{receipt.tx_hash.hex()}").result(timeout=5)


async def test_deployment__repeated__finds_everything_and_changes_nothing(net: Net, ada: Bridge) -> None:
    gas: list[int] = []
    again = await deploy(ada.connections.network, ACTORS.deployer, report=lambda row: gas.append(row.gas))
    assert set(gas) == {0}
    assert again["alpha"] == ada.connections["alpha"].deployment


async def _vaults(bridge: Bridge) -> list[int]:
    return [
        await _units(bridge, c.name, c.contract("vault"), c.deployment.token("USDC"))
        for c in bridge.connections.rollups
    ]


async def _units(bridge: Bridge, chain: str, owner: bytes, token: bytes) -> int:
    rpc = bridge.connections[chain].rpc
    view = custody.TOKEN_BALANCE.at(Address(token), owner)
    return int(await read(rpc, view, at=(await rpc.head()).ref))
