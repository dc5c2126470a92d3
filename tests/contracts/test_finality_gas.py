"""What bringing a root costs, from receipts and under the ceilings that the project promises.

Warm: the slots written hold something already, access lists are empty. Tries have 3 + 3 nodes, as a devnet's have.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from bridge.artifacts import load
from bridge.keccak import keccak256
from tests.support.local_chain import OPERATOR, Contract, LocalChain
from tests.support.tries import account_body, encode, proof_nodes, secure_trie
from tests.support.validators import Statement, Validator, members, signed, validators

HERE, SOURCE = 901, 902
OUTBOX, REGISTRY, ANCHOR = b"\xb0" * 20, b"\xb1" * 20, b"\xb2" * 20
RING = 64


def test_quorum_root__three_of_four__costs_at_most_66_000() -> None:
    chain = LocalChain(HERE)
    signers = validators(4)
    roots = chain.deploy(load("QuorumRoots"), [(SOURCE, OUTBOX, members(signers))], OPERATOR)
    costs = [submit_next(roots, signers[:3], count) for count in range(1_000, 1_000 + RING + 8)]
    assert max(costs[RING:]) <= 66_000
    report("quorum_root_3_of_4", costs[RING:])


def submit_next(roots: Contract, signers: list[Validator], count: int) -> int:
    statement = Statement(source=SOURCE, lane=HERE, root=keccak256(b"%d" % count), count=count, height=5_000 + count)
    return roots.send("submit", statement.fields(), signed(statement.digest(OUTBOX), signers)).gas


def test_anchored_root__three_and_three_nodes__costs_at_most_102_000_for_either_step() -> None:
    random = Random(7)
    chain = LocalChain(HERE)
    anchor = chain.place(load("Anchor"), ANCHOR)
    roots = chain.deploy(load("AnchoredRoots"), ANCHOR, REGISTRY, [(SOURCE, OUTBOX)], OPERATOR)
    state_costs, lane_costs = [], []
    for step in range(RING + 4):
        state_cost, lane_cost = prove_next(roots, anchor, 1_000 + step, random)
        state_costs.append(state_cost)
        lane_costs.append(lane_cost)
    report("anchored_state_root", state_costs[RING:])
    report("anchored_root", lane_costs[RING:])
    assert max(state_costs[RING:]) <= 102_000
    assert max(lane_costs[RING:]) <= 102_000


def prove_next(roots: Contract, anchor: Contract, height: int, random: Random) -> tuple[int, int]:
    """Prove a made-up rollup state and a lane in it; return the gas of both."""
    root, count = random.randbytes(32), height
    commitment = keccak256(root + count.to_bytes(4, "big"))
    lane_slot = keccak256(HERE.to_bytes(32, "big") + bytes(32))
    state_root, lane_proof = state_with(OUTBOX, lane_slot, commitment, random)
    outer = keccak256(SOURCE.to_bytes(32, "big") + bytes(32))
    root_slot = keccak256(height.to_bytes(32, "big") + outer)
    base_root, state_proof = state_with(REGISTRY, root_slot, state_root, random)
    outcome = roots.chain.system_call(anchor.address, height.to_bytes(32, "big") + base_root)
    assert outcome.error is None
    state_cost = roots.send("proveStateRoot", SOURCE, height, height, *state_proof).gas
    lane_cost = roots.send("proveLane", SOURCE, height, root, count, *lane_proof).gas
    assert roots.read("accepted", SOURCE, HERE, root, count)
    return state_cost, lane_cost


def state_with(
    address: bytes, slot: bytes, value: bytes, random: Random
) -> tuple[bytes, tuple[list[bytes], list[bytes]]]:
    """Return a state in which the slot holds the value, at depth 3 in both tries, and the proof."""

    def slots() -> tuple[bytes, bytes]:
        return random.randbytes(32), encode(random.randbytes(32))

    def accounts() -> tuple[bytes, bytes]:
        return random.randbytes(20), account_body(balance=random.getrandbits(70))

    storage_root, storage_nodes = trie_of_depth_3(slot, encode(value), slots)
    body = account_body(nonce=1, storage_root=storage_root, code_hash=random.randbytes(32))
    state_root, account_nodes = trie_of_depth_3(address, body, accounts)
    return state_root, (account_nodes, storage_nodes)


def trie_of_depth_3(key: bytes, value: bytes, other: Callable[[], tuple[bytes, bytes]]) -> tuple[bytes, list[bytes]]:
    """Return a trie of some 40 entries in which `key` is reached through two branches, and its proof."""
    while True:
        trie = secure_trie({key: value} | dict(other() for _ in range(40)))
        nodes = proof_nodes(trie, keccak256(key))
        if len(nodes) == 3:
            return trie.root_hash, nodes


def report(name: str, costs: list[int]) -> None:
    print(f"{name}: mean {sum(costs) / len(costs):.0f}, most {max(costs)}")  # noqa: T201  # `pytest -s` shows the figures
