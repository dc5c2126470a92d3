"""Decide what an Ethereum account or storage proof proves, or that it proves nothing.

A proof is a root and a list of nodes, root first. The outcome is the proven value, proven absence,
or a rejection (`ProofError`). This module leaves to others which roots to believe and how nodes
travel. The contract `contracts/src/finality/MerklePatricia.sol` accepts and rejects exactly the
same inputs; these rules are what both implement. They are a set, not a sequence: an input is
accepted if and only if it breaks none of them, so the order of the checks is free.

Every node given stands on the path (rules 3 and 5), so "a node" below means: a node given, or a
node embedded in one, on the path or off it. Embedded nodes are rare under hashed keys, so judging
those off the path costs a contract nothing in practice.

Input
 1. The root is 32 bytes, the address 20 bytes, the slot a number below 2^256. The path is the 64
    nibbles of keccak256(address), or of keccak256(slot as 32 bytes, big endian); nibble 0 is the
    high half of byte 0. The root node stands at depth 0.
 2. The empty trie, whose root is keccak256(0x80), takes no nodes and proves absence. No other root
    takes an empty list.
 3. The first node hashes to the root, and each later one to the hash reference that the walk has
    reached: the nodes given are exactly those, in that order.
 4. A node given is at least 32 bytes long. (A shorter one has to be embedded; the root cannot be,
    but under keys of 64 nibbles no root is as short.)
 5. No node is left over when the walk ends, and none is missing before it ends.

RLP, for nodes and for values alike
 6. A node is one list that fills its bytes exactly, and the items of a list fill it exactly. The
    encodings are the shortest ones, and only these:
      string  00..7f            the byte itself
              80 + n, n <= 55   n bytes follow; if n = 1, that byte is >= 80
              b8 n, n >= 56     n bytes follow
      list    c0 + n, n <= 55   n bytes of items follow
              f8 n, n >= 56     n bytes of items follow
              f9 hh ll, >= 256  hhll bytes of items follow
    Longer forms are refused: rules 8 to 12 leave no node above 532 bytes.

Nodes, at a depth of d nibbles
 7. A list of 17 items is a branch, a list of 2 items an extension or a leaf; no other is a node.
 8. Branch: d <= 63. Each of the first 16 items is the empty string or a reference to a node at
    depth d + 1, and at least two are references. The last item is the empty string (all keys are
    equally long, so no value ends at a branch).
 9. Reference: a string of exactly 32 bytes, the hash of a node (any hash: it is judged only where
    the walk follows it), or a list of at most 31 bytes, its header included, which is itself a
    node obeying these rules: an embedded node.
10. The first item of an extension or a leaf is a path: a string of at least one byte. Its first
    nibble is 0 (extension, even), 1 (extension, odd), 2 (leaf, even) or 3 (leaf, odd). If even,
    the second nibble is 0 and does not count. The other nibbles are the path.
11. Extension: the path has n >= 1 nibbles and d + n <= 63; the second item is a reference to a
    node at depth d + n, which is a branch. (Of a hashed child that shows only where the walk
    enters it; an embedded child is always judged.)
12. Leaf: the path has exactly 64 - d nibbles; the second item is a string of 1 to 110 bytes (the
    longest account is 110 bytes).

Walk
13. At a branch, the nibble at depth d selects an item: the empty string proves absence, a reference
    is followed. At an extension whose path continues the key's, the reference is followed, else
    absence is proven. At a leaf, the same path proves its value, another path proves absence.

Values, judged only where the walk proves one (a leaf on another path obeys rule 12 and no more)
14. Account: the value is one list of rule 6 that fills it exactly, of 4 strings: nonce (at most 8
    bytes), balance (at most 32 bytes), storage root and code hash (32 bytes each). Numbers are big
    endian without leading zero bytes; zero is the empty string.
15. Storage: the value is one string of rule 6 that fills it exactly, of 1 to 32 bytes, the first of
    which is not zero. (Zero is never stored; absence reads as 0.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.errors import ProofError
from bridge.keccak import keccak256
from bridge.mpt_nodes import HASH_LENGTH, Branch, Extension, Leaf, Node, Reference, read_node
from bridge.strict_rlp import read_list, read_string
from bridge.types import ADDRESS_LENGTH

EMPTY_ROOT = keccak256(b"\x80")
"""Root of a trie without keys."""

_WORD = 32
_LONGEST_NONCE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a state root says of one address; the balance is in wei."""

    nonce: int
    balance: int
    storage_root: bytes
    code_hash: bytes


def account(state_root: bytes, address: bytes, nodes: Sequence[bytes]) -> Account | None:
    """Return the account of `address` under a state root, or None where its absence is proven.

    Raises ProofError for a breach of the rules above.
    """
    if len(address) != ADDRESS_LENGTH:
        raise ProofError(reason=f"an address has {len(address)} bytes, not 20 (rule 1)")
    encoded = value(state_root, address, nodes)
    return None if encoded is None else _account(encoded)


def storage(storage_root: bytes, slot: int, nodes: Sequence[bytes]) -> int:
    """Return the number in a storage slot under an account's storage root, 0 if proven absent.

    Raises ProofError for a breach of the rules above.
    """
    if not 0 <= slot < 1 << 8 * _WORD:
        raise ProofError(reason=f"there is no slot {slot}: slots are below 2^256 (rule 1)")
    encoded = value(storage_root, slot.to_bytes(_WORD, "big"), nodes)
    return 0 if encoded is None else _slot_value(encoded)


def value(root: bytes, key: bytes, nodes: Sequence[bytes]) -> bytes | None:
    """Return the bytes stored under keccak256(key), or None where their absence is proven.

    Raises ProofError for a breach of rules 1 to 13. What the bytes mean is the caller's business.
    """
    if len(root) != HASH_LENGTH:
        raise ProofError(reason=f"a root has {len(root)} bytes, not 32 (rule 1)")
    if root == EMPTY_ROOT:
        found, used = None, 0
    else:
        found, used = _walk(root, keccak256(key).hex(), nodes)
    if used != len(nodes):
        raise ProofError(reason=f"{len(nodes) - used} nodes are left over (rule 5)")
    return found


def _walk(root: bytes, path: str, nodes: Sequence[bytes]) -> tuple[bytes | None, int]:
    """Return the value at the end of `path`, if any, and how many of the nodes led there."""
    reference: Reference | None = root
    depth, used, is_below_extension = 0, 0, False
    while reference is not None:
        if isinstance(reference, bytes):
            node = _given(nodes, used, reference, depth, is_below_extension=is_below_extension)
            used += 1
        else:
            node = reference
        if isinstance(node, Leaf):
            return (node.value if node.path == path[depth:] else None), used
        is_below_extension = isinstance(node, Extension)
        reference, depth = _step(node, path, depth)
    return None, used


def _step(node: Branch | Extension, path: str, depth: int) -> tuple[Reference | None, int]:
    """Return what follows `node` on the path, None where nothing does, and its depth."""
    if isinstance(node, Branch):
        return node.children[int(path[depth], 16)], depth + 1
    if not path.startswith(node.path, depth):
        return None, depth
    return node.child, depth + len(node.path)


def _given(nodes: Sequence[bytes], position: int, digest: bytes, depth: int, *, is_below_extension: bool) -> Node:
    if position >= len(nodes):
        raise ProofError(reason="a node is missing (rule 5)")
    encoded = nodes[position]
    if keccak256(encoded) != digest:
        raise ProofError(reason=f"node {position} does not hash to its reference (rule 3)")
    if len(encoded) < HASH_LENGTH:
        raise ProofError(reason=f"node {position} is short and has to be embedded (rule 4)")
    return read_node(encoded, depth=depth, is_below_extension=is_below_extension)


def _account(encoded: bytes) -> Account:
    items = read_list(encoded)
    if len(items) != 4 or any(item.is_list for item in items):
        raise ProofError(reason="an account is no list of 4 strings (rule 14)")
    nonce, balance, storage_root, code_hash = (item.payload for item in items)
    if len(storage_root) != HASH_LENGTH or len(code_hash) != HASH_LENGTH:
        raise ProofError(reason="an account's storage root or code hash is not 32 bytes (rule 14)")
    return Account(
        nonce=_number(nonce, _LONGEST_NONCE, "nonce"),
        balance=_number(balance, _WORD, "balance"),
        storage_root=storage_root,
        code_hash=code_hash,
    )


def _number(payload: bytes, longest: int, name: str) -> int:
    if len(payload) > longest or payload.startswith(b"\0"):
        raise ProofError(reason=f"an account's {name} is too long or padded (rule 14)")
    return int.from_bytes(payload, "big")


def _slot_value(encoded: bytes) -> int:
    payload = read_string(encoded)
    if not 1 <= len(payload) <= _WORD or payload[0] == 0:
        raise ProofError(reason="a slot holds zero, or a padded or too long number (rule 15)")
    return int.from_bytes(payload, "big")
