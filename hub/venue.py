"""A venue's cash, equal to the `Venue` contract to the bit: parcels to and from the hub, placed deposits, and keys.

Trading and legs come later. Who acts for an account here, in full: its owner, and the key that it named at the hub;
never a contract.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bridge.messages import Item, Kind, Next, Parcel, decode
from bridge.types import ZERO_ADDRESS, Account, Address, ChainId, LeafIndex, NextMode, Wad
from hub.errors import (
    BodyMalformed,
    CallerNotVault,
    CashNegative,
    CashShort,
    IntentExpired,
    KindUnexpected,
    LegsNotListed,
    MessageSenderUnknown,
    NonceAlreadyUsed,
    NotAuthorised,
    SignatureInvalid,
)
from hub.steps import Caller, Direct, Entry, Outgoing, Placed, put


@dataclass(frozen=True, slots=True, kw_only=True)
class Venue:
    """The venue's state beside the addresses that it was deployed with."""

    vault: Address
    hub_chain: ChainId
    hub: Address
    cash: Mapping[Account, Wad] = field(default_factory=dict)
    keys: Mapping[Account, Entry] = field(default_factory=dict)
    nonces: frozenset[tuple[Address, int]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueStep:
    """A state and the parcels that left."""

    venue: Venue
    effects: tuple[Outgoing, ...] = ()


def deliver(venue: Venue, *, source: ChainId, first: LeafIndex, items: Sequence[Item], payee: Account) -> VenueStep:
    """Credit proven parcels from the hub; raises as a whole if one is not what an honest hub sends."""
    for offset, item in enumerate(items):
        if source != venue.hub_chain or item.sender != venue.hub:
            raise MessageSenderUnknown(source=source, sender=item.sender)
        venue = _credit_parcel(venue, source, LeafIndex(first + offset), item, payee)
    return VenueStep(venue=venue)


def credit_deposit(venue: Venue, *, caller: Address, placed: Placed) -> VenueStep:
    """Credit what the chain's vault took in; raises CallerNotVault."""
    if caller != venue.vault:
        raise CallerNotVault(caller=caller)
    return VenueStep(venue=_add(venue, placed.account, placed.cash))


def send(venue: Venue, *, caller: Caller, account: Account, cash: Wad, fee: Wad, next_: Next, time: int) -> VenueStep:
    """Take cash and fee off the account and send them to the hub as a parcel; an intent's tip moves here."""
    taken = _take_caller(venue, caller, account, time)
    taken = _debit(taken, account, cash + fee)
    body = Parcel(account=account, cash=cash, fee=fee, next=next_)
    sent = Outgoing(destination=venue.hub_chain, recipient=venue.hub, body=body)
    return VenueStep(venue=taken, effects=(sent,))


def _credit_parcel(venue: Venue, source: ChainId, index: LeafIndex, item: Item, payee: Account) -> Venue:
    parcel = decode(item.body)
    if not isinstance(parcel, Parcel):
        raise KindUnexpected(kind=item.body[0], expected=Kind.PARCEL)
    if parcel.next.mode is not NextMode.STAY:
        raise BodyMalformed(source=source, index=index)
    if parcel.legs:
        raise LegsNotListed(index=index)
    if parcel.cash < 0:
        raise CashNegative(index=index)
    if parcel.key_epoch > venue.keys.get(parcel.account, Entry()).epoch:
        entry = Entry(key=parcel.key, epoch=parcel.key_epoch)
        venue = replace(venue, keys=put(venue.keys, parcel.account, entry))
    return _add(_add(venue, parcel.account, parcel.cash), payee, parcel.fee)


def _take_caller(venue: Venue, caller: Caller, account: Account, time: int) -> Venue:
    if isinstance(caller, Direct):
        actor = ZERO_ADDRESS if caller.is_contract else caller.sender
        if not _may_act(venue, account, actor):
            raise NotAuthorised(account=account, caller=caller.sender)
        return venue
    if time > caller.deadline:
        raise IntentExpired(deadline=caller.deadline, timestamp=time)
    if not _may_act(venue, account, caller.signer):
        raise SignatureInvalid(account=account, recovered=caller.signer)
    if (caller.signer, caller.nonce) in venue.nonces:
        raise NonceAlreadyUsed(signer=caller.signer, nonce=caller.nonce)
    taken = replace(venue, nonces=venue.nonces | {(caller.signer, caller.nonce)})
    return _add(_debit(taken, account, caller.tip), caller.payee, caller.tip) if caller.tip else taken


def _may_act(venue: Venue, account: Account, actor: Address) -> bool:
    return actor != ZERO_ADDRESS and actor in {account.owner, venue.keys.get(account, Entry()).key}


def _add(venue: Venue, account: Account, amount: int) -> Venue:
    return replace(venue, cash=put(venue.cash, account, Wad(venue.cash.get(account, 0) + amount)))


def _debit(venue: Venue, account: Account, amount: int) -> Venue:
    held = venue.cash.get(account, Wad(0))
    if held < amount:
        raise CashShort(account=account, cash=held, needed=amount)
    return _add(venue, account, -amount)
