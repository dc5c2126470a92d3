"""Act without gas: sign an order as an intent and have a relayer submit it for a tip.

The tip is what the relayer's terms ask for the gas that the chain estimates, with room for a rising
base fee, and never more than the caller allows: a relayer's prices are its own word.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bridge.amounts import show_wad
from bridge.client.orders import Order
from bridge.client.relay import Relayer, Terms
from bridge.client.status import IntentId
from bridge.contracts import as_revert
from bridge.errors import RelayerRefused, RequestRefused
from bridge.intents import Bargain, Place
from bridge.rpc.types import to_hex
from bridge.signer import Signer
from bridge.types import AssetId, Wad

LIFETIME = 600
NOTHING = Wad(0)
ROOM_PERCENT = 130
"""The base fee rises by an eighth a block at most; this holds for two."""
BASIS_POINTS = 10_000
WAD = 10**18


@dataclass(frozen=True, slots=True, kw_only=True)
class Via:
    """A relayer that submits for the signer, and what that may cost beside the amount.

    `tip` None offers what its terms ask, up to `max_tip`; both in wads of the asset that is moved.
    The intent can be used for `lifetime` seconds of its chain's time, by whoever saw it, and never after.
    """

    url: str
    tip: Wad | None = None
    max_tip: Wad = NOTHING
    lifetime: int = LIFETIME


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A signed intent, ready to be handed in, and the id under which its transfer is found."""

    id: IntentId
    calldata: bytes


async def prepare(order: Order, signer: Signer, via: Via, relayer: Relayer) -> Prepared:
    """Sign an order on a relayer's terms; nothing is handed in yet.

    Raises RelayerRefused where the terms do not serve the chain or ask more than allowed,
    CallReverted where the contract would refuse.
    """
    client, terms = order.client, await relayer.terms()
    if client.chain.id not in terms.chains:
        raise RelayerRefused(relayer=relayer.name, reason=f"{client.name} is not served", remedy="ask another one")
    head = await client.rpc.head()
    place = Place(chain=client.chain.id, contract=client.contract(order.contract))
    least = Bargain.offer(payee=terms.payee, tip=Wad(order.tip_unit), deadline=head.timestamp + via.lifetime)
    tip = via.tip
    if tip is None:
        cost = await _cost(order, signer, place, least)
        tip = fair_tip(cost, order.asset, order.tip_unit, terms)
        _require_allowed(tip, via, relayer)
    bargain = replace(least, tip=tip)
    intent = IntentId(
        chain=client.name,
        contract=order.contract,
        signer=signer.address,
        nonce=bargain.nonce,
        first=head.number,
        deadline=bargain.deadline,
    )
    return Prepared(id=intent, calldata=order.sign(place, bargain))


def fair_tip(cost: int, asset: AssetId, unit: int, terms: Terms) -> Wad:
    """Return the least tip in wads, in whole `unit`s, that covers a cost in wei on these terms.

    An asset without a price is for the relayer to serve or refuse: nothing is offered.
    """
    price = terms.prices.get(asset)
    if price is None:
        return NOTHING
    needed = cost * terms.coverage_bps * ROOM_PERCENT * WAD
    units = _divided_up(needed, BASIS_POINTS * 100 * price * unit)
    return Wad(units * unit)


def _require_allowed(tip: Wad, via: Via, relayer: Relayer) -> None:
    if tip > via.max_tip:
        raise RelayerRefused(
            relayer=relayer.name,
            reason=f"its terms ask a tip of {show_wad(tip)}, at most {show_wad(via.max_tip)} is allowed",
            remedy="allow more, or ask another relayer",
        )


async def _cost(order: Order, signer: Signer, place: Place, bargain: Bargain) -> int:
    """Return what the transaction costs in wei; raises CallReverted if the contract would refuse."""
    rpc = order.client.rpc
    data = to_hex(order.sign(place, bargain))
    call = {"from": to_hex(signer.address), "to": to_hex(place.contract), "data": data}
    try:
        gas = await rpc.estimate_gas(call)
    except RequestRefused as refusal:
        raise as_revert(refusal, to=order.contract) from None
    base_fee, priority = await rpc.gas_price()
    return gas * (base_fee + priority)


def _divided_up(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)
