"""What leaves the hub: parcels of cash to venues and releases to vaults, each debited before it is sent.

Who may ask for it is decided before, in `ledger`; a credit that asks for more comes here too (`forward`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bridge.messages import Next, Parcel, Release
from bridge.types import QUOTE, ZERO_ADDRESS, Account, Address, AssetId, ChainId, NextMode, Wad
from hub.errors import (
    AmountTooSmall,
    AssetNotCash,
    ChargeAboveMax,
    FeeAboveCash,
    ReceiverZero,
    ReserveShort,
    VenueUnknown,
)
from hub.fees import AMOUNT_BITS, charge_up, leaving_down, reward_down
from hub.ledger_state import Ledger, Step, debit, require_owned
from hub.steps import Entry, Outgoing, WaitReason, put


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """What an account asks for: `amount` covers payout, fee and scarcity charge, the charge at most `max_charge`."""

    asset: AssetId
    amount: Wad
    chain: ChainId
    to: Address
    fee: Wad
    max_charge: Wad


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawQuote:
    """What a withdrawal does: amount = payout + fee + charge + dust, and the dust stays the account's."""

    payout: Wad
    fee: Wad
    charge: Wad
    dust: Wad


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositQuote:
    """What a deposit earns, or why it would wait."""

    reward: Wad
    reason: WaitReason


def quote_withdraw(ledger: Ledger, *, asset: AssetId, chain: ChainId, amount: Wad, fee: Wad) -> WithdrawQuote:
    """Return what `withdraw` would do now; payout and fee are rounded down to token units, the charge up."""
    reserve = ledger.reserve(chain, asset)
    curve, unit = reserve.config.curve, reserve.config.unit()
    if amount >> AMOUNT_BITS:
        raise ReserveShort(chain=chain, asset=asset, reserve=reserve.amount, needed=amount)
    leaving = leaving_down(curve, reserve=reserve.amount, amount=amount) // unit * unit
    if leaving > reserve.amount:
        raise ReserveShort(chain=chain, asset=asset, reserve=reserve.amount, needed=leaving)
    charge = charge_up(curve, reserve=reserve.amount, leaving=leaving)
    fee_down = Wad(0 if chain == ledger.chain else fee // unit * unit)
    if leaving <= fee_down:
        raise AmountTooSmall(amount=amount, fee=fee_down, charge=charge)
    dust = Wad(amount - leaving - charge)
    return WithdrawQuote(payout=Wad(leaving - fee_down), fee=fee_down, charge=charge, dust=dust)


def quote_deposit(ledger: Ledger, *, asset: AssetId, chain: ChainId, amount: Wad, time: int) -> DepositQuote:
    """Return what a deposit would earn if it were credited now, and whether it would wait."""
    reserve = ledger.reserves.get((chain, asset))
    if reserve is None:
        return DepositQuote(reward=Wad(0), reason=WaitReason.ASSET_NOT_LISTED)
    reason = reserve.refusal(amount=amount, time=time)
    if reason is not WaitReason.NONE:
        return DepositQuote(reward=Wad(0), reason=reason)
    reward = reward_down(reserve.config.curve, reserve=reserve.amount, arriving=amount)
    return DepositQuote(reward=min(reward, ledger.pot.get(asset, Wad(0))), reason=reason)


def send_parcel(ledger: Ledger, *, account: Account, venue: ChainId, to: Account, cash: Wad, fee: Wad) -> Step:
    """Take cash and fee off the account and send them to `to` at the venue, with its key there if it has one."""
    peer = ledger.peers.get(venue)
    if peer is None or peer.venue == ZERO_ADDRESS:
        raise VenueUnknown(chain=venue)
    require_owned(to)
    paid = debit(ledger, account, QUOTE, cash + fee)
    total = Wad(ledger.venue_cash.get(venue, 0) + cash + fee)
    entry = ledger.entered.get((to, venue), Entry())
    body = Parcel(account=to, cash=cash, fee=fee, key=entry.key, key_epoch=entry.epoch)
    sent = replace(paid, venue_cash=put(paid.venue_cash, venue, total))
    return Step(ledger=sent, effects=(Outgoing(destination=venue, recipient=peer.venue, body=body),))


def withdraw(ledger: Ledger, *, account: Account, withdrawal: Withdrawal) -> Step:
    """Take what the quote says off account and reserve, and have the chain's vault pay it out."""
    asset, chain, to = withdrawal.asset, withdrawal.chain, withdrawal.to
    if to == ZERO_ADDRESS:
        raise ReceiverZero
    quote = quote_withdraw(ledger, asset=asset, chain=chain, amount=withdrawal.amount, fee=withdrawal.fee)
    if quote.charge > withdrawal.max_charge:
        raise ChargeAboveMax(charge=quote.charge, max_charge=withdrawal.max_charge)
    leaving = quote.payout + quote.fee
    paid = debit(ledger, account, asset, leaving + quote.charge)
    paid = replace(
        paid,
        reserves=put(paid.reserves, (chain, asset), ledger.reserve(chain, asset).without(leaving)),
        pot=put(paid.pot, asset, Wad(paid.pot.get(asset, 0) + quote.charge)),
    )
    body = Release(account=account, asset=asset, to=to, amount=quote.payout, fee=quote.fee)
    vault = ledger.peers[chain].vault  # a reserve is listed for peers only
    return Step(ledger=paid, effects=(Outgoing(destination=chain, recipient=vault, body=body),))


def forward(ledger: Ledger, *, account: Account, asset: AssetId, amount: Wad, next_: Next) -> Step:
    """Do what a credit asks for next with exactly what it credited, by an ordinary send with every check."""
    if next_.mode is NextMode.RELEASE:
        to_address = next_.to or ZERO_ADDRESS
        return withdraw(
            ledger,
            account=account,
            withdrawal=Withdrawal(
                asset=asset,
                amount=amount,
                chain=next_.chain,
                to=to_address,
                fee=next_.fee,
                max_charge=next_.max_charge,
            ),
        )
    if asset != QUOTE:
        raise AssetNotCash(asset=asset)
    if next_.fee > amount:
        raise FeeAboveCash(fee=next_.fee, cash=amount)
    to = next_.account or Account(owner=ZERO_ADDRESS)
    return send_parcel(ledger, account=account, venue=next_.chain, to=to, cash=Wad(amount - next_.fee), fee=next_.fee)
