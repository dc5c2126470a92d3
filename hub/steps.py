"""What the models of hub, venue and vault share: who acts, keys, and what a step brings about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, TypeVar

from bridge.messages import Body
from bridge.types import ZERO_ADDRESS, Account, Address, AssetId, ChainId, LeafIndex, Wad
from hub.fees import ZERO

KeyType = TypeVar("KeyType")
ValueType = TypeVar("ValueType")

NOBODY: Final = Account(owner=ZERO_ADDRESS)


class WaitReason(IntEnum):
    """Why a credit waits at the hub."""

    NONE = 0
    CASH_NEGATIVE = 1
    LEGS_NOT_LISTED = 2
    VENUE_SHORT = 3
    ASSET_NOT_LISTED = 4
    CEILING_REACHED = 5
    INFLOW_LIMITED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Direct:
    """A call by an address; `is_contract` where it is a contract's and not a transaction's own sender."""

    sender: Address
    is_contract: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """An intent that someone else submits: `signer` is who the signature shows, and `tip` goes to `payee`."""

    signer: Address
    nonce: int
    deadline: int
    tip: Wad = ZERO
    payee: Account = NOBODY


Caller = Direct | Signed


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The key that acts for an account at a venue, and which of its keys that is; none is key zero of epoch 0."""

    key: Address = ZERO_ADDRESS
    epoch: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A body left for `recipient` on `destination`; on the hub's own chain it is a call."""

    destination: ChainId
    recipient: Address
    body: Body


@dataclass(frozen=True, slots=True, kw_only=True)
class Credited:
    """A message stands, with the scarcity reward it earned."""

    source: ChainId
    index: LeafIndex
    reward: Wad = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """A message was taken but is not credited yet."""

    source: ChainId
    index: LeafIndex
    reason: WaitReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Stayed:
    """What a credit asked for next failed a check, named by its error; the credit stays the account's."""

    source: ChainId
    index: LeafIndex
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A vault gave its chain's venue cash to credit at once."""

    account: Account
    cash: Wad


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """A vault paid tokens out, `amount` in wads."""

    asset: AssetId
    to: Address
    amount: Wad


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A vault kept a payment as a claim."""

    account: Account
    asset: AssetId
    to: Address
    amount: Wad


Effect = Outgoing | Credited | Waits | Stayed | Placed | Pushed | Kept


def put(mapping: Mapping[KeyType, ValueType], key: KeyType, value: ValueType) -> Mapping[KeyType, ValueType]:
    """Return the mapping with one entry replaced; the given one stays as it is."""
    return {**mapping, key: value}
