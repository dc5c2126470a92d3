"""A small world for the tests of the models: a hub with two peers that have venues, and one that has none."""

from __future__ import annotations

from typing import Final

from bridge.messages import Deposit, Item, Next, Parcel
from bridge.types import QUOTE, Account, Address, AssetId, ChainId, LeafIndex, NextMode, Wad
from hub import ledger
from hub.fees import Curve, OutflowLimit
from hub.ledger import Ledger, Peer, ReserveConfig, Step
from hub.steps import Effect, Outgoing
from hub.vault import Vault, VaultAsset
from hub.venue import Venue

WAD: Final = 10**18
NOW: Final = 1_800_000_000
HUB, ALPHA, BETA, PLAIN, NOWHERE = ChainId(1), ChainId(2), ChainId(3), ChainId(4), ChainId(9)
COIN: Final = AssetId(7)
HUB_ADDRESS: Final = Address(b"\x0c" * 20)
MILLION_WADS: Final = Wad(1_000_000 * WAD)


def wads(amount: int) -> Wad:
    """Return whole tokens as wads."""
    return Wad(amount * WAD)


def person(number: int) -> Address:
    """Return an owner's address."""
    return Address(bytes([0xA0 + number]) * 20)


TRADER, PAYER, RELAYER, KEY, THIEF = (Account(owner=person(n)) for n in range(5))


def vault_of(chain: ChainId) -> Address:
    """Return the address of a chain's vault."""
    return Address(bytes([0x10 + chain]) * 20)


def venue_of(chain: ChainId) -> Address:
    """Return the address of a chain's venue."""
    return Address(bytes([0x20 + chain]) * 20)


def reserve_config(
    *,
    decimals: int = 18,
    ceiling: Wad = MILLION_WADS,
    burst: Wad = MILLION_WADS,
    rate: Wad = Wad(0),  # noqa: B008  # a number
    curve: Curve | None = None,
) -> ReserveConfig:
    """Return wide limits, but for what is given."""
    return ReserveConfig(
        decimals=decimals, ceiling=ceiling, inflow_burst=burst, inflow_rate=rate, curve=curve or Curve()
    )


def new_hub(**given: ReserveConfig) -> Ledger:
    """Return an empty hub; `given` replaces the quote asset's limits by chain: alpha=…, beta=…, plain=…, hub=…."""
    peers = {chain: Peer(vault=vault_of(chain), venue=venue_of(chain)) for chain in (ALPHA, BETA)}
    peers |= {HUB: Peer(vault=vault_of(HUB)), PLAIN: Peer(vault=vault_of(PLAIN))}
    made = Ledger(chain=HUB, address=HUB_ADDRESS)
    for chain, peer in peers.items():
        made = ledger.add_peer(made, chain=chain, peer=peer).ledger
    for chain, name in ((HUB, "hub"), (ALPHA, "alpha"), (BETA, "beta"), (PLAIN, "plain")):
        config = given.get(name, reserve_config())
        made = ledger.set_reserve(made, chain=chain, asset=QUOTE, config=config).ledger
    return ledger.set_reserve(made, chain=ALPHA, asset=COIN, config=reserve_config(decimals=6)).ledger


def new_vault(
    *,
    chain: ChainId = ALPHA,
    decimals: int = 18,
    bps: int = 10_000,
    window: int = 3_600,
    floor: int = 1,
    ceiling: Wad = MILLION_WADS,
    has_venue: bool = True,
) -> Vault:
    """Return an empty vault of the quote asset and, with the same limits, of the coin."""
    kept = VaultAsset(
        decimals=decimals,
        ceiling=ceiling,
        max_deposit=ceiling,
        outflow=OutflowLimit(bps=bps, window=window, floor=Wad(floor)),
    )
    return Vault(chain=chain, hub_chain=HUB, hub=HUB_ADDRESS, has_venue=has_venue, assets={QUOTE: kept, COIN: kept})


def new_venue(chain: ChainId = ALPHA) -> Venue:
    """Return an empty venue."""
    return Venue(vault=vault_of(chain), hub_chain=HUB, hub=HUB_ADDRESS)


def item(body: Deposit | Parcel, sender: Address) -> Item:
    """Return a message to the hub."""
    return Item(sender=sender, recipient=HUB_ADDRESS, body=body.encode())


def deposited(
    held: Ledger,
    deposit: Deposit,
    *,
    source: ChainId = ALPHA,
    index: int = 0,
    payee: Account = RELAYER,
    time: int = NOW,
) -> Step:
    """Deliver one deposit to the hub."""
    items = [item(deposit, vault_of(source))]
    return ledger.deliver(held, source=source, first=LeafIndex(index), items=items, payee=payee, time=time)


def received(
    held: Ledger,
    parcel: Parcel,
    *,
    source: ChainId = ALPHA,
    index: int = 0,
    payee: Account = RELAYER,
    time: int = NOW,
) -> Step:
    """Deliver one parcel to the hub."""
    items = [item(parcel, venue_of(source))]
    return ledger.deliver(held, source=source, first=LeafIndex(index), items=items, payee=payee, time=time)


def with_cash(held: Ledger, amount: int, *, who: Account = TRADER, source: ChainId = ALPHA) -> Ledger:
    """Give an account whole tokens of cash at the hub."""
    return deposited(held, Deposit(account=who, asset=QUOTE, amount=wads(amount)), source=source, index=999).ledger


def forward_to(chain: ChainId, account: Account = TRADER, fee: int = 0) -> Next:
    """Return: forward to an account at a venue."""
    return Next(mode=NextMode.FORWARD, chain=chain, account=account, fee=Wad(fee))


def release_to(chain: ChainId, to: Address | None = None, *, fee: int = 0, max_charge: int = 2**128 - 1) -> Next:
    """Return: release as tokens."""
    return Next(mode=NextMode.RELEASE, chain=chain, to=to or TRADER.owner, fee=Wad(fee), max_charge=Wad(max_charge))


def left(effects: tuple[Effect, ...]) -> list[Outgoing]:
    """Return the messages that left."""
    return [effect for effect in effects if isinstance(effect, Outgoing)]
