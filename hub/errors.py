"""What the ledger, the venues and the vaults refuse: one class a broken rule, named as the contracts' own error.

    TransferError
    └── Refused                  a rule of hub, venue or vault says no; nothing has changed
        ├── NotAuthorised …      who may act
        ├── BalanceShort …       what is there
        └── MessageSenderUnknown … what no honest chain sends

A differential test holds the names, and when each is raised, to the contracts.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.errors import TransferError
from bridge.types import Account, Address, AssetId, ChainId, LeafIndex, Wad


class Refused(TransferError):  # noqa: N818  # as all our errors: the name says which rule is broken
    """A rule of hub, venue or vault says no; the state is as it was."""

    def __str__(self) -> str:
        """Return the rule and its facts in one line."""
        facts = ", ".join(f"{name} {_text(value)}" for name, value in vars(self).items())
        return f"{_first_line(self)}: {facts}" if facts else _first_line(self)


@dataclass(kw_only=True, eq=False)
class NotAuthorised(Refused):
    """The caller may not act for the account; its owner or a live session key may."""

    account: Account
    caller: Address


@dataclass(kw_only=True, eq=False)
class SignatureInvalid(Refused):
    """The signature is not of an address that may act for the account; sign with the owner's key."""

    account: Account
    recovered: Address


@dataclass(kw_only=True, eq=False)
class IntentExpired(Refused):
    """The intent's deadline has passed; sign a new one."""

    deadline: int
    timestamp: int


@dataclass(kw_only=True, eq=False)
class NonceAlreadyUsed(Refused):
    """The signer used or cancelled this nonce before; sign with another."""

    signer: Address
    nonce: int


@dataclass(kw_only=True, eq=False)
class SessionCannot(Refused):
    """A session key moves cash between the account's own places only; ask the owner."""

    account: Account
    key: Address


@dataclass(kw_only=True, eq=False)
class SessionLossLimit(Refused):
    """Fees and tips would cost more than the session key may still lose; the owner can set a new limit."""

    account: Account
    key: Address
    left: int
    needed: int


@dataclass(kw_only=True, eq=False)
class KeyZero(Refused):
    """A key is an address above zero; to take a key's power away name another."""


@dataclass(kw_only=True, eq=False)
class AccountWithoutOwner(Refused):
    """An account of the zero address belongs to nobody; name an owner."""

    account: Account


@dataclass(kw_only=True, eq=False)
class ReceiverZero(Refused):
    """Tokens are not released to the zero address; name a receiver."""


@dataclass(kw_only=True, eq=False)
class ChainUnknown(Refused):
    """A peer needs a vault, and the hub's own chain has no venue."""

    chain: ChainId


@dataclass(kw_only=True, eq=False)
class ChainAlreadyKnown(Refused):
    """A peer is never replaced; deploy anew under another chain id."""

    chain: ChainId


@dataclass(kw_only=True, eq=False)
class VenueUnknown(Refused):
    """The chain is not a peer or has no venue; choose one that has."""

    chain: ChainId


@dataclass(kw_only=True, eq=False)
class ReserveUnknown(Refused):
    """The asset is not listed on the chain; choose one where it is."""

    chain: ChainId
    asset: AssetId


@dataclass(kw_only=True, eq=False)
class ReserveMisconfigured(Refused):
    """Limits of a reserve that cannot be meant: its decimals are fixed and its burst never falls."""

    chain: ChainId
    asset: AssetId


@dataclass(kw_only=True, eq=False)
class BalanceShort(Refused):
    """The account has less than the action takes; lower the amount."""

    account: Account
    asset: AssetId
    balance: Wad
    needed: int


@dataclass(kw_only=True, eq=False)
class ReserveShort(Refused):
    """The chain's vault holds less than that; withdraw less, or on another chain."""

    chain: ChainId
    asset: AssetId
    reserve: Wad
    needed: int


@dataclass(kw_only=True, eq=False)
class ChargeAboveMax(Refused):
    """Scarcity costs more than the caller allows; allow more, wait, or choose another chain."""

    charge: Wad
    max_charge: Wad


@dataclass(kw_only=True, eq=False)
class AmountTooSmall(Refused):
    """After fee, charge and rounding nothing is left to pay out; withdraw more."""

    amount: Wad
    fee: Wad
    charge: Wad


@dataclass(kw_only=True, eq=False)
class FeeAboveCash(Refused):
    """What was credited does not cover the fee of what is to come next; it stays credited."""

    fee: Wad
    cash: Wad


@dataclass(kw_only=True, eq=False)
class AssetNotCash(Refused):
    """Only cash goes to a venue; withdraw the asset instead."""

    asset: AssetId


@dataclass(kw_only=True, eq=False)
class NotWaiting(Refused):
    """No such message waits: it stands already, was not delivered yet, or its bytes are others."""

    source: ChainId
    index: LeafIndex


@dataclass(kw_only=True, eq=False)
class StillWaiting(Refused):
    """The reason why the message waits holds still; retry later."""

    source: ChainId
    index: LeafIndex
    reason: int


@dataclass(kw_only=True, eq=False)
class DepositRefused(Refused):
    """A deposit on the hub's own chain never waits: it is refused, tokens and all."""

    reason: int


@dataclass(kw_only=True, eq=False)
class MessageSenderUnknown(Refused):
    """The message is not from the contract that may send it; no honest chain has it."""

    source: ChainId
    sender: Address


@dataclass(kw_only=True, eq=False)
class KindUnexpected(Refused):
    """A message of a kind that does not come this way: no honest chain sends it."""

    kind: int
    expected: int


@dataclass(kw_only=True, eq=False)
class BodyMalformed(Refused):
    """A body that no honest sender makes."""

    source: ChainId
    index: LeafIndex


@dataclass(kw_only=True, eq=False)
class CallerNotVault(Refused):
    """Only the chain's own vault calls this."""

    caller: Address


@dataclass(kw_only=True, eq=False)
class CashShort(Refused):
    """The account has less cash at the venue than the action takes; lower the amount."""

    account: Account
    cash: Wad
    needed: int


@dataclass(kw_only=True, eq=False)
class LegsNotListed(Refused):
    """The venue lists no instrument yet."""

    index: LeafIndex


@dataclass(kw_only=True, eq=False)
class CashNegative(Refused):
    """No place borrows yet, so no parcel brings debt."""

    index: LeafIndex


@dataclass(kw_only=True, eq=False)
class AssetUnknown(Refused):
    """The vault does not keep the asset; choose one that it keeps."""

    asset: AssetId


@dataclass(kw_only=True, eq=False)
class DepositUnusable(Refused):
    """Nothing arrived, or more than can be counted."""

    asset: AssetId
    asked: int
    received: int


@dataclass(kw_only=True, eq=False)
class DepositTooLarge(Refused):
    """One deposit is at most the vault's limit; split it."""

    asset: AssetId
    amount: Wad
    max_deposit: Wad


@dataclass(kw_only=True, eq=False)
class CeilingReached(Refused):
    """The vault would hold more than its ceiling; deposit less, or on another chain."""

    asset: AssetId
    held: Wad
    amount: Wad
    ceiling: Wad


@dataclass(kw_only=True, eq=False)
class FeeAboveAmount(Refused):
    """The fee is more than what arrived; name a lower one."""

    fee: Wad
    amount: Wad


@dataclass(kw_only=True, eq=False)
class NotPlaceable(Refused):
    """Only the quote asset is placed, and only where there is a venue."""

    asset: AssetId


@dataclass(kw_only=True, eq=False)
class HoldingShort(Refused):
    """A release beyond what the vault holds: no honest hub sends it."""

    asset: AssetId
    held: Wad
    needed: int


@dataclass(kw_only=True, eq=False)
class NothingClaimable(Refused):
    """Nothing is kept under this account, receiver and asset."""

    account: Account
    to: Address
    asset: AssetId


@dataclass(kw_only=True, eq=False)
class OutflowLimited(Refused):
    """The outflow budget is used up for now; it refills with time and deposits."""

    asset: AssetId
    available: Wad


@dataclass(kw_only=True, eq=False)
class TransferRefused(Refused):
    """The token refused the transfer; redirect the claim to an address that it pays."""

    asset: AssetId
    to: Address


def _first_line(error: Refused) -> str:
    return f"{type(error).__name__}: {(type(error).__doc__ or '').splitlines()[0].rstrip('.')}"


def _text(value: object) -> str:
    if isinstance(value, Account):
        return value.to_bytes().hex()
    return value.hex() if isinstance(value, bytes) else str(value)
