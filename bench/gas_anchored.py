"""The chain on which proofs of anchored roots are measured, and made-up states to prove them from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from bridge.artifacts import load
from bridge.keccak import keccak256
from tests.support.local_chain import OPERATOR, LocalChain
from tests.support.tries import account_body, encode, proof_nodes, secure_trie

HERE: Final = 1000
SOURCE: Final = 1002
OUTBOX: Final = b"\xb0" * 20
REGISTRY: Final = b"\xb1" * 20
ANCHOR: Final = b"\xb2" * 20
NODES: Final = 3
OTHERS: Final = 40
"""Other entries in each trie: enough for paths of three nodes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What both proofs of one height cost; `lane_bytes` is the length of the nodes of the lane's."""

    state_gas: int
    lane_gas: int
    lane_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A state root and the nodes that lead to one slot of one of its accounts."""

    root: bytes
    account_nodes: list[bytes]
    storage_nodes: list[bytes]

    @property
    def size(self) -> int:
        """Bytes of all nodes."""
        return sum(map(len, self.account_nodes + self.storage_nodes))


class AnchoredChain:
    """A rollup that learns of base blocks from its node and proves everything else."""

    def __init__(self) -> None:
        self._chain = LocalChain(HERE)
        self._anchor = self._chain.place(load("Anchor"), ANCHOR)
        artifact = load("AnchoredRoots")
        self._roots = self._chain.deploy(artifact, ANCHOR, REGISTRY, [(SOURCE, OUTBOX)], OPERATOR)

    def prove_next(self, height: int, random: Random) -> Step:
        """Prove the source's state root at a height, then its lane's commitment under it."""
        root, count = random.randbytes(32), height
        lane_slot = keccak256(HERE.to_bytes(32, "big") + bytes(32))
        commitment = keccak256(root + count.to_bytes(4, "big"))
        rollup = state_with(OUTBOX, lane_slot, commitment, random)
        heights = keccak256(SOURCE.to_bytes(32, "big") + bytes(32))
        base = state_with(REGISTRY, keccak256(height.to_bytes(32, "big") + heights), rollup.root, random)
        reported = self._chain.system_call(self._anchor.address, height.to_bytes(32, "big") + base.root)
        assert reported.error is None, reported.error
        of_state = SOURCE, height, height, base.account_nodes, base.storage_nodes
        of_lane = SOURCE, height, root, count, rollup.account_nodes, rollup.storage_nodes
        return Step(
            state_gas=self._roots.send("proveStateRoot", *of_state).gas,
            lane_gas=self._roots.send("proveLane", *of_lane).gas,
            lane_bytes=rollup.size,
        )


def state_with(address: bytes, slot: bytes, value: bytes, random: Random) -> Proven:
    """Return a state in which the slot of the account holds the value, both at the end of three nodes."""

    def other_slot() -> tuple[bytes, bytes]:
        return random.randbytes(32), encode(random.randbytes(32).lstrip(b"\0"))

    def other_account() -> tuple[bytes, bytes]:
        return random.randbytes(20), account_body(balance=random.getrandbits(70))

    storage_root, storage_nodes = _trie(slot, encode(value.lstrip(b"\0")), other_slot)
    body = account_body(nonce=1, storage_root=storage_root, code_hash=random.randbytes(32))
    root, account_nodes = _trie(address, body, other_account)
    return Proven(root=root, account_nodes=account_nodes, storage_nodes=storage_nodes)


def _trie(key: bytes, value: bytes, other: Callable[[], tuple[bytes, bytes]]) -> tuple[bytes, list[bytes]]:
    while True:
        trie = secure_trie({key: value} | dict(other() for _ in range(OTHERS)))
        nodes = proof_nodes(trie, keccak256(key))
        if len(nodes) == NODES:
            return trie.root_hash, nodes
