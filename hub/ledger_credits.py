"""What comes in at the hub: deposits and parcels, credited once each, or waiting whole until a check lets them through.

That a message is proven and delivered once is the Inbox's; here a delivered message always leaves a trace: a credit, or
a waiting one that anyone can retry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from bridge.messages import Deposit, Item, Kind, Next, Parcel, Release, decode
from bridge.types import QUOTE, ZERO_ADDRESS, Account, Address, AssetId, ChainId, LeafIndex, NextMode, Wad
from hub.errors import (
    BodyMalformed,
    CallerNotVault,
    DepositRefused,
    KindUnexpected,
    MessageSenderUnknown,
    NotWaiting,
    Refused,
    StillWaiting,
)
from hub.ledger_sends import forward, quote_deposit
from hub.ledger_state import Ledger, Step, credit
from hub.steps import Credited, Stayed, WaitReason, Waits, put


def deliver(
    ledger: Ledger, *, source: ChainId, first: LeafIndex, items: Sequence[Item], payee: Account, time: int
) -> Step:
    """Take proven messages in order; raises as a whole if one is of no sender or no form that honest chains have."""
    step = Step(ledger=ledger)
    for offset, item in enumerate(items):
        index = LeafIndex(first + offset)
        step = step.then(_take_or_keep(step.ledger, source=source, index=index, item=item, payee=payee, time=time))
    return step


def retry(
    ledger: Ledger, *, source: ChainId, index: LeafIndex, sender: Address, body: bytes, payee: Account, time: int
) -> Step:
    """Credit a waiting message whole, its fee to `payee`; raises NotWaiting or StillWaiting."""
    if ledger.waiting.get((source, index)) != (sender, body):
        raise NotWaiting(source=source, index=index)
    freed = replace(ledger, waiting={key: kept for key, kept in ledger.waiting.items() if key != (source, index)})
    step, reason = _take(freed, source=source, index=index, sender=sender, body=body, payee=payee, time=time)
    if reason is not WaitReason.NONE:
        raise StillWaiting(source=source, index=index, reason=reason)
    return step


def take_local(ledger: Ledger, *, index: LeafIndex, sender: Address, deposit: Deposit, time: int) -> Step:
    """Credit a deposit that the hub chain's own vault hands over, or refuse it; its fee is the account's own."""
    local = ledger.peers.get(ledger.chain)
    if local is None or sender != local.vault:
        raise CallerNotVault(caller=sender)
    step, reason = _take(
        ledger,
        source=ledger.chain,
        index=index,
        sender=sender,
        body=deposit.encode(),
        payee=deposit.account,
        time=time,
    )
    if reason is not WaitReason.NONE:
        raise DepositRefused(reason=reason)
    return step


def _take_or_keep(ledger: Ledger, *, source: ChainId, index: LeafIndex, item: Item, payee: Account, time: int) -> Step:
    step, reason = _take(ledger, source=source, index=index, sender=item.sender, body=item.body, payee=payee, time=time)
    if reason is WaitReason.NONE:
        return step
    kept = replace(ledger, waiting=put(ledger.waiting, (source, index), (item.sender, item.body)))
    return Step(ledger=kept, effects=(Waits(source=source, index=index, reason=reason),))


def _take(
    ledger: Ledger, *, source: ChainId, index: LeafIndex, sender: Address, body: bytes, payee: Account, time: int
) -> tuple[Step, WaitReason]:
    """Return the step that credits the message, or the reason why it waits beside the unchanged ledger."""
    message = decode(body)
    peer = ledger.peers.get(source)
    match message:
        case Deposit():
            expected = peer.vault if peer else None
        case Parcel():
            expected = peer.venue if peer else None
        case Release():
            raise KindUnexpected(kind=Kind.RELEASE, expected=Kind.DEPOSIT)
        case _:  # pragma: no cover
            assert_never(message)
    if sender != expected or sender == ZERO_ADDRESS:
        raise MessageSenderUnknown(source=source, sender=sender)
    if isinstance(message, Parcel):
        return _take_parcel(ledger, source=source, index=index, parcel=message, payee=payee)
    return _take_deposit(ledger, source=source, index=index, deposit=message, payee=payee, time=time)


def _take_parcel(
    ledger: Ledger, *, source: ChainId, index: LeafIndex, parcel: Parcel, payee: Account
) -> tuple[Step, WaitReason]:
    if parcel.key != ZERO_ADDRESS:
        raise BodyMalformed(source=source, index=index)
    left = ledger.venue_cash.get(source, 0) - parcel.cash - parcel.fee
    reason = _parcel_refusal(parcel, left)
    if reason is not WaitReason.NONE:
        return Step(ledger=ledger), reason
    stands = replace(ledger, venue_cash=put(ledger.venue_cash, source, Wad(left)))
    stands = credit(stands, parcel.account, QUOTE, parcel.cash)
    stands = credit(stands, payee, QUOTE, parcel.fee)
    step = Step(ledger=stands, effects=(Credited(source=source, index=index),))
    return step.then(
        _do_next(
            stands,
            source=source,
            index=index,
            account=parcel.account,
            asset=QUOTE,
            amount=parcel.cash,
            next_=parcel.next,
        )
    ), reason


def _parcel_refusal(parcel: Parcel, left: int) -> WaitReason:
    """An unknown instrument has no value that could be counted, and no place borrows yet: such a parcel waits."""
    if parcel.cash < 0:
        return WaitReason.CASH_NEGATIVE
    if parcel.legs:
        return WaitReason.LEGS_NOT_LISTED
    return WaitReason.VENUE_SHORT if left < 0 else WaitReason.NONE


def _take_deposit(
    ledger: Ledger, *, source: ChainId, index: LeafIndex, deposit: Deposit, payee: Account, time: int
) -> tuple[Step, WaitReason]:
    asset, account = deposit.asset, deposit.account
    if (source, asset) not in ledger.reserves:
        return Step(ledger=ledger), WaitReason.ASSET_NOT_LISTED
    is_placed = deposit.next.mode is NextMode.PLACED
    if is_placed and (asset != QUOTE or ledger.peers[source].venue == ZERO_ADDRESS):
        raise BodyMalformed(source=source, index=index)
    quote = quote_deposit(ledger, asset=asset, chain=source, amount=deposit.amount, time=time)
    if quote.reason is not WaitReason.NONE:
        return Step(ledger=ledger), quote.reason
    amount = Wad(deposit.amount - deposit.fee)
    reserve = ledger.reserves[source, asset].with_deposit(amount=deposit.amount, time=time)
    stands = replace(
        ledger,
        reserves=put(ledger.reserves, (source, asset), reserve),
        pot=put(ledger.pot, asset, Wad(ledger.pot.get(asset, 0) - quote.reward)),
    )
    if is_placed:
        total = Wad(stands.venue_cash.get(source, 0) + amount)
        stands = replace(stands, venue_cash=put(stands.venue_cash, source, total))
    else:
        stands = credit(stands, account, asset, amount)
    stands = credit(credit(stands, account, asset, quote.reward), payee, asset, deposit.fee)
    step = Step(ledger=stands, effects=(Credited(source=source, index=index, reward=quote.reward),))
    return step.then(
        _do_next(stands, source=source, index=index, account=account, asset=asset, amount=amount, next_=deposit.next)
    ), WaitReason.NONE


def _do_next(
    ledger: Ledger, *, source: ChainId, index: LeafIndex, account: Account, asset: AssetId, amount: Wad, next_: Next
) -> Step:
    """What fails a check stays the account's at the hub, and nothing else changes."""
    if next_.mode in {NextMode.STAY, NextMode.PLACED}:
        return Step(ledger=ledger)
    try:
        return forward(ledger, account=account, asset=asset, amount=amount, next_=next_)
    except Refused as refused:
        stayed = Stayed(source=source, index=index, reason=type(refused).__name__)
        return Step(ledger=ledger, effects=(stayed,))
