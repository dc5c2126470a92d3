"""A venue's cash: who acts, which key holds, and what only a dishonest hub would send."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.messages import STAY, Deposit, Item, Leg, Parcel
from bridge.types import QUOTE, ZERO_ADDRESS, Account, Address, ChainId, InstrumentId, LeafIndex, Wad
from hub import venue
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
from hub.steps import NOBODY, Caller, Direct, Entry, Placed, Signed
from hub.venue import Venue
from tests.support.hub_world import (
    ALPHA,
    BETA,
    HUB,
    HUB_ADDRESS,
    KEY,
    NOW,
    PAYER,
    RELAYER,
    THIEF,
    TRADER,
    WAD,
    forward_to,
    left,
    new_venue,
    release_to,
    vault_of,
    venue_of,
    wads,
)

OWNER = Direct(sender=TRADER.owner)
HELD = replace(new_venue(), cash={TRADER: wads(10)})


def delivered(held: Venue, body: Parcel | Deposit, *, source: ChainId = HUB, sender: Address = HUB_ADDRESS) -> Venue:
    items = [Item(sender=sender, recipient=venue_of(ALPHA), body=body.encode())]
    return venue.deliver(held, source=source, first=LeafIndex(3), items=items, payee=RELAYER).venue


def signed(signer: Address = TRADER.owner, *, nonce: int = 1, deadline: int = NOW, tip: int = 0) -> Signed:
    return Signed(signer=signer, nonce=nonce, deadline=deadline, tip=Wad(tip), payee=PAYER)


def sent(held: Venue, caller: Caller = OWNER, *, cash: int = 4, account: Account = TRADER) -> venue.VenueStep:
    return venue.send(held, caller=caller, account=account, cash=wads(cash), fee=wads(1), next_=STAY, time=NOW)


def test_parcel__from_the_hub__is_cash_and_its_fee_the_deliverers() -> None:
    made = delivered(new_venue(), Parcel(account=TRADER, cash=wads(7), fee=wads(1)))
    assert made.cash == {TRADER: wads(7), RELAYER: wads(1)}
    assert made.keys == {}


def test_parcel__with_a_key__replaces_only_an_older_one() -> None:
    old, new = (Parcel(account=TRADER, cash=Wad(0), key=key.owner, key_epoch=n) for n, key in ((3, KEY), (5, PAYER)))
    made = delivered(delivered(new_venue(), new), old)
    assert made.keys == {TRADER: Entry(key=PAYER.owner, epoch=5)}
    assert delivered(delivered(new_venue(), old), new) == made


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (Parcel(account=TRADER, cash=wads(1), next=forward_to(BETA)), BodyMalformed),
        (Deposit(account=TRADER, asset=QUOTE, amount=wads(1)), KindUnexpected),
        (Parcel(account=TRADER, cash=Wad(-1)), CashNegative),
        (Parcel(account=TRADER, cash=wads(1), legs=(Leg(instrument=InstrumentId(1), base=1),)), LegsNotListed),
    ],
)
def test_parcel__that_no_honest_hub_sends__is_refused(body: Parcel | Deposit, error: type[Exception]) -> None:
    with pytest.raises(error):
        delivered(new_venue(), body)


@pytest.mark.parametrize(("source", "sender"), [(BETA, HUB_ADDRESS), (HUB, THIEF.owner)])
def test_parcel__not_from_the_hub__is_refused(source: ChainId, sender: Address) -> None:
    with pytest.raises(MessageSenderUnknown):
        delivered(new_venue(), Parcel(account=TRADER, cash=wads(1)), source=source, sender=sender)


def test_placed_deposit__from_the_chains_vault_only__is_cash() -> None:
    placed = Placed(account=TRADER, cash=wads(2))
    assert venue.credit_deposit(HELD, caller=vault_of(ALPHA), placed=placed).venue.cash == {TRADER: wads(12)}
    with pytest.raises(CallerNotVault):
        venue.credit_deposit(HELD, caller=vault_of(BETA), placed=placed)


@pytest.mark.parametrize("caller", [OWNER, signed(), Direct(sender=KEY.owner), signed(KEY.owner)])
def test_send__by_owner_or_named_key__takes_cash_and_fee_before_the_parcel_leaves(caller: Caller) -> None:
    step = sent(replace(HELD, keys={TRADER: Entry(key=KEY.owner, epoch=1)}), caller)
    (message,) = left(step.effects)
    assert (message.destination, message.recipient) == (HUB, HUB_ADDRESS)
    assert message.body == Parcel(account=TRADER, cash=wads(4), fee=wads(1))
    assert step.venue.cash == {TRADER: wads(5)}


def test_send__by_the_named_key__goes_anywhere_with_any_tip() -> None:
    held = replace(HELD, keys={TRADER: Entry(key=KEY.owner, epoch=1)})
    for next_ in (release_to(ALPHA, KEY.owner), forward_to(BETA, KEY)):
        caller = signed(KEY.owner, tip=9 * WAD)
        made = venue.send(held, caller=caller, account=TRADER, cash=wads(1), fee=Wad(0), next_=next_, time=NOW)
        assert made.venue.cash == {TRADER: 0, PAYER: wads(9)}


@pytest.mark.parametrize(
    ("caller", "error"),
    [
        (Direct(sender=THIEF.owner), NotAuthorised),
        (Direct(sender=KEY.owner), NotAuthorised),
        (Direct(sender=TRADER.owner, is_contract=True), NotAuthorised),
        (Direct(sender=ZERO_ADDRESS), NotAuthorised),
        (signed(THIEF.owner), SignatureInvalid),
        (signed(ZERO_ADDRESS), SignatureInvalid),
        (signed(deadline=NOW - 1), IntentExpired),
        (signed(tip=6 * WAD), CashShort),
        (signed(tip=11 * WAD), CashShort),
    ],
)
def test_send__by_anyone_else_or_beyond_the_cash__is_refused(caller: Caller, error: type[Exception]) -> None:
    with pytest.raises(error):
        sent(HELD, caller)


def test_send__more_than_there_is__is_refused() -> None:
    sent(HELD, cash=9)
    with pytest.raises(CashShort):
        sent(HELD, cash=10)


def test_send__of_an_account_without_owner__is_nobodys() -> None:
    with pytest.raises(NotAuthorised):
        sent(replace(HELD, cash={NOBODY: wads(9)}), Direct(sender=ZERO_ADDRESS), account=NOBODY)


def test_intent__used__cannot_be_used_again() -> None:
    once = sent(HELD, signed()).venue
    with pytest.raises(NonceAlreadyUsed):
        sent(once, signed(), cash=1)
    sent(once, signed(nonce=2), cash=1)
