"""Close the books: for each asset, what all vaults hold against everything that is owed.

    Σ vaults (held + owed)  =  accounts at the hub + cash at venues + messages under way
                               + scarcity pot + claimable

to the unit, at blocks of all chains that fit together. What a token balance has above what its
vault counts is a donation and is named, never used. Accounts are found from events, so an account
that some event does not name would show as a difference: nothing can hide in the sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bridge import messages
from bridge.amounts import wad_of
from bridge.client.accounts import Heads, fitting_heads
from bridge.client.connections import ChainClient, Connections
from bridge.contracts import View, clearing, custody, messaging, read_all
from bridge.rpc import LogFilter
from bridge.types import QUOTE, Account, AssetId, NextMode

_HUB_ACCOUNTS = (
    clearing.DepositCredited.TOPIC,
    clearing.HubParcelCredited.TOPIC,
    clearing.CreditRetried.TOPIC,
    clearing.Transferred.TOPIC,
    clearing.TipPaid.TOPIC,
)
_VENUE_ACCOUNTS = (clearing.VenueParcelCredited.TOPIC, clearing.DepositPlaced.TOPIC, clearing.VenueTipPaid.TOPIC)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetBook:
    """One asset's two sides in wads, the vaults by chain; `difference` is vaults less claims."""

    asset: str
    vaults: Mapping[str, int]
    donations: Mapping[str, int]
    hub_accounts: int
    venue_accounts: int
    under_way: int
    pot: int
    claimable: int

    @property
    def claims(self) -> int:
        """Everything that is owed."""
        owed = self.hub_accounts + self.venue_accounts + self.under_way
        return owed + self.pot + self.claimable

    @property
    def difference(self) -> int:
        """What the vaults hold beyond (or, negative, below) everything that is owed."""
        return sum(self.vaults.values()) - self.claims


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """All assets, at named blocks."""

    blocks: Mapping[str, int]
    assets: tuple[AssetBook, ...]

    @property
    def is_balanced(self) -> bool:
        """Whether every asset's vaults equal its claims to the unit."""
        return all(book.difference == 0 for book in self.assets)


async def close_books(connections: Connections) -> Books:
    """Read and sum everything; raises a ChainError where a chain does not answer."""
    heads = await fitting_heads(connections)
    carried = await _under_way(connections, heads)
    books = [
        await _book(connections, asset.id, asset.symbol, heads, carried.get(asset.id, 0))
        for asset in connections.network.assets
    ]
    return Books(blocks={n: head.number for n, head in heads.items()}, assets=tuple(books))


async def _book(connections: Connections, asset: AssetId, symbol: str, heads: Heads, under_way: int) -> AssetBook:
    vaults, donations, claimable = {}, {}, 0
    for client in connections.rollups:
        if symbol not in client.deployment.tokens:
            continue
        held, owed, balance = await _vault(client, asset, symbol, heads)
        vaults[client.name] = held + owed
        donations[client.name] = balance - held - owed
        claimable += owed
    hub = connections.hub
    at = heads[hub.name].ref
    accounts = await _accounts(connections, hub, _HUB_ACCOUNTS, heads)
    venue_accounts = 0
    if asset == QUOTE:
        venue_accounts = sum([await _venue_cash(connections, c, heads) for c in connections.venues])
    [pot] = await read_all(hub.rpc, [clearing.HUB_POT.at(hub.contract("hub"), asset)], at=at)
    views = [_hub_balance(hub, account, asset) for account in accounts]
    return AssetBook(
        asset=symbol,
        vaults=vaults,
        donations=donations,
        hub_accounts=sum(await read_all(hub.rpc, views, at=at)),
        venue_accounts=venue_accounts,
        under_way=under_way,
        pot=pot,
        claimable=claimable,
    )


async def _vault(client: ChainClient, asset: AssetId, symbol: str, heads: Heads) -> tuple[int, int, int]:
    vault, token = client.contract("vault"), client.deployment.token(symbol)
    views = [
        custody.HELD.at(vault, asset),
        custody.OWED.at(vault, asset),
        custody.TOKEN_BALANCE.at(token, vault),
    ]
    held, owed, units = await read_all(client.rpc, views, at=heads[client.name].ref)
    return held, owed, wad_of(units, client.decimals(asset))


def _hub_balance(hub: ChainClient, account: Account, asset: AssetId) -> View[int]:
    at, raw = hub.contract("hub"), account.to_bytes()
    if asset == QUOTE:
        return clearing.HUB_CASH.at(at, raw)
    return clearing.HUB_COLLATERAL.at(at, raw, asset)


async def _venue_cash(connections: Connections, client: ChainClient, heads: Heads) -> int:
    accounts = await _accounts(connections, client, _VENUE_ACCOUNTS, heads)
    venue = client.contract("venue")
    views = [clearing.VENUE_CASH.at(venue, account.to_bytes()) for account in accounts]
    return sum(await read_all(client.rpc, views, at=heads[client.name].ref))


async def _accounts(
    connections: Connections, client: ChainClient, topics: tuple[bytes, ...], heads: Heads
) -> list[Account]:
    """Return every account that an event of this chain has given something to."""
    book = client.contract("hub" if client is connections.hub else "venue")
    addresses = (book, client.contract("inbox"))
    wanted = LogFilter(addresses=addresses, topics=((*topics, messaging.Delivered.TOPIC),))
    found = await client.history(wanted, at=heads[client.name].ref)
    names = ("account", "to", "payee")
    given = {getattr(event, name) for event in found for name in names if hasattr(event, name)}
    return sorted(given, key=Account.to_bytes)


async def _under_way(connections: Connections, heads: Heads) -> dict[AssetId, int]:
    """Return what messages carry that left and are not credited, by asset, their fees included."""
    carried: dict[AssetId, int] = {}
    for source in connections.rollups:
        wanted = LogFilter(addresses=(source.contract("outbox"),), topics=((messaging.Sent.TOPIC,),))
        sent = await source.history(wanted, at=heads[source.name].ref)
        for message in await _not_credited(connections, source, sent, heads):
            asset, amount = _carried(message)
            carried[asset] = carried.get(asset, 0) + amount
    return carried


async def _not_credited(
    connections: Connections, source: ChainClient, sent: Iterable[messaging.Sent], heads: Heads
) -> list[messages.Body]:
    found = []
    for event in sent:
        client = connections[event.destination]
        views: list[View[object]] = [messaging.IS_DELIVERED.at(client.contract("inbox"), source.chain.id, event.index)]
        if client is connections.hub:
            hub = client.contract("hub")
            views.append(clearing.HUB_WAITING.at(hub, source.chain.id, event.index))
        is_delivered, *waiting = await read_all(client.rpc, views, at=heads[client.name].ref)
        if not is_delivered or any(word != bytes(32) for word in waiting):
            found.append(messages.decode(messages.Item.decode(event.item).body))
    return found


def _carried(body: messages.Body) -> tuple[AssetId, int]:
    match body:
        case messages.Deposit() if body.next.mode is NextMode.PLACED:
            return body.asset, body.fee  # the rest is cash at its venue already
        case messages.Deposit():
            return body.asset, body.amount
        case messages.Release():
            return body.asset, body.amount + body.fee
        case messages.Parcel():
            return QUOTE, body.cash + body.fee
