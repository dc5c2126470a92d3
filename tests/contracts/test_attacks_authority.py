"""Attacks on who may act: twins of contracts, stolen and replayed signatures, session keys, rollups that lie.

Each refusal has the accepted call beside it. Tokens here are honest; hostile ones have a file of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import count

import pytest

from bridge.messages import Deposit
from bridge.types import Account, Address, AssetId, Wad
from tests.support.artifacts import load_helper
from tests.support.attack_net import (
    HUB,
    NO_PERMIT,
    OUTFLOW_WINDOW,
    PLACED,
    QUOTE,
    ROLLUP_A,
    ROLLUP_B,
    STAY,
    WAD,
    Limits,
    Net,
    Person,
    account_of,
    assert_books_balance,
    balance,
    build,
    intent_digest,
    mint,
    next_forward,
    next_release,
    person,
    refused,
)
from tests.support.local_chain import Contract

TRADER, RELAYER, THIEF, FRIEND = person(1), person(2), person(3), person(4)
SEND = (
    "Send(bytes32 account,uint128 cash,uint128 fee,uint8 mode,uint64 chain,bytes32 to,uint128 nextFee,"
    "uint128 maxCharge,uint256 nonce,uint64 deadline,uint128 tip)"
)
TRANSFER = "Transfer(bytes32 account,bytes32 to,uint32 asset,uint128 amount,uint256 nonce,uint64 deadline,uint128 tip)"
SEND_PARCEL = (
    "SendParcel(bytes32 account,uint64 venue,bytes32 to,uint128 cash,uint128 fee,"
    "uint256 nonce,uint64 deadline,uint128 tip)"
)
FAR = 2**63
_nonces = count(1)


@cache
def standing(limits: Limits | None = None) -> Net:
    """Return a network in which the trader has 100 at the hub, from rollup A."""
    net = build(limits=limits)
    net.funded_at_hub(TRADER, 100 * WAD)
    return net


@pytest.fixture
def net() -> Iterator[Net]:
    with standing().undone() as net:
        yield net


# -- a contract owner and its twin


def test_venue__twin_of_a_contract_owner__cannot_act_and_its_key_can(net: Net) -> None:
    owner = net.hub.chain.deploy(load_helper("Puppet"))
    twin = place_twin(net, ROLLUP_A, owner)
    account, venue = account_of(owner.address), net.a.clearing
    net.hub.clearing.send("transfer", TRADER.account, account, QUOTE, 50 * WAD, sender=TRADER.address)
    enter = net.hub.clearing.encoded("enterVenue", account, ROLLUP_A, FRIEND.address, 0)
    fill = net.hub.clearing.encoded("sendParcel", account, ROLLUP_A, account, 50 * WAD, 0)
    owner.send("act", [(net.hub.clearing.address, enter), (net.hub.clearing.address, fill)])
    net.carry(HUB, ROLLUP_A)
    assert venue.read("cash", account) == 50 * WAD
    theft = venue.encoded("send", account, 50 * WAD, 0, next_release(ROLLUP_A, THIEF.address))
    refused("NotAuthorised", twin, "act", [(venue.address, theft)], sender=THIEF.address)
    intent = (next(_nonces), FAR, 0, b"whatever ERC-1271 takes")
    refused("SignatureInvalid", venue, "sendBySig", account, WAD, 0, STAY, intent, THIEF.account, sender=THIEF.address)
    venue.send("send", account, 50 * WAD, 0, STAY, sender=FRIEND.address)
    net.carry(ROLLUP_A, HUB, 1)
    assert net.hub.clearing.read("cash", account) == 50 * WAD


def test_hub__any_signature_of_a_contract_owner__is_judged_by_the_owner(net: Net) -> None:
    """The accepted twin: at the hub a contract's word counts (ERC-1271), for accounts of its own and no others."""
    hub, owner = net.hub.clearing, net.hub.chain.deploy(load_helper("Puppet"))
    account = account_of(owner.address)
    hub.send("transfer", TRADER.account, account, QUOTE, 2 * WAD, sender=TRADER.address)
    said = b"whatever ERC-1271 takes"
    hub.send("transferBySig", account, FRIEND.account, QUOTE, WAD, (next(_nonces), FAR, 0, said), bytes(32))
    stolen = (TRADER.account, THIEF.account, QUOTE, WAD, (next(_nonces), FAR, 0, said), bytes(32))
    refused("SignatureInvalid", hub, "transferBySig", *stolen)
    assert hub.read("cash", FRIEND.account) == WAD


def test_venue__delegated_owner_driven_by_a_stranger__cannot_act_and_its_own_transaction_can(net: Net) -> None:
    """EIP-7702: an owner lent its address to code that obeys anyone; on a rollup only its own transaction counts."""
    code = net.a.chain.deploy(load_helper("Puppet"))
    delegated = replace(load_helper("Puppet"), deployed_bytecode=b"\xef\x01\x00" + code.address)
    net.hub.clearing.send("sendParcel", TRADER.account, ROLLUP_A, TRADER.account, WAD, 0, sender=TRADER.address)
    net.carry(HUB, ROLLUP_A)
    lent, venue = net.a.chain.place(delegated, TRADER.address), net.a.clearing
    theft = venue.encoded("send", TRADER.account, WAD, 0, next_release(ROLLUP_A, THIEF.address))
    refused("NotAuthorised", lent, "act", [(venue.address, theft)], sender=THIEF.address)
    assert venue.read("cash", TRADER.account) == WAD
    venue.send("send", TRADER.account, WAD, 0, STAY, sender=TRADER.address)


def test_vault__twin_of_a_contract_owner__cannot_redirect_its_claims(net: Net) -> None:
    owner = net.hub.chain.deploy(load_helper("Puppet"))
    twin = place_twin(net, ROLLUP_A, owner)
    account, vault = account_of(owner.address), net.a.vault
    net.hub.clearing.send("transfer", TRADER.account, account, QUOTE, 100 * WAD, sender=TRADER.address)
    out = net.hub.clearing.encoded("withdraw", account, QUOTE, 100 * WAD, ROLLUP_A, FRIEND.address, 0, 0)
    owner.send("act", [(net.hub.clearing.address, out)])
    net.a.vault.send("setLimits", slow_limits(net))
    net.a.chain.timestamp += OUTFLOW_WINDOW  # the deposits' credit has faded
    net.carry(HUB, ROLLUP_A)
    assert vault.read("claims", account, FRIEND.address, QUOTE) == 100 * WAD
    theft = vault.encoded("redirectClaim", account, FRIEND.address, QUOTE, THIEF.address)
    refused("NotAuthorised", twin, "act", [(vault.address, theft)], sender=THIEF.address)
    vault.send("redirectClaim", account, FRIEND.address, QUOTE, RELAYER.address, sender=FRIEND.address)
    assert vault.read("claims", account, RELAYER.address, QUOTE) == 100 * WAD


def slow_limits(net: Net) -> tuple[object, ...]:
    """Return the quote asset's limits on rollup A with next to no outflow, so that a release becomes a claim."""
    asset, token, decimals, _, window, ceiling, most, _ = net.a.vault.read("assetConfig", QUOTE)
    return (asset, token, decimals, 0, window, ceiling, most, WAD)


def place_twin(net: Net, at: int, owner: Contract) -> Contract:
    """Put a stranger's contract at the owner's address on another chain."""
    return net.sides[at].chain.place(load_helper("Puppet"), owner.address)


def test_hub__stranger_acts_for_an_account__is_refused(net: Net) -> None:
    hub = net.hub.clearing
    refused("NotAuthorised", hub, "transfer", TRADER.account, THIEF.account, QUOTE, WAD, sender=THIEF.address)
    theft = (TRADER.account, QUOTE, WAD, ROLLUP_A, THIEF.address, 0, 0)
    refused("NotAuthorised", hub, "withdraw", *theft, sender=THIEF.address)
    to_thief = (TRADER.account, ROLLUP_A, THIEF.account, WAD, 0)
    refused("NotAuthorised", hub, "sendParcel", *to_thief, sender=THIEF.address)
    refused("NotAuthorised", hub, "enterVenue", TRADER.account, ROLLUP_A, THIEF.address, 0, sender=THIEF.address)
    refused("NotAuthorised", hub, "setSession", TRADER.account, THIEF.address, FAR, 0, WAD, sender=THIEF.address)
    hub.send("transfer", TRADER.account, FRIEND.account, QUOTE, WAD, sender=TRADER.address)


def test_session_key__beyond_its_limits__is_refused(net: Net) -> None:
    hub = net.hub.clearing
    hub.send("setSession", TRADER.account, THIEF.address, FAR, 0, WAD, sender=TRADER.address)
    key = THIEF.address
    refused("SessionCannot", hub, "sendParcel", TRADER.account, ROLLUP_A, THIEF.account, WAD, 0, sender=key)
    refused("NotAuthorised", hub, "withdraw", TRADER.account, QUOTE, WAD, ROLLUP_A, THIEF.address, 0, 0, sender=key)
    refused("SessionLossLimit", hub, "sendParcel", TRADER.account, ROLLUP_A, TRADER.account, 0, WAD + 1, sender=key)
    own = (TRADER.account, ROLLUP_A, TRADER.account, 0, WAD // 2)
    refused(
        "SessionLossLimit",
        hub,
        "sendParcelBySig",
        *own,
        by_intent(hub, THIEF, SEND_PARCEL, own, tip=WAD),
        THIEF.account,
    )
    hub.send("sendParcel", *own, sender=THIEF.address)
    hub.send("sendParcel", *own, sender=THIEF.address)
    refused("SessionLossLimit", hub, "sendParcel", TRADER.account, ROLLUP_A, TRADER.account, 0, 1, sender=key)


# -- signatures


def by_intent(
    contract: Contract, signer: Person, type_: str, values: tuple[object, ...], *, tip: int = 0, deadline: int = FAR
) -> tuple[int, int, int, bytes]:
    """Return the signed intent of an action whose fields are `values`."""
    nonce = next(_nonces)
    digest = intent_digest(contract, type_, (*values, nonce, deadline, tip))
    return (nonce, deadline, tip, signer.sign(digest))


def test_intent__replayed_or_changed__is_refused(net: Net) -> None:
    hub = net.hub.clearing
    values = (TRADER.account, FRIEND.account, QUOTE, WAD)
    intent = by_intent(hub, TRADER, TRANSFER, values)
    larger = (TRADER.account, FRIEND.account, QUOTE, 2 * WAD)
    refused("SignatureInvalid", hub, "transferBySig", *larger, intent, THIEF.account)
    tipping = (intent[0], intent[1], WAD, intent[3])
    refused("SignatureInvalid", hub, "transferBySig", *values, tipping, THIEF.account)
    hub.send("transferBySig", *values, intent, THIEF.account)
    refused("NonceAlreadyUsed", hub, "transferBySig", *values, intent, THIEF.account)
    late = by_intent(hub, TRADER, TRANSFER, values, deadline=net.hub.chain.timestamp)
    refused("IntentExpired", hub, "transferBySig", *values, late, THIEF.account)
    assert hub.read("cash", FRIEND.account) == WAD


def test_intent__of_another_chain_or_contract__is_refused(net: Net) -> None:
    """The two venues stand at one address: only the chain's id tells their intents apart."""
    hub, on_a, on_b = net.hub.clearing, net.a.clearing, net.b.clearing
    for venue in (ROLLUP_A, ROLLUP_B):
        hub.send("sendParcel", TRADER.account, venue, TRADER.account, WAD, 0, sender=TRADER.address)
        net.carry(HUB, venue)
    flat = (TRADER.account, WAD, 0, 0, 0, bytes(32), 0, 0)
    intent = by_intent(on_a, TRADER, SEND, flat)
    assert on_a.address == on_b.address
    refused("SignatureInvalid", on_b, "sendBySig", TRADER.account, WAD, 0, STAY, intent, THIEF.account)
    elsewhere = by_intent(net.a.vault, TRADER, SEND, flat)
    refused("SignatureInvalid", on_a, "sendBySig", TRADER.account, WAD, 0, STAY, elsewhere, THIEF.account)
    on_a.send("sendBySig", TRADER.account, WAD, 0, STAY, intent, THIEF.account)


def test_intent__upper_half_or_stranger__is_refused(net: Net) -> None:
    hub = net.hub.clearing
    values = (TRADER.account, FRIEND.account, QUOTE, WAD)
    nonce, deadline, tip, signature = by_intent(hub, TRADER, TRANSFER, values)
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    mirrored = (order - int.from_bytes(signature[32:64], "big")).to_bytes(32, "big")
    malleated = signature[:32] + mirrored + bytes([55 - signature[64]])
    refused("SignatureInvalid", hub, "transferBySig", *values, (nonce, deadline, tip, malleated), THIEF.account)
    short = (nonce, deadline, tip, signature[:64])
    refused("SignatureInvalid", hub, "transferBySig", *values, short, THIEF.account)
    foreign = by_intent(hub, THIEF, TRANSFER, values)
    refused("SignatureInvalid", hub, "transferBySig", *values, foreign, THIEF.account)
    hub.send("transferBySig", *values, (nonce, deadline, tip, signature), THIEF.account)


def test_deposit_by_signature__of_a_stranger__is_refused(net: Net) -> None:
    deposit = (
        "Deposit(address from,uint32 asset,uint256 amount,bytes32 account,uint128 fee,uint8 mode,uint64 chain,"
        "bytes32 to,uint128 nextFee,uint128 maxCharge,uint256 nonce,uint64 deadline,uint128 tip)"
    )
    vault = net.a.vault
    mint(net.a, TRADER.address, 10 * WAD)
    net.a.tokens[QUOTE].send("approve", vault.address, 10 * WAD, sender=TRADER.address)
    to_thief, own = ((TRADER.address, QUOTE, 9 * WAD, who.account, 0) for who in (THIEF, TRADER))
    flat = (0, 0, bytes(32), 0, 0)
    stolen = by_intent(vault, THIEF, deposit, (*to_thief, *flat))
    refused("SignatureInvalid", vault, "depositBySig", *to_thief, STAY, stolen, THIEF.address, NO_PERMIT)
    true = by_intent(vault, TRADER, deposit, (*own, *flat), tip=WAD)
    refused("SignatureInvalid", vault, "depositBySig", *to_thief, STAY, true, THIEF.address, NO_PERMIT)
    vault.send("depositBySig", *own, STAY, true, RELAYER.address, NO_PERMIT)
    refused("NonceAlreadyUsed", vault, "depositBySig", *own, STAY, true, RELAYER.address, NO_PERMIT)
    assert balance(net, ROLLUP_A, RELAYER.address) == WAD


# -- a corrupt rollup: its validators sign whatever its venue and vault are made to say


def forge(net: Net, sender: bytes, body: bytes) -> None:
    """Have rollup A's Outbox take a message that no honest vault or venue sent: its chain is corrupt."""
    net.a.outbox.send("send", HUB, net.hub.clearing.address, body, sender=sender)


def test_corrupt_vault__forges_deposits__reaches_its_ceiling_and_no_more() -> None:
    with build(limits=Limits(ceiling=150 * WAD)).undone() as net:
        net.funded_at_hub(TRADER, 100 * WAD, source=ROLLUP_B)
        for _ in range(4):
            body = Deposit(account=Account(owner=Address(THIEF.address)), asset=AssetId(QUOTE), amount=Wad(50 * WAD))
            forge(net, net.a.vault.address, body.encode())
        net.carry(ROLLUP_A, HUB)
        hub = net.hub.clearing
        assert hub.read("cash", THIEF.account) == 150 * WAD
        assert hub.read("waiting", ROLLUP_A, 3) != bytes(32)
        refused(
            "ReserveShort",
            hub,
            "withdraw",
            THIEF.account,
            QUOTE,
            101 * WAD,
            ROLLUP_B,
            THIEF.address,
            0,
            0,
            sender=THIEF.address,
        )
        hub.send("withdraw", THIEF.account, QUOTE, 100 * WAD, ROLLUP_B, THIEF.address, 0, 0, sender=THIEF.address)
        assert hub.read("cash", TRADER.account) == 100 * WAD
        assert_books_balance(net, (TRADER, THIEF))


def test_corrupt_venue__sends_more_than_it_was_sent__waits(net: Net) -> None:
    hub, venue = net.hub.clearing, net.a.clearing
    hub.send("sendParcel", TRADER.account, ROLLUP_A, TRADER.account, 10 * WAD, 0, sender=TRADER.address)
    net.carry(HUB, ROLLUP_A)
    # A corrupt chain runs what it likes: here its venue gives the thief cash that nobody sent.
    venue.send("creditDeposit", THIEF.account, 10**6 * WAD, sender=net.a.vault.address)
    venue.send("send", THIEF.account, 11 * WAD, 0, STAY, sender=THIEF.address)
    venue.send("send", THIEF.account, 9 * WAD, 0, STAY, sender=THIEF.address)
    net.carry(ROLLUP_A, HUB, 1)
    assert hub.read("cash", THIEF.account) == 9 * WAD  # what its own users had there, and nothing else
    assert hub.read("waiting", ROLLUP_A, 1) != bytes(32)
    assert hub.read("venueCash", ROLLUP_A) == WAD
    assert_books_balance(net, (TRADER, THIEF))


# -- forwards


def test_forward__in_a_circle__ends_at_its_first_stop(net: Net) -> None:
    """A parcel that asks to be sent back where it came from is sent there once; a venue forwards nothing."""
    net.deposit(TRADER, 5 * WAD, ROLLUP_A, after=PLACED)
    net.carry(ROLLUP_A, HUB, 1)
    again = next_forward(ROLLUP_A, TRADER.account)
    net.a.clearing.send("send", TRADER.account, 5 * WAD, 0, again, sender=TRADER.address)
    net.carry(ROLLUP_A, HUB, 2)
    net.carry(HUB, ROLLUP_A)
    assert net.a.clearing.read("cash", TRADER.account) == 5 * WAD
    assert net.hub.clearing.read("venueCash", ROLLUP_A) == 5 * WAD
    assert len(net.lane(ROLLUP_A, HUB)[2]) == 3


@pytest.mark.parametrize("chain", [HUB, 999])
def test_forward__to_the_hub_or_nowhere__stays_with_its_account(net: Net, chain: int) -> None:
    net.deposit(TRADER, 5 * WAD, ROLLUP_A, after=next_forward(chain, THIEF.account))
    net.carry(ROLLUP_A, HUB, 1)
    assert net.hub.clearing.read("cash", TRADER.account) == 105 * WAD
    assert net.hub.clearing.read("cash", THIEF.account) == 0


def test_forward__called_by_a_stranger__is_refused(net: Net) -> None:
    to_thief = next_forward(ROLLUP_A, THIEF.account)
    refused("CallerNotSelf", net.hub.clearing, "forward", TRADER.account, QUOTE, WAD, to_thief, sender=THIEF.address)
