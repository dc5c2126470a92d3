"""State roots on the base chain: honest ones become final and carry messages, false ones do not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bridge.contracts import View, read
from bridge.contracts.clearing import VENUE_SEND
from bridge.contracts.finality import (
    REGISTRY_CHALLENGE_BOND,
    REGISTRY_DISPUTE,
    REGISTRY_FINAL_ROOT,
    REGISTRY_PROPOSAL,
    REGISTRY_PROPOSALS,
    REGISTRY_PROPOSE,
    REGISTRY_TERMS,
    REGISTRY_WITHDRAWABLE,
    Status,
)
from bridge.contracts.messaging import IS_DELIVERED, OUTBOX_COUNT
from bridge.rpc import Rpc
from bridge.sender import Call, Sender
from bridge.signer import LocalSigner
from bridge.types import Account, Hash32
from relayer.claims import Claim, claim_of
from relayer.config import Settings
from tests.support.relayer_net import ACTORS, Net, deliver_settings, relayer, start_net, until
from tests.support.relayer_world import STAY, fund

pytestmark = [pytest.mark.anvil, pytest.mark.asyncio(loop_scope="module")]
FALSE_ROOT = Hash32(b"\x66" * 32)
VERIFIERS = ACTORS.validators


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def net(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Net]:
    folder: Path = tmp_path_factory.mktemp("court")
    async with start_net(folder, names=("base", "hub", "gamma"), block_time=0.5) as running:
        await fund(running, "gamma", ACTORS.traders[0], 1_000, placed=True)
        yield running


def proposer(net: Net) -> Settings:
    return net.settings("proposer", ["propose"], propose={"chains": ["gamma"], "every": 0.5})


def watcher(net: Net, number: int, *, votes: bool = True) -> Settings:
    watch = {"chains": ["gamma"], "vote": votes, "margin": 1}
    return net.settings(f"watcher-{number}-{votes}", ["watch"], watch=watch)


async def send_parcel(net: Net) -> int:
    """Send cash from gamma to the hub and return the message's index."""
    trader, place = ACTORS.traders[0], net.places[net.chain_id("gamma")]
    async with net.rpc("gamma") as rpc:
        at = (await rpc.head()).ref
        index: int = await read(rpc, OUTBOX_COUNT.at(place.at("outbox"), net.chain_id("hub")), at=at)
        account = Account(owner=trader.address).to_bytes()
        data = VENUE_SEND.encode(account, 10**18, 10**15, STAY)
        await Sender(rpc, trader).run(Call(to=place.at("venue"), data=data))
        return index


async def is_delivered(net: Net, index: int) -> bool:
    async with net.rpc("hub") as rpc:
        inbox = net.places[net.chain_id("hub")].at("inbox")
        view = IS_DELIVERED.at(inbox, net.chain_id("gamma"), index)
        return bool(await read(rpc, view, at=(await rpc.head()).ref))


class Registry:
    """The base chain's registry as a stranger uses it."""

    def __init__(self, net: Net, rpc: Rpc, signer: LocalSigner) -> None:
        self.net, self.rpc, self.signer = net, rpc, signer
        self.at = net.places.base.at("root-registry")
        self.chain = net.chain_id("gamma")

    async def bond(self) -> int:
        _, bond, _, _ = await self.ask(REGISTRY_TERMS.at(self.at, self.chain))
        return int(bond)

    async def challenge_bond(self) -> int:
        return int(await self.ask(REGISTRY_CHALLENGE_BOND.at(self.at, self.chain)))

    async def ask(self, view: View[Any]) -> Any:  # noqa: ANN401  # whatever the view gives
        return await read(self.rpc, view, at=(await self.rpc.head()).ref)

    async def propose(self, height: int, root: bytes) -> int:
        data = REGISTRY_PROPOSE.encode(self.chain, height, root)
        await self._pay(data, await self.bond())
        return int(await self.ask(REGISTRY_PROPOSALS.at(self.at)))

    async def dispute(self, number: int, height: int, root: bytes) -> None:
        claim = Claim(
            id=number,
            chain=self.chain,
            height=height,
            state_root=Hash32(root),
            proposer=self.signer.address,
            deadline=0,
            judged="",
        )
        await self._pay(REGISTRY_DISPUTE.encode(number, claim.hash), await self.challenge_bond())

    async def _pay(self, data: bytes, value: int) -> None:
        await Sender(self.rpc, self.signer).run(Call(to=self.at, data=data, value=value))

    async def status(self, number: int) -> Status:
        return claim_of(await self.ask(REGISTRY_PROPOSAL.at(self.at, number))).status

    async def deadline(self, number: int) -> int:
        return claim_of(await self.ask(REGISTRY_PROPOSAL.at(self.at, number))).deadline

    async def final_root(self, height: int) -> bytes:
        found = await self.ask(REGISTRY_FINAL_ROOT.at(self.at, self.chain, height))
        assert isinstance(found, bytes)
        return found

    async def owed(self, signer: LocalSigner) -> int:
        found = await self.ask(REGISTRY_WITHDRAWABLE.at(self.at, signer.address))
        assert isinstance(found, int)
        return found

    async def is_(self, number: int, status: Status) -> bool:
        return await self.status(number) is status


async def own_root(net: Net) -> tuple[int, bytes]:
    async with net.rpc("gamma") as rpc:
        block = await rpc.head()
        return block.number, block.state_root


async def test_proposal__honest__becomes_final_and_its_messages_are_delivered(net: Net) -> None:
    index = await send_parcel(net)
    async with (
        relayer(proposer(net), net.places, ACTORS.validators[0]),
        relayer(deliver_settings(net), net.places, ACTORS.relayer),
    ):
        await until(lambda: is_delivered(net, index), seconds=60)


@asynccontextmanager
async def watching(net: Net, *, votes: bool) -> AsyncIterator[None]:
    """Have every verifier watch, before anything false is claimed."""
    async with AsyncExitStack() as stack:
        for number, key in enumerate(VERIFIERS[:3]):
            await stack.enter_async_context(relayer(watcher(net, number, votes=votes), net.places, key))
        yield


async def test_proposal__false__is_disputed_and_never_final(net: Net) -> None:
    stranger = ACTORS.stranger
    async with net.rpc("base") as rpc, watching(net, votes=True):
        registry = Registry(net, rpc, stranger)
        height, _ = await own_root(net)
        number = await registry.propose(height, FALSE_ROOT)
        await until(lambda: registry.is_(number, Status.REFUTED), seconds=60)
        assert await registry.final_root(height) != FALSE_ROOT
        assert await registry.owed(stranger) == 0


async def test_dispute__false__loses_its_bond_and_the_honest_root_is_final(net: Net) -> None:
    async with net.rpc("base") as rpc, watching(net, votes=True):
        honest, challenger = Registry(net, rpc, ACTORS.relayer), Registry(net, rpc, ACTORS.stranger)
        height, root = await own_root(net)
        number = await honest.propose(height, root)
        owed = await honest.owed(ACTORS.stranger)
        await challenger.dispute(number, height, root)
        await until(lambda: honest.is_(number, Status.FINAL), seconds=60)
        assert await honest.final_root(height) == root
        assert await honest.owed(ACTORS.stranger) == owed
        assert await honest.owed(ACTORS.relayer) >= await honest.bond() + await honest.challenge_bond() // 2


async def test_dispute__silent_court__extends_the_window(net: Net) -> None:
    async with net.rpc("base") as rpc, watching(net, votes=False):
        registry = Registry(net, rpc, ACTORS.stranger)
        height, _ = await own_root(net)
        number = await registry.propose(height, FALSE_ROOT)
        await until(lambda: registry.is_(number, Status.DISPUTED), seconds=60)
        first = await registry.deadline(number)

        async def is_extended() -> bool:
            return await registry.deadline(number) > first

        await until(is_extended, seconds=60)
        assert await registry.status(number) is Status.DISPUTED
        assert await registry.final_root(height) == bytes(32)


async def test_proposal__height_that_does_not_exist__is_disputed_before_its_deadline(
    net: Net,
) -> None:
    async with net.rpc("base") as rpc, watching(net, votes=False):
        registry = Registry(net, rpc, ACTORS.stranger)
        height, _ = await own_root(net)
        number = await registry.propose(height + 50_000, FALSE_ROOT)
        await until(lambda: registry.is_(number, Status.DISPUTED), seconds=60)
