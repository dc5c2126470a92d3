"""Make true Merkle-Patricia proofs of presence and absence in random tries, repeatably.

Tries are crowded around the key on purpose: neighbours share a prefix with it, at times all but its
last nibble, so that extensions and embedded nodes, rare in the wild, are common here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from random import Random

from bridge.keccak import keccak256
from tests.support.tries import account_body, encode, proof_nodes, trie_of_paths


class Kind(StrEnum):
    ACCOUNT = "account"
    STORAGE = "storage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A proof to judge: `key` is a 20-byte address or a 32-byte slot, by kind."""

    kind: Kind
    key: bytes
    root: bytes
    nodes: tuple[bytes, ...]
    mutations: tuple[str, ...] = ()
    is_sealed: bool = False

    @property
    def path(self) -> bytes:
        return keccak256(self.key)


def true_proof(random: Random) -> Case:
    """Return a proof that both verifiers accept."""
    kind = random.choice(list(Kind))
    key = random.randbytes(20) if kind is Kind.ACCOUNT else _slot(random)
    path = keccak256(key)
    entries = {_neighbour(path, random): _value(kind, random) for _ in range(_size(random))}
    entries.pop(path, None)
    if random.random() < 0.75:
        entries[path] = _value(kind, random)
    trie = trie_of_paths(entries)
    return Case(kind=kind, key=key, root=trie.root_hash, nodes=tuple(proof_nodes(trie, path)))


def _slot(random: Random) -> bytes:
    return random.choice((random.randrange(16).to_bytes(32, "big"), random.randbytes(32)))


def _size(random: Random) -> int:
    return random.choice((0, 1, 2, 3, 8, 24))


def _neighbour(path: bytes, random: Random) -> bytes:
    """Return a path that shares a prefix with `path`: short mostly, at times nearly all of it."""
    shared = random.choice((0, 0, 0, 1, 2, 5, 12, 40, 61, 62, 63))
    digits = path.hex()[:shared] + random.randbytes(32).hex()
    return bytes.fromhex(digits[:64])


def _value(kind: Kind, random: Random) -> bytes:
    if kind is Kind.STORAGE:
        return encode(1 + random.getrandbits(random.choice((3, 7, 8, 64, 160, 255))))
    return account_body(
        nonce=random.getrandbits(random.choice((1, 8, 64))),
        balance=random.getrandbits(random.choice((0, 60, 96, 256))),
        storage_root=random.randbytes(32),
        code_hash=random.randbytes(32),
    )
