"""What a movement costs and brings, asked of the contracts that charge it, at a named block."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.client.connections import ChainClient, Connections
from bridge.contracts import clearing, read
from bridge.contracts.clearing import WaitReason
from bridge.rpc import BlockRef
from bridge.types import AssetId, Wad


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalQuote:
    """What a withdrawal would do at block `at` of the hub: amount = payout + fee + charge + dust."""

    at: BlockRef
    amount: Wad
    payout: Wad
    fee: Wad
    charge: Wad
    dust: Wad


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositQuote:
    """What a deposit would bring, were it credited at block `at` of the hub.

    `credited` is the amount less the fee, and `reward` comes out of the scarcity pot beside it;
    with a reason to wait both come later.
    """

    at: BlockRef
    amount: Wad
    credited: Wad
    fee: Wad
    reward: Wad
    waits: WaitReason


async def quote_withdrawal(
    connections: Connections, chain: ChainClient, asset: AssetId, amount: Wad, fee: Wad
) -> WithdrawalQuote:
    """Ask the hub what `withdraw` would do now; raises CallReverted as the withdrawal would."""
    hub = connections.hub
    head = await hub.rpc.head()
    view = clearing.QUOTE_WITHDRAW.at(hub.contract("hub"), asset, chain.chain.id, amount, fee)
    payout, charge, dust = await read(hub.rpc, view, at=head.ref)
    taken = Wad(amount - payout - charge - dust)
    return WithdrawalQuote(at=head.ref, amount=amount, payout=payout, fee=taken, charge=charge, dust=dust)


async def quote_deposit(
    connections: Connections, chain: ChainClient, asset: AssetId, amount: Wad, fee: Wad
) -> DepositQuote:
    """Ask the hub what a deposit on `chain` would earn now, and whether it would have to wait."""
    hub = connections.hub
    head = await hub.rpc.head()
    view = clearing.QUOTE_DEPOSIT.at(hub.contract("hub"), asset, chain.chain.id, amount)
    reward, reason = await read(hub.rpc, view, at=head.ref)
    return DepositQuote(
        at=head.ref,
        amount=amount,
        credited=Wad(amount - fee),
        fee=fee,
        reward=reward,
        waits=WaitReason(reason),
    )
