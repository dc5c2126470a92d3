"""Look before anything is sent: what the rules would refuse, said with what to do instead.

The contracts decide; these checks only say it earlier and in words. One is more than that: a
deposit for an account that nobody could ever act for is accepted by every contract, and only here
refused.
"""

from __future__ import annotations

from bridge.amounts import scale, show_wad
from bridge.chains import Asset
from bridge.client.connections import ChainClient, Connections
from bridge.contracts import View, clearing, custody, read
from bridge.errors import OwnerIsContract, TransferRefused
from bridge.rpc.types import to_hex
from bridge.types import QUOTE, ZERO_ADDRESS, Account, Address, AssetId, Role, Wad

DELEGATION = bytes.fromhex("ef0100")
"""How the code of an externally owned account starts that delegates to a contract (EIP-7702)."""


async def require_owner_acts(connections: Connections, client: ChainClient, account: Account) -> None:
    """Raise OwnerIsContract if the account's owner is a contract here but not the same at the hub.

    An owner that is a contract acts at the hub alone. A contract's address on another rollup may be
    a stranger's or nobody's there, and a deposit would be lost to it.
    """
    if account.owner == ZERO_ADDRESS:
        raise TransferRefused(what="account", found="an owner of zeros", expected="an address that somebody holds")
    hub = connections.hub
    here = await client.rpc.code(account.owner, at=(await client.rpc.head()).ref)
    if not here or here.startswith(DELEGATION):
        return
    there = await hub.rpc.code(account.owner, at=(await hub.rpc.head()).ref)
    if here != there:
        raise OwnerIsContract(owner=to_hex(account.owner), chain=client.name)


def require_payable(client: ChainClient, asset: AssetId, amount: Wad) -> int:
    """Return an amount in token units; raises TransferRefused unless it is above zero and exact."""
    decimals = client.decimals(asset)
    units, dust = divmod(amount, scale(decimals))
    if units <= 0 or dust:
        raise TransferRefused(
            what="amount",
            found=f"{show_wad(amount)} on {client.name}",
            expected=f"more than zero and at most {decimals} decimals",
        )
    return units


def require_fees(amount: Wad, *fees: Wad) -> None:
    """Raise TransferRefused unless the fees are not negative and less than the amount together."""
    if min(fees) < 0 or sum(fees) >= amount:
        raise TransferRefused(
            what="fees",
            found=f"{' + '.join(map(show_wad, fees))} of {show_wad(amount)}",
            expected="less than the amount together",
        )


def require_venue(client: ChainClient) -> None:
    """Raise TransferRefused unless the chain has a venue, which alone keeps cash beside the hub."""
    if client.chain.role is not Role.VENUE:
        raise TransferRefused(what=f"chain {client.name}", found=f"role {client.chain.role}", expected="a venue")


def require_cash(asset: Asset) -> None:
    """Raise TransferRefused unless the asset is the quote asset, the only one that venues keep."""
    if asset.id != QUOTE:
        raise TransferRefused(what="asset of a venue", found=asset.symbol, expected="the quote asset, kept as cash")


async def require_tokens(client: ChainClient, token: Address, owner: Address, units: int) -> None:
    """Raise TransferRefused unless the owner holds that many token units."""
    head = await client.rpc.head()
    held = await read(client.rpc, custody.TOKEN_BALANCE.at(token, owner), at=head.ref)
    if held < units:
        raise TransferRefused(
            what=f"token {to_hex(token)} on {client.name}",
            found=f"{held} units held in block {head.number}",
            expected=f"{units}",
        )


async def require_venue_cash(client: ChainClient, account: Account, needed: int) -> None:
    """Raise TransferRefused unless the account has that much cash at the venue."""
    view = clearing.VENUE_CASH.at(client.contract("venue"), account.to_bytes())
    await _require_balance(client, view, "cash", needed)


async def require_hub_balance(hub: ChainClient, account: Account, asset: AssetId, needed: int) -> None:
    """Raise TransferRefused unless the account has that much of the asset at the hub."""
    at, raw = hub.contract("hub"), account.to_bytes()
    is_cash = asset == 0
    view = clearing.HUB_CASH.at(at, raw) if is_cash else clearing.HUB_COLLATERAL.at(at, raw, asset)
    await _require_balance(hub, view, "cash" if is_cash else f"asset {asset}", needed)


async def _require_balance(client: ChainClient, view: View[int], what: str, needed: int) -> None:
    head = await client.rpc.head()
    held = await read(client.rpc, view, at=head.ref)
    if held < needed:
        raise TransferRefused(
            what=f"{what} on {client.name}",
            found=f"{show_wad(held)} in block {head.number}",
            expected=f"{show_wad(needed)}, fees included",
        )
