"""Attacks on quorums: who signed, what, how often, in which set; and evidence against the honest."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest
from eth_abi.abi import encode

from bridge.artifacts import load
from bridge.keccak import keccak256
from tests.support.attack_net import HUB, ROLLUP_A, ROLLUP_B, WAD, Net, build, person, refused
from tests.support.local_chain import OPERATOR, LocalChain, Reverted
from tests.support.validators import (
    Statement,
    Validator,
    members,
    rotation_digest,
    signed,
    validators,
)

OUTBOX = b"\xb2" * 20
HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


@cache
def standing() -> Net:
    net = build()
    for number in range(3):
        net.deposit(person(10 + number), WAD, ROLLUP_A)
    return net


@pytest.fixture
def net() -> Iterator[Net]:
    with standing().undone() as net:
        yield net


def submit_refused(net: Net, name: str, statement: Statement, signatures: bytes) -> None:
    refused(name, net.hub.roots, "submit", statement.fields(), signatures)
    assert net.hub.roots.read("latest", ROLLUP_A, HUB) == (bytes(32), 0)


# -- quorums


def test_quorum__one_signer_twice__is_refused(net: Net) -> None:
    statement, signers = net.statement(ROLLUP_A, HUB), net.signers
    digest = statement.digest(net.a.outbox.address)
    submit_refused(net, "SignersUnsorted", statement, signed(digest, [signers[0], signers[1], signers[1]]))
    submit_refused(net, "SignersUnsorted", statement, signed(digest, [signers[1], signers[0], signers[2]]))
    submit_refused(net, "SignersUnsorted", statement, signed(digest, [signers[0]] * 3))
    net.hub.roots.send("submit", statement.fields(), signed(digest, signers[:3]))


def test_quorum__two_thirds_or_less__is_refused(net: Net) -> None:
    statement, signers = net.statement(ROLLUP_A, HUB), net.signers
    digest = statement.digest(net.a.outbox.address)
    submit_refused(net, "QuorumMissed", statement, signed(digest, signers[:2]))
    submit_refused(net, "QuorumMissed", statement, b"")
    net.hub.roots.send("submit", statement.fields(), signed(digest, signers[1:]))


def test_quorum__one_signer_with_nearly_all_weight__is_refused() -> None:
    chain, signers = LocalChain(HUB), validators(2)
    heavy = [(signers[0].address, 2**48 - 1), (signers[1].address, 1)]
    roots = chain.deploy(load("QuorumRoots"), [(ROLLUP_A, OUTBOX, heavy)], OPERATOR)
    statement = Statement(source=ROLLUP_A, lane=HUB, root=keccak256(b"root"), count=1)
    digest = statement.digest(OUTBOX)
    refused("QuorumMissed", roots, "submit", statement.fields(), signed(digest, signers[:1]))
    roots.send("submit", statement.fields(), signed(digest, signers))


def test_quorum__damaged_or_mirrored_signature__is_refused(net: Net) -> None:
    statement, signers = net.statement(ROLLUP_A, HUB), net.signers[:3]
    true = signed(statement.digest(net.a.outbox.address), signers)
    first = true[:65]
    low = int.from_bytes(first[32:64], "big")
    mirrored = first[:32] + (2 * HALF_ORDER + 1 - low).to_bytes(32, "big") + bytes([55 - first[64]])
    submit_refused(net, "SignatureInvalid", statement, mirrored + true[65:])
    submit_refused(net, "SignatureInvalid", statement, first[:64] + bytes([first[64] - 27]) + true[65:])
    submit_refused(net, "SignatureInvalid", statement, bytes(65) + true[65:])
    submit_refused(net, "SignaturesMalformed", statement, true[:-1])
    submit_refused(net, "SignaturesMalformed", statement, true + b"\0")
    net.hub.roots.send("submit", statement.fields(), true)


@pytest.mark.parametrize(
    ("field", "value"), [("root", keccak256(b"forged")), ("count", 4), ("height", 2), ("source", ROLLUP_B)]
)
def test_quorum__signatures_of_another_statement__are_refused(net: Net, field: str, value: int | bytes) -> None:
    statement = net.statement(ROLLUP_A, HUB)
    true = signed(statement.digest(net.a.outbox.address), net.signers[:3])
    forged = statement.but(**{field: value})
    with pytest.raises(Reverted) as refusal:
        net.hub.roots.send("submit", forged.fields(), true)
    assert refusal.value.name in {"SignerUnknown", "SignersUnsorted"}
    net.hub.roots.send("submit", statement.fields(), true)


def test_quorum__of_a_stale_set__is_refused(net: Net) -> None:
    old, new = net.signers, validators(4, first_key=100)
    before = net.statement(ROLLUP_A, HUB)
    rotation = rotation_digest(source=ROLLUP_A, outbox=net.a.outbox.address, epoch=1, members=members(new))
    refused("QuorumMissed", net.hub.roots, "rotate", ROLLUP_A, members(new), signed(rotation, old[:2]))
    refused("SignerUnknown", net.hub.roots, "rotate", ROLLUP_A, members(new), signed(rotation, new[:3]))
    net.hub.roots.send("rotate", ROLLUP_A, members(new), signed(rotation, old[:3]))
    signatures = signed(before.digest(net.a.outbox.address), old[:3])
    submit_refused(net, "EpochStale", before, signatures)
    after = before.but(epoch=1)
    submit_refused(net, "SignerUnknown", after, signed(after.digest(net.a.outbox.address), old[:3]))
    refused("SignerUnknown", net.hub.roots, "rotate", ROLLUP_A, members(new), signed(rotation, old[:3]))
    net.hub.roots.send("submit", after.fields(), signed(after.digest(net.a.outbox.address), new[:3]))


def test_quorum__older_count_or_second_history__is_refused_or_freezes(net: Net) -> None:
    net.bring_root(ROLLUP_A, HUB)
    older = net.statement(ROLLUP_A, HUB, 2)
    with pytest.raises(Reverted) as refusal:
        net.submit(older, HUB)
    assert refusal.value.name == "CountFalls"
    net.submit(net.statement(ROLLUP_A, HUB).but(root=keccak256(b"second history")), HUB)
    assert net.hub.roots.read("frozen", ROLLUP_A, HUB)
    with pytest.raises(Reverted) as refusal:
        net.deliver(net.delivery(ROLLUP_A, HUB), HUB)
    assert refusal.value.name == "RootNotAccepted"


def test_evidence__against_an_honest_validator__is_refused(net: Net) -> None:
    roots, honest = net.hub.roots, net.signers[0]
    outbox = net.a.outbox.address
    early, late = net.statement(ROLLUP_A, HUB, 2), net.statement(ROLLUP_A, HUB, 3)

    def half(statement: Statement, by: Validator = honest) -> tuple[object, bytes]:
        return (statement.fields(), by.sign(statement.digest(outbox)))

    refused("EvidenceConsistent", roots, "reportRoots", half(early), half(late))
    refused("EvidenceConsistent", roots, "reportRoots", half(late), half(late.but(height=9)))
    forged = late.but(root=keccak256(b"forged"))
    refused("EvidenceOfTwoSigners", roots, "reportRoots", half(late), half(forged, net.signers[1]))
    _, tree, _ = net.lane(ROLLUP_A, HUB)
    leaf = tree.lane_proof(1, count=2)[0]
    opened = (leaf, tree.lane_proof(0, count=2))
    lying = (keccak256(b"another leaf"), tree.lane_proof(0, count=3))
    refused("EvidenceConsistent", roots, "reportLeaves", 0, half(early), opened, half(late), (leaf, tree.lane_proof(0)))
    refused("LeafUnproven", roots, "reportLeaves", 0, half(early), opened, half(late), lying)
    assert roots.read("weightOf", ROLLUP_A, honest.address) == 1
    roots.send("reportRoots", half(late), half(forged))
    assert roots.read("weightOf", ROLLUP_A, honest.address) == 0
    refused("QuorumMissed", roots, "submit", late.fields(), signed(late.digest(outbox), net.signers[:3]))


@pytest.mark.parametrize("word", [0, 1, 3, 4, 5])
def test_root_update__field_beyond_its_type__is_refused(net: Net, word: int) -> None:
    """An update is read in place: a number that is too long must not be cut to one that was signed."""
    statement = net.statement(ROLLUP_A, HUB)
    signatures = signed(statement.digest(net.a.outbox.address), net.signers[:3])
    types = ["uint64", "uint64", "bytes32", "uint32", "uint64", "uint32", "bytes"]
    update = encode(types, [*statement.fields(), signatures])
    start = 32 * word
    longer = int.from_bytes(update[start : start + 32], "big") + 2**64
    with pytest.raises(Reverted):
        net.hub.roots.send("update", update[:start] + longer.to_bytes(32, "big") + update[start + 32 :])
    assert net.hub.roots.read("latest", ROLLUP_A, HUB) == (bytes(32), 0)
    net.hub.roots.send("update", update)
    assert net.hub.roots.read("latest", ROLLUP_A, HUB)[1] == statement.count
