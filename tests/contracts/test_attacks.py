"""Attacks on proofs: whatever is not the one true delivery is refused, and the true one goes through beside it.

Real contracts on three chains in this process; the attacker holds no key but its own, but where a test says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest
from eth_abi.abi import encode

from bridge.keccak import keccak256
from bridge.merkle import ZERO_HASHES, verify, verify_lane
from bridge.messages import Deposit, Item
from bridge.proofs import Delivery
from bridge.types import Account, Address, AssetId, ChainId, Hash32, LeafCount, LeafIndex, Wad
from tests.support.attack_net import (
    HUB,
    PLACED,
    QUOTE,
    ROLLUP_A,
    ROLLUP_B,
    STAY,
    WAD,
    Net,
    arguments,
    build,
    person,
)
from tests.support.local_chain import Reverted
from tests.support.validators import Statement

SENT = 6
"""Messages that stand in the lane from rollup A to the hub, the root of all six being final."""
TRADER, RELAYER, THIEF = person(1), person(2), person(3)


@cache
def standing() -> Net:
    net = build()
    for number in range(SENT):
        net.deposit(person(10 + number), (number + 1) * WAD, ROLLUP_A, fee=WAD // 10)
    net.bring_root(ROLLUP_A, HUB)
    return net


@pytest.fixture
def net() -> Iterator[Net]:
    with standing().undone() as net:
        yield net


def assert_refused(net: Net, given: Delivery, name: str, at: int = HUB) -> None:
    """Check that the delivery is refused with that error and marks nothing."""
    with pytest.raises(Reverted) as refusal:
        net.deliver(given, at, THIEF.account)
    assert refusal.value.name == name
    assert not any(net.sides[at].inbox.read("isDelivered", given.source, index) for index in range(SENT))


def cash(net: Net, number: int) -> int:
    """Return the hub cash of depositor `number`, whose deposit was of number + 1 and cost a tenth."""
    held: int = net.hub.clearing.read("cash", person(10 + number).account)
    return held


def with_item(given: Delivery, item: Item) -> Delivery:
    return replace(given, items=item.encode())


# -- forged


def test_delivery__forged_body__is_refused(net: Net) -> None:
    true = net.delivery(ROLLUP_A, HUB, 2, 1)
    item = Item.decode(true.items)
    stolen = Deposit(account=Account(owner=Address(THIEF.address)), asset=AssetId(QUOTE), amount=Wad(3 * WAD))
    assert_refused(net, with_item(true, replace(item, body=stolen.encode())), "ProofInvalid")
    net.deliver(true, HUB, RELAYER.account)
    assert cash(net, 2) == 3 * WAD - WAD // 10


@pytest.mark.parametrize("field", ["sender", "recipient"])
def test_delivery__forged_ends__is_refused(net: Net, field: str) -> None:
    true = net.delivery(ROLLUP_A, HUB, 2, 1)
    item = Item.decode(true.items)
    changed = {field: Address(THIEF.address)}
    assert_refused(net, with_item(true, replace(item, **changed)), "ProofInvalid")
    net.deliver(true, HUB)


def test_delivery__forged_sibling__is_refused(net: Net) -> None:
    true = net.delivery(ROLLUP_A, HUB, 2, 1)
    for position in range(len(true.siblings)):
        siblings = list(true.siblings)
        siblings[position] = Hash32(keccak256(siblings[position]))
        assert_refused(net, replace(true, siblings=tuple(siblings)), "ProofInvalid")
    net.deliver(true, HUB)


def test_delivery__root_that_nobody_signed__is_refused(net: Net) -> None:
    true = net.delivery(ROLLUP_A, HUB, 0, 1)
    forged = replace(true, root=Hash32(keccak256(true.items)), count=LeafCount(1), siblings=())
    assert_refused(net, forged, "RootNotAccepted")
    net.deliver(true, HUB)


def test_delivery__inner_node_given_as_root_of_a_smaller_tree__is_refused(net: Net) -> None:
    true = net.delivery(ROLLUP_A, HUB, 0, 1)
    earlier = net.delivery(ROLLUP_A, HUB, 0, 1, count=4)  # a true subtree, but no root that was final
    assert_refused(net, earlier, "RootNotAccepted")
    assert_refused(net, replace(earlier, count=true.count), "RootNotAccepted")
    net.deliver(true, HUB)


# -- aliased


def test_delivery__index_beyond_32_bits__is_refused(net: Net) -> None:
    true = net.delivery(ROLLUP_A, HUB, 2, 1)
    data = bytearray(net.hub.inbox.encoded("deliver", *arguments(true)))
    first = slice(4 + 3 * 32, 4 + 4 * 32)
    data[first] = (true.first + 2**32).to_bytes(32, "big")
    with pytest.raises(Reverted):
        net.hub.inbox.send_raw(bytes(data))
    net.deliver(true, HUB)
    with pytest.raises(Reverted):
        net.hub.inbox.send_raw(bytes(data))
    assert cash(net, 2) == 3 * WAD - WAD // 10


@pytest.mark.parametrize("shift", [4, 8, 16])
def test_delivery__index_aliased_above_the_tree__is_refused(net: Net, shift: int) -> None:
    true = net.delivery(ROLLUP_A, HUB, 2, 1)  # of depth 3: a verifier that looks at three bits takes index + 8
    assert_refused(net, replace(true, first=LeafIndex(true.first + shift)), "RangeOutsideTree")
    assert_refused(net, replace(true, first=LeafIndex(2**32 - 1)), "RangeOutsideTree")
    net.deliver(true, HUB)


def test_model__aliased_index__is_refused(net: Net) -> None:
    _, tree, _ = net.lane(ROLLUP_A, HUB)
    leaf_, siblings = tree.lane_proof(3)[0], tree.proof(2)
    proof = {"leaf": leaf_, "siblings": siblings, "root": tree.root(), "count": tree.count}
    assert verify(index=2, **proof)  # type: ignore[arg-type]
    assert not verify(index=2 + 2**32, **proof)  # type: ignore[arg-type]
    assert not verify(index=2 - 2**32, **proof)  # type: ignore[arg-type]


# -- truncated and padded


def test_delivery__missing_sibling__is_refused(net: Net) -> None:
    true = net.delivery(ROLLUP_A, HUB, 2, 1)
    assert_refused(net, replace(true, siblings=true.siblings[:-1]), "SiblingsMiscounted")
    assert_refused(net, replace(true, siblings=()), "SiblingsMiscounted")
    net.deliver(true, HUB)


def test_delivery__surplus_sibling__is_refused(net: Net) -> None:
    true = net.delivery(ROLLUP_A, HUB, 2, 1)
    assert_refused(net, replace(true, siblings=(*true.siblings, Hash32(bytes(32)))), "SiblingsMiscounted")
    to_depth_32 = tuple(map(Hash32, ZERO_HASHES[len(true.siblings) : 32]))
    assert_refused(net, replace(true, siblings=true.siblings + to_depth_32), "SiblingsMiscounted")
    net.deliver(true, HUB)


@pytest.mark.parametrize("cut", [1, 42, 60])
def test_delivery__truncated_items__is_refused(net: Net, cut: int) -> None:
    true = net.delivery(ROLLUP_A, HUB, 2, 2)
    assert_refused(net, replace(true, items=true.items[:-cut]), "ItemsMalformed")
    assert_refused(net, replace(true, items=b""), "ItemsMalformed")
    assert net.deliver(true, HUB).logs


@pytest.mark.parametrize("padding", [b"\0", bytes(42), bytes(32)])
def test_delivery__padded_items__is_refused(net: Net, padding: bytes) -> None:
    true = net.delivery(ROLLUP_A, HUB, 2, 2)
    assert_refused(net, replace(true, items=true.items + padding), "ItemsMalformed")
    net.deliver(true, HUB)


def test_delivery__body_with_a_surplus_byte__is_refused(net: Net) -> None:
    true = net.delivery(ROLLUP_A, HUB, 2, 1)
    item = Item.decode(true.items)
    assert_refused(net, with_item(true, replace(item, body=item.body + b"\0")), "ProofInvalid")
    net.deliver(true, HUB)


# -- replayed


def test_delivery__replayed__is_refused_and_pays_once(net: Net) -> None:
    true = net.delivery(ROLLUP_A, HUB, 2, 1)
    net.deliver(true, HUB, RELAYER.account)
    with pytest.raises(Reverted) as refusal:
        net.deliver(true, HUB, THIEF.account)
    assert refusal.value.name == "NothingDelivered"
    assert cash(net, 2) == 3 * WAD - WAD // 10
    assert net.hub.clearing.read("cash", THIEF.account) == 0


def test_delivery__replayed_inside_a_range__pays_only_what_is_new(net: Net) -> None:
    net.deliver(net.delivery(ROLLUP_A, HUB, 2, 1), HUB, RELAYER.account)
    net.deliver(net.delivery(ROLLUP_A, HUB), HUB, THIEF.account)
    for number in range(SENT):
        assert cash(net, number) == (number + 1) * WAD - WAD // 10
    assert net.hub.clearing.read("cash", THIEF.account) == (SENT - 1) * WAD // 10
    assert net.hub.clearing.read("reserve", ROLLUP_A, QUOTE) == SENT * (SENT + 1) // 2 * WAD


def test_delivery__replayed_under_a_newer_root__is_refused(net: Net) -> None:
    net.deliver(net.delivery(ROLLUP_A, HUB, 2, 1), HUB)
    net.deposit(TRADER, WAD, ROLLUP_A)
    net.bring_root(ROLLUP_A, HUB)
    with pytest.raises(Reverted) as refusal:
        net.deliver(net.delivery(ROLLUP_A, HUB, 2, 1), HUB)
    assert refusal.value.name == "NothingDelivered"
    net.deliver(net.delivery(ROLLUP_A, HUB, 2), HUB)


def test_waiting_credit__retried_twice_or_changed__is_refused(net: Net) -> None:
    """A parcel that arrives before the placed deposit behind it waits; the credit is whole, exact and single."""
    hub, venue = net.hub.clearing, net.a.clearing
    net.deposit(TRADER, 5 * WAD, ROLLUP_A, after=PLACED)
    venue.send("send", TRADER.account, 4 * WAD, WAD, STAY, sender=TRADER.address)
    net.bring_root(ROLLUP_A, HUB)
    net.deliver(net.delivery(ROLLUP_A, HUB, SENT + 1, 1), HUB, RELAYER.account)
    item = Item.decode(net.delivery(ROLLUP_A, HUB, SENT + 1, 1).items)
    true = (ROLLUP_A, SENT + 1, item.sender, item.body, RELAYER.account)
    assert_retry_refused(net, true, "StillWaiting")
    net.deliver(net.delivery(ROLLUP_A, HUB, SENT, 1), HUB)
    larger = item.body[:33] + (5 * WAD).to_bytes(16, "big") + item.body[49:]
    assert_retry_refused(net, (*true[:3], larger, THIEF.account), "NotWaiting")
    assert_retry_refused(net, (*true[:2], net.a.vault.address, *true[3:]), "NotWaiting")
    assert_retry_refused(net, (ROLLUP_B, *true[1:]), "NotWaiting")
    assert_retry_refused(net, (ROLLUP_A, SENT, *true[2:]), "NotWaiting")
    hub.send("retry", *true)
    assert_retry_refused(net, true, "NotWaiting")
    assert hub.read("cash", TRADER.account) == 4 * WAD
    assert hub.read("cash", RELAYER.account) == WAD
    assert hub.read("venueCash", ROLLUP_A) == 0


def assert_retry_refused(net: Net, given: tuple[object, ...], name: str) -> None:
    with pytest.raises(Reverted) as refusal:
        net.hub.clearing.send("retry", *given)
    assert refusal.value.name == name


# -- cross-lane and cross-chain


def two_lanes_from_the_hub(net: Net) -> None:
    """Send one parcel from the hub to each rollup: the two differ in nothing but the lane."""
    net.deliver(net.delivery(ROLLUP_A, HUB), HUB, TRADER.account)
    for venue in (ROLLUP_A, ROLLUP_B):
        net.hub.clearing.send("sendParcel", TRADER.account, venue, TRADER.account, WAD // 10, 0, sender=TRADER.address)


def test_delivery__of_another_lane__is_refused(net: Net) -> None:
    two_lanes_from_the_hub(net)
    for_a, for_b = net.delivery(HUB, ROLLUP_A), net.delivery(HUB, ROLLUP_B)
    assert for_a.items == for_b.items
    net.bring_root(HUB, ROLLUP_B)
    assert_refused(net, for_a, "RootNotAccepted", at=ROLLUP_B)
    assert_refused(net, replace(for_b, items=for_a.items, root=for_a.root), "RootNotAccepted", at=ROLLUP_B)
    net.deliver(for_b, ROLLUP_B)
    assert net.b.clearing.read("cash", TRADER.account) == WAD // 10


def test_root__of_another_lane__is_refused(net: Net) -> None:
    two_lanes_from_the_hub(net)
    for_a = net.statement(HUB, ROLLUP_A)
    with pytest.raises(Reverted) as refusal:
        net.submit(for_a, ROLLUP_B)
    assert refusal.value.name == "LaneForeign"
    assert (refusal.value.fields) == (ROLLUP_A, ROLLUP_B)
    with pytest.raises(Reverted) as refusal:  # the same signatures, with the lane's name changed
        relabelled(net, for_a, for_a.but(lane=ROLLUP_B), at=ROLLUP_B)
    assert refusal.value.name == "SignerUnknown"
    net.submit(net.statement(HUB, ROLLUP_B), ROLLUP_B)


def relabelled(net: Net, signed_as: Statement, given_as: Statement, at: int) -> None:
    """Bring a statement with the signatures of another."""
    digest = signed_as.digest(net.sides[signed_as.source].outbox.address)
    signatures = b"".join(validator.sign(digest) for validator in net.signers[:3])
    net.sides[at].roots.send("submit", given_as.fields(), signatures)


def test_delivery__of_another_source__is_refused(net: Net) -> None:
    true = net.delivery(ROLLUP_A, HUB, 2, 1)
    assert_refused(net, replace(true, source=ChainId(ROLLUP_B)), "RootNotAccepted")
    assert_refused(net, replace(true, source=ChainId(HUB)), "SourceUnknown")
    net.deliver(true, HUB)


def test_delivery__same_tree_under_another_source__proves_nothing(net: Net) -> None:
    """Even if the root of A's lane were final for B too, the leaf binds the source."""
    true = net.delivery(ROLLUP_A, HUB, 2, 1)
    net.submit(net.statement(ROLLUP_A, HUB).but(source=ROLLUP_B), HUB)
    assert_refused(net, replace(true, source=ChainId(ROLLUP_B)), "ProofInvalid")
    net.deliver(true, HUB)


def test_message__to_the_hub_brought_to_a_rollup__is_refused(net: Net) -> None:
    true = net.delivery(ROLLUP_A, HUB, 2, 1)
    assert_refused(net, true, "SourceUnknown", at=ROLLUP_B)
    assert_refused(net, replace(true, source=ChainId(HUB)), "RootNotAccepted", at=ROLLUP_B)
    net.deliver(true, HUB)


def test_outbox__stranger_sends__is_refused(net: Net) -> None:
    body = Deposit(
        account=Account(owner=Address(THIEF.address)), asset=AssetId(QUOTE), amount=Wad(10**6 * WAD)
    ).encode()
    with pytest.raises(Reverted) as refusal:
        net.a.outbox.send("send", HUB, net.hub.clearing.address, body, sender=THIEF.address)
    assert refusal.value.name == "SenderUnknown"
    net.deposit(TRADER, WAD, ROLLUP_A)


@pytest.mark.parametrize("contract", ["clearing", "vault"])
@pytest.mark.parametrize("at", [HUB, ROLLUP_A])
def test_recipient__called_by_a_stranger__is_refused(net: Net, at: int, contract: str) -> None:
    true = net.delivery(ROLLUP_A, HUB, 2, 1)
    target = getattr(net.sides[at], contract)
    with pytest.raises(Reverted) as refusal:
        target.send("onMessages", true.source, true.first, THIEF.account, true.items, sender=THIEF.address)
    assert refusal.value.name == "CallerNotInbox"
    net.deliver(true, HUB)


# -- zero root, zero leaf


def test_root__zero__is_refused_though_a_quorum_signed_it(net: Net) -> None:
    zero = net.statement(ROLLUP_A, HUB).but(root=bytes(32), count=SENT + 1)
    with pytest.raises(Reverted) as refusal:
        net.submit(zero, HUB)
    assert refusal.value.name == "RootZero"
    forged = replace(net.delivery(ROLLUP_A, HUB, 2, 1), root=Hash32(bytes(32)))
    assert_refused(net, forged, "RootNotAccepted")
    assert_refused(net, replace(forged, count=LeafCount(0)), "RangeOutsideTree")
    net.deposit(TRADER, WAD, ROLLUP_A)
    net.bring_root(ROLLUP_A, HUB)


def test_root__of_an_unused_lane__proves_nothing(net: Net) -> None:
    assert net.b.outbox.read("commitment", HUB) == bytes(32)
    true = net.delivery(ROLLUP_A, HUB, 2, 1)
    unused = replace(true, source=ChainId(ROLLUP_B), root=Hash32(bytes(32)), count=LeafCount(1), first=LeafIndex(0))
    assert_refused(net, replace(unused, siblings=()), "RootNotAccepted")
    with pytest.raises(Reverted) as refusal:
        net.submit(net.statement(ROLLUP_A, HUB).but(source=ROLLUP_B, count=0), HUB)
    assert refusal.value.name == "CountZero"
    net.deliver(true, HUB)


def test_leaf__absent_one__cannot_be_proven(net: Net) -> None:
    """Index 6 of a tree of six is 32 zero bytes; its siblings are true hashes, so only the count stands in the way."""
    _, tree, _ = net.lane(ROLLUP_A, HUB)
    siblings = [bytes(32), tree.lane_proof(4)[1], tree.lane_proof(4)[2]]
    siblings[1] = keccak256(b"".join(tree.lane_proof(5)[:1] + tree.lane_proof(4)[:1]))
    lane_root = tree.subtree_root(SENT)
    assert not verify_lane(leaves=[bytes(32)], first=6, siblings=siblings, root=lane_root, count=SENT)
    true = net.delivery(ROLLUP_A, HUB, 5, 1)
    beyond = replace(true, first=LeafIndex(6), siblings=tuple(map(Hash32, siblings)))
    assert_refused(net, beyond, "RangeOutsideTree")
    assert_refused(net, replace(true, items=true.items * 2), "RangeOutsideTree")
    net.deliver(true, HUB)


# -- the call itself


def test_delivery__root_update_of_garbage__reverts_and_the_true_one_delivers(net: Net) -> None:
    net.deposit(TRADER, WAD, ROLLUP_A)
    true = net.delivery(ROLLUP_A, HUB)
    statement = net.statement(ROLLUP_A, HUB)
    digest = statement.digest(net.a.outbox.address)
    signatures = b"".join(validator.sign(digest) for validator in net.signers[:3])
    kinds = ["uint64", "uint64", "bytes32", "uint32", "uint64", "uint32", "bytes"]
    update = encode(kinds, [*statement.fields(), signatures])
    for damaged in (b"", update[:-65], update[:200], b"\xff" * len(update)):
        with pytest.raises(Reverted):
            net.hub.inbox.send("updateAndDeliver", damaged, *arguments(true))
    net.hub.inbox.send("updateAndDeliver", update, *arguments(true))
    assert net.hub.clearing.read("cash", TRADER.account) == WAD
