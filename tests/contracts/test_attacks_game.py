"""Attacks on state roots and what is proven from them: foreign proofs, stale heights, false claims, false disputes.

Real from end to end: a base chain with registry and court, a rollup with its Outbox, the hub's anchor, and proofs as
eth_getProof gives them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import pytest
from eth_abi.abi import encode

from bridge.artifacts import load
from bridge.devnet.model import AccountProof
from bridge.keccak import keccak256
from bridge.merkle import commitment
from tests.support.attack_net import HUB, ROLLUP_B, refused
from tests.support.local_chain import OPERATOR, Contract, LocalChain, Reverted
from tests.support.validators import Validator, members, signed, state_root_digest, validators, vote_digest

BASE, ROLLUP = 900, 910
ANCHOR = b"\xb2" * 20
BOND, CHALLENGE, WINDOW = 10**18, 10**18 // 8, 100
PROPOSER, WATCHER, THIEF = (bytes([number]) * 20 for number in (0xA1, 0xA2, 0xA3))
FALSE, TRUE = keccak256(b"a false state"), keccak256(b"the true state")


# -- storage proofs


@dataclass(frozen=True, kw_only=True)
class Anchored:
    """A base chain with a registry and a court, a rollup that posts there, and the hub that reads it."""

    base: LocalChain
    rollup: LocalChain
    here: LocalChain
    registry: Contract
    court: Contract
    outbox: Contract
    anchor: Contract
    roots: Contract
    verifiers: list[Validator]

    def send(self, body: bytes) -> None:
        """Append a message to the rollup's lane to the hub."""
        self.outbox.send("send", HUB, b"\x01" * 20, body)

    def lane_slot(self, lane: int = HUB) -> int:
        return int.from_bytes(keccak256(lane.to_bytes(32, "big") + bytes(32)), "big")

    def root_slot(self, height: int, chain: int = ROLLUP) -> int:
        outer = keccak256(chain.to_bytes(32, "big") + bytes(32))
        return int.from_bytes(keccak256(height.to_bytes(32, "big") + outer), "big")

    def finalize(self, height: int, state_root: bytes) -> None:
        """Let a claim stand its window through without a dispute."""
        self.registry.send("propose", ROLLUP, height, state_root, value=BOND)
        self.base.timestamp += WINDOW
        self.registry.send("finalize", self.registry.read("proposals"))

    def report(self, number: int) -> None:
        """Have the node report the base chain's present state as block `number`."""
        outcome = self.here.system_call(ANCHOR, number.to_bytes(32, "big") + self.base.state_root)
        assert outcome.error is None

    def state_proof(self, height: int, chain: int = ROLLUP) -> tuple[list[bytes], list[bytes]]:
        return nodes(self.base.proof(self.registry.address, self.root_slot(height, chain)))

    def lane_proof(self, lane: int = HUB) -> tuple[list[bytes], list[bytes]]:
        return nodes(self.rollup.proof(self.outbox.address, self.lane_slot(lane)))


def nodes(proof: AccountProof) -> tuple[list[bytes], list[bytes]]:
    return list(proof.nodes), list(proof.storage[0].nodes)


def build_anchored() -> Anchored:
    base, rollup, here = LocalChain(BASE), LocalChain(ROLLUP), LocalChain(HUB)
    outbox = rollup.deploy(load("Outbox"), OPERATOR, OPERATOR, [HUB, ROLLUP_B], OPERATOR)
    verifiers = validators(3)
    court_address = keccak256(b"\xd6\x94" + OPERATOR + b"\x01")[12:]  # the operator's second creation
    config: tuple[object, ...] = (ROLLUP, 2, bytes(20), [], court_address, BOND, WINDOW, 0, 1_000)
    registry = base.deploy(load("RootRegistry"), [config], OPERATOR, OPERATOR)
    court = base.deploy(load("CommitteeCourt"), registry.address, members(verifiers), OPERATOR)
    assert court.address == court_address
    for who in (PROPOSER, WATCHER, THIEF):
        base.fund(who)
    anchor = here.place(load("Anchor"), ANCHOR)
    roots = here.deploy(load("AnchoredRoots"), ANCHOR, registry.address, [(ROLLUP, outbox.address)], OPERATOR)
    return Anchored(
        base=base, rollup=rollup, here=here, registry=registry, court=court, outbox=outbox, anchor=anchor, roots=roots,
        verifiers=verifiers,
    )  # fmt: skip


_anchored = cache(build_anchored)


@pytest.fixture
def anchored() -> Iterator[Anchored]:
    with undone(_anchored()) as given:
        yield given


@contextmanager
def undone(given: Anchored) -> Iterator[Anchored]:
    chains = (given.base, given.rollup, given.here)
    held = [(chain.state_root, chain.number, chain.timestamp) for chain in chains]
    try:
        yield given
    finally:
        for chain, state in zip(chains, held, strict=True):
            chain.state_root, chain.number, chain.timestamp = state


def lane_of_two(given: Anchored) -> tuple[bytes, int]:
    """Put two messages on the rollup's lane and make its state final at height 5; return the lane's root and count."""
    given.send(b"first")
    given.send(b"second")
    items = [len(body).to_bytes(2, "big") + OPERATOR + b"\x01" * 20 + body for body in (b"first", b"second")]
    head = b"CAUSEWAY\x01" + ROLLUP.to_bytes(8, "big") + given.outbox.address + HUB.to_bytes(8, "big")
    leaves = [keccak256(head + index.to_bytes(4, "big") + item) for index, item in enumerate(items)]
    given.finalize(5, given.rollup.state_root)
    given.report(77)
    root = keccak256(b"".join(leaves))
    assert given.outbox.read("commitment", HUB) == commitment(root, 2)
    return root, 2


def test_anchored_root__true_proofs__are_accepted_once(anchored: Anchored) -> None:
    root, count = lane_of_two(anchored)
    state, lane = (ROLLUP, 5, 77, *anchored.state_proof(5)), (ROLLUP, 5, root, count, *anchored.lane_proof())
    anchored.roots.send("proveStateRoot", *state)
    anchored.roots.send("proveLane", *lane)
    assert anchored.roots.read("accepted", ROLLUP, HUB, root, count)
    anchored.roots.send("proveBoth", state, lane)
    assert anchored.roots.read("latest", ROLLUP, HUB) == (commitment(root, count), count)


def test_anchored_root__claim_other_than_proven__is_refused(anchored: Anchored) -> None:
    root, count = lane_of_two(anchored)
    anchored.roots.send("proveStateRoot", ROLLUP, 5, 77, *anchored.state_proof(5))
    proof = anchored.lane_proof()
    prove = "proveLane"
    refused("CommitmentDiffers", anchored.roots, prove, ROLLUP, 5, keccak256(root), count, *proof)
    refused("CommitmentDiffers", anchored.roots, prove, ROLLUP, 5, root, count + 1, *proof)
    refused("RootZero", anchored.roots, prove, ROLLUP, 5, bytes(32), count, *proof)
    refused("CountZero", anchored.roots, prove, ROLLUP, 5, root, 0, *proof)
    refused("StateRootNotHeld", anchored.roots, prove, ROLLUP, 6, root, count, *proof)
    anchored.roots.send(prove, ROLLUP, 5, root, count, *proof)


def test_anchored_root__proof_of_another_slot_or_account__is_refused(anchored: Anchored) -> None:
    root, count = lane_of_two(anchored)
    anchored.outbox.send("send", ROLLUP_B, b"\x01" * 20, b"to another chain")
    anchored.finalize(6, anchored.rollup.state_root)
    anchored.report(78)
    anchored.roots.send("proveStateRoot", ROLLUP, 6, 78, *anchored.state_proof(6))
    account, storage = anchored.lane_proof()
    other_lane = anchored.lane_proof(ROLLUP_B)
    owner_slot = nodes(anchored.rollup.proof(anchored.outbox.address, 1))
    stranger = nodes(anchored.rollup.proof(OPERATOR, 0))
    given = (ROLLUP, 6, root, count)
    for proof in (other_lane, owner_slot, (account, storage[:-1]), (account, [*storage, storage[-1]]), (account, [])):
        refused("ProofRejected", anchored.roots, "proveLane", *given, *proof)
    for proof in ((stranger[0], storage), (account[:-1], storage), ([*account, b"\x80"], storage)):
        refused("ProofRejected", anchored.roots, "proveLane", *given, *proof)
    refused("StateRootNotHeld", anchored.roots, "proveLane", *given, [], [])
    anchored.roots.send("proveLane", *given, account, storage)


def test_anchored_state__proof_of_another_height_chain_or_block__is_refused(anchored: Anchored) -> None:
    lane_of_two(anchored)
    account, storage = anchored.state_proof(5)
    prove = "proveStateRoot"
    refused("BaseBlockUnknown", anchored.roots, prove, ROLLUP, 5, 76, account, storage)
    refused("BaseBlockUnknown", anchored.roots, prove, ROLLUP, 5, 78, account, storage)
    refused("ProofRejected", anchored.roots, prove, ROLLUP, 6, 77, account, storage)
    refused("StateRootAbsent", anchored.roots, prove, ROLLUP, 6, 77, *anchored.state_proof(6))
    refused("StateRootAbsent", anchored.roots, prove, ROLLUP_B, 5, 77, *anchored.state_proof(5, ROLLUP_B))
    anchored.base.fund(THIEF, 5)  # another state of the base chain: its proofs are of no use under block 77
    refused("ProofRejected", anchored.roots, prove, ROLLUP, 5, 77, *anchored.state_proof(5))
    anchored.roots.send(prove, ROLLUP, 5, 77, account, storage)


def test_anchored_root__of_an_older_height__cannot_lower_the_count(anchored: Anchored) -> None:
    root, count = lane_of_two(anchored)
    old_lane = (ROLLUP, 5, root, count, *anchored.lane_proof())
    anchored.roots.send("proveStateRoot", ROLLUP, 5, 77, *anchored.state_proof(5))
    anchored.send(b"third")
    third = anchored.outbox.read("commitment", HUB)
    anchored.finalize(6, anchored.rollup.state_root)
    anchored.report(78)
    newer = keccak256(b"not the third")
    refused("StateRootNotHeld", anchored.roots, "proveLane", ROLLUP, 6, newer, 3, *anchored.lane_proof())
    state = (ROLLUP, 6, 78, *anchored.state_proof(6))
    refused("CommitmentDiffers", anchored.roots, "proveBoth", state, (ROLLUP, 6, newer, 3, *anchored.lane_proof()))
    true_root = root_of_three(anchored)
    assert third == commitment(true_root, 3)
    anchored.roots.send("proveBoth", state, (ROLLUP, 6, true_root, 3, *anchored.lane_proof()))
    refused("CountFalls", anchored.roots, "proveLane", *old_lane)
    assert anchored.roots.read("latest", ROLLUP, HUB) == (third, 3)


def root_of_three(given: Anchored) -> bytes:
    bodies = (b"first", b"second", b"third")
    head = b"CAUSEWAY\x01" + ROLLUP.to_bytes(8, "big") + given.outbox.address + HUB.to_bytes(8, "big")
    items = [len(body).to_bytes(2, "big") + OPERATOR + b"\x01" * 20 + body for body in bodies]
    leaves = [keccak256(head + index.to_bytes(4, "big") + item) for index, item in enumerate(items)]
    return keccak256(keccak256(leaves[0] + leaves[1]) + keccak256(leaves[2] + bytes(32)))


def test_anchored_state__old_heights_proven_again_and_again__push_nothing_out(anchored: Anchored) -> None:
    """The registry keeps every root: 64 old ones between a relayer's two steps must not cost it the first."""
    root, count = lane_of_two(anchored)
    for height in (100, 300):
        anchored.finalize(height, keccak256(b"state %d" % height))
    anchored.finalize(400, anchored.rollup.state_root)
    anchored.report(78)
    anchored.roots.send("proveStateRoot", ROLLUP, 300, 78, *anchored.state_proof(300))
    anchored.roots.send("proveStateRoot", ROLLUP, 400, 78, *anchored.state_proof(400))
    for height in (5, 100):
        proof = anchored.state_proof(height)
        refused("HeightOvertaken", anchored.roots, "proveStateRoot", ROLLUP, height, 78, *proof, sender=THIEF)
    anchored.roots.send("proveStateRoot", ROLLUP, 300, 78, *anchored.state_proof(300))  # held: nothing happens
    lane = (root, count, *anchored.lane_proof())
    anchored.roots.send("proveLane", ROLLUP, 400, *lane)
    assert anchored.roots.read("accepted", ROLLUP, HUB, root, count)


def test_anchored_root__higher_state_proven_first__does_not_stop_both_steps_in_one(anchored: Anchored) -> None:
    root, count = lane_of_two(anchored)
    anchored.finalize(6, keccak256(b"a later state"))
    anchored.report(78)
    anchored.roots.send("proveStateRoot", ROLLUP, 6, 78, *anchored.state_proof(6), sender=THIEF)
    state, lane = (ROLLUP, 5, 78, *anchored.state_proof(5)), (ROLLUP, 5, root, count, *anchored.lane_proof())
    refused("StateRootNotHeld", anchored.roots, "proveLane", *lane)
    anchored.roots.send("proveBoth", state, lane)
    assert anchored.roots.read("accepted", ROLLUP, HUB, root, count)


def test_anchor__report_of_a_stranger_or_a_lower_number__is_refused(anchored: Anchored) -> None:
    anchored.report(77)
    forged = (78).to_bytes(32, "big") + keccak256(b"forged")
    with pytest.raises(Reverted) as refusal:
        anchored.anchor.send_raw(forged, sender=THIEF)
    assert refusal.value.name == "CallerNotSystem"
    lower = anchored.here.system_call(ANCHOR, (76).to_bytes(32, "big") + keccak256(b"older"))
    assert lower.error is not None
    other = anchored.here.system_call(ANCHOR, (77).to_bytes(32, "big") + keccak256(b"changed"))
    assert other.error is not None
    assert anchored.anchor.read("latest") == 77


# -- the game


def claim_of(height: int, state_root: bytes) -> bytes:
    return keccak256(encode(["uint64", "uint64", "bytes32"], (ROLLUP, height, state_root)))


def propose(given: Anchored, state_root: bytes, by: bytes, height: int = 5) -> int:
    given.registry.send("propose", ROLLUP, height, state_root, sender=by, value=BOND)
    number: int = given.registry.read("proposals")
    return number


def judge(given: Anchored, case: int, height: int, state_root: bytes, *, valid: bool) -> None:
    claim = claim_of(height, state_root)
    votes = signed(vote_digest(court=given.court.address, case=case, claim=claim, valid=valid), given.verifiers)
    given.court.send("castVotes", case, claim, valid, votes)


def test_false_claim__disputed_by_its_own_proposer__is_refuted_and_costs_half_a_bond(anchored: Anchored) -> None:
    registry = anchored.registry
    case = propose(anchored, FALSE, THIEF)
    registry.send("dispute", case, claim_of(5, FALSE), sender=THIEF, value=CHALLENGE)
    refused("StatusDiffers", registry, "finalize", case)
    refused("WindowOpen", registry, "resolve", case)
    judge(anchored, case, 5, FALSE, valid=False)
    registry.send("resolve", case)
    assert registry.read("finalRoot", ROLLUP, 5) == bytes(32)
    assert registry.read("withdrawable", THIEF) == CHALLENGE + BOND // 2
    true = propose(anchored, TRUE, PROPOSER)
    anchored.base.timestamp += WINDOW
    registry.send("finalize", true)
    assert registry.read("finalRoot", ROLLUP, 5) == TRUE


def test_false_claim__beside_the_true_one_in_the_last_second__is_never_final(anchored: Anchored) -> None:
    registry = anchored.registry
    true = propose(anchored, TRUE, PROPOSER)
    anchored.base.timestamp += WINDOW - 2
    false = propose(anchored, FALSE, THIEF)
    anchored.base.timestamp += 2 * WINDOW
    refused("ClaimsCompete", registry, "finalize", false)
    refused("ClaimsCompete", registry, "finalize", true)
    registry.send("dispute", false, claim_of(5, FALSE), sender=WATCHER, value=CHALLENGE)
    judge(anchored, false, 5, FALSE, valid=False)
    registry.send("resolve", false)
    registry.send("finalize", true)
    assert registry.read("finalRoot", ROLLUP, 5) == TRUE
    assert registry.read("withdrawable", WATCHER) == CHALLENGE + BOND // 2
    assert registry.read("withdrawable", THIEF) == 0


def test_false_claims__at_one_height_and_one_forgotten__is_disputed_when_its_rival_fell(anchored: Anchored) -> None:
    registry, other = anchored.registry, keccak256(b"another false state")
    first, second = propose(anchored, FALSE, THIEF), propose(anchored, other, THIEF)
    registry.send("dispute", first, claim_of(5, FALSE), sender=WATCHER, value=CHALLENGE)
    judge(anchored, first, 5, FALSE, valid=False)
    anchored.base.timestamp += 2 * WINDOW
    registry.send("resolve", first)
    registry.send("dispute", second, claim_of(5, other), sender=WATCHER, value=CHALLENGE)
    refused("StatusDiffers", registry, "finalize", second)
    judge(anchored, second, 5, other, valid=False)
    registry.send("resolve", second)
    assert registry.read("finalRoot", ROLLUP, 5) == bytes(32)
    assert registry.read("withdrawable", WATCHER) == 2 * (CHALLENGE + BOND // 2)


def test_false_claims__at_many_heights__cost_their_author_eight_times_what_they_tie_up(anchored: Anchored) -> None:
    """The capital of one bond holds off eight claims at once; a dispute brings an eighth, no more and no less."""
    registry, heights = anchored.registry, range(5, 13)
    cases = {height: propose(anchored, FALSE, THIEF, height) for height in heights}
    for value in (0, CHALLENGE - 1, CHALLENGE + 1, BOND):
        refused("BondDiffers", registry, "dispute", cases[5], claim_of(5, FALSE), sender=WATCHER, value=value)
    for height, case in cases.items():
        registry.send("dispute", case, claim_of(height, FALSE), sender=WATCHER, value=CHALLENGE)
        judge(anchored, case, height, FALSE, valid=False)
        registry.send("resolve", case)
    assert registry.read("withdrawable", WATCHER) == BOND + 8 * (BOND // 2)
    assert registry.read("withdrawable", THIEF) == 0


def test_disputed_claim__silent_court__is_extended_and_never_final(anchored: Anchored) -> None:
    registry = anchored.registry
    case = propose(anchored, FALSE, THIEF)
    registry.send("dispute", case, claim_of(5, FALSE), sender=WATCHER, value=CHALLENGE)
    for _ in range(3):
        anchored.base.timestamp += WINDOW
        refused("StatusDiffers", registry, "finalize", case)
        registry.send("resolve", case)
        assert registry.read("finalRoot", ROLLUP, 5) == bytes(32)
    judge(anchored, case, 5, FALSE, valid=False)
    registry.send("resolve", case)
    refused("StatusDiffers", registry, "resolve", case)


def test_true_claim__falsely_disputed__is_final_by_verdict_and_the_liar_pays(anchored: Anchored) -> None:
    registry = anchored.registry
    case = propose(anchored, TRUE, PROPOSER)
    refused("ClaimDiffers", registry, "dispute", case, claim_of(5, FALSE), sender=THIEF)
    registry.send("dispute", case, claim_of(5, TRUE), sender=THIEF, value=CHALLENGE)
    judge(anchored, case, 5, TRUE, valid=True)
    registry.send("resolve", case)
    assert registry.read("finalRoot", ROLLUP, 5) == TRUE
    assert registry.read("withdrawable", PROPOSER) == BOND + CHALLENGE // 2
    assert registry.read("withdrawable", THIEF) == 0
    refused("HeightAlreadyFinal", registry, "propose", ROLLUP, 5, FALSE, sender=THIEF, value=BOND)


def test_votes__of_strangers_twice_or_on_another_claim__are_refused(anchored: Anchored) -> None:
    court, registry = anchored.court, anchored.registry
    case = propose(anchored, FALSE, THIEF)
    registry.send("dispute", case, claim_of(5, FALSE), sender=WATCHER, value=CHALLENGE)
    claim = claim_of(5, FALSE)
    valid = vote_digest(court=court.address, case=case, claim=claim, valid=True)
    strangers = validators(3, first_key=500)
    refused("SignerUnknown", court, "castVotes", case, claim, True, signed(valid, strangers))
    refused("ClaimDiffers", court, "castVotes", case, claim_of(5, TRUE), True, signed(valid, anchored.verifiers))
    elsewhere = vote_digest(court=THIEF, case=case, claim=claim, valid=True)
    refused("SignerUnknown", court, "castVotes", case, claim, True, signed(elsewhere, anchored.verifiers))
    court.send("castVotes", case, claim, True, signed(valid, anchored.verifiers[:1] * 3))
    assert court.read("tally", case) == (1, 0, 3)
    refused("CallerNotRegistry", court, "open", 99, ROLLUP, 5, FALSE, sender=THIEF)
    assert registry.read("finalRoot", ROLLUP, 5) == bytes(32)
    judge_rest = vote_digest(court=court.address, case=case, claim=claim, valid=False)
    court.send("castVotes", case, claim, False, signed(judge_rest, anchored.verifiers))
    assert court.read("verdict", case) == 0  # two of three are not more than two thirds


def test_state_root__posted_without_the_policy_of_signers__is_refused(anchored: Anchored) -> None:
    digest = state_root_digest(chain=ROLLUP, height=5, state_root=FALSE)
    refused("PolicyDiffers", anchored.registry, "post", ROLLUP, 5, FALSE, signed(digest, anchored.verifiers))
    refused("HeightOutOfRange", anchored.registry, "propose", ROLLUP, 1_001, FALSE, value=BOND)
    assert anchored.registry.read("finalRoot", ROLLUP, 5) == bytes(32)
