"""Make tries and their proofs with py-trie, which shares no code with our verifier.

A path is the 32 bytes that a key hashes to. Tries are built over paths, not keys, so that a test can
choose how long a prefix two entries share; that is how embedded nodes and deep extensions come about.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import rlp
from trie import hexary

from bridge.keccak import keccak256

HexaryTrie: Any = hexary.HexaryTrie
Trie = Any  # only partly typed upstream
RlpItem = Any  # rlp's own type: bytes, or a list of the same


def encode(item: RlpItem) -> bytes:
    return cast("bytes", rlp.encode(item))


def decode(encoded: bytes) -> RlpItem:
    return rlp.decode(encoded)


def secure_trie(entries: Mapping[bytes, bytes]) -> Trie:
    """Return a trie in which keys are hashed."""
    return trie_of_paths({keccak256(key): value for key, value in entries.items()})


def trie_of_paths(entries: Mapping[bytes, bytes]) -> Trie:
    trie = HexaryTrie(db={})
    for path, value in entries.items():
        trie[path] = value
    return trie


def proof_nodes(trie: Trie, path: bytes) -> list[bytes]:
    """Return the hashed nodes on the way to `path`, root first, as eth_getProof does."""
    encoded = [encode(node) for node in trie.get_proof(path)]
    return encoded[:1] + [node for node in encoded[1:] if len(node) >= 32]


def lenient_value(root: bytes, path: bytes, nodes: list[bytes]) -> bytes:
    """Return what py-trie reads at `path`, empty if absent; it forgives much, but it can read."""
    return cast("bytes", HexaryTrie.get_from_proof(root, path, [decode(node) for node in nodes]))


def account_body(
    *,
    nonce: int = 0,
    balance: int = 0,
    storage_root: bytes = keccak256(b"\x80"),
    code_hash: bytes = keccak256(b""),
) -> bytes:
    return encode([nonce, balance, storage_root, code_hash])


def compact(path: str, *, is_leaf: bool) -> bytes:
    """Return the compact form of a path given as hexadecimal digits."""
    flag = 2 * is_leaf + len(path) % 2
    return bytes.fromhex(f"{flag:x}" + ("" if flag & 1 else "0") + path)


def branch(children: Mapping[str, RlpItem], value: RlpItem = b"") -> list[RlpItem]:
    """Return a branch node's items, `children` by their nibble's hexadecimal digit."""
    return [children.get(f"{nibble:x}", b"") for nibble in range(16)] + [value]
