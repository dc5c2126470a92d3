"""A lane's commitment goes from a rollup's state over the base chain to another rollup, by proofs that nodes make.

Three chains in process, no made-up trie: the Outbox writes the lane, the RootRegistry holds the state root, the anchor
holds the base chain's, and AnchoredRoots believes none of them without proof.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from eth_abi.abi import encode

from bridge.artifacts import load
from bridge.devnet.model import AccountProof
from bridge.keccak import keccak256
from bridge.merkle import Tree
from bridge.messages import Lane, leaf
from bridge.types import Address, ChainId, Hash32, LeafIndex
from tests.support.local_chain import OPERATOR, Contract, LocalChain, Reverted
from tests.support.validators import Validator, members, signed, state_root_digest, validators, vote_digest

BASE, ROLLUP, APP, HERE = 900, 902, 903, 901
ANCHOR = b"\xa0" * 20
TREASURY = b"\x7e" * 20
BOND, WINDOW = 10**18, 3600
PROPOSER, CHALLENGER = b"\x11" * 20, b"\x12" * 20


@dataclass(frozen=True, kw_only=True)
class World:
    """The chains and what stands on them; the validators post and judge."""

    base: LocalChain
    rollup: LocalChain
    here: LocalChain
    outbox: Contract
    tree: Tree
    registry: Contract
    anchor: Contract
    roots: Contract
    committee: list[Validator]

    def send(self, body: bytes) -> None:
        """Send a message on the rollup and mirror it in the Python tree."""
        index = self.tree.count
        receipt = self.outbox.send("send", HERE, b"\x55" * 20, body)
        item = len(body).to_bytes(2, "big") + OPERATOR + b"\x55" * 20 + body
        lane = Lane(source=ChainId(ROLLUP), outbox=Address(self.outbox.address), destination=ChainId(HERE))
        self.tree.append(leaf(lane=lane, index=LeafIndex(index), item=item))
        assert item in receipt.logs[0].data

    def post(self, height: int, state_root: bytes) -> None:
        digest = state_root_digest(chain=ROLLUP, height=height, state_root=state_root)
        self.registry.send("post", ROLLUP, height, state_root, signed(digest, self.committee[:3]))

    def report(self) -> int:
        """Tell the anchor about the base chain's newest block; return its number."""
        data = self.base.number.to_bytes(32, "big") + self.base.state_root
        assert self.here.system_call(self.anchor.address, data).error is None
        return self.base.number

    def lane_proof(self) -> AccountProof:
        return self.rollup.proof(self.outbox.address, slot_of((HERE,), 0))

    def state_proof(self, height: int) -> AccountProof:
        return self.base.proof(self.registry.address, slot_of((ROLLUP, height), 0))


def slot_of(keys: tuple[int, ...], slot: int) -> int:
    """Return the storage slot of a nested mapping's entry."""
    for key in keys:
        slot = int.from_bytes(keccak256(encode(["uint256", "uint256"], [key, slot])), "big")
    return slot


def quorum_chain(chain: int, outbox: bytes, committee: list[Validator]) -> tuple[object, ...]:
    return (chain, 1, outbox, members(committee), bytes(20), 0, 0, 0, 0)


@pytest.fixture
def world() -> World:
    committee = validators(4)
    base, rollup, here = LocalChain(BASE), LocalChain(ROLLUP), LocalChain(HERE)
    outbox = rollup.deploy(load("Outbox"), OPERATOR, OPERATOR, [HERE, APP], OPERATOR)
    registry = base.deploy(load("RootRegistry"), [quorum_chain(ROLLUP, outbox.address, committee)], TREASURY, OPERATOR)
    anchor = here.place(load("Anchor"), ANCHOR)
    roots = here.deploy(load("AnchoredRoots"), ANCHOR, registry.address, [(ROLLUP, outbox.address)], OPERATOR)
    return World(
        base=base,
        rollup=rollup,
        here=here,
        outbox=outbox,
        tree=Tree(),
        registry=registry,
        anchor=anchor,
        roots=roots,
        committee=committee,
    )


def evidence(world: World, height: int, number: int) -> tuple[tuple[object, ...], tuple[object, ...]]:
    """Return the arguments StateProof and LaneProof."""
    state, lane = world.state_proof(height), world.lane_proof()
    return (
        (ROLLUP, height, number, state.nodes, state.storage[0].nodes),
        (ROLLUP, height, world.tree.subtree_root(), world.tree.count, lane.nodes, lane.storage[0].nodes),
    )


def update(step: int, *arguments: tuple[object, ...]) -> bytes:
    types = {
        0: ["(uint64,uint64,uint64,bytes[],bytes[])"],
        1: ["(uint64,uint64,bytes32,uint32,bytes[],bytes[])"],
        2: ["(uint64,uint64,uint64,bytes[],bytes[])", "(uint64,uint64,bytes32,uint32,bytes[],bytes[])"],
    }[step]
    return encode(["uint8", "bytes"], [step, encode(types, arguments)])


def test_lane__proven_from_state_to_state__is_final(world: World) -> None:
    for body in (b"one", b"two", b"three"):
        world.send(body)
    world.post(7, world.rollup.state_root)
    state, lane = evidence(world, 7, world.report())
    world.roots.send("update", update(2, state, lane))
    assert world.roots.read("accepted", ROLLUP, HERE, world.tree.subtree_root(), 3)
    assert world.roots.read("latest", ROLLUP, HERE) == (world.tree.commitment(), 3)
    assert world.roots.read("isHeld", ROLLUP, 7, world.rollup.state_root)
    world.send(b"four")
    world.post(8, world.rollup.state_root)
    state, lane = evidence(world, 8, world.report())
    world.roots.send("update", update(0, state))
    world.roots.send("update", update(1, lane))
    assert world.roots.read("latest", ROLLUP, HERE) == (world.tree.commitment(), 4)


def test_lane__before_its_state_root_is_final__is_refused(world: World) -> None:
    world.send(b"one")
    state, lane = evidence(world, 7, world.report())
    with pytest.raises(Reverted) as refusal:
        world.roots.send("update", update(2, state, lane))
    assert refusal.value.name in {"StateRootAbsent", "AccountAbsent"}


def test_lane__of_a_later_state_than_the_one_held__is_refused(world: World) -> None:
    world.send(b"one")
    world.post(7, world.rollup.state_root)
    world.send(b"two")
    state, lane = evidence(world, 7, world.report())
    with pytest.raises(Reverted) as refusal:
        world.roots.send("update", update(2, state, lane))
    assert refusal.value.name == "StateRootNotHeld"


def test_lane__that_leads_to_another_chain__is_refused(world: World) -> None:
    world.send(b"one")
    world.post(7, world.rollup.state_root)
    state, lane = evidence(world, 7, world.report())
    elsewhere = world.rollup.proof(world.outbox.address, slot_of((APP,), 0))
    with pytest.raises(Reverted) as refusal:
        world.roots.send("update", update(2, state, (*lane[:4], elsewhere.nodes, elsewhere.storage[0].nodes)))
    assert refusal.value.name in {"ProofRejected", "CommitmentDiffers"}


def test_registry__false_state_root_disputed_by_committee__is_never_provable() -> None:
    base, committee = LocalChain(BASE), validators(4)
    for player in (PROPOSER, CHALLENGER):
        base.fund(player, 10 * BOND)
    registry = base.deploy(load("RootRegistry"), [], TREASURY, OPERATOR)
    court = base.deploy(load("CommitteeCourt"), registry.address, members(committee), OPERATOR)
    registry.send("addChain", (APP, 2, bytes(20), [], court.address, BOND, WINDOW, 0, 1000))
    lie = keccak256(b"lie")
    registry.send("propose", APP, 5, lie, sender=PROPOSER, value=BOND)
    claim = keccak256(encode(["uint64", "uint64", "bytes32"], [APP, 5, lie]))
    registry.send("dispute", 1, claim, sender=CHALLENGER, value=BOND // 8)
    assert court.read("claimOf", 1) == claim
    digest = vote_digest(court=court.address, case=1, claim=claim, valid=False)
    court.send("castVotes", 1, claim, False, signed(digest, committee[1:]))
    registry.send("resolve", 1)
    base.timestamp += 2 * WINDOW
    with pytest.raises(Reverted) as refusal:
        registry.send("finalize", 1)
    assert refusal.value.name == "StatusDiffers"
    assert registry.read("finalRoot", APP, 5) == bytes(32)
    assert registry.read("withdrawable", CHALLENGER) == BOND // 8 + BOND // 2
    assert base.proof(registry.address, slot_of((APP, 5), 0)).storage[0].value == 0


def test_outbox__lanes_slot__is_where_the_other_chain_looks_for_it(world: World) -> None:
    world.send(b"one")
    proof = world.lane_proof().storage[0]
    assert Hash32(proof.value.to_bytes(32, "big")) == world.tree.commitment()
