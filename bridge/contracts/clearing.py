"""Calls and events of the hub's ledger and of the venues."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from bridge.contracts.abi import Function, event
from bridge.contracts.custody import INTENT, NEXT
from bridge.rpc import Log
from bridge.types import Account, Address, AssetId, ChainId, LeafIndex, Wad

SEND_PARCEL = Function("sendParcel(bytes32,uint64,bytes32,uint128,uint128)", "uint32")
SEND_PARCEL_BY_SIG = Function(f"sendParcelBySig(bytes32,uint64,bytes32,uint128,uint128,{INTENT},bytes32)", "uint32")
WITHDRAW = Function("withdraw(bytes32,uint32,uint128,uint64,address,uint128,uint128)", "uint32")
WITHDRAW_BY_SIG = Function(
    f"withdrawBySig(bytes32,uint32,uint128,uint64,address,uint128,uint128,{INTENT},bytes32)",
    "uint32",
)
TRANSFER = Function("transfer(bytes32,bytes32,uint32,uint128)")
ENTER_VENUE = Function("enterVenue(bytes32,uint64,address,uint128)", "uint32")
SET_SESSION = Function("setSession(bytes32,address,uint64,uint32,uint128)")
REVOKE_SESSION = Function("revokeSession(bytes32,address)")
RETRY = Function("retry(uint64,uint32,address,bytes,bytes32)")

QUOTE_WITHDRAW = Function("quoteWithdraw(uint32,uint64,uint128,uint128)", "uint128", "uint128", "uint128")
QUOTE_DEPOSIT = Function("quoteDeposit(uint32,uint64,uint128)", "uint128", "uint8")
HUB_CASH = Function("cash(bytes32)", "int256")
HUB_COLLATERAL = Function("collateral(bytes32,uint32)", "uint256")
HUB_RESERVE = Function("reserve(uint64,uint32)", "uint256")
HUB_RESERVE_CONFIG = Function(
    "reserveConfig(uint64,uint32)", "(uint64,uint32,uint8,uint104,uint104,uint104,uint104,uint24)"
)
HUB_VENUE_CASH = Function("venueCash(uint64)", "int256")
HUB_POT = Function("pot(uint32)", "uint256")
HUB_PEER = Function("peer(uint64)", "address", "address")
HUB_ENTERED = Function("entered(bytes32,uint64)", "address", "uint32")
HUB_SESSION = Function("session(bytes32,address)", "(uint64,uint32,uint128)")
HUB_WAITING = Function("waiting(uint64,uint32)", "bytes32")
PEER = "(uint64,address,address)"
RESERVE_CONFIG = "(uint64,uint32,uint8,uint104,uint104,uint104,uint104,uint24)"
HUB_ADD_PEER = Function(f"addPeer({PEER})")
HUB_SET_RESERVE = Function(f"setReserve({RESERVE_CONFIG})")

VENUE_SEND = Function(f"send(bytes32,uint128,uint128,{NEXT})", "uint32")
VENUE_SEND_BY_SIG = Function(f"sendBySig(bytes32,uint128,uint128,{NEXT},{INTENT},bytes32)", "uint32")
VENUE_CASH = Function("cash(bytes32)", "int256")
VENUE_KEY_OF = Function("keyOf(bytes32)", "address", "uint32")


class WaitReason(IntEnum):
    """Why a credit waits at the hub."""

    NONE = 0
    CASH_NEGATIVE = 1
    LEGS_NOT_LISTED = 2
    VENUE_SHORT = 3
    ASSET_NOT_LISTED = 4
    CEILING_REACHED = 5
    INFLOW_LIMITED = 6


@event("DepositCredited(uint64 indexed source, uint32 indexed index, bytes32 account, uint32 asset, uint128 amount)")
@dataclass(frozen=True, slots=True, kw_only=True)
class DepositCredited:
    """A deposit's amount less its fee is the account's, at the hub or, if placed, at the venue."""

    TOPIC: ClassVar[bytes]
    log: Log
    source: ChainId
    index: LeafIndex
    account: Account
    asset: AssetId
    amount: Wad


@event("RewardPaid(bytes32 indexed account, uint32 indexed asset, uint128 reward)")
@dataclass(frozen=True, slots=True, kw_only=True)
class RewardPaid:
    """The deposit credited just before earned this out of the scarcity pot."""

    TOPIC: ClassVar[bytes]
    log: Log
    account: Account
    asset: AssetId
    reward: Wad


@event("ParcelCredited(uint64 indexed source, uint32 indexed index, bytes32 account, int128 cash)")
@dataclass(frozen=True, slots=True, kw_only=True)
class HubParcelCredited:
    """A venue's parcel was credited at the hub."""

    TOPIC: ClassVar[bytes]
    log: Log
    source: ChainId
    index: LeafIndex
    account: Account
    cash: Wad


@event("CreditWaiting(uint64 indexed source, uint32 indexed index, uint8 reason)")
@dataclass(frozen=True, slots=True, kw_only=True)
class CreditWaiting:
    """A message was taken but its credit waits, whole, until its reason is gone."""

    TOPIC: ClassVar[bytes]
    log: Log
    source: ChainId
    index: LeafIndex
    reason: int


@event("CreditRetried(uint64 indexed source, uint32 indexed index, bytes32 payee)")
@dataclass(frozen=True, slots=True, kw_only=True)
class CreditRetried:
    """A waiting credit stands now."""

    TOPIC: ClassVar[bytes]
    log: Log
    source: ChainId
    index: LeafIndex
    payee: Account


@event("Forwarded(uint64 indexed source, uint32 indexed index, uint64 destination, uint32 newIndex)")
@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarded:
    """What a credit asked for next left as message `new_index` of the lane to `destination`."""

    TOPIC: ClassVar[bytes]
    log: Log
    source: ChainId
    index: LeafIndex
    destination: ChainId
    new_index: LeafIndex


@event("ForwardStayed(uint64 indexed source, uint32 indexed index, bytes4 reason)")
@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardStayed:
    """What a credit asked for next failed a check; the credit stays the account's at the hub."""

    TOPIC: ClassVar[bytes]
    log: Log
    source: ChainId
    index: LeafIndex
    reason: bytes


@event("ParcelSent(bytes32 indexed account, uint64 indexed venue, uint32 index, bytes32 to, uint128 cash, uint128 fee)")
@dataclass(frozen=True, slots=True, kw_only=True)
class HubParcelSent:
    """Cash left the hub for an account at a venue."""

    TOPIC: ClassVar[bytes]
    log: Log
    account: Account
    venue: ChainId
    index: LeafIndex
    to: Account
    cash: Wad
    fee: Wad


@event(
    "Withdrawn(bytes32 indexed account, uint64 indexed chain, uint32 indexed asset, uint32 index, "
    "address to, uint128 payout, uint128 fee, uint128 charge)"
)
@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """A release left for a chain; the scarcity charge went to the pot."""

    TOPIC: ClassVar[bytes]
    log: Log
    account: Account
    chain: ChainId
    asset: AssetId
    index: LeafIndex
    to: Address
    payout: Wad
    fee: Wad
    charge: Wad


@event("Transferred(bytes32 indexed account, bytes32 indexed to, uint32 indexed asset, uint128 amount)")
@dataclass(frozen=True, slots=True, kw_only=True)
class Transferred:
    """Cash or collateral went from one account to another at the hub."""

    TOPIC: ClassVar[bytes]
    log: Log
    account: Account
    to: Account
    asset: AssetId
    amount: Wad


@event("TipPaid(bytes32 indexed account, bytes32 indexed payee, uint32 indexed asset, uint128 tip)")
@dataclass(frozen=True, slots=True, kw_only=True)
class TipPaid:
    """An intent's tip went to the payee whom its submitter named."""

    TOPIC: ClassVar[bytes]
    log: Log
    account: Account
    payee: Account
    asset: AssetId
    tip: Wad


@event("ParcelSent(bytes32 indexed account, uint32 indexed index, uint128 cash, uint128 fee)")
@dataclass(frozen=True, slots=True, kw_only=True)
class VenueParcelSent:
    """A parcel left a venue for the hub."""

    TOPIC: ClassVar[bytes]
    log: Log
    account: Account
    index: LeafIndex
    cash: Wad
    fee: Wad


@event("ParcelCredited(uint32 indexed index, bytes32 account, int128 cash)")
@dataclass(frozen=True, slots=True, kw_only=True)
class VenueParcelCredited:
    """A parcel from the hub was credited at a venue."""

    TOPIC: ClassVar[bytes]
    log: Log
    index: LeafIndex
    account: Account
    cash: Wad


@event("TipPaid(bytes32 indexed account, bytes32 indexed payee, uint128 tip)")
@dataclass(frozen=True, slots=True, kw_only=True)
class VenueTipPaid:
    """An intent's tip went to the payee whom its submitter named, as cash at the venue."""

    TOPIC: ClassVar[bytes]
    log: Log
    account: Account
    payee: Account
    tip: Wad


@event("DepositPlaced(bytes32 indexed account, uint128 cash)")
@dataclass(frozen=True, slots=True, kw_only=True)
class DepositPlaced:
    """A deposit is cash at the venue of its own chain at once."""

    TOPIC: ClassVar[bytes]
    log: Log
    account: Account
    cash: Wad


@event("KeySet(bytes32 indexed account, address key, uint32 epoch)")
@dataclass(frozen=True, slots=True, kw_only=True)
class KeySet:
    """A key acts for the account at a venue from now on."""

    TOPIC: ClassVar[bytes]
    log: Log
    account: Account
    key: Address
    epoch: int
