"""Attacks by tokens and by starved gas: nothing is credited that did not come, nothing is lost that cannot be pushed.

Asset 1 is a hostile token on rollup A and on the hub's own chain, where vault and hub call each other directly.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import pytest

from tests.support.artifacts import load_helper
from tests.support.attack_net import (
    HUB,
    OTHER,
    OUTFLOW_WINDOW,
    QUOTE,
    ROLLUP_A,
    ROLLUP_B,
    STAY,
    WAD,
    Net,
    account_of,
    arguments,
    assert_books_balance,
    balance,
    build,
    mint,
    next_forward,
    next_release,
    person,
    refused,
)
from tests.support.local_chain import Contract, Reverted

TRADER, RELAYER, THIEF, FRIEND = person(1), person(2), person(3), person(4)
AMOUNT = 10 * WAD


@cache
def standing(token: str) -> Net:
    """Return a network whose asset 1 is that token, and where the trader has 10 of it at the hub, from rollup A."""
    net = build({chain: load_helper(token) for chain in (HUB, ROLLUP_A)})
    unit = 10 ** (18 - net.a.tokens[OTHER].read("decimals"))
    net.funded_at_hub(TRADER, AMOUNT // unit, asset=OTHER)
    return net


@contextmanager
def listed(token: str) -> Iterator[tuple[Net, Contract]]:
    """Give the network and the token on rollup A, and undo what was done."""
    with standing(token).undone() as net:
        yield net, net.a.tokens[OTHER]


def withdraw(net: Net, amount: int = AMOUNT, to: bytes = TRADER.address, fee: int = 0, chain: int = ROLLUP_A) -> None:
    given = (TRADER.account, OTHER, amount, chain, to, fee, 0)
    net.hub.clearing.send("withdraw", *given, sender=TRADER.address)


def claim_of(net: Net, to: bytes = TRADER.address) -> int:
    held: int = net.a.vault.read("claims", TRADER.account, to, OTHER)
    return held


# -- fee on transfer


@pytest.mark.parametrize("at", [ROLLUP_A, HUB])
def test_fee_on_transfer__deposit__credits_what_arrived(at: int) -> None:
    with listed("FeeOnTransferToken") as (net, _):
        held = net.hub.clearing.read("collateral", TRADER.account, OTHER)
        assert held == AMOUNT * 99 // 100
        first = len(net.lane(ROLLUP_A, HUB)[2])
        net.deposit(TRADER, AMOUNT, at, asset=OTHER)
        if at != HUB:
            net.carry(at, HUB, first)
        assert net.hub.clearing.read("collateral", TRADER.account, OTHER) == 2 * held
        assert_books_balance(net, (TRADER,), OTHER)


def test_fee_on_transfer__withdrawal__pays_out_of_its_own_share() -> None:
    with listed("FeeOnTransferToken") as (net, _):
        withdraw(net, AMOUNT * 99 // 100)
        net.carry(HUB, ROLLUP_A)
        assert balance(net, ROLLUP_A, TRADER.address, OTHER) == AMOUNT * 99 * 99 // 10_000
        assert_books_balance(net, (TRADER,), OTHER)


# -- returns nothing


def test_non_returning_token__deposit_and_withdrawal__work_to_the_unit() -> None:
    with listed("NonReturningToken") as (net, _):
        assert net.hub.clearing.read("collateral", TRADER.account, OTHER) == AMOUNT
        withdraw(net, AMOUNT - 1, fee=WAD + 5)  # neither is a whole number of the token's units
        net.carry(HUB, ROLLUP_A, payee=RELAYER.account)
        assert balance(net, ROLLUP_A, RELAYER.address, OTHER) == 10**6
        assert balance(net, ROLLUP_A, TRADER.address, OTHER) == 9 * 10**6 - 1
        assert net.hub.clearing.read("collateral", TRADER.account, OTHER) == 10**12  # dust stays credited
        assert_books_balance(net, (TRADER, RELAYER), OTHER)


def test_token_without_code__deposit__is_refused() -> None:
    with listed("NonReturningToken") as (net, _):
        refused("AssetUnknown", net.b.vault, "deposit", OTHER, WAD, TRADER.account, 0, STAY, sender=TRADER.address)


# -- blacklists


def test_blacklisted_receiver__release__becomes_a_claim_and_others_are_paid() -> None:
    with listed("BlacklistingToken") as (net, token):
        token.send("setBlacklisted", THIEF.address, True)
        withdraw(net, 4 * WAD, to=THIEF.address)
        withdraw(net, 3 * WAD, to=FRIEND.address)
        net.carry(HUB, ROLLUP_A)
        assert balance(net, ROLLUP_A, FRIEND.address, OTHER) == 3 * WAD
        assert claim_of(net, THIEF.address) == 4 * WAD
        refused("TransferRefused", net.a.vault, "retryClaim", TRADER.account, THIEF.address, OTHER)
        assert claim_of(net, THIEF.address) == 4 * WAD
        assert_books_balance(net, (TRADER,), OTHER)
        move = (TRADER.account, THIEF.address, OTHER, FRIEND.address)
        refused("NotAuthorised", net.a.vault, "redirectClaim", *move, sender=RELAYER.address)
        net.a.vault.send("redirectClaim", *move, sender=TRADER.address)
        net.a.vault.send("retryClaim", TRADER.account, FRIEND.address, OTHER)
        refused("NothingClaimable", net.a.vault, "retryClaim", TRADER.account, FRIEND.address, OTHER)
        assert balance(net, ROLLUP_A, FRIEND.address, OTHER) == 7 * WAD
        assert_books_balance(net, (TRADER,), OTHER)


def test_blacklisted_deliverer__fee__becomes_its_claim_and_blocks_nobody() -> None:
    with listed("BlacklistingToken") as (net, token):
        token.send("setBlacklisted", RELAYER.address, True)
        withdraw(net, 4 * WAD, fee=WAD)
        net.carry(HUB, ROLLUP_A, payee=RELAYER.account)
        assert balance(net, ROLLUP_A, TRADER.address, OTHER) == 3 * WAD
        assert net.a.vault.read("claims", RELAYER.account, RELAYER.address, OTHER) == WAD


def test_blacklisted_vault__release__waits_as_a_claim() -> None:
    with listed("BlacklistingToken") as (net, token):
        token.send("setBlacklisted", net.a.vault.address, True)
        withdraw(net, 4 * WAD)
        net.carry(HUB, ROLLUP_A)
        assert claim_of(net) == 4 * WAD
        token.send("setBlacklisted", net.a.vault.address, False)
        net.a.vault.send("retryClaim", TRADER.account, TRADER.address, OTHER)
        assert balance(net, ROLLUP_A, TRADER.address, OTHER) == 4 * WAD


# -- return bombs and burnt gas


@pytest.mark.parametrize("fails", [True, False])
def test_return_bomb__release__costs_a_bounded_push(fails: bool) -> None:  # a parameter of pytest
    with listed("ReturnBombToken") as (net, token):
        token.send("arm", 10**6, fails)  # more than 200,000 gas can build: the push fails; half of it fits
        withdraw(net, 2 * WAD)
        deliver_within(net, 500_000)
        assert claim_of(net) == 2 * WAD
        token.send("arm", 60_000, fails)
        withdraw(net, 3 * WAD)
        net.carry(HUB, ROLLUP_A, 1)
        assert claim_of(net) == (5 if fails else 2) * WAD
        token.send("arm", 0, False)
        net.a.vault.send("retryClaim", TRADER.account, TRADER.address, OTHER)
        assert balance(net, ROLLUP_A, TRADER.address, OTHER) == 5 * WAD
        assert_books_balance(net, (TRADER,), OTHER)


def deliver_within(net: Net, gas: int) -> None:
    net.bring_root(HUB, ROLLUP_A)
    assert net.deliver(net.delivery(HUB, ROLLUP_A), ROLLUP_A).gas < gas


@pytest.mark.parametrize("given_gas", range(150_000, 900_000, 125_000))
def test_starved_release__any_gas__pays_or_reverts_but_never_claims(given_gas: int) -> None:
    with listed("BlacklistingToken") as (net, _):
        withdraw(net)
        net.bring_root(HUB, ROLLUP_A)
        true = net.delivery(HUB, ROLLUP_A)
        try:
            net.deliver(true, ROLLUP_A, gas=given_gas)
        except Reverted:
            assert not net.a.inbox.read("isDelivered", HUB, 0)
            net.deliver(true, ROLLUP_A)
        assert claim_of(net) == 0
        assert balance(net, ROLLUP_A, TRADER.address, OTHER) == AMOUNT


@pytest.mark.parametrize("given_gas", [200_000, 500_000, 800_000, 950_000, 1_200_000])
@pytest.mark.parametrize("destination", [HUB, ROLLUP_B])
def test_starved_forward__any_gas__forwards_or_reverts_but_never_stays(given_gas: int, destination: int) -> None:
    """A deliverer must not be able to strand a forward at the hub by giving little gas."""
    with listed("BlacklistingToken") as (net, _):
        net.funded_at_hub(FRIEND, 50 * WAD, source=ROLLUP_B)
        net.deposit(THIEF, 5 * WAD, HUB)
        first = len(net.lane(ROLLUP_A, HUB)[2])
        net.deposit(TRADER, 5 * WAD, ROLLUP_A, after=next_release(destination, TRADER.address))
        net.bring_root(ROLLUP_A, HUB)
        true = net.delivery(ROLLUP_A, HUB, first)
        try:
            net.deliver(true, HUB, gas=given_gas)
        except Reverted:
            assert not net.hub.inbox.read("isDelivered", ROLLUP_A, first)
            net.deliver(true, HUB)
        assert net.hub.clearing.read("cash", TRADER.account) == 0
        assert_books_balance(net, (TRADER, THIEF, FRIEND))


@pytest.mark.parametrize("share", [3, 5, 7, 9])
def test_starved_batch__one_of_many__is_all_or_nothing(share: int) -> None:
    """A batch with a part of the gas that it needs reverts as a whole: no message counts as failed for lack of gas."""
    with listed("BlacklistingToken") as (net, _):
        first = len(net.lane(ROLLUP_A, HUB)[2])
        for number in range(8):
            after = next_forward(ROLLUP_B, person(20 + number).account) if number % 2 else STAY
            net.deposit(person(20 + number), WAD, ROLLUP_A, after=after)
        net.bring_root(ROLLUP_A, HUB)
        true = net.delivery(ROLLUP_A, HUB, first)
        with net.undone():
            needed = net.deliver(true, HUB).gas
        with pytest.raises(Reverted):
            net.deliver(true, HUB, gas=needed * share // 10)
        assert not any(net.hub.inbox.read("isDelivered", ROLLUP_A, first + number) for number in range(8))
        net.deliver(true, HUB)
        assert len(net.lane(HUB, ROLLUP_B)[2]) == 4


def test_gas_burning_token__batch_of_releases__delivers_the_rest() -> None:
    with listed("GasBurningToken") as (net, token):
        for _ in range(3):
            withdraw(net, WAD)
        token.send("arm", True)
        deliver_within(net, 1_500_000)
        assert claim_of(net) == 3 * WAD
        token.send("arm", False)
        net.a.vault.send("retryClaim", TRADER.account, TRADER.address, OTHER)
        assert balance(net, ROLLUP_A, TRADER.address, OTHER) == 3 * WAD


# -- reentrancy


def test_reentrant_token__delivers_again_in_the_push__is_stopped() -> None:
    with listed("ReentrantToken") as (net, token):
        withdraw(net, 4 * WAD)
        withdraw(net, 5 * WAD)
        net.bring_root(HUB, ROLLUP_A)
        again = net.a.inbox.encoded("deliver", *arguments(net.delivery(HUB, ROLLUP_A), THIEF.account))
        token.send("prepare", net.a.inbox.address, again)
        net.deliver(net.delivery(HUB, ROLLUP_A, 0, 1), ROLLUP_A)
        assert not token.read("lastSucceeded")
        assert balance(net, ROLLUP_A, TRADER.address, OTHER) == 4 * WAD
        net.deliver(net.delivery(HUB, ROLLUP_A), ROLLUP_A)
        assert balance(net, ROLLUP_A, TRADER.address, OTHER) == 9 * WAD
        assert_books_balance(net, (TRADER,), OTHER)


def test_reentrant_token__claims_again_in_the_push__is_paid_once() -> None:
    with listed("ReentrantToken") as (net, token):
        net.a.vault.send("setLimits", no_outflow(net))
        net.a.chain.timestamp += OUTFLOW_WINDOW  # the deposit's credit has faded
        withdraw(net, 4 * WAD)
        net.carry(HUB, ROLLUP_A)
        assert claim_of(net) == 4 * WAD
        retry = net.a.vault.encoded("retryClaim", TRADER.account, TRADER.address, OTHER)
        net.a.vault.send("setLimits", (*no_outflow(net)[:3], 10_000, *no_outflow(net)[4:]))
        token.send("prepare", net.a.vault.address, retry)
        net.a.vault.send("retryClaim", TRADER.account, TRADER.address, OTHER)
        assert not token.read("lastSucceeded")
        assert balance(net, ROLLUP_A, TRADER.address, OTHER) == 4 * WAD
        assert_books_balance(net, (TRADER,), OTHER)


def no_outflow(net: Net) -> tuple[object, ...]:
    asset, token, decimals, _, window, ceiling, most, _ = net.a.vault.read("assetConfig", OTHER)
    return (asset, token, decimals, 0, window, ceiling, most, WAD)


def test_reentrant_token__deposits_in_the_pull__is_stopped() -> None:
    with listed("ReentrantToken") as (net, token):
        vault = net.a.vault
        mint(net.a, THIEF.address, 2 * AMOUNT, OTHER)
        token.send("approve", vault.address, 2 * AMOUNT, sender=THIEF.address)
        inner = vault.encoded("deposit", OTHER, AMOUNT, THIEF.account, 0, STAY)
        token.send("prepare", vault.address, inner)
        vault.send("deposit", OTHER, AMOUNT, THIEF.account, 0, STAY, sender=THIEF.address)
        assert not token.read("lastSucceeded")
        net.carry(ROLLUP_A, HUB, 1)
        assert net.hub.clearing.read("collateral", THIEF.account, OTHER) == AMOUNT
        assert_books_balance(net, (TRADER, THIEF), OTHER)


def test_reentrant_token__withdraws_in_the_pull_at_home__gains_nothing() -> None:
    """On the hub's chain a withdrawal pays at once, also in the middle of a deposit: what left has not arrived."""
    with listed("ReentrantToken") as (net, _):
        token, vault, hub = net.hub.tokens[OTHER], net.hub.vault, net.hub.clearing
        puppet = net.hub.chain.deploy(load_helper("Puppet"))
        account = account_of(puppet.address)
        mint(net.hub, puppet.address, 3 * AMOUNT, OTHER)
        approve = token.encoded("approve", vault.address, 3 * AMOUNT)
        put = vault.encoded("deposit", OTHER, AMOUNT, account, 0, STAY)
        puppet.send("act", [(token.address, approve), (vault.address, put)])
        take = hub.encoded("withdraw", account, OTHER, AMOUNT // 2, HUB, puppet.address, 0, 0)
        inside = puppet.encoded("act", [(hub.address, take)])
        prepare = token.encoded("prepare", puppet.address, inside)
        puppet.send("act", [(token.address, prepare), (vault.address, put)])
        assert token.read("lastSucceeded")
        owned = balance(net, HUB, puppet.address, OTHER) + hub.read("collateral", account, OTHER)
        assert owned <= 3 * AMOUNT
        held = vault.read("held", OTHER) + vault.read("owed", OTHER)
        assert balance(net, HUB, vault.address, OTHER) >= held == hub.read("reserve", HUB, OTHER)


def test_reentrant_token__retries_a_credit_in_a_forward__credits_once() -> None:
    """A forward to the hub's own vault pushes tokens in the middle of a batch; the ledger is in storage by then."""
    with listed("ReentrantToken") as (net, token_on_a):
        assert token_on_a.read("decimals") == 18
        token, hub = net.hub.tokens[OTHER], net.hub.clearing
        net.deposit(FRIEND, AMOUNT, HUB, asset=OTHER)
        first = len(net.lane(ROLLUP_A, HUB)[2])
        net.deposit(THIEF, AMOUNT, ROLLUP_A, asset=OTHER, after=next_release(HUB, THIEF.address))
        net.deposit(THIEF, AMOUNT, ROLLUP_A, asset=OTHER)
        net.bring_root(ROLLUP_A, HUB)
        true = net.delivery(ROLLUP_A, HUB, first)
        again = net.hub.inbox.encoded("deliver", *arguments(true, THIEF.account))
        token.send("prepare", net.hub.inbox.address, again)
        net.deliver(true, HUB, RELAYER.account)
        assert balance(net, HUB, THIEF.address, OTHER) == AMOUNT
        assert hub.read("collateral", THIEF.account, OTHER) == AMOUNT
        assert_books_balance(net, (TRADER, THIEF, FRIEND), OTHER)


def test_donation__to_a_vault__is_nobodys_money() -> None:
    with listed("BlacklistingToken") as (net, _):
        mint(net.a, net.a.vault.address, AMOUNT, OTHER)
        mint(net.a, net.a.vault.address, AMOUNT, QUOTE)
        assert net.a.vault.read("held", OTHER) == AMOUNT
        over = (TRADER.account, OTHER, AMOUNT + 1, ROLLUP_A, TRADER.address, 0, 0)
        refused("ReserveShort", net.hub.clearing, "withdraw", *over, sender=TRADER.address)
        withdraw(net)
        net.carry(HUB, ROLLUP_A)
        assert balance(net, ROLLUP_A, TRADER.address, OTHER) == AMOUNT
        assert balance(net, ROLLUP_A, net.a.vault.address, OTHER) == AMOUNT
