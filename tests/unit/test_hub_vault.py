"""A vault's books: what it takes in, pays out at once, keeps as claims, and lets go later."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.messages import PLACED, STAY, Deposit, Item, Parcel, Release
from bridge.types import QUOTE, ZERO_ADDRESS, Account, Address, AssetId, ChainId, Wad
from hub import vault
from hub.errors import (
    AccountWithoutOwner,
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
from hub.fees import Flow
from hub.steps import NOBODY, Direct, Kept, Outgoing, Placed, Pushed
from hub.vault import Holding, Vault, VaultStep
from tests.support.hub_world import (
    ALPHA,
    COIN,
    HUB,
    HUB_ADDRESS,
    NOW,
    PAYER,
    RELAYER,
    THIEF,
    TRADER,
    WAD,
    new_vault,
    vault_of,
    wads,
)

UNKNOWN = AssetId(99)
PAID = Release(account=TRADER, asset=QUOTE, to=PAYER.owner, amount=wads(4), fee=wads(1))


def taken(
    held: Vault,
    received: int = 10 * WAD,
    *,
    account: Account = TRADER,
    asset: AssetId = QUOTE,
    fee: int = 0,
    is_placed: bool = False,
    time: int = NOW,
) -> VaultStep:
    next_ = PLACED if is_placed else STAY
    return vault.deposit(held, asset=asset, received=received, account=account, fee=Wad(fee), next_=next_, time=time)


def released(held: Vault, *bodies: Release, time: int = NOW, refused: vault.Refusals = vault.NO_ONE) -> VaultStep:
    items = [Item(sender=HUB_ADDRESS, recipient=vault_of(ALPHA), body=body.encode()) for body in bodies]
    return vault.deliver(held, source=HUB, items=items, payee=RELAYER, time=time, refused=refused)


def full(amount: int = 10, **given: int) -> Vault:
    """Return a vault whose deposits are old."""
    held = Holding(held=wads(amount), outflow=Flow(since=NOW))
    return replace(new_vault(**given), holdings={QUOTE: held, COIN: held})  # type: ignore[arg-type]


def claimed(held: Vault, *, to: Address = PAYER.owner) -> int:
    return held.claims.get((TRADER, to, QUOTE), 0)


def test_deposit__six_decimals__counts_in_wads_and_tells_the_hub() -> None:
    step = taken(new_vault(decimals=6), 3_000_000, fee=WAD)
    body = Deposit(account=TRADER, asset=QUOTE, amount=wads(3), fee=wads(1))
    assert step.effects == (Outgoing(destination=HUB, recipient=HUB_ADDRESS, body=body),)
    assert step.vault.holding(QUOTE) == Holding(held=wads(3), outflow=Flow(net=-3 * WAD, since=NOW))


def test_deposit__placed__gives_the_venue_the_amount_less_the_fee() -> None:
    placed, sent = taken(new_vault(), fee=WAD, is_placed=True).effects
    assert placed == Placed(account=TRADER, cash=wads(9))
    assert isinstance(sent, Outgoing)


def test_deposit__beyond_a_limit_or_unusable__is_refused() -> None:
    held = new_vault(ceiling=wads(15))
    with pytest.raises(AssetUnknown):
        taken(held, asset=UNKNOWN)
    with pytest.raises(AccountWithoutOwner):
        taken(held, account=NOBODY)
    with pytest.raises(NotPlaceable):
        taken(held, asset=COIN, is_placed=True)
    with pytest.raises(NotPlaceable):
        taken(new_vault(has_venue=False), is_placed=True)
    for received in (0, 1 << 104):
        with pytest.raises(DepositUnusable):
            taken(held, received)
    with pytest.raises(DepositTooLarge):
        taken(held, 16 * WAD)
    with pytest.raises(FeeAboveAmount):
        taken(held, fee=10 * WAD + 1)
    with pytest.raises(CeilingReached):
        taken(taken(held).vault, 5 * WAD + 1)
    assert taken(taken(held).vault, 5 * WAD).vault.holding(QUOTE).held == wads(15)


def test_release__within_the_budget__is_pushed_and_the_fee_to_the_payees_owner() -> None:
    step = released(full(), PAID)
    assert step.effects == (
        Pushed(asset=QUOTE, to=PAYER.owner, amount=wads(4)),
        Pushed(asset=QUOTE, to=RELAYER.owner, amount=wads(1)),
    )
    assert step.vault.holding(QUOTE) == Holding(held=wads(5), outflow=Flow(net=5 * WAD, since=NOW))


def test_release__fees_of_one_asset_in_a_row__are_one_payment() -> None:
    step = released(full(100), PAID, PAID, replace(PAID, asset=COIN), replace(PAID, fee=Wad(0)))
    fees = [effect for effect in step.effects if isinstance(effect, Pushed) and effect.to == RELAYER.owner]
    assert fees == [
        Pushed(asset=QUOTE, to=RELAYER.owner, amount=wads(2)),
        Pushed(asset=COIN, to=RELAYER.owner, amount=wads(1)),
    ]


def test_release__finer_than_the_token__is_rounded_down() -> None:
    fine = replace(PAID, amount=Wad(10**12 + 1), fee=Wad(2 * 10**12 - 1))
    step = released(full(decimals=6), fine)
    assert [effect.amount for effect in step.effects if isinstance(effect, Pushed)] == [10**12, 10**12]


def test_release__beyond_the_budget__becomes_a_claim_that_time_lets_go() -> None:
    held = full(10, bps=2_500, floor=1)
    step = released(held, replace(PAID, fee=Wad(0)))
    assert step.effects == (Kept(account=TRADER, asset=QUOTE, to=PAYER.owner, amount=wads(4)),)
    assert step.vault.holding(QUOTE) == Holding(held=wads(6), owed=wads(4), outflow=Flow(since=NOW))
    part = retried(step.vault)
    assert part.effects == (Pushed(asset=QUOTE, to=PAYER.owner, amount=Wad(25 * WAD // 10)),)
    with pytest.raises(OutflowLimited):
        retried(part.vault)
    rest = retried(part.vault, time=NOW + 3_600)
    assert claimed(rest.vault) == 0
    assert rest.vault.holding(QUOTE).live() == wads(6)
    with pytest.raises(NothingClaimable):
        retried(rest.vault)


def test_release__right_after_a_deposit__uses_its_credit_first() -> None:
    held = full(10, bps=0, floor=1)
    assert released(taken(held, 5 * WAD).vault, PAID).vault.holding(QUOTE).owed == 0
    assert released(held, PAID).vault.holding(QUOTE).owed == wads(5)


def test_release__that_the_token_refuses__becomes_a_claim_and_uses_no_budget() -> None:
    no = frozenset({(QUOTE, PAYER.owner)})
    step = released(full(), PAID, refused=no)
    assert step.effects == (
        Kept(account=TRADER, asset=QUOTE, to=PAYER.owner, amount=wads(4)),
        Pushed(asset=QUOTE, to=RELAYER.owner, amount=wads(1)),
    )
    assert step.vault.holding(QUOTE).outflow == Flow(net=WAD, since=NOW)
    with pytest.raises(TransferRefused):
        retried(step.vault, refused=no)
    assert claimed(retried(step.vault).vault) == 0


def test_release__beyond_what_is_held__is_refused_with_the_fees_before_it() -> None:
    with pytest.raises(HoldingShort):
        released(full(9), PAID, PAID)
    assert released(full(10), PAID, PAID).vault.holding(QUOTE).live() == 0


@pytest.mark.parametrize(
    ("source", "sender", "body", "error"),
    [
        (ALPHA, HUB_ADDRESS, PAID, MessageSenderUnknown),
        (HUB, THIEF.owner, PAID, MessageSenderUnknown),
        (HUB, HUB_ADDRESS, Parcel(account=TRADER, cash=wads(1)), KindUnexpected),
        (HUB, HUB_ADDRESS, replace(PAID, asset=UNKNOWN), AssetUnknown),
    ],
)
def test_message__that_no_honest_hub_sends__is_refused(
    source: ChainId, sender: Address, body: Release | Parcel, error: type[Exception]
) -> None:
    items = [Item(sender=sender, recipient=vault_of(ALPHA), body=body.encode())]
    with pytest.raises(error):
        vault.deliver(full(), source=source, items=items, payee=RELAYER, time=NOW)


def test_claim__redirected_by_receiver_or_owner__goes_whole_to_the_new_address() -> None:
    held = released(full(), PAID, refused=frozenset({(QUOTE, PAYER.owner)})).vault
    for caller in (
        Direct(sender=PAYER.owner),
        Direct(sender=PAYER.owner, is_contract=True),
        Direct(sender=TRADER.owner),
    ):
        moved = redirected(held, caller).vault
        assert (claimed(moved), claimed(moved, to=RELAYER.owner)) == (0, wads(4))
    at_home = replace(held, chain=HUB)
    redirected(at_home, Direct(sender=TRADER.owner, is_contract=True))


def test_claim__redirected_by_a_stranger_or_the_owners_twin__is_refused() -> None:
    held = released(full(), PAID, refused=frozenset({(QUOTE, PAYER.owner)})).vault
    for caller in (Direct(sender=THIEF.owner), Direct(sender=TRADER.owner, is_contract=True)):
        with pytest.raises(NotAuthorised):
            redirected(held, caller)
    with pytest.raises(NothingClaimable):
        redirected(held, Direct(sender=PAYER.owner), new_to=ZERO_ADDRESS)
    with pytest.raises(NothingClaimable):
        redirected(full(), Direct(sender=PAYER.owner))


def retried(held: Vault, *, time: int = NOW, refused: vault.Refusals = vault.NO_ONE) -> VaultStep:
    return vault.retry_claim(held, account=TRADER, to=PAYER.owner, asset=QUOTE, time=time, refused=refused)


def redirected(held: Vault, caller: Direct, *, new_to: Address = RELAYER.owner) -> VaultStep:
    return vault.redirect_claim(held, caller=caller, account=TRADER, to=PAYER.owner, asset=QUOTE, new_to=new_to)
