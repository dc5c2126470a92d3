"""What the hub's ledger holds, as immutable data, and the smallest steps on balances.

Which step is allowed is decided in `ledger_credits`, `ledger_sends` and `ledger`; storage layout and packing are the
contract's own business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from bridge.types import QUOTE, ZERO_ADDRESS, Account, Address, AssetId, ChainId, LeafIndex, Wad, require_uint
from hub.errors import AccountWithoutOwner, BalanceShort, ReserveUnknown
from hub.fees import AMOUNT_BITS, ZERO, Curve, Used, inflow_returned, inflow_used
from hub.steps import Effect, Entry, WaitReason, put

MAX_DECIMALS: Final = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A chain's system contracts; the hub's own chain has no venue, others may have none."""

    vault: Address
    venue: Address = ZERO_ADDRESS


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveConfig:
    """Limits and scarcity curve of one asset on one chain; amounts in wads, the rate in wads a second."""

    decimals: int
    ceiling: Wad
    inflow_burst: Wad
    inflow_rate: Wad
    curve: Curve = field(default_factory=Curve)

    def __post_init__(self) -> None:
        """Refuse what has no place in the contract's slots."""
        require_uint("ceiling", self.ceiling, AMOUNT_BITS)
        require_uint("inflow_burst", self.inflow_burst, AMOUNT_BITS)
        require_uint("inflow_rate", self.inflow_rate, AMOUNT_BITS)

    def unit(self) -> int:
        """Return how many wads are one unit of the token."""
        return token_unit(self.decimals)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve:
    """What a vault holds for the hub, as far as the hub has heard, and how much of the inflow burst is used."""

    config: ReserveConfig
    amount: Wad = ZERO
    inflow: Used = field(default_factory=Used)

    def refusal(self, *, amount: int, time: int) -> WaitReason:
        """Return why a deposit of `amount` would wait now, or NONE."""
        if self.amount + amount > self.config.ceiling:
            return WaitReason.CEILING_REACHED
        used = inflow_used(self.inflow, rate=self.config.inflow_rate, amount=amount, time=time)
        return WaitReason.INFLOW_LIMITED if used > self.config.inflow_burst else WaitReason.NONE

    def with_deposit(self, *, amount: int, time: int) -> Reserve:
        """Return the reserve after a deposit that is not refused."""
        used = inflow_used(self.inflow, rate=self.config.inflow_rate, amount=amount, time=time)
        return replace(self, amount=Wad(self.amount + amount), inflow=Used(amount=Wad(used), since=time))

    def without(self, amount: int) -> Reserve:
        """Return the reserve after `amount`, which it has, left; that much of the burst comes back."""
        return replace(self, amount=Wad(self.amount - amount), inflow=inflow_returned(self.inflow, amount=amount))


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a session key still may do: until `expiry` (included), losing at most `loss_limit` in fees and tips."""

    expiry: int
    price_band: int
    loss_limit: Wad


Waiting = Mapping[tuple[ChainId, LeafIndex], tuple[Address, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The hub: `chain` and `address` are its own; a missing balance is zero because nothing was ever credited there."""

    chain: ChainId
    address: Address
    peers: Mapping[ChainId, Peer] = field(default_factory=dict)
    reserves: Mapping[tuple[ChainId, AssetId], Reserve] = field(default_factory=dict)
    cash: Mapping[Account, Wad] = field(default_factory=dict)
    collateral: Mapping[tuple[Account, AssetId], Wad] = field(default_factory=dict)
    venue_cash: Mapping[ChainId, Wad] = field(default_factory=dict)
    pot: Mapping[AssetId, Wad] = field(default_factory=dict)
    waiting: Waiting = field(default_factory=dict)
    entered: Mapping[tuple[Account, ChainId], Entry] = field(default_factory=dict)
    sessions: Mapping[tuple[Account, Address], Session] = field(default_factory=dict)
    nonces: frozenset[tuple[Address, int]] = frozenset()

    def reserve(self, chain: ChainId, asset: AssetId) -> Reserve:
        """Return a listed reserve; raises ReserveUnknown."""
        found = self.reserves.get((chain, asset))
        if found is None:
            raise ReserveUnknown(chain=chain, asset=asset)
        return found

    def balance(self, account: Account, asset: AssetId) -> Wad:
        """Return cash for the quote asset, collateral for any other."""
        held = self.cash.get(account) if asset == QUOTE else self.collateral.get((account, asset))
        return held or Wad(0)

    def claims(self, asset: AssetId) -> int:
        """Return everything that the hub owes in an asset: accounts, venues and the scarcity pot."""
        accounts = (amount for (_, held), amount in self.collateral.items() if held == asset)
        owed = sum(accounts) + self.pot.get(asset, 0)
        return owed + sum(self.cash.values()) + sum(self.venue_cash.values()) if asset == QUOTE else owed


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A state and what it brought about, in order."""

    ledger: Ledger
    effects: tuple[Effect, ...] = ()

    def then(self, following: Step) -> Step:
        """Return the following step with this one's effects before its own."""
        return Step(ledger=following.ledger, effects=self.effects + following.effects)


def credit(ledger: Ledger, account: Account, asset: AssetId, amount: int) -> Ledger:
    """Return the ledger with `amount` more for the account."""
    return _with_balance(ledger, account, asset, ledger.balance(account, asset) + amount)


def debit(ledger: Ledger, account: Account, asset: AssetId, amount: int) -> Ledger:
    """Return the ledger with `amount` less for the account; raises BalanceShort."""
    balance = ledger.balance(account, asset)
    if balance < amount:
        raise BalanceShort(account=account, asset=asset, balance=balance, needed=amount)
    return _with_balance(ledger, account, asset, balance - amount)


def token_unit(decimals: int) -> int:
    """Return how many wads are one unit of a token with at most 18 decimals."""
    return int(10 ** (MAX_DECIMALS - decimals))


def require_owned(account: Account) -> None:
    """Raise AccountWithoutOwner for an account of the zero address."""
    if account.owner == ZERO_ADDRESS:
        raise AccountWithoutOwner(account=account)


def _with_balance(ledger: Ledger, account: Account, asset: AssetId, amount: int) -> Ledger:
    if asset == QUOTE:
        return replace(ledger, cash=put(ledger.cash, account, Wad(amount)))
    return replace(ledger, collateral=put(ledger.collateral, (account, asset), Wad(amount)))
