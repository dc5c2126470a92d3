"""What every step of the story works with, and what it hands back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bridge.amounts import parse_wad, show_wad
from bridge.client import Bridge, Connections, Fees, Status, Transfer
from bridge.client.accounts import AccountView
from bridge.demo.network import Cast
from bridge.demo.processes import LocalProcesses
from bridge.demo.relayers import Daemons
from bridge.errors import CheckFailed
from bridge.rpc import Receipt
from bridge.signer import LocalSigner
from bridge.types import Hash32, Wad

FEE = parse_wad("0.05")
FEES = Fees(first=FEE, onward=FEE)
FINISH_WITHIN = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a step did: facts for a person, and the transactions whose gas it used."""

    facts: Mapping[str, str]
    transactions: frozenset[tuple[str, Hash32]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the story."""

    name: str
    title: str
    play: Callable[[Scene], Awaitable[Told]]


@dataclass(slots=True, kw_only=True)
class Scene:
    """The running network, its actors and what earlier steps left for later ones."""

    folder: Path
    actors: Cast
    processes: LocalProcesses
    daemons: Daemons
    connections: Connections
    bridges: dict[bytes, Bridge] = field(default_factory=dict)
    transfers: dict[str, Transfer] = field(default_factory=dict)

    def acts(self, signer: LocalSigner) -> Bridge:
        """Return the SDK as one actor uses it."""
        if signer.address not in self.bridges:
            self.bridges[signer.address] = Bridge(self.connections, signer=signer)
        return self.bridges[signer.address]

    @property
    def ada(self) -> Bridge:
        """The first trader."""
        return self.acts(self.actors.traders[0])

    @property
    def ben(self) -> Bridge:
        """The second trader."""
        return self.acts(self.actors.traders[1])

    @property
    def stranger(self) -> Bridge:
        """Somebody who wants what is not theirs."""
        return self.acts(self.actors.stranger)


async def finish(*transfers: Transfer) -> list[Status]:
    """Follow transfers side by side to where they rest, and return all their steps.

    Raises TransferTimedOut for one that does not come to rest in time.
    """
    return [step for steps in await asyncio.gather(*map(_steps, transfers)) for step in steps]


async def _steps(transfer: Transfer) -> list[Status]:
    steps: list[Status] = []
    try:
        async with asyncio.timeout(FINISH_WITHIN):
            async for status in transfer:
                steps.append(status)  # noqa: PERF401  # what came before the time was over stays
    except TimeoutError:
        await transfer.result(timeout=0.5)
    return steps


def transactions(steps: Iterable[Status]) -> frozenset[tuple[str, Hash32]]:
    """Return every transaction that these steps are evidence of."""
    shown = [step.evidence for step in steps if step.evidence is not None]
    return frozenset((e.chain, e.tx) for e in shown if e.tx is not None)


def of_receipt(chain: str, receipt: Receipt) -> frozenset[tuple[str, Hash32]]:
    """Return a receipt's transaction in the form that `Told` takes."""
    return frozenset({(chain, receipt.tx_hash)})


async def gas_of(connections: Connections, told: Told) -> int:
    """Return the gas of all transactions of a step."""
    used = 0
    for chain, tx in told.transactions:
        receipt = await connections[chain].rpc.receipt(tx)
        used += receipt.gas_used if receipt is not None else 0
    return used


def cash_at(view: AccountView, chain: str) -> Wad:
    """Return an account's cash on one chain."""
    return next(place.cash for place in view.places if place.chain == chain)


def require_equal(what: str, found: int, expected: int) -> None:
    """Raise CheckFailed unless two amounts are equal to the unit."""
    if found != expected:
        raise CheckFailed(what=what, found=show_wad(found), expected=show_wad(expected))
