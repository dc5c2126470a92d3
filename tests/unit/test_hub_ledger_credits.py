"""What comes in at the hub: credited whole, once, or waiting with a reason; what it asks for next may fail alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.messages import PLACED, STAY, Deposit, Item, Leg, Parcel, Release
from bridge.types import QUOTE, ZERO_ADDRESS, Address, AssetId, ChainId, InstrumentId, LeafIndex, Wad
from hub import ledger
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
from hub.fees import Curve
from hub.ledger import Ledger
from hub.steps import NOBODY, Credited, Direct, Entry, Stayed, WaitReason, Waits
from tests.support.hub_world import (
    ALPHA,
    BETA,
    COIN,
    HUB,
    HUB_ADDRESS,
    KEY,
    NOW,
    NOWHERE,
    PAYER,
    PLAIN,
    RELAYER,
    TRADER,
    WAD,
    deposited,
    forward_to,
    left,
    new_hub,
    received,
    release_to,
    reserve_config,
    vault_of,
    venue_of,
    wads,
    with_cash,
)

TEN = Deposit(account=TRADER, asset=QUOTE, amount=wads(10), fee=wads(1))


def waits(step: ledger.Step) -> list[WaitReason]:
    return [effect.reason for effect in step.effects if isinstance(effect, Waits)]


def test_deposit__quote_asset__is_cash_less_the_fee_which_the_deliverer_gets() -> None:
    step = deposited(new_hub(), TEN)
    assert step.effects == (Credited(source=ALPHA, index=LeafIndex(0)),)
    assert step.ledger.cash == {TRADER: wads(9), RELAYER: wads(1)}
    assert step.ledger.reserves[ALPHA, QUOTE].amount == wads(10)
    assert step.ledger.claims(QUOTE) == wads(10)


def test_deposit__other_asset__is_collateral_and_its_fee_too() -> None:
    made = deposited(new_hub(), replace(TEN, asset=COIN)).ledger
    assert made.collateral == {(TRADER, COIN): wads(9), (RELAYER, COIN): wads(1)}
    assert made.claims(COIN) == made.reserves[ALPHA, COIN].amount == wads(10)
    assert made.claims(QUOTE) == 0


def test_deposit__placed__is_the_venues_sum_and_no_cash_here() -> None:
    made = deposited(new_hub(), replace(TEN, next=PLACED)).ledger
    assert made.venue_cash == {ALPHA: wads(9)}
    assert made.balance(TRADER, QUOTE) == 0
    assert made.claims(QUOTE) == made.reserves[ALPHA, QUOTE].amount


@pytest.mark.parametrize(("source", "asset"), [(PLAIN, QUOTE), (ALPHA, COIN)])
def test_deposit__placed_where_nothing_can_be__is_what_no_honest_vault_sends(source: ChainId, asset: AssetId) -> None:
    with pytest.raises(BodyMalformed):
        deposited(new_hub(), replace(TEN, asset=asset, next=PLACED), source=source)


def test_deposit__beyond_ceiling__waits_whole_until_there_is_room() -> None:
    held = new_hub(alpha=reserve_config(ceiling=wads(15)))
    held = deposited(held, TEN).ledger
    step = deposited(held, TEN, index=1)
    assert waits(step) == [WaitReason.CEILING_REACHED]
    assert replace(step.ledger, waiting={}) == held
    with pytest.raises(StillWaiting):
        retried(step.ledger)
    wider = ledger.set_reserve(step.ledger, chain=ALPHA, asset=QUOTE, config=reserve_config(ceiling=wads(20))).ledger
    stands = retried(wider).ledger
    assert stands.cash == {TRADER: wads(18), RELAYER: wads(1), PAYER: wads(1)}
    with pytest.raises(NotWaiting):
        retried(stands)


def test_retry__other_bytes_or_sender__is_not_what_waits() -> None:
    held = deposited(new_hub(alpha=reserve_config(ceiling=wads(1))), TEN).ledger
    for sender, body in ((venue_of(ALPHA), TEN.encode()), (vault_of(ALPHA), TEN.encode() + b"\0")):
        with pytest.raises(NotWaiting):
            ledger.retry(held, source=ALPHA, index=LeafIndex(0), sender=sender, body=body, payee=RELAYER, time=NOW)


def test_deposit__faster_than_the_inflow_rate__waits_and_time_lets_it_in() -> None:
    held = new_hub(alpha=reserve_config(burst=wads(15), rate=Wad(WAD // 10)))
    held = deposited(held, TEN).ledger
    assert waits(deposited(held, TEN, index=1, time=NOW + 49)) == [WaitReason.INFLOW_LIMITED]
    assert waits(deposited(held, TEN, index=1, time=NOW + 50)) == []


def test_deposit__after_a_withdrawal_on_the_same_chain__finds_the_burst_given_back() -> None:
    held = new_hub(alpha=reserve_config(burst=wads(15)))
    held = deposited(held, TEN).ledger
    wanted = ledger.Withdrawal(asset=QUOTE, amount=wads(5), chain=ALPHA, to=TRADER.owner, fee=Wad(0), max_charge=Wad(0))
    paid = ledger.withdraw(held, caller=Direct(sender=TRADER.owner), account=TRADER, withdrawal=wanted, time=NOW).ledger
    assert waits(deposited(held, TEN, index=1)) == [WaitReason.INFLOW_LIMITED]
    assert waits(deposited(paid, TEN, index=1)) == []


def test_deposit__unlisted_asset_or_chain__waits_or_is_refused() -> None:
    odd = replace(TEN, asset=AssetId(99))
    assert waits(deposited(new_hub(), odd)) == [WaitReason.ASSET_NOT_LISTED]
    with pytest.raises(MessageSenderUnknown):
        deposited(new_hub(), TEN, source=NOWHERE)


def test_deposit__onto_a_scarce_reserve__earns_what_the_pot_has() -> None:
    scarce = new_hub(alpha=reserve_config(curve=Curve(target=wads(1_000), ppm=100_000)))
    full = replace(scarce, pot={QUOTE: wads(1)})
    rich = replace(scarce, pot={QUOTE: wads(1_000)})
    fall = 100_000 * (1_000**2 - 990**2) * WAD // (2 * 1_000 * 1_000_000)
    for held, reward in ((scarce, 0), (full, min(fall, WAD)), (rich, fall)):
        quote = ledger.quote_deposit(held, asset=QUOTE, chain=ALPHA, amount=wads(10), time=NOW)
        step = deposited(held, TEN)
        assert step.effects == (Credited(source=ALPHA, index=LeafIndex(0), reward=Wad(reward)),)
        assert quote.reward == reward
        assert step.ledger.cash[TRADER] == wads(9) + reward
        assert step.ledger.pot[QUOTE] == held.pot.get(QUOTE, 0) - reward


@pytest.mark.parametrize(("chain", "is_sent"), [(BETA, True), (PLAIN, False), (NOWHERE, False)])
def test_deposit__forwarded__goes_on_or_stays_the_accounts(chain: ChainId, *, is_sent: bool) -> None:
    step = deposited(new_hub(), replace(TEN, next=forward_to(chain, PAYER, fee=2 * WAD)))
    if is_sent:
        (sent,) = left(step.effects)
        assert sent.body == Parcel(account=PAYER, cash=wads(7), fee=wads(2))
        assert step.ledger.venue_cash == {BETA: wads(9)}
        assert step.ledger.balance(TRADER, QUOTE) == 0
    else:
        assert step.effects[1:] == (Stayed(source=ALPHA, index=LeafIndex(0), reason="VenueUnknown"),)
        assert step.ledger.balance(TRADER, QUOTE) == wads(9)
    assert step.ledger.claims(QUOTE) == wads(10)


@pytest.mark.parametrize(
    ("deposit", "reason"),
    [
        (replace(TEN, next=forward_to(BETA, fee=10 * WAD)), "FeeAboveCash"),
        (replace(TEN, asset=COIN, next=forward_to(BETA)), "AssetNotCash"),
        (replace(TEN, next=forward_to(BETA, NOBODY)), "AccountWithoutOwner"),
        (replace(TEN, next=release_to(BETA)), "ReserveShort"),
        (replace(TEN, next=release_to(ALPHA, ZERO_ADDRESS)), "ReceiverZero"),
        (replace(TEN, next=release_to(ALPHA, fee=9 * WAD)), "AmountTooSmall"),
        (replace(TEN, next=release_to(NOWHERE)), "ReserveUnknown"),
    ],
)
def test_deposit__next_step_fails_a_check__stays_and_nothing_else_changes(deposit: Deposit, reason: str) -> None:
    plain = deposited(new_hub(), replace(deposit, next=STAY)).ledger
    step = deposited(new_hub(), deposit)
    assert step.effects[1:] == (Stayed(source=ALPHA, index=LeafIndex(0), reason=reason),)
    assert step.ledger == plain


def test_deposit__released_on_its_own_chain__leaves_as_tokens() -> None:
    step = deposited(new_hub(), replace(TEN, next=release_to(ALPHA, fee=WAD)))
    (sent,) = left(step.effects)
    assert sent.body == Release(account=TRADER, asset=QUOTE, to=TRADER.owner, amount=wads(8), fee=wads(1))
    assert step.ledger.reserves[ALPHA, QUOTE].amount == step.ledger.claims(QUOTE) == wads(1)


def test_parcel__covered_by_the_venues_sum__is_credited_and_lowers_it() -> None:
    held = replace(new_hub(), venue_cash={ALPHA: wads(10)})
    step = received(held, Parcel(account=TRADER, cash=wads(7), fee=wads(3)))
    assert step.ledger.cash == {TRADER: wads(7), RELAYER: wads(3)}
    assert step.ledger.venue_cash == {ALPHA: 0}


@pytest.mark.parametrize(
    ("parcel", "reason"),
    [
        (Parcel(account=TRADER, cash=wads(7), fee=Wad(3 * WAD + 1)), WaitReason.VENUE_SHORT),
        (Parcel(account=TRADER, cash=Wad(-1)), WaitReason.CASH_NEGATIVE),
        (
            Parcel(account=TRADER, cash=wads(1), legs=(Leg(instrument=InstrumentId(3), base=-5),)),
            WaitReason.LEGS_NOT_LISTED,
        ),
    ],
)
def test_parcel__beyond_the_sum_or_without_a_value__waits_whole(parcel: Parcel, reason: WaitReason) -> None:
    held = replace(new_hub(), venue_cash={ALPHA: wads(10)})
    step = received(held, parcel)
    assert waits(step) == [reason]
    assert replace(step.ledger, waiting={}) == held


def test_parcel__waiting_for_a_placed_deposit__stands_once_that_came() -> None:
    parcel = Parcel(account=TRADER, cash=wads(9))
    held = received(new_hub(), parcel, index=1).ledger
    held = deposited(held, replace(TEN, next=PLACED)).ledger
    step = ledger.retry(
        held,
        source=ALPHA,
        index=LeafIndex(1),
        sender=venue_of(ALPHA),
        body=parcel.encode(),
        payee=RELAYER,
        time=NOW,
    )
    assert step.ledger.balance(TRADER, QUOTE) == wads(9)
    assert not step.ledger.waiting


def test_parcel__with_a_key__is_what_no_honest_venue_sends() -> None:
    held = replace(new_hub(), venue_cash={ALPHA: wads(10)})
    with pytest.raises(BodyMalformed):
        received(held, Parcel(account=TRADER, cash=wads(1), key=KEY.owner, key_epoch=1))


def test_parcel__to_an_entered_venue__brings_its_key() -> None:
    held = with_cash(new_hub(), 10)
    held = replace(held, entered={(PAYER, BETA): Entry(key=KEY.owner, epoch=4)})
    step = deposited(held, replace(TEN, next=forward_to(BETA, PAYER)), index=5)
    (sent,) = left(step.effects)
    assert sent.body == Parcel(account=PAYER, cash=wads(9), key=KEY.owner, key_epoch=4)


@pytest.mark.parametrize(
    ("body", "sender"),
    [
        (TEN, venue_of(ALPHA)),
        (TEN, vault_of(BETA)),
        (TEN, ZERO_ADDRESS),
        (Parcel(account=TRADER, cash=wads(1)), vault_of(ALPHA)),
        (Parcel(account=TRADER, cash=wads(1)), venue_of(BETA)),
    ],
)
def test_message__not_from_the_contract_that_may_send_it__is_refused(body: Deposit | Parcel, sender: Address) -> None:
    odd = Item(sender=sender, recipient=HUB_ADDRESS, body=body.encode())
    assert_refused(new_hub(), odd, MessageSenderUnknown)


def test_message__release_to_the_hub__is_of_no_kind_that_comes_here() -> None:
    body = Release(account=TRADER, asset=QUOTE, to=TRADER.owner, amount=wads(1)).encode()
    assert_refused(new_hub(), Item(sender=vault_of(ALPHA), recipient=HUB_ADDRESS, body=body), KindUnexpected)


def test_local_deposit__from_the_hubs_own_vault__is_credited_with_its_fee_or_refused() -> None:
    held = new_hub(hub=reserve_config(ceiling=wads(15)))
    index = LeafIndex(0)
    step = ledger.take_local(held, index=index, sender=vault_of(HUB), deposit=TEN, time=NOW)
    assert step.ledger.cash == {TRADER: wads(10)}
    with pytest.raises(DepositRefused) as refusal:
        ledger.take_local(step.ledger, index=LeafIndex(1), sender=vault_of(HUB), deposit=TEN, time=NOW)
    assert refusal.value.reason == WaitReason.CEILING_REACHED
    with pytest.raises(CallerNotVault):
        ledger.take_local(held, index=index, sender=vault_of(ALPHA), deposit=TEN, time=NOW)
    with pytest.raises(CallerNotVault):
        ledger.take_local(replace(held, peers={}), index=index, sender=vault_of(HUB), deposit=TEN, time=NOW)


def test_credits__in_either_order__leave_the_same_balances() -> None:
    first, second = TEN, Deposit(account=PAYER, asset=QUOTE, amount=wads(3), next=PLACED)
    one = deposited(deposited(new_hub(), first).ledger, second, index=1).ledger
    other = deposited(deposited(new_hub(), second, index=1).ledger, first).ledger
    assert one == other


def retried(held: Ledger) -> ledger.Step:
    """Retry deposit 1 of ten from alpha."""
    return ledger.retry(
        held,
        source=ALPHA,
        index=LeafIndex(1),
        sender=vault_of(ALPHA),
        body=TEN.encode(),
        payee=PAYER,
        time=NOW,
    )


def assert_refused(held: Ledger, odd: Item, error: type[Refused]) -> None:
    with pytest.raises(error):
        ledger.deliver(held, source=ALPHA, first=LeafIndex(0), items=[odd], payee=RELAYER, time=NOW)
