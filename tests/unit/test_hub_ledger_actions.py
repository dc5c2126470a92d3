"""What accounts do at the hub: who may, what leaves, what it costs, and every refusal beside what is allowed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.errors import FieldOutOfRange
from bridge.messages import Parcel, Release
from bridge.types import QUOTE, ZERO_ADDRESS, Account, Address, AssetId, ChainId, Wad
from hub import ledger
from hub.errors import (
    AmountTooSmall,
    BalanceShort,
    ChainAlreadyKnown,
    ChainUnknown,
    ChargeAboveMax,
    IntentExpired,
    KeyZero,
    NonceAlreadyUsed,
    NotAuthorised,
    ReserveMisconfigured,
    ReserveShort,
    ReserveUnknown,
    SessionCannot,
    SessionLossLimit,
    SignatureInvalid,
    VenueUnknown,
)
from hub.fees import Curve, charge_up
from hub.ledger import Ledger, Peer, Session, Withdrawal
from hub.steps import NOBODY, Caller, Direct, Entry, Signed, WaitReason
from tests.support.hub_world import (
    ALPHA,
    BETA,
    COIN,
    HUB,
    KEY,
    NOW,
    NOWHERE,
    PAYER,
    PLAIN,
    RELAYER,
    THIEF,
    TRADER,
    WAD,
    left,
    new_hub,
    reserve_config,
    vault_of,
    venue_of,
    wads,
    with_cash,
)

OWNER = Direct(sender=TRADER.owner)


def signed(signer: Account = TRADER, *, nonce: int = 1, deadline: int = NOW, tip: int = 0) -> Signed:
    return Signed(signer=signer.owner, nonce=nonce, deadline=deadline, tip=Wad(tip), payee=RELAYER)


def sent(
    held: Ledger, caller: Caller = OWNER, *, to: Account = TRADER, venue: ChainId = BETA, cash: int = 4, fee: int = 0
) -> ledger.Step:
    return ledger.send_parcel(
        held, caller=caller, account=TRADER, venue=venue, to=to, cash=wads(cash), fee=Wad(fee), time=NOW
    )


def wanted(amount: int = 4 * WAD, chain: ChainId = ALPHA, *, fee: int = 0, max_charge: int = 0) -> Withdrawal:
    return Withdrawal(
        asset=QUOTE,
        amount=Wad(amount),
        chain=chain,
        to=TRADER.owner,
        fee=Wad(fee),
        max_charge=Wad(max_charge),
    )


def withdrawn(held: Ledger, withdrawal: Withdrawal, caller: Caller = OWNER) -> ledger.Step:
    return ledger.withdraw(held, caller=caller, account=TRADER, withdrawal=withdrawal, time=NOW)


def test_add_peer__known_or_misshapen__is_refused() -> None:
    held = new_hub()
    for chain, peer, error in (
        (ALPHA, Peer(vault=vault_of(BETA)), ChainAlreadyKnown),
        (NOWHERE, Peer(vault=ZERO_ADDRESS, venue=venue_of(BETA)), ChainUnknown),
    ):
        with pytest.raises(error):
            ledger.add_peer(held, chain=chain, peer=peer)
    local = Peer(vault=vault_of(HUB), venue=venue_of(BETA))
    with pytest.raises(ChainUnknown):
        ledger.add_peer(Ledger(chain=HUB, address=vault_of(HUB)), chain=HUB, peer=local)
    added = ledger.add_peer(held, chain=NOWHERE, peer=Peer(vault=vault_of(NOWHERE))).ledger
    assert added.peers[NOWHERE].vault == vault_of(NOWHERE)


def test_set_reserve__what_cannot_be_meant__is_refused() -> None:
    held = new_hub()
    odd = [
        (NOWHERE, reserve_config()),
        (ALPHA, reserve_config(decimals=17)),
        (ALPHA, reserve_config(burst=wads(1))),
        (PLAIN, reserve_config(curve=Curve(target=wads(1), ppm=1_000_001))),
    ]
    for chain, config in odd:
        with pytest.raises(ReserveMisconfigured):
            ledger.set_reserve(held, chain=chain, asset=QUOTE, config=config)
    with pytest.raises(ReserveMisconfigured):
        ledger.set_reserve(held, chain=BETA, asset=COIN, config=reserve_config(decimals=19))
    with pytest.raises(FieldOutOfRange):
        reserve_config(ceiling=Wad(1 << 104))


def test_send_parcel__by_the_owner__moves_cash_to_the_venues_sum() -> None:
    step = sent(with_cash(new_hub(), 10), fee=WAD)
    (message,) = left(step.effects)
    assert (message.destination, message.recipient) == (BETA, venue_of(BETA))
    assert message.body == Parcel(account=TRADER, cash=wads(4), fee=wads(1))
    assert step.ledger.balance(TRADER, QUOTE) == wads(5)
    assert step.ledger.venue_cash == {BETA: wads(5)}


@pytest.mark.parametrize(
    ("caller", "venue", "cash", "error"),
    [
        (Direct(sender=THIEF.owner), BETA, 4, NotAuthorised),
        (OWNER, BETA, 11, BalanceShort),
        (OWNER, PLAIN, 4, VenueUnknown),
        (OWNER, NOWHERE, 4, VenueUnknown),
        (signed(THIEF), BETA, 4, SignatureInvalid),
        (signed(deadline=NOW - 1), BETA, 4, IntentExpired),
        (signed(tip=7 * WAD), BETA, 4, BalanceShort),
        (signed(NOBODY), BETA, 4, SignatureInvalid),
    ],
)
def test_send_parcel__what_a_rule_forbids__is_refused(
    caller: Caller, venue: ChainId, cash: int, error: type[Exception]
) -> None:
    with pytest.raises(error):
        sent(with_cash(new_hub(), 10), caller, venue=venue, cash=cash)


def test_intent__signed_by_the_owner__pays_its_tip_and_is_used_once() -> None:
    step = sent(with_cash(new_hub(), 10), signed(tip=WAD))
    assert step.ledger.balance(RELAYER, QUOTE) == wads(1)
    assert step.ledger.balance(TRADER, QUOTE) == wads(5)
    with pytest.raises(NonceAlreadyUsed):
        sent(step.ledger, signed(tip=WAD))
    sent(step.ledger, signed(nonce=2))


def test_intent__nonce_burnt_by_its_signer__cannot_be_used() -> None:
    held = ledger.cancel_nonce(with_cash(new_hub(), 10), caller=OWNER, nonce=1).ledger
    with pytest.raises(NonceAlreadyUsed):
        sent(held, signed())
    with pytest.raises(NonceAlreadyUsed):
        ledger.cancel_nonce(held, caller=OWNER, nonce=1)


def with_session(*, limit: int = 2 * WAD, expiry: int = NOW) -> Ledger:
    return ledger.set_session(
        with_cash(new_hub(), 10),
        caller=OWNER,
        account=TRADER,
        key=KEY.owner,
        session=Session(expiry=expiry, price_band=5, loss_limit=Wad(limit)),
        time=NOW,
    ).ledger


def test_session_key__within_its_limits__moves_cash_and_pays_out_of_the_limit() -> None:
    key = Direct(sender=KEY.owner)
    held = sent(with_session(), key, fee=WAD).ledger
    held = sent(held, signed(KEY, tip=WAD // 2), cash=1, fee=WAD // 2).ledger
    assert held.sessions[TRADER, KEY.owner].loss_limit == 0
    assert held.balance(TRADER, QUOTE) == wads(3)
    sent(held, key, cash=3)
    with pytest.raises(SessionLossLimit):
        sent(held, key, cash=1, fee=1)


def test_session_key__beyond_its_powers__is_refused() -> None:
    key, held = Direct(sender=KEY.owner), with_session()
    with pytest.raises(SessionCannot):
        sent(held, key, to=THIEF)
    with pytest.raises(NotAuthorised):
        sent(with_session(expiry=NOW - 1), key)
    with pytest.raises(NotAuthorised):
        withdrawn(held, wanted(), key)
    with pytest.raises(SessionCannot):
        withdrawn(held, wanted(), signed(KEY))
    with pytest.raises(SignatureInvalid):
        sent(with_session(expiry=0), signed(KEY))
    with pytest.raises(NotAuthorised):
        sent(with_session(expiry=0), key)


def test_session__revoked_by_owner_or_key__ends_it() -> None:
    held = with_session()
    for caller in (OWNER, Direct(sender=KEY.owner), signed()):
        ended = ledger.revoke_session(held, caller=caller, account=TRADER, key=KEY.owner, time=NOW).ledger
        assert ended.sessions == {}
    stranger = Direct(sender=THIEF.owner)
    with pytest.raises(NotAuthorised):
        ledger.revoke_session(held, caller=stranger, account=TRADER, key=KEY.owner, time=NOW)


def test_session__for_the_zero_key__is_refused() -> None:
    session = Session(expiry=NOW, price_band=0, loss_limit=Wad(0))
    with pytest.raises(KeyZero):
        ledger.set_session(new_hub(), caller=OWNER, account=TRADER, key=ZERO_ADDRESS, session=session, time=NOW)


def entered(held: Ledger, key: Address) -> ledger.Step:
    return ledger.enter_venue(held, caller=OWNER, account=TRADER, venue=BETA, key=key, fee=wads(1), time=NOW)


def test_enter_venue__each_time__sends_the_key_with_the_next_epoch() -> None:
    first = entered(with_cash(new_hub(), 10), KEY.owner)
    second = entered(first.ledger, TRADER.owner)
    assert [left(step.effects)[0].body for step in (first, second)] == [
        Parcel(account=TRADER, cash=Wad(0), fee=wads(1), key=KEY.owner, key_epoch=1),
        Parcel(account=TRADER, cash=Wad(0), fee=wads(1), key=TRADER.owner, key_epoch=2),
    ]
    assert second.ledger.entered == {(TRADER, BETA): Entry(key=TRADER.owner, epoch=2)}
    with pytest.raises(KeyZero):
        entered(second.ledger, ZERO_ADDRESS)


def test_transfer__cash_or_collateral__moves_and_never_below_zero() -> None:
    held = replace(with_cash(new_hub(), 10), collateral={(TRADER, COIN): wads(5)})
    for asset, balance in ((QUOTE, 10), (COIN, 5)):
        moved = ledger.transfer(
            held, caller=OWNER, account=TRADER, to=PAYER, asset=asset, amount=wads(balance), time=NOW
        ).ledger
        assert (moved.balance(TRADER, asset), moved.balance(PAYER, asset)) == (0, wads(balance))
        with pytest.raises(BalanceShort):
            ledger.transfer(
                held, caller=OWNER, account=TRADER, to=PAYER, asset=asset, amount=wads(balance + 1), time=NOW
            )


def test_withdraw__free_reserve__pays_amount_less_fee() -> None:
    step = withdrawn(with_cash(new_hub(), 10), wanted(fee=WAD))
    (message,) = left(step.effects)
    assert message.recipient == vault_of(ALPHA)
    assert message.body == Release(account=TRADER, asset=QUOTE, to=TRADER.owner, amount=wads(3), fee=wads(1))
    assert step.ledger.balance(TRADER, QUOTE) == step.ledger.reserves[ALPHA, QUOTE].amount == wads(6)


def test_withdraw__on_the_hubs_own_chain__has_no_fee() -> None:
    step = withdrawn(with_cash(new_hub(), 10, source=HUB), wanted(chain=HUB, fee=WAD))
    (message,) = left(step.effects)
    assert message.body == Release(account=TRADER, asset=QUOTE, to=TRADER.owner, amount=wads(4))


def test_withdraw__scarce_reserve__charges_the_rise_and_keeps_to_the_maximum() -> None:
    curve = Curve(target=wads(1_000), ppm=200_000)
    held = with_cash(new_hub(alpha=reserve_config(curve=curve)), 500)
    quote = ledger.quote_withdraw(held, asset=QUOTE, chain=ALPHA, amount=wads(100), fee=Wad(0))
    assert quote.charge == charge_up(curve, reserve=wads(500), leaving=quote.payout) > 0
    assert quote.payout + quote.charge + quote.dust == wads(100)
    with pytest.raises(ChargeAboveMax):
        withdrawn(held, wanted(100 * WAD, max_charge=quote.charge - 1))
    made = withdrawn(held, wanted(100 * WAD, max_charge=quote.charge)).ledger
    assert made.pot == {QUOTE: quote.charge}
    assert made.balance(TRADER, QUOTE) == wads(400) + quote.dust
    assert made.claims(QUOTE) == made.reserves[ALPHA, QUOTE].amount


def test_withdraw__fewer_decimals__rounds_down_and_the_dust_stays() -> None:
    held = with_cash(new_hub(alpha=reserve_config(decimals=6)), 10)
    step = withdrawn(held, wanted(4 * WAD + 10**12 - 1, fee=10**12 + 5))
    (message,) = left(step.effects)
    assert message.body == Release(
        account=TRADER, asset=QUOTE, to=TRADER.owner, amount=Wad(4 * WAD - 10**12), fee=Wad(10**12)
    )
    assert step.ledger.balance(TRADER, QUOTE) == wads(6)


@pytest.mark.parametrize(
    ("withdrawal", "error"),
    [
        (wanted(chain=NOWHERE), ReserveUnknown),
        (wanted(chain=BETA), ReserveShort),
        (wanted(1 << 104), ReserveShort),
        (wanted(WAD, fee=WAD), AmountTooSmall),
        (wanted(0), AmountTooSmall),
    ],
)
def test_withdraw__what_a_rule_forbids__is_refused(withdrawal: Withdrawal, error: type[Exception]) -> None:
    with pytest.raises(error):
        withdrawn(with_cash(new_hub(), 10), withdrawal)


def test_withdraw__more_than_the_account_has__is_refused() -> None:
    held = with_cash(with_cash(new_hub(), 10), 90, who=PAYER)
    with pytest.raises(BalanceShort):
        withdrawn(held, wanted(11 * WAD))
    withdrawn(held, wanted(10 * WAD))


def test_quote_deposit__unlisted__says_why_it_would_wait() -> None:
    quote = ledger.quote_deposit(new_hub(), asset=AssetId(99), chain=ALPHA, amount=wads(1), time=NOW)
    assert (quote.reward, quote.reason) == (0, WaitReason.ASSET_NOT_LISTED)


def test_refusal__as_text__names_the_rule_and_the_facts() -> None:
    with pytest.raises(BalanceShort) as refusal:
        sent(with_cash(new_hub(), 10), cash=11)
    text = str(refusal.value)
    assert text.startswith("BalanceShort: ")
    assert TRADER.to_bytes().hex() in text
    assert f"needed {11 * WAD}" in text
    with pytest.raises(NotAuthorised) as other:
        sent(new_hub(), Direct(sender=THIEF.owner))
    assert THIEF.owner.hex() in str(other.value)
    assert "KeyZero: " in str(KeyZero())
