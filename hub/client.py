"""Look at the clearing house on its chain: reserves, sums of the venues, pots, credits that wait.

One look is at one named block. What accounts have is `bridge.client.accounts`' business, whether
everything adds up `bridge.client.books`'.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bridge.client.connections import ChainClient, Connections
from bridge.contracts import clearing, read_all
from bridge.contracts.clearing import WaitReason
from bridge.errors import CheckFailed
from bridge.keccak import keccak256
from bridge.rpc import Block, BlockRef, LogFilter
from bridge.types import Address, AssetId, ChainId, LeafIndex, Wad

RESERVES_SLOT = 8
"""Where the hub keeps its reserves, after its owner, its EIP-712 names, nonces and balances."""
AMOUNT_BITS = 104
_MASK = (1 << AMOUNT_BITS) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveView:
    """One asset on one chain, in wads: up to `inflow_left` is credited at once, and never above `ceiling`."""

    chain: str
    asset: str
    amount: Wad
    ceiling: Wad
    inflow_left: Wad
    inflow_burst: Wad
    target: Wad


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueView:
    """S(v): what was sent to a venue less what came back, which is the most that can come."""

    chain: str
    cash: Wad


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingCredit:
    """A message that was taken and whose credit waits; `reason` is the one of its first try."""

    source: str
    index: LeafIndex
    reason: WaitReason
    since: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HubView:
    """The clearing house at block `at` of its chain; pots by asset."""

    at: BlockRef
    reserves: tuple[ReserveView, ...]
    venues: tuple[VenueView, ...]
    pots: dict[str, Wad]
    waiting: tuple[WaitingCredit, ...]


async def view_hub(connections: Connections) -> HubView:
    """Read the clearing house at its chain's newest block; raises a ChainError where it does not answer."""
    hub = connections.hub
    head = await hub.rpc.head()
    assets, address = connections.network.assets, hub.contract("hub")
    sums = [clearing.HUB_VENUE_CASH.at(address, venue.chain.id) for venue in connections.venues]
    pots = [clearing.HUB_POT.at(address, asset.id) for asset in assets]
    found = await read_all(hub.rpc, [*sums, *pots], at=head.ref)
    cash, collected = found[: len(sums)], found[len(sums) :]
    return HubView(
        at=head.ref,
        reserves=tuple(
            [
                await _reserve(hub, head, client, listed.asset.id, listed.asset.symbol)
                for client in connections.rollups
                for listed in client.chain.assets
            ]
        ),
        venues=tuple(VenueView(chain=c.name, cash=Wad(s)) for c, s in zip(connections.venues, cash, strict=True)),
        pots={asset.symbol: Wad(pot) for asset, pot in zip(assets, collected, strict=True)},
        waiting=tuple(await _waiting(connections, head)),
    )


async def _reserve(hub: ChainClient, head: Block, client: ChainClient, asset: AssetId, symbol: str) -> ReserveView:
    """Read one reserve; what of its inflow is used has no view, so that stands in its storage slot."""
    address, chain = hub.contract("hub"), client.chain.id
    views = [clearing.HUB_RESERVE.at(address, chain, asset), clearing.HUB_RESERVE_CONFIG.at(address, chain, asset)]
    amount, config = await read_all(hub.rpc, views, at=head.ref)
    slot = reserve_slot(chain, asset, client.contract("vault"))
    word = await hub.rpc.storage(address, slot, at=head.ref)
    if word & _MASK != amount:
        raise CheckFailed(what=f"slot {slot:#x} of the hub", found=str(word & _MASK), expected=f"reserve {amount}")
    _, _, _, ceiling, burst, rate, target, _ = config
    left = inflow_left(word, burst=burst, rate=rate, timestamp=head.timestamp)
    return ReserveView(
        chain=client.name,
        asset=symbol,
        amount=Wad(amount),
        ceiling=Wad(ceiling),
        inflow_left=Wad(left),
        inflow_burst=Wad(burst),
        target=Wad(target),
    )


def reserve_slot(chain: ChainId, asset: AssetId, vault: Address) -> int:
    """Return the first storage slot of a reserve at the hub (HubState, Solidity's mapping rule)."""
    key = chain << 192 | asset << 160 | int.from_bytes(vault, "big")
    return int.from_bytes(keccak256(key.to_bytes(32, "big") + RESERVES_SLOT.to_bytes(32, "big")), "big")


def inflow_left(word: int, *, burst: int, rate: int, timestamp: int) -> int:
    """Return how much more is credited at once, from amount ‖ used ‖ since as the slot packs them."""
    used, since = word >> AMOUNT_BITS & _MASK, word >> 2 * AMOUNT_BITS
    return max(0, burst - max(0, used - rate * (timestamp - since)))


async def _waiting(connections: Connections, head: Block) -> list[WaitingCredit]:
    hub = connections.hub
    address = hub.contract("hub")
    wanted = LogFilter(addresses=(address,), topics=((clearing.CreditWaiting.TOPIC,),))
    kept: Sequence[Any] = await hub.history(wanted, at=head.ref)
    views = [clearing.HUB_WAITING.at(address, event.source, event.index) for event in kept]
    words = await read_all(hub.rpc, views, at=head.ref)
    return [
        WaitingCredit(
            source=connections[event.source].name,
            index=event.index,
            reason=WaitReason(event.reason),
            since=event.log.block.number,
        )
        for event, word in zip(kept, words, strict=True)
        if word != bytes(32)
    ]
