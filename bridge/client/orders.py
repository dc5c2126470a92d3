"""Orders: what a movement is, as calldata for one's own transaction or to be signed as an intent.

Each function looks first at what the rules would refuse (`checks`). How an order gets to its chain,
by the signer's own transaction or through a relayer, is not decided here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge import intents
from bridge.amounts import scale
from bridge.client import checks
from bridge.client.connections import ChainClient
from bridge.contracts import clearing, custody, read, read_all
from bridge.contracts.custody import next_fields
from bridge.errors import CausewayError, TransferRefused
from bridge.intents import NO_PERMIT, Bargain, Payment, Payout, Place
from bridge.messages import Next
from bridge.rpc import Block
from bridge.rpc.types import to_hex
from bridge.signer import Domain, Signer
from bridge.types import QUOTE, Account, Address, AssetId, ChainId, NextMode, Wad

FREE = Wad(0)
UNBOUNDED = Wad(2**128 - 1)
VERSIONS = ("1", "2", "3")
"""Versions that tokens give in their permits' domain; most say 1, USDC 2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One action in both forms: calldata for the signer's own transaction, or to be signed as an intent.

    `asset` is what a tip is paid in, and `tip_unit` the least that it can be.
    """

    client: ChainClient
    contract: str
    call: bytes
    asset: AssetId
    sign: Callable[[Place, Bargain], bytes]
    tip_unit: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Fees:
    """What a movement may cost, all of it out of the amount.

    `first` and `onward` go to whoever delivers the first and the second message; where tokens are
    scarce at most `max_charge` is paid.
    """

    first: Wad = FREE
    onward: Wad = FREE
    max_charge: Wad = UNBOUNDED


def release_to(chain: ChainId, to: Address, fees: Fees) -> Next:
    """Return the instruction to pay a credit out as tokens on `chain`."""
    return Next(mode=NextMode.RELEASE, chain=chain, to=to, fee=fees.onward, max_charge=fees.max_charge)


async def parcel_order(
    hub: ChainClient, signer: Signer, *, account: Account, there: ChainClient, to: Account, amount: Wad, fee: Wad
) -> Order:
    """Move cash from the hub to a venue; raises TransferRefused."""
    venue, cash = there.chain.id, Wad(amount - fee)
    checks.require_venue(there)
    checks.require_fees(amount, fee)
    await checks.require_hub_balance(hub, account, QUOTE, amount)
    call = clearing.SEND_PARCEL.encode(account.to_bytes(), venue, to.to_bytes(), cash, fee)

    def sign(place: Place, bargain: Bargain) -> bytes:
        return intents.send_parcel(signer, place, bargain, account=account, venue=venue, to=to, cash=cash, fee=fee)

    return Order(client=hub, contract="hub", call=call, asset=QUOTE, sign=sign)


async def venue_order(
    here: ChainClient, signer: Signer, *, account: Account, amount: Wad, fee: Wad, then: Next
) -> Order:
    """Move cash out of a venue to the hub, and on from there; raises TransferRefused."""
    cash = Wad(amount - fee)
    checks.require_venue(here)
    checks.require_fees(amount, fee, then.fee)
    await checks.require_venue_cash(here, account, amount)
    call = clearing.VENUE_SEND.encode(account.to_bytes(), cash, fee, next_fields(then))

    def sign(place: Place, bargain: Bargain) -> bytes:
        return intents.venue_send(signer, place, bargain, account=account, cash=cash, fee=fee, then=then)

    return Order(client=here, contract="venue", call=call, asset=QUOTE, sign=sign)


async def payout_order(hub: ChainClient, signer: Signer, *, account: Account, payout: Payout) -> Order:
    """Pay tokens out of what is at the hub; raises TransferRefused."""
    p = payout
    checks.require_fees(p.amount, p.fee)
    await checks.require_hub_balance(hub, account, p.asset, p.amount)
    call = clearing.WITHDRAW.encode(account.to_bytes(), p.asset, p.amount, p.chain, p.to, p.fee, p.max_charge)

    def sign(place: Place, bargain: Bargain) -> bytes:
        return intents.withdraw(signer, place, bargain, account=account, payout=payout)

    return Order(client=hub, contract="hub", call=call, asset=p.asset, sign=sign)


async def payment_order(client: ChainClient, token: Address, payment: Payment, call: bytes, signer: Signer) -> Order:
    """Return a deposit as an order; what the vault may not take yet is permitted by signature.

    Signing raises TransferRefused where a permit is needed and the token takes none.
    """
    vault = client.contract("vault")
    head = await client.rpc.head()
    allowance = await read(client.rpc, custody.TOKEN_ALLOWANCE.at(token, signer.address, vault), at=head.ref)
    permits = await _permits(client, token, signer.address, head)

    def sign(place: Place, bargain: Bargain) -> bytes:
        units, permit = payment.taken(bargain), NO_PERMIT
        if allowance < units:
            domain, nonce = _required(permits, client, token)
            permit = intents.sign_permit(
                signer, domain, spender=vault, units=units, nonce=nonce, deadline=bargain.deadline
            )
        return intents.deposit(signer, place, bargain, payment=payment, permit=permit)

    unit = scale(payment.decimals)
    return Order(client=client, contract="vault", call=call, asset=payment.asset, sign=sign, tip_unit=unit)


async def _permits(client: ChainClient, token: Address, owner: Address, head: Block) -> tuple[Domain, int] | None:
    """Return a token's permit domain and the owner's next nonce there, None if it has no permits.

    The domain is made here, of this chain and this token, and only compared with what the token says:
    a foreign separator would have the owner sign for another token.
    """
    views = [
        custody.TOKEN_NAME.at(token),
        custody.TOKEN_DOMAIN_SEPARATOR.at(token),
        custody.TOKEN_PERMIT_NONCE.at(token, owner),
    ]
    try:
        name, separator, nonce = await read_all(client.rpc, views, at=head.ref)
    except CausewayError:
        return None
    for version in VERSIONS:
        domain = Domain(name=name, version=version, chain_id=client.chain.id, contract=token)
        if domain.separator() == separator:
            return domain, nonce
    return None


def _required(permits: tuple[Domain, int] | None, client: ChainClient, token: Address) -> tuple[Domain, int]:
    if permits is None:
        raise TransferRefused(
            what=f"token {to_hex(token)} on {client.name}",
            found="no ERC-2612 permit that could be signed, and too little allowed to the vault",
            expected="an allowance, which takes one transaction of the owner: deposit without a relayer",
        )
    return permits
