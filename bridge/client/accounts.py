"""What an account has, and where: at the hub, at each venue, under way, waiting, claimable.

All chains are read at named blocks that fit together: no chain shows the arrival of a message whose
departure the other one does not show yet. So nothing is counted twice, and what left one place and
has not arrived at the other is listed as under way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge import messages
from bridge.client.connections import ChainClient, Connections
from bridge.client.status import MessageId
from bridge.contracts import clearing, custody, finality, messaging, read, read_all
from bridge.errors import SourceFailed
from bridge.rpc import Block, BlockRef, LogFilter
from bridge.types import QUOTE, Account, Address, AssetId, Wad

FITTING_ATTEMPTS = 5
Heads = Mapping[str, Block]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An account's holdings on one chain at block `at`: cash, and at the hub collateral."""

    chain: str
    at: BlockRef
    cash: Wad
    collateral: Mapping[str, Wad]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderWay:
    """A message that left and has not arrived, or that waits at the hub; `amount` without its fee."""

    message: MessageId
    kind: str
    asset: str
    amount: Wad
    is_waiting: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Tokens that a vault keeps for a receiver."""

    chain: str
    asset: str
    to: Address
    amount: Wad


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """Everything that an account has, at blocks that fit together."""

    account: Account
    places: tuple[Place, ...]
    under_way: tuple[UnderWay, ...]
    claims: tuple[Claim, ...]


async def view_account(connections: Connections, account: Account) -> AccountView:
    """Read an account on all chains; raises a ChainError where one does not answer."""
    heads = await fitting_heads(connections)
    rollups = connections.rollups
    places = await asyncio.gather(*(_place(connections, c, account, heads) for c in rollups))
    sent = await asyncio.gather(*(_sent_for(connections, c, account, heads) for c in rollups))
    claims = await asyncio.gather(*(_claims(connections, c, account, heads) for c in rollups))
    return AccountView(
        account=account,
        places=tuple(places),
        under_way=tuple(row for rows in sent for row in rows),
        claims=tuple(row for rows in claims for row in rows),
    )


async def fitting_heads(connections: Connections) -> Heads:
    """Return a newest block of each rollup such that no arrival is seen without its departure.

    Raises SourceFailed if the endpoints do not come to such blocks in a few attempts.
    """
    rollups = connections.rollups
    heads: dict[str, Block] = {}
    late: list[ChainClient] = []
    for _ in range(FITTING_ATTEMPTS):
        for client in rollups:
            heads[client.name] = await client.rpc.head()
        late = [source for source, destination in lanes(connections) if not await _fits(source, destination, heads)]
        if not late:
            return heads
        await asyncio.sleep(max(client.chain.block_time for client in late) / 2 + 0.05)
    raise SourceFailed(
        source=", ".join(client.name for client in late),
        problem="its endpoint lags behind what other chains received from it",
    )


def lanes(connections: Connections) -> list[tuple[ChainClient, ChainClient]]:
    """Return every lane of the network as (source, destination)."""
    hub = connections.hub
    return [pair for venue in connections.venues for pair in ((venue, hub), (hub, venue))]


async def _fits(source: ChainClient, destination: ChainClient, heads: Heads) -> bool:
    at_source, at_destination = heads[source.name].ref, heads[destination.name].ref
    route = messaging.INBOX_ROUTE.at(destination.contract("inbox"), source.chain.id)
    _, oracle = await read(destination.rpc, route, at=at_destination)
    latest = finality.ORACLE_LATEST.at(oracle, source.chain.id, destination.chain.id)
    _, held = await read(destination.rpc, latest, at=at_destination)
    count = messaging.OUTBOX_COUNT.at(source.contract("outbox"), destination.chain.id)
    return bool(await read(source.rpc, count, at=at_source) >= held)


async def _place(connections: Connections, client: ChainClient, account: Account, heads: Heads) -> Place:
    at, raw = heads[client.name].ref, account.to_bytes()
    if client is not connections.hub:
        view = clearing.VENUE_CASH.at(client.contract("venue"), raw)
        cash = await read(client.rpc, view, at=at)
        return Place(chain=client.name, at=at, cash=Wad(cash), collateral={})
    others = [asset for asset in connections.network.assets if asset.id != QUOTE]
    hub = client.contract("hub")
    views = [clearing.HUB_CASH.at(hub, raw)]
    views += [clearing.HUB_COLLATERAL.at(hub, raw, asset.id) for asset in others]
    cash, *held = await read_all(client.rpc, views, at=at)
    collateral = {asset.symbol: Wad(amount) for asset, amount in zip(others, held, strict=True)}
    return Place(chain=client.name, at=at, cash=Wad(cash), collateral=collateral)


async def _sent_for(connections: Connections, client: ChainClient, account: Account, heads: Heads) -> list[UnderWay]:
    """Return what left `client` for the account and has not arrived, or waits at the hub."""
    outbox = client.contract("outbox")
    wanted = LogFilter(addresses=(outbox,), topics=((messaging.Sent.TOPIC,),))
    found: list[UnderWay] = []
    for sent in await client.history(wanted, at=heads[client.name].ref):
        item = messages.Item.decode(sent.item)
        body = messages.decode(item.body)
        if body.account != account:
            continue
        message = MessageId(source=client.chain.id, destination=sent.destination, index=sent.index)
        row = await _under_way(connections, message, body, heads)
        if row is not None:
            found.append(row)
    return found


async def _under_way(
    connections: Connections, message: MessageId, body: messages.Body, heads: Heads
) -> UnderWay | None:
    client = connections[message.destination]
    at = heads[client.name].ref
    arrived = messaging.IS_DELIVERED.at(client.contract("inbox"), message.source, message.index)
    is_waiting = False
    if await read(client.rpc, arrived, at=at):
        if client is not connections.hub:
            return None
        view = clearing.HUB_WAITING.at(client.contract("hub"), message.source, message.index)
        is_waiting = await read(client.rpc, view, at=at) != bytes(32)
        if not is_waiting:
            return None
    asset, amount = amount_of(body)
    return UnderWay(
        message=message,
        kind=type(body).__name__.lower(),
        asset=symbol_of(connections, asset),
        amount=amount,
        is_waiting=is_waiting,
    )


async def _claims(connections: Connections, client: ChainClient, account: Account, heads: Heads) -> list[Claim]:
    at, vault = heads[client.name].ref, client.contract("vault")
    topics = ((custody.Claimable.TOPIC,), (account.to_bytes(),))
    wanted = LogFilter(addresses=(vault,), topics=topics)
    events: Sequence[Any] = await client.history(wanted, at=at)
    keys = sorted({(event.asset, event.to) for event in events})
    views = [custody.CLAIMS.at(vault, account.to_bytes(), to, asset) for asset, to in keys]
    amounts = await read_all(client.rpc, views, at=at)
    return [
        Claim(chain=client.name, asset=symbol_of(connections, asset), to=to, amount=Wad(amount))
        for (asset, to), amount in zip(keys, amounts, strict=True)
        if amount
    ]


def amount_of(body: messages.Body) -> tuple[AssetId, Wad]:
    """Return what a message carries for its account, its fee not counted.

    A placed deposit carries nothing: it is cash at its venue already.
    """
    match body:
        case messages.Deposit():
            is_placed = body.next == messages.PLACED
            return body.asset, Wad(0 if is_placed else body.amount - body.fee)
        case messages.Release():
            return body.asset, body.amount
        case messages.Parcel():
            return QUOTE, body.cash


def symbol_of(connections: Connections, asset: AssetId) -> str:
    """Return an asset's symbol; one that the configuration does not list is shown by number."""
    for listed in connections.network.assets:
        if listed.id == asset:
            return listed.symbol
    return f"asset {asset}"
