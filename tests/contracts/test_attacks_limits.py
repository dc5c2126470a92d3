"""Attacks on the limiters of flow: they bound a corrupt hub or chain, and must not serve to block anyone else."""

from __future__ import annotations

from functools import cache

from tests.support.artifacts import load_helper
from tests.support.attack_net import (
    HUB,
    NO_ADDRESS,
    OUTFLOW_WINDOW,
    QUOTE,
    ROLLUP_A,
    STAY,
    WAD,
    Limits,
    Net,
    Person,
    account_of,
    balance,
    build,
    mint,
    person,
    refused,
)

HONEST, WHALE, THIEF = person(1), person(2), person(3)
ROUNDS = 20
LOAN = 60_000 * WAD


@cache
def limited() -> Net:
    """Return a network in which a quarter of what a vault holds may leave at once."""
    net = build(limits=Limits(outflow_bps=2_500, outflow_floor=WAD))
    net.deposit(HONEST, 100_000 * WAD, HUB)
    net.hub.chain.timestamp += OUTFLOW_WINDOW
    return net


def test_limits__borrowed_tokens_in_and_out_in_one_transaction__use_up_nothing() -> None:
    with limited().undone() as net:
        hub, vault, token = net.hub.clearing, net.hub.vault, net.hub.tokens[QUOTE]
        borrower = net.hub.chain.deploy(load_helper("Puppet"))
        mint(net.hub, borrower.address, LOAN)
        account = account_of(borrower.address)
        budget = vault.read("outflowAvailable", QUOTE)
        turn = [
            (vault.address, vault.encoded("deposit", QUOTE, LOAN, account, 0, STAY)),
            (hub.address, hub.encoded("withdraw", account, QUOTE, LOAN, HUB, borrower.address, 0, 0)),
        ]
        approve = (token.address, token.encoded("approve", vault.address, 2**256 - 1))
        borrower.send("act", [approve, *turn * ROUNDS])
        assert balance(net, HUB, borrower.address) == LOAN
        assert vault.read("outflowAvailable", QUOTE) == budget == 25_000 * WAD
        net.deposit(HONEST, 890_000 * WAD, HUB)
        withdraw(net, 25_000 * WAD, HUB)
        assert balance(net, HUB, HONEST.address) == 25_000 * WAD


def test_outflow__deposits_between_withdrawals__give_no_more_than_the_budget() -> None:
    """The other direction: who owns the hub must not pump the bucket by paying in again what it took out."""
    with limited().undone() as net:
        hub, vault, token = net.hub.clearing, net.hub.vault, net.hub.tokens[QUOTE]
        insider = net.hub.chain.deploy(load_helper("Puppet"))
        account, amount = account_of(insider.address), 25_000 * WAD
        hub.send("transfer", HONEST.account, account, QUOTE, amount, sender=HONEST.address)
        turn = [
            (hub.address, hub.encoded("withdraw", account, QUOTE, amount, HUB, insider.address, 0, 0)),
            (vault.address, vault.encoded("deposit", QUOTE, amount, account, 0, STAY)),
        ]
        approve = (token.address, token.encoded("approve", vault.address, 2**256 - 1))
        insider.send("act", [approve, *turn * ROUNDS, turn[0]])
        assert balance(net, HUB, insider.address) == amount
        assert vault.read("outflowAvailable", QUOTE) <= 25_000 * WAD * 21 // OUTFLOW_WINDOW
        withdraw(net, 1_000 * WAD, HUB)
        assert vault.read("claims", HONEST.account, HONEST.address, QUOTE) == 1_000 * WAD


def test_outflow__nearly_all_leaves_where_all_may__leaves_no_debt() -> None:
    net = build(limits=Limits(outflow_bps=10_000, outflow_floor=WAD))
    net.funded_at_hub(WHALE, 999_999 * WAD)
    net.funded_at_hub(HONEST, WAD)
    withdraw(net, 999_999 * WAD, ROLLUP_A, WHALE)
    withdraw(net, WAD, ROLLUP_A)
    net.carry(HUB, ROLLUP_A)
    assert balance(net, ROLLUP_A, WHALE.address) == 999_999 * WAD
    assert balance(net, ROLLUP_A, HONEST.address) == WAD


def test_outflow__budget_used_up__is_whole_again_after_one_window() -> None:
    with limited().undone() as net:
        withdraw(net, 25_000 * WAD, HUB)
        assert net.hub.vault.read("outflowAvailable", QUOTE) < 25 * WAD
        net.hub.chain.timestamp += OUTFLOW_WINDOW
        assert net.hub.vault.read("outflowAvailable", QUOTE) == 75_000 * WAD // 4


def test_venue_key__named_by_the_owner__acts_in_full_and_nobody_else_does() -> None:
    net = limited()
    with net.undone():
        after = (2, ROLLUP_A, WHALE.address.rjust(32, b"\0"), 0, 0)
        net.deposit(HONEST, 100 * WAD, ROLLUP_A, after=(3, 0, bytes(32), 0, 0))
        net.carry(ROLLUP_A, HUB)
        venue, send = net.a.clearing, (HONEST.account, 60 * WAD, 0, after)
        refused("NotAuthorised", venue, "send", *send, sender=WHALE.address)
        enter = (HONEST.account, ROLLUP_A, WHALE.address, 0)
        net.hub.clearing.send("enterVenue", *enter, sender=HONEST.address)
        net.carry(HUB, ROLLUP_A)
        refused("NotAuthorised", venue, "send", *send, sender=THIEF.address)
        refused("NotAuthorised", venue, "send", account_of(NO_ADDRESS), 0, 0, STAY, sender=WHALE.address)
        venue.send("send", *send, sender=WHALE.address)
        assert venue.read("cash", HONEST.account) == 40 * WAD


def withdraw(net: Net, amount: int, chain: int, by: Person = HONEST) -> None:
    wanted = (by.account, QUOTE, amount, chain, by.address, 0, 0)
    net.hub.clearing.send("withdraw", *wanted, sender=by.address)
