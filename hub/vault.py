"""A vault's books, equal to the `Vault` contract to the bit: what it holds, owes and may let out for now.

Tokens themselves are outside: what arrived with a deposit and which receivers a token refuses are given. On the hub's
own chain the hub stands in the place of the lane.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from bridge.messages import Deposit, Item, Kind, Next, Release, decode
from bridge.types import QUOTE, ZERO_ADDRESS, Account, Address, AssetId, ChainId, NextMode, Wad
from hub.errors import (
    AssetUnknown,
    CeilingReached,
    DepositTooLarge,
    DepositUnusable,
    FeeAboveAmount,
    HoldingShort,
    KindUnexpected,
    MessageSenderUnknown,
    NotAuthorised,
    NothingClaimable,
    NotPlaceable,
    OutflowLimited,
    TransferRefused,
)
from hub.fees import AMOUNT_BITS, ZERO, Flow, OutflowLimit, outflow_available, outflow_moved
from hub.ledger_state import require_owned, token_unit
from hub.steps import Direct, Effect, Kept, Outgoing, Placed, Pushed, put

Refusals = frozenset[tuple[AssetId, Address]]
"""Whom which token refuses to pay."""

NO_ONE: Final[Refusals] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultAsset:
    """How the vault keeps one asset; amounts in wads."""

    decimals: int
    ceiling: Wad
    max_deposit: Wad
    outflow: OutflowLimit

    def unit(self) -> int:
        """Return how many wads are one unit of the token."""
        return token_unit(self.decimals)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What backs the hub's reserve, what is owed to claims, and what left lately."""

    held: Wad = ZERO
    owed: Wad = ZERO
    outflow: Flow = field(default_factory=Flow)

    def live(self) -> int:
        """Return all that the vault keeps for others."""
        return self.held + self.owed

    def available(self, limit: OutflowLimit, time: int) -> Wad:
        """Return what may leave at `time`."""
        return outflow_available(limit, self.outflow, live=self.live(), time=time)

    def moved(self, limit: OutflowLimit, change: int, time: int) -> Flow:
        """Return the flow after `change` left, or below zero came in; held and owed are still as before."""
        return outflow_moved(limit, self.outflow, live=self.live(), change=change, time=time)


Claim = tuple[Account, Address, AssetId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """The vault's state beside the addresses that it was deployed with; `has_venue` says whether its chain has one."""

    chain: ChainId
    hub_chain: ChainId
    hub: Address
    has_venue: bool
    assets: Mapping[AssetId, VaultAsset]
    holdings: Mapping[AssetId, Holding] = field(default_factory=dict)
    claims: Mapping[Claim, Wad] = field(default_factory=dict)

    def asset(self, asset: AssetId) -> VaultAsset:
        """Return how an asset is kept; raises AssetUnknown."""
        found = self.assets.get(asset)
        if found is None:
            raise AssetUnknown(asset=asset)
        return found

    def holding(self, asset: AssetId) -> Holding:
        """Return what the vault holds of a listed asset."""
        return self.holdings.get(asset, Holding())


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultStep:
    """A state and what it brought about, in order."""

    vault: Vault
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Payment:
    account: Account
    asset: AssetId
    to: Address
    amount: Wad


def deposit(
    vault: Vault, *, asset: AssetId, received: int, account: Account, fee: Wad, next_: Next, time: int
) -> VaultStep:
    """Take in `received` token units for an account and tell the hub; a placed one is the venue's at once."""
    config = vault.asset(asset)
    require_owned(account)
    is_placed = next_.mode is NextMode.PLACED
    if is_placed and (asset != QUOTE or not vault.has_venue):
        raise NotPlaceable(asset=asset)
    if received == 0 or received >> AMOUNT_BITS:
        raise DepositUnusable(asset=asset, asked=received, received=received)
    amount = Wad(received * config.unit())
    if amount > config.max_deposit:
        raise DepositTooLarge(asset=asset, amount=amount, max_deposit=config.max_deposit)
    holding = vault.holding(asset)
    if holding.held + amount > config.ceiling:
        raise CeilingReached(asset=asset, held=holding.held, amount=amount, ceiling=config.ceiling)
    if fee > amount:
        raise FeeAboveAmount(fee=fee, amount=amount)
    flow = holding.moved(config.outflow, -amount, time)
    taken = _with(vault, asset, replace(holding, held=Wad(holding.held + amount), outflow=flow))
    body = Deposit(account=account, asset=asset, amount=amount, fee=fee, next=next_)
    sent = Outgoing(destination=vault.hub_chain, recipient=vault.hub, body=body)
    placed = (Placed(account=account, cash=Wad(amount - fee)),) if is_placed else ()
    return VaultStep(vault=taken, effects=(*placed, sent))


def deliver(
    vault: Vault,
    *,
    source: ChainId,
    items: Sequence[Item],
    payee: Account,
    time: int,
    refused: Refusals = NO_ONE,
) -> VaultStep:
    """Pay out proven releases, or keep as claims what the token refuses or the budget does not allow for now.

    Fees of consecutive releases of one asset are one payment to the payee's owner.
    """
    effects: tuple[Effect, ...] = ()
    fees = _Payment(account=payee, asset=QUOTE, to=payee.owner, amount=Wad(0))
    for item in items:
        if source != vault.hub_chain or item.sender != vault.hub:
            raise MessageSenderUnknown(source=source, sender=item.sender)
        release = decode(item.body)
        if not isinstance(release, Release):
            raise KindUnexpected(kind=item.body[0], expected=Kind.RELEASE)
        unit = vault.asset(release.asset).unit()
        amount, fee = release.amount // unit * unit, release.fee // unit * unit
        if fees.asset != release.asset:
            vault, paid = _pay_fees(vault, fees, time, refused)
            effects += paid
            fees = replace(fees, asset=release.asset, amount=Wad(0))
        needed, held = amount + fee + fees.amount, vault.holding(release.asset).held
        if needed > held:
            raise HoldingShort(asset=release.asset, held=held, needed=needed)
        payment = _Payment(account=release.account, asset=release.asset, to=release.to, amount=Wad(amount))
        vault, effect = _pay(vault, payment, time, refused)
        effects += (effect,)
        fees = replace(fees, amount=Wad(fees.amount + fee))
    vault, paid = _pay_fees(vault, fees, time, refused)
    return VaultStep(vault=vault, effects=effects + paid)


def retry_claim(
    vault: Vault, *, account: Account, to: Address, asset: AssetId, time: int, refused: Refusals = NO_ONE
) -> VaultStep:
    """Pay a claim, or the part of it that the budget allows now in whole token units."""
    claim = vault.claims.get((account, to, asset), Wad(0))
    if not claim:
        raise NothingClaimable(account=account, to=to, asset=asset)
    config, holding = vault.asset(asset), vault.holding(asset)
    available = holding.available(config.outflow, time)
    paid = Wad(min(claim, available) // config.unit() * config.unit())
    if not paid:
        raise OutflowLimited(asset=asset, available=available)
    if (asset, to) in refused:
        raise TransferRefused(asset=asset, to=to)
    flow = holding.moved(config.outflow, paid, time)
    left = replace(holding, owed=Wad(holding.owed - paid), outflow=flow)
    vault = replace(vault, claims=put(vault.claims, (account, to, asset), Wad(claim - paid)))
    return VaultStep(vault=_with(vault, asset, left), effects=(Pushed(asset=asset, to=to, amount=paid),))


def redirect_claim(
    vault: Vault, *, caller: Direct, account: Account, to: Address, asset: AssetId, new_to: Address
) -> VaultStep:
    """Let a claim be paid to another address; by its receiver, or by the account's owner where it surely is that."""
    is_itself = not caller.is_contract or vault.chain == vault.hub_chain
    is_owner = is_itself and caller.sender == account.owner
    if caller.sender != to and not is_owner:
        raise NotAuthorised(account=account, caller=caller.sender)
    claim = vault.claims.get((account, to, asset), Wad(0))
    if not claim or new_to == ZERO_ADDRESS:
        raise NothingClaimable(account=account, to=to, asset=asset)
    claims = put(vault.claims, (account, to, asset), Wad(0))
    moved = Wad(claims.get((account, new_to, asset), 0) + claim)
    return VaultStep(vault=replace(vault, claims=put(claims, (account, new_to, asset), moved)))


def _pay_fees(vault: Vault, fees: _Payment, time: int, refused: Refusals) -> tuple[Vault, tuple[Effect, ...]]:
    if not fees.amount:
        return vault, ()
    vault, effect = _pay(vault, fees, time, refused)
    return vault, (effect,)


def _pay(vault: Vault, payment: _Payment, time: int, refused: Refusals) -> tuple[Vault, Effect]:
    """Take a payment off what is held and push it, or keep it as a claim."""
    asset, to, amount = payment.asset, payment.to, payment.amount
    config, holding = vault.asset(asset), vault.holding(asset)
    is_allowed = amount <= holding.available(config.outflow, time)
    flow = holding.moved(config.outflow, amount, time) if is_allowed else holding.outflow
    held = Wad(holding.held - amount)
    if is_allowed and (asset, to) not in refused:
        paid = _with(vault, asset, replace(holding, held=held, outflow=flow))
        return paid, Pushed(asset=asset, to=to, amount=amount)
    if is_allowed:
        flow = replace(flow, net=flow.net - amount)
    kept = _with(vault, asset, replace(holding, held=held, owed=Wad(holding.owed + amount), outflow=flow))
    key = (payment.account, to, asset)
    kept = replace(kept, claims=put(kept.claims, key, Wad(kept.claims.get(key, 0) + amount)))
    return kept, Kept(account=payment.account, asset=asset, to=to, amount=amount)


def _with(vault: Vault, asset: AssetId, holding: Holding) -> Vault:
    return replace(vault, holdings=put(vault.holdings, asset, holding))
